"""Whether a mocked result of a task could be the answer of its call."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulator.account.integrations import names
from simulator.account.integrations.recognition import model_of
from simulator.engine.json_text import decode
from simulator.engine.resources import Kind, Pattern, Resource, parse_resource

_TYPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "structure": ((dict,), "an object"),
    "map": ((dict,), "an object"),
    "list": ((list,), "an array"),
    "boolean": ((bool,), "a boolean"),
    "integer": ((int,), "a number"),
    "long": ((int,), "a number"),
    "float": ((int, float), "a number"),
    "double": ((int, float), "a number"),
    "string": ((str,), "a string"),
    "timestamp": ((str,), "a string"),
    "blob": ((str,), "a string"),
}


def fault_of_result(definition: str, state_name: str | None, result: Any, mode: str) -> str | None:
    """The first thing for which a mocked result of a task cannot be its call's answer, as TestState says it; None if it can.

    `mode` is TestState's: STRICT wants every required member, PRESENT looks at the members that are there, NONE at nothing.
    Members that the service does not know are let through in each of them, as the service does.
    """
    document: Any = decode(definition)
    state = document.get("States", {}).get(state_name or document.get("StartAt")) if "States" in document else document
    resource = parse_resource(str(state.get("Resource"))) if isinstance(state, Mapping) else None
    shape = None if resource is None or mode == "NONE" else _answer(resource)
    if resource is None or shape is None:
        return None
    if not isinstance(result, Mapping):
        return "Mocked result must be a JSON object"
    parsed = ("Payload",) if resource.service == "lambda" else ()  # whatever the function gave, no longer a text
    return next(_members(result, shape, mode == "STRICT", parsed), None)


def _answer(resource: Resource) -> Any:
    """The shape of a call's answer; None where there is none, or where the task's result is something else."""
    name = names.client_name(resource.service)
    if name is None or resource.kind is not Kind.SERVICE or resource.pattern is not Pattern.REQUEST_RESPONSE:
        return None
    model, operation = model_of(name), resource.api[0].upper() + resource.api[1:]
    return model.operation_model(operation).output_shape if operation in model.operation_names else None


def _faults(value: Any, shape: Any, name: str, is_strict: bool) -> Iterator[str]:
    kind = shape.type_name
    types, wanted = _TYPES[kind]
    held: Any = value
    if not isinstance(value, types) or (kind != "boolean" and isinstance(value, bool)):
        yield f"Field '{name}' must be {wanted}"
        return
    match kind:
        case "structure":
            yield from _members(held, shape, is_strict)
        case "list":
            for item in held:
                yield from _faults(item, shape.member, name, is_strict)
        case "map":
            for key, item in held.items():
                yield from _faults(item, shape.value, key, is_strict)
        case _:
            yield from _beyond(held, shape, name)


def _members(value: Mapping[str, Any], shape: Any, is_strict: bool, parsed: Sequence[str] = ()) -> Iterator[str]:
    required = {_pascal(name) for name in shape.required_members}
    for name in sorted(required - set(value)) if is_strict else ():
        yield f"Required field '{name}' is missing"
    known = {_pascal(name): member for name, member in shape.members.items()}
    for name, item in value.items():
        if name in known and name not in parsed and item is not None:
            yield from _faults(item, known[name], name, is_strict)


def _beyond(value: Any, shape: Any, name: str) -> Iterator[str]:
    """How a text or a number is outside of what the service's model has."""
    if getattr(shape, "enum", None) and value not in shape.enum:
        yield f"Field '{name}' is not an expected value"
    least, most = (shape.metadata.get(bound) for bound in ("min", "max"))
    size = len(value) if isinstance(value, str) else value
    if least is not None and size < least:
        is_text = isinstance(value, str)
        yield f"Field '{name}' is {'smaller than the minimum length' if is_text else 'less than the minimum value'}"
    if most is not None and size > most:
        yield f"Field '{name}' exceeds the maximum {'length' if isinstance(value, str) else 'value'}"


def _pascal(name: str) -> str:
    return name[:1].upper() + name[1:]
