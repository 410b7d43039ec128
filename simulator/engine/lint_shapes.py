"""What documents may look like on their way through a workflow, for the linter."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

MAX_DEPTH = 8
MAX_MEMBERS = 200


@dataclass(frozen=True, slots=True)
class Shape:
    """The members that a document may have, each with its own shape. `is_open`: it may have any others beside them."""

    members: "Mapping[str, Shape]" = field(default_factory=dict)
    is_open: bool = False

    def member(self, name: str) -> "Shape":
        """What may be found under a name; anything where nothing can be said."""
        return self.members.get(name, ANYTHING)

    def may_have(self, names: Sequence[str]) -> bool:
        """Whether there may be something at the end of a path."""
        if not names:
            return True
        if names[0] not in self.members:
            return self.is_open
        return self.members[names[0]].may_have(names[1:])

    def put(self, names: Sequence[str], inner: "Shape") -> "Shape":
        """The same document with something else at the end of a path."""
        if not names:
            return inner
        below = self.members.get(names[0], ANYTHING if self.is_open else NOTHING)
        return Shape({**self.members, names[0]: below.put(names[1:], inner)}, self.is_open)

    def cut(self, depth: int = MAX_DEPTH) -> "Shape":
        """The same document without what is said of it below a depth, so that no shape grows for ever."""
        if depth == 0 or len(self.members) > MAX_MEMBERS:
            return ANYTHING
        return Shape({name: inner.cut(depth - 1) for name, inner in self.members.items()}, self.is_open)

    def __or__(self, other: "Shape") -> "Shape":
        """A document that has either shape."""
        names = [*self.members, *(name for name in other.members if name not in self.members)]
        members = {name: self._beside(other, name) for name in names}
        return Shape(members, self.is_open or other.is_open)

    def _beside(self, other: "Shape", name: str) -> "Shape":
        if name in self.members and name in other.members:
            return self.members[name] | other.members[name]
        mine, theirs = (self, other) if name in self.members else (other, self)
        return ANYTHING if theirs.is_open else mine.members[name]


NOTHING = Shape()
ANYTHING = Shape(is_open=True)
ERROR_OUTPUT = Shape({"Error": ANYTHING, "Cause": ANYTHING})


def merged(shapes: Sequence[Shape]) -> Shape:
    """What a document may have that has one of several shapes (at least one)."""
    return reduce(Shape.__or__, shapes)


def template_shape(template: Any, given: Shape, depth: int = 0) -> Shape:
    """What a payload template makes of a document."""
    if not isinstance(template, Mapping) or depth > MAX_DEPTH:
        return ANYTHING
    return Shape(
        {
            key.removesuffix(".$"): _at(given, value) if key.endswith(".$") else template_shape(value, given, depth + 1)
            for key, value in template.items()
        }
    )


def work_input(state: Mapping[str, Any], given: Shape, language: str) -> Shape:
    """What a state works on."""
    if _is_jsonata(state, language):
        return _constant_shape(state["Arguments"]) if "Arguments" in state else given
    narrowed = _narrowed(state, given)
    return template_shape(state["Parameters"], narrowed) if "Parameters" in state else narrowed


def outcomes(state: Mapping[str, Any], given: Shape, language: str) -> Iterator[tuple[str, Shape]]:
    """Where a state may lead and what it puts out on that way, from what it is given."""
    if _is_jsonata(state, language):
        yield from _jsonata_outcomes(state, given)
        return
    if "Next" in state:
        yield state["Next"], _output(state, given, _result(state, given))
    if state["Type"] == "Choice":
        shape = _through(state.get("OutputPath", "$"), _narrowed(state, given))
        targets = [rule["Next"] for rule in state["Choices"]] + [state[name] for name in ("Default",) if name in state]
        yield from ((target, shape) for target in targets)
    for rule in state.get("Catch", ()):
        yield rule["Next"], _placed(given, rule.get("ResultPath", "$"), ERROR_OUTPUT)


def _jsonata_outcomes(state: Mapping[str, Any], given: Shape) -> Iterator[tuple[str, Shape]]:
    passes_on = state["Type"] in ("Pass", "Wait", "Choice")
    own = _constant_shape(state["Output"]) if "Output" in state else given if passes_on else ANYTHING
    for name in ("Next", "Default"):
        if name in state:
            yield state[name], own
    for rule in state.get("Choices", ()):
        yield rule["Next"], _constant_shape(rule["Output"]) if "Output" in rule else given
    for rule in state.get("Catch", ()):
        yield rule["Next"], _constant_shape(rule["Output"]) if "Output" in rule else ERROR_OUTPUT


def _is_jsonata(state: Mapping[str, Any], language: str) -> bool:
    return bool(state.get("QueryLanguage", language) == "JSONata")


def _narrowed(state: Mapping[str, Any], given: Shape) -> Shape:
    return _through(state.get("InputPath", "$"), given)


def _result(state: Mapping[str, Any], given: Shape) -> Shape:
    """The result of a state's work, before ResultPath."""
    match state["Type"]:
        case "Pass":
            return _constant_shape(state["Result"]) if "Result" in state else work_input(state, given, "JSONPath")
        case "Wait":
            return _narrowed(state, given)
    return template_shape(state["ResultSelector"], ANYTHING) if "ResultSelector" in state else ANYTHING


def _constant_shape(value: Any, depth: int = 0) -> Shape:
    """A value of which only the names of members are known: a literal, or a template in JSONata."""
    if not isinstance(value, Mapping) or depth > MAX_DEPTH:
        return ANYTHING
    return Shape({key: _constant_shape(item, depth + 1) for key, item in value.items()})


def _output(state: Mapping[str, Any], given: Shape, result: Shape) -> Shape:
    if state["Type"] != "Wait":
        result = _placed(given, state.get("ResultPath", "$"), result)
    return _through(state.get("OutputPath", "$"), result)


def _placed(given: Shape, path: str | None, result: Shape) -> Shape:
    """A document with a result put at a reference path."""
    if path is None:
        return given
    names = _names(path)
    return ANYTHING if names is None else given.put(names, result)


def _through(path: str | None, given: Shape) -> Shape:
    """What InputPath or OutputPath leaves of a document."""
    return NOTHING if path is None else _at(given, path)


def _at(given: Shape, path: Any) -> Shape:
    names = _names(path)
    return ANYTHING if names is None else reduce(Shape.member, names, given)


def _names(path: Any) -> list[str] | None:
    """The names of a plain path, None for any other."""
    if path == "$":
        return []
    if not isinstance(path, str) or not path.startswith("$.") or any(sign in path for sign in "[]*?()@'\" ") or ".." in path:
        return None
    return path[2:].split(".")
