"""Step Functions' service integrations: what a Task state's resource does in the simulated account.

`lambda:invoke` and bare function ARNs run our functions. Everything else becomes a boto3 call into the same account: the
optimised integrations (`sns:publish`) and the general ones (`aws-sdk:drs:startRecovery`), with Step Functions' PascalCase
names and error prefixes.
"""

import json
from collections.abc import Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from simulator.account import moto_services
from simulator.account.account import CALLER
from simulator.account.faults import FaultBoard
from simulator.account.functions import Functions
from simulator.account.wire import plain
from simulator.clock import VirtualClock
from simulator.engine.failures import TaskFailure
from simulator.engine.integrations import TaskCall
from simulator.engine.resources import Kind, Resource
from simulator.errors import ServiceError
from simulator.json_types import JsonValue
from simulator.rng import Chance

_SDK = "aws-sdk:"
# boto3's names where they differ from Step Functions' service names.
_CLIENTS = {"sfn": "stepfunctions", "states": "stepfunctions", "eventbridge": "events", "cloudwatchlogs": "logs"}
# How error names of the optimised integrations begin; the general ones capitalise the service's name.
_ERROR_PREFIXES = {"sns": "SNS", "sqs": "SQS", "dynamodb": "DynamoDB", "events": "EventBridge", "states": "StepFunctions"}


class ServiceIntegrations:
    """The engine's `Integrations`, for one account and Region."""

    def __init__(self, clock: VirtualClock, chance: Chance, functions: Functions, faults: FaultBoard) -> None:
        self._clock, self._chance, self._functions, self._faults = clock, chance, functions, faults
        self._requests = 0

    def call(self, task: TaskCall) -> JsonValue:
        """Do what a task asks and return the service's answer. Raises TaskFailure with AWS's error name and cause."""
        CALLER.set(f"states:{task.execution_arn.rsplit(':', 1)[-1]}")
        resource = task.resource
        if resource.kind is Kind.FUNCTION:
            return self._invoke(resource.arn, task.parameters)
        if (resource.service, resource.api) == ("lambda", "invoke"):
            return self._invoke_optimised(task)
        return self._call_service(resource, task.parameters)

    def _invoke_optimised(self, task: TaskCall) -> JsonValue:
        parameters = _mapping(task.parameters)
        name = str(parameters.get("FunctionName", ""))
        payload = self._invoke(name, parameters.get("Payload", {}))
        body = json.dumps(payload, separators=(",", ":"))
        request_id = self._chance.stream("states.request", f"{task.execution_arn}/{self._requests}").uuid()
        self._requests += 1
        headers = {
            "X-Amz-Executed-Version": "$LATEST",
            "Content-Length": str(len(body.encode())),
            "Content-Type": "application/json",
            "Date": f"{self._clock.now():%a, %d %b %Y %H:%M:%S} GMT",
        }
        return {
            "ExecutedVersion": "$LATEST",
            "Payload": payload,
            "SdkHttpMetadata": {
                "AllHttpHeaders": {key: [value] for key, value in headers.items()},
                "HttpHeaders": headers,
                "HttpStatusCode": 200,
            },
            "SdkResponseMetadata": {"RequestId": request_id},
            "StatusCode": 200,
        }

    def _invoke(self, name: str, payload: JsonValue) -> JsonValue:
        struck = self._faults.strike("lambda:Invoke", self._clock.now_ms)
        if struck:
            raise TaskFailure(f"Lambda.{struck[1].code}", struck[1].message)
        try:
            invocation = self._functions.invoke(name, payload)
        except ServiceError as error:
            raise TaskFailure(
                f"Lambda.{error.code}", f"{error.message} (Service: Lambda, Status Code: {error.status})"
            ) from error
        if invocation.error_type:
            raise TaskFailure(invocation.error_type, json.dumps(invocation.payload, separators=(",", ":")))
        return invocation.payload

    def _call_service(self, resource: Resource, parameters: JsonValue) -> JsonValue:
        service, action = resource.service.removeprefix(_SDK), resource.api
        client = moto_services.client(_CLIENTS.get(service, service), self._functions.region, self._functions.account_id)
        operation = action[0].upper() + action[1:]
        model = client.meta.service_model
        if operation not in model.operation_names:
            raise TaskFailure("States.Runtime", f"'{service}' has no operation '{action}'.")
        shape = model.operation_model(operation)
        try:
            answer = getattr(client, xform_name(operation))(**_to_wire(_mapping(parameters), shape.input_shape))
        except ClientError as error:
            raise TaskFailure(_error_name(resource, error), _cause(service, error)) from error
        except BotoCoreError as error:
            raise TaskFailure("States.Runtime", str(error)) from error
        answer.pop("ResponseMetadata", None)
        return _to_pascal(plain(answer))


def _mapping(parameters: JsonValue) -> Mapping[str, Any]:
    return parameters if isinstance(parameters, Mapping) else {}


def _error_name(resource: Resource, error: ClientError) -> str:
    service, code = resource.service.removeprefix(_SDK), error.response["Error"]["Code"]
    optimised = None if resource.service.startswith(_SDK) else _ERROR_PREFIXES.get(service)
    prefix = optimised or service[0].upper() + service[1:]
    return f"{prefix}.{code}" if code.endswith(("Exception", "Error", "Fault")) else f"{prefix}.{code}Exception"


def _cause(service: str, error: ClientError) -> str:
    details, metadata = error.response["Error"], error.response.get("ResponseMetadata", {})
    return f"{details.get('Message', '')} (Service: {service.capitalize()}, Status Code: {metadata.get('HTTPStatusCode')})"


def _to_wire(value: Any, shape: Any) -> Any:
    """Step Functions' PascalCase members as the service's model spells them."""
    if shape is None:
        return value
    if shape.type_name == "structure" and isinstance(value, Mapping):
        names = {name.lower(): name for name in shape.members}
        spelled = {names.get(key.lower(), key): item for key, item in value.items()}
        return {key: _to_wire(item, shape.members.get(key)) for key, item in spelled.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_to_wire(item, shape.member) for item in value]
    if shape.type_name == "map" and isinstance(value, Mapping):
        return {key: _to_wire(item, shape.value) for key, item in value.items()}
    if shape.type_name == "string" and isinstance(value, Mapping | list):
        return json.dumps(value, separators=(",", ":"))  # a message may be given as JSON where the API wants its text
    return value


def _to_pascal(value: JsonValue) -> JsonValue:
    match value:
        case Mapping():
            return {key[:1].upper() + key[1:]: _to_pascal(item) for key, item in value.items()}
        case list():
            return [_to_pascal(item) for item in value]
        case _:
            return value
