"""Why a stack cannot be made: which resource it is that fails, and what its service says."""

import re
from collections.abc import Callable
from typing import Any, NoReturn

from moto.core.exceptions import JsonRESTError, ServiceException

from simulator.account.moto_services import is_motos
from simulator.errors import ServiceError

_TOLD = re.compile(r"(?P<resource>[A-Za-z0-9]+): AWS::|Template ")
_TOLD_BY_SAM = re.compile(r"Resource with id \[(?P<resource>[A-Za-z0-9]+)\] is invalid")


def resource_in(message: str) -> str | None:
    """The logical id of the resource that a refusal is about, None for one of the template as a whole."""
    told = _TOLD.match(message) or _TOLD_BY_SAM.search(message)
    return told["resource"] if told else None


def naming(create: Callable[..., Any]) -> Callable[..., Any]:
    """How moto makes a resource; what fails there names the resource."""

    def created(logical_id: str, resource_json: dict[str, Any], *rest: Any, **more: Any) -> Any:
        try:
            return create(logical_id, resource_json, *rest, **more)
        except ServiceError as refusal:
            _refuse(logical_id, resource_json, refusal.message, refusal)
        except (JsonRESTError, ServiceException) as refusal:
            _refuse(logical_id, resource_json, str(refusal.message), refusal)
        except Exception as crash:  # moto does not expect everything that a template can say
            if not is_motos(crash):
                raise
            _refuse(logical_id, resource_json, f"moto cannot make it ({type(crash).__name__}: {crash})", crash)

    return created


def _refuse(logical_id: str, resource: dict[str, Any], message: str, cause: Exception) -> NoReturn:
    kind = resource["Type"]
    if not _TOLD.match(message):  # else it is one that this one needs
        message = f"{logical_id}: {message}" if message.startswith(f"{kind}: ") else f"{logical_id}: {kind}: {message}"
    raise ServiceError("ValidationError", message) from cause
