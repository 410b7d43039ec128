"""JSONata's own functions that can make a text beyond all memory of a short one, with a bound.

They stand in for the library's only where a call is not plainly harmless: the library tells undefined from null in
arguments and takes regular expressions and functions, which these cannot.
"""

import re
from collections.abc import Callable
from typing import Any

from simulator.engine.jsonata_functions import JsonataError, is_number
from simulator.engine.jsonata_messages import MEMORY
from simulator.engine.pure_jsonata import library
from simulator.engine.scope import Scope

MAX_TEXT = 1_048_576
_HARMLESS = {
    "pad": re.compile(r"""\$pad\s*\((?:[^()]*,)?\s*-?\d{1,5}\s*[,)]"""),
    "formatInteger": re.compile(r"""\$formatInteger\s*\([^()]*,\s*["'][^"'Ii]"""),
    "join": re.compile(r"""\$join\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*,\s*(["'])[^"']{0,16}\1\s*\)"""),
    "replace": re.compile(r"""\$replace\s*\([^()]*,\s*(["'])[^"']{0,16}\1\s*[,)]"""),
}


def needs_limit(name: str, text: str) -> bool:
    """Whether an expression calls a function in a way of which the size of its result cannot be told beforehand."""
    calls = text.count(f"${name}")
    if name == "replace" and ("/" in text or "function" in text or "λ" in text):
        return False
    return len(_HARMLESS[name].findall(text)) < calls or (name == "replace" and calls > 1)


def _pad(scope: Scope, text: Any = None, width: Any = None, filling: Any = " ") -> Any:
    """JSONata's own, with a bound on what it makes."""
    if text is None or width is None:
        return text
    if not isinstance(text, str) or not is_number(width) or not isinstance(filling, str):
        raise JsonataError('T0410: Argument 1 of function "pad" does not match function signature')
    missing = abs(int(width)) - len(text)
    _check_length(missing)
    repeated = filling or " "
    padding = (repeated * (missing // len(repeated) + 1))[: max(0, missing)]
    return padding + text if width < 0 else text + padding


def _format_integer(scope: Scope, number: Any = None, picture: Any = None) -> Any:
    """JSONata's own, with a bound on Roman numerals, which have a letter for every thousand."""
    if number is None:
        return None
    if not is_number(number) or not isinstance(picture, str):
        raise JsonataError('T0410: Argument 1 of function "formatInteger" does not match function signature')
    if picture[:1] in ("I", "i"):
        _check_length(abs(int(number)) // 1_000)
    try:
        return library().functions.Functions.format_integer(number, picture)
    except Exception as error:
        raise JsonataError(f"{getattr(error, 'error', 'D3130')}: {error}") from error


def _join(scope: Scope, texts: Any = None, separator: Any = None) -> Any:
    """JSONata's own, with a bound on what it makes."""
    if texts is None:
        return None
    parts = [texts] if isinstance(texts, str) else texts
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise JsonataError('T0412: Argument 1 of function "join" must be an array of "strings"')
    if separator is not None and not isinstance(separator, str):
        raise JsonataError('T0410: Argument 1 of function "join" does not match function signature')
    between = separator or ""
    _check_length(sum(map(len, parts)) + len(between) * (len(parts) - 1))
    return between.join(parts)


def _replace(scope: Scope, text: Any = None, pattern: Any = None, replacement: Any = None, limit: Any = None) -> Any:
    """JSONata's own for plain texts, with a bound on what it makes."""
    if text is None:
        return None
    for index, argument in enumerate((text, pattern, replacement), 1):
        if not isinstance(argument, str):
            raise JsonataError(f'T0410: Argument {index} of function "replace" does not match function signature')
    if not pattern:
        raise JsonataError("D3010: Second argument of replace function cannot be an empty string")
    if limit is not None and (not is_number(limit) or limit < 0):
        raise JsonataError("D3011: Fourth argument of replace function must evaluate to a positive number")
    count = text.count(pattern) if limit is None else min(text.count(pattern), int(limit))
    _check_length(len(text) + count * (len(replacement) - len(pattern)))
    return text.replace(pattern, replacement, count)


def _check_length(length: int) -> None:
    if length > MAX_TEXT:
        raise JsonataError(MEMORY)


LIMITED_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "formatInteger": _format_integer,
    "join": _join,
    "pad": _pad,
    "replace": _replace,
}
