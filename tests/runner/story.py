"""Writes the journal of a made-up recovery, for tests of what is read from it."""

from collections.abc import Mapping, Sequence

from simulator.journal import (
    Answered,
    ApiCall,
    Event,
    FaultFired,
    HistoryEvent,
    JobChanged,
    JobLogged,
    Journal,
    LaunchStatusChanged,
    Notified,
    RecordRead,
    RunEnded,
    RunStarted,
    StateRetried,
)
from simulator.json_types import JsonObject
from simulator.runner.facts import Facts, read_facts

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:m:e1"
WAVES = {"data": ("db-1", "db-2"), "app": ("app-1",), "web": ("web-1",)}
IDS = {name: f"s-{name}" for names in WAVES.values() for name in names}


class Story:
    """A recovery told event by event; `at` sets the instant, in seconds, for what follows."""

    def __init__(self) -> None:
        self._now_ms = 0
        self._events = 0
        self._calls = 0
        self.journal = Journal(lambda: self._now_ms)
        self.journal.record(RunStarted("made up", 1, "2026-03-01T02:00:00+00:00"))
        self.journal.record(JobChanged("j", "LAUNCH", "START_DRILL", "PENDING", []))

    def at(self, seconds: float) -> "Story":
        self._now_ms = round(seconds * 1000)
        return self

    def record(self, event: Event) -> "Story":
        self.journal.record(event)
        return self

    def answered(self, status: int, body: str = "") -> "Story":
        return self.record(Answered(status, body))

    def history(self, kind: str, state: str | None = None, **details: str) -> "Story":
        self._events += 1
        return self.record(HistoryEvent(EXECUTION, self._events, self._events - 1, kind, state, details))

    def start_recovery(self, *servers: str, error: str | None = None, call: str | None = None, attempt: int = 1) -> "Story":
        self._calls += 1
        request = {"sourceServers": [{"sourceServerID": IDS[server]} for server in servers]}
        return self.record(
            ApiCall(
                "drs",
                "StartRecovery",
                "us-east-1",
                "f",
                call or f"call-{self._calls}",
                attempt,
                self._now_ms,
                request,
                {},
                429 if error else 202,
                error,
                error,
                None,
            )
        )

    def call(self, operation: str, request: JsonObject, error: str | None = None) -> "Story":
        """A call of DRS by the function `f` that is answered, or refused with an error."""
        self._calls += 1
        made = ApiCall(
            "drs", operation, "us-east-1", "f", f"call-{self._calls}", 1, self._now_ms, request, {}, 429 if error else 200,
            error, None, None,
        )  # fmt: skip
        return self.record(made)

    def launch(self, status: str, *servers: str, raw_error: str | None = None) -> "Story":
        for server in servers:
            if raw_error:
                self.record(JobLogged("j", "LAUNCH_FAILED", IDS[server], {"rawError": raw_error}))
            self.record(LaunchStatusChanged("j", IDS[server], status))
        return self

    def retried(self, state: str, interval_seconds: float, error: str = "ThrottlingException", attempt: int = 1) -> "Story":
        return self.record(StateRetried(EXECUTION, state, error, 0, attempt, round(interval_seconds * 1000)))

    def notified(self) -> "Story":
        return self.record(Notified("topic", "subject", "message"))

    def fault(self, fault: str) -> "Story":
        return self.record(FaultFired(fault, "drs:StartRecovery", "ThrottlingException"))

    def facts(self, record: JsonObject | None = None, waves: Mapping[str, Sequence[str]] = WAVES) -> Facts:
        if record is not None:
            self.record(RecordRead("executions", {"executionId": "e1"}, record))
        self.record(RunEnded("finished"))
        return read_facts(self.journal, waves, IDS, "status")


def good_story() -> Story:
    """Three waves one after the other, ten minutes each, and the end a second later."""
    story = Story().answered(202).history("ExecutionStarted")
    story.at(60).start_recovery("db-1", "db-2").at(600).launch("LAUNCHED", "db-1").at(660).launch("LAUNCHED", "db-2")
    story.at(700).start_recovery("app-1").at(1300).launch("LAUNCHED", "app-1")
    story.at(1310).start_recovery("web-1").at(1900).launch("LAUNCHED", "web-1")
    return story.at(1901).notified().history("ExecutionSucceeded")
