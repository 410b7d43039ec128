"""JSONata's error messages in the words of its reference implementation, which Step Functions shows."""

import re
from collections.abc import Callable

_CODED = re.compile(r"(?:.*?: )??([STDU]\d{4}): (.*)", re.DOTALL)
_TOKENS = {
    "RightBracket": "]", "LeftBracket": "[", "RightBrace": "}", "LeftBrace": "{", "RightParen": ")", "LeftParen": "(",
    "Comma": ",", "Colon": ":", "Semicolon": ";", "Dot": ".", "Question": "?", "Assign": ":=", "Pipe": "|", "Caret": "^",
}  # fmt: skip
_TYPES = {"n": "numbers", "s": "strings", "b": "booleans", "a": "arrays", "o": "objects"}

FIXED = {
    "D1011": "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive.",
    "D1012": "Expression evaluation timeout: Check for infinite loop",
    "D1002": "Cannot negate a non-numeric value",
    "T1006": "Attempted to invoke a non-function",
}
NAMED = ("T0410", "T0411", "T0412")
"""Codes whose message names the function, which only one of the libraries knows."""


def reworded(message: str, second_opinion: Callable[[], str]) -> str:
    """A failure's message, with its code in front. `second_opinion()` is what the other library says of the same failure."""
    match = _CODED.fullmatch(message)
    if not match:
        return message
    code, words = match.groups()
    if code in FIXED:
        return f"{code}: {FIXED[code]}"
    if code in NAMED:
        words = _with_function(second_opinion()) or words
    return f"{code}: " + re.sub(r"the ([^\s\w\"]+) operator", r'the "\1" operator', words)


def syntax_message(message: str) -> str:
    """What is wrong with an expression that cannot be parsed: no code, symbols in quotation marks."""
    match = _CODED.fullmatch(message)
    words = match[2] if match else message
    names = "|".join(_TOKENS)
    return re.sub(rf"\b({names})\b", lambda token: f'"{_TOKENS[token[1]]}"', words)


def _with_function(words: str) -> str:
    words = re.sub(r"of Object (\w+)", r'of function "\1"', words).replace("Object signature", "function signature")
    return re.sub(r"array of ([nsbao])$", lambda kind: f'array of "{_TYPES[kind[1]]}"', words)
