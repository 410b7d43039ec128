"""What a stack's roles allow its functions to call, by action; resources and conditions of policies are not looked at.

Calls are not refused for want of a permission, as they would be in AWS: who reads the journal can say so.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import ClientError

from simulator.account import moto_services
from simulator.account.place import Place


def permissions_of(place: Place, function: str) -> tuple[str, ...] | None:
    """The actions (`drs:StartRecovery`, `drs:*`) that a function's role allows.

    None if nobody knows, because the role is from elsewhere.
    """
    aws_lambda = moto_services.client("lambda", place.region, place.account_id)
    role = str(aws_lambda.get_function_configuration(FunctionName=function).get("Role", "")).rpartition("/")[2]
    iam = moto_services.client("iam", place.region, place.account_id)
    try:
        documents = [*_inline(iam, role), *_attached(iam, role)]
    except ClientError:
        return None
    return tuple(sorted({action for document in documents for action in _allowed(document)}))


def _inline(iam: Any, role: str) -> Iterator[Mapping[str, Any]]:
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield _document(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])


def _attached(iam: Any, role: str) -> Iterator[Mapping[str, Any]]:
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = policy["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        yield _document(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])


def _document(document: Any) -> Mapping[str, Any]:
    """A policy as data: IAM answers with JSON encoded for addresses, which some clients decode."""
    read: Mapping[str, Any] = json.loads(unquote(document)) if isinstance(document, str) else document
    return read


def _allowed(document: Mapping[str, Any]) -> Iterator[str]:
    for statement in _listed(document.get("Statement", [])):
        if statement.get("Effect") == "Allow":
            yield from _listed(statement.get("Action", "*"))  # NotAction allows nearly everything


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]
