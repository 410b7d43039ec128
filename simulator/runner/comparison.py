"""How two runs of a scenario on different targets differ: in outcome, output and event history.

Times are not compared, nor what is drawn anew each time (task tokens): they differ wherever time passes for real. Events are
compared along each line of control, as the order between branches that run beside each other means nothing.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from simulator.journal import HistoryEvent, Journal
from simulator.runner.result import Result

NOTHING = "-"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)")
_DRAWN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME_NAME = re.compile(r"(?:Seconds|Ms|Millis|Date|Time|At|timestamp|_seconds|_ms|_at)$")
_TOKEN_NAME = re.compile(r"[tT]oken$")
_ENDS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted")

Line = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not the same: `about` outcome, output or history; `where` in it; what each of the two says.

    `count` is how many times it is so; `where` is then the first of the places, `a` and `b` what is said there. Events that
    only one of them has are named by their types.
    """

    about: str
    where: str
    a: str
    b: str
    count: int = 1


class _Found(NamedTuple):
    """A difference in a history: at an event of a state in a line of control, and where in the event."""

    line: str
    state: str
    event: str
    path: str
    a: str
    b: str

    @property
    def kind(self) -> tuple[str, ...]:
        """What makes it one with others: a state with other events, or an event of any state with another value."""
        if not self.path:
            return "events", self.state, str(self.a == NOTHING)
        place = self.event, re.sub(r"\[\d+\]", "[]", self.path)
        return place if NOTHING in (self.a, self.b) else (*place, self.a, self.b)


def compare(a: Result, b: Result) -> list[Difference]:
    """Every difference between two results of one scenario, those that matter most first."""
    runs = _executions(a.journal), _executions(b.journal)
    found = [*_outcome(a, b), *_counts(runs)]
    for one, other in zip(*(list(run.values()) for run in runs), strict=False):
        found += [*_output(one, other), *_summed(list(_history(one, other)))]
    return found


def _outcome(a: Result, b: Result) -> Iterator[Difference]:
    for name in ("verdict", "outcome", "error"):
        one, other = getattr(a, name), getattr(b, name)
        if one != other:
            yield Difference("outcome", name, str(one or NOTHING), str(other or NOTHING))
    failed = [{check.name for check in result.checks if not check.passed} for result in (a, b)]
    for name in sorted(failed[0] ^ failed[1]):
        said = ["failed" if name in names else "did not fail" for names in failed]
        yield Difference("outcome", f"check {name}", said[0], said[1])
    waves = {wave.name: wave for wave in b.waves}
    for wave in a.waves:
        other_wave = waves.get(wave.name)
        if other_wave is not None and wave.status != other_wave.status:
            yield Difference("outcome", f"wave {wave.name}", wave.status, other_wave.status)


def _executions(journal: Journal) -> dict[str, list[HistoryEvent]]:
    """The histories of a run by their executions, in the order of their starts."""
    histories: dict[str, list[HistoryEvent]] = {}
    for _, event in journal.of(HistoryEvent):
        histories.setdefault(event.execution, []).append(event)
    return {arn: sorted(events, key=lambda event: event.id) for arn, events in histories.items()}


def _counts(runs: Sequence[Mapping[str, Any]]) -> Iterator[Difference]:
    if len(runs[0]) != len(runs[1]):
        yield Difference("outcome", "executions", str(len(runs[0])), str(len(runs[1])))


def _output(one: Sequence[HistoryEvent], other: Sequence[HistoryEvent]) -> Iterator[Difference]:
    ends = [next((event for event in reversed(events) if event.type in _ENDS), None) for events in (one, other)]
    a, b = ends
    if a is None or b is None or a.type != b.type:
        said = [event.type if event else "no end" for event in ends]
        if said[0] != said[1]:
            yield Difference("output", "the end", said[0], said[1])
        return
    yield from (
        Difference("output", f"{a.type} {path}", left, right) for path, left, right in _apart("", a.details, b.details)
    )


def _history(one: Sequence[HistoryEvent], other: Sequence[HistoryEvent]) -> Iterator[_Found]:
    lines = _lines(one), _lines(other)
    for line in dict.fromkeys([*lines[0], *lines[1]]):
        a, b = (of.get(line, []) for of in lines)
        yield from _along("/".join(line), a, b)


def _along(line: str, a: Sequence[HistoryEvent], b: Sequence[HistoryEvent]) -> Iterator[_Found]:
    """The differences along one line of control."""
    names = [[(event.state, event.type) for event in events] for events in (a, b)]
    for kind, a1, a2, b1, b2 in SequenceMatcher(None, names[0], names[1], autojunk=False).get_opcodes():
        if kind == "equal":
            for one, other in zip(a[a1:a2], b[b1:b2], strict=True):
                if one.type not in _ENDS:  # those are the output
                    apart = _apart("", one.details, other.details)
                    yield from (_Found(line, one.state or "", one.type, *difference) for difference in apart)
        else:
            yield from (_Found(line, event.state or "", event.type, "", event.type, NOTHING) for event in a[a1:a2])
            yield from (_Found(line, event.state or "", event.type, "", NOTHING, event.type) for event in b[b1:b2])


def _summed(found: Sequence[_Found]) -> Iterator[Difference]:
    """What is the same difference at several places as one."""
    kinds: dict[tuple[str, ...], list[_Found]] = {}
    for one in found:
        kinds.setdefault(one.kind, []).append(one)
    for alike in kinds.values():
        first = alike[0]
        event = first.event if first.path else ""
        where = " ".join(filter(None, (first.line, first.state, event, first.path)))
        said = (
            (first.a, first.b)
            if first.path
            else [", ".join(dict.fromkeys(texts)) for texts in zip(*(one[-2:] for one in alike), strict=True)]
        )
        yield Difference("history", where, said[0], said[1], len(alike))


def _apart(path: str, a: Any, b: Any) -> Iterator[tuple[str, str, str]]:
    """(path, value, other value) wherever two documents differ, at the place nearest the root."""
    match _read(a), _read(b):
        case dict() as one, dict() as other:
            for name in dict.fromkeys([*one, *other]):
                inner = f"{path}.{name}" if path else str(name)
                yield from _apart(inner, one.get(name, _Missing), other.get(name, _Missing))
        case list() as one, list() as other:
            for number in range(max(len(one), len(other))):
                left, right = (of[number] if number < len(of) else _Missing for of in (one, other))
                yield from _apart(f"{path}[{number}]", left, right)
        case one, other:
            said = _shown(path, one), _shown(path, other)
            if said[0] != said[1]:
                yield path, said[0], said[1]


class _Missing:
    """Stands for what one of two documents does not have."""


def _shown(path: str, value: Any) -> str:
    """A value as a text, with times and what is drawn anew blanked."""
    name = path.rpartition(".")[2]
    match value:
        case type():
            return NOTHING
        case str():
            return "<token>" if _TOKEN_NAME.search(name) else _DRAWN.sub("<id>", _INSTANT.sub("<instant>", value))
        case int() | float() if not isinstance(value, bool) and _TIME_NAME.search(name):
            return "<time>"
        case _:
            return json.dumps(value, ensure_ascii=False)


def _read(value: Any) -> Any:
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _lines(events: Sequence[HistoryEvent]) -> dict[Line, list[HistoryEvent]]:
    """The events by line of control: the execution's own, each iteration of a Map, each branch of a Parallel."""
    by_id = {event.id: event for event in events}
    line_of: dict[int, Line] = {0: ()}
    entered: dict[tuple[Line, str], Line] = {}
    lines: dict[Line, list[HistoryEvent]] = {}
    for event in events:
        line = line_of[event.id] = _line(event, by_id.get(event.previous_id), line_of, entered)
        lines.setdefault(line, []).append(event)
    return lines


def _line(
    event: HistoryEvent,
    before: HistoryEvent | None,
    line_of: Mapping[int, Line],
    entered: dict[tuple[Line, str], Line],
) -> Line:
    line = line_of.get(event.previous_id, ())
    if event.type == "MapIterationStarted":
        return (*line, f"{event.state}[{event.details.get('index')}]")
    if event.type.endswith("StateEntered"):
        if before is not None and before.type == "ParallelStateStarted":
            line = (*line, f"{before.state}({event.state})")
        entered[line, str(event.state)] = line
        return line
    if event.type.startswith(("MapState", "ParallelState")):
        # What ends such a state follows from the last of its lines; it belongs to the line that entered the state.
        while line and (line, str(event.state)) not in entered:
            line = line[:-1]
    return line
