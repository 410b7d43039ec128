"""TestState: one state, alone, with what each step of its data flow made of the input."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulator.clock import VirtualClock
from simulator.engine.compiler import Compiler
from simulator.engine.definition import definition_error
from simulator.engine.failures import ExpressionError, StateFailure, TaskFailure
from simulator.engine.frame import Frame
from simulator.engine.integrations import Integrations, TaskCall
from simulator.engine.interpreter import RUNNERS, run_branch
from simulator.engine.json_text import Document, decode, encode
from simulator.engine.machine import MapState, ParallelState, TaskState
from simulator.engine.retry import find_rule
from simulator.engine.run import Run
from simulator.engine.schema import check_state
from simulator.engine.scope import Scope
from simulator.engine.tokens import TaskTokens
from simulator.journal import Journal
from simulator.json_types import JsonObject, JsonValue
from simulator.rng import Chance

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
NAME = "StateName"
ARN = "arn:aws:states:us-east-1:123456789012:express:test:state"


@dataclass(frozen=True, slots=True)
class Mock:
    """What the state's work comes to: `result` (JSON text), or an error with its cause."""

    result: str | None = None
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of the state. `status`: SUCCEEDED, FAILED, RETRIABLE or CAUGHT_ERROR; `inspection` has JSON texts."""

    status: str
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    next_state: str | None = None
    inspection: Mapping[str, str] = field(default_factory=dict)


def try_state(
    definition: str,
    given: str = "{}",
    *,
    mock: Mock | None = None,
    state_name: str | None = None,
    context: JsonObject | None = None,
    variables: JsonObject | None = None,
    retries_used: int = 0,
    integrations: Integrations | None = None,
    role_arn: str = "",
) -> Trial:
    """Run one state. `definition` is the state, or a machine of which `state_name` is the state.

    Without a mock a Task calls `integrations`; Map and Parallel need a mock. Raises `DefinitionError` for a definition that
    cannot be used, ValueError for an input that is not JSON.
    """
    name, state = _compile(definition, state_name)
    trial = _Attempt(name, state, Document(decode(given), given), mock, context, dict(variables or {}), retries_used)
    clock = VirtualClock(EPOCH)
    journal, chance = Journal(lambda: clock.now_ms), Chance(0)
    run = Run(
        ARN, "state", ARN, "test", role_arn, trial.given.value, 0, clock, chance, journal, integrations or _Nothing(),
        TaskTokens(clock, chance), run_branch, _no_child, is_express=True,
    )  # fmt: skip
    process = clock.spawn("state", lambda: trial.run(run), supervised=True)
    clock.run()
    if process.error:
        raise process.error
    result: Trial = process.value
    return result


@dataclass(slots=True)
class _Attempt:
    name: str
    state: Any
    given: Document
    mock: Mock | None
    context: JsonObject | None
    variables: dict[str, JsonValue]
    retries_used: int
    seen: dict[str, str] = field(default_factory=dict)

    def run(self, run: Run) -> Trial:
        frame = Frame(run, self.variables, 0, None)
        self.seen["input"] = self.given.text
        try:
            if isinstance(self.state, TaskState | MapState | ParallelState):
                return self._work(frame)
            output, target = RUNNERS[type(self.state)](frame, self.state, self.given)
        except ExpressionError as error:
            return self._failed(error.error, error.message)
        except StateFailure as failure:
            return self._failed(failure.error, failure.cause)
        return Trial("SUCCEEDED", output.text, next_state=target, inspection=self._inspection())

    def _work(self, frame: Frame) -> Trial:
        kind = type(self.state).__name__.removesuffix("State")
        scope = frame.enter(kind, self.name, self.given, has_retries=True)
        frame.retry_count = self.retries_used
        if self.context is not None:
            scope.context = lambda: self.context or {}
        try:
            result = self._result(frame, scope)
            output, assigned = self._give(scope, result)
        except ExpressionError as error:
            return self._handle(frame, scope, StateFailure(error.error, error.message, is_terminal=_is_terminal(error)))
        except TaskFailure as error:
            return self._handle(frame, scope, StateFailure(error.error, error.cause))
        self._note("variables", {**self.variables, **assigned})
        return Trial("SUCCEEDED", encode(output), next_state=self.state.next, inspection=self._inspection())

    def _result(self, frame: Frame, scope: Scope) -> JsonValue:
        flow = self.state.flow
        narrowed = scope.with_input(flow.narrow(scope)) if flow.narrow else scope
        if not flow.is_jsonata:
            self._note("afterInputPath", narrowed.input)
        taken = flow.arguments(narrowed) if flow.arguments else narrowed.input
        self._note("afterArguments" if flow.is_jsonata else "afterParameters", taken)
        result = self._mocked() if self.mock else self._called(frame, taken)
        self._note("result", result)
        return result

    def _mocked(self) -> JsonValue:
        assert self.mock is not None
        if self.mock.result is None:
            raise TaskFailure(self.mock.error or "", self.mock.cause)
        value: JsonValue = decode(self.mock.result)
        return value

    def _called(self, frame: Frame, taken: JsonValue) -> JsonValue:
        if not isinstance(self.state, TaskState):
            raise ExpressionError("A Map or Parallel state can only be tested with a mock.")
        run = frame.run
        call = TaskCall(
            self.state.resource, taken, None, run.arn, run.machine_arn, run.role_arn, "us-east-1", "123456789012", self.name,
            self.retries_used,
        )  # fmt: skip
        return run.integrations.call(call)

    def _give(self, scope: Scope, result: JsonValue) -> tuple[JsonValue, Mapping[str, JsonValue]]:
        flow = self.state.flow
        if not flow.is_jsonata:
            selected = flow.select(scope.with_input(result)) if flow.select else result
            self._note("afterResultSelector", selected)
        output: tuple[JsonValue, Mapping[str, JsonValue]] = flow.give(scope, result)
        if not flow.is_jsonata:
            self._note("afterResultPath", output[0])
        return output

    def _handle(self, frame: Frame, scope: Scope, failure: StateFailure) -> Trial:
        retrier = find_rule(self.state.retriers, failure)
        if retrier is not None and self.retries_used < self.state.retriers[retrier].max_attempts:
            return self._failed(failure.error, failure.cause, "RETRIABLE")
        index = find_rule(self.state.catchers, failure)
        if index is None:
            return self._failed(failure.error, failure.cause)
        catcher = self.state.catchers[index]
        error_output: dict[str, JsonValue] = {"Error": failure.error or "", "Cause": failure.cause or ""}
        seen = scope.with_states(errorOutput=error_output) if catcher.flow.is_jsonata else scope
        output, _ = catcher.flow.give(seen, error_output)
        return Trial(
            "CAUGHT_ERROR", encode(output), failure.error, failure.cause, catcher.next, self._inspection()
        )  # fmt: skip

    def _failed(self, error: str | None, cause: str | None, status: str = "FAILED") -> Trial:
        return Trial(status, None, error, cause, None, self._inspection())

    def _note(self, step: str, value: JsonValue) -> None:
        self.seen[step] = encode(value)

    def _inspection(self) -> Mapping[str, str]:
        return dict(self.seen)


class _Nothing:
    def call(self, task: TaskCall) -> JsonValue:
        raise TaskFailure("States.TaskFailed", f"{task.resource.arn} needs a mock")


def _compile(definition: str, state_name: str | None) -> tuple[str, Any]:
    try:
        document: Any = decode(definition)
    except ValueError as error:
        raise definition_error(definition, str(error)) from error
    language = "JSONPath"
    if isinstance(document, dict) and "States" in document:
        language = document.get("QueryLanguage", language)
        name = state_name or document.get("StartAt", "")
        document = document["States"].get(name)
    name = state_name or NAME
    text = json.dumps(document)
    if findings := check_state(document, language):
        raise definition_error(text, findings)
    compiler = Compiler()
    state = compiler.one(name, document, language)
    if compiler.findings:
        raise definition_error(text, compiler.findings)
    return name, state


def _is_terminal(error: ExpressionError) -> bool:
    return error.error == "States.Runtime"


def _no_child(*arguments: Any) -> Any:
    raise AssertionError("a single state has no child executions")
