"""The Lambda API, as far as functions call each other: Invoke and GetFunction."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from simulator.account.functions import Function, Functions
from simulator.account.wire import Decoded
from simulator.clock import VirtualClock
from simulator.errors import ServiceError


class LambdaApi:
    """Answers Lambda requests from the functions of a world."""

    def __init__(self, clock: VirtualClock, functions: Functions) -> None:
        self._clock, self._functions = clock, functions
        self._operations: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            "Invoke": self._invoke,
            "GetFunction": self._get_function,
            "GetFunctionConfiguration": lambda asked: self._configuration(self._functions.get(asked["FunctionName"])),
        }

    def call(self, request: Decoded) -> Mapping[str, Any]:
        """Answer one request. Raises ServiceError."""
        operation = self._operations.get(request.operation)
        if operation is None:
            raise ServiceError("NotImplemented", f"lambda:{request.operation} is not simulated", 501)
        return operation(request.parameters)

    def _invoke(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        function = self._functions.get(asked["FunctionName"])
        payload = _payload(asked.get("Payload"))
        match asked.get("InvocationType", "RequestResponse"):
            case "DryRun":
                return {"StatusCode": 204}
            case "Event":
                self._clock.spawn(f"{function.name} event", lambda: self._functions.invoke(function.name, payload))
                return {"StatusCode": 202, "Payload": b""}
            case _:
                invocation = self._functions.invoke(function.name, payload)
        answer = {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": json.dumps(invocation.payload).encode()}
        return answer | ({"FunctionError": "Unhandled"} if invocation.error_type else {})

    def _get_function(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"Configuration": self._configuration(self._functions.get(asked["FunctionName"]))}

    def _configuration(self, function: Function) -> Mapping[str, Any]:
        return {
            "FunctionName": function.name,
            "FunctionArn": self._functions.arn(function.name),
            "Runtime": "python3.11",
            "Handler": f"{function.code.module}.{function.code.attribute}",
            "Timeout": function.timeout_ms // 1000,
            "MemorySize": function.memory_mib,
            "State": "Active",
            "LastUpdateStatus": "Successful",
        }


def _payload(sent: Any) -> Any:
    if not sent:
        return {}
    try:
        return json.loads(sent if isinstance(sent, bytes) else base64.b64decode(sent))
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise ServiceError("InvalidRequestContentException", message, 400, {"Type": "User"}) from error
