"""What a state can be tested with: the mock and the situation that TestState takes, and what it refuses."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.engine.compiler import Compiler
from simulator.engine.definition import definition_error
from simulator.engine.json_text import decode
from simulator.engine.machine import MapState, ParallelState, State, TaskState
from simulator.engine.resources import Kind, Pattern
from simulator.engine.schema import check_state, inner_workflows
from simulator.errors import DrsimError
from simulator.json_types import JsonObject, JsonValue

NAME = "StateName"
NEEDS_MOCK = (
    "TestState API does not support Map or Parallel states. "
    "Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]"
)
NO_TOKEN = (
    "Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service"
    " integration pattern"
)
_TEXTS = ("Id", "Name", "RoleArn", "StartTime", "RedriveTime", "EnteredTime", "Token")
CONTEXT: Mapping[str, tuple[str, ...]] = {
    "Execution": ("Id", "Input", "Name", "RoleArn", "StartTime", "RedriveCount", "RedriveTime"),
    "State": ("EnteredTime", "Name", "RetryCount"),
    "StateMachine": ("Id", "Name"),
    "Task": ("Token",),
}
"""The members of a context object that may be made up."""


class Untestable(DrsimError):
    """A state cannot be tested in the way that was asked for; `code` is the name of the service's error."""

    def __init__(self, message: str, code: str = "ValidationException") -> None:
        super().__init__(message)
        self.code = code


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


def state_to_test(definition: str, state_name: str | None) -> tuple[str, JsonObject, Any, Any]:
    """The name, the document and the compiled state that is to be tested, and the same without its OutputPath.

    Raises `DefinitionError`, `Untestable`.
    """
    try:
        document: Any = decode(definition)
    except ValueError as error:
        raise definition_error(definition, str(error)) from error
    language = "JSONPath"
    if isinstance(document, dict) and "States" in document:
        language = document.get("QueryLanguage", language)
        name = state_name or document.get("StartAt", "")
        if name not in document["States"]:
            raise Untestable("State not found in definition")
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
    bare = {field: value for field, value in document.items() if field != "OutputPath"}
    return name, document, state, Compiler().one(name, bare, language)


def check_testable(
    state: State, document: JsonObject, mock: Mock | None, context: JsonObject | None, situation: Situation
) -> None:
    """Raises `Untestable` unless a state can be tested with a mock, a made-up context object and a situation."""
    if mock is None:
        _check_unmocked(state, document, context)
    else:
        _check_mock(state, document, mock)
    for complaint in _complaints(state, context or {}):
        raise Untestable(f"Invalid Context object provided: {complaint}")
    if situation.caused_by is not None and situation.caused_by not in _inside(document):
        raise Untestable(f"There is no state '{situation.caused_by}' inside of the tested one")


def _check_unmocked(state: State, document: JsonObject, context: JsonObject | None) -> None:
    if isinstance(state, MapState | ParallelState):
        raise Untestable(NEEDS_MOCK, "InvalidDefinition")
    if isinstance(state, TaskState) and _waits(state):
        raise Untestable(f"A {document['Type']} state of this kind can only be tested with a mock")
    if context is not None:
        raise Untestable("A context can only be given with a mock")


def _check_mock(state: State, document: JsonObject, mock: Mock) -> None:
    if not isinstance(state, TaskState | MapState | ParallelState):
        raise Untestable(f"State type '{document['Type']}' is not supported when a mock is specified")
    has_error = mock.error is not None or mock.cause is not None
    if (mock.result is None) != has_error:
        raise Untestable("A test mock should have only one of the following fields: [result, errorOutput].")
    if mock.result is not None:
        _check_result(state, document, decode(mock.result))


def _check_result(state: State, document: JsonObject, result: JsonValue) -> None:
    """A Map and a Parallel give arrays, a Map with a ResultWriter an object."""
    match state:
        case MapState() if "ResultWriter" in document:
            if not isinstance(result, Mapping):
                raise Untestable("Mocked result must be a JSON object.")
        case MapState() | ParallelState() if not isinstance(result, list):
            raise Untestable("Mocked result must be an array.")
        case ParallelState(branches=branches) if len(branches) != len(result):  # type: ignore[arg-type]
            raise Untestable("Mocked result must contain the same number of items as number of Parallel branches.")


def _complaints(state: State, context: JsonObject) -> Iterator[str]:
    """What is wrong with a made-up context object."""
    for name, member in context.items():
        if name == "Map":
            yield "'Map' field is not supported when mocking a Context object"
        elif name not in CONTEXT:
            yield f"Field '{name}' is not allowed"
        elif name == "Task" and not (isinstance(state, TaskState) and state.resource.pattern):
            yield NO_TOKEN
        elif not isinstance(member, Mapping):
            yield f"{name} must be an object"
        else:
            yield from _of_member(name, member)


def _of_member(name: str, member: JsonObject) -> Iterator[str]:
    for field, value in member.items():
        if field not in CONTEXT[name]:
            yield f"Field '{field}' is not allowed"
        elif field in _TEXTS and not isinstance(value, str):
            yield f"{name}.{field} must be a string"


def _waits(state: TaskState) -> bool:
    return state.resource.kind is Kind.ACTIVITY or state.resource.pattern is not Pattern.REQUEST_RESPONSE


def _inside(document: JsonObject) -> set[str]:
    """The names of all states inside of a state."""
    names: set[str] = set()
    for _, workflow in inner_workflows(document, str(document["Type"]), ()):
        states: Any = workflow.get("States", {}) if isinstance(workflow, Mapping) else {}
        for name, state in states.items():
            names |= {name} | _inside(state)
    return names
