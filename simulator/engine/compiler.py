"""From a decoded definition of sound shape to the compiled states of `machine`.

Expressions that cannot be read are collected as findings; the state gets a field that is never evaluated instead.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulator.engine import fields, jsonata_fields
from simulator.engine.choice import InvalidRule, compile_rule
from simulator.engine.dataflow import Flow
from simulator.engine.field_compiler import FieldCompiler, Place, named
from simulator.engine.findings import Finding, Pointer
from simulator.engine.machine import (
    Branch,
    Catcher,
    ChoiceState,
    FailState,
    MapState,
    ParallelState,
    PassState,
    Retrier,
    Rule,
    State,
    SucceedState,
    TaskState,
    WaitState,
)  # fmt: skip
from simulator.engine.map_fields import distribution
from simulator.engine.resources import Kind, Pattern, Resource, parse_resource
from simulator.engine.templates import Reader
from simulator.json_types import JsonObject


class Compiler:
    """Compiles states. `findings` are the fields that cannot be read."""

    def __init__(self) -> None:
        self._fields = FieldCompiler()

    @property
    def findings(self) -> list[Finding]:
        """What cannot be read so far."""
        return self._fields.findings

    def branch(self, owner: JsonObject, at: Pointer, language: str) -> Branch:
        """The states of a machine, a branch or a processor."""
        states: Any = owner["States"]
        compiled = {
            name: self.state(Place(name, state, (*at, "States", name), str(state.get("QueryLanguage", language)), language))
            for name, state in states.items()
        }
        return Branch(str(owner["StartAt"]), compiled)

    def one(self, name: str, state: JsonObject, language: str) -> State:
        """One state by itself."""
        return self.state(Place(name, state, (), str(state.get("QueryLanguage", language)), language))

    def state(self, place: Place) -> State:
        """One state of any type."""
        build: Callable[[Place], State] = getattr(self, "_" + str(place.state["Type"]).lower())
        return build(place)

    def _pass(self, place: Place) -> State:
        state = place.state
        return PassState(place.name, place.next, self._fields.flow(place), "Result" in state, state.get("Result"))

    def _task(self, place: Place) -> State:
        resource = _resource(str(place.state["Resource"]))
        flow = self._fields.flow(place)
        credentials = place.state.get("Credentials")
        return TaskState(
            place.name, place.next, flow, resource,
            self._fields.number(place, "TimeoutSeconds"), self._fields.number(place, "HeartbeatSeconds"),
            None if credentials is None else self._fields.template(place, "Credentials"),
            self._retriers(place), self._catchers(place),
        )  # fmt: skip

    def _choice(self, place: Place) -> State:
        rules: Any = place.state["Choices"]
        compiled = [self._rule(place, rule, ("Choices", index)) for index, rule in enumerate(rules)]
        default = place.state.get("Default")
        return ChoiceState(place.name, self._fields.flow(place), compiled, None if default is None else str(default))

    def _rule(self, place: Place, rule: JsonObject, at: Pointer) -> Rule:
        flow = self._fields.rule_flow(place, rule, at)
        if place.is_jsonata:
            condition = self._fields.read(place, at, lambda: jsonata_fields.condition(rule.get("Condition"), named(at)))
            return Rule(condition, str(rule["Next"]), flow)
        try:
            return Rule(compile_rule(rule), str(rule["Next"]), flow)
        except InvalidRule as error:
            self._fields.refuse(place, (*at, error.field) if error.field else at, "Value must be a valid JSONPath.")
            return Rule(lambda scope: False, str(rule["Next"]), flow)

    def _wait(self, place: Place) -> State:
        names = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")
        name = next(name for name in names if name in place.state)
        build = jsonata_fields.instant if place.is_jsonata else fields.instant
        until = self._fields.read(place, (name,), lambda: build(name, place.state[name]))
        return WaitState(place.name, place.next, self._fields.flow(place), until)

    def _succeed(self, place: Place) -> State:
        return SucceedState(place.name, self._fields.flow(place))

    def _fail(self, place: Place) -> State:
        return FailState(place.name, self._fields.text(place, "Error"), self._fields.text(place, "Cause"))

    def _parallel(self, place: Place) -> State:
        branches: Any = place.state["Branches"]
        compiled = [
            self.branch(branch, (*place.at, "Branches", index), place.inherited) for index, branch in enumerate(branches)
        ]
        flow = self._fields.flow(place)
        return ParallelState(place.name, place.next, flow, compiled, self._retriers(place), self._catchers(place))

    def _map(self, place: Place) -> State:
        state = place.state
        inner = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
        owner: Any = state[inner]
        selector = "ItemSelector" if "ItemSelector" in state else "Parameters"
        is_distributed = owner.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"
        return MapState(
            place.name, place.next, self._fields.flow(place, without="Parameters"), self._items(place, is_distributed),
            str(state.get("ItemsPath", "$")),
            self._fields.template(place, selector) if selector in state else None,
            self._fields.number(place, "MaxConcurrency"), self.branch(owner, (*place.at, inner), place.inherited),
            distribution(self._fields, place, owner) if is_distributed else None,
            self._retriers(place), self._catchers(place),
        )  # fmt: skip

    def _items(self, place: Place, is_distributed: bool) -> Reader:
        if place.is_jsonata:
            value = place.state.get("Items")
            return self._fields.read(place, ("Items",), lambda: jsonata_fields.items(value, is_distributed))
        path = self._fields.path(place, "ItemsPath")
        return path or (lambda scope: scope.input)

    def _retriers(self, place: Place) -> Sequence[Retrier]:
        rules: Any = place.state.get("Retry", [])
        return [_retrier(rule) for rule in rules]

    def _catchers(self, place: Place) -> Sequence[Catcher]:
        rules: Any = place.state.get("Catch", [])
        return [self._catcher(place, rule, ("Catch", index)) for index, rule in enumerate(rules)]

    def _catcher(self, place: Place, rule: JsonObject, at: Pointer) -> Catcher:
        errors: Any = rule["ErrorEquals"]
        if place.is_jsonata:
            flow = self._fields.read(place, at, lambda: jsonata_fields.flow(rule, named(at)), Flow(is_jsonata=True))
            return Catcher(errors, str(rule["Next"]), flow)
        flow = Flow(assign=self._fields.assign(place, rule, at), output=self._fields.output(place, rule, at, None))
        return Catcher(errors, str(rule["Next"]), flow)


def _resource(arn: str) -> Resource:
    """The resource; one with an unresolved `${Substitution}` is taken for a function's ARN."""
    return parse_resource(arn) or Resource(arn, Kind.FUNCTION, "lambda", "", Pattern.REQUEST_RESPONSE)


def _retrier(rule: Mapping[str, Any]) -> Retrier:
    return Retrier(
        tuple(rule["ErrorEquals"]), rule.get("IntervalSeconds", 1), rule.get("BackoffRate", 2.0),
        rule.get("MaxAttempts", 3), rule.get("MaxDelaySeconds"), rule.get("JitterStrategy") == "FULL",
    )  # fmt: skip
