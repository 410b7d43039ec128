"""Payload templates and single fields of the JSONPath language, compiled to functions of a scope."""

from collections.abc import Callable, Mapping, Sequence

from simulator.engine.failures import ExpressionError
from simulator.engine.intrinsics import InvalidIntrinsic, compile_intrinsic, is_intrinsic
from simulator.engine.json_text import encode
from simulator.engine.paths import InvalidPath, Path, PathMissing, compile_path
from simulator.engine.scope import Scope
from simulator.engine.weight import MAX_UNWEIGHED_FIELDS, weighed
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


def compile_template(template: JsonValue) -> Reader:
    """A function that fills in a payload template. Raises `InvalidTemplate`."""
    fill = _compile(template, ())
    if fill is None:
        return lambda scope: template
    return (lambda scope: weighed(fill(scope))) if _values_named(template) > MAX_UNWEIGHED_FIELDS else fill


def _compile(template: JsonValue, at: tuple[str | int, ...]) -> Reader | None:
    """None for a template in which there is nothing to fill in."""
    if isinstance(template, Mapping):
        members = [(_name(key), _member(key, value, at), value) for key, value in template.items()]
        return _object(members) if any(read for _, read, _ in members) else None
    if isinstance(template, list | tuple):
        items = [(_compile(item, (*at, index)), item) for index, item in enumerate(template)]
        return _array(items) if any(read for read, _ in items) else None
    return None


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
            searched = scope.context() if path.root == "$$" else scope.input
            raise ExpressionError(
                f"The JSONPath '{path.text}' specified for the field '{field}' could not be found in the input"
                f" '{encode(searched)}'"
            ) from error

    return read


def _name(key: str) -> str:
    return key.removesuffix(".$")


def _member(key: str, value: JsonValue, at: tuple[str | int, ...]) -> Reader | None:
    return compile_expression(value, key, (*at, key)) if key.endswith(".$") else _compile(value, (*at, key))


def _object(members: Sequence[tuple[str, Reader | None, JsonValue]]) -> Reader:
    readers = [(name, read or _constant(value)) for name, read, value in members]
    return lambda scope: {name: read(scope) for name, read in readers}


def _array(items: Sequence[tuple[Reader | None, JsonValue]]) -> Reader:
    readers = [read or _constant(item) for read, item in items]
    return lambda scope: [read(scope) for read in readers]


def _constant(value: JsonValue) -> Reader:
    return lambda scope: value


def _values_named(template: JsonValue) -> int:
    """How many values the expressions of a template name."""
    if isinstance(template, Mapping):
        return sum(str(value).count("$") if key.endswith(".$") else _values_named(value) for key, value in template.items())
    return sum(map(_values_named, template)) if isinstance(template, list | tuple) else 0
