"""What all lines of control of one execution share, and the runs of its Distributed Maps."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from simulator.clock import VirtualClock
from simulator.engine.failures import StateFailure
from simulator.engine.integrations import Integrations
from simulator.engine.json_text import Document
from simulator.engine.machine import Branch
from simulator.engine.timestamps import format_timestamp
from simulator.engine.tokens import TaskTokens
from simulator.errors import ClockStuck
from simulator.journal import HistoryEvent, Journal
from simulator.json_types import JsonObject, JsonValue
from simulator.rng import Chance, Stream

if TYPE_CHECKING:
    from simulator.engine.frame import Frame

MAX_EVENTS = 25_000
MAX_EVENTS_PER_INSTANT = 100_000


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
    redrive_count: int = 0
    children: "list[Child]" = field(default_factory=list)

    @property
    def fails_too_often(self) -> bool:
        """Whether more items have failed than either of the tolerated amounts allows; with none, a single one is enough."""
        limits = [
            (self.failed, self.tolerated_count),
            (100 * self.failed / max(1, self.total), self.tolerated_percentage),
        ]
        stated = [(failed, tolerated) for failed, tolerated in limits if tolerated > 0]
        return any(failed > tolerated for failed, tolerated in stated) if stated else self.failed > 0

    def redrive(self) -> None:
        """The run goes on with what did not succeed."""
        self.status, self.ended_ms, self.failed = "RUNNING", None, 0
        self.redrive_count += 1

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

    def redrive(self) -> None:
        """Let it go on where it ended. Raises `NotRedrivable`."""
