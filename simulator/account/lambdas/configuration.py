"""How a function is configured, as the Lambda API takes it and shows it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simulator.account.functions import Function
from simulator.account.qualifiers import LATEST
from simulator.json_types import JsonValue

RUNTIME = "python3.11"
# What requests set and answers show as it was given; what else is shown comes from the function itself.
GIVEN = (
    "Architectures", "DeadLetterConfig", "Description", "EphemeralStorage", "FileSystemConfigs", "KMSKeyArn", "Layers",
    "LoggingConfig", "PackageType", "Role", "Runtime", "SnapStart", "TracingConfig", "VpcConfig",
)  # fmt: skip
# What was noted when the code came or something changed.
NOTED = ("CodeSha256", "CodeSize", "LastModified", "RevisionId")

Asked = Mapping[str, Any]


def configured(function: Function, asked: Asked) -> Function:
    """A function with the settings that a request gives it."""
    variables = asked.get("Environment", {}).get("Variables")
    given = {name: asked[name] for name in GIVEN if name in asked}
    if "Layers" in given:
        given["Layers"] = [{"Arn": arn} for arn in given["Layers"]]
    return replace(
        function,
        environment=function.environment if variables is None else {key: str(value) for key, value in variables.items()},
        timeout_ms=asked["Timeout"] * 1000 if "Timeout" in asked else function.timeout_ms,
        memory_mib=asked.get("MemorySize", function.memory_mib),
        settings={**function.settings, **given},
    )


def shown(function: Function, arn: str) -> dict[str, Any]:
    """A function's configuration as an answer has it; `arn` is the one that names just this version or alias."""
    usual: dict[str, JsonValue] = {
        "Runtime": RUNTIME,
        "Description": "",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "TracingConfig": {"Mode": "PassThrough"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.name}"},
    }
    settings = function.settings
    given = {name: settings[name] for name in (*GIVEN, *NOTED) if name in settings}
    if isinstance(given.get("LoggingConfig"), Mapping):
        given["LoggingConfig"] = {**usual["LoggingConfig"], **given["LoggingConfig"]}  # type: ignore[dict-item]
    return {
        **usual,
        **given,
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off", **_mapping(given.get("SnapStart"))},
        "FunctionName": function.name,
        "FunctionArn": arn,
        "Handler": settings.get("Handler", f"{function.code.module}.{function.code.attribute}"),
        "Timeout": function.timeout_ms // 1000,
        "MemorySize": function.memory_mib,
        "Environment": {"Variables": dict(function.environment)},
        "Version": function.version,
        "State": "Active",
        "LastUpdateStatus": "Successful",
    }


def layers_of(function: Function) -> list[str]:
    """The ARNs of a function's layers."""
    layers = function.settings.get("Layers", [])
    return [str(layer["Arn"]) for layer in layers if isinstance(layer, Mapping)] if isinstance(layers, list) else []


def is_latest(function: Function) -> bool:
    """Whether this is the function as it is worked on, and no published version of it."""
    return function.version == LATEST


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, Mapping) else {}
