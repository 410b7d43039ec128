"""Compiling the fields of states, with a finding for each expression that cannot be read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from simulator.engine import fields, jsonata_fields
from simulator.engine.dataflow import Flow, path_output
from simulator.engine.findings import SCHEMA, Finding, Pointer, nearest
from simulator.engine.intrinsic_functions import FUNCTIONS
from simulator.engine.machine import Number
from simulator.engine.paths import InvalidPath, compile_path, compile_reference
from simulator.engine.scope import Scope
from simulator.engine.templates import InvalidTemplate, Reader, compile_expression, compile_path_field, compile_template
from simulator.json_types import JsonObject

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """A state being compiled, or a part of it. `language` is its query language, `inherited` that of the machine."""

    name: str
    state: JsonObject
    at: Pointer
    language: str
    inherited: str

    @property
    def is_jsonata(self) -> bool:
        """Whether its expressions are JSONata."""
        return self.language == "JSONata"

    @property
    def next(self) -> str | None:
        """Where it leads, None if it ends the workflow."""
        target = self.state.get("Next")
        return None if target is None else str(target)

    def inside(self, name: str) -> "Place":
        """The object in one of its fields."""
        owner: Any = self.state[name]
        return Place(self.name, owner, (*self.at, name), self.language, self.inherited)


@dataclass(slots=True)
class FieldCompiler:
    """Compiles fields in either language. `findings` grows with what cannot be read."""

    findings: list[Finding] = field(default_factory=list)

    def flow(self, place: Place, without: str = "") -> Flow:
        """The data fields of a state; `without` is one that means something else there."""
        if place.is_jsonata:
            return self.read(place, (), lambda: jsonata_fields.flow(place.state), Flow(is_jsonata=True))
        state = place.state
        arguments = self.template(place, "Parameters") if "Parameters" in state and without != "Parameters" else None
        return Flow(
            narrow=self.path(place, "InputPath"),
            arguments=arguments,
            select=self.template(place, "ResultSelector") if "ResultSelector" in state else None,
            assign=self.assign(place, state, ()),
            output=self.output(place, state, (), self.path(place, "OutputPath")),
        )

    def output(self, place: Place, owner: JsonObject, at: Pointer, output_path: Reader | None) -> Any:
        """ResultPath of a state or catcher, with OutputPath behind it."""
        path = owner.get("ResultPath", "$")
        if path is None:
            return path_output(None, "", output_path)
        try:
            steps = compile_reference(str(path)).steps
        except InvalidPath:
            self.refuse(place, (*at, "ResultPath"), "Value must be a valid Reference Path.")
            return None
        return path_output(steps, str(path), output_path)

    def assign(self, place: Place, owner: JsonObject, at: Pointer) -> Any:
        """The variables that a state, rule or catcher assigns, None if there are none."""
        if not owner.get("Assign"):
            return None
        value = owner["Assign"]
        return self.read(place, (*at, "Assign"), lambda: compile_template(value))

    def rule_flow(self, place: Place, owner: JsonObject, at: Pointer) -> Flow:
        """The flow of a Choice rule: its own Assign and Output, else the state's OutputPath."""
        if place.is_jsonata:
            return self.read(place, at, lambda: jsonata_fields.flow(owner, named(at)), Flow(is_jsonata=True))
        return Flow(assign=self.assign(place, owner, at))

    def path(self, place: Place, name: str) -> Reader | None:
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
                return self.read(place, (name,), lambda: compile_expression(text, name))
            self.refuse(place, (name,), "Value must be a valid JSONPath.")
            return None

    def template(self, place: Place, name: str) -> Reader:
        """A field with a payload template."""
        value = place.state[name]
        if place.is_jsonata:
            return self.read(place, (name,), lambda: jsonata_fields.template(value, name))
        return self.read(place, (name,), lambda: compile_template(value))

    def text(self, place: Place, name: str) -> Reader | None:
        """A field that is a text, or a `...Path` to one; None without either."""
        state = place.state
        if place.is_jsonata and name in state:
            return self.read(place, (name,), lambda: jsonata_fields.text(state[name], name))
        if name in state:
            value = state[name]
            return lambda scope: value
        path = f"{name}Path"
        if path in state:
            return self.read(place, (path,), lambda: fields.text(path, state[path]))
        return None

    def number(self, place: Place, name: str) -> Number | None:
        """A field that is a number, or a `...Path` to one; None without either."""
        state = place.state
        if name in state:
            value = state[name]
            build = jsonata_fields.number if place.is_jsonata else fields.constant
            return self.read(place, (name,), lambda: build(value, name))
        path = f"{name}Path"
        if path in state:
            return self.read(place, (path,), lambda: fields.number(path, state[path]))
        return None

    def percentage(self, place: Place, name: str) -> Callable[[Scope], float] | None:
        """A field that is a share in per cent, or a `...Path` to one; None without either."""
        state = place.state
        given = next((field for field in (name, f"{name}Path") if field in state), None)
        if given is None:
            return None
        value = state[given]
        if place.is_jsonata:
            return self.read(place, (given,), lambda: jsonata_fields.number(value, given))
        return self.read(place, (given,), lambda: fields.percentage(given, value))

    def read(self, place: Place, at: Pointer, build: Callable[[], T], otherwise: T | None = None) -> T:
        """What `build` gives; a finding, and something never to be used, if it cannot read its expression."""
        try:
            return build()
        except InvalidTemplate as error:
            self._refuse_expression(place, at, error)
            return otherwise or cast(T, _unread)

    def _refuse_expression(self, place: Place, at: Pointer, error: InvalidTemplate) -> None:
        if error.code:
            self.findings.append(Finding(error.code, error.text, (*place.at, *error.at)))
            return
        where = (*at, *error.at)
        field_name = where[-1] if where else ""
        message = f"The value for the field '{field_name}' must be a valid JSONPath or a valid intrinsic function call"
        owner = where[:-1] if error.at else where  # the service names what the field is in
        hint, spot = nearest_function(error.text), (*place.at, *where)
        self.findings.append(Finding(SCHEMA, message, (*place.at, *owner), hint, spot))

    def refuse(self, place: Place, at: Pointer, message: str) -> None:
        """Note that a field cannot be used."""
        self.findings.append(Finding(SCHEMA, message, (*place.at, *at)))


def nearest_function(text: str) -> str:
    """A hint at the intrinsic function that a text which is no call of one may mean; empty if there is none like it."""
    name = text.partition("(")[0].removeprefix("States.")
    return nearest(name, FUNCTIONS) if text.startswith("States.") and name not in FUNCTIONS else ""


def named(at: Pointer) -> str:
    """`("Choices", 0)` as JSONata's messages name it: `Choices[0]`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f"/{step}" for step in at).removeprefix("/")


def _unread(scope: Any) -> Any:
    raise AssertionError("a field of a refused definition is never read")
