"""Whether Step Functions would take the resources that a definition's tasks name, and the parameters it gives them.

The engine knows the language; which services, calls and parameters there are is in the services' models. Services whose
optimised integrations are not listed here pass unchecked.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session

from simulator.account.integrations import names
from simulator.engine.definition import where
from simulator.engine.findings import SCHEMA, Finding, Pointer, nearest
from simulator.engine.json_text import decode
from simulator.engine.resources import Kind, Pattern, Resource, parse_resource
from simulator.engine.schema import inner_workflows
from simulator.errors import Problem

_PLAIN = (Pattern.REQUEST_RESPONSE,)
_TOKEN = (Pattern.REQUEST_RESPONSE, Pattern.CALLBACK)
_JOB = (Pattern.REQUEST_RESPONSE, Pattern.SYNC)

# The calls of the optimised integrations, with the patterns of each.
OPTIMISED: Mapping[str, Mapping[str, tuple[Pattern, ...]]] = {
    "athena": {
        "startQueryExecution": _JOB,
        "stopQueryExecution": _PLAIN,
        "getQueryExecution": _PLAIN,
        "getQueryResults": _PLAIN,
    },
    "batch": {"submitJob": _JOB},
    "dynamodb": {"getItem": _PLAIN, "putItem": _PLAIN, "updateItem": _PLAIN, "deleteItem": _PLAIN},
    "ecs": {"runTask": (*_JOB, Pattern.CALLBACK)},
    "events": {"putEvents": _TOKEN},
    "glue": {"startJobRun": _JOB},
    "http": {"invoke": _PLAIN},
    "lambda": {"invoke": _TOKEN},
    "sns": {"publish": _TOKEN},
    "sqs": {"sendMessage": _TOKEN},
    "states": {"startExecution": (*_JOB, Pattern.SYNC_2, Pattern.CALLBACK)},
}
# Parameters that Step Functions has beyond the API's own: `http:invoke` is none of a service's calls.
_UNMODELLED = ("http",)


def unrecognised(text: str, source: str = "definition") -> list[Problem]:
    """What Step Functions would refuse about the tasks of a definition that is well formed; with line and column."""
    definition: Any = decode(text)
    found = _workflow(definition, (), str(definition.get("QueryLanguage", "JSONPath")))
    return [Problem(where(text, source, finding.pointer or ()), finding.text, finding.hint) for finding in found]


def _workflow(owner: Any, at: Pointer, language: str) -> Iterator[Finding]:
    for name, state in owner["States"].items():
        here = (*at, "States", name)
        kind = state["Type"]
        if kind == "Task":
            yield from _task(state, here, str(state.get("QueryLanguage", language)))
        for pointer, inner in inner_workflows(state, kind, here):
            yield from _workflow(inner, pointer, language)


def _task(state: Any, at: Pointer, language: str) -> Iterator[Finding]:
    resource = parse_resource(state["Resource"]) if isinstance(state["Resource"], str) else None
    if resource is None or resource.kind is not Kind.SERVICE:
        return
    if complaint := _unknown(resource):
        yield Finding(SCHEMA, _not_recognised(resource), (*at, "Resource"), complaint)
        return
    field = "Arguments" if language == "JSONata" else "Parameters"
    shape = None if resource.service in _UNMODELLED else _input(resource)
    if shape is not None and isinstance(state.get(field), Mapping):
        yield from _members(state[field], shape, (*at, field))


def _unknown(resource: Resource) -> str | None:
    """Why a resource does not exist, as a hint; None if it does."""
    if not resource.service.startswith(names.SDK):
        calls = OPTIMISED.get(resource.service)
        if calls is None:
            return None if names.client_name(resource.service) else "no service is called that"
        if resource.api not in calls:
            return nearest(resource.api, calls) or f"optimised are {', '.join(calls)}; aws-sdk:{resource.service} has all"
        return None if resource.pattern in calls[resource.api] else f"'.{resource.pattern}' does not exist for this call"
    name = names.client_name(resource.service)
    if name is None:
        return "no service is called that"
    if resource.pattern not in _TOKEN:
        return "calls through the SDK cannot wait for a job"
    operations = [operation[0].lower() + operation[1:] for operation in model_of(name).operation_names]
    return None if resource.api in operations else nearest(resource.api, operations) or "the service has no such call"


def _members(given: Mapping[str, Any], shape: Any, at: Pointer) -> Iterator[Finding]:
    """Members of a request that its model does not have, as far as they are written down and not computed."""
    known = {name.lower(): name for name in shape.members}
    for written, value in given.items():
        name = known.get(written.removesuffix(".$").lower())
        if name is None:
            spelled = [member[:1].upper() + member[1:] for member in shape.members]
            hint = nearest(written.removesuffix(".$"), spelled)
            yield Finding(SCHEMA, f'The field "{written}" is not supported by Step Functions', at, hint)
        elif not written.endswith(".$"):
            yield from _value(value, shape.members[name], (*at, written))


def _value(value: Any, shape: Any, at: Pointer) -> Iterator[Finding]:
    match shape.type_name, value:
        case "structure", Mapping() if not getattr(shape, "is_document_type", False):
            yield from _members(value, shape, at)
        case "list", list():
            for index, item in enumerate(value):
                yield from _value(item, shape.member, (*at, index))
        case "map", Mapping():
            for key, item in value.items():
                yield from _value(item, shape.value, (*at, key))


def _not_recognised(resource: Resource) -> str:
    return (
        f"The resource provided {resource.arn} is not recognized. The value is not a valid resource ARN, or the resource is"
        " not available in this region."
    )


def _input(resource: Resource) -> Any:
    name = names.client_name(resource.service)
    if name is None:
        return None
    operation = resource.api[0].upper() + resource.api[1:]
    model = model_of(name)
    return model.operation_model(operation).input_shape if operation in model.operation_names else None


@cache
def model_of(name: str) -> Any:
    """Botocore's model of a service."""
    return botocore.session.get_session().get_service_model(name)
