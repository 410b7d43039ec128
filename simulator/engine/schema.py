"""The shape of a definition: which fields each state has, which are required, what may stand in them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from simulator.engine.choice import operators_in
from simulator.engine.findings import SCHEMA, TARGET, Finding, Pointer
from simulator.engine.resources import parse_resource
from simulator.engine.timestamps import parse_timestamp
from simulator.json_types import JsonObject, JsonValue

MAX_NAME_LENGTH = 80
MAX_DEPTH = 40
LABEL = re.compile(r"""[^\s?*<>{}\[\]:;,\\|^~$#%&`"\x00-\x1f\x7f-\x9f]{1,40}""")
Check = Callable[[JsonValue], str | None]

_JSONPATH_FIELDS = ("InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "Result")


def _string(value: JsonValue) -> str | None:
    return None if isinstance(value, str) else "Expected value of type String"


def _boolean(value: JsonValue) -> str | None:
    return None if isinstance(value, bool) else "Expected value of type Boolean"


def _object(value: JsonValue) -> str | None:
    return None if isinstance(value, Mapping) else "Expected value of type Object"


def _array(value: JsonValue) -> str | None:
    return None if isinstance(value, list) else "Expected value of type Array"


def _non_empty(value: JsonValue) -> str | None:
    return _array(value) or (None if value else "Array cannot be empty")


def _path(value: JsonValue) -> str | None:
    return None if value is None else _string(value)


def _resource(value: JsonValue) -> str | None:
    if isinstance(value, str) and (parse_resource(value) or "${" in value):
        return None
    return "Value is not a valid resource ARN"


def _any(value: JsonValue) -> str | None:
    return None


def expression(value: JsonValue) -> bool:
    """Whether a value is a JSONata expression, `{% ... %}`."""
    return isinstance(value, str) and value.strip().startswith("{%") and value.strip().endswith("%}")


def _integer(least: int, most: int) -> Check:
    def check(value: JsonValue) -> str | None:
        if expression(value):
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            return "Expected value of type Integer"
        return None if least <= value <= most else f"Value must be between {least} and {most}"

    return check


def _number(least: float) -> Check:
    def check(value: JsonValue) -> str | None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return "Expected value of type Float"
        return None if value >= least else f"Value must be at least {least}"

    return check


def _timestamp(value: JsonValue) -> str | None:
    if expression(value) or (isinstance(value, str) and parse_timestamp(value)):
        return None
    return "String does not match RFC3339 timestamp"


def _label(value: JsonValue) -> str | None:
    return _string(value) or (None if LABEL.fullmatch(str(value)) else "Value is not a valid label")


_SECONDS = _integer(0, 99_999_999)
_COMMON: dict[str, Check] = {
    "Type": _string, "Comment": _string, "QueryLanguage": _string,
}  # fmt: skip
_THROUGH = {"InputPath": _path, "OutputPath": _path, "Output": _any, "Assign": _object}
_STEP: dict[str, Check] = {"Next": _string, "End": _boolean}
_RESULT = {"ResultPath": _path, "ResultSelector": _object}
_ERRORS: dict[str, Check] = {"Retry": _array, "Catch": _array}

FIELDS: dict[str, dict[str, Check]] = {
    "Pass": {**_THROUGH, **_STEP, "Result": _any, "ResultPath": _path, "Parameters": _any},
    "Task": {
        **_THROUGH, **_STEP, **_RESULT, **_ERRORS, "Resource": _resource, "Parameters": _any, "Arguments": _any,
        "TimeoutSeconds": _integer(1, 99_999_999), "TimeoutSecondsPath": _string,
        "HeartbeatSeconds": _integer(1, 99_999_999), "HeartbeatSecondsPath": _string, "Credentials": _any,
    },
    "Choice": {**_THROUGH, "Choices": _non_empty, "Default": _string},
    "Wait": {
        **_THROUGH, **_STEP, "Seconds": _SECONDS, "SecondsPath": _string, "Timestamp": _timestamp, "TimestampPath": _string,
    },
    "Succeed": dict(_THROUGH),
    "Fail": {"Error": _string, "ErrorPath": _string, "Cause": _string, "CausePath": _string},
    "Parallel": {**_THROUGH, **_STEP, **_RESULT, **_ERRORS, "Branches": _non_empty, "Parameters": _any, "Arguments": _any},
    "Map": {
        **_THROUGH, **_STEP, **_RESULT, **_ERRORS, "ItemsPath": _string, "Items": _any, "ItemSelector": _any,
        "Parameters": _any, "Iterator": _object, "ItemProcessor": _object, "MaxConcurrency": _integer(0, 10_000_000),
        "MaxConcurrencyPath": _string, "Label": _label, "ItemReader": _object, "ItemBatcher": _object,
        "ResultWriter": _object, "ToleratedFailureCount": _integer(0, 10_000_000), "ToleratedFailureCountPath": _string,
        "ToleratedFailurePercentage": _any, "ToleratedFailurePercentagePath": _string,
    },
}  # fmt: skip
"""The fields of each type of state, beside Type, Comment and QueryLanguage."""

_REQUIRED = {"Task": ["Resource"], "Choice": ["Choices"], "Parallel": ["Branches"]}
_EXCLUSIVE = (
    ("TimeoutSeconds", "TimeoutSecondsPath"), ("HeartbeatSeconds", "HeartbeatSecondsPath"), ("Error", "ErrorPath"),
    ("Cause", "CausePath"), ("MaxConcurrency", "MaxConcurrencyPath"), ("ItemSelector", "Parameters"),
    ("ToleratedFailureCount", "ToleratedFailureCountPath"), ("Iterator", "ItemProcessor"),
    ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
)  # fmt: skip
_JSONPATH_ONLY = frozenset({
    *_JSONPATH_FIELDS, "ItemsPath", "SecondsPath", "TimestampPath", "ErrorPath", "CausePath", "TimeoutSecondsPath",
    "HeartbeatSecondsPath", "MaxConcurrencyPath", "ToleratedFailureCountPath", "ToleratedFailurePercentagePath",
})  # fmt: skip
_JSONATA_ONLY = frozenset({"Output", "Arguments", "Items"})

_TOP: dict[str, Check] = {
    "Comment": _string, "StartAt": _string, "States": _object, "Version": _string,
    "TimeoutSeconds": _integer(0, 99_999_999), "QueryLanguage": _string,
}  # fmt: skip


def check(definition: JsonValue) -> list[Finding]:
    """Everything that is wrong with the shape of a decoded definition."""
    if not isinstance(definition, Mapping):
        return [Finding(SCHEMA, "Expected value of type Object", ())]
    found = [*_fields(definition, _TOP, ()), *_language(definition, ()), *_version(definition)]
    return [*found, *_workflow(definition, (), _declared(definition, "JSONPath"), set())]


def _version(definition: JsonObject) -> Iterator[Finding]:
    if definition.get("Version", "1.0") != "1.0":
        yield Finding(SCHEMA, "Value must be one of: [1.0]", ("Version",))


def _declared(owner: JsonObject, inherited: str) -> str:
    return str(owner.get("QueryLanguage", inherited))


def _language(owner: JsonObject, at: Pointer) -> Iterator[Finding]:
    if owner.get("QueryLanguage", "JSONPath") not in ("JSONPath", "JSONata"):
        yield Finding(SCHEMA, "Value must be one of: [JSONPath, JSONata]", (*at, "QueryLanguage"))


def _fields(owner: JsonObject, known: Mapping[str, Check], at: Pointer) -> Iterator[Finding]:
    for name, value in owner.items():
        if name not in known:
            yield Finding(SCHEMA, f"Field '{name}' is not supported", (*at, name))
        elif complaint := known[name](value):
            yield Finding(SCHEMA, complaint, (*at, name))


def _workflow(owner: JsonObject, at: Pointer, language: str, seen: set[str]) -> Iterator[Finding]:
    """The states of a machine, branch or processor. `seen` are the names so far: they are unique in the whole machine."""
    missing = [name for name in ("StartAt", "States") if name not in owner]
    if missing:
        yield Finding(SCHEMA, f"These fields are required: [{', '.join(missing)}]", at)
        return
    states, start = owner["States"], owner["StartAt"]
    if not isinstance(states, Mapping) or not isinstance(start, str):
        return
    if not states:
        yield Finding(SCHEMA, "Object cannot be empty", (*at, "States"))
    elif start not in states:
        yield Finding(TARGET, f"Missing 'StartAt' target: {start}", (*at, "StartAt"))
    for name, state in states.items():
        yield from _state(name, state, states, (*at, "States", name), language, seen)
    yield from _unreachable(start, states, (*at, "States"))


def _state(
    name: str, state: JsonValue, siblings: JsonObject, at: Pointer, inherited: str, seen: set[str]
) -> Iterator[Finding]:
    if len(name) > MAX_NAME_LENGTH or name in seen:
        what = "is used more than once" if name in seen else f"is longer than {MAX_NAME_LENGTH} characters"
        yield Finding("DUPLICATE_STATE_NAME" if name in seen else SCHEMA, f"The state name '{name}' {what}", at)
    seen.add(name)
    if not isinstance(state, Mapping):
        yield Finding(SCHEMA, "Expected value of type Object", at)
        return
    kind = state.get("Type")
    if not isinstance(kind, str) or kind not in FIELDS:
        yield _unknown_type(state, at)
        return
    language = _declared(state, inherited)
    yield from _language(state, at)
    yield from _fields(state, {**_COMMON, **FIELDS[kind]}, at)
    yield from _required(state, kind, at)
    yield from _of_language(state, kind, language, inherited, at)
    yield from _transitions(state, kind, siblings, at)
    yield from _inner(state, kind, at, language, seen)


def _unknown_type(state: JsonObject, at: Pointer) -> Finding:
    if "Type" not in state:
        return Finding(SCHEMA, "These fields are required: [Type]", at)
    names = ", ".join(FIELDS)
    return Finding(SCHEMA, f"Value is not one of the allowed values [{names}]", (*at, "Type"))


def _required(state: JsonObject, kind: str, at: Pointer) -> Iterator[Finding]:
    missing = [name for name in _REQUIRED.get(kind, []) if name not in state]
    if missing:
        yield Finding(SCHEMA, f"These fields are required: [{', '.join(missing)}]", at)
    if kind == "Map" and not ("ItemProcessor" in state or "Iterator" in state):
        yield Finding(SCHEMA, "These fields are required: [ItemProcessor]", at)
    if kind == "Wait":
        given = [name for name in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if name in state]
        if len(given) != 1:
            yield Finding(SCHEMA, "Exactly one of [Seconds, SecondsPath, Timestamp, TimestampPath] is required", at)
    for first, second in _EXCLUSIVE:
        if first in state and second in state:
            yield Finding(SCHEMA, f"You cannot specify both '{first}' and '{second}'", at)


def _of_language(state: JsonObject, kind: str, language: str, inherited: str, at: Pointer) -> Iterator[Finding]:
    if inherited == "JSONata" and language == "JSONPath":
        yield Finding(SCHEMA, "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", at)
    wrong = _JSONPATH_ONLY if language == "JSONata" else _JSONATA_ONLY
    for name in state:
        if name in wrong and name in FIELDS[kind]:
            yield Finding(SCHEMA, f"The field '{name}' is not supported with query language '{language}'", (*at, name))


def _transitions(state: JsonObject, kind: str, siblings: JsonObject, at: Pointer) -> Iterator[Finding]:
    for name, target in _targets(state, kind):
        if isinstance(target, str) and target not in siblings:
            yield Finding(TARGET, f"Missing '{name[-1]}' target: {target}", (*at, *name))
    if "Next" not in FIELDS[kind]:
        return
    if "Next" in state and state.get("End") is True:
        yield Finding(SCHEMA, "You cannot specify both 'Next' and 'End'", at)
    elif "Next" not in state and state.get("End") is not True:
        yield Finding(SCHEMA, "One of these fields is required: [Next, End]", at)


def _targets(state: JsonObject, kind: str) -> Iterator[tuple[Pointer, JsonValue]]:
    for name in ("Next", "Default"):
        if name in state and name in FIELDS[kind]:
            yield (name,), state[name]
    for field in ("Choices", "Catch"):
        rules = state.get(field)
        for index, rule in enumerate(rules if isinstance(rules, list) and field in FIELDS[kind] else []):
            if isinstance(rule, Mapping) and "Next" in rule:
                yield (field, str(index), "Next"), rule["Next"]


def _inner(state: JsonObject, kind: str, at: Pointer, language: str, seen: set[str]) -> Iterator[Finding]:
    if kind == "Choice" and isinstance(state.get("Choices"), list):
        for index, rule in enumerate(_list(state["Choices"])):
            yield from _choice_rule(rule, (*at, "Choices", str(index)), language, is_top=True)
    for field in ("Retry", "Catch"):
        for index, rule in enumerate(_list(state.get(field)) if field in FIELDS[kind] else []):
            yield from _error_rule(rule, field, (*at, field, str(index)))
    for pointer, owner in inner_workflows(state, kind, at):
        if not isinstance(owner, Mapping):
            yield Finding(SCHEMA, "Expected value of type Object", pointer)
        elif len(pointer) > MAX_DEPTH * 4:
            yield Finding(SCHEMA, f"States are nested more than {MAX_DEPTH} deep", pointer)
        else:
            yield from _workflow(owner, pointer, _declared(owner, language), seen)


def inner_workflows(state: JsonObject, kind: str, at: Pointer) -> list[tuple[Pointer, JsonValue]]:
    """The branches or the processor of a state, each with the way to it."""
    if kind == "Parallel":
        return [((*at, "Branches", str(index)), branch) for index, branch in enumerate(_list(state.get("Branches")))]
    if kind == "Map":
        return [((*at, name), state[name]) for name in ("ItemProcessor", "Iterator") if isinstance(state.get(name), Mapping)]
    return []


def _choice_rule(rule: JsonValue, at: Pointer, language: str, *, is_top: bool) -> Iterator[Finding]:
    if not isinstance(rule, Mapping):
        yield Finding(SCHEMA, "Expected value of type Object", at)
        return
    if is_top and "Next" not in rule:
        yield Finding(SCHEMA, "These fields are required: [Next]", at)
    if language == "JSONata":
        if "Condition" not in rule:
            yield Finding(SCHEMA, "These fields are required: [Condition]", at)
        return
    nested = [name for name in ("And", "Or", "Not") if name in rule]
    if not nested and len(operators_in(rule)) != 1:
        yield Finding(SCHEMA, "Exactly one comparison operator is required", at)
    if not nested and "Variable" not in rule:
        yield Finding(SCHEMA, "These fields are required: [Variable]", at)
    for name in nested:
        parts = [rule[name]] if name == "Not" else _list(rule[name])
        for index, part in enumerate(parts):
            where = (*at, name) if name == "Not" else (*at, name, str(index))
            yield from _choice_rule(part, where, language, is_top=False)


_RETRY_FIELDS: dict[str, Check] = {
    "ErrorEquals": _non_empty, "IntervalSeconds": _integer(1, 99_999_999), "MaxAttempts": _integer(0, 99_999_999),
    "BackoffRate": _number(1.0), "MaxDelaySeconds": _integer(1, 31_622_400), "JitterStrategy": _string, "Comment": _string,
}  # fmt: skip
_CATCH_FIELDS: dict[str, Check] = {
    "ErrorEquals": _non_empty, "Next": _string, "ResultPath": _path, "Output": _any, "Assign": _object, "Comment": _string,
}  # fmt: skip


def _error_rule(rule: JsonValue, field: str, at: Pointer) -> Iterator[Finding]:
    if not isinstance(rule, Mapping):
        yield Finding(SCHEMA, "Expected value of type Object", at)
        return
    yield from _fields(rule, _RETRY_FIELDS if field == "Retry" else _CATCH_FIELDS, at)
    required = ["ErrorEquals"] if field == "Retry" else ["ErrorEquals", "Next"]
    missing = [name for name in required if name not in rule]
    if missing:
        yield Finding(SCHEMA, f"These fields are required: [{', '.join(missing)}]", at)
    if rule.get("JitterStrategy", "NONE") not in ("NONE", "FULL"):
        yield Finding(SCHEMA, "Value must be one of: [FULL, NONE]", (*at, "JitterStrategy"))


def _unreachable(start: str, states: JsonObject, at: Pointer) -> Iterator[Finding]:
    reached, waiting = {start}, [start]
    while waiting:
        state = states.get(waiting.pop())
        kind = str(state.get("Type")) if isinstance(state, Mapping) else ""
        for _, target in _targets(state, kind) if isinstance(state, Mapping) and kind in FIELDS else ():
            if isinstance(target, str) and target not in reached:
                reached.add(target)
                waiting.append(target)
    for name in states:
        if start in states and name not in reached:
            yield Finding(TARGET, f'State "{name}" is not reachable.', (*at, name))


def _list(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else []
