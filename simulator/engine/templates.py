"""Payload templates and single fields of the JSONPath language, compiled to functions of a scope."""

from collections.abc import Callable, Mapping, Sequence

from simulator.engine.failures import ExpressionError
from simulator.engine.intrinsics import InvalidIntrinsic, compile_intrinsic, is_intrinsic
from simulator.engine.json_text import encode
from simulator.engine.paths import InvalidPath, Path, PathMissing, compile_path
from simulator.engine.scope import Scope
from simulator.json_types import JsonValue

MAX_UNCHECKED_FIELDS = 64
MAX_WEIGHT = 4_000_000

Reader = Callable[[Scope], JsonValue]
"""Gives a value for the scope it is evaluated in; raises `ExpressionError`."""


class InvalidTemplate(ValueError):
    """A template has a field whose expression cannot be read.

    `at` is the way to it inside the template, `text` the expression or what is wrong with it, `code` Step Functions' name
    for that (empty for an expression that is none at all).
    """

    def __init__(self, at: Sequence[str | int], text: str, code: str = "") -> None:
        super().__init__(text)
        self.at = tuple(at)
        self.text = text
        self.code = code


def compile_template(template: JsonValue, at: tuple[str | int, ...] = ()) -> Reader:
    """A function that fills in a payload template. Raises `InvalidTemplate`."""
    fill = _compile(template, at)
    return _bounded(fill) if at == () and _fields_in(template) > MAX_UNCHECKED_FIELDS else fill


def _compile(template: JsonValue, at: tuple[str | int, ...]) -> Reader:
    if not _is_dynamic(template):
        return lambda scope: template
    if isinstance(template, Mapping):
        return _object([_member(key, value, at) for key, value in template.items()])
    assert isinstance(template, list | tuple)
    items = [_compile(item, (*at, index)) for index, item in enumerate(template)]
    return lambda scope: [item(scope) for item in items]


def compile_expression(text: JsonValue, field: str, at: tuple[str | int, ...] = ()) -> Reader:
    """A function for the value of `"field": "<path or intrinsic function>"`. Raises `InvalidTemplate`."""
    if not isinstance(text, str):
        raise InvalidTemplate(at, str(text))
    try:
        return compile_intrinsic(text).read if is_intrinsic(text) else _field(compile_path(text), field)
    except (InvalidIntrinsic, InvalidPath) as error:
        raise InvalidTemplate(at, text) from error


def compile_path_field(path: Path) -> Reader:
    """A function for InputPath and its like, whose failure is told in the words of the path language."""

    def read(scope: Scope) -> JsonValue:
        try:
            return path.read(scope)
        except PathMissing as error:
            raise ExpressionError(f"Invalid path '{path.text}' : {error.message}") from error

    return read


def _field(path: Path, field: str) -> Reader:
    def read(scope: Scope) -> JsonValue:
        try:
            return path.read(scope)
        except PathMissing as error:
            if error.is_past_end:  # observed: an index behind the end of an array is null, a missing member an error
                return None
            raise ExpressionError(
                f"The JSONPath '{path.text}' specified for the field '{field}' could not be found in the input"
                f" '{encode(scope.input)}'"
            ) from error

    return read


def _member(key: str, value: JsonValue, at: tuple[str | int, ...]) -> tuple[str, Reader]:
    if key.endswith(".$"):
        return key[:-2], compile_expression(value, key, (*at, key))
    return key, _compile(value, (*at, key))


def _object(members: Sequence[tuple[str, Reader]]) -> Reader:
    return lambda scope: {key: read(scope) for key, read in members}


def _fields_in(template: JsonValue) -> int:
    """How many expressions a template has."""
    if isinstance(template, Mapping):
        return sum(1 if key.endswith(".$") else _fields_in(value) for key, value in template.items())
    return sum(map(_fields_in, template)) if isinstance(template, list | tuple) else 0


def _bounded(fill: Reader) -> Reader:
    """Many fields that each name a large value make a text that no memory holds: it is weighed before it is written."""

    def read(scope: Scope) -> JsonValue:
        value = fill(scope)
        budget = MAX_WEIGHT
        waiting = [value]
        while waiting:
            item = waiting.pop()
            budget -= len(item) if isinstance(item, str) else 1
            if budget < 0:
                raise ExpressionError("The payload is larger than any service accepts.", "States.DataLimitExceeded")
            if isinstance(item, Mapping):
                waiting.extend(item.values())
            elif isinstance(item, list | tuple):
                waiting.extend(item)
        return value

    return read


def _is_dynamic(template: JsonValue) -> bool:
    if isinstance(template, Mapping):
        return any(key.endswith(".$") or _is_dynamic(value) for key, value in template.items())
    return isinstance(template, list | tuple) and any(map(_is_dynamic, template))
