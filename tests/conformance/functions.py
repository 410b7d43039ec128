"""Lambda functions of recorded executions: handlers in files, called in place."""

import importlib.util
import json
from pathlib import Path
from typing import Any

from simulator.engine.failures import TaskFailure
from simulator.engine.integrations import TaskCall
from simulator.engine.resources import Kind
from simulator.json_types import JsonValue


class Functions:
    """Calls `lambda:invoke` and bare function ARNs; whatever else is called is not available."""

    def __init__(self, functions: dict[str, Any]) -> None:
        self._functions = functions

    def call(self, task: TaskCall) -> JsonValue:
        parameters: Any = task.parameters
        if task.resource.kind is Kind.FUNCTION:
            answer: JsonValue = self._invoke(task.resource.arn, parameters)
            return answer
        if (task.resource.service, task.resource.api) != ("lambda", "invoke"):
            raise TaskFailure("States.TaskFailed", f"{task.resource.arn} is not available here")
        payload = self._invoke(parameters["FunctionName"], parameters.get("Payload", {}))
        return {
            "ExecutedVersion": "$LATEST", "Payload": payload, "SdkHttpMetadata": {}, "SdkResponseMetadata": {},
            "StatusCode": 200,
        }  # fmt: skip

    def _invoke(self, function: str, payload: Any) -> Any:
        name = function.rsplit(":function:", maxsplit=1)[-1].split(":", maxsplit=1)[0]
        found = self._functions.get(name)
        if found is None:
            cause = f"Function not found: arn:aws:lambda:us-east-1:111111111111:function:{name}:$LATEST"
            suffix = " (Service: Lambda, Status Code: 404, Request ID: r)"
            raise TaskFailure("Lambda.ResourceNotFoundException", cause + suffix)
        try:
            answer = _handler(found["handler_file"], found.get("handler") or "handler.handler")(payload, None)
        except Exception as error:
            said = {"errorMessage": str(error), "errorType": type(error).__name__, "requestId": "r", "stackTrace": []}
            raise TaskFailure(type(error).__name__, json.dumps(said)) from error
        return json.loads(answer) if isinstance(answer, bytes) else json.loads(json.dumps(answer, default=float))


def _handler(path: str, handler: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"recorded_{Path(path).stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, handler.rsplit(".", 1)[-1])
