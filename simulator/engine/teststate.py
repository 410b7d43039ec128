"""TestState: one state, alone, with what each step of its data flow made of the input."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulator.clock import VirtualClock
from simulator.engine.dataflow import Flow
from simulator.engine.failures import ExpressionError, StateFailure, TaskFailure
from simulator.engine.frame import Frame
from simulator.engine.integrations import Integrations, TaskCall
from simulator.engine.interpreter import RUNNERS, run_branch
from simulator.engine.json_text import Document, decode, encode
from simulator.engine.machine import MapState, ParallelState, PassState, TaskState
from simulator.engine.map_trial import check_tolerated, inspect_map
from simulator.engine.resources import Kind
from simulator.engine.retry import find_rule, interval_ms
from simulator.engine.run import Run
from simulator.engine.scope import Scope
from simulator.engine.tokens import TaskTokens
from simulator.engine.trial_checks import Mock, Situation, check_testable, state_to_test
from simulator.journal import Journal
from simulator.json_types import JsonObject, JsonValue
from simulator.rng import Chance

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
PREFIX = "arn:aws:states:us-east-1:123456789012"


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of the state.

    `status` is SUCCEEDED, FAILED, RETRIABLE or CAUGHT_ERROR. `inspection` has the steps of the data flow as JSON texts and
    the numbers of a Map; `error_details` the indices of the rule that took the error and the seconds until the next attempt.
    """

    status: str
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    next_state: str | None = None
    inspection: Mapping[str, str | float] = field(default_factory=dict)
    error_details: Mapping[str, int] = field(default_factory=dict)


def try_state(
    definition: str,
    given: str = "{}",
    *,
    mock: Mock | None = None,
    state_name: str | None = None,
    context: JsonObject | None = None,
    variables: JsonObject | None = None,
    situation: Situation | None = None,
    integrations: Integrations | None = None,
    role_arn: str = "",
    clock: VirtualClock | None = None,
    prefix: str = PREFIX,
) -> Trial:
    """Run one state. `definition` is the state, or a machine of which `state_name` is the state.

    Without a mock a Task calls `integrations`. With a `clock` it runs in the calling process of that clock, otherwise on a
    clock of its own. `prefix` is what ARNs of its account and Region begin with. Raises `DefinitionError` for a definition
    that cannot be used, `Untestable` for a state that cannot be tested so, ValueError for an input that is not JSON.
    """
    name, document, state, bare = state_to_test(definition, state_name)
    situation = situation or Situation()
    check_testable(state, document, mock, context, situation)
    trial = _Attempt(name, state, bare, Document(decode(given), given), mock, context, dict(variables or {}), situation)
    own = clock or VirtualClock(EPOCH)
    journal, chance = Journal(lambda: own.now_ms), Chance(0)
    run = Run(
        f"{prefix}:express:test:state", "state", f"{prefix}:stateMachine:test", "test", role_arn, trial.given.value,
        own.now_ms, own, chance, journal, integrations or _Nothing(), TaskTokens(own, chance), run_branch, _no_child,
        is_express=True,
    )  # fmt: skip
    if clock is not None:
        return trial.run(run)
    process = own.spawn("state", lambda: trial.run(run), supervised=True)
    own.run()
    if process.error:
        raise process.error
    result: Trial = process.value
    return result


@dataclass(slots=True)
class _Attempt:
    """One state and what is made up around it. `bare` is the same state without its OutputPath."""

    name: str
    state: Any
    bare: Any
    given: Document
    mock: Mock | None
    context: JsonObject | None
    variables: dict[str, JsonValue]
    situation: Situation
    seen: dict[str, str | float] = field(default_factory=dict)

    def run(self, run: Run) -> Trial:
        frame = Frame(run, self.variables, 0, None)
        self.seen["input"] = self.given.text
        try:
            if isinstance(self.state, TaskState | MapState | ParallelState | PassState):
                return self._work(frame)
            self._look(frame)
            output, target = RUNNERS[type(self.state)](frame, self.state, self.given)
        except ExpressionError as error:
            return self._failed(error.error, error.message)
        except StateFailure as failure:
            return self._failed(failure.error, failure.cause)
        return Trial("SUCCEEDED", output.text, next_state=target, inspection=self.seen)

    def _look(self, frame: Frame) -> None:
        """What InputPath leaves of the input of a state that does nothing with it."""
        flow = getattr(self.state, "flow", Flow())
        scope = frame.enter("Pass", self.name, self.given)
        if not flow.is_jsonata:
            self._note("afterInputPath", flow.narrow(scope) if flow.narrow else scope.input)

    def _work(self, frame: Frame) -> Trial:
        kind = type(self.state).__name__.removesuffix("State")
        scope = frame.enter(kind, self.name, self.given, has_retries=kind != "Pass")
        if kind != "Pass":
            frame.retry_count = self.situation.retries_used
        if kind == "Task" and (self.state.resource.kind is Kind.ACTIVITY or self.state.resource.pattern):
            frame.token = frame.run.tokens.issue(frame.run.arn).token
        if self.context is not None:
            scope.context = lambda: self.context or {}
        try:
            result = self._result(frame, scope)
            output, assigned = self._give(scope, result)
        except ExpressionError as error:
            is_terminal = error.error == "States.Runtime"
            return self._handle(frame, scope, StateFailure(error.error, error.message, is_terminal=is_terminal))
        except StateFailure as failure:
            return self._handle(frame, scope, failure)
        except TaskFailure as error:
            return self._handle(frame, scope, StateFailure(error.error, error.cause))
        self._note_variables(assigned)
        return Trial("SUCCEEDED", encode(output), next_state=self.state.next, inspection=self.seen)

    def _result(self, frame: Frame, scope: Scope) -> JsonValue:
        if isinstance(self.state, PassState) and self.state.has_result:
            self._note("result", self.state.result)
            return self.state.result
        flow = self.state.flow
        narrowed = scope.with_input(flow.narrow(scope)) if flow.narrow else scope
        if not flow.is_jsonata:
            self._note("afterInputPath", narrowed.input)
        taken = flow.arguments(narrowed) if flow.arguments else narrowed.input
        self._note_taken(taken)
        return self._worked(frame, scope, taken)

    def _worked(self, frame: Frame, scope: Scope, taken: JsonValue) -> JsonValue:
        match self.state:
            case PassState():
                return taken
            case MapState():
                total = inspect_map(frame, self.state, scope.with_input(taken), self.situation.source, self.seen)
                result = self._mocked()
                check_tolerated(self.seen, total, self.situation.failed_iterations)
                return result
            case ParallelState():
                return self._mocked()
        result = self._mocked() if self.mock else self._called(frame, taken)
        self._note("result", result)
        return result

    def _note_taken(self, taken: JsonValue) -> None:
        """Arguments where there are any, Parameters of a task or a Pass even where there are none."""
        flow = self.state.flow
        if flow.arguments or (isinstance(self.state, TaskState | PassState) and not flow.is_jsonata):
            self._note("afterArguments" if flow.is_jsonata else "afterParameters", taken)

    def _mocked(self) -> JsonValue:
        assert self.mock is not None
        if self.mock.result is None:
            raise TaskFailure(self.mock.error or "", self.mock.cause)
        value: JsonValue = decode(self.mock.result)
        return value

    def _called(self, frame: Frame, taken: JsonValue) -> JsonValue:
        run = frame.run
        region, account = run.arn.split(":")[3:5]
        call = TaskCall(
            self.state.resource, taken, None, run.arn, run.machine_arn, run.role_arn, region, account, self.name,
            self.situation.retries_used,
        )  # fmt: skip
        return run.integrations.call(call)

    def _give(self, scope: Scope, result: JsonValue) -> tuple[JsonValue, Mapping[str, JsonValue]]:
        flow: Flow = self.state.flow
        if flow.is_jsonata:
            return flow.give(scope, result)
        selected = flow.select(scope.with_input(result)) if flow.select else result
        self._note("afterResultSelector", selected)
        assigned = flow.assign(scope.with_input(selected)) if flow.assign else {}
        place = self.bare.flow.output
        self._note("afterResultPath", place(scope, selected) if place else selected)
        return (flow.output(scope, selected) if flow.output else selected), assigned

    def _handle(self, frame: Frame, scope: Scope, failure: StateFailure) -> Trial:
        used, details = self.situation.retries_used, dict[str, int]()
        retriers, catchers = getattr(self.state, "retriers", ()), getattr(self.state, "catchers", ())
        retrier = find_rule(retriers, failure)
        if retrier is not None:
            rule, details = retriers[retrier], {"retryIndex": retrier}
            if used < rule.max_attempts:
                details["retryBackoffIntervalSeconds"] = interval_ms(rule, used + 1, frame.run.stream("jitter")) // 1000
                return self._failed(failure.error, failure.cause, "RETRIABLE", details)
        index = find_rule(catchers, failure)
        if index is None:
            return self._failed(failure.error, failure.cause, details=details)
        catcher = catchers[index]
        error_output: dict[str, JsonValue] = {"Error": failure.error or "", "Cause": failure.cause or ""}
        seen = scope.with_states(errorOutput=error_output) if catcher.flow.is_jsonata else scope
        output, assigned = catcher.flow.give(seen, error_output)
        self._note_variables(assigned)
        return Trial(
            "CAUGHT_ERROR", encode(output), failure.error, failure.cause, catcher.next, self.seen, {"catchIndex": index}
        )

    def _failed(
        self, error: str | None, cause: str | None, status: str = "FAILED", details: Mapping[str, int] | None = None
    ) -> Trial:
        return Trial(status, None, error, cause, None, self.seen, details or {})

    def _note_variables(self, assigned: Mapping[str, JsonValue]) -> None:
        if variables := {**self.variables, **assigned}:
            self._note("variables", variables)

    def _note(self, step: str, value: JsonValue) -> None:
        self.seen[step] = encode(value)


class _Nothing:
    def call(self, task: TaskCall) -> JsonValue:
        raise TaskFailure("States.TaskFailed", f"{task.resource.arn} needs a mock")


def _no_child(*arguments: Any) -> Any:
    raise AssertionError("a single state has no child executions")
