"""The Lambda API: Invoke, and what deploys functions."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from simulator.account import moto_services
from simulator.account.account import CALLER
from simulator.account.deployed_code import DeployedCode
from simulator.account.function_policies import FunctionPolicies
from simulator.account.functions import Function, Functions
from simulator.account.layers import Layers, shown
from simulator.account.wire import Decoded
from simulator.clock import VirtualClock
from simulator.errors import ServiceError

_SHOWN = (
    "Architectures", "DeadLetterConfig", "Description", "LoggingConfig", "Role", "Runtime", "TracingConfig",
)  # fmt: skip
_RUNTIME = "python3.11"

Asked = Mapping[str, Any]


class LambdaApi:
    """Answers Lambda requests from the functions of one account and Region. `code` knows what was deployed as a zip."""

    def __init__(self, clock: VirtualClock, functions: Functions, code: DeployedCode) -> None:
        self._clock, self._functions, self._code = clock, functions, code
        self._zips: dict[str, bytes] = {}
        self.policies = FunctionPolicies()
        self._layers = Layers(functions.account_id, functions.region, code)
        self._operations: Mapping[str, Callable[[Asked], Mapping[str, Any]]] = {
            "Invoke": self._invoke,
            "GetFunction": self._get_function,
            "GetFunctionConfiguration": lambda asked: self._configuration(self._functions.get(asked["FunctionName"])),
            "ListFunctions": lambda _: {"Functions": [self._configuration(one) for one in self._functions.all()]},
            "CreateFunction": self._create,
            "UpdateFunctionCode": self._update_code,
            "UpdateFunctionConfiguration": self._update_configuration,
            "DeleteFunction": self._delete,
            "AddPermission": self._add_permission,
            "RemovePermission": self._remove_permission,
            "GetPolicy": lambda asked: {"Policy": self.policies.document(self._functions.get(asked["FunctionName"]).name)},
            "PublishLayerVersion": self._publish_layer,
            "GetLayerVersion": lambda asked: self._layer(asked["LayerName"], asked["VersionNumber"]),
            "GetLayerVersionByArn": lambda asked: self._layer(*_name_and_number(asked["Arn"])),
            "ListLayerVersions": self._list_layer_versions,
            "ListLayers": self._list_layers,
            "DeleteLayerVersion": self._delete_layer,
        }

    def call(self, request: Decoded) -> Mapping[str, Any]:
        """Answer one request. Raises ServiceError."""
        operation = self._operations.get(request.operation)
        if operation is None:
            raise ServiceError("NotImplemented", f"lambda:{request.operation} is not simulated", 501)
        return operation(request.parameters)

    def _create(self, asked: Asked) -> Mapping[str, Any]:
        name = asked["FunctionName"].rsplit(":", 1)[-1]
        if any(function.name == name for function in self._functions.all()):
            message = f"Function already exist: {name}"
            raise ServiceError("ResourceConflictException", message, 409, {"Type": "User"})
        runtime = asked.get("Runtime", _RUNTIME)
        if not runtime.startswith("python"):
            message = f"{runtime} is not simulated: drsim runs functions in Python"
            raise ServiceError("InvalidParameterValueException", message, 400, {"Type": "User"})
        data = self._zip(asked.get("Code", {}))
        handler = asked.get("Handler", "")
        function = Function(name, self._code.code(data, handler), is_guarded=True, settings={"Handler": handler})
        self._zips[name] = data
        return self._deployed(self._layered(_configured(function, asked), asked))

    def _update_code(self, asked: Asked) -> Mapping[str, Any]:
        function = self._functions.get(asked["FunctionName"])
        data = self._zips[function.name] = self._zip(asked)
        code = self._code.code(data, str(function.settings["Handler"]))
        return self._deployed(replace(function, code=replace(code, layers=function.code.layers)))

    def _update_configuration(self, asked: Asked) -> Mapping[str, Any]:
        function = _configured(self._functions.get(asked["FunctionName"]), asked)
        if "Handler" in asked and function.name in self._zips:
            code = replace(self._code.code(self._zips[function.name], asked["Handler"]), layers=function.code.layers)
            function = replace(function, code=code, settings={**function.settings, "Handler": asked["Handler"]})
        return self._deployed(self._layered(function, asked))

    def _layered(self, function: Function, asked: Asked) -> Function:
        """The function with the layers that a request gives it."""
        if "Layers" not in asked:
            return function
        code = replace(function.code, layers=self._layers.folders(asked["Layers"]))
        return replace(function, code=code, settings={**function.settings, "Layers": list(asked["Layers"])})

    def _publish_layer(self, asked: Asked) -> Mapping[str, Any]:
        version = self._layers.publish(asked["LayerName"], self._zip(asked["Content"]), asked)
        return shown(asked["LayerName"], version)

    def _layer(self, name: str, number: int) -> Mapping[str, Any]:
        return shown(name, self._layers.get(name, number))

    def _list_layer_versions(self, asked: Asked) -> Mapping[str, Any]:
        return {"LayerVersions": [shown(asked["LayerName"], one) for one in self._layers.versions(asked["LayerName"])]}

    def _list_layers(self, _asked: Asked) -> Mapping[str, Any]:
        newest = [(name, shown(name, version)) for name, version in self._layers.newest().items()]
        return {
            "Layers": [
                {"LayerName": name, "LayerArn": one["LayerArn"], "LatestMatchingVersion": one} for name, one in newest
            ]
        }

    def _delete_layer(self, asked: Asked) -> Mapping[str, Any]:
        self._layers.remove(asked["LayerName"], asked["VersionNumber"])
        return {}

    def _deployed(self, function: Function) -> Mapping[str, Any]:
        self._functions.deploy(function)
        return self._configuration(function)

    def _delete(self, asked: Asked) -> Mapping[str, Any]:
        name = self._functions.get(asked["FunctionName"]).name
        self._functions.remove(name)
        self.policies.forget(name)
        return {}

    def _add_permission(self, asked: Asked) -> Mapping[str, Any]:
        name = self._functions.get(asked["FunctionName"]).name
        return {"Statement": json.dumps(self.policies.add(name, self._functions.arn(name), asked))}

    def _remove_permission(self, asked: Asked) -> Mapping[str, Any]:
        self.policies.remove(self._functions.get(asked["FunctionName"]).name, asked["StatementId"])
        return {}

    def _zip(self, code: Asked) -> bytes:
        """A deployment package, sent along or fetched from S3."""
        if "ZipFile" in code:
            sent = code["ZipFile"]
            return sent if isinstance(sent, bytes) else base64.b64decode(sent)
        if "S3Bucket" not in code:
            message = "Please provide a source for function code."
            raise ServiceError("InvalidParameterValueException", message, 400, {"Type": "User"})
        s3 = moto_services.client("s3", self._functions.region, self._functions.account_id)
        try:
            data: bytes = s3.get_object(Bucket=code["S3Bucket"], Key=code["S3Key"])["Body"].read()
        except s3.exceptions.ClientError as error:
            told = error.response["Error"]
            message = (
                f"Error occurred while GetObject. S3 Error Code: {told['Code']}. S3 Error Message: {told.get('Message', '')}"
            )
            raise ServiceError("InvalidParameterValueException", message, 400, {"Type": "User"}) from error
        return data

    def _invoke(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        function = self._functions.get(asked["FunctionName"])
        self._check_caller(function)
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

    def _check_caller(self, function: Function) -> None:
        """A rule of EventBridge needs a permission from the function itself."""
        caller = re.fullmatch("events:(.+)", CALLER.get())
        if caller is None or not function.is_guarded:
            return
        rule = f"arn:aws:events:{self._functions.region}:{self._functions.account_id}:rule/{caller[1]}"
        if not self.policies.let_in(function.name, "events.amazonaws.com", rule):
            arn = self._functions.arn(function.name)
            message = f"{rule} is not authorized to perform: lambda:InvokeFunction on resource: {arn}"
            raise ServiceError("AccessDeniedException", message, 403)

    def _get_function(self, asked: Asked) -> Mapping[str, Any]:
        return {"Configuration": self._configuration(self._functions.get(asked["FunctionName"]))}

    def _configuration(self, function: Function) -> Mapping[str, Any]:
        shown = {name: function.settings[name] for name in _SHOWN if name in function.settings}
        return {
            "Runtime": _RUNTIME,
            **shown,
            "FunctionName": function.name,
            "FunctionArn": self._functions.arn(function.name),
            "Handler": function.settings.get("Handler", f"{function.code.module}.{function.code.attribute}"),
            "Timeout": function.timeout_ms // 1000,
            "MemorySize": function.memory_mib,
            "Environment": {"Variables": dict(function.environment)},
            "Layers": [{"Arn": arn} for arn in _texts(function.settings.get("Layers"))],
            "State": "Active",
            "LastUpdateStatus": "Successful",
        }


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value or ()]


def _name_and_number(arn: str) -> tuple[str, int]:
    name, _, number = arn.rpartition(":")
    return name, int(number) if number.isdigit() else 0


def _configured(function: Function, asked: Asked) -> Function:
    """A function with the settings that a request gives it."""
    variables = asked.get("Environment", {}).get("Variables")
    return replace(
        function,
        environment=function.environment if variables is None else {key: str(value) for key, value in variables.items()},
        timeout_ms=asked["Timeout"] * 1000 if "Timeout" in asked else function.timeout_ms,
        memory_mib=asked.get("MemorySize", function.memory_mib),
        settings={**function.settings, **{name: asked[name] for name in _SHOWN if name in asked}},
    )


def _payload(sent: Any) -> Any:
    if not sent:
        return {}
    try:
        return json.loads(sent if isinstance(sent, bytes) else base64.b64decode(sent))
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise ServiceError("InvalidRequestContentException", message, 400, {"Type": "User"}) from error
