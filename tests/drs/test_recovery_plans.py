"""Recovery plans of DRS: steps, executions, what fails them, and what people may do about it."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from simulator.drs.recovery_plans.model import EXECUTION_STATUSES, STEP_STATUSES
from simulator.errors import ServiceError
from simulator.journal import PlanExecutionChanged, PlanStepChanged
from tests.drs.world import World

WAIT = {"waitStepConfiguration": {"waitDurationMinutes": 10}}


class Plans:
    """A world with three servers and a plan `erp`."""

    def __init__(self) -> None:
        self.world = World()
        self.servers = {server.name: server for server in self.world.add("db-1", "db-2", "web-1")}
        self.plan = self.world.call("CreateRecoveryPlan", name="erp")["recoveryPlan"]["recoveryPlanArn"]

    def servers_of(self, *names: str, optional: str = "") -> dict[str, Any]:
        listed = [{"serverArn": self.servers[name].arn} for name in names]
        if optional:
            listed.append({"serverArn": self.servers[optional].arn, "impactLevel": "OPTIONAL"})
        return {"serverStepConfiguration": {"servers": listed}}

    def step(self, name: str, configuration: dict[str, Any], **more: Any) -> str:
        answer = self.world.call(
            "CreateRecoveryPlanStep", recoveryPlanArn=self.plan, stepName=name, configuration=configuration, **more
        )
        arn: str = answer["recoveryPlanStep"]["recoveryPlanStepArn"]
        return arn

    def names(self) -> list[tuple[int, str]]:
        listed = self.world.call("ListRecoveryPlanSteps", recoveryPlanArn=self.plan)["recoveryPlanSteps"]
        return [(step["stepOrder"], step["stepName"]) for step in listed]

    def start(self, mode: str = "DRILL", **more: Any) -> str:
        answer = self.world.call("StartRecoveryPlanExecution", recoveryPlanArn=self.plan, mode=mode, **more)
        arn: str = answer["recoveryPlanExecution"]["recoveryPlanExecutionArn"]
        return arn

    def execution(self, arn: str) -> dict[str, Any]:
        found: dict[str, Any] = self.world.call("GetRecoveryPlanExecution", recoveryPlanExecutionArn=arn)[
            "recoveryPlanExecution"
        ]
        return found

    def steps(self, arn: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.world.call("ListRecoveryPlanExecutionSteps", recoveryPlanExecutionArn=arn)[
            "recoveryPlanExecutionSteps"
        ]
        return listed

    def statuses(self, arn: str) -> list[str]:
        return [step["status"] for step in self.steps(arn)]

    def pass_minutes(self, minutes: float) -> None:
        self.world.pass_seconds(minutes * 60)


@pytest.fixture
def plans() -> Plans:
    return Plans()


def test_a_plan_is_created_changed_listed_and_deleted(plans: Plans) -> None:
    world = plans.world
    other = world.call("CreateRecoveryPlan", name="crm", description="d", tags={"team": "x"})["recoveryPlan"]
    assert (other["status"], other["description"], other["tags"]) == ("ACTIVE", "d", {"team": "x"})
    changed = world.call("UpdateRecoveryPlan", recoveryPlanArn=other["recoveryPlanArn"], name="crm 2")["recoveryPlan"]
    assert (changed["name"], changed["description"]) == ("crm 2", "d")
    assert [plan["name"] for plan in world.call("ListRecoveryPlans")["recoveryPlans"]] == ["erp", "crm 2"]
    page = world.call("ListRecoveryPlans", maxResults=1)
    rest = world.call("ListRecoveryPlans", maxResults=1, nextToken=page["nextToken"])
    assert [plan["name"] for plan in rest["recoveryPlans"]] == ["crm 2"]
    assert "nextToken" not in rest
    assert world.call("ListTagsForResource", resourceArn=other["recoveryPlanArn"])["tags"] == {"team": "x"}
    world.call("DeleteRecoveryPlan", recoveryPlanArn=other["recoveryPlanArn"])
    assert world.refusal("GetRecoveryPlan", recoveryPlanArn=other["recoveryPlanArn"]).status == 404


def test_a_name_is_a_plan_s_own_and_a_token_makes_one_plan(plans: Plans) -> None:
    assert plans.world.refusal("CreateRecoveryPlan", name="erp").code == "ConflictException"
    first = plans.world.call("CreateRecoveryPlan", name="crm", clientToken="t")
    assert plans.world.call("CreateRecoveryPlan", name="crm", clientToken="t") == first
    assert plans.world.refusal("CreateRecoveryPlan", name="hr", clientToken="t").code == "ConflictException"


def test_steps_keep_a_dense_order(plans: Plans) -> None:
    plans.step("data", plans.servers_of("db-1"))
    web = plans.step("web", plans.servers_of("web-1"))
    pause = plans.step("pause", WAIT, stepOrder=2)
    assert plans.names() == [(1, "data"), (2, "pause"), (3, "web")]
    data = plans.world.call("ListRecoveryPlanSteps", recoveryPlanArn=plans.plan)["recoveryPlanSteps"][0]
    order = [web, pause, data["recoveryPlanStepArn"]]
    plans.world.call("ReorderRecoveryPlanSteps", recoveryPlanArn=plans.plan, orderedStepArns=order)
    plans.world.call("DeleteRecoveryPlanStep", recoveryPlanStepArn=pause)
    assert plans.names() == [(1, "web"), (2, "data")]
    assert plans.world.refusal("ReorderRecoveryPlanSteps", recoveryPlanArn=plans.plan, orderedStepArns=[web]).status == 400
    assert plans.world.refusal("GetRecoveryPlanStep", recoveryPlanStepArn=pause).status == 404


@pytest.mark.parametrize(
    ("configuration", "more", "code"),
    [
        ({}, {}, "ValidationException"),
        (WAIT | {"serverStepConfiguration": {"servers": []}}, {}, "ValidationException"),
        ({"serverStepConfiguration": {"servers": [{"serverArn": "arn:aws:drs:us-west-2:1:source-server/s-0"}]}}, {},
         "ResourceNotFoundException"),
        (WAIT, {"stepOrder": 3}, "ValidationException"),
    ],
)  # fmt: skip
def test_a_step_that_cannot_be_is_refused(plans: Plans, configuration: Any, more: dict[str, int], code: str) -> None:
    plans.step("data", plans.servers_of("db-1"))
    refused = plans.world.refusal(
        "CreateRecoveryPlanStep", recoveryPlanArn=plans.plan, stepName="x", configuration=configuration, **more
    )
    assert refused.code == code


def test_a_server_is_in_one_step_and_a_step_stays_of_its_type(plans: Plans) -> None:
    step = plans.step("data", plans.servers_of("db-1"))
    again = {"recoveryPlanArn": plans.plan, "stepName": "x", "configuration": plans.servers_of("db-1")}
    assert plans.world.refusal("CreateRecoveryPlanStep", **again).code == "ValidationException"
    assert plans.world.refusal("UpdateRecoveryPlanStep", recoveryPlanStepArn=step, configuration=WAIT).status == 400
    both = plans.servers_of("db-1", "db-2")
    changed = plans.world.call("UpdateRecoveryPlanStep", recoveryPlanStepArn=step, stepName="all", configuration=both)
    assert len(changed["recoveryPlanStep"]["configuration"]["serverStepConfiguration"]["servers"]) == 2


def test_a_plan_has_at_most_twenty_steps(plans: Plans) -> None:
    for number in range(20):
        plans.step(f"s{number}", WAIT)
    refused = plans.world.refusal("CreateRecoveryPlanStep", recoveryPlanArn=plans.plan, stepName="x", configuration=WAIT)
    assert (refused.code, refused.status) == ("ServiceQuotaExceededException", 402)


def test_an_execution_goes_step_by_step_to_its_end(plans: Plans) -> None:
    plans.step("data", plans.servers_of("db-1", "db-2"))
    plans.step("pause", WAIT)
    plans.step("web", plans.servers_of("web-1"))
    execution = plans.start(tags={"why": "drill"})
    assert plans.execution(execution)["status"] == "CREATED"
    plans.pass_minutes(1)
    assert plans.statuses(execution) == ["EXECUTING", "NOT_STARTED", "NOT_STARTED"]
    plans.pass_minutes(9)
    assert plans.statuses(execution) == ["COMPLETED", "WAITING", "NOT_STARTED"]
    plans.pass_minutes(30)
    ended = plans.execution(execution)
    assert (ended["status"], ended["tags"]) == ("COMPLETED", {"why": "drill"})
    assert plans.statuses(execution) == ["COMPLETED", "COMPLETED", "COMPLETED"]
    (data, _, _) = plans.steps(execution)
    jobs = {server["jobID"] for server in data["configuration"]["executionServerStepConfiguration"]["servers"]}
    (job,) = plans.world.call("DescribeJobs", filters={"jobIDs": list(jobs)})["items"]
    assert (job["status"], job["initiatedBy"], len(job["participatingServers"])) == ("COMPLETED", "START_DRILL", 2)


def test_a_recovery_is_no_drill(plans: Plans) -> None:
    plans.step("web", plans.servers_of("web-1"))
    plans.start("RECOVERY")
    plans.pass_minutes(1)
    assert [job["initiatedBy"] for job in plans.world.call("DescribeJobs")["items"]] == ["START_RECOVERY"]


def test_a_critical_server_that_fails_ends_the_execution_until_its_step_is_retried(plans: Plans) -> None:
    plans.world.inject("db-2", "LAUNCH", "FAILED", times=1)
    plans.step("data", plans.servers_of("db-1", "db-2"))
    plans.step("web", plans.servers_of("web-1"))
    execution = plans.start()
    plans.pass_minutes(30)
    failed = plans.execution(execution)
    assert (failed["status"], failed["errorDetail"]["code"]) == ("FAILED", "STEP_FAILED")
    data = plans.steps(execution)[0]
    assert (data["status"], data["errorDetail"]["code"]) == ("FAILED", "SERVER_LAUNCH_FAILED")
    step = data["recoveryPlanExecutionStepArn"]
    retried = plans.world.call("RetryRecoveryPlanExecutionStep", recoveryPlanExecutionStepArn=step)
    assert (retried["recoveryPlanExecutionStep"]["attempt"], plans.execution(execution)["status"]) == (2, "IN_PROGRESS")
    plans.pass_minutes(40)
    assert plans.statuses(execution) == ["COMPLETED", "COMPLETED"]
    servers = plans.steps(execution)[0]["configuration"]["executionServerStepConfiguration"]["servers"]
    assert len({server["jobID"] for server in servers}) == 2  # what had launched was left alone
    assert "errorDetail" not in plans.execution(execution)


def test_an_optional_server_that_fails_does_not_matter(plans: Plans) -> None:
    plans.world.inject("db-2", "LAUNCH", "FAILED")
    plans.step("data", plans.servers_of("db-1", optional="db-2"))
    execution = plans.start()
    plans.pass_minutes(30)
    assert plans.execution(execution)["status"] == "COMPLETED"


def test_a_failed_step_can_be_skipped(plans: Plans) -> None:
    plans.world.inject("db-1", "SNAPSHOT", "SILENT")
    plans.step("data", plans.servers_of("db-1"))
    plans.step("web", plans.servers_of("web-1"))
    execution = plans.start()
    plans.pass_minutes(10)
    step = plans.steps(execution)[0]["recoveryPlanExecutionStepArn"]
    plans.world.call("UpdateRecoveryPlanExecutionStep", recoveryPlanExecutionStepArn=step, status="SKIPPED")
    plans.pass_minutes(30)
    assert (plans.execution(execution)["status"], plans.statuses(execution)) == ("COMPLETED", ["SKIPPED", "COMPLETED"])


def test_a_step_whose_job_is_refused_fails_with_the_refusal(plans: Plans) -> None:
    plans.step("data", plans.servers_of("db-1"))
    plans.world.start(plans.servers["db-1"])
    execution = plans.start()
    plans.pass_minutes(1)
    assert plans.steps(execution)[0]["errorDetail"]["code"] == "ConflictException"


def test_a_cancelled_execution_skips_what_has_not_started_and_waits_for_its_job(plans: Plans) -> None:
    plans.step("data", plans.servers_of("db-1"))
    plans.step("pause", WAIT)
    execution = plans.start()
    plans.pass_minutes(1)
    asked = {"recoveryPlanExecutionArn": execution}
    assert plans.world.call("CancelRecoveryPlanExecution", **asked)["recoveryPlanExecution"]["status"] == "CANCELLING"
    assert plans.world.call("CancelRecoveryPlanExecution", **asked)["recoveryPlanExecution"]["status"] == "CANCELLING"
    assert plans.statuses(execution) == ["EXECUTING", "SKIPPED"]
    plans.pass_minutes(30)
    assert (plans.execution(execution)["status"], plans.statuses(execution)) == ("CANCELLED", ["COMPLETED", "SKIPPED"])
    assert plans.world.refusal("CancelRecoveryPlanExecution", **asked).code == "ConflictException"


def test_a_wait_is_cancelled_at_once_and_its_end_changes_nothing(plans: Plans) -> None:
    plans.step("pause", WAIT)
    execution = plans.start()
    plans.pass_minutes(1)
    plans.world.call("CancelRecoveryPlanExecution", recoveryPlanExecutionArn=execution)
    plans.pass_minutes(20)
    assert (plans.execution(execution)["status"], plans.statuses(execution)) == ("CANCELLED", ["SKIPPED"])


def test_steps_that_have_not_started_can_be_changed(plans: Plans) -> None:
    plans.step("data", plans.servers_of("db-1"))
    plans.step("pause", WAIT)
    plans.step("web", plans.servers_of("web-1"))
    execution = plans.start()
    _, pause, web = (step["recoveryPlanExecutionStepArn"] for step in plans.steps(execution))
    update = "UpdateRecoveryPlanExecutionStep"
    plans.world.call(update, recoveryPlanExecutionStepArn=pause, waitDurationMinutes=1)
    servers = plans.servers_of("web-1", "db-2")["serverStepConfiguration"]["servers"]
    plans.world.call(update, recoveryPlanExecutionStepArn=web, servers=servers)
    assert plans.world.refusal(update, recoveryPlanExecutionStepArn=web, waitDurationMinutes=1).status == 400
    assert plans.world.refusal(update, recoveryPlanExecutionStepArn=web).status == 400
    assert plans.world.refusal(update, recoveryPlanExecutionStepArn=web, status="COMPLETED").status == 400
    plans.pass_minutes(12)
    assert plans.statuses(execution) == ["COMPLETED", "COMPLETED", "EXECUTING"]
    assert plans.world.refusal(update, recoveryPlanExecutionStepArn=web, servers=servers).code == "ConflictException"


def test_a_plan_has_one_execution_at_a_time_and_is_left_alone_meanwhile(plans: Plans) -> None:
    step = plans.step("pause", WAIT)
    execution = plans.start(clientToken="t")
    assert plans.start(clientToken="t") == execution
    for operation, request in (
        ("StartRecoveryPlanExecution", {"recoveryPlanArn": plans.plan, "mode": "DRILL"}),
        ("DeleteRecoveryPlan", {"recoveryPlanArn": plans.plan}),
        ("DeleteRecoveryPlanStep", {"recoveryPlanStepArn": step}),
        ("DeleteRecoveryPlanExecution", {"recoveryPlanExecutionArn": execution}),
    ):
        assert plans.world.refusal(operation, **request).code == "ConflictException"
    plans.pass_minutes(11)
    plans.world.call("DeleteRecoveryPlanExecution", recoveryPlanExecutionArn=execution)
    assert plans.world.call("ListRecoveryPlanExecutions")["recoveryPlanExecutions"] == []


def test_executions_are_listed_last_first_by_plan_and_status(plans: Plans) -> None:
    plans.step("pause", WAIT)
    first = plans.start()
    plans.pass_minutes(11)
    second = plans.start()
    listed = plans.world.call("ListRecoveryPlanExecutions", recoveryPlanArn=plans.plan)["recoveryPlanExecutions"]
    assert [row["recoveryPlanExecutionArn"] for row in listed] == [second, first]
    done = plans.world.call("ListRecoveryPlanExecutions", status="COMPLETED")["recoveryPlanExecutions"]
    assert [row["recoveryPlanExecutionArn"] for row in done] == [first]


def test_a_plan_without_steps_or_with_servers_that_are_gone_cannot_be_executed(plans: Plans) -> None:
    asked = {"recoveryPlanArn": plans.plan, "mode": "DRILL"}
    assert plans.world.refusal("StartRecoveryPlanExecution", **asked).code == "ConflictException"
    plans.step("web", plans.servers_of("web-1"))
    web = plans.servers["web-1"].id
    plans.world.call("DisconnectSourceServer", sourceServerID=web)
    plans.world.call("DeleteSourceServer", sourceServerID=web)
    assert plans.world.call("GetRecoveryPlan", recoveryPlanArn=plans.plan)["recoveryPlan"]["status"] == "INVALID"
    assert plans.world.refusal("StartRecoveryPlanExecution", **asked).code == "ConflictException"


def test_chosen_snapshots_must_be_of_the_plan_s_servers(plans: Plans) -> None:
    plans.step("web", plans.servers_of("web-1"))
    snapshots = plans.world.call("DescribeRecoverySnapshots", sourceServerID=plans.servers["web-1"].id)["items"]
    chosen = {"sourceServerID": plans.servers["web-1"].id, "recoverySnapshotID": snapshots[0]["snapshotID"]}
    execution = plans.start(sourceServers=[chosen])
    plans.pass_minutes(30)
    assert plans.execution(execution)["status"] == "COMPLETED"
    foreign = chosen | {"sourceServerID": plans.servers["db-1"].id}
    asked = {"recoveryPlanArn": plans.plan, "mode": "DRILL", "sourceServers": [foreign]}
    assert plans.world.refusal("StartRecoveryPlanExecution", **asked).code == "ValidationException"


class AnyoneAtAnyTime(RuleBasedStateMachine):
    """Random operations at random instants: no illegal step of a status, one execution of a plan at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.plans = Plans()
        self.plans.world.inject("db-2", "LAUNCH", "FAILED", times=2)
        self.plans.step("data", self.plans.servers_of("db-1", "db-2"))
        self.plans.step("pause", WAIT)
        self.plans.step("web", self.plans.servers_of("web-1"))
        self.executions: list[str] = []
        self.refused: set[int] = set()

    def ask(self, operation: str, **request: Any) -> Any:
        try:
            return self.plans.world.call(operation, **request)
        except ServiceError as error:
            self.refused.add(error.status)
            return None

    @rule()
    def start(self) -> None:
        answer = self.ask("StartRecoveryPlanExecution", recoveryPlanArn=self.plans.plan, mode="DRILL")
        if answer:
            self.executions.append(answer["recoveryPlanExecution"]["recoveryPlanExecutionArn"])

    @rule(minutes=st.integers(1, 15))
    def wait(self, minutes: int) -> None:
        self.plans.pass_minutes(minutes)

    @rule(which=st.integers(0, 9))
    def cancel(self, which: int) -> None:
        if self.executions:
            self.ask("CancelRecoveryPlanExecution", recoveryPlanExecutionArn=self.executions[which % len(self.executions)])

    @rule(which=st.integers(0, 9), index=st.integers(1, 3), is_retry=st.booleans())
    def decide(self, which: int, index: int, is_retry: bool) -> None:
        if not self.executions:
            return
        step = f"{self.executions[which % len(self.executions)]}/step/{index}"
        if is_retry:
            self.ask("RetryRecoveryPlanExecutionStep", recoveryPlanExecutionStepArn=step)
        else:
            self.ask("UpdateRecoveryPlanExecutionStep", recoveryPlanExecutionStepArn=step, status="SKIPPED")

    @invariant()
    def what_cannot_be_done_is_the_caller_s_mistake(self) -> None:
        assert self.refused <= {400, 404, 409}

    @invariant()
    def one_execution_goes_on_at_most(self) -> None:
        going_on = [
            arn for arn in self.executions if self.plans.execution(arn)["status"] in ("CREATED", "IN_PROGRESS", "CANCELLING")
        ]
        assert len(going_on) <= 1

    @invariant()
    def every_change_of_a_status_is_legal(self) -> None:
        last: dict[Any, str] = {}
        for _, change in self.plans.world.journal.of(PlanExecutionChanged):
            before = last.get(change.execution)
            assert change.status == "CREATED" if before is None else change.status in EXECUTION_STATUSES[before]
            last[change.execution] = change.status
        for _, one in self.plans.world.journal.of(PlanStepChanged):
            before = last.get((one.execution, one.index), "NOT_STARTED")
            assert one.status in STEP_STATUSES[before]
            last[one.execution, one.index] = one.status


AnyoneAtAnyTime.TestCase.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
TestAnyoneAtAnyTime = AnyoneAtAnyTime.TestCase
