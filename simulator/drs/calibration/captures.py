"""Captures taken apart: the answers of `describe-jobs`, `describe-job-log-items` and EC2's `describe-instances`, as JSON.

Whatever else an answer holds is passed over. An answer of `start-recovery` is one job.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulator.errors import Problem

Pointer = tuple[str | int, ...]
Where = Callable[[Pointer], str]

MAX_PROBLEMS = 5  # of one document: the rest would say the same
COMMANDS = "`aws drs describe-jobs` and `aws drs describe-job-log-items` print what is needed"


@dataclass(frozen=True, slots=True)
class CapturedJob:
    """A job as DescribeJobs showed it. `servers` are those it listed: a completed TERMINATE job lists none."""

    id: str
    type: str
    created: datetime
    ended: datetime | None
    servers: frozenset[str]


@dataclass(frozen=True, slots=True)
class CapturedItem:
    """An item of a job's log."""

    at: datetime
    event: str
    server: str | None = None
    instance: str | None = None


@dataclass(frozen=True, slots=True)
class CapturedLog:
    """The log of one job or a page of it. The service's answer does not say whose it is; `job_id` is what the file says.

    `where` is its place, for messages.
    """

    items: Sequence[CapturedItem]
    job_id: str | None
    where: str


@dataclass(frozen=True, slots=True)
class Capture:
    """What a document holds; `launched` are instants at which EC2 instances were launched, by id."""

    jobs: Sequence[CapturedJob] = ()
    logs: Sequence[CapturedLog] = ()
    launched: Mapping[str, datetime] = field(default_factory=dict)
    problems: Sequence[Problem] = ()


class _Unexpected(Exception):
    """A part of a document is not what it should be."""

    def __init__(self, pointer: Pointer, expected: str, hint: str = "") -> None:
        super().__init__(expected)
        self.pointer, self.expected, self.hint = pointer, expected, hint


def read_capture(document: Any, where: Where) -> Capture:
    """What a JSON document holds; `where` says at which line and column a part of it stands."""
    found: list[Any] = []
    problems = []
    for pointer, row, read in _rows(document):
        try:
            found.append(read(pointer, row))
        except _Unexpected as error:
            problems.append(Problem(where(error.pointer), f"expected {error.expected}", error.hint))
            if len(problems) == MAX_PROBLEMS:
                break
    items = [one for one in found if isinstance(one, CapturedItem)]
    return Capture(
        jobs=[one for one in found if isinstance(one, CapturedJob)],
        logs=[CapturedLog(items, _own_id(document), where(()))] if items else [],
        launched=dict(one for one in found if isinstance(one, tuple)),
        problems=problems,
    )


_Read = Callable[[Pointer, Any], Any]


def _rows(document: Any) -> Iterator[tuple[Pointer, Any, _Read]]:
    """The parts of a document that say something, each with its place and what reads it."""
    match document:
        case {"items": list(rows)}:
            yield from ((("items", index), row, _job_or_item) for index, row in enumerate(rows))
        case {"job": dict(job)}:
            yield ("job",), job, _job
        case {"Reservations": list(reservations)}:
            for number, reservation in enumerate(reservations):
                for index, instance in enumerate(_listed(reservation, "Instances")):
                    yield ("Reservations", number, "Instances", index), instance, _launch
        case list(rows):
            yield from (((index,), row, _job_or_item) for index, row in enumerate(rows))
        case _:
            yield (), document, _job_or_item


def _listed(holder: Any, name: str) -> Sequence[Any]:
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, list) else ()


def _own_id(document: Any) -> str | None:
    own = document.get("jobID") if isinstance(document, dict) else None
    return own if isinstance(own, str) else None


def _job_or_item(pointer: Pointer, row: Any) -> CapturedJob | CapturedItem:
    match row:
        case {"event": _, "logDateTime": _}:
            return _item(pointer, row)
        case {"jobID": _}:
            return _job(pointer, row)
    raise _Unexpected(pointer, "a job (with jobID) or an item of a job's log (with event and logDateTime)", COMMANDS)


def _job(pointer: Pointer, row: Mapping[str, Any]) -> CapturedJob:
    return CapturedJob(
        id=_text(pointer, row, "jobID"),
        type=_text(pointer, row, "type"),
        created=_instant(pointer, row, "creationDateTime"),
        ended=_instant(pointer, row, "endDateTime") if row.get("endDateTime") else None,
        servers=frozenset(
            one["sourceServerID"]
            for one in _listed(row, "participatingServers")
            if isinstance(one, dict) and isinstance(one.get("sourceServerID"), str)
        ),
    )


def _item(pointer: Pointer, row: Mapping[str, Any]) -> CapturedItem:
    data = row.get("eventData")
    said = data if isinstance(data, dict) else {}
    server, instance = said.get("sourceServerID"), said.get("targetInstanceID")
    return CapturedItem(
        at=_instant(pointer, row, "logDateTime"),
        event=_text(pointer, row, "event"),
        server=server if isinstance(server, str) else None,
        instance=instance if isinstance(instance, str) else None,
    )


def _launch(pointer: Pointer, row: Any) -> tuple[str, datetime]:
    if not isinstance(row, dict):
        raise _Unexpected(pointer, "an EC2 instance")
    return _text(pointer, row, "InstanceId"), _instant(pointer, row, "LaunchTime")


def _text(pointer: Pointer, row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise _Unexpected((*pointer, name), f"`{name}` with a text")
    return value


def _instant(pointer: Pointer, row: Mapping[str, Any], name: str) -> datetime:
    """An instant, with microseconds or without; one that does not tell its offset is UTC."""
    try:
        moment = datetime.fromisoformat(_text(pointer, row, name))
    except ValueError:
        raise _Unexpected((*pointer, name), f"`{name}` with an instant such as 2026-03-01T02:00:00.357000+00:00") from None
    return moment.replace(tzinfo=moment.tzinfo or UTC)
