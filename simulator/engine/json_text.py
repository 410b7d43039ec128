"""JSON as Step Functions writes it: no spaces, keys in their order, characters as they are."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from simulator.engine.failures import ExpressionError
from simulator.json_types import JsonValue

MAX_PAYLOAD_BYTES = 262_144
TOO_DEEP = "The value is nested too deeply."

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_EXPONENT = re.compile(r'("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?)e([+-]?)0*(\d+)')


def encode(value: JsonValue) -> str:
    """The JSON text of a value. Exponents are written as `1.0E21`."""
    text = _encode(value)
    return _EXPONENT.sub(_exponent, text) if "e+" in text or "e-" in text else text


def text_of(value: JsonValue) -> str:
    """A value inside of a formatted string, as Java writes maps and lists: `{name=value}`, `[1, 2]`."""
    match value:
        case str():
            return value
        case None | bool() | int() | float():
            return encode(value)
        case Mapping():
            return "{" + ", ".join(f"{key}={text_of(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(map(text_of, value)) + "]"


def decode(text: str) -> Any:
    """The value of a JSON text. Raises ValueError for anything else (also NaN, and nesting too deep to read)."""
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def size_bytes(text: str) -> int:
    """The length of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


class Document:
    """A JSON value together with its text, which is made when first asked for. Neither is ever changed."""

    __slots__ = ("_text", "value")

    def __init__(self, value: JsonValue, text: str | None = None) -> None:
        self.value = value
        self._text = text

    @property
    def text(self) -> str:
        """The value as JSON text. Raises `ExpressionError` for one that is nested too deeply."""
        if self._text is None:
            try:
                self._text = encode(self.value)
            except RecursionError:
                raise ExpressionError(TOO_DEEP) from None
        return self._text


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise ValueError(f"{number} is too large")
    return value


def _exponent(match: re.Match[str]) -> str:
    string, digits, sign, power = match.groups()
    if string:
        return str(string)
    mantissa = digits if "." in digits else f"{digits}.0"
    return f"{mantissa}E{'-' if sign == '-' else ''}{power}"
