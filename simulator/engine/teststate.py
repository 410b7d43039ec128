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
from simulator.engine.map_trial import inspect_map
from simulator.engine.resources import Kind, Pattern
from simulator.engine.retry import find_rule, interval_ms
from simulator.engine.run import Run
from simulator.engine.schema import check_state, inner_workflows
from simulator.engine.scope import Scope
from simulator.engine.tokens import TaskTokens
from simulator.errors import DrsimError
from simulator.journal import Journal
from simulator.json_types import JsonObject, JsonValue
from simulator.rng import Chance

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
NAME = "StateName"
ARN = "arn:aws:states:us-east-1:123456789012:express:test:state"


class Untestable(DrsimError):
    """A state cannot be tested in the way that was asked for."""


@dataclass(frozen=True, slots=True)
class Mock:
    """What the state's work comes to: `result` (JSON text), or an error with its cause."""

    result: str | None = None
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """In which situation a state is tested.

    `retries_used` counts the attempts before. For a mocked Map or Parallel, `caused_by` is the state inside from which the
    mocked error comes; for a mocked Map, `failed_iterations` is how many iterations fail and `source` the text that its
    ItemReader finds.
    """

    retries_used: int = 0
    caused_by: str | None = None
    failed_iterations: int = 0
    source: str | None = None


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
) -> Trial:
    """Run one state. `definition` is the state, or a machine of which `state_name` is the state.

    Without a mock a Task calls `integrations`. With a `clock` it runs in the calling process of that clock, otherwise on a
    clock of its own. Raises `DefinitionError` for a definition that cannot be used, `Untestable` for a state that cannot be
    tested so, ValueError for an input that is not JSON.
    """
    name, document, state = _compile(definition, state_name)
    situation = situation or Situation()
    _check_testable(state, document, mock, context, situation)
    trial = _Attempt(name, state, Document(decode(given), given), mock, context, dict(variables or {}), situation)
    own = clock or VirtualClock(EPOCH)
    journal, chance = Journal(lambda: own.now_ms), Chance(0)
    run = Run(
        ARN, "state", ARN, "test", role_arn, trial.given.value, own.now_ms, own, chance, journal, integrations or _Nothing(),
        TaskTokens(own, chance), run_branch, _no_child, is_express=True,
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
    name: str
    state: Any
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
            if isinstance(self.state, TaskState | MapState | ParallelState):
                return self._work(frame)
            output, target = RUNNERS[type(self.state)](frame, self.state, self.given)
        except ExpressionError as error:
            return self._failed(error.error, error.message)
        except StateFailure as failure:
            return self._failed(failure.error, failure.cause)
        return Trial("SUCCEEDED", output.text, next_state=target, inspection=self.seen)

    def _work(self, frame: Frame) -> Trial:
        kind = type(self.state).__name__.removesuffix("State")
        scope = frame.enter(kind, self.name, self.given, has_retries=True)
        frame.retry_count = self.situation.retries_used
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
        self._note("variables", {**self.variables, **assigned})
        return Trial("SUCCEEDED", encode(output), next_state=self.state.next, inspection=self.seen)

    def _result(self, frame: Frame, scope: Scope) -> JsonValue:
        flow = self.state.flow
        narrowed = scope.with_input(flow.narrow(scope)) if flow.narrow else scope
        if not flow.is_jsonata:
            self._note("afterInputPath", narrowed.input)
        taken = flow.arguments(narrowed) if flow.arguments else narrowed.input
        self._note("afterArguments" if flow.is_jsonata else "afterParameters", taken)
        if isinstance(self.state, MapState):
            failed, source = self.situation.failed_iterations, self.situation.source
            self.seen |= inspect_map(frame, self.state, scope.with_input(taken), failed, source)
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
        run = frame.run
        call = TaskCall(
            self.state.resource, taken, None, run.arn, run.machine_arn, run.role_arn, "us-east-1", "123456789012", self.name,
            self.situation.retries_used,
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
        used = self.situation.retries_used
        retrier = find_rule(self.state.retriers, failure)
        if retrier is not None and used < self.state.retriers[retrier].max_attempts:
            rule = self.state.retriers[retrier]
            seconds = interval_ms(rule, used + 1, frame.run.stream("jitter")) // 1000
            details = {"retryIndex": retrier, "retryBackoffIntervalSeconds": seconds}
            return self._failed(failure.error, failure.cause, "RETRIABLE", details)
        index = find_rule(self.state.catchers, failure)
        if index is None:
            return self._failed(failure.error, failure.cause)
        catcher = self.state.catchers[index]
        error_output: dict[str, JsonValue] = {"Error": failure.error or "", "Cause": failure.cause or ""}
        seen = scope.with_states(errorOutput=error_output) if catcher.flow.is_jsonata else scope
        output, assigned = catcher.flow.give(seen, error_output)
        self._note("variables", {**self.variables, **assigned})
        return Trial(
            "CAUGHT_ERROR", encode(output), failure.error, failure.cause, catcher.next, self.seen, {"catchIndex": index}
        )

    def _failed(
        self, error: str | None, cause: str | None, status: str = "FAILED", details: Mapping[str, int] | None = None
    ) -> Trial:
        return Trial(status, None, error, cause, None, self.seen, details or {})

    def _note(self, step: str, value: JsonValue) -> None:
        self.seen[step] = encode(value)


class _Nothing:
    def call(self, task: TaskCall) -> JsonValue:
        raise TaskFailure("States.TaskFailed", f"{task.resource.arn} needs a mock")


def _compile(definition: str, state_name: str | None) -> tuple[str, JsonObject, Any]:
    try:
        document: Any = decode(definition)
    except ValueError as error:
        raise definition_error(definition, str(error)) from error
    language = "JSONPath"
    if isinstance(document, dict) and "States" in document:
        language = document.get("QueryLanguage", language)
        name = state_name or document.get("StartAt", "")
        if name not in document["States"]:
            raise Untestable(f"The definition has no state '{name}'")
        document = document["States"][name]
    elif state_name is not None:
        raise Untestable("A state can only be chosen by its name in the definition of a whole state machine")
    name = state_name or NAME
    text = json.dumps(document)
    if findings := check_state(document, language):
        raise definition_error(text, findings)
    compiler = Compiler()
    state = compiler.one(name, document, language)
    if compiler.findings:
        raise definition_error(text, compiler.findings)
    return name, document, state


def _check_testable(
    state: Any, document: JsonObject, mock: Mock | None, context: JsonObject | None, situation: Situation
) -> None:
    if mock is None:
        if context is not None:
            raise Untestable("A context can only be given with a mock")
        if _needs_mock(state):
            raise Untestable(f"A {document['Type']} state of this kind can only be tested with a mock")
    elif not isinstance(state, TaskState | MapState | ParallelState):
        raise Untestable(f"A {document['Type']} state has no work that could be mocked")
    elif (mock.result is None) == (mock.error is None and mock.cause is None):
        raise Untestable("A mock is either a result or an error")
    if situation.caused_by is not None and situation.caused_by not in _inside(document):
        raise Untestable(f"There is no state '{situation.caused_by}' inside of the tested one")


def _needs_mock(state: Any) -> bool:
    if isinstance(state, MapState | ParallelState):
        return True
    is_task = isinstance(state, TaskState)
    return is_task and (state.resource.kind is Kind.ACTIVITY or state.resource.pattern is not Pattern.REQUEST_RESPONSE)


def _inside(document: JsonObject) -> set[str]:
    """The names of all states inside of a state."""
    names: set[str] = set()
    for _, workflow in inner_workflows(document, str(document["Type"]), ()):
        states: Any = workflow.get("States", {}) if isinstance(workflow, Mapping) else {}
        for name, state in states.items():
            names |= {name} | _inside(state)
    return names


def _no_child(*arguments: Any) -> Any:
    raise AssertionError("a single state has no child executions")
