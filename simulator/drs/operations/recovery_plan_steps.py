"""Steps of recovery plans. They are numbered from 1 without gaps, and a plan with servers never begins with a wait.

Changing them while the plan is executed is allowed: an execution has its own copy.
"""

from collections.abc import Iterable, Sequence

from simulator.drs import identifiers, refusals
from simulator.drs.operations.recovery_plans import listed, once, plan_of
from simulator.drs.operations.wire import Answer, Request
from simulator.drs.recovery_plans import shown
from simulator.drs.recovery_plans.model import Plan, PlanServer, PlanStep, Work
from simulator.drs.state import RegionState


def create_recovery_plan_step(state: RegionState, request: Request) -> Answer:
    """A step at a place in the plan, so that those from there on move down, or at its end."""
    plan = plan_of(state, request["recoveryPlanArn"])

    def create() -> PlanStep:
        limit = state.settings.quotas.steps_per_plan
        if len(plan.steps) >= limit:
            raise refusals.quota_exceeded("steps_per_plan", limit)
        place = request.get("stepOrder", len(plan.steps) + 1) - 1
        if place > len(plan.steps):
            raise refusals.validation_error([("stepOrder", f"must be at most {len(plan.steps) + 1}")])
        work = _work(state, plan, request["configuration"], None)
        if len(list(plan.servers)) + len(work.servers) > state.settings.quotas.servers_per_plan:
            raise refusals.quota_exceeded("servers_per_plan", state.settings.quotas.servers_per_plan)
        made = _new_step(state, plan, request["stepName"], work)
        _arrange(state, plan, [*plan.steps[:place], made, *plan.steps[place:]], "stepOrder")
        return made

    made = once(state, "CreateRecoveryPlanStep", request, create)
    return {"recoveryPlanStep": _show(state, plan, made)}


def get_recovery_plan_step(state: RegionState, request: Request) -> Answer:
    """One step."""
    return {"recoveryPlanStep": _show(state, *_step_of(state, request["recoveryPlanStepArn"]))}


def list_recovery_plan_steps(state: RegionState, request: Request) -> Answer:
    """A plan's steps in order."""
    plan = plan_of(state, request["recoveryPlanArn"])
    rows = list(enumerate(plan.steps, 1))
    return listed("recoveryPlanSteps", rows, lambda row: row[0], lambda row: shown.step(state, *row), request, state)


def update_recovery_plan_step(state: RegionState, request: Request) -> Answer:
    """Another name, or other servers (all of them) or minutes; a step stays of its type."""
    plan, step = _step_of(state, request["recoveryPlanStepArn"])
    if "configuration" in request:
        work = _work(state, plan, request["configuration"], step)
        if work.is_wait is not step.work.is_wait:
            raise refusals.validation_error([("configuration", "must be of the step's own type")])
        refuse_too_many(state, [*_servers_beside(plan, step), *work.servers])
        step.work = work
    step.name = request.get("stepName", step.name)
    step.updated_ms = plan.updated_ms = state.clock.now_ms
    return {"recoveryPlanStep": _show(state, plan, step)}


def delete_recovery_plan_step(state: RegionState, request: Request) -> Answer:
    """Delete a step; those after it move up. Without the last of its servers the plan is INVALID."""
    plan, step = _step_of(state, request["recoveryPlanStepArn"])
    _arrange(state, plan, [one for one in plan.steps if one is not step], "recoveryPlanStepArn")
    state.plans.forget_token(step)
    return {"recoveryPlanStepArn": step.arn}


def reorder_recovery_plan_steps(state: RegionState, request: Request) -> Answer:
    """All steps of a plan in a new order."""
    plan = plan_of(state, request["recoveryPlanArn"])
    by_arn, wanted = {step.arn: step for step in plan.steps}, request["orderedStepArns"]
    if sorted(wanted) != sorted(by_arn):
        raise refusals.validation_error([("orderedStepArns", "must name every step of the plan exactly once")])
    _arrange(state, plan, [by_arn[arn] for arn in wanted], "orderedStepArns")
    return {"recoveryPlanSteps": [shown.step(state, order, step) for order, step in enumerate(plan.steps, 1)]}


def servers_in(
    state: RegionState, given: Sequence[Request], taken: Iterable[PlanServer], member: str
) -> tuple[PlanServer, ...]:
    """The servers that a step is to have: of this account and Region, each once, none of those in other steps.

    Raises ServiceError. Servers are CRITICAL unless the request says otherwise.
    """
    servers = tuple(_server(state, one, f"{member}[{place}]") for place, one in enumerate(given))
    elsewhere = {server.id for server in taken}
    for place, server in enumerate(servers):
        if server.id in {other.id for other in servers[:place]}:
            raise refusals.validation_error([(f"{member}[{place}]", "is in the list more than once")])
        if server.id in elsewhere:
            raise refusals.conflict("The Source Server is in another step of the plan", "SourceServer", server.id)
    return servers


def refuse_too_many(state: RegionState, servers: Sequence[PlanServer]) -> None:
    """Raises ServiceError if a change would leave a plan with too many servers."""
    limit = state.settings.quotas.servers_per_plan
    if len(servers) > limit:
        raise refusals.quota_conflict("servers_per_plan", limit)


def _server(state: RegionState, given: Request, member: str) -> PlanServer:
    region, account_id, identifier = identifiers.parts(given["serverArn"])
    if (region, account_id) != (state.name, state.account_id):
        raise refusals.validation_error([(f"{member}.serverArn", "must be in the account and Region of the plan")])
    server = state.servers.get(identifier)
    if server is None or server.arn != given["serverArn"]:
        raise refusals.not_found("SourceServer", identifier)
    return PlanServer(identifier, given["serverArn"], given.get("impactLevel", "CRITICAL") == "CRITICAL")


def _work(state: RegionState, plan: Plan, configuration: Request, own: PlanStep | None) -> Work:
    if len(configuration) != 1:
        raise refusals.validation_error([("configuration", "must have exactly one member")])
    if "waitStepConfiguration" in configuration:
        return Work(wait_minutes=configuration["waitStepConfiguration"]["waitDurationMinutes"])
    given = configuration["serverStepConfiguration"]["servers"]
    member = "configuration.serverStepConfiguration.servers"
    return Work(servers_in(state, given, _servers_beside(plan, own), member))


def _servers_beside(plan: Plan, own: PlanStep | None) -> list[PlanServer]:
    return [server for step in plan.steps if step is not own for server in step.work.servers]


def _arrange(state: RegionState, plan: Plan, steps: Sequence[PlanStep], member: str) -> None:
    """Give a plan its steps in order. Nothing but waits is allowed: that is what deleting the last servers leaves."""
    has_servers = any(not step.work.is_wait for step in steps)
    is_new_wait = len(steps) == 1 and not plan.steps
    if steps and steps[0].work.is_wait and (has_servers or is_new_wait):
        raise refusals.validation_error([(member, "must not leave a wait as the plan's first step")])
    plan.steps = list(steps)
    plan.updated_ms = state.clock.now_ms


def _new_step(state: RegionState, plan: Plan, name: str, work: Work) -> PlanStep:
    plan.steps_made += 1
    digits = state.chance.stream("drs.plan.step", f"{plan.id}/{plan.steps_made}").hex(16)
    arn = f"{plan.arn}/step/st-{state.digit}{digits}"
    return PlanStep(arn, name, work, state.clock.now_ms, state.clock.now_ms)


def _step_of(state: RegionState, arn: str) -> tuple[Plan, PlanStep]:
    plan = state.plans.plan(arn.rpartition("/step/")[0])
    step = None if plan is None else next((one for one in plan.steps if one.arn == arn), None)
    if plan is None or step is None:
        raise refusals.not_found("RecoveryPlanStep", arn)
    return plan, step


def _show(state: RegionState, plan: Plan, step: PlanStep) -> Answer:
    return shown.step(state, plan.steps.index(step) + 1, step)
