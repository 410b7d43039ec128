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
_FILES = {"DefinitionUri", "DefinitionS3Location"}
_MEMBER = re.compile(r"^\$\.([A-Za-z_]\w*)")
_KNOWN: Mapping[str, str] = {"planid": "${planId}", "isdrill": "${isDrill}", "plan": "${plan}"}


def first_scenario(path: Path, scenario: Path) -> str:
    """The text of a scenario in the file `scenario`. Raises ScenarioError for a template that has no state machine."""
    template = read_template(path)
    machines = [name for name, resource in template.resources.items() if resource["Type"] in _MACHINES]
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
        *_tables(template),
        "  # what the execution is started with; ${plan}, ${planId} and ${isDrill} stand for their values",
        f"  start: {{input: {json.dumps(_input(template, name))}}}",
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


def _tables(template: Template) -> Iterator[str]:
    tables = {name: resource for name, resource in template.resources.items() if resource["Type"] in _TABLES}
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


def _input(template: Template, machine: str) -> dict[str, JsonValue]:
    """What the first state reads of its input, as far as its paths tell."""
    definition = _definition(template, machine)
    states = definition.get("States") if isinstance(definition, Mapping) else None
    first = states.get(definition.get("StartAt")) if isinstance(states, Mapping) else None
    members = dict.fromkeys(_members(first))
    return {name: _KNOWN.get(name.lower(), "") for name in members}


def _definition(template: Template, machine: str) -> Any:
    given = template.resources[machine].get("Properties")
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


def _members(part: Any) -> Iterator[str]:
    """The members of the state's input that its paths begin with."""
    match part:
        case str():
            if match := _MEMBER.match(part):
                yield match[1]
        case Mapping():
            for key, value in part.items():
                if key not in ("ResultPath", "OutputPath", "ResultSelector", "Catch"):
                    yield from _members(value)
        case list():
            for item in part:
                yield from _members(item)


def _quoted(path: str) -> str:
    return path if re.fullmatch(r"[\w./-]+", path) else json.dumps(path)
