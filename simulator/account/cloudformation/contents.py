"""Runbooks and secrets, which moto has, but not, or not whole, for its CloudFormation."""

import json
from typing import Any

from simulator.account.cloudformation.kinds import Asked, Kind, Made


def _document(asked: Asked) -> Made:
    given = asked.properties
    content = given["Content"]
    text = content if isinstance(content, str) else json.dumps(content)
    asked.client("ssm").create_document(
        Name=asked.name,
        Content=text,
        DocumentType=given.get("DocumentType", "Command"),
        DocumentFormat=given.get("DocumentFormat", "JSON"),
    )
    return Made(asked.name, {"Name": asked.name})


def _rewritten(asked: Asked, before: Made) -> Made | None:
    if asked.name != before.id:
        return None
    asked.client("ssm").delete_document(Name=before.id)
    return _document(asked)


def _secret(asked: Asked) -> Made:
    given = asked.properties
    secrets = asked.client("secretsmanager")
    text = given.get("SecretString")
    if text is None:
        text = _generated(secrets, given.get("GenerateSecretString") or {})
    made = secrets.create_secret(Name=asked.name, SecretString=text, Description=given.get("Description", ""))
    return Made(made["ARN"], {"Id": made["ARN"]})


def _generated(secrets: Any, wanted: dict[str, Any]) -> str:
    """A password, alone or as a member of the document that the template gives."""
    length = int(wanted.get("PasswordLength", 32))
    password: str = secrets.get_random_password(PasswordLength=length)["RandomPassword"]
    key = wanted.get("GenerateStringKey")
    return json.dumps({**json.loads(wanted.get("SecretStringTemplate", "{}")), key: password}) if key else password


KINDS = (
    Kind(
        "AWS::SSM::Document",
        _document,
        lambda asked, name: asked.client("ssm").delete_document(Name=name),
        "Name",
        _rewritten,
    ),
    Kind(
        "AWS::SecretsManager::Secret",
        _secret,
        lambda asked, arn: asked.client("secretsmanager").delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True),
        "Name",
    ),
)
