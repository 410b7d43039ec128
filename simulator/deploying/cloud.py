"""A deployed stack and the servers behind it, as the AWS APIs show and take them; with the user's own credentials."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from simulator.errors import Problem, UserError

_STACK, _FUNCTION, _API = "AWS::CloudFormation::Stack", "AWS::Lambda::Function", "AWS::ApiGateway::RestApi"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of a stack: its CloudFormation type and its physical id."""

    type: str
    id: str


class Cloud:
    """An account in a Region, with a stack. `endpoint` None is AWS. Raises UserError for whatever AWS refuses."""

    def __init__(self, stack: str, region: str, endpoint: str | None) -> None:
        self.stack, self.region = stack, region
        self._session = boto3.Session(region_name=region)
        self._endpoint = endpoint
        self._clients: dict[tuple[str, str], Any] = {}

    def account(self) -> str:
        """The account's id."""
        return str(self._call("sts", "get_caller_identity")["Account"])

    def resources(self) -> Mapping[str, Resource]:
        """What the stack consists of by logical ids, those of nested stacks after the nested stack's: `Api.Function`."""
        return dict(self._resources(self.stack, ""))

    def servers(self, region: str) -> Mapping[str, str]:
        """Source server ids of a Region by the servers' Name tags, else their host names."""
        found = {}
        for server in self._pages("drs", "describe_source_servers", "items", region=region):
            hints = server.get("sourceProperties", {}).get("identificationHints", {})
            found[str(server.get("tags", {}).get("Name") or hints.get("hostname"))] = str(server["sourceServerID"])
        return found

    def put(self, table: str, item: Row) -> None:
        """Write an item of plain values into a table."""
        plain = json.loads(json.dumps(item), parse_float=str)
        self._call("dynamodb", "put_item", TableName=table, Item=TypeSerializer().serialize(plain)["M"])

    def items(self, table: str) -> list[dict[str, Any]]:
        """Every item of a table, as plain values."""
        read = TypeDeserializer().deserialize
        rows = self._pages("dynamodb", "scan", "Items", TableName=table, ConsistentRead=True)
        return [{name: _plain(read(value)) for name, value in row.items()} for row in rows]

    def function(self, resource: Resource, method: str, path: str) -> str:
        """The function that answers a request to a resource: itself, or what a REST API has at this path."""
        if resource.type == _FUNCTION:
            return resource.id
        if resource.type == _API:
            found = self._pages("apigateway", "get_resources", "items", restApiId=resource.id, embed=["methods"])
            for one in (one for one in found if one["path"] == path):
                methods = one.get("resourceMethods", {})
                uri = (methods.get(method) or methods.get("ANY") or {}).get("methodIntegration", {}).get("uri", "")
                if "/functions/" in uri:
                    return str(uri.split("/functions/")[1].removesuffix("/invocations"))
        raise UserError([Problem(self.stack, f"no function of {resource.id} ({resource.type}) answers {method} {path}")])

    def invoke(self, function: str, event: Row) -> Any:
        """What a function returns; None if it fails."""
        answer = self._call("lambda", "invoke", FunctionName=function, Payload=json.dumps(event).encode())
        payload = answer["Payload"].read()
        return None if answer.get("FunctionError") or not payload else json.loads(payload)

    def start(self, machine: str, document: Any) -> str:
        """Start an execution; its ARN."""
        started = self._call("stepfunctions", "start_execution", stateMachineArn=machine, input=json.dumps(document))
        return str(started["executionArn"])

    def executions(self, machine: str) -> list[str]:
        """The ARNs of a state machine's last executions, the newest first."""
        answer = self._call("stepfunctions", "list_executions", stateMachineArn=machine, maxResults=100)
        return [str(one["executionArn"]) for one in answer["executions"]]

    def describe(self, execution: str) -> Row:
        """DescribeExecution."""
        return self._call("stepfunctions", "describe_execution", executionArn=execution)

    def definition(self, machine: str) -> str:
        """The state machine's definition."""
        return str(self._call("stepfunctions", "describe_state_machine", stateMachineArn=machine)["definition"])

    def history(self, execution: str) -> list[Row]:
        """The whole history of an execution, its timestamps in seconds since 1970."""
        rows = self._pages("stepfunctions", "get_execution_history", "events", executionArn=execution)
        return [{**row, "timestamp": row["timestamp"].timestamp()} for row in rows]

    def jobs(self, region: str) -> list[Row]:
        """Every job of DRS that it still knows."""
        return list(self._pages("drs", "describe_jobs", "items", region=region))

    def job_log(self, region: str, job: str) -> list[Row]:
        """A job's log."""
        return list(self._pages("drs", "describe_job_log_items", "items", region=region, jobID=job))

    def _resources(self, stack: str, prefix: str) -> Iterator[tuple[str, Resource]]:
        for one in self._call("cloudformation", "describe_stack_resources", StackName=stack)["StackResources"]:
            resource = Resource(one["ResourceType"], one.get("PhysicalResourceId", ""))
            yield f"{prefix}{one['LogicalResourceId']}", resource
            if resource.type == _STACK:
                yield from self._resources(resource.id, f"{prefix}{one['LogicalResourceId']}.")

    def _call(self, service: str, operation: str, region: str | None = None, **parameters: Any) -> Row:
        with self._refusals():
            answer: Row = getattr(self._client(service, region), operation)(**parameters)
            return answer

    def _pages(
        self, service: str, operation: str, member: str, region: str | None = None, **parameters: Any
    ) -> Sequence[Row]:
        with self._refusals():
            pages = self._client(service, region).get_paginator(operation).paginate(**parameters)
            return [row for page in pages for row in page[member]]

    def _client(self, service: str, region: str | None) -> Any:
        where = service, region or self.region
        if where not in self._clients:
            self._clients[where] = self._session.client(service, region_name=where[1], endpoint_url=self._endpoint)
        return self._clients[where]

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise UserError([Problem(self.stack, str(error))]) from error


def _plain(value: Any) -> Any:
    """A value of boto3's as JSON has it: numbers are decimals there, and sets sets."""
    match value:
        case dict():
            return {name: _plain(member) for name, member in value.items()}
        case list():
            return [_plain(item) for item in value]
        case set() | frozenset():
            return sorted(_plain(item) for item in value)
        case str() | bool() | None:
            return value
        case bytes():
            return value.decode(errors="replace")
        case number:
            return int(number) if number == int(number) else float(number)
