"""Executions of recovery plans: StartRecoveryPlanExecution, Get, List, CancelRecoveryPlanExecution and Delete."""

from collections.abc import Iterable, Mapping

from simulator.drs import refusals
from simulator.drs.operations.recovery_plans import listed, once, plan_of
from simulator.drs.operations.wire import Answer, Request
from simulator.drs.recovery_plans import runner, shown
from simulator.drs.recovery_plans.model import ExecutionStep, Plan, PlanExecution, PlanServer, PlanStep
from simulator.drs.state import RegionState
from simulator.errors import ServiceError


def start_recovery_plan_execution(state: RegionState, request: Request) -> Answer:
    """Execute a plan as it is now; what is changed about it later does not touch the execution.

    Whether its servers can be recovered is found out afterwards: the execution fails then, not this call.
    """
    plan = plan_of(state, request["recoveryPlanArn"])

    def start() -> PlanExecution:
        _refuse_unready(plan)
        refuse_beside(state, plan, plan.servers)
        execution = _new_execution(state, plan, request, _snapshots(plan, request))
        state.plans.executions[execution.id] = execution
        runner.start(state, execution)
        return execution

    made = once(state, "StartRecoveryPlanExecution", request, start)
    return {"recoveryPlanExecution": shown.execution(state, made)}


def get_recovery_plan_execution(state: RegionState, request: Request) -> Answer:
    """One execution."""
    return {"recoveryPlanExecution": shown.execution(state, execution_of(state, request["recoveryPlanExecutionArn"]))}


def list_recovery_plan_executions(state: RegionState, request: Request) -> Answer:
    """Executions, the last started first; those of one plan or in one status if so asked."""
    plan, status = request.get("recoveryPlanArn"), request.get("status")
    rows = [
        one
        for one in reversed(state.plans.executions.values())
        if plan in (None, one.plan.arn) and status in (None, shown.status(state, one))
    ]
    return listed(
        "recoveryPlanExecutions",
        rows,
        lambda one: -one.number,
        lambda one: shown.execution_summary(state, one),
        request,
        state,
    )


def cancel_recovery_plan_execution(state: RegionState, request: Request) -> Answer:
    """Skip the steps that have not started; the one that runs comes to its end first."""
    execution = execution_of(state, request["recoveryPlanExecutionArn"])
    if execution.status not in ("CREATED", "IN_PROGRESS"):
        raise conflict(f"The execution is {execution.status}", execution)
    runner.cancel(state, execution)
    return {"recoveryPlanExecution": shown.execution(state, execution)}


def delete_recovery_plan_execution(state: RegionState, request: Request) -> Answer:
    """Forget an execution that has ended."""
    execution = execution_of(state, request["recoveryPlanExecutionArn"])
    if execution.is_active:
        raise conflict(f"The execution is {execution.status}", execution)
    del state.plans.executions[execution.id]
    state.plans.forget_token(execution)
    return {"recoveryPlanExecutionArn": execution.arn}


def execution_of(state: RegionState, arn: str) -> PlanExecution:
    """An execution by its ARN. Raises ServiceError if there is none."""
    execution = state.plans.execution(arn)
    if execution is None:
        raise refusals.not_found("RecoveryPlanExecution", arn)
    return execution


def refuse_beside(state: RegionState, plan: Plan, servers: Iterable[PlanServer]) -> None:
    """Raises ServiceError if another execution of the plan goes on, or one of another plan with one of the servers."""
    if state.plans.active(plan) is not None:
        message = f"Another execution is already active for plan {plan.id}"
        raise refusals.conflict(message, "RecoveryPlan", plan.arn)
    held = state.plans.holder(plan, servers)
    if held is not None:
        server, other = held
        message = f"The Source Server is held by plan {other.plan.id} in execution {other.id}"
        raise refusals.conflict(message, "SourceServer", server)


def conflict(message: str, execution: PlanExecution) -> ServiceError:
    """An execution is not in a status that allows the call."""
    return refusals.conflict(message, "RecoveryPlanExecution", execution.arn)


def _refuse_unready(plan: Plan) -> None:
    if not plan.steps:
        message = f"Recovery plan {plan.id} has no steps. Add at least one step to the plan before starting an execution."
        raise ServiceError("ValidationException", message, 400, {"reason": "other"})
    if plan.status != "ACTIVE":
        message = f"Recovery plan {plan.id} is in status {plan.status} and cannot be executed."
        raise refusals.conflict(f"{message} Only ACTIVE plans can be executed.", "RecoveryPlan", plan.arn)


def _snapshots(plan: Plan, request: Request) -> Mapping[str, str]:
    """The recovery snapshots that a request chooses, each for another server of the plan. Raises ServiceError."""
    planned = {server.id for server in plan.servers}
    given = request.get("sourceServers", ())
    chosen = {one["sourceServerID"]: one["recoverySnapshotID"] for one in given}
    foreign = sorted(chosen.keys() - planned)
    if foreign:
        message = f"Source server IDs not found in plan: {', '.join(foreign)}"
        raise ServiceError("ValidationException", message, 400, {"reason": "other"})
    if len(chosen) < len(given):
        raise refusals.validation_error([("sourceServers", "must name a server at most once")])
    return chosen


def _new_execution(state: RegionState, plan: Plan, request: Request, snapshots: Mapping[str, str]) -> PlanExecution:
    plan.executions += 1
    key = f"{plan.id}/{plan.executions}"
    identifier = f"exec-{state.digit}{state.chance.stream('drs.plan.execution', key).hex(16)}"
    arn = state.arn("recovery-plan-execution", identifier)
    return PlanExecution(
        id=identifier,
        arn=arn,
        number=next(state.numbers),
        plan=plan,
        mode=request["mode"],
        tags=dict(request.get("tags", {})),
        snapshots=snapshots,
        started_ms=state.clock.now_ms,
        steps=[_copy(state, arn, index, step) for index, step in enumerate(plan.steps, 1)],
    )


def _copy(state: RegionState, execution_arn: str, index: int, step: PlanStep) -> ExecutionStep:
    now_ms = state.clock.now_ms
    digits = state.chance.stream("drs.plan.execution.step", f"{execution_arn}/{index}").hex(16)
    return ExecutionStep(f"{execution_arn}/step/step-{state.digit}{digits}", index, step.name, step.work, now_ms, now_ms)
