"""A linter that says more than Step Functions does: what is accepted, and yet probably not meant."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulator.engine.definition import find_problems, where
from simulator.engine.findings import Pointer
from simulator.engine.graph import targets
from simulator.engine.json_text import decode
from simulator.engine.resources import Kind, Pattern, parse_resource
from simulator.engine.schema import inner_workflows
from simulator.errors import Problem
from simulator.json_types import JsonObject, JsonValue

CONTEXT_MEMBERS = re.compile(
    r"\$\.(Execution\.(Id|Input|Name|StartTime|RoleArn)|StateMachine\.(Id|Name)|State\.(Name|EnteredTime)"
    r"|Task\.Token|Map\.Item\.(Index|Value))\b"
)
Note = tuple[Pointer, str, str]
"""Where, what, and how to mend it."""


def lint(text: str, source: str = "definition") -> list[Problem]:
    """What Step Functions would refuse, or if there is nothing of that, what is doubtful; each with line and column."""
    if problems := find_problems(text, source):
        return problems
    definition: Any = decode(text)
    notes = [*_machine(definition), *_workflow(definition, (), str(definition.get("QueryLanguage", "JSONPath")))]
    return [Problem(where(text, source, pointer), message, hint) for pointer, message, hint in notes]


def _machine(definition: JsonObject) -> Iterator[Note]:
    if "TimeoutSeconds" not in definition:
        for name in _looping(definition):
            message = f"the loop through '{name}' has no bound: an execution may go round it until its history is full"
            yield ("States", name), message, "give the machine a TimeoutSeconds, or count the rounds"


def _workflow(owner: JsonObject, at: Pointer, language: str) -> Iterator[Note]:
    states: Any = owner["States"]
    for name, state in states.items():
        yield from _state(name, state, (*at, "States", name), str(state.get("QueryLanguage", language)), language)


def _state(name: str, state: JsonObject, at: Pointer, language: str, inherited: str) -> Iterator[Note]:
    kind = str(state["Type"])
    if kind == "Choice" and "Default" not in state:
        message = f"Choice '{name}' has no Default: an input that no rule matches fails the execution with States.Runtime"
        yield at, message, "add a Default"
    if kind == "Task":
        yield from _task(name, state, at)
    yield from _rules(state, at)
    if language == "JSONPath":
        for field in ("Parameters", "ResultSelector", "ItemSelector", "Assign", "Result"):
            yield from _template(state.get(field), (*at, field), is_template=field != "Result")
    for pointer, inner in inner_workflows(state, kind, at):
        if isinstance(inner, Mapping):
            yield from _workflow(inner, pointer, inherited)


def _task(name: str, state: JsonObject, at: Pointer) -> Iterator[Note]:
    resource = parse_resource(str(state.get("Resource")))
    if "Retry" not in state:
        yield at, f"Task '{name}' has no Retry: the first transient error fails it", "retry throttling and service errors"
    if "Catch" not in state:
        yield at, f"Task '{name}' has no Catch: an error ends the execution with nothing recorded", "catch States.ALL"
    waits = resource and (resource.pattern is Pattern.CALLBACK or resource.kind is Kind.ACTIVITY)
    limits = ("TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath")
    if waits and not any(field in state for field in limits):
        yield at, f"Task '{name}' waits for its token for ever if nobody answers", "add TimeoutSeconds or HeartbeatSeconds"
    if resource and resource.pattern is Pattern.CALLBACK and "Task.Token" not in str(state):
        yield at, f"Task '{name}' waits for a token that it does not pass on", "pass $$.Task.Token in its Parameters"


def _rules(state: JsonObject, at: Pointer) -> Iterator[Note]:
    for field in ("Retry", "Catch"):
        rules: Any = state.get(field, [])
        for index, rule in enumerate(rules):
            names = rule["ErrorEquals"]
            if "States.ALL" in names and (len(names) > 1 or index < len(rules) - 1):
                yield (*at, field, index), "States.ALL must stand alone, in the last rule", "move it to a rule at the end"
            for known in {"States.Runtime"} & set(names):
                yield (*at, field, index), f"{known} can neither be retried nor caught", "remove it"
            if (
                field == "Catch"
                and rule.get("ResultPath", "$") == "$"
                and "QueryLanguage" not in state
                and "Output" not in rule
            ):
                message = "the error replaces the whole input of the state it leads to"
                yield (*at, field, index), message, 'add "ResultPath": "$.error"'


def _template(value: JsonValue, at: Pointer, *, is_template: bool) -> Iterator[Note]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _member(key, item, (*at, key), is_template=is_template)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _template(item, (*at, index), is_template=is_template)


def _member(key: str, item: JsonValue, at: Pointer, *, is_template: bool) -> Iterator[Note]:
    if not isinstance(item, str):
        yield from _template(item, at, is_template=is_template)
    elif key.endswith(".$") and not is_template:
        yield at, f"'{key}' is taken as it is: nothing is evaluated inside of Result", "use Parameters"
    elif key.endswith(".$") and CONTEXT_MEMBERS.search(item.replace("$$.", "")):
        yield at, f"'{item}' reads the input, where the context object seems to be meant", "write $$ for the context object"
    elif is_template and not key.endswith(".$") and re.match(r"\$\$?\.[A-Za-z]|States\.[A-Z]\w+\(", item):
        yield at, f"'{item}' is passed on as a text", f"name the field '{key}.$' if its value is meant"


def _looping(owner: JsonObject) -> Sequence[str]:
    """States of the top level that lie on a cycle with a Wait in it and are the first of it."""
    states: Any = owner["States"]
    waits = [name for name, state in states.items() if state["Type"] == "Wait"]
    return [name for name in waits if name in _from(name, states)]


def _from(start: str, states: JsonObject) -> set[str]:
    """The states that can be reached from a state in one step or more."""
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        for _, target in targets(states.get(waiting.pop())):
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    return reached
