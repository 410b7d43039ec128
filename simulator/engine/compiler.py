"""From a decoded definition of sound shape to the compiled states of `machine`.

Expressions that cannot be read are collected as findings; the state gets a field that is never evaluated instead.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from simulator.engine import fields, jsonata_fields
from simulator.engine.choice import InvalidRule, compile_rule
from simulator.engine.dataflow import Flow, path_output
from simulator.engine.findings import SCHEMA, Finding, Pointer
from simulator.engine.machine import (
    Branch,
    Catcher,
    ChoiceState,
    FailState,
    MapState,
    Number,
    ParallelState,
    PassState,
    Retrier,
    Rule,
    State,
    SucceedState,
    TaskState,
    WaitState,
)  # fmt: skip
from simulator.engine.paths import InvalidPath, compile_path, compile_reference
from simulator.engine.resources import Kind, Pattern, Resource, parse_resource
from simulator.engine.templates import InvalidTemplate, Reader, compile_expression, compile_path_field, compile_template
from simulator.json_types import JsonObject

T = TypeVar("T")


@dataclass(slots=True)
class Compiler:
    """Compiles states. `findings` grows with what cannot be read."""

    findings: list[Finding] = field(default_factory=list)

    def branch(self, owner: JsonObject, at: Pointer, language: str) -> Branch:
        """The states of a machine, a branch or a processor."""
        states: Any = owner["States"]
        compiled = {
            name: self.state(_Place(name, state, (*at, "States", name), str(state.get("QueryLanguage", language)), language))
            for name, state in states.items()
        }
        return Branch(str(owner["StartAt"]), compiled)

    def one(self, name: str, state: JsonObject, language: str) -> State:
        """One state by itself."""
        return self.state(_Place(name, state, (), str(state.get("QueryLanguage", language)), language))

    def state(self, place: "_Place") -> State:
        """One state of any type."""
        build: Callable[[_Place], State] = getattr(self, "_" + str(place.state["Type"]).lower())
        return build(place)

    def _pass(self, place: "_Place") -> State:
        state = place.state
        return PassState(place.name, place.next, self._flow(place), "Result" in state, state.get("Result"))

    def _task(self, place: "_Place") -> State:
        resource = _resource(str(place.state["Resource"]))
        flow = self._flow(place)
        credentials = place.state.get("Credentials")
        return TaskState(
            place.name, place.next, flow, resource,
            self._number(place, "TimeoutSeconds"), self._number(place, "HeartbeatSeconds"),
            None if credentials is None else self._template(place, "Credentials"),
            self._retriers(place), self._catchers(place),
        )  # fmt: skip

    def _choice(self, place: "_Place") -> State:
        rules: Any = place.state["Choices"]
        compiled = [self._rule(place, rule, ("Choices", index)) for index, rule in enumerate(rules)]
        default = place.state.get("Default")
        return ChoiceState(place.name, self._flow(place), compiled, None if default is None else str(default))

    def _rule(self, place: "_Place", rule: JsonObject, at: Pointer) -> Rule:
        flow = self._assigning(place, rule, at)
        if place.is_jsonata:
            condition = self._read(place, at, lambda: jsonata_fields.condition(rule.get("Condition"), _named(at)))
            return Rule(condition, str(rule["Next"]), flow)
        try:
            return Rule(compile_rule(rule), str(rule["Next"]), flow)
        except InvalidRule as error:
            self._refuse(place, (*at, error.field) if error.field else at, "Value must be a valid JSONPath.")
            return Rule(lambda scope: False, str(rule["Next"]), flow)

    def _wait(self, place: "_Place") -> State:
        names = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")
        name = next(name for name in names if name in place.state)
        build = jsonata_fields.instant if place.is_jsonata else fields.instant
        until = self._read(place, (name,), lambda: build(name, place.state[name]))
        return WaitState(place.name, place.next, self._flow(place), until)

    def _succeed(self, place: "_Place") -> State:
        return SucceedState(place.name, self._flow(place))

    def _fail(self, place: "_Place") -> State:
        return FailState(place.name, self._text(place, "Error"), self._text(place, "Cause"))

    def _parallel(self, place: "_Place") -> State:
        branches: Any = place.state["Branches"]
        compiled = [
            self.branch(branch, (*place.at, "Branches", index), place.inherited) for index, branch in enumerate(branches)
        ]
        flow = self._flow(place)
        return ParallelState(place.name, place.next, flow, compiled, self._retriers(place), self._catchers(place))

    def _map(self, place: "_Place") -> State:
        state = place.state
        inner = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
        owner: Any = state[inner]
        selector = "ItemSelector" if "ItemSelector" in state else "Parameters"
        mode = owner.get("ProcessorConfig", {}).get("Mode", "INLINE")
        return MapState(
            place.name, place.next, self._flow(place, without="Parameters"), self._items(place),
            self._template(place, selector) if selector in state else None,
            self._number(place, "MaxConcurrency"), self.branch(owner, (*place.at, inner), place.inherited),
            fields.distribution(self, place, owner) if mode == "DISTRIBUTED" else None,
            self._retriers(place), self._catchers(place),
        )  # fmt: skip

    def _items(self, place: "_Place") -> Reader:
        if place.is_jsonata:
            value = place.state.get("Items")
            return self._read(place, ("Items",), lambda: jsonata_fields.items(value))
        path = self._path(place, "ItemsPath")
        return path or (lambda scope: scope.input)

    def _flow(self, place: "_Place", without: str = "") -> Flow:
        if place.is_jsonata:
            return self._read(place, (), lambda: jsonata_fields.flow(place.state), Flow(is_jsonata=True))
        state = place.state
        arguments = self._template(place, "Parameters") if "Parameters" in state and without != "Parameters" else None
        return Flow(
            narrow=self._path(place, "InputPath"),
            arguments=arguments,
            select=self._template(place, "ResultSelector") if "ResultSelector" in state else None,
            assign=self._assign(place, state, ()),
            output=self._output(place, state, (), self._path(place, "OutputPath")),
        )

    def _output(self, place: "_Place", owner: JsonObject, at: Pointer, output_path: Reader | None) -> Any:
        path = owner.get("ResultPath", "$")
        if path is None:
            return path_output(None, "", output_path)
        try:
            steps = compile_reference(str(path)).steps
        except InvalidPath:
            self._refuse(place, (*at, "ResultPath"), "Value must be a valid Reference Path.")
            return None
        return path_output(steps, str(path), output_path)

    def _assign(self, place: "_Place", owner: JsonObject, at: Pointer) -> Any:
        if not owner.get("Assign"):
            return None
        value = owner["Assign"]
        return self._read(place, (*at, "Assign"), lambda: compile_template(value))

    def _assigning(self, place: "_Place", owner: JsonObject, at: Pointer) -> Flow:
        """The flow of a Choice rule: its own Assign and Output, else the state's OutputPath."""
        if place.is_jsonata:
            return self._read(place, at, lambda: jsonata_fields.flow(owner, _named(at)), Flow(is_jsonata=True))
        return Flow(assign=self._assign(place, owner, at))

    def _path(self, place: "_Place", name: str) -> Reader | None:
        """InputPath and its like: None where it is `$` or absent."""
        text = place.state.get(name, "$")
        if text is None:
            return lambda scope: {}
        if text == "$":
            return None
        try:
            return compile_path_field(compile_path(str(text)))
        except InvalidPath:
            if str(text).startswith("States."):
                return self._read(place, (name,), lambda: compile_expression(text, name))
            self._refuse(place, (name,), "Value must be a valid JSONPath.")
            return None

    def _template(self, place: "_Place", name: str) -> Reader:
        value = place.state[name]
        if place.is_jsonata:
            return self._read(place, (name,), lambda: jsonata_fields.template(value, name))
        return self._read(place, (name,), lambda: compile_template(value))

    def _text(self, place: "_Place", name: str) -> Reader | None:
        state = place.state
        if place.is_jsonata and name in state:
            return self._read(place, (name,), lambda: jsonata_fields.text(state[name], name))
        if name in state:
            value = state[name]
            return lambda scope: value
        path = f"{name}Path"
        if path in state:
            return self._read(place, (path,), lambda: fields.text(path, state[path]))
        return None

    def _number(self, place: "_Place", name: str) -> Number | None:
        state = place.state
        if name in state:
            value = state[name]
            build = jsonata_fields.number if place.is_jsonata else fields.constant
            return self._read(place, (name,), lambda: build(value, name))
        path = f"{name}Path"
        if path in state:
            return self._read(place, (path,), lambda: fields.number(path, state[path]))
        return None

    def _retriers(self, place: "_Place") -> Sequence[Retrier]:
        rules: Any = place.state.get("Retry", [])
        return [_retrier(rule) for rule in rules]

    def _catchers(self, place: "_Place") -> Sequence[Catcher]:
        rules: Any = place.state.get("Catch", [])
        return [self._catcher(place, rule, ("Catch", index)) for index, rule in enumerate(rules)]

    def _catcher(self, place: "_Place", rule: JsonObject, at: Pointer) -> Catcher:
        errors: Any = rule["ErrorEquals"]
        if place.is_jsonata:
            flow = self._read(place, at, lambda: jsonata_fields.flow(rule, _named(at)), Flow(is_jsonata=True))
            return Catcher(errors, str(rule["Next"]), flow)
        flow = Flow(assign=self._assign(place, rule, at), output=self._output(place, rule, at, None))
        return Catcher(errors, str(rule["Next"]), flow)

    def _read(self, place: "_Place", at: Pointer, build: Callable[[], T], otherwise: T | None = None) -> T:
        try:
            return build()
        except InvalidTemplate as error:
            self._refuse_expression(place, at, error)
            return otherwise or cast(T, _unread)

    def _refuse_expression(self, place: "_Place", at: Pointer, error: InvalidTemplate) -> None:
        if error.code:
            self.findings.append(Finding(error.code, error.text, (*place.at, *error.at)))
            return
        where = (*at, *error.at)
        field_name = where[-1] if where else ""
        message = f"The value for the field '{field_name}' must be a valid JSONPath or a valid intrinsic function call"
        self._refuse(place, where, message)

    def _refuse(self, place: "_Place", at: Pointer, message: str) -> None:
        self.findings.append(Finding(SCHEMA, message, (*place.at, *at)))


@dataclass(frozen=True, slots=True)
class _Place:
    name: str
    state: JsonObject
    at: Pointer
    language: str
    inherited: str

    @property
    def is_jsonata(self) -> bool:
        return self.language == "JSONata"

    @property
    def next(self) -> str | None:
        target = self.state.get("Next")
        return None if target is None else str(target)


def _named(at: Pointer) -> str:
    """`("Choices", 0)` as JSONata's messages name it: `Choices[0]`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f"/{step}" for step in at).removeprefix("/")


def _unread(scope: Any) -> Any:
    raise AssertionError("a field of a refused definition is never read")


def _resource(arn: str) -> Resource:
    """The resource; one with an unresolved `${Substitution}` is taken for a function's ARN."""
    return parse_resource(arn) or Resource(arn, Kind.FUNCTION, "lambda", "", Pattern.REQUEST_RESPONSE)


def _retrier(rule: Mapping[str, Any]) -> Retrier:
    return Retrier(
        tuple(rule["ErrorEquals"]), rule.get("IntervalSeconds", 1), rule.get("BackoffRate", 2.0),
        rule.get("MaxAttempts", 3), rule.get("MaxDelaySeconds"), rule.get("JitterStrategy") == "FULL",
    )  # fmt: skip
