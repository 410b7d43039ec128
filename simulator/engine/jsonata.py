"""JSONata through a library: compiled once, evaluated with `$states` and the variables, undefined told apart from null.

jsonatapy where there is a wheel for the machine, the pure jsonata-python elsewhere; both are loaded when first needed.
Evaluation is bounded in time, depth and length, so that an expression that never ends is an error.
"""

import math
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from simulator.engine.jsonata_functions import BOUND_FUNCTIONS, JsonataError
from simulator.engine.jsonata_limits import LIMITED_FUNCTIONS, needs_limit
from simulator.engine.jsonata_messages import reworded, syntax_message
from simulator.engine.pure_jsonata import cautious_pattern, library, regex_engine
from simulator.engine.scope import Scope
from simulator.json_types import JsonValue

MAX_MILLISECONDS = 1_000
MAX_PURE_MILLISECONDS = 5_000
MAX_DEPTH = 100
MAX_SEQUENCE = 100_000
MAX_COMPILED = 4_096
_NAME = re.compile(r"\$([^\W\d]\w*)")


class Undefined:
    """What an expression gives that matches nothing; not the same as null."""


UNDEFINED = Undefined()


class Unsupported(JsonataError):
    """An expression gave something that is no JSON, such as a function."""


class InvalidJsonata(ValueError):
    """A text is not a JSONata expression."""


@dataclass(frozen=True, slots=True)
class Jsonata:
    """A compiled expression. `names` are the variables it mentions."""

    text: str
    names: frozenset[str]
    run: Callable[[dict[str, Any], Scope], Any]
    classify: Callable[[dict[str, Any], Scope], Any]

    def evaluate(self, scope: Scope) -> JsonValue | Undefined:
        """Its value, `UNDEFINED` if it matches nothing. Raises `JsonataError`, `Unsupported`."""
        bindings = self._bindings(scope)
        value = self.run(bindings, scope)
        if value is None:
            return self._nothing(bindings, scope)
        if isinstance(value, float) and not math.isfinite(value):
            return (
                None  # observed: what is beyond all numbers is taken where it is the whole result; JSON has only null for it
            )
        if not _is_json(value):
            raise Unsupported("")
        return value  # type: ignore[no-any-return]

    def _bindings(self, scope: Scope) -> dict[str, Any]:
        bindings = {name: _plain(value) for name, value in scope.variables.items() if name in self.names}
        if "states" in self.names:
            states = {"input": scope.input, **scope.states}
            if "context" in self.text:
                states["context"] = scope.context()
            bindings["states"] = _plain(states)
        return bindings

    def _nothing(self, bindings: dict[str, Any], scope: Scope) -> JsonValue | Undefined:
        """Null, undefined and functions all come out of the library as None."""
        kind = self.classify(bindings, scope)
        if kind == "function":
            raise Unsupported("")
        return None if kind == "null" else UNDEFINED


def compile_jsonata(text: str) -> Jsonata:
    """The expression that a text holds. Raises `InvalidJsonata`."""
    names = frozenset(_NAME.findall(text))
    run = _engine()(text, names)
    return Jsonata(text, names, run, _engine()(f"$type(({text}\n))", names))


def compile_pattern(pattern: str, letters: str) -> Callable[[str], bool]:
    """Whether a whole text matches a regular expression, in time that grows with the text alone.

    `letters` are its flags (`i`, `m`, `s`). Raises ValueError for a pattern that cannot be matched so.
    """
    if _engine() is _pure:
        compiled = cautious_pattern(pattern, sum(getattr(re, letter.upper()) for letter in letters))
        return lambda text: compiled.fullmatch(text) is not None
    escaped = re.sub(r"\\.|/", lambda sign: "\\/" if sign[0] == "/" else sign[0], pattern)
    flags = f"(?{letters})" if letters else ""
    run = _native(f"$contains($text, /{flags}\\A(?:{escaped})\\z/)", frozenset({"text"}))
    return lambda text: run({"text": text}, _NOWHERE) is True


_JOIN = re.compile(r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\$join\b""", re.DOTALL)
"""Calls of a function, and the texts in which its name means nothing."""

_NOWHERE: Any = None
"""Stands for a scope where no function looks at it."""

Runner = Callable[[dict[str, Any], Scope], Any]


@cache
def _engine() -> Callable[[str, frozenset[str]], Runner]:
    try:
        import jsonatapy  # noqa: F401, PLC0415 - loaded when first needed
    except ImportError:
        return _pure
    return _native


def _native(text: str, names: frozenset[str]) -> Runner:
    _compiled(text, names)

    def run(bindings: dict[str, Any], scope: Scope) -> Any:
        expression, present = _compiled(text, names)
        present[:] = [scope]
        try:
            return expression.evaluate(None, bindings)
        except ValueError as error:
            raise JsonataError(reworded(str(error), partial(_second_opinion, text, names, bindings, scope))) from error

    return run


def _second_opinion(text: str, names: frozenset[str], bindings: dict[str, Any], scope: Scope) -> str:
    """What the pure library says of a failure, for messages in which the other leaves out a name."""
    try:
        _pure(text, names)(bindings, scope)
    except ValueError as error:
        return str(error).partition(": ")[2]
    return ""


class _Compiled(threading.local):
    """The library's expressions may only be used, and dropped, in the thread that made them: each thread has its own."""

    def __init__(self) -> None:
        self.expressions: dict[str, tuple[Any, list[Scope]]] = {}


_here = _Compiled()


def _compiled(text: str, names: frozenset[str]) -> tuple[Any, list[Scope]]:
    """The expression of this thread, and the list whose one item is the scope that its functions see."""
    found = _here.expressions.get(text)
    if found is None:
        if len(_here.expressions) >= MAX_COMPILED:
            _here.expressions.clear()
        found = _here.expressions[text] = _compile(text, names)
    return found


def _compile(text: str, names: frozenset[str]) -> tuple[Any, list[Scope]]:
    import jsonatapy  # noqa: PLC0415

    present: list[Scope] = []
    functions = _overridden(text, names)
    if "join" in functions:  # the one function that the library does not let go of
        functions["joined"] = functions.pop("join")
        text = _JOIN.sub(lambda found: "$joined" if found[0] == "$join" else found[0], text)
    limits = {"timeout": MAX_MILLISECONDS, "max_stack_depth": MAX_DEPTH, "max_sequence_length": MAX_SEQUENCE}
    try:
        expression: Any = jsonatapy.compile(text, **limits)
    except ValueError as error:
        raise InvalidJsonata(syntax_message(str(error))) from error
    for name, function in functions.items():
        expression.register_override(name, _bound(function, present))
    return expression, present


def _pure(text: str, names: frozenset[str]) -> Runner:
    jsonata = library()
    present: list[Scope] = []
    try:
        expression: Any = jsonata.Jsonata(text, regex_engine)
    except Exception as error:
        raise InvalidJsonata(str(error)) from error

    def run(bindings: dict[str, Any], scope: Scope) -> Any:
        present[:] = [scope]
        frame = expression.create_frame()
        frame.set_runtime_bounds(MAX_PURE_MILLISECONDS, MAX_DEPTH)
        for name, value in bindings.items():
            frame.bind(name, value)
        for name, function in _overridden(text, names).items():
            frame.bind(name, jsonata.Jsonata.JLambda(_bound(function, present)))
        try:
            return expression.evaluate(None, frame)
        except JsonataError:
            raise
        except Exception as error:
            words = str(error)
            code = getattr(error, "error", None)
            raise JsonataError(reworded(f"{code}: {words}" if code else words, lambda: words)) from error

    return run


def _overridden(text: str, names: frozenset[str]) -> dict[str, Callable[..., Any]]:
    """The functions of an expression that are ours."""
    always = {name: BOUND_FUNCTIONS[name] for name in names & BOUND_FUNCTIONS.keys()}
    return always | {name: LIMITED_FUNCTIONS[name] for name in names & LIMITED_FUNCTIONS.keys() if needs_limit(name, text)}


def _bound(function: Callable[..., Any], present: list[Scope]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        return function(present[0], *arguments)

    return call


def _is_json(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_is_json, value.values()))
    if isinstance(value, list):
        return all(map(_is_json, value))
    return value is None or isinstance(value, str | int)


def _plain(value: Any) -> Any:
    """A value as the library takes it: tuples as lists, whole numbers beyond 64 bits as floats."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return float(value)
    return value
