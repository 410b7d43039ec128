"""The Task state: a call, its time limits, its token, and the history events of each kind of resource."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from simulator.clock import Process, Signal
from simulator.engine.failures import Cancelled, ExpressionError, StateFailure, TaskFailure
from simulator.engine.frame import COMPLETE, Frame, oversize
from simulator.engine.guard import guarded
from simulator.engine.integrations import TaskCall
from simulator.engine.json_text import Document
from simulator.engine.machine import TaskState
from simulator.engine.resources import Kind, Pattern
from simulator.engine.scope import Scope
from simulator.engine.steps import Outcome
from simulator.engine.tokens import OpenTask
from simulator.json_types import JsonValue

SYNC = (Pattern.SYNC, Pattern.SYNC_2)
NEVER_MS = 1 << 60


def run_task(frame: Frame, state: TaskState, document: Document) -> Outcome:
    """Task: one attempt after the other, as Retry has it."""
    return guarded(frame, "Task", state, document, lambda scope: _attempt(frame, state, scope), None)


def _attempt(frame: Frame, state: TaskState, scope: Scope) -> JsonValue:
    """One attempt: evaluate, schedule, call, wait. Raises `StateFailure`."""
    task = _issue(frame, state)
    try:
        limits = _Limits(_seconds(state.timeout, scope), _seconds(state.heartbeat, scope))
        role = _role(state, scope)
        call = _call(frame, state, state.flow.take(scope), role)
        if state.resource.kind is Kind.ACTIVITY and not frame.run.tokens.has_activity(state.resource.arn):
            raise StateFailure("States.Runtime", f"The activity {state.resource.arn} does not exist.", is_terminal=True)
        _schedule(frame, state, call, limits, role)
        attempt = _Attempt(frame, state, call, limits, task, frame.run.clock.now_ms)
        return attempt.run()
    finally:
        if task:
            frame.run.tokens.close(task)


@dataclass(frozen=True, slots=True)
class _Limits:
    """Seconds, None where there is no limit."""

    timeout: int | None
    heartbeat: int | None


@dataclass(slots=True)
class _Attempt:
    frame: Frame
    state: TaskState
    call: TaskCall
    limits: _Limits
    task: OpenTask | None
    began_ms: int
    is_noted: bool = True

    def run(self) -> JsonValue:
        frame, resource = self.frame, self.state.resource
        if resource.kind is Kind.ACTIVITY:
            assert self.task is not None
            self.is_noted = False
            frame.run.tokens.offer(self.task, resource.arn, Document(self.call.parameters).text)
            result = self._answered()
        else:
            result = self._called(self.call)
            if resource.pattern is not Pattern.REQUEST_RESPONSE:
                frame.emit("TaskSubmitted", self.state.name, {**_named(self.state), **_output(result)})
            if resource.pattern in SYNC:
                result = self._called(replace(self.call, submitted=result))
            elif resource.pattern is Pattern.CALLBACK:
                result = self._answered()
        document = Document(result)
        if cause := oversize(resource.arn if resource.kind is Kind.FUNCTION else resource.service, document):
            raise self._failed(
                "States.DataLimitExceeded", cause, alias="States.ALL"
            )  # observed, though AWS's guide denies it
        frame.emit(_EVENTS[resource.kind] + "Succeeded", self.state.name, {**_named(self.state), **_output_text(document)})
        return result

    def _called(self, call: TaskCall) -> JsonValue:
        """The answer of a call, which runs in a process of its own so that it can be left behind."""
        run = self.frame.run
        process = run.clock.spawn(f"{run.name}/{self.state.name}", lambda: run.integrations.call(call), supervised=True)
        self.frame.call = process
        try:
            if not process.ended.wait(self._left_ms()):
                process.interrupt(Cancelled())
                raise self._timed_out(None)
        finally:
            self.frame.call = None
        return self._value(process)

    def _value(self, process: Process) -> JsonValue:
        match process.error:
            case None:
                value: JsonValue = process.value
                return value
            case TaskFailure() as failure:
                raise self._failed(failure.error, failure.cause)
            case error:
                raise error

    def _answered(self) -> JsonValue:
        """The answer to the token. Each heartbeat moves the nearer of the two deadlines."""
        task, clock = self.task, self.frame.run.clock
        assert task is not None
        while not task.is_answered:
            left_ms, beat_ms = self._left_ms(), self._beat_left_ms(task)
            if min(left_ms, beat_ms) <= 0:
                raise self._timed_out(None if left_ms <= 0 else "States.HeartbeatTimeout")
            wait_ms = min(left_ms, beat_ms)
            task.changed.wait(None if wait_ms > NEVER_MS // 2 else wait_ms)
            if task.changed.is_set and self._is_unnoted(task):
                task.changed = Signal(clock)
        self._is_unnoted(task)
        if task.failure:
            raise self._failed(*task.failure)
        return task.output

    def _is_unnoted(self, task: OpenTask) -> bool:
        """Whether an activity's worker has taken the task since last asked; if so, the history now tells of it."""
        if self.is_noted or not task.is_started:
            return False
        self.is_noted = True
        self.frame.emit("ActivityStarted", self.state.name, {"workerName": task.worker} if task.worker else {})
        return True

    def _left_ms(self) -> int:
        if self.limits.timeout is None:
            return NEVER_MS
        return self.began_ms + self.limits.timeout * 1000 - self.frame.run.clock.now_ms

    def _beat_left_ms(self, task: OpenTask) -> int:
        if self.limits.heartbeat is None or not task.is_started:
            return NEVER_MS
        return task.last_beat_ms + self.limits.heartbeat * 1000 - self.frame.run.clock.now_ms

    def _failed(self, error: str | None, cause: str | None, alias: str | None = None) -> StateFailure:
        details = {**_named(self.state), **_error(error, cause)}
        self.frame.emit(_EVENTS[self.state.resource.kind] + "Failed", self.state.name, details)
        return StateFailure(error, cause, alias=alias)

    def _timed_out(self, alias: str | None) -> StateFailure:
        """Both limits are States.Timeout in the history; rules may also call a missed heartbeat States.HeartbeatTimeout."""
        details = {**_named(self.state), "error": "States.Timeout"}
        self.frame.emit(_EVENTS[self.state.resource.kind] + "TimedOut", self.state.name, details)
        return StateFailure("States.Timeout", None, alias=alias)


_EVENTS = {Kind.FUNCTION: "LambdaFunction", Kind.ACTIVITY: "Activity", Kind.SERVICE: "Task"}


def _issue(frame: Frame, state: TaskState) -> OpenTask | None:
    """The task's token. One that waits for a job has one too: its expressions can name it, nobody waits for its answer."""
    frame.token = None
    if state.resource.pattern is Pattern.REQUEST_RESPONSE and state.resource.kind is not Kind.ACTIVITY:
        return None
    task = frame.run.tokens.issue(frame.run.arn)
    frame.token = task.token
    return task


def _call(frame: Frame, state: TaskState, parameters: JsonValue, role: str | None) -> TaskCall:
    run = frame.run
    region, account = run.arn.split(":")[3:5]
    token = None if state.resource.pattern in SYNC else frame.token
    return TaskCall(
        state.resource, parameters, token, run.arn, run.machine_arn, role or run.role_arn, region, account, state.name,
        frame.retry_count or 0,
    )  # fmt: skip


def _schedule(frame: Frame, state: TaskState, call: TaskCall, limits: _Limits, role: str | None) -> None:
    resource, text = state.resource, Document(call.parameters).text
    details: dict[str, JsonValue] = {}
    if limits.timeout is not None:
        details["timeoutInSeconds"] = limits.timeout
    if limits.heartbeat is not None and resource.kind is not Kind.FUNCTION:
        details["heartbeatInSeconds"] = limits.heartbeat
    if role is not None:
        details["taskCredentials"] = {"roleArn": role}
    if resource.kind is Kind.SERVICE:
        details |= {**_named(state), "region": call.region, "parameters": text}
        frame.emit("TaskScheduled", state.name, details)
        frame.emit("TaskStarted", state.name, _named(state))
        return
    details |= {"resource": resource.arn, "input": text, "inputDetails": COMPLETE}
    frame.emit(_EVENTS[resource.kind] + "Scheduled", state.name, details)
    if resource.kind is Kind.FUNCTION:
        frame.emit("LambdaFunctionStarted", state.name, {})


def _named(state: TaskState) -> dict[str, JsonValue]:
    resource = state.resource
    return {"resourceType": resource.service, "resource": resource.action} if resource.kind is Kind.SERVICE else {}


def _output(value: JsonValue) -> dict[str, JsonValue]:
    return _output_text(Document(value))


def _output_text(document: Document) -> dict[str, JsonValue]:
    return {"output": document.text, "outputDetails": COMPLETE}


def _error(error: str | None, cause: str | None) -> dict[str, JsonValue]:
    return {name: value for name, value in (("error", error), ("cause", cause)) if value is not None}


def _seconds(number: Any, scope: Scope) -> int | None:
    return None if number is None else int(number(scope))


def _role(state: TaskState, scope: Scope) -> str | None:
    if state.credentials is None:
        return None
    credentials = state.credentials(scope)
    role = credentials.get("RoleArn") if isinstance(credentials, Mapping) else None
    if isinstance(role, str):
        return role
    raise ExpressionError("The Credentials field must have a RoleArn that is a string")
