"""AWS::Lambda: functions, and who may call them."""

from collections.abc import Mapping
from typing import Any

from simulator.account.cloudformation.kinds import Asked, Kind, Made

_SETTINGS = (
    "Description", "DeadLetterConfig", "Environment", "Handler", "LoggingConfig", "MemorySize", "Role", "Runtime",
    "Timeout", "TracingConfig",
)  # fmt: skip
_CODE = ("S3Bucket", "S3Key", "S3ObjectVersion")
_PERMISSION = ("Action", "Principal", "SourceArn", "SourceAccount", "PrincipalOrgID", "EventSourceToken")


def _create(asked: Asked) -> Made:
    given = asked.properties
    more = {name: given[name] for name in ("Architectures", "Layers", "PackageType") if name in given}
    made = asked.client("lambda").create_function(
        FunctionName=asked.name, Code=_code(given.get("Code", {})), **_settings(given), **more
    )
    return _made(made)


def _update(asked: Asked, before: Made) -> Made | None:
    if asked.name != before.id:
        return None
    client = asked.client("lambda")
    client.update_function_code(FunctionName=before.id, **_code(asked.properties.get("Code", {})))
    settings = _settings(asked.properties) | {"Layers": asked.properties.get("Layers", [])}
    return _made(client.update_function_configuration(FunctionName=before.id, **settings))


def _made(configuration: Mapping[str, Any]) -> Made:
    return Made(configuration["FunctionName"], {"Arn": configuration["FunctionArn"]})


def _settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """The properties that the API knows by the same names; templates may write numbers as texts, and texts as numbers."""
    settings = {name: given[name] for name in _SETTINGS if name in given}
    if "Environment" in settings:
        variables = settings["Environment"].get("Variables", {})
        settings["Environment"] = {"Variables": {name: _text(value) for name, value in variables.items()}}
    return settings | {name: int(settings[name]) for name in ("Timeout", "MemorySize") if name in settings}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _code(given: Mapping[str, Any]) -> dict[str, Any]:
    if "ZipFile" in given:  # in a template this is the source of one module, not a zip
        from simulator.account.deployed_code import zipped_module  # noqa: PLC0415

        return {"ZipFile": zipped_module(str(given["ZipFile"]))}
    return {name: given[name] for name in _CODE if name in given}


def _permit(asked: Asked) -> Made:
    given = {name: asked.properties[name] for name in _PERMISSION if name in asked.properties}
    function = asked.properties["FunctionName"]
    asked.client("lambda").add_permission(FunctionName=function, StatementId=asked.name, **given)
    return Made(asked.name, {"Id": asked.name})


def _forbid(asked: Asked, statement: str) -> None:
    asked.client("lambda").remove_permission(FunctionName=asked.properties["FunctionName"], StatementId=statement)


def _version(asked: Asked) -> Made:
    """A version is the function as it is: what was published earlier is not kept."""
    function = asked.properties["FunctionName"]
    arn = asked.client("lambda").get_function_configuration(FunctionName=function)["FunctionArn"]
    return Made(f"{arn}:1", {"Version": "1", "FunctionArn": f"{arn}:1"})


def _alias(asked: Asked) -> Made:
    function = asked.properties["FunctionName"]
    arn = asked.client("lambda").get_function_configuration(FunctionName=function)["FunctionArn"]
    return Made(f"{arn}:{asked.properties['Name']}", {"AliasArn": f"{arn}:{asked.properties['Name']}"})


def _stays(_asked: Asked, _id: str) -> None:
    """There is nothing to delete."""


KINDS = (
    Kind(
        "AWS::Lambda::Function",
        _create,
        lambda asked, name: asked.client("lambda").delete_function(FunctionName=name),
        "FunctionName",
        _update,
    ),
    Kind("AWS::Lambda::Permission", _permit, _forbid),
    Kind("AWS::Lambda::Version", _version, _stays),
    Kind("AWS::Lambda::Alias", _alias, _stays),
)
