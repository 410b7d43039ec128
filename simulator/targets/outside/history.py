"""GetExecutionHistory of an engine as events of our journal.

The API numbers events and names their predecessors; which state one belongs to, that a state was retried and which of its
rules caught an error is read from that and from the definition.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.engine.history import details_name
from simulator.journal import HistoryEvent, StateCaught, StateRetried

_OF_EXECUTIONS = ("ExecutionStarted", "ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")

Told = HistoryEvent | StateRetried | StateCaught
Rules = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Happened:
    """An event, and its virtual instant."""

    at_ms: int
    event: Told


@dataclass(slots=True)
class _Failure:
    """An error in a state that no rule has taken up yet."""

    at_ms: int
    error: str
    state: str
    caught_by: int | None = None  # the event that left the state because of it


class HistoryReader:
    """Reads the history of one execution, row after row.

    `definition` is that of its state machine; `instant` says what an engine's time, in seconds since 1970, is in virtual ms.
    """

    def __init__(self, execution: str, definition: str, instant: Callable[[float], int]) -> None:
        self.last_id = 0
        self._execution, self._instant = execution, instant
        self._states = dict(_states(json.loads(definition)))
        self._state_of: dict[int, str] = {}
        self._entered: dict[int, int] = {}
        self._failures: dict[int, _Failure] = {}
        self._attempts: dict[tuple[int, int], int] = {}

    def read(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[Happened]:
        """The events of the rows that were not read before; rows are as the API has them, oldest first."""
        for row in rows:
            if row["id"] > self.last_id:
                self.last_id = row["id"]
                yield from self._row(row)

    def _row(self, row: Mapping[str, Any]) -> Iterator[Happened]:
        identifier, previous, kind = int(row["id"]), int(row.get("previousEventId", 0)), str(row["type"])
        details, at_ms = _details(row), self._instant(float(row["timestamp"]))
        follows = previous or identifier - 1  # some engines name no predecessors
        state = self._state(kind, details, follows)
        if state is not None:
            self._state_of[identifier] = state
            self._entered[identifier] = identifier if kind.endswith("StateEntered") else self._entered.get(follows, 0)
        yield from self._taken_up(identifier, follows, kind, details, at_ms)
        yield Happened(at_ms, HistoryEvent(self._execution, identifier, previous, kind, state, details))
        if state is not None and "error" in details and not kind.startswith("Execution"):
            self._failures[identifier] = _Failure(at_ms, str(details["error"]), state)

    def _state(self, kind: str, details: Mapping[str, Any], previous: int) -> str | None:
        if kind in _OF_EXECUTIONS:
            return None
        return str(details["name"]) if "name" in details else self._state_of.get(previous)

    def _taken_up(
        self, identifier: int, previous: int, kind: str, details: Mapping[str, Any], at_ms: int
    ) -> Iterator[Happened]:
        """What an event says of the error before it: the state is retried, or left for where a catcher leads."""
        failure = self._failures.pop(previous, None)
        if failure is None:
            return
        rules = self._states.get(failure.state, {})
        if failure.caught_by is not None:
            caught = StateCaught(self._execution, failure.state, failure.error, failure.caught_by, str(details.get("name")))
            yield Happened(failure.at_ms, caught)
        elif kind.endswith("StateExited"):
            self._failures[identifier] = failure
            failure.caught_by = _rule(rules.get("Catch", ()), failure.error)
        elif kind.endswith(("Scheduled", "StateStarted")):
            number = _rule(rules.get("Retry", ()), failure.error)
            attempt = self._attempts[self._entered[identifier], number] = (
                self._attempts.get((self._entered[identifier], number), 0) + 1
            )
            waited_ms = at_ms - failure.at_ms
            retried = StateRetried(self._execution, failure.state, failure.error, number, attempt, waited_ms)
            yield Happened(failure.at_ms, retried)


def _details(row: Mapping[str, Any]) -> dict[str, Any]:
    name = details_name(str(row["type"]))
    return dict(row.get(name) or {}) if name else {}


def _states(machine: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every state by its name, at any depth."""
    for name, state in machine.get("States", {}).items():
        yield name, state
        inner = [state[key] for key in ("Iterator", "ItemProcessor") if key in state]
        for part in (*state.get("Branches", ()), *inner):
            yield from _states(part)


def _rule(rules: Rules, error: str) -> int:
    """The number of the rule that takes an error; 0 where it cannot be told."""
    for number, rule in enumerate(rules):
        named = rule.get("ErrorEquals", ())
        if error in named or "States.ALL" in named or ("States.TaskFailed" in named and error != "States.Timeout"):
            return number
    return 0
