"""The rules of a Choice state in the JSONPath language: a variable, an operator, a value; And, Or, Not."""

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from simulator.engine.failures import ExpressionError
from simulator.engine.paths import InvalidPath, PathMissing, compile_path
from simulator.engine.scope import Scope
from simulator.engine.timestamps import parse_timestamp
from simulator.json_types import JsonObject, JsonValue

Predicate = Callable[[Scope], bool]
Comparison = Callable[[Any, Any], bool]


class InvalidRule(ValueError):
    """A rule cannot be read. `field` is the member of the rule that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def compile_rule(rule: JsonObject) -> Predicate:
    """A function that says whether a rule matches. Raises `InvalidRule`."""
    match rule:
        case {"And": [*inner]}:
            every = [compile_rule(part) for part in inner]  # type: ignore[arg-type]
            return lambda scope: all(part(scope) for part in every)
        case {"Or": [*inner]}:
            some = [compile_rule(part) for part in inner]  # type: ignore[arg-type]
            return lambda scope: any(part(scope) for part in some)
        case {"Not": Mapping() as inner}:
            negated = compile_rule(inner)
            return lambda scope: not negated(scope)
    return _comparison(rule)


def operators_in(rule: JsonObject) -> list[str]:
    """The comparison operators that a rule has; a sound one has exactly one."""
    return [key for key in rule if key in TESTS or key in COMPARISONS or key.removesuffix("Path") in COMPARISONS]


def _comparison(rule: JsonObject) -> Predicate:
    names = operators_in(rule)
    if len(names) != 1:
        raise InvalidRule("", f"expected one comparison operator, found {len(names)}")
    variable = _reader(rule.get("Variable"), "Variable")
    name, operand = names[0], rule[names[0]]
    if name == "IsPresent":
        return _is_present(variable, operand)
    if name in TESTS:
        test = TESTS[name]
        return lambda scope: test(_value(variable, scope)) is operand
    if name.endswith("Path"):
        return _compare_paths(variable, COMPARISONS[name[:-4]], _reader(operand, name))
    compare = COMPARISONS[name]
    return lambda scope: compare(_value(variable, scope), operand)


def _compare_paths(variable: "_Source", compare: Comparison, other: "_Source") -> Predicate:
    return lambda scope: compare(_value(variable, scope), _value(other, scope))


def _is_present(variable: "_Source", wanted: JsonValue) -> Predicate:
    def present(scope: Scope) -> bool:
        try:
            found = variable[1](scope)
        except PathMissing:
            return wanted is False
        return (found != [] if variable[2] else True) is wanted

    return present


_Source = tuple[str, Callable[[Scope], JsonValue], bool]


def _reader(text: JsonValue, field: str) -> _Source:
    try:
        path = compile_path(text if isinstance(text, str) else "")
    except InvalidPath as error:
        raise InvalidRule(field, f"not a path: {text!r}") from error
    return path.text, path.read, not path.is_reference


def _value(source: _Source, scope: Scope) -> JsonValue:
    text, read, may_be_many = source
    try:
        value = read(scope)
    except PathMissing as error:
        raise ExpressionError(
            f"Invalid path '{text}': The choice state's condition path references an invalid value."
        ) from error
    if may_be_many and isinstance(value, list):
        if not value:
            raise ExpressionError(f"Invalid path '{text}': The choice state's condition path references an invalid value.")
        return value[0] if len(value) == 1 else value
    return value


def is_number(value: JsonValue) -> bool:
    """Whether a value is a JSON number (true and false are not)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_timestamp(value: JsonValue) -> bool:
    """Whether a value is a text that reads as an RFC 3339 timestamp."""
    return isinstance(value, str) and parse_timestamp(value) is not None


def _strings(compare: Comparison) -> Comparison:
    return lambda left, right: isinstance(left, str) and isinstance(right, str) and compare(left, right)


def _numbers(compare: Comparison) -> Comparison:
    return lambda left, right: is_number(left) and is_number(right) and compare(left, right)


def _timestamps(compare: Comparison) -> Comparison:
    def compared(left: Any, right: Any) -> bool:
        first, second = _instant(left), _instant(right)
        return first is not None and second is not None and compare(first, second)

    return compared


def _instant(value: JsonValue) -> datetime | None:
    return parse_timestamp(value) if isinstance(value, str) else None


def _booleans_equal(left: Any, right: Any) -> bool:
    return isinstance(left, bool) and isinstance(right, bool) and left is right


def _matches_pattern(text: Any, pattern: Any) -> bool:
    return isinstance(text, str) and isinstance(pattern, str) and wildcard_matches(pattern, text)


def wildcard_matches(pattern: str, text: str) -> bool:
    r"""Whether a text matches a pattern in which `*` is any run of characters and `\*` a star.

    Piece by piece, leftmost first, so that the time is bounded by the product of the lengths.
    """
    pieces = _pieces(pattern)
    if len(pieces) == 1:
        return text == pieces[0]
    first, *middle, last = pieces
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _pieces(pattern: str) -> list[str]:
    pieces = [""]
    for token in re.findall(r"\\.|[^\\]|\\", pattern, re.DOTALL):
        if token == "*":
            pieces.append("")
        else:
            pieces[-1] += token[1] if len(token) == 2 else token
    return pieces


TESTS: dict[str, Callable[[JsonValue], bool]] = {
    "IsNull": lambda value: value is None,
    "IsPresent": lambda value: True,
    "IsNumeric": is_number,
    "IsString": lambda value: isinstance(value, str),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": is_timestamp,
}
"""Operators that look at the variable alone; their operand is true or false."""

_ORDERS: dict[str, Comparison] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}

COMPARISONS: dict[str, Comparison] = {
    **{f"String{name}": _strings(order) for name, order in _ORDERS.items()},
    **{f"Numeric{name}": _numbers(order) for name, order in _ORDERS.items()},
    **{f"Timestamp{name}": _timestamps(order) for name, order in _ORDERS.items()},
    "BooleanEquals": _booleans_equal,
    "StringMatches": _matches_pattern,
}
"""Operators that compare with a value; all but StringMatches also come as `...Path`. Other types never match."""
