"""Kinds of resource that moto's CloudFormation does not make, or that are ours: made through the services' own APIs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.core.common_models import CloudFormationModel

from simulator.account import moto_services
from simulator.account.account import CALLER
from simulator.errors import ServiceError

Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that exists: what Ref gives, and what Fn::GetAtt gives by name."""

    id: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a template asks for. `name` is what a resource is called that the template gives no name."""

    name: str
    properties: Properties
    account_id: str
    region: str

    def client(self, service: str) -> Any:
        """A client for the stack's account and Region."""
        return moto_services.client(service, self.region, self.account_id)

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something of this account and Region."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource. `name_property` is the property that names one, empty if none does.

    `update` gets what is asked for now and what there is; without it, or if it returns None, the resource is replaced.
    """

    type: str
    create: Callable[[Asked], Made]
    delete: Callable[[Asked, str], object]
    name_property: str = ""
    update: Callable[[Asked, Made], Made | None] | None = None


class _Resource(CloudFormationModel):  # type: ignore[misc]  # moto knows kinds of resource by their class
    """A resource of one of our kinds, as moto's stacks hold it."""

    kind: Kind

    def __init__(self, made: Made) -> None:
        self.made = made
        self.physical_resource_id = made.id

    def get_cfn_attribute(self, name: str) -> str:
        if name not in self.made.attributes:
            raise UnformattedGetAttTemplateException()
        return self.made.attributes[name]

    def is_created(self) -> bool:
        return True

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return True


def register(kind: Kind) -> None:
    """Let moto's stacks make resources of a kind."""
    methods: dict[str, Any] = {
        "kind": kind,
        "cloudformation_name_type": staticmethod(lambda: kind.name_property),
        "cloudformation_type": staticmethod(lambda: kind.type),
        "create_from_cloudformation_json": staticmethod(partial(_create, kind)),
        "update_from_cloudformation_json": staticmethod(partial(_update, kind)),
        "delete_from_cloudformation_json": staticmethod(partial(_delete, kind)),
    }
    model = type(f"Our{kind.type.replace('::', '')}", (_Resource,), methods)
    parsing.get_model_map()[kind.type] = model
    models = parsing.get_model_list()
    models[:] = [one for one in models if one.cloudformation_type() != kind.type] + [model]


def _create(kind: Kind, name: str, json: Properties, account_id: str, region: str, **_: Any) -> _Resource:
    made = _calling(kind, lambda: kind.create(Asked(name, json.get("Properties") or {}, account_id, region)))
    return _resource(kind, made)


def _update(
    kind: Kind,
    original_resource: _Resource,
    new_resource_name: str,
    cloudformation_json: Properties,
    account_id: str,
    region_name: str,
) -> _Resource:
    given = cloudformation_json.get("Properties") or {}
    before = original_resource.made
    # A name that CloudFormation made up stays for as long as the resource does.
    asked = Asked(given.get(kind.name_property) or before.id.rsplit(":", 1)[-1], given, account_id, region_name)
    update = kind.update
    changed = _calling(kind, lambda: update(asked, before)) if update else None
    if changed is None:
        fresh = Asked(new_resource_name, given, account_id, region_name)
        changed = _calling(kind, lambda: kind.create(fresh))
        if changed.id != before.id:
            _calling(kind, lambda: _deleted(kind, asked, before.id))
    return _resource(kind, changed)


def _delete(kind: Kind, resource_name: str, json: Properties, account_id: str, region: str) -> None:
    asked = Asked(resource_name, json.get("Properties") or {}, account_id, region)
    _calling(kind, lambda: _deleted(kind, asked, resource_name))


def _deleted(kind: Kind, asked: Asked, name: str) -> None:
    """Delete a resource, unless it has gone already with what it belonged to."""
    try:
        kind.delete(asked, name)
    except ClientError as refusal:
        if refusal.response["Error"]["Code"] != "ResourceNotFoundException":
            raise


def _resource(kind: Kind, made: Made) -> _Resource:
    resource: _Resource = parsing.get_model_map()[kind.type](made)
    return resource


def _calling(kind: Kind, call: Callable[[], Any]) -> Any:
    """Call other services as CloudFormation. Their refusals become the stack's."""
    token = CALLER.set("cloudformation")
    try:
        return call()
    except ClientError as refusal:
        error = refusal.response["Error"]
        message = f"{kind.type}: {error.get('Message', '')} (Error Code: {error.get('Code', '')})"
        raise ServiceError("ValidationError", message) from refusal
    except ParamValidationError as flaw:
        raise ServiceError("ValidationError", f"{kind.type}: {flaw}") from flaw
    finally:
        CALLER.reset(token)
