"""Rules of the linter about how long things take: loops that nothing ends, limits that can never be met."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulator.engine.findings import Pointer
from simulator.engine.graph import loops, targets
from simulator.engine.lint_rules import Note
from simulator.engine.schema import inner_workflows
from simulator.json_types import JsonObject

EXPRESS_SECONDS = 300
COUNTING = ("Numeric", "Timestamp")
"""Comparisons with which a loop counts its rounds or looks at the time."""


def check_bounds(definition: JsonObject, *, is_express: bool) -> Iterator[Note]:
    """Notes on loops and time limits of a machine and of the workflows inside of it."""
    limit: Any = definition.get("TimeoutSeconds")
    if is_express:
        limit = min(limit or EXPRESS_SECONDS, EXPRESS_SECONDS)
    yield from _workflow(definition, (), limit)


def _workflow(owner: JsonObject, at: Pointer, limit: int | None) -> Iterator[Note]:
    states: Any = owner["States"]
    for group in loops(states):
        yield from _loop(group, states, at, limit)
    for name, state in states.items():
        here = (*at, "States", name)
        if limit is not None:
            yield from _limited(name, state, here, limit)
        for pointer, inner in inner_workflows(state, str(state["Type"]), here):
            if isinstance(inner, Mapping):
                yield from _workflow(inner, pointer, limit)


def _loop(group: Sequence[str], states: Any, at: Pointer, limit: int | None) -> Iterator[Note]:
    name = next((name for name in group if states[name]["Type"] == "Wait"), group[0])
    here = (*at, "States", name)
    if not any(_leaves(states[member], group) for member in group):
        message = f"no transition leads out of the loop through '{name}'"
        yield Note("no-way-out", here, message, "let a Choice or a Catch lead to a state that ends")
    elif limit is None and not any(_counts(states[member]) for member in group):
        message = f"the loop through '{name}' has no bound: an execution may go round it until its history is full"
        yield Note("unbounded-loop", here, message, "give the machine a TimeoutSeconds, or count the rounds")


def _leaves(state: JsonObject, group: Sequence[str]) -> bool:
    return state.get("End") is True or any(target not in group for _, target in targets(state))


def _counts(state: JsonObject) -> bool:
    """Whether a Choice compares numbers or instants; in JSONata, whether a condition compares at all more or less."""
    return state["Type"] == "Choice" and any(map(_is_counting, _items(state, "Choices")))


def _is_counting(rule: Any) -> bool:
    if not isinstance(rule, Mapping):
        return False
    if any(key.startswith(COUNTING) for key in rule):
        return True
    if any(sign in str(rule.get("Condition", "")) for sign in "<>"):
        return True
    return any(_is_counting(inner) for key in ("And", "Or") for inner in _items(rule, key)) or _is_counting(rule.get("Not"))


def _items(owner: Mapping[str, Any], field: str) -> Sequence[Any]:
    value = owner.get(field)
    return value if isinstance(value, list) else []


def _limited(name: str, state: Mapping[str, Any], at: Pointer, limit: int) -> Iterator[Note]:
    for field in ("TimeoutSeconds", "Seconds"):
        own = state.get(field)
        if isinstance(own, int) and own >= limit:
            message = f"'{name}' may take {own} s, but the whole execution ends after {limit} s"
            yield Note("timeout-unreachable", (*at, field), message, "make the machine's TimeoutSeconds the longest")
            return
    longest = _longest_seconds(state)
    if longest > limit:
        message = f"the attempts of '{name}' may take {longest:.0f} s, but the whole execution ends after {limit} s"
        yield Note("timeout-shorter-than-retries", at, message, "make the machine's TimeoutSeconds longer, or retry less")


def _longest_seconds(state: Mapping[str, Any]) -> float:
    """How long a task with a time limit takes at most, the waits and attempts of its longest retrier included."""
    limit = state.get("TimeoutSeconds")
    if state["Type"] != "Task" or not isinstance(limit, int):
        return 0
    return limit + max((_retries_seconds(rule, limit) for rule in _items(state, "Retry")), default=0)


def _retries_seconds(rule: Mapping[str, Any], limit: int) -> float:
    """How long a retrier goes on. An attempt takes its whole time only before it times out: not if that is not retried."""
    if not {"States.ALL", "States.Timeout"} & set(_items(rule, "ErrorEquals")):
        limit = 0
    attempts, bound = rule.get("MaxAttempts", 3), rule.get("MaxDelaySeconds", 99_999_999)
    wait, total = rule.get("IntervalSeconds", 1), 0.0
    for _ in range(min(attempts, 1_000)):
        total += limit + min(wait, bound)
        wait = min(wait * rule.get("BackoffRate", 2.0), 1e9)
    return total
