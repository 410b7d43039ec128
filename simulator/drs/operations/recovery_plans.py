"""Recovery plans and their steps."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from simulator.drs import refusals
from simulator.drs.operations.paging import page
from simulator.drs.operations.wire import Answer, Request
from simulator.drs.recovery_plans import shown
from simulator.drs.recovery_plans.model import MAX_STEPS, Plan, PlanServer, PlanStep
from simulator.drs.state import RegionState
from simulator.errors import ServiceError

Made = TypeVar("Made")


def create_recovery_plan(state: RegionState, request: Request) -> Answer:
    """A plan without steps. Its name is its own within the account and Region."""

    def create() -> str:
        _check_name(state, request["name"])
        number = next(state.numbers)
        identifier = f"rp-{state.chance.stream('drs.plan', str(number)).hex(17)}"
        now_ms = state.clock.now_ms
        state.plans.plans[identifier] = Plan(
            identifier,
            state.arn("recovery-plan", identifier),
            number,
            request["name"],
            request.get("description"),
            dict(request.get("tags", {})),
            now_ms,
            now_ms,
        )
        return identifier

    return {"recoveryPlan": shown.plan(state, state.plans.plans[once(state, "CreateRecoveryPlan", request, create)])}


def get_recovery_plan(state: RegionState, request: Request) -> Answer:
    """One plan."""
    return {"recoveryPlan": shown.plan(state, plan_of(state, request["recoveryPlanArn"]))}


def list_recovery_plans(state: RegionState, request: Request) -> Answer:
    """All plans, oldest first."""
    plans = list(state.plans.plans.values())
    return listed(
        "recoveryPlans", plans, lambda plan: plan.number, lambda plan: shown.plan_summary(state, plan), request, state
    )


def update_recovery_plan(state: RegionState, request: Request) -> Answer:
    """Another name or description."""
    plan = plan_of(state, request["recoveryPlanArn"])
    if request.get("name", plan.name) != plan.name:
        _check_name(state, request["name"])
    plan.name = request.get("name", plan.name)
    plan.description = request.get("description", plan.description)
    plan.updated_ms = state.clock.now_ms
    return {"recoveryPlan": shown.plan(state, plan)}


def delete_recovery_plan(state: RegionState, request: Request) -> Answer:
    """Delete a plan that is not being executed. The executions that it had stay listed."""
    plan = plan_of(state, request["recoveryPlanArn"])
    _refuse_active(state, plan)
    del state.plans.plans[plan.id]
    return {"recoveryPlanArn": plan.arn}


def create_recovery_plan_step(state: RegionState, request: Request) -> Answer:
    """A step at a place in the plan, or at its end."""
    plan = plan_of(state, request["recoveryPlanArn"])

    def create() -> str:
        _refuse_active(state, plan)
        if len(plan.steps) >= MAX_STEPS:
            members = {"serviceCode": "drs", "resourceType": "RecoveryPlanStep"}
            raise ServiceError("ServiceQuotaExceededException", f"A plan has at most {MAX_STEPS} steps", 402, members)
        order = request.get("stepOrder", len(plan.steps) + 1)
        if order > len(plan.steps) + 1:
            raise refusals.validation_error([("stepOrder", f"must be at most {len(plan.steps) + 1}")])
        servers, wait_minutes = _configured(state, plan, request["configuration"], None)
        identifier = f"rps-{state.chance.stream('drs.planstep', str(next(state.numbers))).hex(17)}"
        now_ms = state.clock.now_ms
        arn = f"{plan.arn}/step/{identifier}"
        made = PlanStep(identifier, arn, request["stepName"], servers, wait_minutes, now_ms, now_ms)
        plan.steps.insert(order - 1, made)
        plan.updated_ms = now_ms
        return arn

    return {"recoveryPlanStep": _shown_step(state, once(state, "CreateRecoveryPlanStep", request, create))}


def get_recovery_plan_step(state: RegionState, request: Request) -> Answer:
    """One step."""
    return {"recoveryPlanStep": _shown_step(state, request["recoveryPlanStepArn"])}


def list_recovery_plan_steps(state: RegionState, request: Request) -> Answer:
    """A plan's steps in order."""
    plan = plan_of(state, request["recoveryPlanArn"])
    rows = list(enumerate(plan.steps, 1))
    return listed("recoveryPlanSteps", rows, lambda row: row[0], lambda row: shown.step(state, *row), request, state)


def update_recovery_plan_step(state: RegionState, request: Request) -> Answer:
    """Another name or other servers or minutes; a step stays of its type."""
    plan, step = step_of(state, request["recoveryPlanStepArn"])
    _refuse_active(state, plan)
    if "configuration" in request:
        servers, wait_minutes = _configured(state, plan, request["configuration"], step)
        if bool(servers) != bool(step.servers):
            raise refusals.validation_error([("configuration", "must be of the step's own type")])
        step.servers, step.wait_minutes = servers, wait_minutes
    step.name = request.get("stepName", step.name)
    step.updated_ms = plan.updated_ms = state.clock.now_ms
    return {"recoveryPlanStep": _shown_step(state, step.arn)}


def delete_recovery_plan_step(state: RegionState, request: Request) -> Answer:
    """Delete a step; those after it move up."""
    plan, step = step_of(state, request["recoveryPlanStepArn"])
    _refuse_active(state, plan)
    plan.steps.remove(step)
    plan.updated_ms = state.clock.now_ms
    return {"recoveryPlanStepArn": step.arn}


def reorder_recovery_plan_steps(state: RegionState, request: Request) -> Answer:
    """All steps of a plan in a new order."""
    plan = plan_of(state, request["recoveryPlanArn"])
    _refuse_active(state, plan)
    by_arn = {step.arn: step for step in plan.steps}
    wanted = request["orderedStepArns"]
    if sorted(wanted) != sorted(by_arn):
        raise refusals.validation_error([("orderedStepArns", "must name every step of the plan exactly once")])
    plan.steps = [by_arn[arn] for arn in wanted]
    plan.updated_ms = state.clock.now_ms
    return {"recoveryPlanSteps": [shown.step(state, order, step) for order, step in enumerate(plan.steps, 1)]}


def plan_of(state: RegionState, arn: str) -> Plan:
    """A plan by its ARN. Raises ServiceError."""
    plan = state.plans.plans.get(arn.rpartition("/")[2])
    if plan is None or plan.arn != arn:
        raise refusals.not_found("RecoveryPlan", arn)
    return plan


def step_of(state: RegionState, arn: str) -> tuple[Plan, PlanStep]:
    """A step by its ARN, with its plan. Raises ServiceError."""
    for plan in state.plans.plans.values():
        for step in plan.steps:
            if step.arn == arn:
                return plan, step
    raise refusals.not_found("RecoveryPlanStep", arn)


def once(state: RegionState, operation: str, request: Request, make: Callable[[], str]) -> str:
    """What `make` made, or what it made when the same request came with the same clientToken before."""
    token = request.get("clientToken")
    asked = {name: value for name, value in request.items() if name != "clientToken"}
    if token and (operation, token) in state.plans.tokens:
        known, made = state.plans.tokens[operation, token]
        if known != asked:
            raise refusals.conflict("The clientToken was used for another request", "ClientToken", token)
        return made
    made = make()
    if token:
        state.plans.tokens[operation, token] = asked, made
    return made


def listed(
    member: str,
    rows: Sequence[Made],
    position: Callable[[Made], int],
    show: Callable[[Made], dict[str, Any]],
    request: Request,
    state: RegionState,
) -> Answer:
    """A page of rows under a member's name."""
    answer = page(member, rows, position, show, request, state.settings.page_size)
    return {member: answer.pop("items"), **answer}


def servers_in(state: RegionState, given: Sequence[Request], taken: Sequence[PlanServer], at: str) -> tuple[PlanServer, ...]:
    """The servers of a step, each of which must exist and be in no other step. Raises ServiceError."""
    servers = tuple(PlanServer(one["serverArn"], one.get("impactLevel", "CRITICAL") == "CRITICAL") for one in given)
    for place, server in enumerate(servers):
        if server.id not in state.servers or state.servers[server.id].arn != server.arn:
            raise refusals.not_found("SourceServer", server.arn)
        if server.id in {other.id for other in (*taken, *servers[:place])}:
            raise refusals.validation_error([(f"{at}[{place}]", "is in the plan already")])
    return servers


def _configured(
    state: RegionState, plan: Plan, configuration: Request, own: PlanStep | None
) -> tuple[tuple[PlanServer, ...], int]:
    if len(configuration) != 1:
        raise refusals.validation_error([("configuration", "must have exactly one member")])
    if "waitStepConfiguration" in configuration:
        return (), configuration["waitStepConfiguration"]["waitDurationMinutes"]
    taken = [server for step in plan.steps if step is not own for server in step.servers]
    given = configuration["serverStepConfiguration"]["servers"]
    return servers_in(state, given, taken, "configuration.serverStepConfiguration.servers"), 0


def _shown_step(state: RegionState, arn: str) -> Answer:
    plan, step = step_of(state, arn)
    return shown.step(state, plan.steps.index(step) + 1, step)


def _check_name(state: RegionState, name: str) -> None:
    if any(plan.name == name for plan in state.plans.plans.values()):
        raise refusals.conflict("There is a Recovery Plan of this name already", "RecoveryPlan", name)


def _refuse_active(state: RegionState, plan: Plan) -> None:
    if state.plans.active(plan) is not None:
        raise refusals.conflict("The Recovery Plan is being executed", "RecoveryPlan", plan.arn)
