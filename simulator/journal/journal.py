"""A run's events in their order, watched while they are recorded, and written to and read from JSON Lines."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar, overload

from simulator.journal.entries import Entry, Event, entry_in, line_of
from simulator.journal.executions import HistoryEvent

E = TypeVar("E", bound=Event)


class Entries(Protocol):
    """Where a journal keeps its entries: in memory, or wherever else there is more room."""

    def append(self, entry: Entry, /) -> None:
        """Keep one more."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Entry]: ...
    @overload
    def __getitem__(self, index: int, /) -> Entry: ...
    @overload
    def __getitem__(self, index: slice, /) -> Sequence[Entry]: ...


class Journal:
    """A run's events in the order in which they happened."""

    def __init__(self, now_ms: Callable[[], int], entries: Entries | None = None) -> None:
        self.now_ms = now_ms
        self._entries: Entries = [] if entries is None else entries
        self._watchers: dict[type, list[Callable[[Any], None]]] = {}
        self._histories: dict[str, array[int]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled, it is the finished journal that other processes read: without clock and watchers."""
        return _finished, (list(self._entries),)

    def record(self, event: Event) -> None:
        """Append an event at the present instant."""
        self._append(Entry(len(self._entries), self.now_ms(), event))
        for watcher in self._watchers.get(type(event), ()):
            watcher(event)

    def _append(self, entry: Entry) -> None:
        self._entries.append(entry)
        if isinstance(entry.event, HistoryEvent):
            self._histories.setdefault(entry.event.execution, array("Q")).append(entry.index)

    def watch(self, kind: type[E], watcher: Callable[[E], None]) -> None:
        """Call `watcher` with every event of one kind from now on, when it has been recorded; it must not wait."""
        self._watchers.setdefault(kind, []).append(watcher)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Entry:
        return self._entries[index]

    def of(self, kind: type[E]) -> Iterator[tuple[int, E]]:
        """(at_ms, event) of every event of one kind, in order."""
        return ((entry.at_ms, entry.event) for entry in self._entries if isinstance(entry.event, kind))

    def numbers(self, execution: str) -> "array[int]":
        """The numbers of the entries that are an execution's history, in order."""
        return self._histories.get(execution, array("Q"))

    def history(self, execution: str) -> Iterator[tuple[int, HistoryEvent]]:
        """(at_ms, event) of every event of an execution's history, in order."""
        for number in self.numbers(execution):
            entry = self._entries[number]
            assert isinstance(entry.event, HistoryEvent)
            yield entry.at_ms, entry.event

    def to_jsonl(self) -> str:
        """The journal's file form."""
        return "".join(self.lines())

    def lines(self, first: int = 0, limit: int | None = None) -> list[str]:
        """The lines of the file form, of at most `limit` events from number `first` on."""
        end = None if limit is None else first + limit
        return [line_of(entry) for entry in self._entries[first:end]]


def _finished(entries: list[Entry]) -> Journal:
    journal = Journal(lambda: entries[-1].at_ms if entries else 0)
    for entry in entries:
        journal._append(entry)
    return journal


def read_jsonl(text: str) -> Journal:
    """The journal that `to_jsonl` wrote. Raises ValueError for anything else."""
    journal = Journal(lambda: 0)
    for line in filter(None, text.split("\n")):  # a text in it may hold other ends of lines
        journal._append(entry_in(line))
    return journal
