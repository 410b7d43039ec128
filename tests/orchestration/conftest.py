"""The account that the production code meets in these tests: moto's DynamoDB, DRS and Step Functions as scripts."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from botocore.stub import Stubber
from moto import mock_aws

from orchestration import clients, store
from orchestration.plan import read_plan
from orchestration.record import Record, new_record

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
MACHINE_ARN = "arn:aws:states:us-east-1:111122223333:stateMachine:recovery"
TOPIC_ARN = "arn:aws:sns:us-east-1:111122223333:recovery"
SERVERS = ("s-3a000000000000001", "s-3a000000000000002", "s-3a000000000000003")
OPERATOR = "arn:aws:iam::111122223333:user/ops"
JOB_ID = "drsjob-3b000000000000001"
PLAN: dict[str, Any] = {
    "planId": "erp",
    "waves": [
        {"name": "data", "servers": list(SERVERS[:2]), "timeoutMinutes": 40},
        {"name": "app", "servers": [SERVERS[2]], "dependsOn": ["data"]},
    ],
}


KINDS = ("HASH", "RANGE")
TABLES = {
    "executions": ["executionId"],
    "events": ["executionId", "sequence"],
    "claims": ["claim"],
    "plans": ["planId"],
    "durations": ["planId"],
}
INDEX = ("listed", "createdAt")
NEWEST: dict[str, Any] = {
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "newest",
            "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in zip(INDEX, KINDS, strict=True)],
            "Projection": {
                "ProjectionType": "INCLUDE",
                "NonKeyAttributes": ["planId", "planName", "isDrill", "status", "startedAt", "endedAt", "rtoMet"],
            },
        }
    ]
}


@dataclass(frozen=True, slots=True)
class Account:
    """`drs` and `states` answer what they are told to, call by call, and fail at a call that was not announced."""

    drs: Stubber
    states: Stubber

    def record(self, execution_id: str = "e-1") -> Record:
        return store.load(execution_id)

    def started(self, **changes: Any) -> None:
        """An execution e-1 of PLAN that runs."""
        record = new_record("e-1", read_plan(PLAN | changes.pop("plan", {})), is_drill=True, now=NOW)
        store.create(record | {"status": "RUNNING"} | changes)

    def told(self, token: str, **output: Any) -> None:
        """Step Functions is told that a task's wait is over."""
        asked = {"taskToken": token, "output": json.dumps(output)}
        self.states.add_response("send_task_success", {}, asked)

    def job(self, *launch_statuses: str, status: str = "COMPLETED") -> None:
        """DRS is asked for the job and answers these launch statuses, one per server."""
        servers = [
            {"sourceServerID": server, "launchStatus": launch}
            for server, launch in zip(SERVERS, launch_statuses, strict=False)
        ]
        items = [{"jobID": JOB_ID, "status": status, "participatingServers": servers}]
        self.drs.add_response("describe_jobs", {"items": items}, {"filters": {"jobIDs": [JOB_ID]}})


@pytest.fixture(scope="package")
def _clients() -> Iterator[None]:
    """The clients of one sandbox for all tests, as making one takes a third of a second."""
    variables = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    with pytest.MonkeyPatch.context() as environment:
        for name, value in variables.items():
            environment.setenv(name, value)
        for service in ("dynamodb", "drs", "stepfunctions", "sts", "ec2"):
            clients.client(service)
        for service in ("events", "sns"):
            clients.quick_client(service)
    yield
    clients.client.cache_clear()


@pytest.fixture
def account(_clients: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("EXECUTIONS_TABLE", "executions")
    monkeypatch.setenv("EVENTS_TABLE", "events")
    monkeypatch.setenv("CLAIMS_TABLE", "claims")
    monkeypatch.setenv("PLANS_TABLE", "plans")
    monkeypatch.setenv("DURATIONS_TABLE", "durations")
    monkeypatch.setenv("STATE_MACHINE_ARN", MACHINE_ARN)
    monkeypatch.setenv("NOTIFICATION_TOPIC_ARN", TOPIC_ARN)
    monkeypatch.setenv("RETENTION_DAYS", "0")
    drs, states = Stubber(clients.client("drs")), Stubber(clients.client("stepfunctions"))
    with time_machine.travel(NOW, tick=False), mock_aws(), drs, states:
        for table, keys in TABLES.items():
            clients.client("dynamodb").create_table(
                TableName=table,
                KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, KINDS, strict=False)],
                AttributeDefinitions=[
                    {"AttributeName": key, "AttributeType": "S"}
                    for key in (*keys, *(INDEX if table == "executions" else ()))
                ],
                BillingMode="PAY_PER_REQUEST",
                **(NEWEST if table == "executions" else {}),
            )
        yield Account(drs, states)
        drs.assert_no_pending_responses()
        states.assert_no_pending_responses()


def request(
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """An event of API Gateway's REST proxy integration."""
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": dict(headers or {}),
        "multiValueHeaders": {},
        "queryStringParameters": dict(query or {}) or None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "requestContext": {"requestId": "r-1", "stage": "prod", "identity": {"userArn": OPERATOR}},
        "body": body if isinstance(body, str) or body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


CONTEXT = SimpleNamespace(
    function_name="orchestration",
    memory_limit_in_mb=128,
    invoked_function_arn="arn:aws:lambda:us-east-1:111122223333:function:orchestration",
    aws_request_id="6f1c1f3e-1c53-4f0d-8a37-1d1c0a5b7c11",
)
