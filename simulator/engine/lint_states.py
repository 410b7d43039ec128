"""Rules of the linter that look at one state at a time."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.engine.findings import Pointer
from simulator.engine.lint_rules import Note
from simulator.engine.resources import Kind, Pattern, Resource, parse_resource
from simulator.engine.retry import matches
from simulator.engine.schema import inner_workflows
from simulator.json_types import JsonObject, JsonValue

CONTEXT_MEMBERS = re.compile(
    r"(?<!\$)\$\.(Execution\.(Id|Input|Name|StartTime|RoleArn)|StateMachine\.(Id|Name)|State\.(Name|EnteredTime|RetryCount)"
    r"|Task\.Token|Map\.Item\.(Index|Value))\b"
)
DYNAMIC = re.compile(r"\$\$?\.[A-Za-z]|States\.[A-Z]\w+\(")
TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector", "Assign")
PATHS = (
    "InputPath",
    "OutputPath",
    "ItemsPath",
    "SecondsPath",
    "TimestampPath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
)
WILDCARDS = ("States.ALL", "States.TaskFailed")
LIMITS = ("TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath")


@dataclass(frozen=True, slots=True)
class _Around:
    """What the states around a state do for it: whether one of them retries or catches errors."""

    language: str
    has_retry: bool = False
    has_catch: bool = False


def check_states(owner: JsonObject, language: str) -> Iterator[Note]:
    """Notes on every state of a machine and of the workflows inside of it."""
    yield from _workflow(owner, (), _Around(language))


def _workflow(owner: JsonObject, at: Pointer, around: _Around) -> Iterator[Note]:
    states: Any = owner["States"]
    for name, state in states.items():
        here = (*at, "States", name)
        yield from _state(name, state, here, around)
        inside = _Around(around.language, around.has_retry or "Retry" in state, around.has_catch or "Catch" in state)
        for pointer, inner in inner_workflows(state, str(state["Type"]), here):
            if isinstance(inner, Mapping):
                yield from _workflow(inner, pointer, inside)


def _state(name: str, state: JsonObject, at: Pointer, around: _Around) -> Iterator[Note]:
    kind = str(state["Type"])
    is_jsonata = state.get("QueryLanguage", around.language) == "JSONata"
    if kind == "Choice" and "Default" not in state:
        yield Note("choice-without-default", at, f"Choice '{name}' has no Default", "add a Default")
    if kind == "Task":
        yield from _task(name, state, at, around)
    yield from _rules(state, at, is_jsonata)
    if is_jsonata:
        yield from _jsonpath_left(state.get("Arguments"), (*at, "Arguments"))
        yield from _jsonpath_left(state.get("Output"), (*at, "Output"))
    else:
        yield from _jsonpath(state, at)


def _task(name: str, state: JsonObject, at: Pointer, around: _Around) -> Iterator[Note]:
    if "Retry" not in state and not around.has_retry:
        yield Note("task-without-retry", at, f"Task '{name}' has no Retry", "retry throttling and service errors")
    if "Catch" not in state and not around.has_catch:
        yield Note("task-without-catch", at, f"Task '{name}' has no Catch", "catch States.ALL and record what happened")
    resource = parse_resource(str(state.get("Resource")))
    if resource:
        yield from _token(name, state, at, resource)
    timeout, heartbeat = state.get("TimeoutSeconds"), state.get("HeartbeatSeconds")
    if isinstance(timeout, int) and isinstance(heartbeat, int) and heartbeat >= timeout:
        message = f"a heartbeat every {heartbeat} s is asked of Task '{name}', which times out after {timeout} s"
        yield Note("heartbeat-not-shorter", (*at, "HeartbeatSeconds"), message, "make HeartbeatSeconds the shorter one")


def _token(name: str, state: JsonObject, at: Pointer, resource: Resource) -> Iterator[Note]:
    is_callback = resource.pattern is Pattern.CALLBACK
    if (is_callback or resource.kind is Kind.ACTIVITY) and not any(field in state for field in LIMITS):
        message = f"Task '{name}' waits for its token for ever if nobody answers"
        yield Note("token-without-timeout", at, message, "add TimeoutSeconds or HeartbeatSeconds")
    if is_callback and "Task.Token" not in str(state):
        message = f"Task '{name}' waits for a token that it does not pass on"
        yield Note("token-not-passed", at, message, "pass $$.Task.Token in its Parameters")


def _rules(state: JsonObject, at: Pointer, is_jsonata: bool) -> Iterator[Note]:
    for field in ("Retry", "Catch"):
        rules: Any = state.get(field, [])
        for index, rule in enumerate(rules):
            here = (*at, field, index)
            yield from _names(
                rule["ErrorEquals"], here, [name for before in rules[:index] for name in before["ErrorEquals"]]
            )
            if field == "Catch" and not is_jsonata and rule.get("ResultPath", "$") == "$":
                message = f"the error replaces the whole input of '{rule['Next']}'"
                yield Note("catch-replaces-input", here, message, 'add "ResultPath": "$.error"')


def _names(names: list[str], at: Pointer, before: list[str]) -> Iterator[Note]:
    if "States.Runtime" in names:
        yield Note("uncatchable-error", at, "States.Runtime can neither be retried nor caught", "remove it")
    if names and all(_is_taken(name, before) for name in names):
        yield Note("unreachable-rule", at, f"an earlier rule takes {' and '.join(names)} already", "put this rule first")


def _is_taken(name: str, before: list[str]) -> bool:
    return name in before or (name not in WILDCARDS and matches(before, name))


def _jsonpath(state: JsonObject, at: Pointer) -> Iterator[Note]:
    for field in TEMPLATES:
        yield from _template(state.get(field), (*at, field))
    yield from _literal(state.get("Result"), (*at, "Result"))
    for field in PATHS:
        yield from _context(state.get(field), (*at, field))
    choices: Any = state.get("Choices", [])
    for index, rule in enumerate(choices):
        yield from _choice_paths(rule, (*at, "Choices", index))


def _choice_paths(rule: Any, at: Pointer) -> Iterator[Note]:
    for key, value in rule.items():
        if key == "Variable" or (key.endswith("Path") and isinstance(value, str)):
            yield from _context(value, (*at, key))
        elif key in ("And", "Or"):
            for index, inner in enumerate(value):
                yield from _choice_paths(inner, (*at, key, index))
        elif key == "Not":
            yield from _choice_paths(value, (*at, key))


def _template(value: JsonValue, at: Pointer) -> Iterator[Note]:
    for key, item, here in _members(value, at):
        if key.endswith(".$"):
            yield from _context(item, here)
        elif isinstance(item, str) and DYNAMIC.match(item):
            message, fix = f"'{item}' is passed on as a text", f"name the field '{key}.$' if its value is meant"
            yield Note("path-as-text", here, message, fix)


def _literal(value: JsonValue, at: Pointer) -> Iterator[Note]:
    for key, _, here in _members(value, at):
        if key.endswith(".$"):
            message = f"'{key}' is taken as it is: nothing is evaluated inside of Result"
            yield Note("template-in-result", here, message, "use Parameters")


def _jsonpath_left(value: JsonValue, at: Pointer) -> Iterator[Note]:
    for key, item, here in _members(value, at):
        if key.endswith(".$") or (isinstance(item, str) and DYNAMIC.match(item)):
            message = f"'{key}' is passed on as it is: this state's language is JSONata"
            yield Note(
                "jsonpath-in-jsonata", here, message, "write {% $states.input... %}, or set QueryLanguage to JSONPath"
            )


def _members(value: JsonValue, at: Pointer) -> Iterator[tuple[str, JsonValue, Pointer]]:
    """Every member of every object inside of a value, with the way to it."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield key, item, (*at, key)
            yield from _members(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _members(item, (*at, index))


def _context(value: JsonValue, at: Pointer) -> Iterator[Note]:
    if isinstance(value, str) and CONTEXT_MEMBERS.search(value):
        message = f"'{value}' reads the input, where the context object seems to be meant"
        yield Note("context-with-one-dollar", at, message, "write $$ for the context object")
