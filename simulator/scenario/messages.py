"""Pydantic's errors as findings: at the place in the file, in the words of the person who wrote it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from simulator.scenario.names import did_you_mean
from simulator.scenario.nodes import Finding, Position
from simulator.scenario.tree import Location, Tree

MAX_SHOWN = 60


def findings_of(error: ValidationError, tree: Tree) -> list[Finding]:
    """What is wrong with the document, one finding an error."""
    return [_finding(item, tree) for item in error.errors(include_url=False)]


def show(value: object) -> str:
    """A value as it is named in `found ...`."""
    match value:
        case None:
            return "nothing"
        case [] | ():
            return "an empty list"
        case list() | tuple():
            return "a list"
        case dict():
            return "a mapping" if value else "an empty mapping"
        case _:
            text = json.dumps(value, ensure_ascii=False)
            return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."


def _finding(error: Any, tree: Tree) -> Finding:
    context: Mapping[str, Any] = error.get("ctx", {})
    position = _position(error, context, tree)
    if error["type"] == "scenario":
        found = f", found {show(error['input'])}" if context["shows_value"] else ""
        return Finding(position, context["message"] + found, context["hint"])
    words = _EXPECTED.get(error["type"], _words(f"something else ({error['msg']})"))
    expected, hint = words(context, error["input"])
    return Finding(position, f"expected {expected}, found {show(error['input'])}", hint)


def _position(error: Any, context: Mapping[str, Any], tree: Tree) -> Position:
    location = _location(error["loc"], tree)
    is_about_key = context.get("is_about_key", False) or error["loc"][-1:] == ("[key]",)
    is_single = isinstance(error["input"], str | int | float)
    return tree.value_position(location) if is_single and not is_about_key else tree.position(location)


def _location(loc: Location, tree: Tree) -> Location:
    """Pydantic's location as one in the tree: without union tags, and without the index of a list left out."""
    location: Location = ()
    for part in loc:
        is_tag = isinstance(part, str) and part[:1] in "<["
        if is_tag or (isinstance(part, int) and (*location, part) not in tree.values):
            continue
        location = (*location, part)
    return location


def _choice(context: Mapping[str, Any], value: object) -> tuple[str, str]:
    expected = context["expected"].replace("'", "")
    hint = did_you_mean(value, expected.replace(" or ", ", ").split(", ")) if isinstance(value, str) else ""
    return f"one of {expected}", hint if hint.startswith("did") else ""


def _words(expected: str, hint: str = "") -> Callable[[Mapping[str, Any], object], tuple[str, str]]:
    return lambda context, value: (expected.format(**context), hint)


def _list(context: Mapping[str, Any], value: object) -> tuple[str, str]:
    is_word = isinstance(value, str) and value.isprintable() and not set(value) & set("[]{},:")
    return "a list", f"a list is written in brackets: [{value}]" if is_word else ""


def _text(context: Mapping[str, Any], value: object) -> tuple[str, str]:
    return "text", "put it in quotes" if isinstance(value, int | float) else ""


_EXPECTED: dict[str, Callable[[Mapping[str, Any], object], tuple[str, str]]] = {
    "string_type": _text,
    "int_type": _words("a whole number"),
    "float_type": _words("a number"),
    "bool_type": _words("true or false"),
    "tuple_type": _list,
    "dict_type": _words("a mapping of keys to values"),
    "enum": _choice,
    "literal_error": _choice,
    "greater_than_equal": _words("a number of at least {ge:g}"),
    "greater_than": _words("a number above {gt:g}"),
    "less_than_equal": _words("a number of at most {le:g}"),
}
