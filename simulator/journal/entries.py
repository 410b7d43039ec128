"""An event with its place and time in a journal, and its file form: one line of JSON, keys sorted, no wall-clock time."""

import json
from dataclasses import dataclass, fields
from typing import Any

from simulator.journal.executions import ExecutionEvent
from simulator.journal.recovery import RecoveryEvent
from simulator.journal.runs import FORMAT, RunEvent
from simulator.journal.services import ServiceEvent

_ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode

Event = RunEvent | ExecutionEvent | RecoveryEvent | ServiceEvent
KINDS: dict[str, type[Event]] = {kind.kind: kind for kind in Event.__args__}


@dataclass(frozen=True, slots=True)
class Entry:
    """An event and when it happened: its number in the journal (from 0) and milliseconds since the run's start."""

    index: int
    at_ms: int
    event: Event


def entry_in(line: str | bytes) -> Entry:
    """The entry that a line of a journal's file form holds. Raises ValueError for anything else."""
    members: dict[str, Any] = json.loads(line)
    try:
        index, at_ms = members.pop("index"), members.pop("at_ms")
        return Entry(index, at_ms, KINDS[members.pop("kind")](**members))
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"not a journal of format {FORMAT}: {error}") from error


def line_of(entry: Entry) -> str:
    """An entry in the journal's file form, a line."""
    event = entry.event
    members = {part.name: getattr(event, part.name) for part in fields(event)}
    members |= {"index": entry.index, "at_ms": entry.at_ms, "kind": event.kind}
    line = _ENCODE(members)
    return (line if is_text(line) else json.dumps(members, sort_keys=True, separators=(",", ":"))) + "\n"


def is_text(text: str) -> bool:
    """Whether text can be written as UTF-8; JSON can also spell halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
