"""Recovery plans as boto3 sees them, in process and over HTTP: every operation once, and the errors with their members."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulator.account.world import World
from tests.drs.ways import REGION, InProcess, OverHttp, Way
from tests.drs.world import START, pinned

ARN = "arn:aws:drs:us-west-2:123456789012:source-server/{}"
HALF_AN_HOUR = 1800.0


class Account:
    """A boto3 client of the service, its operations under their own names."""

    def __init__(self, way: Way) -> None:
        self._way = way

    def ask(self, operation: str, seconds: float = 1, **request: Any) -> Any:
        """A call's answer, or the error's; so many seconds have passed then."""

        def call(client: Any) -> Any:
            try:
                return getattr(client, operation)(**request)
            except ClientError as error:
                return error.response

        return self._way.ask(call, seconds)

    def step(self, plan: str, name: str, configuration: Mapping[str, Any], **more: Any) -> str:
        request = {"recoveryPlanArn": plan, "stepName": name, "configuration": configuration, **more}
        arn: str = self.ask("create_recovery_plan_step", **request)["recoveryPlanStep"]["recoveryPlanStepArn"]
        return arn

    def statuses(self, execution: str) -> list[str]:
        shown = self.ask("get_recovery_plan_execution", recoveryPlanExecutionArn=execution)["recoveryPlanExecution"]
        steps = self.ask("list_recovery_plan_execution_steps", recoveryPlanExecutionArn=execution)
        return [shown["status"], *(step["status"] for step in steps["recoveryPlanExecutionSteps"])]


@pytest.fixture(params=["in process", "over HTTP"])
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    if request.param == "over HTTP":
        yield OverHttp(request.getfixturevalue("virtual_server"))
        return
    world = World(1, START, REGION, pinned())
    with world.installed():
        yield InProcess(world)


def servers_of(*servers: str, impact: str = "CRITICAL") -> dict[str, Any]:
    listed = [{"serverArn": ARN.format(server), "impactLevel": impact} for server in servers]
    return {"serverStepConfiguration": {"servers": listed}}


def wait(minutes: int) -> dict[str, Any]:
    return {"waitStepConfiguration": {"waitDurationMinutes": minutes}}


def test_a_plan_is_made_changed_and_deleted(way: Way) -> None:
    database, web = way.add("db-1", "web-1")
    account = Account(way)
    created = account.ask("create_recovery_plan", name="erp", tags={"team": "x"})
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    plan = created["recoveryPlan"]["recoveryPlanArn"]
    data, pause = account.step(plan, "data", servers_of(database)), account.step(plan, "pause", wait(5))
    account.step(plan, "web", servers_of(web, impact="OPTIONAL"), stepOrder=1)
    listed = account.ask("list_recovery_plan_steps", recoveryPlanArn=plan)["recoveryPlanSteps"]
    assert [(step["stepOrder"], step["stepName"]) for step in listed] == [(1, "web"), (2, "data"), (3, "pause")]
    order = [data, pause, listed[0]["recoveryPlanStepArn"]]
    account.ask("reorder_recovery_plan_steps", recoveryPlanArn=plan, orderedStepArns=order)
    account.ask("update_recovery_plan_step", recoveryPlanStepArn=pause, configuration=wait(7))
    shown = account.ask("get_recovery_plan_step", recoveryPlanStepArn=pause)["recoveryPlanStep"]
    assert (shown["stepOrder"], shown["configuration"]) == (2, wait(7))
    account.ask("update_recovery_plan", recoveryPlanArn=plan, description="all of it")
    account.ask("delete_recovery_plan_step", recoveryPlanStepArn=pause)
    (found,) = account.ask("list_recovery_plans")["recoveryPlans"]
    assert (found["name"], found["status"]) == ("erp", "ACTIVE")
    account.ask("delete_recovery_plan", recoveryPlanArn=plan)
    gone = account.ask("get_recovery_plan", recoveryPlanArn=plan)
    assert (gone["Error"]["Code"], gone["resourceType"]) == ("ResourceNotFoundException", "RecoveryPlan")


def test_an_execution_is_started_intervened_in_and_deleted(way: Way) -> None:
    database, web = way.add("db-1", "web-1")
    account = Account(way)
    plan = account.ask("create_recovery_plan", name="erp")["recoveryPlan"]["recoveryPlanArn"]
    account.step(plan, "data", servers_of(database))
    account.step(plan, "pause", wait(120))
    account.step(plan, "web", servers_of(web))
    started = account.ask("start_recovery_plan_execution", HALF_AN_HOUR, recoveryPlanArn=plan, mode="DRILL")
    assert started["ResponseMetadata"]["HTTPStatusCode"] == 201
    execution = started["recoveryPlanExecution"]["recoveryPlanExecutionArn"]
    assert account.statuses(execution) == ["IN_PROGRESS", "COMPLETED", "WAITING", "NOT_STARTED"]
    again = account.ask("start_recovery_plan_execution", recoveryPlanArn=plan, mode="DRILL")
    assert (again["Error"]["Code"], again["resourceId"]) == ("ConflictException", plan)
    steps = account.ask("list_recovery_plan_execution_steps", recoveryPlanExecutionArn=execution)
    data, _, last = (step["recoveryPlanExecutionStepArn"] for step in steps["recoveryPlanExecutionSteps"])
    retried = account.ask("retry_recovery_plan_execution_step", recoveryPlanExecutionStepArn=data)
    assert retried["ResponseMetadata"]["HTTPStatusCode"] == 409
    skipped = account.ask("update_recovery_plan_execution_step", recoveryPlanExecutionStepArn=last, status="SKIPPED")
    assert skipped["recoveryPlanExecutionStep"]["status"] == "SKIPPED"
    cancelled = account.ask("cancel_recovery_plan_execution", 7200, recoveryPlanExecutionArn=execution)
    assert cancelled["recoveryPlanExecution"]["status"] == "CANCELLING"
    assert account.statuses(execution) == ["CANCELLED", "COMPLETED", "COMPLETED", "SKIPPED"]
    shown = account.ask("get_recovery_plan_execution_step", recoveryPlanExecutionStepArn=data)["recoveryPlanExecutionStep"]
    (server,) = shown["configuration"]["executionServerStepConfiguration"]["servers"]
    (job,) = account.ask("describe_jobs", filters={"jobIDs": [server["jobID"]]})["items"]
    assert (job["status"], job["initiatedBy"]) == ("COMPLETED", "START_DRILL")
    (row,) = account.ask("list_recovery_plan_executions", status="CANCELLED")["recoveryPlanExecutions"]
    account.ask("delete_recovery_plan_execution", recoveryPlanExecutionArn=row["recoveryPlanExecutionArn"])
    assert account.ask("list_recovery_plan_executions")["recoveryPlanExecutions"] == []
