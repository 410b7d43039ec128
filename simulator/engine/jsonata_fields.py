"""Fields of the JSONata language, compiled to the same functions as those of the JSONPath language."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from simulator.engine.dataflow import Flow
from simulator.engine.failures import ExpressionError
from simulator.engine.fields import MAX_WAIT, TOO_LONG, Until, after_seconds
from simulator.engine.findings import JSONATA_SYNTAX, JSONATA_USE
from simulator.engine.json_text import encode
from simulator.engine.jsonata import InvalidJsonata, Jsonata, Undefined, Unsupported, compile_jsonata
from simulator.engine.jsonata_checks import unsupported_references
from simulator.engine.jsonata_functions import JsonataError
from simulator.engine.jsonata_messages import after_sentence
from simulator.engine.scope import Scope
from simulator.engine.templates import InvalidTemplate, Reader
from simulator.engine.timestamps import parse_timestamp
from simulator.json_types import JsonObject, JsonValue

QUERY_ERROR = "States.QueryEvaluationError"
_STEP = re.compile(r"([^/\[\]]+)|\[(\d+)\]")


def flow(owner: JsonObject, at: str = "") -> Flow:
    """Arguments, Assign and Output of a state, a Choice rule or a catcher. Raises `InvalidTemplate`."""
    prefix = f"{at}/" if at else ""
    output = template(owner["Output"], f"{prefix}Output") if "Output" in owner else None
    assign: Any = template(owner["Assign"], f"{prefix}Assign") if owner.get("Assign") else None
    return Flow(
        arguments=template(owner["Arguments"], f"{prefix}Arguments") if "Arguments" in owner else None,
        assign=assign,
        output=None if output is None else lambda scope, result: output(scope),
        is_jsonata=True,
    )


def template(value: JsonValue, at: str) -> Reader:
    """A function that fills in `{% ... %}` anywhere inside of a value. Raises `InvalidTemplate`."""
    if isinstance(value, Mapping):
        members = [(key, template(item, f"{at}/{key}")) for key, item in value.items()]
        return lambda scope: {key: read(scope) for key, read in members}
    if isinstance(value, list | tuple):
        items = [template(item, f"{at}[{index}]") for index, item in enumerate(value)]
        return lambda scope: [read(scope) for read in items]
    text = expression_text(value)
    return (lambda scope: value) if text is None else _evaluated(text, at)


def expression_text(value: JsonValue) -> str | None:
    """What stands between `{%` and `%}`, None for a value that is no expression."""
    if isinstance(value, str) and value.startswith("{%") and value.endswith("%}") and len(value) >= 4:
        return value[2:-2].strip()
    return None


def condition(value: JsonValue, at: str) -> Callable[[Scope], bool]:
    """Condition of a Choice rule."""
    read = _typed(value, f"{at}/Condition", "boolean")
    return lambda scope: read(scope) is True


def items(value: JsonValue, may_be_object: bool) -> Reader:
    """Items of a Map; without the field, the input."""
    if value is None:
        return lambda scope: scope.input
    return _typed(value, "Items", "array", "object" if may_be_object else "array")


def text(value: JsonValue, at: str) -> Reader:
    """A field that must be a string."""
    return _typed(value, at, "string")


def number(value: JsonValue, at: str) -> Callable[[Scope], int]:
    """A field that must be a whole number, not negative."""
    read = _typed(value, at, "number")

    def get(scope: Scope) -> int:
        found = read(scope)
        if isinstance(found, float) and found.is_integer():
            found = int(found)
        if not isinstance(found, int) or found < 0:
            raise _misused(f"The {at} field must be a non-negative integer, but was: {encode(found)}", at)
        return found

    return get


def instant(name: str, value: JsonValue) -> Until:
    """When a Wait ends, of its one field."""
    if name == "Seconds":
        seconds = number(value, name)
        return lambda scope, now: _bounded(now, after_seconds, seconds(scope))
    read = _typed(value, name, "string")

    def until(scope: Scope, now: datetime) -> datetime:
        found = str(read(scope))
        then = parse_timestamp(found)
        if then is None:
            message = "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: "
            raise _misused(message + found, name)
        if then - now > MAX_WAIT:
            raise _misused(TOO_LONG, name)
        return then

    return until


def _bounded(now: datetime, after: Callable[[datetime, Any], datetime], seconds: int) -> datetime:
    try:
        return after(now, seconds)
    except ExpressionError as error:
        raise _misused(error.message, "Seconds") from error


def _misused(message: str, at: str) -> ExpressionError:
    return ExpressionError(message, QUERY_ERROR, at, is_expression=False)


def _typed(value: JsonValue, at: str, kind: str, or_kind: str | None = None) -> Reader:
    """A field whose value must be of a JSON type, or of another. Constants are checked when the definition is."""
    text = expression_text(value)
    if text is None:
        return template(value, at)
    read = _evaluated(text, at)

    def get(scope: Scope) -> JsonValue:
        found = read(scope)
        if kind_of(found) not in (kind, or_kind):
            raise ExpressionError(
                f"The JSONata expression '{text}' specified for the field '{at}' returned an unexpected result type. "
                f"Expected '{kind}', but was '{kind_of(found)}' for value: {encode(found)}",
                QUERY_ERROR,
                at,
            )
        return found

    return get


def kind_of(value: JsonValue) -> str:
    """The name of a value's JSON type."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case Mapping():
            return "object"
    return "array"


def _evaluated(text: str, at: str) -> Reader:
    compiled = _compile(text, at)
    start = f"The JSONata expression '{text}' specified for the field '{at}' "

    def read(scope: Scope) -> JsonValue:
        found = _evaluate(compiled, scope, start, at)
        if isinstance(found, Undefined):
            raise ExpressionError(f"{start}returned nothing (undefined).", QUERY_ERROR, at)
        return found

    return read


def _compile(text: str, at: str) -> Jsonata:
    place = [int(index) if index else name for name, index in _STEP.findall(at)]
    try:
        compiled = compile_jsonata(text)
    except InvalidJsonata as error:
        raise InvalidTemplate(place, str(error), JSONATA_SYNTAX) from error
    for message in unsupported_references(text):
        raise InvalidTemplate(place, message, JSONATA_USE)
    return compiled


def _evaluate(compiled: Jsonata, scope: Scope, start: str, at: str) -> JsonValue | Undefined:
    try:
        return compiled.evaluate(scope)
    except Unsupported as error:
        raise ExpressionError(f"{start}returned an unsupported result type.", QUERY_ERROR, at) from error
    except JsonataError as error:
        raise ExpressionError(
            f"{start}threw an error during evaluation{after_sentence(str(error))}", QUERY_ERROR, at
        ) from error
