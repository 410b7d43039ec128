"""Plans, steps and executions as the API shows them."""

from collections.abc import Sequence
from typing import Any

from simulator.drs.recovery_plans.model import ExecutionStep, Plan, PlanExecution, PlanServer, PlanStep
from simulator.drs.state import RegionState

Shown = dict[str, Any]


def plan_summary(state: RegionState, plan: Plan) -> Shown:
    """A plan in a list. One with a server that is gone is INVALID."""
    servers = [server.id for step in plan.steps for server in step.servers]
    return {
        "recoveryPlanArn": plan.arn,
        "name": plan.name,
        "status": "ACTIVE" if all(server in state.servers for server in servers) else "INVALID",
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
        "configuration": _configuration("serverStepConfiguration", shown.servers, shown.wait_minutes, {}),
        "createdAt": state.instant(shown.created_ms),
        "updatedAt": state.instant(shown.updated_ms),
    }


def execution_summary(state: RegionState, execution: PlanExecution) -> Shown:
    """An execution in a list."""
    return {
        "recoveryPlanExecutionArn": execution.arn,
        "recoveryPlanArn": execution.plan.arn,
        "mode": execution.mode,
        "status": execution.status,
        "startedAt": state.instant(execution.started_ms),
    } | _error(execution.error)


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
        "configuration": _configuration("executionServerStepConfiguration", shown.servers, shown.wait_minutes, shown.jobs),
    } | _error(shown.error)


def execution_step(state: RegionState, shown: ExecutionStep) -> Shown:
    """A step of an execution by itself."""
    return execution_step_summary(shown) | {
        "attempt": shown.attempt,
        "createdAt": state.instant(shown.created_ms),
        "updatedAt": state.instant(shown.updated_ms),
    }


def _configuration(member: str, servers: Sequence[PlanServer], wait_minutes: int, jobs: dict[str, str]) -> Shown:
    if not servers:
        return {"waitStepConfiguration": {"waitDurationMinutes": wait_minutes}}
    return {member: {"servers": [_server(server, jobs.get(server.id)) for server in servers]}}


def _server(server: PlanServer, job: str | None) -> Shown:
    known = {} if job is None else {"jobID": job}
    return {"serverArn": server.arn, "impactLevel": "CRITICAL" if server.is_critical else "OPTIONAL"} | known


def _error(error: tuple[str, str] | None) -> Shown:
    return {} if error is None else {"errorDetail": {"code": error[0], "message": error[1]}}
