"""A request against the shapes of its service's model.

These checks are ours, because botocore checks only types, required members and minimum lengths on the client, and services
check the rest.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from simulator.account.wire import service_model


def shape_faults(service: str, operation: str, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(member path, what is wrong) for everything in `parameters` that the operation's input shape does not allow."""
    shape = service_model(service).operation_model(operation).input_shape
    return list(_faults(shape, parameters, "")) if shape is not None else []


def _faults(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    check = _CHECKS.get(shape.type_name)
    return check(shape, value, path) if check else iter(())


def _structure_faults(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, "must be a structure"
        return
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"{path}.{name}".lstrip("."), "must not be null"
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _faults(member, value[name], f"{path}.{name}".lstrip("."))


def _list_faults(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield path, "must be a list"
        return
    yield from _size_faults(shape, len(value), path, "length")
    for index, item in enumerate(value):
        yield from _faults(shape.member, item, f"{path}[{index}]")


def _map_faults(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, "must be a map"
        return
    yield from _size_faults(shape, len(value), path, "size")
    for key, item in value.items():
        yield from _faults(shape.key, key, f"{path}.{key}")
        yield from _faults(shape.value, item, f"{path}.{key}")


def _integer_faults(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield path, "must be an integer"
    else:
        yield from _size_faults(shape, value, path, "value")


def _boolean_faults(_shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, bool):
        yield path, "must be a boolean"


def _string_faults(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, str):
        yield path, "must be a string"
        return
    yield from _size_faults(shape, len(value), path, "length")
    if shape.enum and value not in shape.enum:
        yield path, f"must be one of [{', '.join(shape.enum)}]"
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        yield path, f"must match the pattern {pattern}"


def _size_faults(shape: Any, size: int, path: str, noun: str) -> Iterator[tuple[str, str]]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield path, f"must have {noun} greater than or equal to {low}"
    if high is not None and size > high:
        yield path, f"must have {noun} less than or equal to {high}"


_CHECKS: Mapping[str, Callable[[Any, Any, str], Iterator[tuple[str, str]]]] = {
    "structure": _structure_faults,
    "list": _list_faults,
    "map": _map_faults,
    "string": _string_faults,
    "integer": _integer_faults,
    "long": _integer_faults,
    "boolean": _boolean_faults,
}


# Unicode classes that some models use and Python's expressions do not know: letters, digits, blanks.
_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s"}


def _matches(pattern: str, value: str) -> bool:
    expression = _compiled(pattern)
    return expression is None or expression.fullmatch(value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """The expression, or None for one that only other languages understand: then nothing is checked."""
    for written, known in _CLASSES.items():
        pattern = pattern.replace(written, known)
    try:
        return re.compile(pattern)
    except re.error:
        return None
