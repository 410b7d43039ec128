"""The state of a run: what all of an execution shares, and its lines of control.

A frame is one line of control: the main line, a branch of a Parallel, an iteration of a Map. It chains its history events
(each names its predecessor in the same line) and holds the variables that its states see.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from simulator.clock import Process, VirtualClock
from simulator.engine.failures import Cancelled, ExpressionError, StateFailure
from simulator.engine.integrations import Integrations
from simulator.engine.json_text import MAX_PAYLOAD_BYTES, Document, size_bytes
from simulator.engine.machine import Branch
from simulator.engine.scope import Scope
from simulator.engine.timestamps import format_timestamp
from simulator.engine.tokens import TaskTokens
from simulator.errors import ClockStuck
from simulator.journal import HistoryEvent, Journal
from simulator.json_types import JsonObject, JsonValue
from simulator.rng import Chance, Stream

MAX_EVENTS = 25_000
MAX_EVENTS_PER_INSTANT = 100_000
COMPLETE: JsonObject = {"truncated": False}
ABORTABLE = frozenset({"Task", "Parallel", "Map", "Wait"})


@dataclass(slots=True)
class Run:
    """What all frames of one execution share."""

    arn: str
    name: str
    machine_arn: str
    machine_name: str
    role_arn: str
    input: JsonValue
    started_ms: int
    clock: VirtualClock
    chance: Chance
    journal: Journal
    integrations: Integrations
    tokens: TaskTokens
    go: Callable[["Frame", Branch, Document], Document]
    child: Callable[[Branch, str, str, str, str, bool], "Child"]
    is_express: bool = False
    redrive_count: int = 0
    redriven_ms: int | None = None
    events: int = 0
    map_runs: "list[MapRun]" = field(default_factory=list)
    _instant_ms: int = -1
    _instant_events: int = 0
    _streams: dict[str, Stream] = field(default_factory=dict)

    def record(self, kind: str, state: str | None, details: JsonObject, previous: int) -> int:
        """Write a history event; its id. Raises `StateFailure` when the history is full."""
        if self.events >= MAX_EVENTS - 1:
            self._check_bounds()
        self.events += 1
        self.journal.record(HistoryEvent(self.arn, self.events, previous, kind, state, details))
        return self.events

    def end(self, kind: str, details: JsonObject, previous: int) -> None:
        """Write the last event, for which there is always room."""
        self.events += 1
        self.journal.record(HistoryEvent(self.arn, self.events, previous, kind, None, details))

    def stream(self, purpose: str) -> Stream:
        """The draws of this execution for one purpose."""
        stream = self._streams.get(purpose)
        if stream is None:
            stream = self._streams[purpose] = self.chance.stream(f"engine.{purpose}", self.arn)
        return stream

    def timestamp(self, at_ms: int) -> str:
        """A virtual instant as the context object writes it."""
        return format_timestamp(self.clock.start + timedelta(milliseconds=at_ms))

    def _check_bounds(self) -> None:
        if not self.is_express:
            cause = f"The execution reached the maximum number of history events ({MAX_EVENTS})."
            raise StateFailure("States.Runtime", cause, is_terminal=True)
        if self.clock.now_ms != self._instant_ms:
            self._instant_ms, self._instant_events = self.clock.now_ms, 0
        self._instant_events += 1
        if self._instant_events > MAX_EVENTS_PER_INSTANT:
            raise ClockStuck(f"{self.arn} had {MAX_EVENTS_PER_INSTANT} events without time moving")


@dataclass(slots=True)
class MapRun:
    """A Distributed Map's run, as DescribeMapRun tells of it. Counts are of items."""

    arn: str
    execution_arn: str
    state: str
    label: str
    max_concurrency: int
    tolerated_count: int
    tolerated_percentage: float
    started_ms: int
    status: str = "RUNNING"
    ended_ms: int | None = None
    total: int = 0
    succeeded: int = 0
    failed: int = 0
    children: "list[Child]" = field(default_factory=list)

    def end(self, status: str, at_ms: int) -> None:
        """The run is over."""
        self.status, self.ended_ms = status, at_ms


class Child(Protocol):
    """An execution inside of a map run, as far as the map run needs it."""

    arn: str
    name: str
    input: str
    output: str | None
    error: str | None
    cause: str | None
    started_ms: int
    ended_ms: int | None

    @property
    def status(self) -> str:
        """RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""

    def run(self) -> None:
        """Run to its end in the calling process."""


class Frame:
    """One line of control. `item` is the `Map` member of the context object inside of a Map, else None.

    `position` is the state last entered and its input, `done` what a Parallel or Map had when it failed: from these a
    redriven execution goes on.
    """

    __slots__ = (
        "active",
        "call",
        "children",
        "done",
        "entered_id",
        "entered_ms",
        "entered_previous",
        "is_resuming",
        "item",
        "iteration",
        "kept",
        "position",
        "previous_id",
        "process",
        "retry_count",
        "run",
        "token",
        "variables",
    )  # fmt: skip

    def __init__(self, run: Run, variables: dict[str, JsonValue], previous_id: int, item: JsonObject | None) -> None:
        self.run = run
        self.variables = variables
        self.previous_id = previous_id
        self.item = item
        self.active: tuple[str, str] | None = None
        self.iteration: tuple[str, int] | None = None
        self.children: list[Frame] = []
        self.process: Process | None = None
        self.call: Process | None = None
        self.token: str | None = None
        self.entered_id = self.entered_previous = self.entered_ms = 0
        self.retry_count: int | None = None
        self.position: tuple[str, Document] | None = None
        self.is_resuming = False
        self.done: tuple[list[JsonValue], list[Frame]] | None = None
        self.kept: tuple[list[JsonValue], list[Frame]] | None = None

    def resume(self, previous_id: int) -> None:
        """Prepare for a redrive: the next state entered is the one that this line was in, and it is already entered."""
        self.previous_id = previous_id
        self.is_resuming = self.position is not None
        self.kept = self.done

    def finished(self) -> tuple[list[JsonValue], "list[Frame]"] | None:
        """In a redriven Parallel or Map: its results so far and its lines of control; None when it starts afresh."""
        kept, self.kept = self.kept, None
        for line in kept[1] if kept else ():
            line.resume(self.previous_id)
        return kept

    def branch(self, item: JsonObject | None = None) -> "Frame":
        """A new line of control that starts from here."""
        frame = Frame(self.run, dict(self.variables), self.previous_id, item or self.item)
        self.children.append(frame)
        return frame

    def emit(self, kind: str, state: str | None, details: JsonObject) -> int:
        """Write a history event that the next one of this line will name as its predecessor."""
        self.previous_id = self.run.record(kind, state, details, self.previous_id)
        return self.previous_id

    def note(self, kind: str, state: str | None, details: JsonObject) -> int:
        """Write a history event that the next one will pass over."""
        return self.run.record(kind, state, details, self.previous_id)

    def enter(self, kind: str, state: str, document: Document, *, has_retries: bool = False) -> Scope:
        """Enter a state: the event, and the scope of its expressions."""
        self.active = (kind, state)
        self.position = (state, document)
        self.token = None
        self.retry_count = 0 if has_retries else None
        is_entered, self.is_resuming = self.is_resuming and has_retries, False
        if is_entered:
            return Scope(document.value, self.variables, self.context, self._draws, self.run.clock)
        self.done = self.kept = None
        self.entered_previous = self.previous_id
        self.entered_ms = self.run.clock.now_ms
        details: JsonObject = {"name": state, "input": document.text, "inputDetails": COMPLETE}
        self.entered_id = self.emit(kind + "StateEntered", state, details)
        return Scope(document.value, self.variables, self.context, self._draws, self.run.clock)

    def exit(self, kind: str, state: str, document: Document, assigned: Mapping[str, JsonValue]) -> None:
        """Leave a state: the event, and the variables it assigns."""
        check_size(state, document)
        details: dict[str, JsonValue] = {"name": state, "output": document.text, "outputDetails": COMPLETE}
        if assigned:
            details["assignedVariables"] = {name: Document(value).text for name, value in assigned.items()}
            details["assignedVariablesDetails"] = COMPLETE
            self.variables = {**self.variables, **assigned}
        self.emit(kind + "StateExited", state, details)
        self.active = None

    def context(self) -> JsonObject:
        """The context object as the present state sees it."""
        run = self.run
        execution: dict[str, JsonValue] = {
            "Id": run.arn, "Input": run.input, "StartTime": run.timestamp(run.started_ms), "Name": run.name,
            "RoleArn": run.role_arn, "RedriveCount": run.redrive_count,
        }  # fmt: skip
        if run.redriven_ms is not None:
            execution["RedriveTime"] = run.timestamp(run.redriven_ms)
        state: dict[str, JsonValue] = {
            "Name": self.active[1] if self.active else "", "EnteredTime": run.timestamp(self.entered_ms)
        }  # fmt: skip
        if self.retry_count is not None:
            state["RetryCount"] = self.retry_count
        context: dict[str, JsonValue] = {
            "Execution": execution, "StateMachine": {"Id": run.machine_arn, "Name": run.machine_name}, "State": state,
        }  # fmt: skip
        if self.token is not None:
            context["Task"] = {"Token": self.token}
        if self.item is not None:
            context["Map"] = {"Item": self.item}
        return context

    def failure(self, state: str, error: ExpressionError) -> StateFailure:
        """An expression's error as the state's: its cause says where it happened."""
        cause = f"An error occurred while executing the state '{state}' (entered at the event id #{self.entered_id}). "
        cause += error.message
        if error.location is not None:
            details = {"error": error.error, "cause": cause, "location": error.location, "state": state}
            if error.is_expression and self.previous_id == self.entered_id:
                self.previous_id = self.entered_previous
            self.emit("EvaluationFailed", state, details)
        return StateFailure(error.error, cause, is_terminal=error.error == "States.Runtime", is_own=True)

    def abort(self, *, is_silent: bool = False) -> None:
        """End this line and everything below it; nothing of it runs again.

        With the events that tell of it, unless the whole execution ends: then its own last event says it all.
        """
        for child in self.children:
            child.abort(is_silent=is_silent)
        self.children = []
        if self.active and not is_silent and self.active[0] in ABORTABLE:
            self._tell(f"{self.active[0]}StateAborted", self.active[1], {})
        if self.iteration and not is_silent:
            self._tell("MapIterationAborted", self.iteration[0], {"name": self.iteration[0], "index": self.iteration[1]})
        self.active = self.iteration = None
        for process in (self.call, self.process):
            if process is not None:
                process.interrupt(Cancelled())

    def _tell(self, kind: str, state: str, details: JsonObject) -> None:
        with suppress(StateFailure):  # a full history ends the execution anyway
            self.note(kind, state, details)

    def _draws(self) -> Stream:
        return self.run.stream("draw")


def check_size(state: str, document: Document) -> None:
    """Raises `StateFailure` (States.DataLimitExceeded) for a document over Step Functions' limit."""
    if cause := oversize(state, document):
        raise StateFailure("States.DataLimitExceeded", cause, is_own=True)


def oversize(what: str, document: Document) -> str | None:
    """What is wrong with a document over Step Functions' limit, None for one within it."""
    text = document.text
    if len(text) * 4 <= MAX_PAYLOAD_BYTES or size_bytes(text) <= MAX_PAYLOAD_BYTES:
        return None
    return f"The state/task '{what}' returned a result with a size exceeding the maximum number of bytes service limit."
