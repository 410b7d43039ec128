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
    return _made(asked, made["stateMachineArn"], asked.name)


def _made(asked: Asked, arn: str, name: str) -> Made:
    revision = asked.client("stepfunctions").describe_state_machine(stateMachineArn=arn).get("revisionId", "INITIAL")
    return Made(arn, {"Arn": arn, "Name": name, "StateMachineRevisionId": revision})


def _update(asked: Asked, before: Made) -> Made | None:
    if asked.name != before.attributes["Name"]:
        return None
    given = asked.properties
    asked.client("stepfunctions").update_state_machine(
        stateMachineArn=before.id, definition=_definition(asked), roleArn=given["RoleArn"], **_settings(given)
    )
    return _made(asked, before.id, before.attributes["Name"])


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


def _activity(asked: Asked) -> Made:
    made = asked.client("stepfunctions").create_activity(name=asked.name)
    return Made(made["activityArn"], {"Arn": made["activityArn"], "Name": asked.name})


def _version(asked: Asked) -> Made:
    given = asked.properties
    made = asked.client("stepfunctions").publish_state_machine_version(
        stateMachineArn=given["StateMachineArn"], description=given.get("Description", "")
    )
    return Made(made["stateMachineVersionArn"], {"Arn": made["stateMachineVersionArn"]})


def _alias(asked: Asked) -> Made:
    made = asked.client("stepfunctions").create_state_machine_alias(name=asked.name, routingConfiguration=_routes(asked))
    return Made(made["stateMachineAliasArn"], {"Arn": made["stateMachineAliasArn"]})


def _other_routes(asked: Asked, before: Made) -> Made | None:
    if not before.id.endswith(f":{asked.name}"):
        return None
    asked.client("stepfunctions").update_state_machine_alias(
        stateMachineAliasArn=before.id, routingConfiguration=_routes(asked)
    )
    return before


def _routes(asked: Asked) -> list[dict[str, Any]]:
    """Which versions an alias leads to: as the template lists them, or one that it is moved to, however gradually."""
    given = asked.properties
    listed = given.get("RoutingConfiguration") or [
        {"StateMachineVersionArn": given.get("DeploymentPreference", {}).get("StateMachineVersionArn"), "Weight": 100}
    ]
    return [{"stateMachineVersionArn": one["StateMachineVersionArn"], "weight": int(one["Weight"])} for one in listed]


KINDS = (
    Kind(
        "AWS::StepFunctions::Activity",
        _activity,
        lambda asked, arn: asked.client("stepfunctions").delete_activity(activityArn=arn),
        "Name",
    ),
    Kind(
        "AWS::StepFunctions::StateMachineVersion",
        _version,
        lambda asked, arn: asked.client("stepfunctions").delete_state_machine_version(stateMachineVersionArn=arn),
    ),
    Kind(
        "AWS::StepFunctions::StateMachineAlias",
        _alias,
        lambda asked, arn: asked.client("stepfunctions").delete_state_machine_alias(stateMachineAliasArn=arn),
        "Name",
        _other_routes,
    ),
    Kind(
        "AWS::StepFunctions::StateMachine",
        _create,
        lambda asked, arn: asked.client("stepfunctions").delete_state_machine(stateMachineArn=arn),
        "StateMachineName",
        _update,
    ),
)
