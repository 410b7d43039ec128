"""The intrinsic functions of templates that moto answers otherwise than CloudFormation does, and its lists.

moto's own resolver does the rest (Ref, Fn::If, Fn::ImportValue, …) and comes back here for every part within.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from simulator.errors import ServiceError

Resolve = Callable[[Any], Any]
Clean = Callable[[Any, Any], Any]

_VARIABLE = re.compile(r"\$\{(!?)([^{}]*)\}")
_ZONES = "abcd"


def resolving(clean: Clean) -> Clean:
    """Moto's resolver of a part of a template (`clean`: the part, the stack's resources), with the functions below."""

    def cleaned(part: Any, resources: Any) -> Any:
        def resolve(inner: Any) -> Any:
            return cleaned(inner, resources)

        match part:
            case list():  # what is AWS::NoValue is not there
                return [value for value in map(resolve, part) if value is not None]
            case dict() if len(part) == 1 and (function := _FUNCTIONS.get(next(iter(part)))):
                return function(next(iter(part.values())), resolve, resources)
            case {"Fn::GetAtt": path}:
                return clean({"Fn::GetAtt": _attribute(path)}, resources)
            case _:
                return clean(part, resources)

    return cleaned


def comparing(judge: Callable[..., bool]) -> Callable[..., bool]:
    """Moto's judgement of a condition. What is compared are texts, numbers and truth values too."""

    def judged(condition: Any, resources: Any, known: Mapping[str, bool]) -> bool:
        from moto.cloudformation import parsing  # noqa: PLC0415  seconds, which nobody waits for who has no stacks

        match condition:
            case {"Fn::Equals": [one, other]}:
                return _text(parsing.clean_json(one, resources)) == _text(parsing.clean_json(other, resources))
            case {"Condition": str() as name}:
                return known[name]
            case _:
                return judge(condition, resources, known)

    return judged


def splitting(load: Callable[[Any], None]) -> Callable[[Any], None]:
    """Moto's reading of a stack's parameters, after which lists are lists, be they defaults or not."""

    def loaded(resources: Any) -> None:
        given = resources.input_parameters.items()  # an update brings those of before, as they were read
        resources.input_parameters = {name: ",".join(one) if isinstance(one, list) else one for name, one in given}
        load(resources)
        for name, one in (resources._template.get("Parameters") or {}).items():
            value, kind = resources.resolved_parameters[name], str(one.get("Type", "String"))
            if kind == "CommaDelimitedList" or kind.startswith("List<"):
                parts = value.split(",") if isinstance(value, str) else value
                resources.resolved_parameters[name] = [str(part).strip() for part in parts]
        resources._parsed_resources.update(resources.resolved_parameters)

    return loaded


def variables(given: Any) -> list[str]:
    """What the text of a Fn::Sub refers to outside of its own map: `Resource`, `Resource.Attribute` or `AWS::Region`."""
    text, own = given if isinstance(given, list) and len(given) == 2 else (given, {})
    found = _VARIABLE.findall(text) if isinstance(text, str) else []
    return [name for literal, name in found if not literal and name not in own]


def _attribute(path: Any) -> list[str]:
    """`[resource, attribute]`. The attribute's name may have points: `Nested.Outputs.Name`."""
    name, *rest = path.split(".", 1) if isinstance(path, str) else path
    return [name, ".".join(map(str, rest))]


def _sub(given: Any, resolve: Resolve, _resources: Any) -> str:
    """The text with its variables in one go: nothing in it means anything but `${…}`, and values are not looked through."""
    text, own = given if isinstance(given, list) else (given, {})

    def value(match: re.Match[str]) -> str:
        literal, name = match.groups()
        if literal:
            return f"${{{name}}}"
        found = resolve(own.get(name, {"Fn::GetAtt": name} if "." in name else {"Ref": name}))
        if isinstance(found, list | dict):
            message = f"Template error: variable {name} in Fn::Sub expression does not resolve to a string"
            raise ServiceError("ValidationError", message)
        return match[0] if found is None else _text(found)

    return _VARIABLE.sub(value, text)


def _join(given: Any, resolve: Resolve, _resources: Any) -> str:
    delimiter, parts = given
    return str(delimiter).join(map(_text, resolve(parts)))


def _select(given: Any, resolve: Resolve, _resources: Any) -> Any:
    index, choices = int(resolve(given[0])), resolve(given[1])
    if isinstance(choices, str):  # a list that came as text
        choices = choices.split(",")
    if not 0 <= index < len(choices):
        raise ServiceError("ValidationError", f"Template error: Fn::Select cannot select nonexistent value at index {index}")
    return choices[index]


def _zones(given: Any, resolve: Resolve, resources: Any) -> list[str]:
    region = resolve(given) or resources["AWS::Region"]
    return [f"{region}{letter}" for letter in _ZONES]


def _in_map(given: Any, resolve: Resolve, resources: Any) -> Any:
    names = [str(resolve(one)) for one in given[:3]]
    found = resources.get(names[0])
    for name in names[1:]:
        included = isinstance(found, Mapping) and "Fn::Transform" in found  # moto has put it beside the resources
        found = resources.get(name) if included else found.get(name) if isinstance(found, Mapping) else None
    if found is None:
        raise ServiceError("ValidationError", f"Template error: Unable to get mapping for {'::'.join(names)}")
    return found


def _cidr(given: Any, resolve: Resolve, _resources: Any) -> list[str]:
    """`[block, count, host bits]`: the block's first so many parts."""
    block, count, *bits = (resolve(one) for one in given)
    network = ipaddress.ip_network(block)
    prefix = network.max_prefixlen - int(bits[0] if bits else 8)
    return [str(one) for one in islice(network.subnets(new_prefix=prefix), int(count))]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_FUNCTIONS: Mapping[str, Callable[[Any, Resolve, Any], Any]] = {
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::GetAZs": _zones,
    "Fn::FindInMap": _in_map,
    "Fn::Cidr": _cidr,
}
