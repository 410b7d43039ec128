"""What the Lambda API has and drsim does not simulate: there is none of it, and it cannot be made."""

from collections.abc import Mapping
from typing import Any

from simulator.account.lambdas.records import Asked, Operation, Records
from simulator.account.qualifiers import refused
from simulator.errors import ServiceError

# By the operation that would make one: why not.
_NOT_MADE = {
    "CreateCodeSigningConfig": "code signing",
    "CreateEventSourceMapping": "event source mappings: functions are not fed from queues and streams",
    "CreateFunctionUrlConfig": "function URLs: use Invoke",
    "PutFunctionCodeSigningConfig": "code signing",
    "PutProvisionedConcurrencyConfig": "provisioned concurrency",
    "AddLayerVersionPermission": "layers of other accounts",
}
_LISTED = {
    "ListCodeSigningConfigs": "CodeSigningConfigs",
    "ListEventSourceMappings": "EventSourceMappings",
    "ListFunctionUrlConfigs": "FunctionUrlConfigs",
    "ListProvisionedConcurrencyConfigs": "ProvisionedConcurrencyConfigs",
}
_MISSING = (
    "DeleteEventSourceMapping", "DeleteFunctionUrlConfig", "GetEventSourceMapping", "GetFunctionUrlConfig",
    "GetLayerVersionPolicy", "UpdateEventSourceMapping", "UpdateFunctionUrlConfig",
)  # fmt: skip


def unsimulated(records: Records) -> Mapping[str, Operation]:
    """The operations that tell that there is no such thing."""

    def missing(asked: Asked) -> Mapping[str, Any]:
        if "FunctionName" in asked:
            records.latest(asked)
        raise refused("ResourceNotFoundException", "The resource you requested does not exist.", 404)

    def not_provisioned(asked: Asked) -> Mapping[str, Any]:
        records.latest(asked)
        message = "No Provisioned Concurrency Config found for this function"
        raise refused("ProvisionedConcurrencyConfigNotFoundException", message, 404)

    return {
        **{operation: _refusing(what) for operation, what in _NOT_MADE.items()},
        **{operation: _empty(member) for operation, member in _LISTED.items()},
        **dict.fromkeys(_MISSING, missing),
        "GetProvisionedConcurrencyConfig": not_provisioned,
    }


def _refusing(what: str) -> Operation:
    def refuse(_asked: Asked) -> Mapping[str, Any]:
        raise ServiceError("NotImplemented", f"drsim does not simulate {what}", 501)

    return refuse


def _empty(member: str) -> Operation:
    return lambda _asked: {member: []}
