"""The errors that the service answers with, in its own shapes and words."""

from collections.abc import Sequence

from simulator.drs.settings import QUOTA_CODES
from simulator.errors import ServiceError

BUSY = "One or more of the Source Servers included in API call are currently being processed by a Job"


def validation_error(fields: Sequence[tuple[str, str]]) -> ServiceError:
    """A request that breaks its model; `fields` are (member, what is wrong)."""
    told = "; ".join(f"{name} {message}" for name, message in fields)
    listed = [{"name": name, "message": message} for name, message in fields]
    members = {"reason": "fieldValidationFailed", "fieldList": listed}
    return ServiceError("ValidationException", f"Validation failed: {told}", 400, members)


def bad_token() -> ServiceError:
    """A nextToken that this service did not give out."""
    return ServiceError("ValidationException", "Invalid nextToken", 400, {"reason": "other"})


def conflict(message: str, resource_type: str, resource_id: str | None = None) -> ServiceError:
    """The resource is not in a state that allows the call."""
    members = {"resourceType": resource_type} | ({} if resource_id is None else {"resourceId": resource_id})
    return ServiceError("ConflictException", message, 409, members)


def not_found(resource_type: str, resource_id: str) -> ServiceError:
    """There is no such resource."""
    members = {"resourceType": resource_type, "resourceId": resource_id}
    return ServiceError("ResourceNotFoundException", f"{resource_type} {resource_id} not found", 404, members)


def quota_exceeded(quota: str, limit: int) -> ServiceError:
    """A quota of `Quotas` would be exceeded."""
    members = {"serviceCode": "drs", "quotaCode": QUOTA_CODES[quota], "resourceType": "Job"}
    return ServiceError(
        "ServiceQuotaExceededException", f"Exceeded the quota of {limit} ({quota.replace('_', ' ')})", 402, members
    )


def throttled() -> ServiceError:
    """Too many requests."""
    members = {"serviceCode": "drs"}
    return ServiceError("ThrottlingException", "Rate exceeded", 429, members, {"Retry-After": "1"})


def uninitialized() -> ServiceError:
    """DRS is not set up in this account and Region. Clients look for the words "not initialized"."""
    return ServiceError("UninitializedAccountException", "Account not initialized", 400)


def unknown_operation(operation: str) -> ServiceError:
    """An operation that is not simulated."""
    return ServiceError("NotImplemented", f"drs:{operation} is not simulated", 501)
