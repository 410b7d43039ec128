"""What people may do about an execution of a recovery plan: retry, skip and change steps, and cancel."""

from dataclasses import replace
from typing import Any

import pytest

from tests.drs.plans import PINNED, Plans, failed_data, planned, skipping

ENDING_WAITS = replace(PINNED, cancel_ends_waits=True)


@pytest.fixture
def plans() -> Plans:
    return Plans()


def test_a_retry_recovers_only_what_did_not_launch_and_the_plan_goes_on(plans: Plans) -> None:
    execution = failed_data(plans)
    (first, _) = plans.jobs(execution, 1)
    retried = plans.retry(plans.step_arn(execution, 1))
    assert (retried["attempt"], retried["status"], "errorDetail" in retried) == (2, "EXECUTING", False)
    assert "completedAt" not in plans.execution(execution)
    (kept, again) = plans.jobs(execution, 1)
    assert (kept, again != first) == (first, True)
    assert len(plans.world.job(again or "")["participatingServers"]) == 1
    plans.pass_minutes(60)
    assert plans.statuses(execution) == ("COMPLETED", "COMPLETED", "COMPLETED", "COMPLETED")
    assert len(plans.world.instances()) == 3


def test_a_retry_knows_what_launched_when_its_job_is_deleted(plans: Plans) -> None:
    execution = failed_data(plans)
    plans.world.call("DeleteJob", jobID=plans.jobs(execution, 1)[0])
    plans.retry(plans.step_arn(execution, 1))
    (job,) = plans.world.call("DescribeJobs")["items"]
    assert plans.world.statuses(job) == {"db-2": "PENDING"}


def test_a_step_can_fail_again_and_be_retried_again(plans: Plans) -> None:
    execution = failed_data(plans, times=2)
    step = plans.step_arn(execution, 1)
    plans.retry(step)
    plans.pass_minutes(10)
    assert plans.statuses(execution)[:2] == ("FAILED", "FAILED")
    assert plans.retry(step)["attempt"] == 3
    plans.pass_minutes(10)
    assert plans.statuses(execution)[:2] == ("IN_PROGRESS", "COMPLETED")


def test_only_a_failed_step_of_a_failed_execution_can_be_retried(plans: Plans) -> None:
    execution = failed_data(plans)
    data, pause, app = (plans.step_arn(execution, index) for index in (1, 2, 3))
    retry = "RetryRecoveryPlanExecutionStep"
    assert plans.world.refusal(retry, recoveryPlanExecutionStepArn=pause).code == "ValidationException"
    assert plans.world.refusal(retry, recoveryPlanExecutionStepArn=app).code == "ConflictException"
    plans.retry(data)
    assert plans.world.refusal(retry, recoveryPlanExecutionStepArn=data).code == "ConflictException"


def test_a_failed_step_can_be_skipped_and_the_plan_goes_on(plans: Plans) -> None:
    execution = failed_data(plans)
    assert plans.update(plans.step_arn(execution, 1), status="SKIPPED")["status"] == "SKIPPED"
    assert plans.statuses(execution) == ("IN_PROGRESS", "SKIPPED", "WAITING", "NOT_STARTED")
    plans.pass_minutes(30)
    assert plans.statuses(execution) == ("COMPLETED", "SKIPPED", "COMPLETED", "COMPLETED")
    assert plans.execution(execution)["errorDetail"]["message"].startswith("Completed with skipped steps")


def test_a_step_to_come_can_be_skipped_without_starting_another_early(plans: Plans) -> None:
    plans.three_tiers()
    execution = plans.start()
    plans.pass_minutes(1)
    plans.update(plans.step_arn(execution, 2), status="SKIPPED")
    assert plans.statuses(execution) == ("IN_PROGRESS", "EXECUTING", "SKIPPED", "NOT_STARTED")
    plans.pass_minutes(10)
    assert plans.statuses(execution) == ("IN_PROGRESS", "COMPLETED", "SKIPPED", "EXECUTING")


def test_a_step_to_come_can_be_skipped_before_the_failed_one_is_retried(plans: Plans) -> None:
    execution = failed_data(plans)
    plans.update(plans.step_arn(execution, 2), status="SKIPPED")
    assert plans.statuses(execution) == ("FAILED", "FAILED", "SKIPPED", "NOT_STARTED")


def test_what_has_begun_or_ended_well_cannot_be_skipped(plans: Plans) -> None:
    plans.three_tiers()
    execution = plans.start()
    data, pause = plans.step_arn(execution, 1), plans.step_arn(execution, 2)
    plans.pass_minutes(1)
    refused = [skipping(plans, data)]
    plans.pass_minutes(10)
    assert plans.statuses(execution)[:3] == ("IN_PROGRESS", "COMPLETED", "WAITING")
    refused += [skipping(plans, data), skipping(plans, pause)]
    assert [error.code for error in refused] == ["ConflictException"] * 3


def test_steps_that_have_not_started_can_be_changed(plans: Plans) -> None:
    plans.three_tiers()
    execution = plans.start()
    data, pause, app = (plans.step_arn(execution, index) for index in (1, 2, 3))
    waiting = plans.update(pause, waitDurationMinutes=1)
    assert waiting["configuration"] == {"waitStepConfiguration": {"waitDurationMinutes": 1}}
    plans.update(app, servers=plans.listed("web-1", "web-2"))
    update = "UpdateRecoveryPlanExecutionStep"
    plans.pass_minutes(1)
    begun = plans.world.refusal(update, recoveryPlanExecutionStepArn=data, servers=plans.listed("web-1"))
    assert begun.code == "ConflictException"
    plans.pass_minutes(11)
    assert plans.statuses(execution) == ("IN_PROGRESS", "COMPLETED", "COMPLETED", "EXECUTING")
    assert len(plans.jobs(execution, 3)) == 2
    assert plans.names()[2] == (3, "app")  # the plan itself is as it was
    step = plans.world.call("ListRecoveryPlanSteps", recoveryPlanArn=plans.plan)["recoveryPlanSteps"][2]
    assert len(step["configuration"]["serverStepConfiguration"]["servers"]) == 1


@pytest.mark.parametrize(
    ("index", "change", "code"),
    [
        (2, {}, "ValidationException"),
        (2, {"status": "SKIPPED", "waitDurationMinutes": 1}, "ValidationException"),
        (2, {"status": "COMPLETED"}, "ValidationException"),
        (2, {"servers": ["web-1"]}, "ValidationException"),
        (3, {"waitDurationMinutes": 1}, "ValidationException"),
        (3, {"servers": ["web-1", "web-1"]}, "ValidationException"),
        (3, {"servers": ["web-1", "db-1"]}, "ConflictException"),
    ],
)
def test_a_change_that_cannot_be_is_refused(plans: Plans, index: int, change: dict[str, Any], code: str) -> None:
    plans.three_tiers()
    execution = plans.start()
    given = change | ({"servers": plans.listed(*change["servers"])} if "servers" in change else {})
    step = plans.step_arn(execution, index)
    assert plans.world.refusal("UpdateRecoveryPlanExecutionStep", recoveryPlanExecutionStepArn=step, **given).code == code


def test_cancelling_skips_what_has_not_started_and_waits_for_the_job_that_runs(plans: Plans) -> None:
    plans.three_tiers()
    execution = plans.start()
    plans.pass_minutes(1)
    assert plans.cancel(execution)["status"] == "CANCELLING"
    assert plans.statuses(execution) == ("CANCELLING", "EXECUTING", "SKIPPED", "SKIPPED")
    asked = {"recoveryPlanExecutionArn": execution}
    assert plans.world.refusal("CancelRecoveryPlanExecution", **asked).code == "ConflictException"
    plans.pass_minutes(10)
    assert plans.statuses(execution) == ("CANCELLED", "COMPLETED", "SKIPPED", "SKIPPED")
    assert len(plans.world.instances()) == 2
    assert plans.world.refusal("CancelRecoveryPlanExecution", **asked).code == "ConflictException"


def test_a_step_that_fails_while_its_execution_is_cancelled_does_not_fail_the_execution(plans: Plans) -> None:
    plans.world.inject("db-2", "LAUNCH", "FAILED")
    plans.three_tiers()
    execution = plans.start()
    plans.pass_minutes(1)
    plans.cancel(execution)
    plans.pass_minutes(10)
    assert plans.statuses(execution) == ("CANCELLED", "FAILED", "SKIPPED", "SKIPPED")
    step = plans.step_arn(execution, 1)
    retry = plans.world.refusal("RetryRecoveryPlanExecutionStep", recoveryPlanExecutionStepArn=step)
    assert retry.code == "ConflictException"


def test_an_execution_that_is_cancelled_while_it_validates_recovers_nothing(plans: Plans) -> None:
    plans.three_tiers()
    execution = plans.start()
    assert plans.cancel(execution)["status"] == "CANCELLING"
    plans.pass_minutes(1)
    assert plans.statuses(execution) == ("CANCELLED", "SKIPPED", "SKIPPED", "SKIPPED")
    assert plans.world.call("DescribeJobs")["items"] == []


def test_a_wait_that_runs_is_waited_for_when_its_execution_is_cancelled(plans: Plans) -> None:
    plans.three_tiers()
    execution = plans.start()
    plans.pass_minutes(15)
    plans.cancel(execution)
    assert plans.statuses(execution) == ("CANCELLING", "COMPLETED", "WAITING", "SKIPPED")
    plans.pass_minutes(10)
    assert plans.statuses(execution) == ("CANCELLED", "COMPLETED", "COMPLETED", "SKIPPED")


def test_cancelling_can_be_set_to_end_waits() -> None:
    plans = Plans(planned(ENDING_WAITS))
    plans.three_tiers()
    execution = plans.start()
    plans.pass_minutes(15)
    assert plans.cancel(execution)["status"] == "CANCELLED"
    plans.pass_minutes(10)
    assert plans.statuses(execution) == ("CANCELLED", "COMPLETED", "SKIPPED", "SKIPPED")


def test_a_failed_execution_is_not_taken_up_beside_another_one(plans: Plans) -> None:
    execution = failed_data(plans)
    step = plans.step_arn(execution, 1)
    plans.start()
    retry = plans.world.refusal("RetryRecoveryPlanExecutionStep", recoveryPlanExecutionStepArn=step)
    assert retry.code == "ConflictException"
    assert skipping(plans, step).code == "ConflictException"


def test_a_failed_execution_is_not_taken_up_when_its_plan_is_gone(plans: Plans) -> None:
    execution = failed_data(plans)
    plans.world.call("DeleteRecoveryPlan", recoveryPlanArn=plans.plan)
    step = plans.step_arn(execution, 1)
    retry = plans.world.refusal("RetryRecoveryPlanExecutionStep", recoveryPlanExecutionStepArn=step)
    assert retry.code == "ConflictException"
