"""The shape of a definition: which fields its parts have, which are required, what may stand in them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, islice

from simulator.engine.choice import COMPARISONS, operators_in
from simulator.engine.field_checks import (
    BRANCH_FIELDS,
    CATCH_FIELDS,
    EVALUATED,
    EXCLUSIVE,
    JSONATA_ONLY,
    JSONPATH_ONLY,
    MACHINE_FIELDS,
    NESTED_FIELDS,
    PROCESSOR_FIELDS,
    REQUIRED,
    RETRY_FIELDS,
    RULE_FIELDS,
    STATE_FIELDS,
    Check,
)  # fmt: skip
from simulator.engine.findings import SCHEMA, Finding, Pointer, nearest
from simulator.engine.graph import check_transitions
from simulator.engine.resources import Kind, parse_resource
from simulator.engine.variables import check_variables
from simulator.json_types import JsonObject, JsonValue

MAX_NAME_LENGTH = 80
MAX_DEPTH = 40
MAX_FINDINGS = 100
"""As many as ValidateStateMachineDefinition tells of at most."""


def check(definition: JsonValue, *, is_express: bool = False) -> list[Finding]:
    """Everything that is wrong with the shape of a decoded definition, of a Standard or an Express workflow."""
    if not isinstance(definition, Mapping):
        return [Finding(SCHEMA, "Definition must be a valid JSON object", None)]
    checker = _Checker(str(definition.get("QueryLanguage", "JSONPath")), set(), is_express)
    found = chain(_fields(definition, MACHINE_FIELDS, (), "JSONPath"), checker.workflow(definition, (), 0))
    return list(islice(found, MAX_FINDINGS)) or list(islice(check_variables(definition), MAX_FINDINGS))


def check_state(state: JsonValue, language: str) -> list[Finding]:
    """What is wrong with one state by itself, its targets not looked at."""
    found = [*_Checker(language, set(), is_express=False).state("", state, (), 0)]
    return [finding for finding in found if finding.code == SCHEMA]


def is_expression(value: JsonValue) -> bool:
    """Whether a value is a JSONata expression, `{% ... %}`."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")


class _Checker:
    """Walks a definition. `language` is the machine's; `seen` the names of the states met so far, unique in all of it."""

    def __init__(self, language: str, seen: set[str], is_express: bool) -> None:
        self._is_express = is_express
        self._language = language
        self._seen = seen

    def workflow(self, owner: JsonObject, at: Pointer, depth: int) -> Iterator[Finding]:
        missing = [name for name in ("States", "StartAt") if name not in owner]
        if missing:
            yield Finding(SCHEMA, f"These fields are required: [{', '.join(missing)}]", at)
            return
        states = owner["States"]
        if not isinstance(states, Mapping):
            return
        if not states:
            yield Finding(SCHEMA, "Object cannot be empty", (*at, "States"))
        for name, state in states.items():
            yield from self.state(name, state, (*at, "States", name), depth)
        yield from check_transitions(owner, at)

    def state(self, name: str, state: JsonValue, at: Pointer, depth: int) -> Iterator[Finding]:
        yield from self._name(name, at)
        if not isinstance(state, Mapping):
            yield Finding(SCHEMA, "Expected value of type Object", at)
            return
        kind = state.get("Type")
        if not isinstance(kind, str) or kind not in STATE_FIELDS:
            yield _unknown_type(state, at)
            return
        language = str(state.get("QueryLanguage", self._language))
        yield from _fields(state, STATE_FIELDS[kind], at, language)
        yield from _nested(state, kind, at, language)
        yield from _required(state, kind, at)
        yield from self._of_language(state, kind, language, at)
        yield from _rules(state, kind, at, language)
        if self._is_express and kind == "Task":
            yield from _express_task(state, at)
        yield from self._inner(state, kind, at, depth + 1)

    def _name(self, name: str, at: Pointer) -> Iterator[Finding]:
        if len(name) > MAX_NAME_LENGTH:
            yield Finding(SCHEMA, f"State name cannot be longer than {MAX_NAME_LENGTH} characters", at)
        if name in self._seen:
            yield Finding("DUPLICATE_STATE_NAME", f"Duplicate State name: {name}", at)
        self._seen.add(name)

    def _of_language(self, state: JsonObject, kind: str, language: str, at: Pointer) -> Iterator[Finding]:
        if self._language == "JSONata" and language == "JSONPath":
            message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
            yield Finding(SCHEMA, message, at)
        wrong = JSONPATH_ONLY if language == "JSONata" else JSONATA_ONLY
        other = "JSONPath" if language == "JSONata" else "JSONata"
        for name in state:
            if name in wrong and name in STATE_FIELDS[kind]:
                message = f"The QueryLanguage is set to '{language}', but field '{name}' is only supported for the"
                yield Finding(SCHEMA, f"{message} '{other}' QueryLanguage", at)

    def _inner(self, state: JsonObject, kind: str, at: Pointer, depth: int) -> Iterator[Finding]:
        for pointer, owner in inner_workflows(state, kind, at):
            if not isinstance(owner, Mapping):
                yield Finding(SCHEMA, "Expected value of type Object", pointer)
            elif depth > MAX_DEPTH:
                yield Finding(SCHEMA, f"States cannot be nested more than {MAX_DEPTH} deep", pointer)
            else:
                yield from _fields(owner, PROCESSOR_FIELDS if kind == "Map" else BRANCH_FIELDS, pointer, "JSONPath")
                yield from self.workflow(owner, pointer, depth)


def inner_workflows(state: JsonObject, kind: str, at: Pointer) -> list[tuple[Pointer, JsonValue]]:
    """The branches or the processor of a state, each with the way to it."""
    if kind == "Parallel":
        return [((*at, "Branches", index), branch) for index, branch in enumerate(_list(state.get("Branches")))]
    if kind == "Map":
        return [((*at, name), state[name]) for name in ("ItemProcessor", "Iterator") if isinstance(state.get(name), Mapping)]
    return []


def _fields(
    owner: JsonObject, known: Mapping[str, Check], at: Pointer, language: str, others: Collection[str] = ()
) -> Iterator[Finding]:
    """Findings about fields; `others` are further names that one which is not `known` may be meant for."""
    for name, value in owner.items():
        if name not in known:
            yield Finding(SCHEMA, f"Field '{name}' is not supported", at, nearest(name, [*known, *others]), (*at, name))
        elif language == "JSONata" and name in EVALUATED and is_expression(value):
            continue
        elif complaint := known[name](value):
            yield Finding(SCHEMA, complaint, (*at, name))


def _nested(state: JsonObject, kind: str, at: Pointer, language: str) -> Iterator[Finding]:
    """Findings about the objects inside of a Map's fields."""
    for way, known in NESTED_FIELDS.items() if kind == "Map" else ():
        owner: JsonValue = state
        for name in way:
            owner = owner.get(name) if isinstance(owner, Mapping) else None
        if isinstance(owner, Mapping):
            yield from _fields(owner, known, (*at, *way), language)
            if owner.get("CSVHeaderLocation") == "GIVEN" and "CSVHeaders" not in owner:
                yield Finding(SCHEMA, "These fields are required: [CSVHeaders]", (*at, *way))


def _unknown_type(state: JsonObject, at: Pointer) -> Finding:
    if "Type" not in state:
        return Finding(SCHEMA, "These fields are required: [Type]", at)
    hint = nearest(str(state["Type"]), STATE_FIELDS)
    return Finding(SCHEMA, f"Value must be one of: [{', '.join(STATE_FIELDS)}]", (*at, "Type"), hint)


def _required(state: JsonObject, kind: str, at: Pointer) -> Iterator[Finding]:
    missing = [name for name in REQUIRED.get(kind, ()) if name not in state]
    if kind == "Map" and "ItemProcessor" not in state and "Iterator" not in state:
        missing = ["ItemProcessor"]
    if missing:
        yield Finding(SCHEMA, f"These fields are required: [{', '.join(missing)}]", at)
    if kind == "Wait":
        given = [name for name in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if name in state]
        if len(given) != 1:
            yield Finding(SCHEMA, "Exactly one of [Seconds, SecondsPath, Timestamp, TimestampPath] is required", at)
    if "Next" in STATE_FIELDS[kind] and ("Next" in state) == (state.get("End") is True):
        yield Finding(SCHEMA, "Exactly one of [Next, End] is required", at)
    for first, second in EXCLUSIVE:
        if first in state and second in state:
            yield Finding(SCHEMA, f"You cannot specify both '{first}' and '{second}'", at)


def _express_task(state: JsonObject, at: Pointer) -> Iterator[Finding]:
    """An Express workflow cannot wait for jobs, tokens or workers."""
    resource = parse_resource(str(state.get("Resource")))
    if resource and (resource.pattern or resource.kind is Kind.ACTIVITY):
        what = f"'.{resource.pattern}' service integration " if resource.pattern else "activities"
        yield Finding(SCHEMA, f"Express state machine does not support {what}", (*at, "Resource"))


def _rules(state: JsonObject, kind: str, at: Pointer, language: str) -> Iterator[Finding]:
    for index, rule in enumerate(_list(state.get("Choices")) if kind == "Choice" else []):
        yield from _choice_rule(rule, (*at, "Choices", index), language, is_top=True)
    for field in ("Retry", "Catch"):
        rules = _list(state.get(field)) if field in STATE_FIELDS[kind] else []
        for index, rule in enumerate(rules):
            yield from _error_rule(rule, field, (*at, field, index))
            yield from _wildcard(rule, (*at, field, index), is_last=index == len(rules) - 1)


def _choice_rule(rule: JsonValue, at: Pointer, language: str, *, is_top: bool) -> Iterator[Finding]:
    if not isinstance(rule, Mapping):
        yield Finding(SCHEMA, "Expected value of type Object", at)
        return
    operators = operators_in(rule)
    yield from _fields({name: rule[name] for name in rule if name not in operators}, RULE_FIELDS, at, language, COMPARISONS)
    if is_top and "Next" not in rule:
        yield Finding(SCHEMA, "These fields are required: [Next]", at)
    if language == "JSONata":
        if "Condition" not in rule:
            yield Finding(SCHEMA, "These fields are required: [Condition]", at)
        return
    nested = [name for name in ("And", "Or", "Not") if name in rule]
    if len(nested) + len(operators) != 1:
        yield Finding(SCHEMA, "Exactly one comparison operator is required", at)
    elif not nested and "Variable" not in rule:
        yield Finding(SCHEMA, "These fields are required: [Variable]", at)
    for name in nested:
        yield from _nested_rules(rule[name], name, at, language)


def _nested_rules(value: JsonValue, name: str, at: Pointer, language: str) -> Iterator[Finding]:
    if len(at) > MAX_DEPTH * 3:
        yield Finding(SCHEMA, f"Choice rules cannot be nested more than {MAX_DEPTH} deep", (*at, name))
    elif name == "Not":
        yield from _choice_rule(value, (*at, name), language, is_top=False)
    elif not isinstance(value, list) or not value:
        yield Finding(SCHEMA, "Array cannot be empty" if value == [] else "Expected value of type Array", (*at, name))
    else:
        for index, part in enumerate(value):
            yield from _choice_rule(part, (*at, name, index), language, is_top=False)


def _error_rule(rule: JsonValue, field: str, at: Pointer) -> Iterator[Finding]:
    if not isinstance(rule, Mapping):
        yield Finding(SCHEMA, "Expected value of type Object", at)
        return
    yield from _fields(rule, RETRY_FIELDS if field == "Retry" else CATCH_FIELDS, at, "JSONPath")
    missing = [name for name in ("ErrorEquals", "Next") if name not in rule and not (name == "Next" and field == "Retry")]
    if missing:
        yield Finding(SCHEMA, f"These fields are required: [{', '.join(missing)}]", at)


def _wildcard(rule: JsonValue, at: Pointer, *, is_last: bool) -> Iterator[Finding]:
    """States.ALL stands alone, and in the last rule: whatever came beside or after it could never matter."""
    names = _list(rule.get("ErrorEquals")) if isinstance(rule, Mapping) else []
    if "States.ALL" in names and len(names) > 1:
        yield Finding(SCHEMA, "'States.ALL' must be the only element of ErrorEquals", (*at, "ErrorEquals"))
    elif "States.ALL" in names and not is_last:
        yield Finding(SCHEMA, "'States.ALL' can only be used in the last rule", (*at, "ErrorEquals"))


def _list(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else []
