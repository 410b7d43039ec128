"""Holds answers against botocore's model of the service, where the real service keeps to it."""

import re
from functools import cache
from typing import Any

import botocore.session

# The real service's timestamps end in +00:00 where the model wants a Z, and its job log has an event that the model lacks;
# executions of recovery plans have a status that only the user guide names.
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
_UNLISTED = {"JobLogEvent": {"LAUNCH_END"}, "RecoveryPlanExecutionStatus": {"TIMED_OUT"}}
# Durations that the model takes for instants.
_DURATIONS = re.compile(
    r"DescribeRecoveryInstances\.items\[\d+\]\.(dataReplicationInfo\.lag|failback\.elapsedReplication)Duration"
)
_DURATION = re.compile(r"P(\d+D)?(T(\d+H)?(\d+M)?([\d.]+S)?)?")
_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "long": int,
    "boolean": bool,
    "list": list,
    "map": dict,
    "structure": dict,
    "timestamp": str,  # as it travels
}


@cache
def model() -> Any:
    return botocore.session.get_session().get_service_model("drs")


def assert_fits(operation: str, answer: Any) -> None:
    """Fails unless an answer fits the operation's output."""
    shape = model().operation_model(operation).output_shape
    if shape is None:
        assert answer == {}
    else:
        _fit(shape, answer, operation)


def _fit(shape: Any, value: Any, path: str) -> None:
    assert isinstance(value, _TYPES[shape.type_name]), f"{path} is {value!r}"
    match shape.type_name:
        case "structure":
            assert not set(value) - set(shape.members), f"{path} has {set(value) - set(shape.members)}"
            assert not set(shape.required_members) - set(value), path
            for name, member in value.items():
                _fit(shape.members[name], member, f"{path}.{name}")
        case "list":
            for index, item in enumerate(value):
                _fit(shape.member, item, f"{path}[{index}]")
        case "map":
            for key, item in value.items():
                _fit(shape.value, item, f"{path}.{key}")
        case "string":
            _fit_text(shape, value, path)


def _fit_text(shape: Any, value: str, path: str) -> None:
    if _DURATIONS.fullmatch(path):
        assert _DURATION.fullmatch(value), f"{path} is {value!r}"
        return
    if shape.name == "ISO8601DatetimeString":
        assert _TIMESTAMP.fullmatch(value), f"{path} is {value!r}"
        return
    pattern = shape.metadata.get("pattern")
    assert pattern is None or re.fullmatch(pattern, value), f"{path} is {value!r}"
    assert not shape.enum or value in {*shape.enum, *_UNLISTED.get(shape.name, ())}, f"{path} is {value!r}"
