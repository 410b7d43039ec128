"""Paths that may match several places, through python-jsonpath, with Step Functions' dialect put in its words."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import jsonpath

from simulator.engine.failures import ExpressionError
from simulator.json_types import JsonValue

_DOT_NAME = re.compile(r"""(\.\.?)([^\s.\[\]()*?@'",:$=<>!&|+]+)""")
_EXPLOSIVE = re.compile(r"=~.*\([^)]*[+*}][^)]*\)\s*[+*{]")
"""A regular expression with a repetition inside of a repetition may take for ever."""

_environment: Any = jsonpath.JSONPathEnvironment(strict=False)


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "length": len,
    "min": min,
    "max": max,
    "sum": sum,
    "avg": lambda values: sum(values) / len(values),
    "keys": list,
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

    if _EXPLOSIVE.search(tail):
        raise InvalidPath(text)
    try:
        compiled = _environment.compile("$" + _quote_names(tail))
    except Exception as error:
        raise InvalidPath(text) from error

    def find(root: JsonValue) -> list[JsonValue]:
        try:
            found: Iterable[Any] = compiled.findall(root)
            return list(found)
        except (RecursionError, jsonpath.JSONPathError) as error:
            raise ExpressionError(f"Invalid path '{text}' : {error}") from error

    return find


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
