"""JSONPath as Step Functions reads it.

A path starts at the state's input (`$`), the context object (`$$`) or a variable (`$name`). One that can match only one
place (names and indices) is resolved here; anything else (wildcards, slices, filters, deep scan) goes to a JSONPath library,
which is loaded when the first such path is met, and gives the list of all matches.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from simulator.engine.failures import ExpressionError
from simulator.engine.json_text import text_of
from simulator.engine.scope import Scope
from simulator.json_types import JsonValue

Step = str | int
MAX_PATH_LENGTH = 2_000

_ROOT = re.compile(r"\$\$|\$(?:[^\W\d]\w*)?")
_SLICE = re.compile(r"\[\s*-?\d*\s*(?::|,\s*-?\d)")
_STEP = re.compile(
    r"""\.(?P<name>[^\s.\[\]()*?@'",:$]+)"""
    r"""|\[\s*'(?P<single>(?:[^'\\]|\\.)*)'\s*\]"""
    r"""|\[\s*"(?P<double>(?:[^"\\]|\\.)*)"\s*\]"""
    r"""|\[\s*(?P<index>-?\d+)\s*\]"""
)


class PathMissing(Exception):
    """There is nothing at a path. `is_past_end`: it ends with an index that an array does not have."""

    def __init__(self, message: str, *, is_past_end: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.is_past_end = is_past_end


class InvalidPath(ValueError):
    """A text is not a path."""


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path: `read(scope)` gives the value it names or raises `PathMissing`.

    `root` is `$`, `$$` or `$name`. `steps` are its names and indices, None for a path that may match several places.
    """

    text: str
    root: str
    steps: tuple[Step, ...] | None
    query: Callable[[JsonValue], JsonValue] | None

    def read(self, scope: Scope) -> JsonValue:
        """The value at this path; for a path that may match several places, the list of the values found."""
        return self.read_in(self.start(scope))

    def read_in(self, value: JsonValue) -> JsonValue:
        """The value at this path, seen from `value` as its root."""
        if self.steps is None:
            assert self.query is not None
            return self.query(value)
        for index, step in enumerate(self.steps):
            value = _child(value, step, self.steps, index)
        return value

    def start(self, scope: Scope) -> JsonValue:
        """The value that the path starts from."""
        if self.root == "$":
            return scope.input
        if self.root == "$$":
            return scope.context()
        try:
            return scope.variables[self.root[1:]]
        except KeyError:
            raise PathMissing(f"The variable '{self.root}' is not defined") from None

    @property
    def is_reference(self) -> bool:
        """Whether the path can only ever name one place."""
        return self.steps is not None


@lru_cache(maxsize=4096)
def compile_path(text: str) -> Path:
    """The path that a text describes. Raises `InvalidPath`."""
    root = _ROOT.match(text)
    if not root or len(text) > MAX_PATH_LENGTH:
        raise InvalidPath(text)
    steps = _steps(text, root.end())
    if steps is not None:
        return Path(text, root.group(), steps, None)
    return Path(text, root.group(), None, _query(text[root.end() :], text))


def compile_reference(text: str) -> Path:
    """A path that names exactly one place of the document. Raises `InvalidPath`."""
    path = compile_path(text)
    if not path.is_reference or path.root != "$":
        raise InvalidPath(text)
    return path


def write(document: JsonValue, steps: Sequence[Step], value: JsonValue) -> JsonValue:
    """A copy of `document` with `value` put at `steps`; objects that are missing on the way are made.

    Raises `ExpressionError` (States.ResultPathMatchFailure) where the document has something else than an object there.
    """
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, str) and isinstance(document, Mapping):
        return {**document, step: write(document.get(step, {}), rest, value)}
    if isinstance(step, int) and _has_index(document, step):
        items = list(document)  # type: ignore[arg-type]
        items[step] = write(items[step], rest, value)
        return items
    raise ExpressionError("", "States.ResultPathMatchFailure")


def bracketed(steps: Sequence[Step]) -> str:
    """A path in the form of error messages: `$['a'][0]`."""
    return "$" + "".join(f"['{step}']" if isinstance(step, str) else f"[{step}]" for step in steps)


def _steps(text: str, at: int) -> tuple[Step, ...] | None:
    steps: list[Step] = []
    while at < len(text):
        match = _STEP.match(text, at)
        if not match:
            return None
        steps.append(_step(match))
        at = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    if match["index"] is not None:
        return int(match["index"])
    if match["name"] is not None:
        return match["name"]
    if match["single"] is not None:
        return match["single"].replace("\\'", "'")
    return str(json.loads(f'"{match["double"]}"'))


def _child(value: JsonValue, step: Step, steps: Sequence[Step], index: int) -> JsonValue:
    if isinstance(step, str):
        if isinstance(value, Mapping):
            if step in value:
                return value[step]
            if index == len(steps) - 1:
                raise PathMissing(f"No results for path: {bracketed(steps)}")
            raise PathMissing(f"Missing property in path {bracketed(steps[: index + 1])}")
        raise PathMissing(f"Property ['{step}'] not found in path {bracketed(steps[:index])}")
    if not isinstance(value, list | tuple):
        raise not_an_array(value, bracketed(steps[index:])[1:], bracketed(steps[:index]))
    if _has_index(value, step):
        item: JsonValue = value[step]
        return item
    raise PathMissing(f"No results for path: {bracketed(steps)}", is_past_end=index == len(steps) - 1)


def not_an_array(value: JsonValue, tail: str, at: str) -> PathMissing:
    """The error for what is no array where a path goes on with an index or a slice (`tail`), in the service's words."""
    if value is None:
        return PathMissing(f"The path {at} is null")
    return PathMissing(f"Filter: {tail} can only be applied to arrays. Current context is: {text_of(value)}")


def _has_index(value: JsonValue, index: int) -> bool:
    return isinstance(value, list | tuple) and -len(value) <= index < len(value)


def _query(tail: str, text: str) -> Callable[[JsonValue], JsonValue]:
    """What a path gives that is not names and indices alone: all matches, or what a function makes of the value in front."""
    from simulator.engine import jsonpath_library  # noqa: PLC0415 - slow to load, seldom needed

    plain = jsonpath_library.without_length(tail)
    if plain != tail:
        return compile_path("$" + plain).read_in
    if split := jsonpath_library.split_function(tail):
        inner, function = compile_path("$" + split[0]), split[1]
        return lambda root: _applied(function, inner.read_in(root), text)
    prefix, rest = _prefix(tail)
    find = jsonpath_library.compile_query(rest, text)
    needs_array = bool(_SLICE.match(rest))

    def query(root: JsonValue) -> JsonValue:
        """What leads to the first wildcard, slice or filter must be there; behind it, what is missing is left out."""
        for index, step in enumerate(prefix):
            root = _child(root, step, (*prefix, ""), index)
        if needs_array and not isinstance(root, list | tuple):
            raise not_an_array(root, rest, bracketed(prefix))
        return find(root)

    return query


def _prefix(tail: str) -> tuple[tuple[Step, ...], str]:
    """The names and indices that a path begins with, and the rest."""
    steps, at = [], 0
    while match := _STEP.match(tail, at):
        steps.append(_step(match))
        at = match.end()
    return tuple(steps), tail[at:]


def _applied(function: Callable[[Any], Any], value: JsonValue, text: str) -> JsonValue:
    try:
        result: JsonValue = function(value)
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise PathMissing(f"Could not determine value of path {text}") from error
    return result
