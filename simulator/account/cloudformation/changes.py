"""What an update of a stack changes, and in which order: what is new or different, then what is gone; how a stack goes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from simulator.account.cloudformation.template_checks import references

_KEPT = ("Retain", "RetainExceptOnCreate")  # by what a resource says of its deletion


def differences(resources: Any, template: Mapping[str, Any], parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The logical ids that an update adds, modifies and removes.

    A resource is there if its condition is met. What a parameter changes it changes through conditions, too.
    """
    old, new = resources._resource_json_map, template["Resources"]
    values = _values(template, parameters or resources.input_parameters)
    before = resources.resolved_parameters
    touched = {name for name, value in values.items() if _text(value) != _text(before.get(name))}
    touched |= _conditions_of(template.get("Conditions") or {}, touched)
    is_met = _judged(resources, template, values)
    there = {name for name in old if resources._parsed_resources.get(name) is not None}
    wanted = {name for name, one in new.items() if "Condition" not in one or is_met[one["Condition"]]}
    return {
        "Add": [name for name in new if name in wanted and name not in there],
        "Modify": [name for name in new if name in wanted & there and _differs(old[name], new[name], touched)],
        "Remove": [name for name in old if name in there - wanted],
    }


def update(resources: Any, template: Mapping[str, Any], parameters: Mapping[str, Any] | None = None) -> None:
    """Update the resources of a stack. As in CloudFormation, what is gone is deleted once nothing needs it any more."""
    changes = resources.build_resource_diff(template, parameters)
    gone = {name: resources._resource_json_map[name] for name in changes["Remove"]}
    resources._template = template
    if parameters:
        resources.input_parameters = parameters
    resources.load_mapping()
    resources.load_parameters()
    resources.load_conditions()
    resources._resource_json_map = template["Resources"]
    for name in changes["Add"]:
        resources._parsed_resources.pop(name, None)
        _ = resources[name]  # which makes it
    _in_passes(changes["Modify"], lambda name: _modify(resources, name))
    _take_away(resources, gone)


def delete(resources: Any) -> None:
    """Delete the resources of a stack."""
    _take_away(resources, resources._resource_json_map)


def _take_away(resources: Any, gone: Mapping[str, Mapping[str, Any]]) -> None:
    """Let resources go, and delete those that are not to be kept."""
    there = {name: one for name, one in gone.items() if resources._parsed_resources.get(name) is not None}
    asked = {name: _resolved(resources, one) for name, one in there.items() if one.get("DeletionPolicy") not in _KEPT}
    _in_passes(reversed(asked), lambda name: resources._delete_resource(resources._parsed_resources[name], asked[name]))
    for name in there:
        del resources._parsed_resources[name]


def _modify(resources: Any, name: str) -> None:
    from moto.cloudformation import parsing  # noqa: PLC0415  seconds, which nobody waits for who has no stacks

    asked = resources._resource_json_map[name]
    resources._parsed_resources[name] = parsing.parse_and_update_resource(
        name, asked, resources, account_id=resources._account_id, region_name=resources._region_name
    )


def _resolved(resources: Any, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was asked for, with what it refers to, as long as that is there."""
    from moto.cloudformation import parsing  # noqa: PLC0415

    return {**asked, "Properties": parsing.clean_json(asked.get("Properties") or {}, resources)}


def _in_passes(names: Iterable[str], do: Callable[[str], None]) -> None:
    """Do something with all, and again with what something else stood in the way of. Raises the last refusal."""
    left = list(names)
    while left:
        again, refusal = [], None
        for name in left:
            try:
                do(name)
            except Exception as error:  # whatever moto makes of a dependency
                again.append(name)
                refusal = error
        if refusal is not None and len(again) == len(left):
            raise refusal
        left = again


def _values(template: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters' values as the template reads them."""
    declared = template.get("Parameters") or {}
    found = {name: given.get(name, one.get("Default")) for name, one in declared.items()}
    lists = {name for name, one in declared.items() if "List" in str(one.get("Type"))}
    return {name: _text(value).split(",") if name in lists else value for name, value in found.items()}


def _judged(resources: Any, template: Mapping[str, Any], values: Mapping[str, Any]) -> Mapping[str, bool]:
    """Whether the template's conditions are met, by their names."""
    from moto.cloudformation import parsing  # noqa: PLC0415

    known = {**resources._parsed_resources, **(template.get("Mappings") or {}), **values}
    judged: Any = parsing.LazyDict()
    for name, condition in (template.get("Conditions") or {}).items():
        judged[name] = lambda condition=condition: parsing.parse_condition(condition, known, judged)
    return {name: judged[name] for name in judged}


def _conditions_of(conditions: Mapping[str, Any], changed: set[str]) -> set[str]:
    """The conditions that hang on what has changed, be it through other conditions."""
    touched: set[str] = set()
    for _ in conditions:
        touched |= {
            name
            for name, one in conditions.items()
            if changed & set(references(one)) or touched & set(_condition_names(one))
        }
    return touched


def _differs(before: Any, after: Any, touched: set[str]) -> bool:
    return before != after or bool(touched & {*references(after), *_condition_names(after)})


def _condition_names(part: Any) -> Iterator[str]:
    """The conditions that a part of a template names."""
    match part:
        case {"Fn::If": [str() as name, *branches]}:
            yield name
            yield from _condition_names(branches)
        case Mapping():
            if isinstance(part.get("Condition"), str):
                yield part["Condition"]
            for value in part.values():
                yield from _condition_names(value)
        case list():
            for item in part:
                yield from _condition_names(item)


def _text(value: Any) -> str:
    return ",".join(str(item).strip() for item in value) if isinstance(value, list) else str(value)
