"""The events of Step Functions: a Standard execution has begun or ended."""

from collections.abc import Callable, Mapping
from typing import Any

from simulator.account.events.bus import EventBuses
from simulator.account.wire import Decoded
from simulator.journal import HistoryEvent

DETAIL_TYPE = "Step Functions Execution Status Change"
# The events of an execution's history that change its status.
STATUSES: Mapping[str, str] = {
    "ExecutionStarted": "RUNNING",
    "ExecutionRedriven": "RUNNING",
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionTimedOut": "TIMED_OUT",
    "ExecutionAborted": "ABORTED",
}
_TIMES = ("startDate", "stopDate", "redriveDate")
# What DescribeExecution may leave out and the event has all the same.
_NOTHING = ("stateMachineVersionArn", "stateMachineAliasArn", "stopDate", "output", "redriveDate", "redriveStatusReason")
_NOTHING_MORE = ("outputDetails", "error", "cause")

Call = Callable[[Decoded], Mapping[str, Any]]


class ExecutionEvents:
    """Watches the histories of executions, and emits.

    Events repeat an execution's input and output, so they are made only in a world in which somebody has rules. `call`
    answers Step Functions requests of any account and Region.
    """

    def __init__(self, buses: EventBuses, call: Call) -> None:
        self._buses, self._call = buses, call

    def watch(self, event: HistoryEvent) -> None:
        """Take an event of some execution's history."""
        status = STATUSES.get(event.type)
        if status is None or not self._buses.are_watched:
            return
        _, _, _, region, account_id, kind, *rest = event.execution.split(":")
        if kind == "execution" and "/" not in rest[0]:  # not those of Express workflows, nor children of map runs
            asked = {"executionArn": event.execution}
            found = self._call(Decoded("states", region, "", "DescribeExecution", asked, "", 1, account_id))
            detail = _detail(found, status)
            self._buses.emit(account_id, region, "aws.states", DETAIL_TYPE, [event.execution], detail)


def _detail(found: Mapping[str, Any], status: str) -> dict[str, Any]:
    told: dict[str, Any] = dict.fromkeys(_NOTHING) | dict.fromkeys(_NOTHING_MORE) | dict(found) | {"status": status}
    for name in _TIMES:
        told[name] = _milliseconds(told.get(name))
    if status == "RUNNING":
        told |= {"stopDate": None, "error": None, "cause": None}
    return told


def _milliseconds(moment: Any) -> int | None:
    seconds = moment.timestamp() if hasattr(moment, "timestamp") else moment
    return None if seconds is None else round(seconds * 1000)
