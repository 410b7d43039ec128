"""When each state was visited, and when each transition was taken, as a fold over a journal."""

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.journal import Entry, HistoryEvent, StateCaught, StateRetried

_FAILURES = ("FailStateEntered",)
_ENDS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")


@dataclass(slots=True, eq=False)
class Visit:
    """One stay in a state, in the Parallel or Map `around` it.

    `ended_ms` is None if the run ended before the visit did. `fate` is `done`, `caught` (an error, by a rule of the state),
    `failed` (the error went on, or it is a Fail state) or `open`. `retries` counts those of the state itself.
    """

    execution: str
    state: str
    started_ms: int
    ended_ms: int | None = None
    fate: str = "open"
    retries: int = 0
    around: "Visit | None" = None


@dataclass(frozen=True, slots=True)
class Transition:
    """One state left for the next."""

    execution: str
    source: str
    target: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Visits:
    """All visits in the order in which they began, and all transitions."""

    visits: tuple[Visit, ...]
    transitions: tuple[Transition, ...]


def read_visits(journal: Iterable[Entry]) -> Visits:
    """What the journal's executions visited."""
    reading = _Reading()
    for entry in journal:
        match entry.event:
            case HistoryEvent():
                reading.add(entry.at_ms, entry.event)
            case StateRetried(execution=execution, state=state):
                reading.retry(entry.at_ms, execution, state)
            case StateCaught(execution=execution, state=state):
                reading.caught = execution, state
    return Visits(tuple(reading.visits), tuple(reading.transitions))


class _Reading:
    """The visits so far. Each history event names its predecessor; through these it belongs to a visit."""

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        self.transitions: list[Transition] = []
        self._at: dict[tuple[str, int], Visit | None] = {}
        self._left: dict[tuple[str, int], str] = {}
        self._open: dict[str, list[Visit]] = {}
        self._latest: dict[str, Visit | None] = {}
        self.caught: tuple[str, str] | None = None

    def retry(self, at_ms: int, execution: str, state: str) -> None:
        """A state tries again: the one that the execution's last event was about, or the last that is open."""
        around = _out_to(self._latest.get(execution), state)
        found = [around] if around else [visit for visit in self._open.get(execution, ()) if visit.state == state]
        for visit in found[-1:]:
            visit.retries += 1
            self._close_inside(visit, at_ms)

    def add(self, at_ms: int, event: HistoryEvent) -> None:
        execution, before = event.execution, self._at.get((event.execution, event.previous_id))
        if event.type.endswith("StateEntered") and event.state is not None:
            self._at[execution, event.id] = self._enter(at_ms, event, before)
        elif event.type.endswith("StateExited") and event.state is not None:
            self._left[execution, event.id] = event.state
            self._at[execution, event.id] = self._leave(at_ms, event, before)
        else:
            self._at[execution, event.id] = before
            if event.type in _ENDS:
                self._end(at_ms, execution)
        self._latest[execution] = self._at[execution, event.id]

    def _enter(self, at_ms: int, event: HistoryEvent, around: Visit | None) -> Visit:
        source = self._left.get((event.execution, event.previous_id))
        if source is not None:
            self.transitions.append(Transition(event.execution, source, event.state or "", at_ms))
        visit = Visit(event.execution, event.state or "", at_ms, around=around)
        self.visits.append(visit)
        if event.type in _FAILURES:
            visit.fate, visit.ended_ms = "failed", at_ms
        else:
            self._open.setdefault(event.execution, []).append(visit)
        return visit

    def _leave(self, at_ms: int, event: HistoryEvent, inside: Visit | None) -> Visit | None:
        """Close the visit that an exit belongs to; the one around it."""
        visit = _out_to(inside, event.state or "")
        if visit is None:
            return None
        # A state that catches something is left at once: no other exit comes between.
        visit.ended_ms, visit.fate = at_ms, "caught" if self.caught == (event.execution, event.state) else "done"
        self.caught = None
        self._close_inside(visit, at_ms)
        self._open[event.execution].remove(visit)
        return visit.around

    def _close_inside(self, closed: Visit, at_ms: int) -> None:
        """What is still open inside of a visit that is over was given up with it."""
        for visit in list(self._open[closed.execution]):
            if visit is not closed and _is_inside(visit, closed):
                visit.ended_ms, visit.fate = at_ms, "failed"
                self._open[closed.execution].remove(visit)

    def _end(self, at_ms: int, execution: str) -> None:
        for visit in self._open.pop(execution, ()):
            visit.ended_ms, visit.fate = at_ms, "failed"


def _out_to(visit: Visit | None, state: str) -> Visit | None:
    """The innermost visit of a state in which another happened."""
    while visit is not None and visit.state != state:
        visit = visit.around
    return visit


def _is_inside(visit: Visit, other: Visit) -> bool:
    while visit.around is not None:
        visit = visit.around
        if visit is other:
            return True
    return False
