"""Where two journals part, and what follows from it."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import zip_longest
from pathlib import PurePosixPath
from typing import NamedTuple

from simulator.journal import ApiCall, Entry, HistoryEvent, JobChanged, Journal, RunStarted
from simulator.runner.places import Place, Places
from simulator.runner.wording import sentence

_SAID = 160  # characters of a value that differs
_ENDS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")


@dataclass(frozen=True, slots=True)
class Moment:
    """An event as a reader sees it: its number in the journal, when and where it happened, and what it says."""

    index: int
    at_ms: int
    place: Place
    text: str


class Parting(NamedTuple):
    """The first event that differs, as it is in either journal; None where that journal has ended."""

    a: Moment | None
    b: Moment | None


class Shift(NamedTuple):
    """How much later (negative: earlier) a wave's events happen in B: how many, the least and the most."""

    wave: str | None
    events: int
    least_ms: int
    most_ms: int


@dataclass(frozen=True, slots=True)
class Divergence:
    """How journal B differs from journal A.

    `parting` is None if they are the same event by event. `only_a` and `only_b` are what the other does not have, `shifts`
    what both have at another time; `calls` the operations that are called another number of times, with both numbers.
    """

    parting: Parting | None
    only_a: tuple[Moment, ...]
    only_b: tuple[Moment, ...]
    shifts: tuple[Shift, ...]
    calls: tuple[tuple[str, int, int], ...]
    ends: tuple[str, str]


def diverge(a: Journal, b: Journal) -> Divergence:
    """Compare two journals. Their first lines, which say what was run, are not looked at: `changes` does."""
    told_a, told_b = _Told(a), _Told(b)
    seen_a, seen_b = told_a.milestones(), told_b.milestones()
    keys_a, keys_b = dict(_numbered(seen_a)), dict(_numbered(seen_b))
    return Divergence(
        _parting(told_a, told_b),
        tuple(moment for key, moment in keys_a.items() if key not in keys_b),
        tuple(moment for key, moment in keys_b.items() if key not in keys_a),
        tuple(_shifts([(keys_a[key], moment) for key, moment in keys_b.items() if key in keys_a])),
        tuple(_calls(a, b)),
        (_end(a), _end(b)),
    )


def changes(a: RunStarted, b: RunStarted) -> list[str]:
    """What is not the same in what two runs were made from, a few words each."""
    said = []
    if a.path != b.path and a.digest != b.digest:
        said.append(f"another scenario: {a.path or a.scenario} and {b.path or b.scenario}")
    elif a.digest != b.digest:
        said.append(f"the scenario's text ({b.path})")
    elif PurePosixPath(a.path).stem != PurePosixPath(b.path).stem:  # it names the plan where the scenario has no id
        said.append(f"the scenario's file name: {a.path} and {b.path}")
    if a.seed != b.seed:
        said.append(f"the seed: {a.seed} and {b.seed}")
    if a.start != b.start:
        said.append(f"the start: {a.start} and {b.start}")
    if a.version != b.version:
        said.append(f"drsim: {a.version or 'unknown'} and {b.version or 'unknown'}")
    names = sorted(set(a.artefacts) | set(b.artefacts))
    return said + [name for name in names if a.artefacts.get(name) != b.artefacts.get(name)]


def started(journal: Journal) -> RunStarted:
    """What a journal says was run. Raises ValueError if it does not say."""
    first = journal[0].event if len(journal) else None
    if not isinstance(first, RunStarted):
        raise ValueError("a journal begins with a line of kind run.started")  # noqa: TRY004
    return first


class _Told:
    """A journal with the places of its events and the words for them."""

    def __init__(self, journal: Journal) -> None:
        self.journal, self.places = journal, Places(journal)
        self.lines = journal.lines()
        self._jobs = {
            change.job: f"of wave {place.wave}" if (place := self.places[entry.index]).wave else "of its own"
            for entry in journal
            if isinstance(change := entry.event, JobChanged)
        }

    def moment(self, entry: Entry) -> Moment:
        """An event in words; one that only programs look at by its kind."""
        text = sentence(entry) or _unsaid(entry)
        for job, whose in self._jobs.items():
            text = text.replace(job, whose)
        return Moment(entry.index, entry.at_ms, self.places[entry.index], self.places.named(text))

    def milestones(self) -> list[Moment]:
        """The events that make the story, without the steps in between."""
        return [self.moment(entry) for entry in self.journal if _is_milestone(entry)]


def _unsaid(entry: Entry) -> str:
    """The kind of an event that only programs look at, and what it is about."""
    values = (getattr(entry.event, part.name) for part in fields(entry.event))
    return " ".join([entry.event.kind, *[value[:60] for value in values if isinstance(value, str)][:5]])


def _is_milestone(entry: Entry) -> bool:
    match entry.event:
        case HistoryEvent(type=type_):
            return type_.endswith("StateEntered") or type_ in _ENDS
        case ApiCall(error=error):
            return error is not None
    return sentence(entry) is not None


def _numbered(moments: Sequence[Moment]) -> Iterator[tuple[tuple[str, str | None, int], Moment]]:
    """Each moment by what it says, its wave, and how many before it said the same."""
    seen: Counter[tuple[str, str | None]] = Counter()
    for moment in moments:
        said = moment.text, moment.place.wave
        yield (*said, seen[said]), moment
        seen[said] += 1


def _parting(a: _Told, b: _Told) -> Parting | None:
    if started(a.journal).seed == started(b.journal).seed:
        for index, (line_a, line_b) in enumerate(zip_longest(a.lines, b.lines)):
            if index and line_a != line_b:
                return _compared(a, b, index)
        return None
    # Another seed gives other identifiers from the first event on: only what readers see is compared.
    for one, other in zip_longest(a.milestones(), b.milestones()):
        if one is None or other is None or (one.at_ms, one.text) != (other.at_ms, other.text):
            return Parting(one, other)
    return None


def _compared(a: _Told, b: _Told, index: int) -> Parting:
    """The events of that number. Where they say the same to a reader, the member that differs is shown."""
    entries = [told.journal[index] if index < len(told.journal) else None for told in (a, b)]
    one, other = (told.moment(entry) if entry else None for told, entry in zip((a, b), entries, strict=True))
    if one and other and (one.at_ms, one.text) == (other.at_ms, other.text) and entries[0] and entries[1]:
        for part in fields(entries[0].event):
            values = [_text(getattr(entry.event, part.name, None)) for entry in entries if entry]
            if values[0] != values[1]:
                return Parting(_with(one, part.name, *values), _with(other, part.name, *reversed(values)))
    return Parting(one, other)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _with(moment: Moment, name: str, value: str, other: str) -> Moment:
    """The moment with the part of a value that is not the same in the other journal."""
    same = next((at for at, pair in enumerate(zip(value, other, strict=False)) if pair[0] != pair[1]), 0)
    begin = max(0, same - _SAID // 4)
    shown = value[begin : begin + _SAID]
    text = f"{moment.text}, {name}: {'…' if begin else ''}{shown}{'…' if begin + _SAID < len(value) else ''}"
    return Moment(moment.index, moment.at_ms, moment.place, text)


def _shifts(pairs: Sequence[tuple[Moment, Moment]]) -> Iterator[Shift]:
    """The shifts wave by wave, those of no wave last."""
    waves: dict[str | None, list[int]] = {}
    for one, other in pairs:
        if one.at_ms != other.at_ms:
            waves.setdefault(other.place.wave, []).append(other.at_ms - one.at_ms)
    for wave, shifts in sorted(waves.items(), key=lambda item: item[0] is None):
        yield Shift(wave, len(shifts), min(shifts), max(shifts))


def _calls(a: Journal, b: Journal) -> Iterator[tuple[str, int, int]]:
    counts = [Counter(f"{call.service}:{call.operation}" for _, call in journal.of(ApiCall)) for journal in (a, b)]
    for operation in sorted(counts[0] | counts[1]):
        if counts[0][operation] != counts[1][operation]:
            yield operation, counts[0][operation], counts[1][operation]


def _end(journal: Journal) -> str:
    return next((event.type for _, event in journal.of(HistoryEvent) if event.type in _ENDS), "no end")
