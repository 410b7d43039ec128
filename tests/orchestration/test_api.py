"""The API: what it accepts, what it refuses and with which words, and that nothing is started then."""

import base64
import json
import os
from typing import Any

import boto3
import pytest

from orchestration import api, clients, store
from tests.orchestration.conftest import PLAN, Drs

ROLE = "arn:aws:iam::123456789012:role/machine"
DEFINITION = '{"StartAt":"Done","States":{"Done":{"Type":"Succeed"}}}'


@pytest.fixture
def machine(drs: Drs, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A state machine that can be started, and the client to look at its executions."""
    client = boto3.client("stepfunctions")
    arn = client.create_state_machine(name="m", definition=DEFINITION, roleArn=ROLE)["stateMachineArn"]
    monkeypatch.setenv("STATE_MACHINE_ARN", arn)
    clients.client("dynamodb").put_item(TableName="plans", Item=store._encode(PLAN))
    return client


def call(body: Any, method: str = "POST", path: str = "/executions", **event: Any) -> tuple[int, dict[str, Any]]:
    request = {
        "httpMethod": method, "path": path, "resource": path, "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {}, "queryStringParameters": None, "multiValueQueryStringParameters": None,
        "requestContext": {"requestId": "r", "stage": "s", "identity": {}, "path": path, "resourcePath": path},
        "body": body if isinstance(body, str | None) else json.dumps(body), "isBase64Encoded": False,
    }  # fmt: skip
    answer = api.handler(request | event, None)
    return answer["statusCode"], json.loads(answer["body"])


def executions() -> list[Any]:
    items: list[Any] = clients.client("dynamodb").scan(TableName="executions")["Items"]
    return items


def test_a_stored_plan_is_accepted_recorded_and_started(machine: Any) -> None:
    status, body = call({"planId": "erp"})
    assert (status, body["status"]) == (202, "PENDING")
    record = store.load(body["executionId"])
    assert (record["status"], record["isDrill"], record["planId"]) == ("PENDING", True, "erp")
    assert [wave["status"] for wave in record["waves"]] == ["NOT_STARTED", "NOT_STARTED"]
    arn = os.environ["STATE_MACHINE_ARN"]
    assert [row["name"] for row in machine.list_executions(stateMachineArn=arn)["executions"]] == [body["executionId"]]
    status, told = call(None, "GET", f"/executions/{body['executionId']}")
    assert (status, told["executionId"], told["waves"][1]["timeoutMinutes"]) == (200, body["executionId"], 1.5)


def test_a_plan_in_the_request_is_accepted_too(machine: Any) -> None:
    status, body = call({"plan": PLAN, "isDrill": False})
    assert status == 202
    assert store.load(body["executionId"])["isDrill"] is False


def test_a_base64_body_is_read(machine: Any) -> None:
    body = base64.b64encode(json.dumps({"planId": "erp"}).encode()).decode()
    assert call(body, isBase64Encoded=True)[0] == 202


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (None, 400, "the body is not JSON"),
        ("{", 400, "the body is not JSON"),
        ([], 400, "the body must be a JSON object"),
        ({}, 400, "the body needs either planId or plan"),
        ({"planId": "erp", "plan": PLAN}, 400, "the body needs either planId or plan"),
        ({"planId": "erp", "drill": True}, 400, "unknown fields: drill"),
        ({"planId": "erp", "isDrill": "no"}, 400, "isDrill must be true or false"),
        ({"planId": 7}, 400, "planId must be a text"),
        ({"planId": "crm"}, 404, "there is no plan 'crm'"),
        ({"plan": {"planId": "x", "waves": []}}, 400, "a plan needs at least one wave"),
    ],
    ids=str,
)
def test_what_cannot_be_run_is_refused_as_a_problem_and_nothing_is_written(
    machine: Any, body: Any, status: int, detail: str
) -> None:
    answered, problem = call(body)
    assert (answered, problem["status"]) == (status, status)
    assert problem["detail"].startswith(detail)
    assert executions() == []


def test_flaws_of_a_plan_come_with_pointers(machine: Any) -> None:
    _, problem = call({"plan": {"planId": "x", "waves": [{"name": "a", "servers": []}]}})
    assert problem["errors"] == [{"pointer": "/waves/0/servers", "message": "a wave needs at least one source server id"}]


def test_an_execution_that_cannot_be_started_is_recorded_failed(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_MACHINE_ARN", f"{os.environ['STATE_MACHINE_ARN']}-gone")
    status, problem = call({"planId": "erp"})
    assert (status, problem["title"]) == (503, "Service unavailable")
    (record,) = executions()
    decoded = store._decode(record)
    assert (decoded["status"], decoded["error"]["code"]) == ("FAILED", "NotStarted")


@pytest.mark.parametrize(("method", "path"), [("GET", "/executions/nobody"), ("GET", "/plans"), ("POST", "/nowhere")])
def test_what_is_not_there_is_a_problem_too(machine: Any, method: str, path: str) -> None:
    status, problem = call({}, method, path)
    assert (status, problem["title"]) == (404, "Not found")
