"""Payload templates and single fields of the JSONPath language, compiled to functions of a scope."""

from collections.abc import Callable, Mapping, Sequence

from simulator.engine.failures import ExpressionError
from simulator.engine.intrinsics import InvalidIntrinsic, compile_intrinsic, is_intrinsic
from simulator.engine.json_text import encode
from simulator.engine.paths import InvalidPath, Path, PathMissing, compile_path
from simulator.engine.scope import Scope
from simulator.json_types import JsonValue

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
    if not _is_dynamic(template):
        return lambda scope: template
    if isinstance(template, Mapping):
        return _object([_member(key, value, at) for key, value in template.items()])
    assert isinstance(template, list | tuple)
    items = [compile_template(item, (*at, index)) for index, item in enumerate(template)]
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
    return key, compile_template(value, (*at, key))


def _object(members: Sequence[tuple[str, Reader]]) -> Reader:
    return lambda scope: {key: read(scope) for key, read in members}


def _is_dynamic(template: JsonValue) -> bool:
    if isinstance(template, Mapping):
        return any(key.endswith(".$") or _is_dynamic(value) for key, value in template.items())
    return isinstance(template, list | tuple) and any(map(_is_dynamic, template))
