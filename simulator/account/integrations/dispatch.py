"""Step Functions' service integrations: what a Task state's resource does in the simulated account.

`lambda:invoke` and bare function ARNs run our functions, `http:invoke` calls this machine. Everything else becomes a boto3
call into the same account: the optimised integrations (`sns:publish`) and the general ones (`aws-sdk:drs:startRecovery`).
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from simulator.account import moto_services
from simulator.account.account import CALLER
from simulator.account.fault_effects import Afterwards, Silent, Slow
from simulator.account.faults import Call, FaultBoard
from simulator.account.functions import Functions
from simulator.account.integrations import http, jobs, names, shapes
from simulator.account.integrations.mocked_tasks import MockedTasks
from simulator.clock import VirtualClock
from simulator.engine.execution import Execution
from simulator.engine.failures import Cancelled, TaskFailure
from simulator.engine.integrations import TaskCall
from simulator.engine.resources import Kind, Pattern
from simulator.errors import ServiceError
from simulator.json_types import JsonValue
from simulator.rng import Chance


class ServiceIntegrations:
    """The engine's `Integrations`, for one account and Region.

    `executions` are those of the same account and Region: a task that waits for one of them is told of its end. What is
    `mocked` is not called.
    """

    def __init__(self, clock: VirtualClock, chance: Chance, functions: Functions, faults: FaultBoard) -> None:
        self._clock, self._chance, self._functions, self._faults = clock, chance, functions, faults
        self._requests = 0
        self.executions: Mapping[str, Execution] = {}
        self.mocked: MockedTasks | None = None

    def call(self, task: TaskCall) -> JsonValue:
        """Do what a task asks and return the service's answer. Raises TaskFailure with AWS's error name and cause."""
        CALLER.set(f"states:{task.execution_arn.rsplit(':', 1)[-1]}")
        if self.mocked is not None and self.mocked.takes(task):
            return self.mocked.call(task)
        resource = task.resource
        if task.submitted is not None:
            return self._finish(task)
        if resource.kind is Kind.FUNCTION:
            return self._invoke(resource.arn, task.parameters)
        match resource.service, resource.api:
            case "lambda", "invoke":
                return self._invoke_optimised(task)
            case "http", "invoke":
                return http.invoke(_mapping(task.parameters), task.region, partial(self._secret, task))
        if resource.pattern in (Pattern.SYNC, Pattern.SYNC_2) and jobs.job_of(resource.service, resource.api) is None:
            raise TaskFailure("States.Runtime", f"The simulation cannot tell when a {resource.arn} is over")
        return self._call_service(task, resource.service, resource.api, task.parameters)

    def _finish(self, task: TaskCall) -> JsonValue:
        """Wait for the job that a `.sync` task has started; a task that is given up stops its job."""
        job = jobs.job_of(task.resource.service, task.resource.api)
        submitted: Any = task.submitted
        if task.resource.api == "startJobRun":  # the run is known by its job's name too, which the answer leaves out
            submitted = {**submitted, "JobName": _mapping(task.parameters).get("JobName")}
        assert job is not None
        try:
            return self._await(task, job, submitted)
        except Cancelled:
            self._clock.spawn(f"stop {task.state}", lambda: self._stop(task, job, submitted))
            raise

    def _await(self, task: TaskCall, job: jobs.Job, submitted: Any) -> JsonValue:
        child = self.executions.get(str(submitted.get("ExecutionArn")))
        if child is not None:
            child.ended.wait()
        while True:
            result: Any = job.result(self._call_service(task, task.resource.service, job.describe, job.asking(submitted)))
            status = job.status(result)
            if task.resource.pattern is Pattern.SYNC_2 and job.describe == "describeExecution":
                result = jobs.with_documents(result)
            if status in job.good:
                return _without_metadata(result)
            if status in job.bad:
                raise jobs.failure(_without_metadata(result))
            self._clock.sleep_ms(jobs.POLL_MS)

    def _stop(self, task: TaskCall, job: jobs.Job, submitted: Any) -> None:
        with suppress(TaskFailure):  # Step Functions does its best; the job may be over by now
            self._call_service(task, task.resource.service, job.stop, job.stopping(submitted))

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
        seen = self._suffer()
        try:
            invocation = self._functions.invoke(name, payload)
        except ServiceError as error:
            raise TaskFailure(
                f"Lambda.{error.code}", f"{error.message} (Service: Lambda, Status Code: {error.status})"
            ) from error
        if seen is not None:
            raise seen
        if invocation.error_type:
            raise TaskFailure(invocation.error_type, json.dumps(invocation.payload, separators=(",", ":")))
        return invocation.payload

    def _suffer(self) -> TaskFailure | None:
        """What a fault does to a task's Invoke: raises TaskFailure, or returns what the task sees after the invocation."""
        struck = self._faults.strike(Call("lambda:Invoke", "states"), self._clock.now_ms)
        if struck is None:
            return None
        if isinstance(struck.effect, Slow):
            self._clock.sleep_ms(self._faults.delay_ms(struck.fault, struck.effect.delay))
            return None
        seen = struck.effect.effect if isinstance(struck.effect, Afterwards) else struck.effect
        if isinstance(seen, ServiceError):
            failure = TaskFailure(f"Lambda.{seen.code}", seen.message)
        else:
            self._clock.sleep_ms(seen.wait_ms if isinstance(seen, Silent) else 0)
            failure = TaskFailure("Lambda.SdkClientException", "Unable to execute HTTP request: no answer")
        if isinstance(struck.effect, Afterwards):
            return failure
        raise failure

    def _call_service(self, task: TaskCall, service: str, api: str, parameters: JsonValue) -> JsonValue:
        name = names.client_name(service)
        operation = api[0].upper() + api[1:]
        client = None if name is None else moto_services.client(name, task.region, _account(task))
        if client is None or operation not in client.meta.service_model.operation_names:
            raise TaskFailure("States.Runtime", f"'{service}' has no operation '{api}'.")
        model = client.meta.service_model
        shape = model.operation_model(operation)
        try:
            answer = getattr(client, xform_name(operation))(**shapes.to_service(_mapping(parameters), shape.input_shape))
        except ClientError as error:
            raise TaskFailure(*names.error_of(service, error, model)) from error
        except HTTPClientError as error:  # a fault kept the answer back
            prefix = names.sdk_name(model.service_id)
            raise TaskFailure(f"{prefix}.SdkClientException", f"Unable to execute HTTP request: {error}") from error
        except BotoCoreError as error:
            raise TaskFailure("States.Runtime", str(error)) from error
        metadata = answer.pop("ResponseMetadata", {})
        is_optimised = not service.startswith(names.SDK)
        given: Any = shapes.from_service(answer, shape.output_shape, is_optimised=is_optimised)
        return {**given, **_metadata(metadata)} if is_optimised else given

    def _secret(self, task: TaskCall, connection_arn: str) -> Mapping[str, Any]:
        """What an EventBridge connection knows, with its credentials."""
        name = connection_arn.partition(":connection/")[2].partition("/")[0]
        try:
            connection: Any = self._call_service(task, "aws-sdk:eventbridge", "describeConnection", {"Name": name})
            asked: dict[str, JsonValue] = {"SecretId": connection["SecretArn"]}
            secret: Any = self._call_service(task, "aws-sdk:secretsmanager", "getSecretValue", asked)
        except TaskFailure as failure:
            message = f"The connection {connection_arn!r} cannot be used: {failure.cause}"
            raise TaskFailure("Events.ConnectionResource.InvalidConnectionState", message) from failure
        found: Mapping[str, Any] = json.loads(secret["SecretString"])
        return found


def _account(task: TaskCall) -> str:
    """The account in whose name a task calls: that of the role which its state names, or the state machine's."""
    parts = task.role_arn.split(":")
    return parts[4] if len(parts) > 5 and parts[4].isdigit() else task.account


def _metadata(metadata: Mapping[str, Any]) -> dict[str, JsonValue]:
    """What the optimised integrations tell of the HTTP answer."""
    headers: dict[str, JsonValue] = {str(name): str(value) for name, value in metadata.get("HTTPHeaders", {}).items()}
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": metadata.get("HTTPStatusCode", 200),
        },
        "SdkResponseMetadata": {"RequestId": metadata.get("RequestId", "")},
    }


def _without_metadata(result: Mapping[str, Any]) -> dict[str, JsonValue]:
    return {name: value for name, value in result.items() if name not in ("SdkHttpMetadata", "SdkResponseMetadata")}


def _mapping(parameters: JsonValue) -> Mapping[str, Any]:
    return parameters if isinstance(parameters, Mapping) else {}
