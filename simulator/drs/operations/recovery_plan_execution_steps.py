"""Steps of executions: GetRecoveryPlanExecutionStep, List, UpdateRecoveryPlanExecutionStep and Retry."""

from simulator.drs import refusals
from simulator.drs.operations.recovery_plan_executions import conflict, execution_of, refuse_beside
from simulator.drs.operations.recovery_plan_steps import refuse_too_many, servers_in
from simulator.drs.operations.recovery_plans import listed
from simulator.drs.operations.wire import Answer, Request
from simulator.drs.recovery_plans import runner, shown
from simulator.drs.recovery_plans.model import ExecutionStep, PlanExecution, Work
from simulator.drs.state import RegionState

_CHANGES = ("status", "servers", "waitDurationMinutes")


def get_recovery_plan_execution_step(state: RegionState, request: Request) -> Answer:
    """One step of an execution."""
    _, step = _step_of(state, request)
    return {"recoveryPlanExecutionStep": shown.execution_step(state, step)}


def list_recovery_plan_execution_steps(state: RegionState, request: Request) -> Answer:
    """The steps of an execution in order, those in one status if so asked."""
    execution = execution_of(state, request["recoveryPlanExecutionArn"])
    status = request.get("filter", {}).get("status")
    rows = [step for step in execution.steps if status in (None, step.status)]
    return listed("recoveryPlanExecutionSteps", rows, lambda step: step.index, shown.execution_step_summary, request, state)


def update_recovery_plan_execution_step(state: RegionState, request: Request) -> Answer:
    """Skip a step, or change the servers or the minutes of one that has not started."""
    execution, step = _step_of(state, request)
    changes = [name for name in _CHANGES if name in request]
    if len(changes) != 1:
        raise refusals.validation_error([("status", "or servers or waitDurationMinutes is needed, and only one of them")])
    if changes == ["status"]:
        _skip(state, execution, step, request["status"])
    else:
        _refuse_begun(execution, step, is_wait=changes == ["waitDurationMinutes"])
        step.work = _changed(state, execution, step, request)
        step.updated_ms = state.clock.now_ms
    return {"recoveryPlanExecutionStep": shown.execution_step(state, step)}


def retry_recovery_plan_execution_step(state: RegionState, request: Request) -> Answer:
    """Recover again what a failed step did not launch; then the execution goes on."""
    execution, step = _step_of(state, request)
    if step.work.is_wait:
        raise refusals.validation_error([("recoveryPlanExecutionStepArn", "must not be a wait: skip it instead")])
    if step.status != "FAILED":
        raise conflict(f"The step is {step.status}", execution)
    _refuse_resumption(state, execution)
    runner.retry(state, execution, step)
    return {"recoveryPlanExecutionStep": shown.execution_step(state, step)}


def _skip(state: RegionState, execution: PlanExecution, step: ExecutionStep, status: str) -> None:
    if status != "SKIPPED":
        raise refusals.validation_error([("status", "must be SKIPPED")])
    if step.status not in ("NOT_STARTED", "FAILED"):
        raise conflict(f"The step is {step.status}", execution)
    _refuse_over(execution)
    if step.status == "FAILED":
        _refuse_resumption(state, execution)
    runner.skip(state, execution, step)


def _changed(state: RegionState, execution: PlanExecution, step: ExecutionStep, request: Request) -> Work:
    if "servers" not in request:
        return Work(wait_minutes=request["waitDurationMinutes"])
    taken = [server for other in execution.steps if other is not step for server in other.work.servers]
    servers = servers_in(state, request["servers"], taken, "servers")
    refuse_too_many(state, [*taken, *servers])
    held = state.plans.holder(execution.plan, servers) if execution.is_active else None
    if held is not None:
        raise conflict(f"The Source Server {held[0]} is held by execution {held[1].id}", execution)
    return Work(servers)


def _refuse_begun(execution: PlanExecution, step: ExecutionStep, *, is_wait: bool) -> None:
    if step.work.is_wait is not is_wait:
        raise refusals.validation_error([("recoveryPlanExecutionStepArn", "must be a step of the other type")])
    if step.status != "NOT_STARTED":
        raise conflict(f"The step is {step.status}", execution)
    _refuse_over(execution)


def _refuse_over(execution: PlanExecution) -> None:
    """Raises ServiceError if none of an execution's steps will run any more: one that failed may go on, if a step failed."""
    has_failed = any(step.status == "FAILED" for step in execution.steps)
    if not (execution.is_active or (execution.status == "FAILED" and has_failed)):
        raise conflict(f"The execution is {execution.status}", execution)


def _refuse_resumption(state: RegionState, execution: PlanExecution) -> None:
    """Raises ServiceError if an execution that has failed cannot be taken up again."""
    if execution.status != "FAILED":
        raise conflict(f"The execution is {execution.status}", execution)
    if execution.plan.id not in state.plans.plans:
        raise conflict("The Recovery Plan was deleted", execution)
    if runner.is_too_late(state, execution):
        raise conflict("The execution was started too long ago", execution)
    refuse_beside(state, execution.plan, execution.servers)


def _step_of(state: RegionState, request: Request) -> tuple[PlanExecution, ExecutionStep]:
    arn = request["recoveryPlanExecutionStepArn"]
    execution = state.plans.execution(arn.rpartition("/step/")[0])
    step = None if execution is None else next((one for one in execution.steps if one.arn == arn), None)
    if execution is None or step is None:
        raise refusals.not_found("RecoveryPlanExecutionStep", arn)
    return execution, step
