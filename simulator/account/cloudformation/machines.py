"""AWS::StepFunctions::StateMachine: definitions inline or in S3, with their substitutions."""

import json
import re
from collections.abc import Mapping
from typing import Any

from simulator.account.cloudformation.kinds import Asked, Kind, Made
from simulator.errors import ScenarioError, ServiceError
from simulator.scenario.templates import parse_document

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


def _create(asked: Asked) -> Made:
    given = asked.properties
    made = asked.client("stepfunctions").create_state_machine(
        name=asked.name,
        definition=_definition(asked),
        roleArn=given["RoleArn"],
        type=given.get("StateMachineType", "STANDARD"),
        **_settings(given),
    )
    return Made(made["stateMachineArn"], {"Arn": made["stateMachineArn"], "Name": asked.name})


def _update(asked: Asked, before: Made) -> Made | None:
    if asked.name != before.attributes["Name"]:
        return None
    given = asked.properties
    asked.client("stepfunctions").update_state_machine(
        stateMachineArn=before.id, definition=_definition(asked), roleArn=given["RoleArn"], **_settings(given)
    )
    return before


def _definition(asked: Asked) -> str:
    """The definition with what the template substitutes; other placeholders stay, and mean what they say."""
    given = asked.properties
    if "DefinitionS3Location" in given:
        where = given["DefinitionS3Location"]
        text = asked.client("s3").get_object(Bucket=where["Bucket"], Key=where["Key"])["Body"].read().decode()
    elif "DefinitionString" in given:
        text = given["DefinitionString"]
    elif "Definition" in given:
        text = json.dumps(given["Definition"])
    else:
        message = "one of Definition, DefinitionString and DefinitionS3Location is needed"
        raise ServiceError("ValidationError", f"AWS::StepFunctions::StateMachine: {message}")
    if not text.lstrip().startswith("{"):
        text = json.dumps(_from_yaml(text))
    values = given.get("DefinitionSubstitutions") or {}
    return _PLACEHOLDER.sub(lambda match: str(values.get(match[1], match[0])), text)


def _from_yaml(text: str) -> Any:
    try:
        return parse_document(text, "Definition")
    except ScenarioError as error:
        raise ServiceError("ValidationError", f"AWS::StepFunctions::StateMachine: {error}") from error


def _settings(given: Mapping[str, Any]) -> dict[str, Any]:
    settings = {"loggingConfiguration": "LoggingConfiguration", "tracingConfiguration": "TracingConfiguration"}
    return {name: _as_in_the_api(given[prop]) for name, prop in settings.items() if prop in given}


def _as_in_the_api(value: Any) -> Any:
    """Templates begin the names of members with a capital, the API does not."""
    match value:
        case dict():
            return {name[:1].lower() + name[1:]: _as_in_the_api(member) for name, member in value.items()}
        case list():
            return [_as_in_the_api(item) for item in value]
        case _:
            return value


KINDS = (
    Kind(
        "AWS::StepFunctions::StateMachine",
        _create,
        lambda asked, arn: asked.client("stepfunctions").delete_state_machine(stateMachineArn=arn),
        "StateMachineName",
        _update,
    ),
)
