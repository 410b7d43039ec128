"""What there is to be reached in a definition: states, transitions, branches of Choices, retriers and catchers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from simulator.engine.findings import Pointer
from simulator.engine.graph import targets
from simulator.engine.json_text import decode, encode
from simulator.engine.schema import inner_workflows


class Kind(StrEnum):
    """The kinds of element, in the order in which reports have them."""

    STATES = "states"
    TRANSITIONS = "transitions"
    CHOICES = "choices"
    RETRIERS = "retriers"
    CATCHERS = "catchers"


@dataclass(frozen=True, slots=True)
class Element:
    """One thing that an execution can reach.

    `state` is the state that it belongs to; the names of states are unique in a definition. `index` is the place of a rule
    in Choices, Retry or Catch, None for the Default of a Choice and for what is no rule; `target` where it leads, None if
    nowhere else. `errors` are what a rule for errors is about. `pointer` says where in the definition it stands.
    """

    kind: Kind
    state: str
    index: int | None
    target: str | None
    errors: tuple[str, ...]
    pointer: Pointer

    def __str__(self) -> str:
        match self.kind:
            case Kind.STATES:
                return self.state
            case Kind.TRANSITIONS:
                return f"{self.state} → {self.target}"
            case Kind.CHOICES:
                branch = "Default" if self.index is None else f"rule {self.index + 1}"
                return f"{self.state}, {branch} → {self.target}"
            case Kind.RETRIERS:
                return f"{self.state}, retrier {(self.index or 0) + 1} ({_few(self.errors)})"
            case Kind.CATCHERS:
                return f"{self.state}, catcher {(self.index or 0) + 1} ({_few(self.errors)}) → {self.target}"


@lru_cache(maxsize=64)
def elements(text: str) -> tuple[Element, ...]:
    """Every element of a definition that Step Functions would take, state by state.

    A retrier with `MaxAttempts: 0` is there to keep a later one from retrying; it can never retry, and is none.
    """
    definition = decode(text)
    return tuple(element for name, state, at in _states(definition, ()) for element in _of_state(name, state, at))


@lru_cache(maxsize=64)
def bare(text: str) -> str:
    """A definition without white space and the comments of its states: the same for all that run alike."""
    return encode(_uncommented(decode(text)))


def _states(owner: Mapping[str, Any], at: Pointer) -> Iterator[tuple[str, Mapping[str, Any], Pointer]]:
    for name, state in owner["States"].items():
        here = (*at, "States", name)
        yield name, state, here
        for pointer, inner in inner_workflows(state, str(state["Type"]), here):
            if isinstance(inner, Mapping):
                yield from _states(inner, pointer)


def _of_state(name: str, state: Mapping[str, Any], at: Pointer) -> Iterator[Element]:
    yield Element(Kind.STATES, name, None, None, (), at)
    leads: dict[str, Pointer] = {}
    for pointer, target in targets(state):
        leads.setdefault(target, pointer)
    for target, pointer in leads.items():
        yield Element(Kind.TRANSITIONS, name, None, target, (), (*at, *pointer))
    for index, rule in enumerate(state.get("Choices", ())):
        yield Element(Kind.CHOICES, name, index, rule["Next"], (), (*at, "Choices", index))
    if "Default" in state:
        yield Element(Kind.CHOICES, name, None, state["Default"], (), (*at, "Default"))
    for index, rule in enumerate(state.get("Retry", ())):
        if rule.get("MaxAttempts") != 0:
            yield Element(Kind.RETRIERS, name, index, None, tuple(rule["ErrorEquals"]), (*at, "Retry", index))
    for index, rule in enumerate(state.get("Catch", ())):
        yield Element(Kind.CATCHERS, name, index, rule["Next"], tuple(rule["ErrorEquals"]), (*at, "Catch", index))


def _uncommented(owner: Mapping[str, Any]) -> dict[str, Any]:
    """A workflow and all that is in it without `Comment`; what stands in payloads is data, and stays."""
    kept = {name: value for name, value in owner.items() if name != "Comment"}
    if isinstance(states := kept.get("States"), Mapping):
        kept["States"] = {name: _uncommented(state) for name, state in states.items()}
    for field in ("ItemProcessor", "Iterator"):
        if isinstance(inner := kept.get(field), Mapping):
            kept[field] = _uncommented(inner)
    if kept.get("Type") == "Parallel":
        kept["Branches"] = [_uncommented(branch) for branch in kept.get("Branches", ())]
    return kept


def _few(errors: Sequence[str]) -> str:
    return ", ".join(errors[:2]) + (", ..." if len(errors) > 2 else "")
