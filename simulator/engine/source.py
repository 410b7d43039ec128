"""Where in a JSON text something stands, for messages that a person can follow."""

import json
import re
from collections.abc import Sequence
from json.decoder import scanstring  # type: ignore[attr-defined]

_SPACE = re.compile(r"[ \t\n\r]*")
_decoder = json.JSONDecoder()


def locate(text: str, pointer: Sequence[str | int]) -> tuple[int, int] | None:
    """Line and column (from 1) of the value at a pointer (member names and indices), or of the nearest value around it.

    None if the text is not JSON.
    """
    try:
        at = _find(text, _skip(text, 0), pointer)
    except (ValueError, IndexError, RecursionError):
        return None
    return line_and_column(text, at)


def line_and_column(text: str, at: int) -> tuple[int, int]:
    """Line and column (from 1) of an offset."""
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _find(text: str, at: int, pointer: Sequence[str | int]) -> int:
    for step in pointer:
        inner = _item(text, at, step) if isinstance(step, int) else _member(text, at, step)
        if inner is None:
            return at
        at = inner
    return at


def _member(text: str, at: int, name: str) -> int | None:
    if text[at] != "{":
        return None
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = scanstring(text, at + 1)
        at = _skip(text, _skip(text, at) + 1)
        if key == name:
            return at
        at = _after(text, at)
    return None


def _item(text: str, at: int, index: int) -> int | None:
    if text[at] != "[":
        return None
    at = _skip(text, at + 1)
    count = 0
    while text[at] != "]":
        if count == index:
            return at
        at = _after(text, at)
        count += 1
    return None


def _after(text: str, at: int) -> int:
    """The offset behind a value and the comma that may follow it."""
    _, end = _decoder.raw_decode(text, at)
    end = _skip(text, end)
    return _skip(text, end + 1) if text[end] == "," else end


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
