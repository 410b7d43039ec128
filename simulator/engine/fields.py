"""Single fields of the JSONPath language whose value must be of a kind: seconds, instants, counts, texts."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from simulator.engine.failures import ExpressionError
from simulator.engine.json_text import encode
from simulator.engine.machine import Number
from simulator.engine.paths import InvalidPath, PathMissing, compile_path
from simulator.engine.scope import Scope
from simulator.engine.templates import Reader, compile_expression
from simulator.engine.timestamps import parse_timestamp
from simulator.json_types import JsonValue

MAX_WAIT = timedelta(seconds=(1 << 31) - 1)
TOO_LONG = "Wait state delay is too long."
LIMITS = frozenset({"TimeoutSecondsPath", "HeartbeatSecondsPath"})
"""Fields whose paths that lead nowhere are told of in the words of the path language."""
JUDGED_LATER = frozenset({"MaxItems"})
"""Fields whose negative values are found by what uses them."""
Until = Callable[[Scope, datetime], datetime]


def instant(name: str, value: JsonValue) -> Until:
    """When a Wait ends, of its one field. Raises `InvalidTemplate`."""
    match name:
        case "Seconds":
            return lambda scope, now: after_seconds(now, value)
        case "Timestamp":
            return lambda scope, now: until_timestamp(now, parse_timestamp(str(value)) or now)
        case "SecondsPath":
            seconds = _seconds(value)
            return lambda scope, now: after_seconds(now, seconds(scope))
    path = _value_at(value, name)
    return lambda scope, now: until_timestamp(now, _timestamp(path(scope), name, str(value)))


def after_seconds(now: datetime, seconds: Any) -> datetime:
    """The instant some seconds from now; raises `ExpressionError` if that is too far away."""
    if seconds > MAX_WAIT.total_seconds():
        raise ExpressionError(TOO_LONG)
    return now + timedelta(seconds=seconds)


def until_timestamp(now: datetime, then: datetime) -> datetime:
    """The instant itself; raises `ExpressionError` if it is too far away."""
    if then - now > MAX_WAIT:
        raise ExpressionError(TOO_LONG)
    return then


def constant(value: JsonValue, name: str) -> Number:
    """A number written in the definition."""
    number = int(value)  # type: ignore[arg-type]
    return lambda scope: number


def number(name: str, value: JsonValue) -> Number:
    """A number at a path. Raises `InvalidTemplate`."""
    read = _value_at(value, name)
    field = name.removesuffix("Path")

    def get(scope: Scope) -> int:
        found = read(scope)
        if isinstance(found, str) and re.fullmatch(r"-?\d{1,18}", found):
            found = int(found)
        if not isinstance(found, int) or isinstance(found, bool):
            shown = found if isinstance(found, str) else encode(found)
            raise ExpressionError(f'The {name} field refers to value "{shown}" which is not a valid integer: {value}')
        if found < 0 and field not in JUDGED_LATER:
            raise ExpressionError(f"{field} cannot be negative.")
        return found

    return get


def percentage(name: str, value: JsonValue) -> Callable[[Scope], float]:
    """A share in per cent, written in the definition or at a path. Raises `InvalidTemplate`."""
    read = _value_at(value, name) if name.endswith("Path") else lambda scope: value
    field = name.removesuffix("Path")

    def get(scope: Scope) -> float:
        found = read(scope)
        if isinstance(found, str) and re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", found):
            found = float(found)
        if not isinstance(found, int | float) or isinstance(found, bool):
            shown = found if isinstance(found, str) else encode(found)
            raise ExpressionError(f'The {name} field refers to value "{shown}" which is not a valid float: {value}')
        if not 0 <= found <= 100:
            raise ExpressionError(f"{field} must be between 0 and 100.")
        return found

    return get


def text(name: str, value: JsonValue) -> Reader:
    """ErrorPath and CausePath: a path or an intrinsic function that gives a text. Raises `InvalidTemplate`."""
    read = compile_expression(value, name)

    def get(scope: Scope) -> JsonValue:
        found = read(scope)
        if isinstance(found, str):
            return found
        raise ExpressionError(f"The {name} field must refer to a string, but was: {encode(found)}")

    return get


def _seconds(value: JsonValue) -> Callable[[Scope], int]:
    read = _path(value)

    def get(scope: Scope) -> int:
        try:
            found = read(scope)
        except PathMissing as error:
            raise ExpressionError(f"The SecondsPath parameter does not reference an input value: {value}") from error
        if not isinstance(found, int) or isinstance(found, bool):
            raise ExpressionError(f"The SecondsPath parameter cannot be parsed as a long value: {value} == {encode(found)}")
        if found < 0:
            raise ExpressionError(f"The SecondsPath parameter references a negative value: {value} == {found}")
        return found

    return get


def _timestamp(found: JsonValue, name: str, path: str) -> datetime:
    then = parse_timestamp(found) if isinstance(found, str) else None
    if then is None:
        shown = found if isinstance(found, str) else encode(found)
        raise ExpressionError(
            f"The {name} parameter does not reference a valid ISO-8601 extended offset date-time format string:"
            f" {path} == {shown}"
        )
    return then


def _value_at(value: JsonValue, name: str) -> Reader:
    read = _path(value)

    def get(scope: Scope) -> JsonValue:
        try:
            return read(scope)
        except PathMissing as error:
            if name in LIMITS:
                raise ExpressionError(f"Invalid path '{value}' : {error.message}") from error
            raise ExpressionError(f"The {name} parameter does not reference an input value: {value}") from error

    return get


def _path(value: JsonValue) -> Reader:
    try:
        return compile_path(str(value)).read
    except InvalidPath:
        return compile_expression(value, "")
