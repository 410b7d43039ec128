"""AWS::Lambda: functions, their versions and aliases, and who may call them."""

from collections.abc import Mapping
from typing import Any

from simulator.account.cloudformation.kinds import Asked, Kind, Made

_SETTINGS = (
    "Description", "DeadLetterConfig", "Environment", "EphemeralStorage", "Handler", "Layers", "LoggingConfig", "MemorySize",
    "Role", "Runtime", "Timeout", "TracingConfig",
)  # fmt: skip
_CODE = ("S3Bucket", "S3Key", "S3ObjectVersion")
_PERMISSION = ("Action", "Principal", "SourceArn", "SourceAccount", "PrincipalOrgID", "EventSourceToken")


def _create(asked: Asked) -> Made:
    given = asked.properties
    more = {name: given[name] for name in ("Architectures", "PackageType") if name in given}
    tags = {tag["Key"]: _text(tag["Value"]) for tag in given.get("Tags", [])}
    made = asked.client("lambda").create_function(
        FunctionName=asked.name, Code=_code(given.get("Code", {})), Tags=tags, **_settings(given), **more
    )
    _reserve(asked, made["FunctionName"])
    return _made(made)


def _reserve(asked: Asked, name: str) -> None:
    """Reserve the concurrency that the template asks for, or none."""
    count = asked.properties.get("ReservedConcurrentExecutions")
    if count is None:
        asked.client("lambda").delete_function_concurrency(FunctionName=name)
    else:
        asked.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=int(count))


def _update(asked: Asked, before: Made) -> Made | None:
    if asked.name != before.id:
        return None
    client = asked.client("lambda")
    _reserve(asked, before.id)
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


def _publish(asked: Asked) -> Made:
    given = {name: asked.properties[name] for name in ("CodeSha256", "Description") if name in asked.properties}
    made = asked.client("lambda").publish_version(FunctionName=asked.properties["FunctionName"], **given)
    return Made(made["FunctionArn"], {"Version": made["Version"], "FunctionArn": made["FunctionArn"]})


def _alias(asked: Asked) -> dict[str, Any]:
    given = {name: asked.properties[name] for name in ("Description", "FunctionVersion", "Name") if name in asked.properties}
    shares = asked.properties.get("RoutingConfig", {}).get("AdditionalVersionWeights", [])
    weights = {share["FunctionVersion"]: float(share["FunctionWeight"]) for share in shares}
    return {
        "FunctionName": asked.properties["FunctionName"],
        "RoutingConfig": {"AdditionalVersionWeights": weights},
        **given,
    }


def _create_alias(asked: Asked) -> Made:
    made = asked.client("lambda").create_alias(**_alias(asked))
    return Made(made["AliasArn"], {"AliasArn": made["AliasArn"]})


def _update_alias(asked: Asked, before: Made) -> Made | None:
    if not before.id.endswith(f":{asked.properties['Name']}"):
        return None
    asked.client("lambda").update_alias(**_alias(asked))
    return before


def _delete_alias(asked: Asked, arn: str) -> None:
    function, _, name = arn.rpartition(":")
    asked.client("lambda").delete_alias(FunctionName=function, Name=name)


KINDS = (
    Kind(
        "AWS::Lambda::Function",
        _create,
        lambda asked, name: asked.client("lambda").delete_function(FunctionName=name),
        "FunctionName",
        _update,
    ),
    Kind("AWS::Lambda::Permission", _permit, _forbid),
    Kind("AWS::Lambda::Version", _publish, lambda asked, arn: asked.client("lambda").delete_function(FunctionName=arn)),
    Kind("AWS::Lambda::Alias", _create_alias, _delete_alias, "", _update_alias),
)
