"""What happened in a run, as data that the page draws: states, servers, and every event."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from simulator.journal import (
    DefinitionRun,
    Entry,
    FaultFired,
    HistoryEvent,
    JobChanged,
    JobLogged,
    Journal,
    LaunchStatusChanged,
    OperatorActed,
)
from simulator.json_types import JsonObject, JsonValue
from simulator.report.wording import printable
from simulator.runner.places import Places
from simulator.runner.result import Result
from simulator.runner.visits import read_visits
from simulator.runner.wording import sentence

MAX_DETAIL = 240  # characters of an event's members that are shown
_PHASES = {"SNAPSHOT_START": "snapshot", "CONVERSION_START": "conversion", "LAUNCH_START": "launch"}
_STATUSES = {"PENDING": "pending", "LAUNCHED": "launched", "FAILED": "failed", "TERMINATED": "terminated"}
_HIDDEN = frozenset({"execution", "state", "server", "definition", "id", "previous_id", "type"})


def scene(result: Result) -> JsonObject:
    """All that the page draws of one run. Times are virtual milliseconds.

    `visits` are [machine, state, from, to or null, fate, retries], `transitions` [machine, from, to, at], `phases` by server
    [phase, from, to], `marks` [at, kind, text] of faults and operators, `events` [at, kind, subject, text, detail].
    """
    journal = result.journal
    end_ms = journal[-1].at_ms if len(journal) else 0
    machines = {event.execution: event.machine.rpartition(":")[2] for _, event in journal.of(DefinitionRun)}
    read = read_visits(journal)
    return {
        "endMs": end_ms,
        "visits": [
            [_machine(one.execution, machines), one.state, one.started_ms, one.ended_ms, one.fate, one.retries]
            for one in read.visits
        ],
        "transitions": [[_machine(one.execution, machines), one.source, one.target, one.at_ms] for one in read.transitions],
        "phases": _phases(journal, end_ms),
        "marks": [[entry.at_ms, *mark] for entry in journal if (mark := _mark(entry))],
        "events": list(_events(journal)),
    }


def _machine(execution: str, machines: Mapping[str, str]) -> str:
    """The name of an execution's machine; the ARN of a map run's child names it before a slash."""
    return machines.get(execution) or execution.split(":")[-2].partition("/")[0]


def _phases(journal: Journal, end_ms: int) -> JsonObject:
    """What each server, by its id, was in and from when to when: the last phase goes on to the end."""
    launches = {change.job for _, change in journal.of(JobChanged) if change.type == "LAUNCH"}
    turns: dict[str, list[tuple[str, int]]] = {}
    for entry in journal:
        match entry.event:
            case JobLogged(job=job, event=event, server=str(server)) if job in launches and event in _PHASES:
                turns.setdefault(server, []).append((_PHASES[event], entry.at_ms))
            case LaunchStatusChanged(job=job, server=server, status=status) if status in _STATUSES:
                if job in launches or status == "TERMINATED":
                    turns.setdefault(server, []).append((_STATUSES[status], entry.at_ms))
    return {server: _spans(found, end_ms) for server, found in turns.items()}


def _spans(turns: list[tuple[str, int]], end_ms: int) -> JsonValue:
    ends = [at_ms for _, at_ms in turns[1:]] + [end_ms]
    spans = zip(turns, ends, strict=True)
    return [[phase, at_ms, end] for (phase, at_ms), end in spans if phase != "terminated"]


def _mark(entry: Entry) -> tuple[str, str] | None:
    match entry.event:
        case FaultFired(fault=fault, target=target, effect=effect):
            return "fault", f"{fault}: {target} gets {effect}"
        case OperatorActed(operation=operation, wave=wave):
            return "operator", f"{operation}{f' wave {wave}' if wave else ''}"
    return None


def _events(journal: Journal) -> Iterator[JsonValue]:
    places = Places(journal)
    for entry in journal:
        event = entry.event
        kind = event.type if isinstance(event, HistoryEvent) else event.kind
        server = getattr(event, "server", None)
        place = places[entry.index]
        subject = getattr(event, "state", None) if not server else places.names.get(server, server)
        said = sentence(entry) if not isinstance(event, HistoryEvent) else None
        text = printable(places.named(said)) if said else ""
        yield [entry.at_ms, kind, str(subject or ""), place.wave or "", text, _detail(event)]


def _detail(event: Any) -> str:
    """An event's other members in one line, cut where they get long."""
    if isinstance(event, HistoryEvent):
        members: Any = event.details
    else:
        members = {part.name: getattr(event, part.name) for part in fields(event) if part.name not in _HIDDEN}
    text = ", ".join(f"{name}: {_shown(value)}" for name, value in members.items() if not _is_empty(value))
    return printable(text if len(text) <= MAX_DETAIL else text[: MAX_DETAIL - 1] + "…")


def _shown(value: Any) -> str:
    return value[:MAX_DETAIL] if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)[:MAX_DETAIL]


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", {}, {"truncated": False})
