"""The linter's rule about payloads: a path that reads what the states before it do not pass on.

What each state puts out is followed through the workflow as a `Shape`, the members that a document may have. A path is
reported only if it is certain to find nothing after one of the states that lead there.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.engine.findings import Pointer
from simulator.engine.graph import walk
from simulator.engine.lint_rules import Note
from simulator.engine.lint_shapes import ANYTHING, Shape, merged, outcomes, template_shape, work_input
from simulator.engine.schema import inner_workflows
from simulator.json_types import JsonObject

MAX_STEPS = 20_000
PATH = re.compile(r"\$((?:\.[A-Za-z_]\w*)+)")
"""The paths that are looked at: plain names from the state's input on."""


def check_payloads(definition: JsonObject, language: str) -> Iterator[Note]:
    """Notes on every path, of a machine and of the workflows inside of it, that finds nothing for certain."""
    yield from _workflow(definition, (), language, ANYTHING)


def _workflow(owner: JsonObject, at: Pointer, language: str, given: Shape) -> Iterator[Note]:
    flow = _Flow(owner, language)
    flow.run(given)
    yield from flow.missing(at)
    states: Any = owner["States"]
    for name, state in states.items():
        here = (*at, "States", name)
        for pointer, inner in inner_workflows(state, str(state["Type"]), here):
            if isinstance(inner, Mapping):
                yield from _workflow(inner, pointer, language, _inner_input(state, flow.input_of(name), language))


def _inner_input(state: Mapping[str, Any], shape: Shape, language: str) -> Shape:
    """What a branch or an iteration begins with."""
    if state["Type"] == "Parallel":
        return work_input(state, shape, language)
    selector = state.get("ItemSelector", state.get("Parameters"))
    return ANYTHING if selector is None else template_shape(selector, ANYTHING)


@dataclass(frozen=True, slots=True)
class _Read:
    """A path that a state reads from its input, as names, and where it stands."""

    at: Pointer
    text: str
    names: tuple[str, ...]


class _Flow:
    """What comes into each state of one workflow, by the state it comes from (`""`: the workflow's own input).

    States are in the order in which a walk from the start meets them, so that a lack is noted where it first shows.
    """

    def __init__(self, owner: JsonObject, language: str) -> None:
        states: Any = owner["States"]
        self._states: Mapping[str, Mapping[str, Any]] = states
        self._start = str(owner["StartAt"])
        self._language = language
        first = [name for name in walk(self._start, self._states) if name in self._states]
        self._coming: dict[str, dict[str, Shape]] = {name: {} for name in first}

    def run(self, given: Shape) -> None:
        """Follow what is put out until nothing new comes in anywhere."""
        self._coming[self._start][""] = given
        waiting = [self._start]
        for _ in range(MAX_STEPS):
            if not waiting:
                return
            name = waiting.pop()
            for target, shape in outcomes(self._states[name], self.input_of(name), self._language):
                coming = self._coming[target]
                after = (coming[name] | shape if name in coming else shape).cut()
                if name not in coming or after != coming[name]:
                    coming[name] = after
                    waiting.append(target)
        self._coming = {name: {} for name in self._coming}  # too large to follow: nothing is certain

    def input_of(self, name: str) -> Shape:
        """What a state may be given, wherever it comes from."""
        shapes = list(self._coming[name].values())
        return merged(shapes) if shapes else ANYTHING

    def missing(self, at: Pointer) -> Iterator[Note]:
        """Notes on what states read and a state before them has not passed on: one for each path that one state drops."""
        noted: set[tuple[str, str]] = set()
        for name in self._coming:
            for read in self._reads(name, (*at, "States", name)):
                lacking = [source for source, shape in self._coming[name].items() if not shape.may_have(read.names)]
                dropper = self._dropper(lacking[0], read) if lacking else ""
                if lacking and (dropper, read.text) not in noted:
                    noted.add((dropper, read.text))
                    yield self._note(name, read, dropper)

    def _reads(self, name: str, at: Pointer) -> list[_Read]:
        state = self._states[name]
        return [] if state.get("QueryLanguage", self._language) == "JSONata" else list(_reads(state, at))

    def _dropper(self, source: str, read: _Read) -> str:
        """The state that lost what is read: the last on the way there that does not pass it on even if it is given it."""
        seen: set[str] = set()
        while source and source not in seen and self._keeps(source, read):
            seen.add(source)
            source = next(before for before, shape in self._coming[source].items() if not shape.may_have(read.names))
        return source

    def _keeps(self, name: str, read: _Read) -> bool:
        """Whether a state passes a path on that it is given. One that does and yet lacks it was not given it."""
        given = self.input_of(name)
        lacks = not all(shape.may_have(read.names) for shape in self._coming[name].values())
        found = outcomes(self._states[name], given.put(read.names, ANYTHING), self._language)
        return lacks and all(shape.may_have(read.names) for _, shape in found)

    def _note(self, name: str, read: _Read, source: str) -> Note:
        who = f"'{source}'" if source else "the state around it"
        message = f"{self._states[name]['Type']} '{name}' reads '{read.text}', which {who} does not pass on"
        fix = "keep it: see Parameters, ResultSelector, ResultPath and OutputPath, or the Catch's ResultPath, of that state"
        return Note("dropped-field", read.at, message, fix)


def _reads(state: Mapping[str, Any], at: Pointer) -> Iterator[_Read]:
    """The plain paths that a state reads from its raw input."""
    yield from _read(state.get("InputPath"), (*at, "InputPath"))
    if "InputPath" in state:  # what the others read, they read from what it leaves
        return
    for field in ("ItemsPath", "SecondsPath", "TimestampPath"):
        yield from _read(state.get(field), (*at, field))
    for field in ("Parameters", "ItemSelector"):
        yield from _template_reads(state.get(field), (*at, field))
    tested: set[str] = set()
    found = [read for index, rule in enumerate(state.get("Choices", ()))
             for read in _rule_reads(rule, (*at, "Choices", index), tested)]  # fmt: skip
    yield from (read for read in found if not any(_is_within(read.text, guard) for guard in tested))


def _rule_reads(rule: Any, at: Pointer, tested: set[str]) -> Iterator[_Read]:
    """What a rule reads; the paths of which it only asks whether they are there are put into `tested`."""
    if "IsPresent" in rule:
        tested.add(str(rule.get("Variable")))
        return
    for key, value in rule.items():
        if key == "Variable" or (key.endswith("Path") and isinstance(value, str)):
            yield from _read(value, (*at, key))
        elif key in ("And", "Or"):
            for index, inner in enumerate(value):
                yield from _rule_reads(inner, (*at, key, index), tested)
        elif key == "Not":
            yield from _rule_reads(value, (*at, key), tested)


def _is_within(path: str, guard: str) -> bool:
    return path == guard or path.startswith(guard + ".")


def _template_reads(value: Any, at: Pointer) -> Iterator[_Read]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from (_read if key.endswith(".$") else _template_reads)(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _template_reads(item, (*at, index))


def _read(value: Any, at: Pointer) -> Iterator[_Read]:
    match = PATH.fullmatch(value) if isinstance(value, str) else None
    if match:
        yield _Read(at, match.group(), tuple(match[1].split(".")[1:]))
