"""The fields of each type of state and what may stand in them, as tables."""

import re
from collections.abc import Callable, Mapping

from simulator.engine.resources import parse_resource
from simulator.engine.timestamps import parse_timestamp
from simulator.json_types import JsonValue

Check = Callable[[JsonValue], str | None]
"""Gives what is wrong with a value, in Step Functions' words, or None."""

MAX_SECONDS = 99_999_999
LABEL = re.compile(r"""[^\s?*<>{}\[\]:;,\\|^~$#%&`"\x00-\x1f\x7f-\x9f]{1,40}""")


def _string(value: JsonValue) -> str | None:
    return None if isinstance(value, str) else "Expected value of type String"


def _boolean(value: JsonValue) -> str | None:
    return None if isinstance(value, bool) else "Expected value of type Boolean"


def _object(value: JsonValue) -> str | None:
    return None if isinstance(value, Mapping) else "Expected value of type Object"


def _array(value: JsonValue) -> str | None:
    return None if isinstance(value, list) else "Expected value of type Array"


def _non_empty(value: JsonValue) -> str | None:
    return _array(value) or (None if value else "Array cannot be empty")


def _names(value: JsonValue) -> str | None:
    if isinstance(value, list) and not all(isinstance(name, str) for name in value):
        return "Expected value of type String"
    return _non_empty(value)


def _path(value: JsonValue) -> str | None:
    return None if value is None else _string(value)


def _resource(value: JsonValue) -> str | None:
    if isinstance(value, str) and (parse_resource(value) or "${" in value):
        return None
    return "Value is not a valid resource ARN"


def _any(value: JsonValue) -> str | None:
    return None


def _integer(least: int, most: int) -> Check:
    def check(value: JsonValue) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return "Expected value of type Integer"
        return None if least <= value <= most else f"Value must be between {least} and {most}"

    return check


def _number(least: float, most: float) -> Check:
    def check(value: JsonValue) -> str | None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return "Expected value of type Number"
        return None if least <= value <= most else f"Value must be between {least} and {most}"

    return check


def _timestamp(value: JsonValue) -> str | None:
    is_timestamp = isinstance(value, str) and parse_timestamp(value)
    return None if is_timestamp else "String does not match RFC3339 timestamp"


def _label(value: JsonValue) -> str | None:
    return _string(value) or (None if LABEL.fullmatch(str(value)) else "Value is not a valid label")


def _one_of(*names: str) -> Check:
    return lambda value: None if value in names else f"Value must be one of: [{', '.join(names)}]"


_LANGUAGE = _one_of("JSONPath", "JSONata")
_COMMON: dict[str, Check] = {"Type": _string, "Comment": _string, "QueryLanguage": _LANGUAGE}
_THROUGH: dict[str, Check] = {"InputPath": _path, "OutputPath": _path, "Output": _any, "Assign": _object}
_STEP: dict[str, Check] = {"Next": _string, "End": _boolean}
_RESULT: dict[str, Check] = {"ResultPath": _path, "ResultSelector": _object}
_ERRORS: dict[str, Check] = {"Retry": _array, "Catch": _array}

STATE_FIELDS: dict[str, dict[str, Check]] = {
    "Pass": {**_COMMON, **_THROUGH, **_STEP, "Result": _any, "ResultPath": _path, "Parameters": _any},
    "Task": {
        **_COMMON, **_THROUGH, **_STEP, **_RESULT, **_ERRORS, "Resource": _resource, "Parameters": _any, "Arguments": _any,
        "TimeoutSeconds": _integer(1, MAX_SECONDS), "TimeoutSecondsPath": _string,
        "HeartbeatSeconds": _integer(1, MAX_SECONDS), "HeartbeatSecondsPath": _string, "Credentials": _any,
    },
    "Choice": {**_COMMON, **_THROUGH, "Choices": _non_empty, "Default": _string},
    "Wait": {
        **_COMMON, **_THROUGH, **_STEP, "Seconds": _integer(0, MAX_SECONDS), "SecondsPath": _string,
        "Timestamp": _timestamp, "TimestampPath": _string,
    },
    "Succeed": {**_COMMON, **_THROUGH},
    "Fail": {**_COMMON, "Error": _string, "ErrorPath": _string, "Cause": _string, "CausePath": _string},
    "Parallel": {
        **_COMMON, **_THROUGH, **_STEP, **_RESULT, **_ERRORS, "Branches": _non_empty, "Parameters": _any, "Arguments": _any,
    },
    "Map": {
        **_COMMON, **_THROUGH, **_STEP, **_RESULT, **_ERRORS, "ItemsPath": _string, "Items": _any, "ItemSelector": _any,
        "Parameters": _any, "Iterator": _object, "ItemProcessor": _object, "MaxConcurrency": _integer(0, 10_000_000),
        "MaxConcurrencyPath": _string, "Label": _label, "ItemReader": _object, "ItemBatcher": _object,
        "ResultWriter": _object, "ToleratedFailureCount": _integer(0, 1_000_000_000), "ToleratedFailureCountPath": _string,
        "ToleratedFailurePercentage": _number(0, 100), "ToleratedFailurePercentagePath": _string,
    },
}  # fmt: skip

MACHINE_FIELDS: dict[str, Check] = {
    "Comment": _string, "StartAt": _string, "States": _object, "Version": _one_of("1.0"),
    "TimeoutSeconds": _integer(0, MAX_SECONDS), "QueryLanguage": _LANGUAGE,
}  # fmt: skip
BRANCH_FIELDS: dict[str, Check] = {"Comment": _string, "StartAt": _string, "States": _object}
PROCESSOR_FIELDS: dict[str, Check] = {**BRANCH_FIELDS, "ProcessorConfig": _object}
_PROCESSOR_CONFIG: dict[str, Check] = {
    "Mode": _one_of("INLINE", "DISTRIBUTED"), "ExecutionType": _one_of("STANDARD", "EXPRESS"),
}  # fmt: skip
NESTED_FIELDS: dict[tuple[str, ...], dict[str, Check]] = {
    ("ItemProcessor", "ProcessorConfig"): _PROCESSOR_CONFIG,
    ("ItemReader",): {"Resource": _resource, "Parameters": _any, "Arguments": _any, "ReaderConfig": _object},
    ("ItemReader", "ReaderConfig"): {
        "InputType": _one_of("CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"), "CSVHeaders": _names,
        "Transformation": _one_of("NONE", "LOAD_AND_FLATTEN"), "ManifestType": _one_of("ATHENA_DATA", "S3_INVENTORY"),
        "CSVDelimiter": _one_of("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"), "ItemsPointer": _string,
        "CSVHeaderLocation": _one_of("FIRST_ROW", "GIVEN"), "MaxItems": _integer(0, 100_000_000), "MaxItemsPath": _string,
    },
    ("ItemBatcher",): {
        "BatchInput": _any, "MaxItemsPerBatch": _integer(1, 100_000_000), "MaxItemsPerBatchPath": _string,
        "MaxInputBytesPerBatch": _integer(1, 262_144), "MaxInputBytesPerBatchPath": _string,
    },
    ("ResultWriter",): {"Resource": _resource, "Parameters": _any, "Arguments": _any, "WriterConfig": _object},
    ("ResultWriter", "WriterConfig"): {
        "Transformation": _one_of("NONE", "COMPACT", "FLATTEN"), "OutputType": _one_of("JSON", "JSONL"),
    },
}  # fmt: skip
"""The objects in the fields of a Map, by the way to them."""
RULE_FIELDS: dict[str, Check] = {
    "Next": _string, "Variable": _string, "Condition": _any, "Output": _any, "Assign": _object, "Comment": _string,
    "And": _any, "Or": _any, "Not": _any,
}  # fmt: skip
"""The fields of a Choice rule beside its operator."""
RETRY_FIELDS: dict[str, Check] = {
    "ErrorEquals": _names, "IntervalSeconds": _integer(1, MAX_SECONDS), "MaxAttempts": _integer(0, MAX_SECONDS),
    "BackoffRate": _number(1.0, 1e9), "MaxDelaySeconds": _integer(1, 31_622_400), "JitterStrategy": _one_of("FULL", "NONE"),
    "Comment": _string,
}  # fmt: skip
CATCH_FIELDS: dict[str, Check] = {
    "ErrorEquals": _names, "Next": _string, "ResultPath": _path, "Output": _any, "Assign": _object, "Comment": _string,
}  # fmt: skip

REQUIRED = {"Task": ("Resource",), "Choice": ("Choices",), "Parallel": ("Branches",)}
EXCLUSIVE = (
    ("TimeoutSeconds", "TimeoutSecondsPath"), ("HeartbeatSeconds", "HeartbeatSecondsPath"), ("Error", "ErrorPath"),
    ("Cause", "CausePath"), ("MaxConcurrency", "MaxConcurrencyPath"), ("ItemSelector", "Parameters"),
    ("ToleratedFailureCount", "ToleratedFailureCountPath"), ("Iterator", "ItemProcessor"),
    ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
)  # fmt: skip
JSONPATH_ONLY = frozenset({
    "InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "Result", "ItemsPath", "SecondsPath",
    "TimestampPath", "ErrorPath", "CausePath", "TimeoutSecondsPath", "HeartbeatSecondsPath", "MaxConcurrencyPath",
    "ToleratedFailureCountPath", "ToleratedFailurePercentagePath",
})  # fmt: skip
EVALUATED = frozenset({
    "TimeoutSeconds", "HeartbeatSeconds", "Seconds", "Timestamp", "Error", "Cause", "MaxConcurrency", "MaxItems",
    "ToleratedFailureCount", "ToleratedFailurePercentage", "MaxItemsPerBatch", "MaxInputBytesPerBatch",
})  # fmt: skip
"""What must be of some kind and may be an expression in JSONata that gives it."""
JSONATA_ONLY = frozenset({"Output", "Arguments", "Items"})
