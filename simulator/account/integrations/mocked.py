"""Whether a mocked result of a task could be the answer of its call."""

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.account.integrations import names
from simulator.account.integrations.recognition import model_of
from simulator.engine.json_text import decode
from simulator.engine.resources import Kind, Pattern, Resource, parse_resource

_TYPES: Mapping[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "string": (str,),
}


def faults_of_result(definition: str, state_name: str | None, result: Any, mode: str) -> list[str]:
    """What a mocked result of a task has that its call's answer cannot have.

    `mode` is TestState's: STRICT wants every required member, PRESENT looks at the members that are there, NONE at nothing.
    """
    document: Any = decode(definition)
    state = document.get("States", {}).get(state_name or document.get("StartAt")) if "States" in document else document
    resource = parse_resource(str(state.get("Resource"))) if isinstance(state, Mapping) else None
    shape = None if resource is None or mode == "NONE" else _answer(resource)
    if resource is None or shape is None:
        return []
    if not isinstance(result, Mapping):
        return ["it is not an object"]
    extra = () if resource.service.startswith(names.SDK) else ("SdkHttpMetadata", "SdkResponseMetadata")
    seen = {member: value for member, value in result.items() if member not in extra}
    return [*_faults(seen, shape, "", mode == "STRICT")]


def _answer(resource: Resource) -> Any:
    """The shape of a call's answer; None where there is none, or where the task's result is something else."""
    name = names.client_name(resource.service)
    if name is None or resource.kind is not Kind.SERVICE or resource.pattern is not Pattern.REQUEST_RESPONSE:
        return None
    model, operation = model_of(name), resource.api[0].upper() + resource.api[1:]
    return model.operation_model(operation).output_shape if operation in model.operation_names else None


def _faults(value: Any, shape: Any, at: str, is_strict: bool) -> Iterator[str]:
    kind = shape.type_name
    held: Any = value
    if value is None or kind not in _TYPES:  # blobs and times are texts of any form
        return
    if not isinstance(value, _TYPES[kind]) or (kind != "boolean" and isinstance(value, bool)):
        yield f"{at.rstrip('.') or 'it'} is not of type {kind}"
        return
    match kind:
        case "structure":
            yield from _members(held, shape, at, is_strict)
        case "list":
            for index, item in enumerate(held):
                yield from _faults(item, shape.member, f"{at.rstrip('.')}[{index}].", is_strict)
        case "map":
            for key, item in held.items():
                yield from _faults(item, shape.value, f"{at}{key}.", is_strict)


def _members(value: Mapping[str, Any], shape: Any, at: str, is_strict: bool) -> Iterator[str]:
    known = {name[:1].upper() + name[1:]: member for name, member in shape.members.items()}
    for name, item in value.items():
        if name in known:
            yield from _faults(item, known[name], f"{at}{name}.", is_strict)
        else:
            yield f"{at}{name} does not exist"
    required = {name[:1].upper() + name[1:] for name in shape.required_members}
    for name in sorted(required - set(value)) if is_strict else ():
        yield f"{at}{name} is missing"
