"""GetExecutionHistory, as a fold of the journal."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from simulator.journal import HistoryEvent, Journal

_DETAILS = {
    "TaskStateAborted": "", "MapStateFailed": "", "MapStateSucceeded": "", "MapStateAborted": "",
    "ParallelStateStarted": "", "ParallelStateSucceeded": "", "ParallelStateFailed": "", "ParallelStateAborted": "",
    "WaitStateAborted": "", "LambdaFunctionStarted": "", "MapRunSucceeded": "", "MapRunAborted": "",
}  # fmt: skip


def events(journal: Journal, execution_arn: str, start: datetime) -> list[dict[str, Any]]:
    """The events of one execution, shaped as boto3's GetExecutionHistory gives them; `start` is the run's start instant."""
    return numbered(journal, journal.numbers(execution_arn), start)


def numbered(journal: Journal, numbers: Iterable[int], start: datetime) -> list[dict[str, Any]]:
    """Events of histories by the numbers of their entries in the journal: a page of what may be long."""
    entries = (journal[number] for number in numbers)
    return [_event(entry.at_ms, entry.event, start) for entry in entries if isinstance(entry.event, HistoryEvent)]


def _event(at_ms: int, event: HistoryEvent, start: datetime) -> dict[str, Any]:
    shaped: dict[str, Any] = {
        "timestamp": start + timedelta(milliseconds=at_ms),
        "type": event.type,
        "id": event.id,
        "previousEventId": event.previous_id,
    }
    name = details_name(event.type)
    if name:
        shaped[name] = dict(event.details)
    return shaped


def details_name(kind: str) -> str:
    """The member that holds the details of a type of event; empty for a type that has none."""
    if kind in _DETAILS:
        return _DETAILS[kind]
    if kind.endswith("StateEntered"):
        return "stateEnteredEventDetails"
    if kind.endswith("StateExited"):
        return "stateExitedEventDetails"
    return kind[0].lower() + kind[1:] + "EventDetails"
