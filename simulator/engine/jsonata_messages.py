"""JSONata's error messages in the words of its reference implementation, which Step Functions shows."""

import re
from collections.abc import Callable

_CODED = re.compile(r"(?:.*?: )??([STDU]\d{4}): (.*)", re.DOTALL)
_NO_NUMBER = re.compile(r"Cannot convert '(.*)' to number", re.DOTALL)
_TOKENS = {
    "RightBracket": "]", "LeftBracket": "[", "RightBrace": "}", "LeftBrace": "{", "RightParen": ")", "LeftParen": "(",
    "Comma": ",", "Colon": ":", "Semicolon": ";", "Dot": ".", "Question": "?", "Assign": ":=", "Pipe": "|", "Caret": "^",
}  # fmt: skip
_TYPES = {"n": "numbers", "s": "strings", "b": "booleans", "a": "arrays", "o": "objects"}

DEPTH = "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive."
TIME = "Expression evaluation timeout: Check for infinite loop"
MEMORY = "Expression evaluation memory limit exceeded: Check for excessive memory usage"
BOUNDS = {"D1011": DEPTH, "D1012": TIME, "D2015": MEMORY}
"""Step Functions' own bounds, of which it tells without a code."""

_ONE = "The sub-picture must not contain more than one instance of the"
FIXED = {
    "D1002": "Cannot negate a non-numeric value",
    "T1006": "Attempted to invoke a non-function",
    "D3080": "The picture string must only contain a maximum of two sub-pictures",
    "D3081": f"{_ONE} 'decimal-separator' character",
    "D3082": f"{_ONE} 'percent' character",
    "D3083": f"{_ONE} 'per-mille' character",
    "D3084": "The sub-picture must not contain both a 'percent' and a 'per-mille' character",
    "D3085": (
        "The mantissa part of a sub-picture must contain at least one character that is either an 'optional digit"
        " character' or a member of the 'decimal digit family'"
    ),
    "D3086": (
        "The sub-picture must not contain a passive character that is preceded by an active character and that is followed"
        " by another active character"
    ),
    "D3087": (
        "The sub-picture must not contain a 'grouping-separator' character that appears adjacent to a 'decimal-separator'"
        " character"
    ),
    "D3088": "The sub-picture must not contain a 'grouping-separator' at the end of the integer part",
    "D3089": "The sub-picture must not contain two adjacent instances of the 'grouping-separator' character",
    "D3090": (
        "The integer part of the sub-picture must not contain a member of the 'decimal digit family' that is followed by an"
        " instance of the 'optional digit character'"
    ),
    "D3091": (
        "The fractional part of the sub-picture must not contain an instance of the 'optional digit character' that is"
        " followed by a member of the 'decimal digit family'"
    ),
    "D3138": "The $single() function expected exactly 1 matching result.  Instead it matched more.",
    "D3139": "The $single() function expected exactly 1 matching result.  Instead it matched 0.",
}
NAMED = ("T0410", "T0411", "T0412")
"""Codes whose message names the function, which only one of the libraries knows."""


def reworded(message: str, second_opinion: Callable[[], str]) -> str:
    """A failure's message, with its code in front. `second_opinion()` is what the other library says of the same failure."""
    match = _CODED.fullmatch(message)
    if not match:
        return message.rpartition("JsonataError: ")[2]  # one of our own, with the library's word for that in front
    code, words = match.groups()
    if code in BOUNDS:
        return BOUNDS[code]
    if code in FIXED:
        return f"{code}: {FIXED[code]}"
    if code in NAMED:
        words = _with_function(second_opinion()) or words
    if number := _NO_NUMBER.fullmatch(words):
        words = f'Unable to cast value to a number: "{number[1]}"'
    return f"{code}: " + re.sub(r"the ([^\s\w\"]+) operator", r'the "\1" operator', words)


def after_sentence(message: str) -> str:
    """A failure's message as the rest of the sentence `... threw an error during evaluation`."""
    return f". {message}" if _CODED.fullmatch(message) else f": {message}"


def syntax_message(message: str) -> str:
    """What is wrong with an expression that cannot be parsed: no code, symbols in quotation marks."""
    match = _CODED.fullmatch(message)
    words = match[2] if match else message
    names = "|".join(_TOKENS)
    return re.sub(rf"\b({names})\b", lambda token: f'"{_TOKENS[token[1]]}"', words)


def _with_function(words: str) -> str:
    words = re.sub(r"of Object (\w+)", r'of function "\1"', words).replace("Object signature", "function signature")
    return re.sub(r"array of ([nsbao])$", lambda kind: f'array of "{_TYPES[kind[1]]}"', words)
