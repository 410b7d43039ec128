"""What a run's journal says about the recovery: how it ended, how long it took, and how each wave went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulator.journal import (
    Answered,
    ApiCall,
    HistoryEvent,
    JobChanged,
    JobLogged,
    Journal,
    LaunchStatusChanged,
    RecordRead,
    RecoveryPointUsed,
    RunEnded,
)
from simulator.json_types import JsonObject, JsonValue
from simulator.runner.result import ServerResult, WaveResult
from simulator.targets.occurrences import Cast

ENDINGS = {
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionTimedOut": "TIMED_OUT",
    "ExecutionAborted": "ABORTED",
}
_OUTCOMES = {"SUCCEEDED": "COMPLETED", "FAILED": "FAILED", "TIMED_OUT": "TIMED_OUT", "ABORTED": "CANCELLED"}


@dataclass(frozen=True, slots=True)
class ExecutionEnd:
    """How an execution ended: Step Functions' status, when, and its error and cause."""

    status: str
    at_ms: int
    error: str | None
    cause: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """The reading of one run.

    `execution` is the ARN of the first execution, `end` how it ended (None: it never did), `record` the orchestrator's
    own record and `record_status` the verdict in it. `recovery_points` has the age of the data that each server was
    recovered with, in milliseconds at the moment its recovery was asked for; `cast` tells who is who.
    """

    journal: Journal
    waves: tuple[WaveResult, ...]
    answer: Answered | None
    execution: str | None
    end: ExecutionEnd | None
    record: JsonObject | None
    record_status: str | None
    ended: RunEnded
    cast: Cast
    recovery_points: Mapping[str, int]

    @property
    def outcome(self) -> str:
        """COMPLETED, PARTIAL, FAILED, CANCELLED or TIMED_OUT; REJECTED if it was refused; RUNNING if it never ended.

        The orchestrator's own word counts where it keeps a record, else how the state machine ended.
        """
        if self.execution is None:
            return "REJECTED" if self.answer is not None and self.answer.status >= 400 else "NOT_STARTED"
        if self.record_status is not None:
            return self.record_status
        return "RUNNING" if self.end is None else _OUTCOMES[self.end.status]

    @property
    def recovery_ms(self) -> int | None:
        """Virtual time from the request (the run's first instant) to the end of the execution."""
        return None if self.end is None else self.end.at_ms

    @property
    def rpo_ms(self) -> int | None:
        """The age of the oldest data that was recovered; None if nothing was."""
        return max(self.recovery_points.values(), default=None)

    @property
    def reason(self) -> str:
        """Why it did not succeed, in the words of the record, the execution and the answer."""
        parts = [self.end.error, self.end.cause] if self.end else []
        error = self.record.get("error") if self.record else None
        refusal = self.answer.body if self.answer and self.answer.status >= 400 else None
        return " ".join(_said(part) for part in [error, *parts, refusal] if part)


def _said(part: JsonValue) -> str:
    """A reason in words: of one with members, such as a code and a message, what they say."""
    return ": ".join(str(value) for value in part.values() if value) if isinstance(part, Mapping) else str(part)


def read_facts(
    journal: Journal, waves: Mapping[str, Sequence[str]], server_ids: Mapping[str, str], status_attribute: str | None
) -> Facts:
    """Read a journal. `waves` maps wave names to server names, in the plan's order."""
    histories = [(at_ms, event) for at_ms, event in journal.of(HistoryEvent)]
    execution = histories[0][1].execution if histories else None
    record = next((event.item for _, event in journal.of(RecordRead)), None)
    status = record.get(status_attribute) if record and status_attribute else None
    servers = _ServerReadings(journal)
    return Facts(
        journal,
        tuple(_wave(name, [servers.read(server, server_ids[server]) for server in names]) for name, names in waves.items()),
        next((event for _, event in journal.of(Answered)), None),
        execution,
        next(
            (_end(at_ms, event) for at_ms, event in histories if event.execution == execution and event.type in ENDINGS),
            None,
        ),
        record,
        None if status is None else str(status),
        next(event for _, event in journal.of(RunEnded)),
        Cast(server_ids, waves),
        {name: age for name, source_id in server_ids.items() if (age := servers.age_ms(source_id)) is not None},
    )


def accepted_calls(journal: Journal, operation: str) -> list[tuple[int, ApiCall]]:
    """(at_ms, call) of every call of an operation (`drs:StartRecovery`) that the service carried out."""
    return [
        (at_ms, call)
        for at_ms, call in journal.of(ApiCall)
        if (call.error is None or call.took_effect) and f"{call.service}:{call.operation}" == operation
    ]


def _end(at_ms: int, event: HistoryEvent) -> ExecutionEnd:
    error, cause = event.details.get("error"), event.details.get("cause")
    return ExecutionEnd(
        ENDINGS[event.type], at_ms, None if error is None else str(error), None if cause is None else str(cause)
    )


class _ServerReadings:
    """When recovery of each server was granted, how its launch ended and why."""

    def __init__(self, journal: Journal) -> None:
        self._started: dict[str, int] = {}
        self._status: dict[str, tuple[int, str]] = {}
        self._reasons: dict[str, str] = {}
        for at_ms, call in accepted_calls(journal, "drs:StartRecovery"):
            for server in _asked_servers(call):
                self._started.setdefault(server, at_ms)
        launches = {change.job for _, change in journal.of(JobChanged) if change.type == "LAUNCH"}
        for at_ms, change in journal.of(LaunchStatusChanged):
            # A job that terminates the instance again afterwards does not undo that the server was recovered.
            if change.job in launches and at_ms >= self._started.get(change.server, at_ms + 1):
                self._status[change.server] = (at_ms, change.status)
        self._data: dict[str, int] = {}
        for _, point in journal.of(RecoveryPointUsed):
            if point.server in self._started:
                self._data[point.server] = point.data_ms
        for _, item in journal.of(JobLogged):
            if item.server is not None and "rawError" in item.data:
                self._reasons[item.server] = str(item.data["rawError"])

    def age_ms(self, source_server_id: str) -> int | None:
        """How old a server's recovered data was when its recovery was granted; None if it was not recovered."""
        data_ms = self._data.get(source_server_id)
        return None if data_ms is None else max(0, self._started[source_server_id] - data_ms)

    def read(self, name: str, source_server_id: str) -> ServerResult:
        started_ms = self._started.get(source_server_id)
        if started_ms is None:
            return ServerResult(name, source_server_id, "NOT_STARTED", None, None, None)
        at_ms, status = self._status.get(source_server_id, (None, "PENDING"))
        ended = status in ("LAUNCHED", "FAILED")
        reason = None
        if status == "FAILED":
            reason = self._reasons.get(source_server_id, "the job log gives no reason")
        return ServerResult(
            name, source_server_id, status if ended else "PENDING", started_ms, at_ms if ended else None, reason
        )


def _asked_servers(call: ApiCall) -> list[str]:
    request = call.request if isinstance(call.request, dict) else {}
    return [server["sourceServerID"] for server in request.get("sourceServers", [])]


def _wave(name: str, servers: list[ServerResult]) -> WaveResult:
    statuses = {server.status for server in servers}
    starts = [server.started_ms for server in servers if server.started_ms is not None]
    ends = [server.ended_ms for server in servers if server.ended_ms is not None]
    unfinished = [status for status in ("PENDING", "FAILED") if status in statuses]
    overall = unfinished[0] if unfinished else "LAUNCHED" if statuses == {"LAUNCHED"} else "NOT_STARTED"
    ended_ms = max(ends) if len(ends) == len(servers) else None
    return WaveResult(name, overall, min(starts, default=None), ended_ms, tuple(servers))
