"""Requests whose path or target names their operation by itself, and whose parameters are all in a JSON body.

Most of what orchestrators ask is of this kind (DRS, Step Functions, DynamoDB, EventBridge); moto's router would take longer
for it than the services do.
"""

from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import UnknownServiceError
from moto.core.request import determine_request_protocol
from moto.core.routing import SERVICE_SPECIFIC_ROUTERS
from moto.core.utils import get_service_model

from simulator.account.models import model_names

_MOST = 2_048  # names of operations that are kept, known or not


def operation_of(service: str, method: str, url: str, target: str, content_type: str) -> Any | None:
    """The model of the operation that a request names; None where that takes more than a look (or there is none)."""
    parts = urlsplit(url)
    if method != "POST" or parts.query:
        return None
    return _named(service, parts.path, target, content_type)


@lru_cache(_MOST)
def _named(service: str, path: str, target: str, content_type: str) -> Any | None:
    for name in model_names(service):
        try:
            model = get_service_model(name)
            protocol = determine_request_protocol(model, content_type)
        except (UnknownServiceError, NotImplementedError):
            continue
        operation = None if name in SERVICE_SPECIFIC_ROUTERS else _in_model(model, protocol, path, target)
        if operation is not None:
            return operation if _is_all_body(operation) else None
    return None


def _in_model(model: Any, protocol: str, path: str, target: str) -> Any | None:
    match protocol:
        case "json":
            prefix, _, named = target.rpartition(".")
            return model.operation_model(named) if _is_target(model, prefix, named) else None
        case "rest-json":
            operations = map(model.operation_model, model.operation_names)
            return next((one for one in operations if one.http == _plain_post(one, path)), None)
        case _:
            return None


def _is_target(model: Any, prefix: str, named: str) -> bool:
    return prefix == model.metadata.get("targetPrefix") and named in model.operation_names


def _plain_post(operation: Any, path: str) -> dict[str, Any]:
    """What an operation's `http` is if it is a POST to just this path."""
    return {**operation.http, "method": "POST", "requestUri": path}


def _is_all_body(operation: Any) -> bool:
    """Whether all parameters are members of the body."""
    shape = operation.input_shape
    return shape is None or (
        "payload" not in shape.serialization
        and not any("location" in member.serialization for member in shape.members.values())
    )
