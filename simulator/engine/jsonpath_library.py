"""Paths that may match several places, through python-jsonpath, with Step Functions' dialect put in its words."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import jsonpath

from simulator.engine.failures import ExpressionError
from simulator.engine.jsonata import compile_pattern
from simulator.engine.jsonata_functions import JsonataError
from simulator.json_types import JsonValue

_DOT_NAME = re.compile(r"""(\.\.?)([^\s.\[\]()*?@'",:$=<>!&|+]+)""")
_REGEX = re.compile(r"=~\s*/((?:[^/\\]|\\.)*)/([a-z]*)")
_LETTERS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
MAX_STEPS = 500_000
"""How many nodes one path may look at: a document within Step Functions' limit has far fewer."""


class _Steps:
    """Counts what the evaluation of a path looks at."""

    left = MAX_STEPS

    def take(self, count: int = 1) -> None:
        self.left -= count
        if self.left < 0:
            raise jsonpath.JSONPathError(f"the path leads to more than {MAX_STEPS} places", token=None)


_steps = _Steps()


class _Match(jsonpath.JSONPathMatch):  # type: ignore[misc]
    """A node on the way. Nobody asks how it was reached, so that is not written down."""

    def __init__(self, **members: Any) -> None:
        _steps.take()
        super().__init__(**members)

    def add_child(self, *children: jsonpath.JSONPathMatch) -> None:
        """Children are not kept."""

    def new_child(self, obj: object, key: int | str) -> jsonpath.JSONPathMatch:
        """A node below this one."""
        return _Match(filter_context=self._filter_context, obj=obj, parent=None, parts=(), path="", root=self.root)


class _Environment(jsonpath.JSONPathEnvironment):  # type: ignore[misc]
    """The library, bounded, and without what Step Functions does not know."""

    def setup_function_extensions(self) -> None:
        """The functions of filters, without those that match regular expressions."""
        super().setup_function_extensions()
        for name in ("match", "search"):
            del self.function_extensions[name]

    def compare(self, left: object, operator: str, right: object) -> bool:
        """Regular expressions go to an engine that never tries two ways."""
        _steps.take(len(right) if operator == "in" and isinstance(right, Sequence) else 1)
        if operator == "=~" and isinstance(right, re.Pattern):
            return isinstance(left, str) and _pattern(right.pattern, right.flags)(left)
        return bool(super().compare(left, operator, right))


@lru_cache(maxsize=1024)
def _pattern(pattern: str, flags: int) -> Callable[[str], bool]:
    return compile_pattern(pattern, "".join(letter for letter, flag in _LETTERS.items() if flags & flag))


_environment = _Environment(strict=False)


def _numbers(values: Any) -> list[float]:
    """The numbers of an array, all else left out. Raises ValueError for what is no array, or has none."""
    if isinstance(values, list | tuple):
        numbers = [item for item in values if isinstance(item, int | float) and not isinstance(item, bool)]
        if numbers:
            return numbers
    raise ValueError("no numbers")


def _keys(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return list(value)
    raise ValueError("no object")


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "length": len,
    "min": lambda values: min(_numbers(values)),
    "max": lambda values: max(_numbers(values)),
    "sum": lambda values: sum(_numbers(values)),
    "avg": lambda values: sum(_numbers(values)) / len(_numbers(values)),
    "keys": _keys,
}
"""What may stand at the end of a path, `$.items.length()`; the path then gives one value."""

_FUNCTION = re.compile(rf"(.*)\.({'|'.join(FUNCTIONS)})\(\)", re.DOTALL)
_LAST = re.compile(r"\[\s*\(\s*@\.length(?:\(\))?\s*-\s*(\d+)\s*\)\s*\]")


def split_function(tail: str) -> tuple[str, Callable[[Any], Any]] | None:
    """The path in front of a function and the function, None for a path without one."""
    match = _FUNCTION.fullmatch(tail)
    return (match[1], FUNCTIONS[match[2]]) if match else None


def without_length(tail: str) -> str:
    """`[(@.length-1)]` as the negative index that it means."""
    return _LAST.sub(r"[-\1]", tail)


def compile_query(tail: str, text: str) -> Callable[[JsonValue], list[JsonValue]]:
    """A function from a root to all values that `$` + `tail` matches there. Raises `InvalidPath` (a ValueError)."""
    from simulator.engine.paths import InvalidPath  # noqa: PLC0415 - paths loads this module when it needs it

    try:
        compiled = _environment.compile("$" + _quote_names(tail))
        for pattern, letters in _REGEX.findall(tail):
            compile_pattern(pattern, "".join(sorted(set(letters) & _LETTERS.keys())))
    except Exception as error:
        raise InvalidPath(text) from error
    if not isinstance(compiled, jsonpath.JSONPath):  # several paths in one, which Step Functions does not know
        raise InvalidPath(text)

    def find(root: JsonValue) -> list[JsonValue]:
        _steps.left = MAX_STEPS
        try:
            return _found(compiled.segments, root)
        except (RecursionError, jsonpath.JSONPathError, JsonataError) as error:
            raise ExpressionError(f"Invalid path '{text}' : {error}") from error

    return find


def _found(segments: Sequence[Any], root: JsonValue) -> list[JsonValue]:
    matches: Iterable[Any] = [_Match(filter_context={}, obj=root, parent=None, parts=(), path="", root=root)]
    for segment in segments:
        matches = segment.resolve(matches)
    return [match.obj for match in matches]


def _quote_names(tail: str) -> str:
    """Names with characters that the library does not take after a dot, such as `-`, in brackets.

    Only outside of quotes and filters.
    """
    pieces = re.split(r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", tail)
    depth = 0
    for index, piece in enumerate(pieces):
        if index % 2:
            continue
        if depth == 0 and "(" not in piece:
            pieces[index] = _DOT_NAME.sub(_bracket, piece)
        depth += piece.count("(") - piece.count(")")
    return "".join(pieces)


def _bracket(match: re.Match[str]) -> str:
    dots, name = match.groups()
    if re.fullmatch(r"[A-Za-z_]\w*", name):
        return match.group()
    return f"..['{name}']" if dots == ".." else f"['{name}']"
