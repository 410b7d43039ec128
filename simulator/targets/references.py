"""Whether the states, operations and functions that a scenario speaks of exist: what is misspelled would never be seen."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from simulator.errors import Problem, ScenarioError
from simulator.scenario import expressions as said
from simulator.scenario.faults import parse_operation
from simulator.scenario.model import Scenario
from simulator.scenario.names import did_you_mean
from simulator.scenario.system import function_name
from simulator.scenario.triggers import CallIs, FunctionIs, StateIs, Trigger
from simulator.targets.arming import modelled_errors

Location = tuple[str | int, ...]


def check_references(scenario: Scenario, definition: str) -> None:
    """Raises ScenarioError with everything that a scenario names and its state machine, functions or AWS do not have."""
    states = frozenset(_states(json.loads(definition)))
    functions = frozenset(function_name(placeholder) for placeholder in scenario.system.handlers)
    problems = [
        Problem(scenario.where(*location), message, hint)
        for location, kind, name in _named(scenario)
        for message, hint in _missing(kind, name, states, functions)
    ]
    if problems:
        raise ScenarioError(sorted(problems, key=_place))


def _place(problem: Problem) -> list[int]:
    return [int(part) for part in problem.where.split(":")[-2:]]


def _missing(kind: str, name: str, states: frozenset[str], functions: frozenset[str]) -> Iterator[tuple[str, str]]:
    match kind:
        case "state" if name not in states:
            yield f"the state machine has no state `{name}`", did_you_mean(name, sorted(states))
        case "function" if name not in functions:
            yield f"no function is named `{name}`", did_you_mean(name, sorted(functions))
        case "operation":
            try:
                modelled_errors(parse_operation(name))
            except LookupError:
                yield f"AWS has no operation {name}", "spell it as the SDK does"


def _states(machine: Any) -> Iterator[str]:
    """The names of all states, at any depth."""
    for name, state in machine.get("States", {}).items():
        yield name
        for inner in (*state.get("Branches", ()), *(state[key] for key in ("Iterator", "ItemProcessor") if key in state)):
            yield from _states(inner)


def _named(scenario: Scenario) -> Iterator[tuple[Location, str, str]]:
    """(location, kind, name) of everything that is named."""
    yield from _in_expectations(scenario)
    for location, trigger in _triggers(scenario):
        match trigger.kind:
            case StateIs(state=state):
                yield location, "state", state
            case FunctionIs(function=function):
                yield location, "function", function
            case CallIs(operation=operation):
                yield location, "operation", operation


def _in_expectations(scenario: Scenario) -> Iterator[tuple[Location, str, str]]:
    expect = scenario.expect
    for operation in expect.calls:
        yield ("expect", "calls", operation), "operation", operation
    for index, retries in enumerate(expect.retries):
        if retries.state is not None:
            yield ("expect", "retries", index, "state"), "state", retries.state
        elif retries.call is not None:
            yield ("expect", "retries", index, "call"), "operation", retries.call


def _triggers(scenario: Scenario) -> Iterator[tuple[Location, Trigger]]:
    """Every moment that the scenario speaks of, with its place."""
    for index, fault in enumerate(scenario.faults):
        during = getattr(fault, "during", None)
        after = during.after if during is not None else getattr(fault, "after", None)
        if after is not None:
            yield ("faults", index, "during" if during is not None else "after"), after
    for index, operator in enumerate(scenario.operators):
        yield ("operators", index, "when"), operator.when
    for index, request in enumerate(scenario.requests):
        yield ("requests", index, "when"), request.when
    for index, condition in enumerate(scenario.abort_if):
        if isinstance(condition.what, Trigger):
            yield ("abortIf", index), condition.what
    statements: Mapping[str, tuple[said.Statement, ...]] = {
        "always": scenario.expect.always,
        "never": scenario.expect.never,
        "sometimes": scenario.expect.sometimes,
    }
    for key, listed in statements.items():
        for index, statement in enumerate(listed):
            yield from ((("expect", key, index), trigger) for trigger in _moments(statement.form))


def _moments(form: said.Form) -> tuple[Trigger, ...]:
    match form:
        case said.Happens(what=what):
            return (what,)
        case said.Before(first=one, second=other) | said.After(later=one, earlier=other):
            return one, other
        case said.Within(cause=cause, effect=effect):
            return cause, effect
