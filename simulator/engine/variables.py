"""Variables: where their names may be used again, and how much they may hold."""

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.engine.findings import SCHEMA, Finding, Pointer
from simulator.engine.json_text import encode, size_bytes
from simulator.json_types import JsonObject, JsonValue

MAX_TOTAL_BYTES = 10 * 1024 * 1024
MAX_NAME_LENGTH = 80


def check_variables(owner: JsonObject, at: Pointer = (), outer: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """Findings about variables of branches and processors that have the name of an outer one.

    States inside see the variables outside but cannot assign them. A Distributed Map's processor sees none of them, so it
    may use every name anew.
    """
    states = owner.get("States")
    if not isinstance(states, Mapping):
        return
    own = frozenset(name for state in states.values() for _, name in _assigned(state, ()))
    for name, state in states.items():
        for pointer, variable in _assigned(state, (*at, "States", name)):
            if not is_variable_name(variable):
                yield Finding(SCHEMA, f"'{variable}' is not a valid variable name", pointer)
            elif variable in outer:
                yield Finding(SCHEMA, f"Variable '{variable}' is already assigned in an outer scope", pointer)
        for pointer, inner in _inner(state, (*at, "States", name)):
            yield from check_variables(inner, pointer, frozenset() if _is_distributed(inner) else outer | own)


def is_variable_name(name: str) -> bool:
    """Whether a variable may have a name: a Unicode identifier of at most 80 characters, but not the reserved `states`."""
    return name.isidentifier() and len(name) <= MAX_NAME_LENGTH and name != "states"


def total_bytes(variables: Mapping[str, JsonValue]) -> int:
    """What variables hold together, in bytes of JSON."""
    return sum(size_bytes(encode(value)) for value in variables.values())


def _assigned(state: Any, at: Pointer) -> Iterator[tuple[Pointer, str]]:
    """The variables that a state, its rules and its catchers assign, each with the way to it."""
    if not isinstance(state, Mapping):
        return
    owners: list[tuple[Pointer, Any]] = [(at, state)]
    for field in ("Choices", "Catch"):
        rules = state.get(field)
        owners += [((*at, field, index), rule) for index, rule in enumerate(rules if isinstance(rules, list) else [])]
    for pointer, owner in owners:
        variables = owner.get("Assign") if isinstance(owner, Mapping) else None
        for name in variables if isinstance(variables, Mapping) else ():
            yield (*pointer, "Assign", name), name.removesuffix(".$")


def _inner(state: Any, at: Pointer) -> Iterator[tuple[Pointer, JsonObject]]:
    if not isinstance(state, Mapping):
        return
    branches = state.get("Branches")
    for index, branch in enumerate(branches if isinstance(branches, list) else []):
        if isinstance(branch, Mapping):
            yield (*at, "Branches", index), branch
    for name in ("ItemProcessor", "Iterator"):
        if isinstance(processor := state.get(name), Mapping):
            yield (*at, name), processor


def _is_distributed(processor: JsonObject) -> bool:
    config: Any = processor.get("ProcessorConfig")
    return isinstance(config, Mapping) and config.get("Mode") == "DISTRIBUTED"
