"""The production code against moto, with a DRS that answers as told."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from orchestration import clients, store
from orchestration.plan import read_plan
from orchestration.record import new_record
from orchestration.waves import RUNNING
from tests.orchestration.test_waves import STARTED

REGION = "us-east-1"


class Drs:
    """DRS as far as the production code calls it: jobs by id, each call noted."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.log: list[dict[str, Any]] = []
        self.starts: list[dict[str, Any]] = []
        self.loses_answers = 0
        self.is_busy = False

    def start_recovery(self, **request: Any) -> dict[str, Any]:
        self.starts.append(request)
        if self.is_busy:
            raise ClientError({"Error": {"Code": "ConflictException", "Message": "busy"}}, "StartRecovery")
        job_id = f"drsjob-{len(self.starts):017d}"
        servers = [{**server, "launchStatus": "PENDING"} for server in request["sourceServers"]]
        self.jobs[job_id] = {"jobID": job_id, "status": "PENDING", "participatingServers": servers, "tags": request["tags"]}
        self.is_busy = True
        if self.loses_answers:
            self.loses_answers -= 1
            raise TimeoutError("the answer got lost")
        return {"job": self.jobs[job_id]}

    def describe_jobs(self, filters: dict[str, Any]) -> dict[str, Any]:
        wanted = filters.get("jobIDs", list(self.jobs))
        return {"items": [self.jobs[job] for job in wanted if job in self.jobs]}

    def describe_job_log_items(self, jobID: str) -> dict[str, Any]:  # noqa: N803  the SDK's spelling
        return {"items": self.log}

    def describe_recovery_instances(self, filters: dict[str, Any]) -> dict[str, Any]:
        servers = filters["sourceServerIDs"]
        return {"items": [{"sourceServerID": server, "recoveryInstanceID": f"i-{server[2:]}"} for server in servers]}


@pytest.fixture
def drs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Drs]:
    """A world of moto with the tables, and the fake DRS."""
    for name, value in {
        "AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
        "EXECUTIONS_TABLE": "executions", "PLANS_TABLE": "plans", "POWERTOOLS_LOG_LEVEL": "CRITICAL",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    fake, real = Drs(), clients.client
    with mock_aws():
        real.cache_clear()
        for module in ("orchestration.recovery", "orchestration.store", "orchestration.api"):
            monkeypatch.setattr(f"{module}.client", lambda service: fake if service == "drs" else real(service))
        dynamodb = boto3.client("dynamodb")
        for table, key in (("executions", "executionId"), ("plans", "planId")):
            dynamodb.create_table(
                TableName=table,
                KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        yield fake
        real.cache_clear()


PLAN = {
    "planId": "erp",
    "waves": [
        {"name": "data", "servers": ["s-00000000000000001", "s-00000000000000002"]},
        {"name": "app", "servers": ["s-00000000000000003"], "dependsOn": ["data"], "timeoutMinutes": 1.5},
    ],
}


@pytest.fixture
def execution(drs: Drs) -> str:
    """An execution that has begun."""
    record = new_record("e1", read_plan(PLAN), is_drill=True, now=STARTED)
    store.create(record | {"status": RUNNING})
    return "e1"
