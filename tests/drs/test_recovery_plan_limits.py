"""Executions of recovery plans that take too long."""

from dataclasses import replace
from typing import Any

import pytest

from simulator.drs.settings import RecoveryPlans
from tests.drs.plans import PINNED, Plans, planned
from tests.drs.world import NO_LAG

DAY_MINUTES = 24 * 60


def hanging(**knobs: Any) -> tuple[Plans, str]:
    """An execution whose first step never ends, 23 hours after its start."""
    plans = Plans(planned(replace(PINNED, **knobs)))
    plans.world.inject("db-1", "CONVERSION", "HANG")
    plans.three_tiers()
    execution = plans.start()
    plans.pass_minutes(DAY_MINUTES - 60)
    assert plans.statuses(execution) == ("IN_PROGRESS", "EXECUTING", "NOT_STARTED", "NOT_STARTED")
    return plans, execution


def failed(limit_seconds: float = 3600.0, **knobs: Any) -> tuple[Plans, str]:
    """An execution that has failed, 50 minutes after its start."""
    plans = Plans(planned(replace(PINNED, limit_seconds=limit_seconds, **knobs)))
    plans.world.inject("db-2", "LAUNCH", "FAILED", times=1)
    plans.step("data", plans.servers_of("db-1", "db-2"))
    execution = plans.start()
    plans.pass_minutes(50)
    assert plans.statuses(execution) == ("FAILED", "FAILED")
    return plans, execution


def test_an_execution_is_timed_out_a_day_after_its_start() -> None:
    plans, execution = hanging()
    plans.pass_minutes(60)
    assert plans.statuses(execution) == ("TIMED_OUT", "TIMED_OUT", "NOT_STARTED", "NOT_STARTED")
    assert plans.execution(execution)["completedAt"][:19] == "2026-03-02T02:00:00"
    assert plans.world.job(plans.jobs(execution, 1)[0] or "")["status"] == "STARTED"  # the job goes on
    assert RecoveryPlans().limit_seconds == 86_400


def test_what_is_timed_out_is_not_taken_up_again() -> None:
    plans, execution = hanging()
    plans.pass_minutes(60)
    for index in (1, 2):
        step = {"recoveryPlanExecutionStepArn": plans.step_arn(execution, index)}
        skip = plans.world.refusal("UpdateRecoveryPlanExecutionStep", **step, status="SKIPPED")
        assert skip.code == "ConflictException"
    retry = {"recoveryPlanExecutionStepArn": plans.step_arn(execution, 1)}
    assert plans.world.refusal("RetryRecoveryPlanExecutionStep", **retry).code == "ConflictException"
    asked = {"recoveryPlanExecutionArn": execution}
    assert plans.world.refusal("CancelRecoveryPlanExecution", **asked).code == "ConflictException"
    plans.world.call("DeleteRecoveryPlanExecution", **asked)


def test_a_job_that_outlives_its_execution_changes_nothing_about_it() -> None:
    plans = Plans(planned(replace(PINNED, limit_seconds=300.0)))
    plans.three_tiers()
    execution = plans.start()
    plans.pass_minutes(20)
    assert plans.statuses(execution) == ("TIMED_OUT", "TIMED_OUT", "NOT_STARTED", "NOT_STARTED")
    assert len(plans.world.instances()) == 2


def test_a_timed_out_execution_can_be_set_to_show_what_the_model_lists() -> None:
    plans, execution = hanging(shows_timed_out=False)
    plans.pass_minutes(60)
    assert plans.statuses(execution) == ("FAILED", "TIMED_OUT", "NOT_STARTED", "NOT_STARTED")
    listed = plans.world.call("ListRecoveryPlanExecutions", status="FAILED")["recoveryPlanExecutions"]
    assert [row["recoveryPlanExecutionArn"] for row in listed] == [execution]
    step = plans.step_arn(execution, 1)
    assert plans.world.refusal("RetryRecoveryPlanExecutionStep", recoveryPlanExecutionStepArn=step).status == 409


def test_an_execution_that_is_cancelled_is_cancelled_at_its_limit_at_the_latest() -> None:
    plans, execution = hanging()
    plans.cancel(execution)
    plans.pass_minutes(60)
    assert plans.statuses(execution) == ("CANCELLED", "TIMED_OUT", "SKIPPED", "SKIPPED")


def test_a_retry_does_not_get_more_time() -> None:
    plans, execution = failed()
    plans.pass_minutes(8)
    plans.retry(plans.step_arn(execution, 1))
    plans.pass_minutes(2)
    assert plans.statuses(execution) == ("TIMED_OUT", "TIMED_OUT")


def test_a_failed_execution_is_not_taken_up_after_its_limit() -> None:
    plans, execution = failed()
    plans.pass_minutes(10)
    step = {"recoveryPlanExecutionStepArn": plans.step_arn(execution, 1)}
    assert plans.world.refusal("RetryRecoveryPlanExecutionStep", **step).code == "ConflictException"
    assert plans.world.refusal("UpdateRecoveryPlanExecutionStep", **step, status="SKIPPED").code == "ConflictException"
    assert plans.statuses(execution) == ("FAILED", "FAILED")  # it had ended before its limit


def test_the_limit_can_be_set_to_begin_anew_with_a_retry() -> None:
    plans, execution = failed(limit_from="resumption")
    plans.pass_minutes(30)
    plans.retry(plans.step_arn(execution, 1))
    plans.pass_minutes(10)
    assert plans.statuses(execution) == ("COMPLETED", "COMPLETED")


@pytest.mark.parametrize(("minutes", "status"), [(9, "TIMED_OUT"), (10, "COMPLETED")])
def test_what_ends_at_the_limit_has_ended_in_time(minutes: int, status: str) -> None:
    instant = replace(PINNED, validation=NO_LAG, limit_seconds=60.0 * minutes)
    plans = Plans(planned(instant))
    plans.three_tiers()
    execution = plans.start()
    plans.update(plans.step_arn(execution, 1), status="SKIPPED")
    plans.update(plans.step_arn(execution, 3), status="SKIPPED")
    plans.pass_minutes(20)
    assert plans.execution(execution)["status"] == status


def test_a_run_is_not_kept_alive_by_the_limit_of_an_execution_that_has_ended() -> None:
    plans = Plans()
    plans.step("data", plans.servers_of("db-1"))
    execution = plans.start()
    plans.world.clock.run()
    assert plans.execution(execution)["status"] == "COMPLETED"
    assert plans.world.clock.now_ms < 3_600_000
