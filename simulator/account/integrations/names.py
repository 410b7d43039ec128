"""Names of services and errors: Step Functions', botocore's, and those of the SDKs behind Step Functions.

The general integrations (`aws-sdk:`) fail with the exceptions of the second Java SDK, the optimised ones with those of the
first; a definition that catches errors has to name these.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
from botocore.exceptions import ClientError

SDK = "aws-sdk:"

# botocore's names where they are not Step Functions' with hyphens put in.
_CLIENTS = {
    "cloudwatchlogs": "logs",
    "cognitoidentity": "cognito-identity",
    "cognitoidentityprovider": "cognito-idp",
    "costexplorer": "ce",
    "databasemigration": "dms",
    "elasticloadbalancing": "elb",
    "elasticloadbalancingv2": "elbv2",
    "elasticmapreduce": "emr",
    "eventbridge": "events",
    "sfn": "stepfunctions",
    "states": "stepfunctions",
}


@dataclass(frozen=True, slots=True)
class _Optimised:
    """How an optimised integration names errors: a prefix, the service in messages, its exception for everything else."""

    prefix: str
    service: str
    other: str


_OPTIMISED = {
    "athena": _Optimised("Athena", "AmazonAthena", "AmazonAthenaException"),
    "batch": _Optimised("Batch", "AWSBatch", "AWSBatchException"),
    "codebuild": _Optimised("CodeBuild", "AWSCodeBuild", "AWSCodeBuildException"),
    "dynamodb": _Optimised("DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDBException"),
    "ecs": _Optimised("ECS", "AmazonECS", "AmazonECSException"),
    "events": _Optimised("EventBridge", "AmazonEventBridge", "AmazonEventBridgeException"),
    "glue": _Optimised("Glue", "AWSGlue", "AWSGlueException"),
    "sns": _Optimised("SNS", "AmazonSNS", "AmazonSNSException"),
    "sqs": _Optimised("SQS", "AmazonSQS", "AmazonSQSException"),
    "states": _Optimised("StepFunctions", "AWSStepFunctions", "AWSStepFunctionsException"),
}


@cache
def client_name(service: str) -> str | None:
    """What botocore calls a service that a resource names (`cloudwatchlogs`, `drs`); None for one that does not exist."""
    name = service.removeprefix(SDK)
    known = {listed.replace("-", ""): listed for listed in _services()}
    return _CLIENTS.get(name) or known.get(name.replace("-", ""))


def error_of(resource_service: str, error: ClientError, model: Any) -> tuple[str, str]:
    """(error, cause) of a task whose call a service refused; `model` is botocore's of the service."""
    details, metadata = error.response["Error"], error.response.get("ResponseMetadata", {})
    code, message = details.get("Code", ""), details.get("Message", "")
    status, request = metadata.get("HTTPStatusCode"), metadata.get("RequestId") or "null"
    shape = model.shape_for_error_code(code)
    if resource_service.startswith(SDK):
        prefix = sdk_name(model.service_id)
        name = _exception(shape.name) if shape else f"{prefix}Exception"
        return f"{prefix}.{name}", f"{message} (Service: {prefix}, Status Code: {status}, Request ID: {request})"
    own = _OPTIMISED.get(resource_service) or _Optimised(sdk_name(model.service_id), sdk_name(model.service_id), "Exception")
    name = _exception(shape.name) if shape else own.other
    where = f"Service: {own.service}; Status Code: {status}; Error Code: {code}; Request ID: {request}; Proxy: null"
    return f"{own.prefix}.{name}", f"{message} ({where})"


def sdk_name(service_id: str) -> str:
    """A service's name in the second Java SDK: the words of its id, each with one capital (`DynamoDB` is `DynamoDb`)."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", service_id)
    return "".join(word[:1].upper() + word[1:].lower() for word in words)


def _exception(shape: str) -> str:
    """The class that the Java SDKs make of an error shape."""
    name = shape[:1].upper() + shape[1:]
    if name.endswith("Exception"):
        return name
    return f"{name.removesuffix('Fault')}Exception"


@cache
def _services() -> tuple[str, ...]:
    return tuple(botocore.session.get_session().get_available_services())
