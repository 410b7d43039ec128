"""Executions of recovery plans: how they go, what stops them, and which are not begun at all."""

from dataclasses import replace

import pytest

from simulator.drs.settings import Quotas
from tests.drs.plans import PINNED, WAIT, Plans, failed_data, planned, skipping

EACH = replace(PINNED, job_per_server=True)
REFUSING_STALLED = replace(PINNED, refuses_stalled=True)


@pytest.fixture
def plans() -> Plans:
    return Plans()


def test_an_execution_is_created_and_validates_its_servers_first(plans: Plans) -> None:
    plans.three_tiers()
    shown = plans.world.call("StartRecoveryPlanExecution", **plans.starting(tags={"why": "test"}))["recoveryPlanExecution"]
    arn = shown["recoveryPlanExecutionArn"]
    assert shown == {
        "recoveryPlanExecutionArn": arn,
        "recoveryPlanArn": plans.plan,
        "mode": "DRILL",
        "status": "CREATED",
        "startedAt": "2026-03-01T02:00:00.000000+00:00",
        "tags": {"why": "test"},
    }
    assert arn.startswith("arn:aws:drs:us-west-2:123456789012:recovery-plan-execution/exec-5")
    plans.world.pass_seconds(4)
    assert plans.statuses(arn) == ("CREATED", "NOT_STARTED", "NOT_STARTED", "NOT_STARTED")
    plans.world.pass_seconds(2)
    assert plans.statuses(arn) == ("IN_PROGRESS", "EXECUTING", "NOT_STARTED", "NOT_STARTED")


def test_steps_go_one_after_the_other(plans: Plans) -> None:
    plans.three_tiers()
    execution = plans.start()
    plans.pass_minutes(60)
    assert plans.statuses(execution) == ("COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED")
    told = [(event.index, event.status) for event in plans.world.events("drs.plan_step")]
    assert told == [
        (1, "EXECUTING"), (1, "COMPLETED"), (2, "WAITING"), (2, "COMPLETED"), (3, "EXECUTING"), (3, "COMPLETED"),
    ]  # fmt: skip
    assert [event.status for event in plans.world.events("drs.plan_execution")] == ["CREATED", "IN_PROGRESS", "COMPLETED"]


def test_a_step_takes_as_long_as_its_job_and_a_wait_its_minutes(plans: Plans) -> None:
    plans.three_tiers()
    plans.start()
    plans.pass_minutes(60)
    seconds = [round(entry.at_ms / 1000) for entry in plans.world.journal if entry.event.kind == "drs.plan_step"]
    # 5 s of validation; a job of 532 s, 10 s until it is noticed; 10 min; the same again.
    assert seconds == [5, 547, 547, 1147, 1147, 1689]


def test_a_step_recovers_its_servers_in_one_job(plans: Plans) -> None:
    plans.three_tiers()
    execution = plans.start()
    plans.world.pass_seconds(6)
    (first, second) = plans.jobs(execution, 1)
    assert first is not None
    assert first == second
    job = plans.world.job(first)
    assert (job["status"], job["initiatedBy"], len(job["participatingServers"])) == ("STARTED", "START_DRILL", 2)
    assert plans.jobs(execution, 3) == [None]


def test_a_recovery_is_no_drill(plans: Plans) -> None:
    plans.step("web", plans.servers_of("web-1"))
    plans.start(mode="RECOVERY")
    plans.pass_minutes(10)
    assert [job["initiatedBy"] for job in plans.world.call("DescribeJobs")["items"]] == ["START_RECOVERY"]
    assert [instance["isDrill"] for instance in plans.world.instances()] == [False]


def test_a_step_can_be_set_to_have_a_job_for_each_server() -> None:
    plans = Plans(planned(EACH))
    plans.world.inject("db-2", "CONVERSION", "FAILED")
    plans.step("data", plans.servers_of("db-1", optional=("db-2",)))
    execution = plans.start()
    plans.world.pass_seconds(6)
    assert len(set(plans.jobs(execution, 1))) == 2
    plans.world.pass_seconds(300)
    assert plans.statuses(execution) == ("IN_PROGRESS", "EXECUTING")  # db-1 is still on its way
    plans.pass_minutes(10)
    assert plans.statuses(execution) == ("COMPLETED", "COMPLETED")


def test_a_step_shows_what_was_planned_and_its_attempt(plans: Plans) -> None:
    plans.step("data", plans.servers_of(optional=("db-1",)))
    execution = plans.start()
    arn = plans.step_arn(execution, 1)
    step = plans.world.call("GetRecoveryPlanExecutionStep", recoveryPlanExecutionStepArn=arn)["recoveryPlanExecutionStep"]
    servers = [{"serverArn": plans.servers["db-1"].arn, "impactLevel": "OPTIONAL"}]
    assert step == {
        "recoveryPlanExecutionStepArn": arn,
        "stepName": "data",
        "stepIndex": 1,
        "status": "NOT_STARTED",
        "configuration": {"executionServerStepConfiguration": {"servers": servers}},
        "attempt": 1,
        "createdAt": "2026-03-01T02:00:00.000000+00:00",
        "updatedAt": "2026-03-01T02:00:00.000000+00:00",
    }
    assert arn.startswith(f"{execution}/step/step-5")


def test_steps_are_listed_by_status(plans: Plans) -> None:
    plans.three_tiers()
    execution = plans.start()
    plans.world.pass_seconds(6)
    asked = {"recoveryPlanExecutionArn": execution, "filter": {"status": "NOT_STARTED"}}
    listed = plans.world.call("ListRecoveryPlanExecutionSteps", **asked)["recoveryPlanExecutionSteps"]
    assert [step["stepName"] for step in listed] == ["pause", "app"]


def test_an_execution_keeps_the_plan_that_it_began_with(plans: Plans) -> None:
    plans.three_tiers()
    execution = plans.start()
    for step in plans.world.call("ListRecoveryPlanSteps", recoveryPlanArn=plans.plan)["recoveryPlanSteps"][:0:-1]:
        plans.world.call("DeleteRecoveryPlanStep", recoveryPlanStepArn=step["recoveryPlanStepArn"])
    plans.pass_minutes(60)
    assert plans.names() == [(1, "data")]
    assert plans.statuses(execution) == ("COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED")


def test_a_critical_server_that_does_not_launch_stops_the_plan(plans: Plans) -> None:
    execution = failed_data(plans)
    shown = plans.execution(execution)
    assert shown["completedAt"][11:16] == "02:09"
    assert shown["errorDetail"]["code"] == "STEP_FAILED"
    lost = f"Critical source servers did not launch: {plans.servers['db-2'].id}"
    assert plans.steps(execution)[0]["errorDetail"] == {"code": "SERVER_LAUNCH_FAILED", "message": lost}
    assert len(plans.world.instances()) == 1  # what else was in the step is there


def test_optional_servers_that_do_not_launch_stop_nothing_and_are_told(plans: Plans) -> None:
    for name in ("db-1", "db-2"):
        plans.world.inject(name, "LAUNCH", "FAILED")
    plans.step("data", plans.servers_of(optional=("db-1", "db-2")))
    execution = plans.start()
    plans.pass_minutes(10)
    assert plans.statuses(execution) == ("COMPLETED", "COMPLETED")
    lost = f"Optional source servers did not launch: {plans.servers['db-1'].id}, {plans.servers['db-2'].id}"
    assert plans.steps(execution)[0]["errorDetail"]["message"] == lost
    assert "errorDetail" not in plans.execution(execution)


def test_one_server_that_cannot_be_recovered_stops_the_plan_before_anything_is_recovered(plans: Plans) -> None:
    plans.step("data", plans.servers_of("db-1"))
    plans.step("web", plans.servers_of("web-1", optional=("web-2",)))
    plans.world.region.set_replication_state("web-2", "DISCONNECTED")
    execution = plans.start()
    plans.pass_minutes(1)
    assert plans.statuses(execution) == ("FAILED", "NOT_STARTED", "NOT_STARTED")
    shown = plans.execution(execution)
    assert (shown["errorDetail"]["code"], plans.servers["web-2"].id in shown["errorDetail"]["message"]) == (
        "VALIDATION_FAILED", True,
    )  # fmt: skip
    assert plans.world.call("DescribeJobs")["items"] == []
    for index in (1, 2):  # there is nothing to take up again
        step = plans.step_arn(execution, index)
        assert skipping(plans, step).code == "ConflictException"
        retry = plans.world.refusal("RetryRecoveryPlanExecutionStep", recoveryPlanExecutionStepArn=step)
        assert retry.code == "ConflictException"


@pytest.mark.parametrize("state", ["INITIAL_SYNC", "STOPPED", "DISCONNECTED"])
def test_servers_without_a_recovery_point_or_let_go_fail_the_validation(plans: Plans, state: str) -> None:
    plans.world.region.set_replication_state("db-1", state)
    plans.step("data", plans.servers_of("db-1"))
    execution = plans.start()
    plans.pass_minutes(1)
    assert plans.statuses(execution) == ("FAILED", "NOT_STARTED")


def test_a_stalled_server_can_be_recovered_unless_that_is_set_otherwise(plans: Plans) -> None:
    for world, status in ((plans, "IN_PROGRESS"), (Plans(planned(REFUSING_STALLED)), "FAILED")):
        world.world.region.set_replication_state("db-1", "STALLED")
        world.step("data", world.servers_of("db-1"))
        execution = world.start()
        world.pass_minutes(1)
        assert world.execution(execution)["status"] == status


def test_a_server_in_another_job_fails_the_validation(plans: Plans) -> None:
    plans.step("data", plans.servers_of("db-1"))
    plans.world.start(plans.servers["db-1"])
    execution = plans.start()
    plans.pass_minutes(1)
    assert plans.execution(execution)["errorDetail"]["code"] == "VALIDATION_FAILED"


def test_servers_are_looked_at_again_when_their_step_begins(plans: Plans) -> None:
    plans.three_tiers()
    execution = plans.start()
    plans.pass_minutes(5)
    plans.world.region.occupy("app-1", plans.world.clock.now_ms, 3_600_000, "busy")
    plans.pass_minutes(20)
    assert plans.statuses(execution) == ("FAILED", "COMPLETED", "COMPLETED", "FAILED")
    assert plans.steps(execution)[2]["errorDetail"]["code"] == "ConflictException"
    assert plans.jobs(execution, 3) == [None]
    plans.pass_minutes(60)
    plans.retry(plans.step_arn(execution, 3))
    plans.pass_minutes(10)
    assert plans.statuses(execution)[0] == "COMPLETED"


def test_quotas_of_jobs_hold_for_plans_too() -> None:
    plans = Plans(planned(quotas=Quotas(jobs_in_progress=1)))
    plans.step("data", plans.servers_of("db-1"))
    plans.world.start(plans.servers["web-1"])
    execution = plans.start()
    plans.pass_minutes(1)
    assert plans.statuses(execution) == ("FAILED", "FAILED")
    assert plans.steps(execution)[0]["errorDetail"]["code"] == "ServiceQuotaExceededException"


def test_a_job_for_each_server_that_is_one_too_many_fails_the_step_after_the_others_have_ended() -> None:
    plans = Plans(planned(EACH, quotas=Quotas(jobs_in_progress=1)))
    plans.step("data", plans.servers_of("db-1", "db-2"))
    execution = plans.start()
    plans.pass_minutes(1)
    assert plans.statuses(execution) == ("IN_PROGRESS", "EXECUTING")
    plans.pass_minutes(10)
    assert plans.statuses(execution) == ("FAILED", "FAILED")
    assert plans.steps(execution)[0]["errorDetail"]["code"] == "ServiceQuotaExceededException"
    plans.retry(plans.step_arn(execution, 1))
    plans.pass_minutes(10)
    assert plans.statuses(execution) == ("COMPLETED", "COMPLETED")


def test_servers_are_recovered_from_the_snapshots_that_were_chosen(plans: Plans) -> None:
    plans.step("data", plans.servers_of("db-1", "db-2"))
    server = plans.servers["db-1"].id
    oldest = plans.world.call("DescribeRecoverySnapshots", sourceServerID=server, order="ASC")["items"][0]
    plans.start(sourceServers=[{"sourceServerID": server, "recoverySnapshotID": oldest["snapshotID"]}])
    plans.pass_minutes(10)
    taken = {one["sourceServerID"]: one["pointInTimeSnapshotDateTime"] for one in plans.world.instances()}
    assert taken[server] == oldest["timestamp"]
    assert taken[plans.servers["db-2"].id][:16] == "2026-03-01T02:00"


def test_a_chosen_snapshot_that_is_gone_when_its_step_begins_fails_the_step(plans: Plans) -> None:
    plans.step("data", plans.servers_of("db-1"))
    plans.step("pause", {"waitStepConfiguration": {"waitDurationMinutes": 120}})
    plans.step("web", plans.servers_of("web-1"))
    server = plans.servers["web-1"].id
    kept = plans.world.call("DescribeRecoverySnapshots", sourceServerID=server)["items"]
    (snapshot,) = [one for one in kept if "T01:50" in one["timestamp"]]  # kept for an hour only
    execution = plans.start(sourceServers=[{"sourceServerID": server, "recoverySnapshotID": snapshot["snapshotID"]}])
    plans.pass_minutes(20 * 60)
    assert plans.statuses(execution) == ("FAILED", "COMPLETED", "COMPLETED", "FAILED")


def test_chosen_snapshots_are_for_servers_of_the_plan_one_each(plans: Plans) -> None:
    plans.step("data", plans.servers_of("db-1"))
    chosen = {"sourceServerID": plans.servers["web-1"].id, "recoverySnapshotID": "pit-50000000000000000"}
    foreign = plans.world.refusal("StartRecoveryPlanExecution", **plans.starting(sourceServers=[chosen]))
    told = f"Source server IDs not found in plan: {plans.servers['web-1'].id}"
    assert (foreign.code, foreign.message) == ("ValidationException", told)
    own = {**chosen, "sourceServerID": plans.servers["db-1"].id}
    twice = plans.world.refusal("StartRecoveryPlanExecution", **plans.starting(sourceServers=[own, own]))
    assert twice.code == "ValidationException"
    execution = plans.start(sourceServers=[own])  # whether the snapshot exists is found out by the validation
    plans.pass_minutes(1)
    assert plans.execution(execution)["errorDetail"]["code"] == "VALIDATION_FAILED"


def test_a_plan_without_steps_or_without_servers_cannot_be_executed(plans: Plans) -> None:
    plan = plans.plan.rpartition("/")[2]
    empty = plans.world.refusal("StartRecoveryPlanExecution", **plans.starting())
    assert (empty.code, empty.message.startswith(f"Recovery plan {plan} has no steps.")) == ("ValidationException", True)
    step = plans.step("data", plans.servers_of("db-1"))
    plans.step("pause", WAIT)
    plans.world.call("DeleteRecoveryPlanStep", recoveryPlanStepArn=step)
    invalid = plans.world.refusal("StartRecoveryPlanExecution", **plans.starting())
    assert (invalid.code, "is in status INVALID" in invalid.message) == ("ConflictException", True)


def test_a_plan_has_one_execution_at_a_time(plans: Plans) -> None:
    plans.three_tiers()
    execution = plans.start()
    message = f"Another execution is already active for plan {plans.plan.rpartition('/')[2]}"
    error = plans.world.refusal("StartRecoveryPlanExecution", **plans.starting())
    assert (error.code, error.message) == ("ConflictException", message)
    assert plans.world.refusal("DeleteRecoveryPlan", recoveryPlanArn=plans.plan).code == "ConflictException"
    plans.pass_minutes(1)
    plans.cancel(execution)
    assert plans.world.refusal("StartRecoveryPlanExecution", **plans.starting()).message == message
    plans.pass_minutes(10)
    plans.start()


def test_a_server_is_in_the_executions_of_one_plan_at_a_time(plans: Plans) -> None:
    plans.three_tiers()
    other = plans.create("crm")
    plans.step("app", plans.servers_of("app-1"), other)
    beside = plans.create("hr")
    plans.step("web", plans.servers_of("web-1"), beside)
    execution = plans.start()
    error = plans.world.refusal("StartRecoveryPlanExecution", **plans.starting(other))
    assert (error.code, error.members["resourceId"]) == ("ConflictException", plans.servers["app-1"].id)
    assert execution.rpartition("/")[2] in error.message
    plans.start(beside)
    plans.pass_minutes(60)
    plans.start(other)


def test_executions_are_listed_last_first_by_plan_and_status(plans: Plans) -> None:
    plans.step("web", plans.servers_of("web-1"))
    other = plans.create("crm")
    plans.step("app", plans.servers_of("app-1"), other)
    first, second = plans.start(), plans.start(other)
    plans.pass_minutes(10)
    third = plans.start()

    def listed(**filters: str) -> list[str]:
        rows = plans.world.call("ListRecoveryPlanExecutions", **filters)["recoveryPlanExecutions"]
        return [row["recoveryPlanExecutionArn"] for row in rows]

    assert listed() == [third, second, first]
    assert listed(recoveryPlanArn=plans.plan) == [third, first]
    assert listed(status="COMPLETED") == [second, first]
    assert listed(recoveryPlanArn=plans.plan, status="CREATED") == [third]
    page = plans.world.call("ListRecoveryPlanExecutions", maxResults=2)
    rest = plans.world.call("ListRecoveryPlanExecutions", nextToken=page["nextToken"])
    assert [row["recoveryPlanExecutionArn"] for row in rest["recoveryPlanExecutions"]] == [first]


def test_the_record_of_an_execution_that_has_ended_can_be_deleted(plans: Plans) -> None:
    plans.step("web", plans.servers_of("web-1"))
    execution = plans.start(clientToken="t")
    asked = {"recoveryPlanExecutionArn": execution}
    assert plans.world.refusal("DeleteRecoveryPlanExecution", **asked).code == "ConflictException"
    plans.pass_minutes(10)
    assert plans.world.call("DeleteRecoveryPlanExecution", **asked) == asked
    assert plans.world.refusal("GetRecoveryPlanExecution", **asked).code == "ResourceNotFoundException"
    assert plans.world.refusal("ListRecoveryPlanExecutionSteps", **asked).code == "ResourceNotFoundException"
    assert plans.start(clientToken="t") != execution
