"""Intrinsic functions, `States.Format('{}', $.name)`: their grammar, and their evaluation against a scope."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from simulator.engine.failures import ExpressionError
from simulator.engine.intrinsic_functions import FUNCTIONS, FunctionError
from simulator.engine.json_text import decode, encode
from simulator.engine.paths import InvalidPath, Path, PathMissing, compile_path
from simulator.engine.scope import Scope
from simulator.engine.weight import MAX_UNWEIGHED_FIELDS, MAX_WEIGHT, too_heavy, weighed
from simulator.json_types import JsonValue

MAX_NESTING = 10
Argument = Callable[[Scope], JsonValue]

_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"States\.([A-Za-z0-9]+)\s*\(")
_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORDS: dict[str, JsonValue] = {"true": True, "false": False, "null": None}
_WORD = re.compile(r"true|false|null")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPABLE = frozenset("'{}\\nrtbfu/")  # not the double quote, which Step Functions refuses
_ESCAPED = re.compile(r"\\(['{}\\])")


class InvalidIntrinsic(ValueError):
    """A text is not a call of an intrinsic function."""


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """A compiled call. `read(scope)` gives its value, or raises `ExpressionError`."""

    text: str
    call: Argument

    def read(self, scope: Scope) -> JsonValue:
        """The value of the call."""
        try:
            return self.call(scope)
        except FunctionError as error:
            raise ExpressionError(
                f"The function '{self.text}' had the following error: {error}", "States.IntrinsicFailure"
            ) from error
        except _ArgumentMissing as error:
            raise ExpressionError(f"The function '{self.text}' had the following error: {error}") from error


class _ArgumentMissing(Exception):
    pass


@lru_cache(maxsize=4096)
def compile_intrinsic(text: str) -> Intrinsic:
    """The call that a text describes. Raises `InvalidIntrinsic`."""
    call, end = _call(text, _skip(text, 0), 0)
    if _skip(text, end) != len(text):
        raise InvalidIntrinsic(text)
    return Intrinsic(text, call)


def is_intrinsic(text: str) -> bool:
    """Whether a text looks like the call of an intrinsic function."""
    return text.startswith("States.")


def _call(text: str, at: int, depth: int) -> tuple[Argument, int]:
    match = _NAME.match(text, at)
    if not match or match[1] not in FUNCTIONS or depth > MAX_NESTING:
        raise InvalidIntrinsic(text)
    arguments, end = _arguments(text, match.end(), depth)
    function, (least, most) = FUNCTIONS[match[1]]
    if not least <= len(arguments) <= most:
        raise InvalidIntrinsic(text)
    weigh = weighed if text.count("$") > MAX_UNWEIGHED_FIELDS else _short

    def call(scope: Scope) -> JsonValue:
        return weigh(function([argument(scope) for argument in arguments], scope))

    return call, end


def _short(value: JsonValue) -> JsonValue:
    """A function that writes texts into texts may double them each time."""
    if isinstance(value, str) and len(value) > MAX_WEIGHT:
        raise too_heavy()
    return value


def _arguments(text: str, at: int, depth: int) -> tuple[Sequence[Argument], int]:
    arguments: list[Argument] = []
    at = _skip(text, at)
    if text[at : at + 1] == ")":
        return arguments, at + 1
    while True:
        argument, at = _argument(text, at, depth)
        arguments.append(argument)
        at = _skip(text, at)
        if text[at : at + 1] == ")":
            return arguments, at + 1
        if text[at : at + 1] != ",":
            raise InvalidIntrinsic(text)
        at = _skip(text, at + 1)


def _argument(text: str, at: int, depth: int) -> tuple[Argument, int]:
    if text.startswith("States.", at):
        return _call(text, at, depth + 1)
    if text.startswith("$", at):
        return _path(text, at)
    if match := _STRING.match(text, at):
        return _string(match[1], text), match.end()
    if match := _WORD.match(text, at):
        return _constant(_WORDS[match.group()]), match.end()
    if match := _NUMBER.match(text, at):
        return _constant(_number(match.group(), text)), match.end()
    raise InvalidIntrinsic(text)


def _number(digits: str, text: str) -> JsonValue:
    try:
        number: JsonValue = decode(digits)
    except ValueError as error:
        raise InvalidIntrinsic(text) from error
    return number


def _string(quoted: str, text: str) -> Argument:
    """A quoted string. Format must tell an escaped brace from a placeholder, so it also gets the text as written."""
    if "\\" not in quoted:
        return _constant(quoted)
    if any(letter not in _ESCAPABLE for letter in _ESCAPE.findall(quoted)):
        raise InvalidIntrinsic(text)
    return _constant(Quoted(_unescape(quoted), template=quoted))


def _unescape(quoted: str) -> str:
    return _ESCAPED.sub(r"\1", quoted)


class Quoted(str):
    """A string literal that had escapes; `template` is how it was written."""

    __slots__ = ("template",)
    template: str

    def __new__(cls, value: str, template: str) -> "Quoted":
        """The value without its escapes, beside the text with them."""
        quoted = super().__new__(cls, value)
        quoted.template = template
        return quoted


def _constant(value: JsonValue) -> Argument:
    return lambda scope: value


def _path(text: str, at: int) -> tuple[Argument, int]:
    end = _path_end(text, at)
    try:
        path = compile_path(text[at:end].rstrip())
    except InvalidPath as error:
        raise InvalidIntrinsic(text) from error
    return _reader(path), end


def _reader(path: Path) -> Argument:
    def read(scope: Scope) -> JsonValue:
        try:
            return path.read(scope)
        except PathMissing as error:
            told = path.text[1:] if path.root == "$$" else path.text  # the context object is `$` too in these words
            raise _ArgumentMissing(
                f"The JsonPath argument for the field '{told}' could not be found in the input '{encode(scope.input)}'"
            ) from error

    return read


def _path_end(text: str, at: int) -> int:
    """Where a path ends: at a comma or parenthesis outside of its own brackets and quotes."""
    depth, quote = 0, ""
    for index in range(at, len(text)):
        character = text[index]
        if quote:
            quote = "" if character == quote and text[index - 1] != "\\" else quote
        elif character in "'\"":
            quote = character
        elif character in "[(":
            depth += 1
        elif depth == 0 and character in ",)":
            return index
        elif character in "])":
            depth -= 1
    return len(text)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
