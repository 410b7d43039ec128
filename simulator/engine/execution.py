"""One execution of a state machine, from its input to its end."""

from collections.abc import Sequence
from enum import StrEnum

from simulator.clock import Priority, Signal, VirtualClock
from simulator.engine.failures import Cancelled, NotRedrivable, StateFailure
from simulator.engine.frame import COMPLETE, Frame
from simulator.engine.integrations import Integrations
from simulator.engine.interpreter import run_branch
from simulator.engine.json_text import Document, decode
from simulator.engine.machine import Branch, Machine
from simulator.engine.run import MAX_EVENTS, Child, MapRun, Run
from simulator.engine.tokens import TaskTokens
from simulator.journal import Journal
from simulator.json_types import JsonObject
from simulator.rng import Chance

MAX_EXPRESS_SECONDS = 5 * 60
MAX_STANDARD_SECONDS = 365 * 24 * 60 * 60


class Status(StrEnum):
    """How an execution stands, in Step Functions' words."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"


class Execution:
    """One execution.

    `run()` in a process of the clock runs it to its end; what happens is written to the journal. `input` and `output` are
    JSON texts, `started_ms` and `ended_ms` milliseconds since the run's start, `ended` is set at the end.
    """

    def __init__(
        self, machine: Machine, *, arn: str, name: str, input: str, role_arn: str, state_machine_arn: str,  # noqa: A002
        state_machine_name: str, clock: VirtualClock, chance: Chance, journal: Journal, integrations: Integrations,
        tokens: TaskTokens, is_express: bool = False,
    ) -> None:  # fmt: skip
        self.machine = machine
        self.arn = arn
        self.name = name
        self.role_arn = role_arn
        self.input = input
        self.status: Status = Status.RUNNING
        self.output: str | None = None
        self.error: str | None = None
        self.cause: str | None = None
        self.started_ms = clock.now_ms
        self.ended_ms: int | None = None
        self.ended = Signal(clock)
        self._document = Document(decode(input), input)
        self._run = Run(
            arn, name, state_machine_arn, state_machine_name, role_arn, self._document.value, clock.now_ms, clock, chance,
            journal, integrations, tokens, run_branch, self._child, is_express,
        )  # fmt: skip
        self._frame = Frame(self._run, {}, 0, None)
        self._begun = False

    def run(self) -> None:
        """Run to the end. Blocks the calling process of the clock; raises nothing but our own bugs and limits."""
        if self.status is not Status.RUNNING:
            return
        clock = self._run.clock
        self._begin()
        self._frame.process = clock.current()
        timer = clock.call_after(self._limit_seconds() * 1000, self._time_out, Priority.DEADLINE)
        try:
            output = run_branch(self._frame, Branch(self.machine.start_at, self.machine.states), self._document)
        except StateFailure as failure:
            self._fail(failure)
        except Cancelled:
            if self.status is Status.RUNNING:  # ended together with the map run that it belongs to
                self.stop()
                raise
        else:
            self.output = output.text
            self._end(Status.SUCCEEDED, "ExecutionSucceeded", {"output": output.text, "outputDetails": COMPLETE})
        finally:
            timer.cancel()

    def stop(self, error: str | None = None, cause: str | None = None) -> None:
        """Abort it at once. Does nothing to an execution that has ended."""
        if self.status is Status.RUNNING:
            self.error, self.cause = error, cause
        self._cut_short(Status.ABORTED, "ExecutionAborted", _details(error, cause))

    def redrive(self) -> None:
        """RedriveExecution: make a failed, stopped or timed-out Standard execution go on where it ended.

        Whoever calls this then has `run` called in a new process, as for a new execution. States that ended well are not run
        again: the state that failed is, and of a Parallel or Map the branches, iterations and child executions without a
        result. Retriers count from the start. Raises `NotRedrivable`.
        """
        run = self._run
        if self.status in (Status.RUNNING, Status.SUCCEEDED) or run.is_express or run.events >= MAX_EVENTS - 1:
            raise NotRedrivable(f"{self.arn} is {self.status} with {run.events} events and cannot be redriven")
        run.redrive_count += 1
        run.redriven_ms = run.clock.now_ms
        event = run.record("ExecutionRedriven", None, {"redriveCount": run.redrive_count}, run.events)
        self.status, self.error, self.cause, self.ended_ms = Status.RUNNING, None, None, None
        self.ended = Signal(run.clock)
        self._frame.resume(event)

    @property
    def redrive_count(self) -> int:
        """How often it has been redriven."""
        return self._run.redrive_count

    @property
    def redriven_ms(self) -> int | None:
        """When it was last redriven, in milliseconds since the run's start; None if it never was."""
        return self._run.redriven_ms

    @property
    def map_runs(self) -> Sequence[MapRun]:
        """The runs of the Distributed Maps that were entered."""
        return self._run.map_runs

    def _child(self, branch: Branch, arn: str, name: str, text: str, label: str, is_express: bool) -> Child:
        run, machine = self._run, self.machine
        return Execution(
            Machine("", "", machine.query_language, None, branch.start_at, branch.states), arn=arn, name=name, input=text,
            role_arn=self.role_arn, state_machine_arn=f"{run.machine_arn}/{label}",
            state_machine_name=f"{run.machine_name}/{label}", clock=run.clock, chance=run.chance, journal=run.journal,
            integrations=run.integrations, tokens=run.tokens, is_express=is_express,
        )  # fmt: skip

    def _limit_seconds(self) -> int:
        """How long it may take: what the definition says, and never more than the service allows."""
        most = MAX_EXPRESS_SECONDS if self._run.is_express else MAX_STANDARD_SECONDS
        return min(self.machine.timeout_seconds or most, most)

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            details: JsonObject = {"input": self.input, "inputDetails": COMPLETE, "roleArn": self.role_arn}
            self._run.record("ExecutionStarted", None, details, 0)

    def _time_out(self) -> None:
        self._cut_short(Status.TIMED_OUT, "ExecutionTimedOut", {"error": "States.Timeout"})

    def _cut_short(self, status: Status, event: str, details: JsonObject) -> None:
        """End it from outside: the last event belongs to no line of control, so it has no predecessor."""
        if self.status is not Status.RUNNING:
            return
        self._begin()
        self._frame.abort(is_silent=True)
        self._frame.previous_id = 0
        self._end(status, event, details)

    def _fail(self, failure: StateFailure) -> None:
        self.error, self.cause = failure.error, failure.cause
        self._end(Status.FAILED, "ExecutionFailed", _details(failure.error, failure.cause))

    def _end(self, status: Status, event: str, details: JsonObject) -> None:
        self.status = status
        self.ended_ms = self._run.clock.now_ms
        self._run.end(event, details, self._frame.previous_id)
        if status is Status.SUCCEEDED:
            self._frame = Frame(self._run, {}, 0, None)  # nothing of it is needed any more
        self.ended.set()


def _details(error: str | None, cause: str | None) -> JsonObject:
    return {name: text for name, text in (("error", error), ("cause", cause)) if text is not None}
