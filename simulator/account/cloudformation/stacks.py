"""What moto's stacks lack: outputs of nested stacks, updates of them in place, and changes that a parameter makes in a text.

Importing moto's CloudFormation imports nearly all of moto, which takes seconds; so it waits until somebody asks for it.
"""

import json
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from typing import Any, NamedTuple

from simulator.account.cloudformation import intrinsics, serverless, template_checks
from simulator.account.wire import Decoded
from simulator.errors import ScenarioError, ServiceError
from simulator.scenario.templates import parse_document


class _Asked(NamedTuple):
    """What the request under way gives its stack: parameters, and the Region."""

    parameters: Mapping[str, str]
    region: str


_asked: ContextVar[_Asked] = ContextVar("asked")


def ready(request: Decoded) -> None:
    """Make sure that moto's stacks can do all this; called before each request to CloudFormation."""
    given = request.parameters.get("Parameters") or []
    parameters = {one["ParameterKey"]: str(one.get("ParameterValue", "")) for one in given if "ParameterKey" in one}
    _asked.set(_Asked(parameters, request.region))
    _install()


@cache
def _install() -> None:
    from moto.cloudformation import models, parsing  # noqa: PLC0415
    from moto.iam.models import Role  # noqa: PLC0415

    from simulator.account.cloudformation import (  # noqa: PLC0415
        apis,
        changes,
        contents,
        functions,
        inert,
        kinds,
        layers,
        machines,
        refusals,
        roles,
        watching,
    )

    for kind in (*functions.KINDS, *contents.KINDS, *layers.KINDS, *machines.KINDS, *apis.KINDS, *watching.KINDS):
        kinds.register(kind)
    inert.make_inert("AWS::Lambda::EventSourceMapping")  # moto's would look for the function among its own
    parsing.clean_json = intrinsics.resolving(parsing.clean_json)
    parsing.parse_and_create_resource = refusals.naming(parsing.parse_and_create_resource)
    parsing.parse_condition = intrinsics.comparing(parsing.parse_condition)
    parsing.ResourceMap.load_parameters = intrinsics.splitting(parsing.ResourceMap.load_parameters)
    parsing.resource_class_from_type = inert.falling_back(parsing.resource_class_from_type)
    models.Stack.parse_template = staticmethod(_plain)
    models.ChangeSet._parse_template = _parse_template
    parsing.ResourceMap.build_resource_diff = changes.differences
    parsing.ResourceMap.update = changes.update
    parsing.ResourceMap.delete = changes.delete
    models.Stack.has_parameters = _has_parameters
    models.Stack.get_cfn_attribute = _output
    models.Stack.update_from_cloudformation_json = classmethod(_updated)
    models.Stack.stack_resources = property(lambda stack: [one for one in stack.resource_map.values() if one is not None])
    models.ChangeSet.diff = _changes
    models.ChangeSet.apply = _apply
    Role.create_from_cloudformation_json = staticmethod(roles.making_whole(Role.create_from_cloudformation_json))


def _plain(text: str) -> Any:
    """A template as it was written, in YAML or JSON, but for what it asks to be transformed."""
    template, asked = _read(text), _asked.get(_Asked({}, "us-east-1"))
    if isinstance(template, dict) and serverless.is_serverless(template):
        template = serverless.transformed(template, asked.parameters, asked.region)
    template_checks.check(template)
    return template


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return parse_document(text, "template")
    except ScenarioError as flaw:
        raise ServiceError("ValidationError", f"Template format error: {flaw}") from flaw


def _parse_template(change_set: Any) -> None:
    change_set.template_dict = change_set.stack.parse_template(change_set.template)


def _has_parameters(stack: Any, given: Mapping[str, Any]) -> bool:
    """Whether parameters are those that the stack has; numbers and lists are texts, too."""
    before = stack.resource_map.resolved_parameters
    return all(name in before and _text(before[name]) == _text(value) for name, value in given.items())


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _output(stack: Any, name: str) -> Any:
    from moto.cloudformation.exceptions import UnformattedGetAttTemplateException  # noqa: PLC0415

    output = name.removeprefix("Outputs.")
    if output not in stack.output_map.outputs or (found := stack.output_map[output]) is None:
        raise UnformattedGetAttTemplateException()
    return found.value


def _updated(
    _cls: Any, original_resource: Any, new_resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
) -> Any:
    """A nested stack with another template or other parameters: the same stack, changed where it has to be."""
    from moto.cloudformation.utils import get_stack_from_s3_url  # noqa: PLC0415

    given = cloudformation_json["Properties"]
    template = get_stack_from_s3_url(given["TemplateURL"], account_id, "aws")
    texts = {name: str(value) for name, value in given.get("Parameters", {}).items()}
    original_resource.update(template, original_resource.role_arn, parameters=texts)
    return original_resource


def _changes(change_set: Any) -> list[Any]:
    """What a change set changes; what other parameters change belongs to it."""
    from moto.cloudformation.models import Change  # noqa: PLC0415

    resources = change_set.stack.resource_map
    types = {**resources._resource_json_map, **change_set.template_dict["Resources"]}
    by_action = resources.build_resource_diff(change_set.template_dict, change_set.parameters)
    return [Change(action, name, types[name]["Type"]) for action, names in by_action.items() for name in names]


def _apply(change_set: Any) -> None:
    """Execute a change set; the stack knows its new template's outputs and parameters afterwards."""
    stack = change_set.stack
    stack.resource_map.update(change_set.template_dict, change_set.parameters)
    stack.template, stack.template_dict = change_set.template, change_set.template_dict
    stack.description = stack.template_dict.get("Description")
    stack.parameters = change_set.parameters or stack.parameters
    stack.output_map = stack._create_output_map()
