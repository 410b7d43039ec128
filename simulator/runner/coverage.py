"""Coverage: which elements of the state machines that ran were reached, as a fold over journals."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from simulator.engine.elements import Element, Kind, elements
from simulator.journal import ChoiceMade, DefinitionRun, Entry, HistoryEvent, StateCaught, StateRetried

Reached = tuple[Kind, str, int | str | None]
"""An element as events tell of it: its kind, its state, and its rule's index or, of a transition, its target."""


@dataclass(frozen=True, slots=True)
class MachineCoverage:
    """How often each element of one definition was reached: `counts` has a number for each of `elements`.

    `name` is the machine's. `source` is the file that its definition stands in as seen from the working folder, empty where
    there is none, and `lines` the line of each element there, None where that cannot be told. `definition` is the text that
    ran. `executions` says how many did.
    """

    name: str
    definition: str
    counts: tuple[int, ...]
    executions: int
    source: str = ""
    lines: tuple[int | None, ...] = ()

    @property
    def elements(self) -> tuple[Element, ...]:
        """The elements of the definition."""
        return elements(self.definition)

    def of(self, kind: Kind) -> "Share":
        """How many elements of a kind were reached."""
        counts = [count for element, count in zip(self.elements, self.counts, strict=True) if element.kind is kind]
        return Share(sum(map(bool, counts)), len(counts))

    @property
    def missed(self) -> Iterator[tuple[Element, str]]:
        """What was not reached, and where it stands: `asl/plan.asl.json:31`, the file alone, or the machine's name."""
        lines = self.lines or (None,) * len(self.counts)
        for element, count, line in zip(self.elements, self.counts, lines, strict=True):
            if not count:
                place = self.source or self.name
                yield element, place if line is None else f"{place}:{line}"


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many; of nothing, everything was reached."""

    reached: int
    total: int

    @property
    def percent(self) -> float:
        """From 0 to 100; 100 only where all was reached, as it is cut off, not rounded."""
        return 100.0 if self.reached == self.total else int(1_000 * self.reached / self.total) / 10

    def __str__(self) -> str:
        return f"{self.reached} of {self.total} ({self.percent:g}%)"


def cover(journal: Iterable[Entry]) -> tuple[MachineCoverage, ...]:
    """What the executions in a journal reached, by definition, in the order in which these first ran."""
    tallies = _Tallies()
    for entry in journal:
        tallies.add(entry.event)
    return tuple(tallies.coverages())


def merged(coverages: Iterable[MachineCoverage]) -> tuple[MachineCoverage, ...]:
    """Coverage of many runs as one for each definition: from the same file, or of the same name, with the same elements."""
    found: dict[tuple[str, tuple[Element, ...]], MachineCoverage] = {}
    for one in coverages:
        key = one.source or one.name, one.elements
        found[key] = _added(found[key], one) if key in found else one
    return tuple(found.values())


def share(coverages: Iterable[MachineCoverage], kind: Kind | None = None) -> Share:
    """How much was reached of one kind of element, or of all kinds together, in all definitions."""
    kinds = list(Kind) if kind is None else [kind]
    shares = [coverage.of(one) for coverage in coverages for one in kinds]
    return Share(sum(one.reached for one in shares), sum(one.total for one in shares))


def _added(first: MachineCoverage, second: MachineCoverage) -> MachineCoverage:
    counts = tuple(map(sum, zip(first.counts, second.counts, strict=True)))
    return replace(first, counts=counts, executions=first.executions + second.executions)


class _Tallies:
    """What was reached so far, by definition; and which definition each execution runs."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], Counter[Reached]] = {}
        self._executions: Counter[tuple[str, str]] = Counter()
        self._latest: dict[str, tuple[str, str]] = {}
        self._of: dict[str, Counter[Reached]] = {}
        self._left: dict[tuple[str, int], str] = {}

    def add(self, event: object) -> None:
        match event:
            case HistoryEvent():
                self._add_history(event)
            case DefinitionRun(execution=execution, machine=machine, definition=definition):
                key = (machine, definition) if definition else self._latest[machine]
                self._latest[machine] = key
                self._executions[key] += 1
                self._of[execution] = self._counts.setdefault(key, Counter())
            case ChoiceMade(execution=execution, state=state, rule=rule):
                self._count(execution, Kind.CHOICES, state, rule)
            case StateRetried(execution=execution, state=state, retrier=retrier):
                self._count(execution, Kind.RETRIERS, state, retrier)
            case StateCaught(execution=execution, state=state, catcher=catcher):
                self._count(execution, Kind.CATCHERS, state, catcher)

    def coverages(self) -> Iterator[MachineCoverage]:
        for (machine, definition), counts in self._counts.items():
            reached = tuple(counts[_as_reached(element)] for element in elements(definition))
            yield MachineCoverage(machine.rpartition(":")[2], definition, reached, self._executions[machine, definition])

    def _add_history(self, event: HistoryEvent) -> None:
        if event.state is None:
            return
        if event.type.endswith("StateExited"):
            self._left[event.execution, event.id] = event.state
        elif event.type.endswith("StateEntered"):
            self._count(event.execution, Kind.STATES, event.state, None)
            if before := self._left.get((event.execution, event.previous_id)):
                self._count(event.execution, Kind.TRANSITIONS, before, event.state)

    def _count(self, execution: str, kind: Kind, state: str, what: int | str | None) -> None:
        counts = self._of.get(execution)
        if counts is None:
            counts = self._inherited(execution)
        if counts is not None:
            counts[kind, state, what] += 1

    def _inherited(self, execution: str) -> Counter[Reached] | None:
        """The tally of a map run's child execution, whose ARN names its machine and, after a slash, the Map's label."""
        parts = execution.split(":")
        machine = ":".join([*parts[:5], "stateMachine", parts[6].partition("/")[0]]) if len(parts) > 6 else ""
        key = self._latest.get(machine)
        if key is None:
            return None
        return self._of.setdefault(execution, self._counts[key])


def _as_reached(element: Element) -> Reached:
    return element.kind, element.state, element.target if element.kind is Kind.TRANSITIONS else element.index
