"""Executions of recovery plans and their steps."""

from simulator.drs import refusals
from simulator.drs.operations.recovery_plans import listed, once, plan_of, servers_in
from simulator.drs.operations.wire import Answer, Request
from simulator.drs.recovery_plans import runner, shown
from simulator.drs.recovery_plans.model import ExecutionStep, Plan, PlanExecution
from simulator.drs.state import RegionState


def start_recovery_plan_execution(state: RegionState, request: Request) -> Answer:
    """Execute a plan as it is now; what is changed about it later does not touch the execution."""
    plan = plan_of(state, request["recoveryPlanArn"])

    def start() -> str:
        _check_startable(state, plan)
        number = next(state.numbers)
        identifier = f"rpe-{state.chance.stream('drs.planexecution', str(number)).hex(17)}"
        arn, now_ms = state.arn("recovery-plan-execution", identifier), state.clock.now_ms
        steps = [
            ExecutionStep(f"{arn}/step/{index}", index, step.name, step.servers, step.wait_minutes, now_ms, now_ms)
            for index, step in enumerate(plan.steps, 1)
        ]
        snapshots = _snapshots(plan, request)
        execution = PlanExecution(
            identifier, arn, number, plan, request["mode"], dict(request.get("tags", {})), snapshots, now_ms, steps
        )
        state.plans.executions[identifier] = execution
        runner.start(state, execution)
        return identifier

    made = once(state, "StartRecoveryPlanExecution", request, start)
    return {"recoveryPlanExecution": shown.execution(state, state.plans.executions[made])}


def get_recovery_plan_execution(state: RegionState, request: Request) -> Answer:
    """One execution."""
    return {"recoveryPlanExecution": shown.execution(state, _execution_of(state, request["recoveryPlanExecutionArn"]))}


def list_recovery_plan_executions(state: RegionState, request: Request) -> Answer:
    """Executions, the last started first; of one plan or in one status if so asked."""
    plan, status = request.get("recoveryPlanArn"), request.get("status")
    rows = [
        one
        for one in reversed(state.plans.executions.values())
        if plan in (None, one.plan.arn) and status in (None, one.status)
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
    """Skip the steps that have not started; a job that runs comes to its end first."""
    execution = _execution_of(state, request["recoveryPlanExecutionArn"])
    if execution.status != "CANCELLING":
        if not execution.is_active:
            raise _conflict(f"The execution is {execution.status}", execution)
        runner.cancel(state, execution)
    return {"recoveryPlanExecution": shown.execution(state, execution)}


def delete_recovery_plan_execution(state: RegionState, request: Request) -> Answer:
    """Forget an execution that has ended."""
    execution = _execution_of(state, request["recoveryPlanExecutionArn"])
    if execution.is_active:
        raise _conflict(f"The execution is {execution.status}", execution)
    del state.plans.executions[execution.id]
    return {"recoveryPlanExecutionArn": execution.arn}


def get_recovery_plan_execution_step(state: RegionState, request: Request) -> Answer:
    """One step of an execution."""
    _, step = _step_of(state, request["recoveryPlanExecutionStepArn"])
    return {"recoveryPlanExecutionStep": shown.execution_step(state, step)}


def list_recovery_plan_execution_steps(state: RegionState, request: Request) -> Answer:
    """The steps of an execution in order, those in one status if so asked."""
    execution = _execution_of(state, request["recoveryPlanExecutionArn"])
    status = request.get("filter", {}).get("status")
    rows = [step for step in execution.steps if status in (None, step.status)]
    return listed("recoveryPlanExecutionSteps", rows, lambda step: step.index, shown.execution_step_summary, request, state)


def update_recovery_plan_execution_step(state: RegionState, request: Request) -> Answer:
    """Skip a step, or change the servers or the minutes of one that has not started."""
    execution, step = _step_of(state, request["recoveryPlanExecutionStepArn"])
    changes = [name for name in ("status", "servers", "waitDurationMinutes") if name in request]
    if len(changes) != 1:
        raise refusals.validation_error([("status", "or servers or waitDurationMinutes is needed, and only one of them")])
    match changes[0]:
        case "status":
            _skip(state, execution, step, request["status"])
        case "servers":
            _refuse_started(execution, step, is_wait=False)
            taken = [server for other in execution.steps if other is not step for server in other.servers]
            step.servers = servers_in(state, request["servers"], taken, "servers")
        case _:
            _refuse_started(execution, step, is_wait=True)
            step.wait_minutes = request["waitDurationMinutes"]
    step.updated_ms = state.clock.now_ms
    return {"recoveryPlanExecutionStep": shown.execution_step(state, step)}


def retry_recovery_plan_execution_step(state: RegionState, request: Request) -> Answer:
    """Recover again what a failed step did not launch."""
    execution, step = _step_of(state, request["recoveryPlanExecutionStepArn"])
    if step.status != "FAILED" or execution.status != "FAILED":
        raise _conflict(f"The step is {step.status} and its execution {execution.status}", execution)
    _refuse_other(state, execution)
    runner.retry(state, execution, step)
    return {"recoveryPlanExecutionStep": shown.execution_step(state, step)}


def _skip(state: RegionState, execution: PlanExecution, step: ExecutionStep, status: str) -> None:
    if status != "SKIPPED":
        raise refusals.validation_error([("status", "must be SKIPPED")])
    if step.status not in ("NOT_STARTED", "FAILED") or execution.status in ("CANCELLING", "CANCELLED"):
        raise _conflict(f"The step is {step.status} and its execution {execution.status}", execution)
    if step.status == "FAILED":
        _refuse_other(state, execution)
    runner.skip(state, execution, step)


def _check_startable(state: RegionState, plan: Plan) -> None:
    if state.plans.active(plan) is not None:
        raise refusals.conflict("The Recovery Plan is being executed", "RecoveryPlan", plan.arn)
    if not plan.steps:
        raise refusals.conflict("The Recovery Plan has no steps", "RecoveryPlan", plan.arn)
    if shown.plan_summary(state, plan)["status"] == "INVALID":
        raise refusals.conflict("The Recovery Plan names source servers that are gone", "RecoveryPlan", plan.arn)


def _snapshots(plan: Plan, request: Request) -> dict[str, str]:
    """The recovery snapshots that a request chooses, all of them for servers of the plan."""
    planned = {server.id for step in plan.steps for server in step.servers}
    chosen = {one["sourceServerID"]: one["recoverySnapshotID"] for one in request.get("sourceServers", ())}
    foreign = [server for server in chosen if server not in planned]
    if foreign:
        raise refusals.validation_error([("sourceServers", f"names servers that are not in the plan: {', '.join(foreign)}")])
    return chosen


def _refuse_other(state: RegionState, execution: PlanExecution) -> None:
    """An execution that has failed cannot be taken up while another one of its plan goes on."""
    if state.plans.active(execution.plan) is not None:
        raise _conflict("The Recovery Plan is being executed", execution)


def _refuse_started(execution: PlanExecution, step: ExecutionStep, *, is_wait: bool) -> None:
    if step.is_wait is not is_wait:
        raise refusals.validation_error([("recoveryPlanExecutionStepArn", "names a step of the other type")])
    if step.status != "NOT_STARTED":
        raise _conflict(f"The step is {step.status}", execution)


def _conflict(message: str, execution: PlanExecution) -> Exception:
    return refusals.conflict(message, "RecoveryPlanExecution", execution.arn)


def _execution_of(state: RegionState, arn: str) -> PlanExecution:
    execution = state.plans.executions.get(arn.rpartition("/")[2])
    if execution is None or execution.arn != arn:
        raise refusals.not_found("RecoveryPlanExecution", arn)
    return execution


def _step_of(state: RegionState, arn: str) -> tuple[PlanExecution, ExecutionStep]:
    for execution in state.plans.executions.values():
        for step in execution.steps:
            if step.arn == arn:
                return execution, step
    raise refusals.not_found("RecoveryPlanExecutionStep", arn)
