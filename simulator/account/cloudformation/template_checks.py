"""What CloudFormation refuses in a template before it makes anything, in its own words."""

import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from simulator.account.cloudformation.intrinsics import variables
from simulator.errors import ServiceError

_BLOCKS = ("Resources", "Outputs")


def check(template: Any) -> None:
    """Raises ServiceError (ValidationError) for the first thing that is wrong."""
    if not isinstance(template, Mapping) or not isinstance(template.get("Resources"), Mapping):
        raise _refused("Template format error: At least one Resources member must be defined.")
    for name, resource in template["Resources"].items():
        if not isinstance(resource, Mapping) or not isinstance(resource.get("Type"), str):
            raise _refused(f"Template format error: [/Resources/{name}/Type] 'null' values are not allowed in templates")
        if not isinstance(resource.get("Properties", {}), Mapping):
            raise _refused(f"Template format error: [/Resources/{name}/Properties] must be an object")
    _check_references(template)
    _check_conditions(template)
    _check_circles(template["Resources"])


def check_parameters(template: Mapping[str, Any], given: Mapping[str, str]) -> None:
    """Raises ServiceError (ValidationError) for parameters that lack a value, or have one that they may not have."""
    declared = template.get("Parameters") or {}
    if unknown := [name for name in given if name not in declared]:
        raise _refused(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    if missing := [name for name, one in declared.items() if name not in given and "Default" not in one]:
        raise _refused(f"Parameters: [{', '.join(missing)}] must have values")
    for name, one in declared.items():
        value = str(given.get(name, one.get("Default")))
        allowed, pattern = one.get("AllowedValues"), one.get("AllowedPattern")
        if allowed and value not in map(str, allowed):
            raise _refused(f"Parameter '{name}' must be one of AllowedValues")
        if pattern and not re.fullmatch(pattern, value):
            raise _refused(f"Parameter '{name}' must match pattern {pattern}")
        if flaw := _out_of_bounds(one, value):
            raise _refused(f"Parameter '{name}' must {flaw}")


def _out_of_bounds(declared: Mapping[str, Any], value: str) -> str | None:
    """What the value of a parameter must do and does not."""
    if declared.get("Type") != "Number":
        least, most = (int(declared.get(bound, default)) for bound, default in (("MinLength", 0), ("MaxLength", len(value))))
        if len(value) < least:
            return f"contain at least {least} characters"
        return f"contain at most {most} characters" if len(value) > most else None
    try:
        number = float(value)
    except ValueError:
        return "be a number"
    if number < float(declared.get("MinValue", number)):
        return f"be a number not less than {declared['MinValue']}"
    if number > float(declared.get("MaxValue", number)):
        return f"be a number not greater than {declared['MaxValue']}"
    return None


def references(template: Any) -> Iterator[str]:
    """What a part of a template refers to by Ref or Fn::GetAtt, or within the text of a Fn::Sub. Raises ServiceError."""
    match template:
        case {"Fn::GetAtt": [str() as name, _, *_]}:
            yield name
        case {"Fn::GetAtt": list()}:
            message = "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and"
            raise _refused(f"{message} the resource attribute")
        case {"Fn::GetAtt": str() as path}:
            yield path.partition(".")[0]
        case {"Fn::Sub": text}:
            yield from (name.partition(".")[0] for name in variables(text))
            yield from references(text)
        case Mapping():
            for key, value in template.items():
                if key == "Ref":
                    yield str(value)
                else:
                    yield from references(value)
        case list():
            for item in template:
                yield from references(item)


def _check_references(template: Mapping[str, Any]) -> None:
    known = {*template["Resources"], *(template.get("Parameters") or {})}
    for block in _BLOCKS:
        wanted = {name for name in references(template.get(block)) if not name.startswith("AWS::")}
        if missing := sorted(wanted - known):
            message = f"Unresolved resource dependencies [{', '.join(missing)}] in the {block} block of the template"
            raise _refused(f"Template format error: {message}")


def _check_conditions(template: Mapping[str, Any]) -> None:
    known = template.get("Conditions") or {}
    for block in _BLOCKS:
        for name in _conditions(template.get(block)):
            if name not in known:
                message = f"Unresolved condition dependency {name} in the {block} block of the template"
                raise _refused(f"Template format error: {message}")


def _conditions(part: Any) -> Iterator[str]:
    """The conditions that a block of a template names: of its members, and in Fn::If."""
    for member in part.values() if isinstance(part, Mapping) else ():
        if isinstance(member, Mapping) and isinstance(member.get("Condition"), str):
            yield member["Condition"]
        yield from _in_ifs(member)


def _in_ifs(part: Any) -> Iterator[str]:
    match part:
        case {"Fn::If": [str() as name, *rest]}:
            yield name
            yield from _in_ifs(rest)
        case Mapping():
            for value in part.values():
                yield from _in_ifs(value)
        case list():
            for item in part:
                yield from _in_ifs(item)


def _check_circles(resources: Mapping[str, Any]) -> None:
    graph = {name: set(_needs(resource)) & set(resources) for name, resource in resources.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        names = ", ".join(dict.fromkeys(circle.args[1]))
        raise _refused(f"Circular dependency between resources: [{names}]") from None


def _needs(resource: Mapping[str, Any]) -> Iterator[str]:
    yield from references(resource.get("Properties"))
    depends = resource.get("DependsOn", [])
    yield from [depends] if isinstance(depends, str) else depends


def _refused(message: str) -> ServiceError:
    return ServiceError("ValidationError", message)
