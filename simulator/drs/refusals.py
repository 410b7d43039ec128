"""The errors that the service answers with, in its own shapes."""

from collections.abc import Mapping, Sequence

from simulator.errors import ServiceError

BUSY = "One or more of the Source Servers included in API call are currently being processed by a Job"

# Each quota of `Quotas`: its code in Service Quotas (None: not known), the kind of resource, and what it bounds.
_QUOTAS: Mapping[str, tuple[str | None, str, str]] = {
    "servers_per_job": ("L-B827C881", "Job", "source servers in a single job"),
    "servers_in_jobs": ("L-05AFA8C6", "SourceServer", "source servers in all jobs"),
    "jobs_in_progress": ("L-D88FAC3A", "Job", "concurrent jobs in progress"),
    "replicating_servers": ("L-C1D14A2B", "SourceServer", "replicating source servers"),
    "servers": ("L-E28BE5E0", "SourceServer", "source servers"),
    "launch_templates": ("L-1F3FAE4D", "LaunchConfigurationTemplate", "launch configuration templates"),
    "source_networks": ("L-4B0323BD", "SourceNetwork", "source networks"),
    "launch_actions": ("L-0588D03B", "LaunchAction", "launch actions per resource"),
    "recovery_plans": (None, "RecoveryPlan", "recovery plans"),
    "steps_per_plan": (None, "RecoveryPlan", "steps per recovery plan"),
    "servers_per_plan": (None, "RecoveryPlan", "source servers per recovery plan"),
}

# What the `reason` of a ValidationException says of requests that nobody can read.
_UNREADABLE = {"SerializationException": "cannotParse", "UnknownOperationException": "unknownOperation"}


def validation_error(fields: Sequence[tuple[str, str]]) -> ServiceError:
    """A request that breaks its model; `fields` are (member, what is wrong)."""
    told = "; ".join(f"{name} {message}" for name, message in fields)
    listed = [{"name": name, "message": message} for name, message in fields]
    members = {"reason": "fieldValidationFailed", "fieldList": listed}
    return ServiceError("ValidationException", f"Validation failed: {told}", 400, members)


def unreadable(error: ServiceError) -> ServiceError:
    """A request that names no operation, or is no JSON, in this service's words; any other error as it is."""
    reason = _UNREADABLE.get(error.code)
    return error if reason is None else ServiceError("ValidationException", error.message, 400, {"reason": reason})


def bad_token() -> ServiceError:
    """A nextToken that this service did not give out."""
    return ServiceError("ValidationException", "Invalid nextToken", 400, {"reason": "other"})


def conflict(message: str, resource_type: str, resource_id: str) -> ServiceError:
    """The resource is not in a state that allows the call."""
    members = {"resourceType": resource_type, "resourceId": resource_id}
    return ServiceError("ConflictException", message, 409, members)


def not_found(resource_type: str, resource_id: str) -> ServiceError:
    """There is no such resource."""
    members = {"resourceType": resource_type, "resourceId": resource_id}
    return ServiceError("ResourceNotFoundException", f"{resource_type} {resource_id} not found", 404, members)


def quota_exceeded(quota: str, limit: int) -> ServiceError:
    """A quota of `Quotas`, named by its field, would be exceeded."""
    code, resource_type, bounded = _QUOTAS[quota]
    members = {"serviceCode": "drs", "resourceType": resource_type} | ({} if code is None else {"quotaCode": code})
    return ServiceError("ServiceQuotaExceededException", f"At most {limit} {bounded}", 402, members)


def quota_conflict(quota: str, limit: int) -> ServiceError:
    """The same of an operation whose model has no error for quotas: the code is in the answer all the same."""
    code, resource_type, bounded = _QUOTAS[quota]
    members = {"resourceType": resource_type} | ({} if code is None else {"code": code})
    return ServiceError("ConflictException", f"At most {limit} {bounded}", 409, members)


def access_denied(message: str) -> ServiceError:
    """The caller, or an account that it relies on, may not do this."""
    return ServiceError("AccessDeniedException", message, 403)


def throttled() -> ServiceError:
    """Too many requests."""
    return ServiceError("ThrottlingException", "Rate exceeded", 429, {"serviceCode": "drs"}, {"Retry-After": "1"})


def internal() -> ServiceError:
    """The service's own failure."""
    return ServiceError("InternalServerException", "An internal error has occurred.", 500, headers={"Retry-After": "1"})


def uninitialized() -> ServiceError:
    """DRS is not set up in this account and Region. Clients look for the words "not initialized"."""
    return ServiceError("UninitializedAccountException", "Account not initialized", 400)


def unknown_operation(operation: str) -> ServiceError:
    """An operation that is not simulated."""
    return ServiceError("NotImplemented", f"drs:{operation} is not simulated", 501)
