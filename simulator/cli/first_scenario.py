"""The scenario that `drsim init --from` writes: a template's state machine with the tables and input that it wants."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from simulator.errors import Problem, ScenarioError
from simulator.json_types import JsonValue
from simulator.scenario.templates import Template, parse_document, read_template

_MACHINES = ("AWS::StepFunctions::StateMachine", "AWS::Serverless::StateMachine")
_TABLES = ("AWS::DynamoDB::Table", "AWS::Serverless::SimpleTable")
MAX_NESTED = 10  # stacks within stacks; one that nests itself has no end
_FILES = {"DefinitionUri", "DefinitionS3Location"}
_MEMBER = re.compile(r"(?:(?<!\$)\$|\$states\.input)\.([A-Za-z_]\w*)")
_CONTEXT = re.compile(r"(?:\$\$|\$states\.context)\.Execution\.Input\.([A-Za-z_]\w*)")
_NOT_OF_THE_INPUT = {
    "ResultPath", "OutputPath", "ResultSelector", "Catch", "Assign", "Output", "Branches", "ItemProcessor", "Iterator",
}  # fmt: skip
_NESTED: Mapping[str, str] = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
_KNOWN: Mapping[str, str] = {"planid": "${planId}", "isdrill": "${isDrill}", "plan": "${plan}"}


def first_scenario(path: Path, scenario: Path) -> str:
    """The text of a scenario in the file `scenario`. Raises ScenarioError for a template that has no state machine."""
    template = read_template(path)
    found = dict(_resources(template, ""))
    machines = [name for name, (_, resource) in found.items() if resource["Type"] in _MACHINES]
    if not machines:
        hint = "name a template with an AWS::StepFunctions::StateMachine or AWS::Serverless::StateMachine"
        raise ScenarioError([Problem(template.where("Resources"), "the template has no state machine", hint)])
    name, *others = machines
    return "\n".join([
        f"# Runs {name} as the template deploys it.",
        f"scenario: {name} recovers two waves",
        "",
        "system:",
        f"  template: {_quoted(os.path.relpath(path.absolute(), scenario.parent.absolute()))}",
        f"  resource: {name}" + (f"                  # or {', '.join(others)}" if others else ""),
        *_parameters(template),
        *_tables({name: resource for name, (_, resource) in found.items() if resource["Type"] in _TABLES}),
        "  # what the execution is started with; ${plan}, ${planId} and ${isDrill} stand for their values",
        f"  start: {{input: {json.dumps(_input(_definition(*found[name])))}}}",
        "",
        "fleet:                                  # source servers; `${plan}` names them by their ids",
        "  waves:",
        "    - {name: data, servers: 2}",
        "    - {name: app, servers: 2, dependsOn: [data]}",
        "",
        "expect:",
        "  outcome: COMPLETED",
        "",
    ])  # fmt: skip


def _parameters(template: Template) -> Iterator[str]:
    """Those that have no default, with a value that they may have."""
    declared = template.data.get("Parameters")
    needed = {
        name: _value(one)
        for name, one in (declared.items() if isinstance(declared, Mapping) else ())
        if isinstance(one, Mapping) and "Default" not in one
    }
    if needed:
        yield "  parameters:                           # what has no default"
        yield from (f"    {name}: {json.dumps(value)}" for name, value in needed.items())


def _value(parameter: Mapping[str, Any]) -> str:
    allowed = parameter.get("AllowedValues")
    if isinstance(allowed, list) and allowed:
        return str(allowed[0])
    return str(parameter.get("MinValue", 1)) if parameter.get("Type") == "Number" else "unknown"


def _resources(template: Template, prefix: str) -> Iterator[tuple[str, tuple[Template, Mapping[str, Any]]]]:
    """The resources by their names in a scenario, those of nested stacks too, each with the template that it stands in."""
    for name, resource in template.resources.items():
        yield f"{prefix}{name}", (template, resource)
        given, nested = resource.get("Properties"), _NESTED.get(resource["Type"])
        file = given.get(nested) if nested and isinstance(given, Mapping) else None
        if isinstance(file, str) and prefix.count(".") < MAX_NESTED and (template.path.parent / file).is_file():
            yield from _resources(read_template(template.path.parent / file), f"{prefix}{name}.")


def _tables(tables: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if tables:
        yield "  tables:                               # what they hold at the start"
        yield from (f"    {name}: {{items: []}}{_key(table)}" for name, table in tables.items())


def _key(table: Mapping[str, Any]) -> str:
    """A comment with the attributes that each item needs."""
    match table.get("Properties"):
        case {"KeySchema": [*members]}:
            names = [str(one["AttributeName"]) for one in members if isinstance(one, Mapping) and "AttributeName" in one]
        case {"PrimaryKey": {"Name": name}}:
            names = [str(name)]
        case _:
            names = []
    return f"   # each with {', '.join(names)}" if names else ""


def _input(definition: Any) -> dict[str, JsonValue]:
    """What the state machine reads of its input, as far as paths tell: at its start, and anywhere by its context object."""
    members = dict.fromkeys([*_read_at_first(definition), *_members(definition, _CONTEXT)])
    return {name: _KNOWN.get(name.lower(), "") for name in members}


def _read_at_first(machine: Any) -> Iterator[str]:
    """What is read of the input up to the first state after which it is another document."""
    states = machine.get("States") if isinstance(machine, Mapping) else None
    if not isinstance(states, Mapping):
        return
    name, made = machine.get("StartAt"), set[str]()
    while isinstance(state := states.get(name), Mapping):
        states = {other: one for other, one in states.items() if other != name}
        own = {key: value for key, value in state.items() if key not in _NOT_OF_THE_INPUT}
        yield from (member for member in _members(own, _MEMBER) if member not in made)
        for branch in state.get("Branches") or ():
            yield from (member for member in _read_at_first(branch) if member not in made)
        if not _passes_input_on(state):
            return
        if match := _MEMBER.match(str(state.get("ResultPath"))):
            made.add(match[1])
        name = state.get("Next") or state.get("Default")


def _passes_input_on(state: Mapping[str, Any]) -> bool:
    """Whether the next state gets the input that this one got, perhaps with a member more."""
    if "OutputPath" in state or "Output" in state:
        return False
    result = state.get("ResultPath", "$")
    return state.get("Type") in ("Wait", "Choice") or result is None or (isinstance(result, str) and result != "$")


def _definition(template: Template, machine: Mapping[str, Any]) -> Any:
    given = machine.get("Properties")
    if not isinstance(given, Mapping):
        return None
    if isinstance(given.get("Definition"), Mapping):
        return given["Definition"]
    named = next((given[key] for key in _FILES if isinstance(given.get(key), str)), None)
    text = given.get("DefinitionString")
    if named is not None and (template.path.parent / named).is_file():
        text = (template.path.parent / named).read_text("utf-8")
    if isinstance(text, Mapping):
        text = text.get("Fn::Sub")
    if isinstance(text, list):
        text = text[0] if text else None
    try:
        return parse_document(text, str(template.path)) if isinstance(text, str) else None
    except ScenarioError:
        return None


def _members(part: Any, pattern: re.Pattern[str]) -> Iterator[str]:
    """The names that a pattern finds in the texts of a part."""
    match part:
        case str():
            yield from pattern.findall(part)
        case Mapping():
            for value in part.values():
                yield from _members(value, pattern)
        case list():
            for item in part:
                yield from _members(item, pattern)


def _quoted(path: str) -> str:
    return path if re.fullmatch(r"[\w./-]+", path) else json.dumps(path)
