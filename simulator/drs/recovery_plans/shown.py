"""Plans, steps and executions as the API shows them."""

from collections.abc import Mapping
from typing import Any

from simulator.drs.recovery_plans.model import Detail, ExecutionStep, Plan, PlanExecution, PlanServer, PlanStep, Work
from simulator.drs.state import RegionState

Shown = dict[str, Any]


def plan_summary(state: RegionState, plan: Plan) -> Shown:
    """A plan in a list."""
    return {
        "recoveryPlanArn": plan.arn,
        "name": plan.name,
        "status": plan.status,
        "createdAt": state.instant(plan.created_ms),
        "updatedAt": state.instant(plan.updated_ms),
    }


def plan(state: RegionState, shown: Plan) -> Shown:
    """A plan by itself."""
    described = {} if shown.description is None else {"description": shown.description}
    return plan_summary(state, shown) | described | {"tags": dict(shown.tags)}


def step(state: RegionState, order: int, shown: PlanStep) -> Shown:
    """A step of a plan."""
    return {
        "recoveryPlanStepArn": shown.arn,
        "stepOrder": order,
        "stepName": shown.name,
        "configuration": _configuration("serverStepConfiguration", shown.work, {}),
        "createdAt": state.instant(shown.created_ms),
        "updatedAt": state.instant(shown.updated_ms),
    }


def status(state: RegionState, execution: PlanExecution) -> str:
    """An execution's status. TIMED_OUT is documented, but the service's model does not list it: a knob."""
    if execution.status == "TIMED_OUT" and not state.settings.recovery_plans.shows_timed_out:
        return "FAILED"
    return execution.status


def execution_summary(state: RegionState, execution: PlanExecution) -> Shown:
    """An execution in a list."""
    return {
        "recoveryPlanExecutionArn": execution.arn,
        "recoveryPlanArn": execution.plan.arn,
        "mode": execution.mode,
        "status": status(state, execution),
        "startedAt": state.instant(execution.started_ms),
    } | _detail(execution.detail)


def execution(state: RegionState, shown: PlanExecution) -> Shown:
    """An execution by itself."""
    ended = {} if shown.ended_ms is None else {"completedAt": state.instant(shown.ended_ms)}
    return execution_summary(state, shown) | ended | {"tags": dict(shown.tags)}


def execution_step_summary(shown: ExecutionStep) -> Shown:
    """A step of an execution in a list."""
    return {
        "recoveryPlanExecutionStepArn": shown.arn,
        "stepName": shown.name,
        "stepIndex": shown.index,
        "status": shown.status,
        "configuration": _configuration("executionServerStepConfiguration", shown.work, shown.jobs),
    } | _detail(shown.detail)


def execution_step(state: RegionState, shown: ExecutionStep) -> Shown:
    """A step of an execution by itself."""
    return execution_step_summary(shown) | {
        "attempt": shown.attempt,
        "createdAt": state.instant(shown.created_ms),
        "updatedAt": state.instant(shown.updated_ms),
    }


def _configuration(member: str, work: Work, jobs: Mapping[str, str]) -> Shown:
    if work.is_wait:
        return {"waitStepConfiguration": {"waitDurationMinutes": work.wait_minutes}}
    return {member: {"servers": [_server(server, jobs.get(server.id)) for server in work.servers]}}


def _server(server: PlanServer, job: str | None) -> Shown:
    known = {} if job is None else {"jobID": job}
    return {"serverArn": server.arn, "impactLevel": "CRITICAL" if server.is_critical else "OPTIONAL"} | known


def _detail(detail: Detail | None) -> Shown:
    return {} if detail is None else {"errorDetail": {"code": detail.code, "message": detail.message}}
