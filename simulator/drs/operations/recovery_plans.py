"""Recovery plans: CreateRecoveryPlan, GetRecoveryPlan, ListRecoveryPlans, UpdateRecoveryPlan, DeleteRecoveryPlan."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from simulator.drs import refusals
from simulator.drs.operations.paging import page
from simulator.drs.operations.wire import Answer, Request
from simulator.drs.recovery_plans import shown
from simulator.drs.recovery_plans.model import Plan
from simulator.drs.state import RegionState

Made = TypeVar("Made")


def create_recovery_plan(state: RegionState, request: Request) -> Answer:
    """A plan without steps, INVALID until it has servers. Its name is its own within the account and Region."""

    def create() -> Plan:
        _refuse_name(state, request["name"])
        limit = state.settings.quotas.recovery_plans
        if len(state.plans.plans) >= limit:
            raise refusals.quota_exceeded("recovery_plans", limit)
        plan = _new_plan(state, request)
        state.plans.plans[plan.id] = plan
        return plan

    return {"recoveryPlan": shown.plan(state, once(state, "CreateRecoveryPlan", request, create))}


def get_recovery_plan(state: RegionState, request: Request) -> Answer:
    """One plan."""
    return {"recoveryPlan": shown.plan(state, plan_of(state, request["recoveryPlanArn"]))}


def list_recovery_plans(state: RegionState, request: Request) -> Answer:
    """All plans, oldest first."""
    rows = list(state.plans.plans.values())
    return listed(
        "recoveryPlans", rows, lambda plan: plan.number, lambda plan: shown.plan_summary(state, plan), request, state
    )


def update_recovery_plan(state: RegionState, request: Request) -> Answer:
    """Another name or description; executions go on as they are."""
    plan = plan_of(state, request["recoveryPlanArn"])
    name = request.get("name", plan.name)
    if name != plan.name:
        _refuse_name(state, name)
    plan.name, plan.description = name, request.get("description", plan.description)
    plan.updated_ms = state.clock.now_ms
    return {"recoveryPlan": shown.plan(state, plan)}


def delete_recovery_plan(state: RegionState, request: Request) -> Answer:
    """Delete a plan that is not being executed, with its steps. The executions that it had stay listed."""
    plan = plan_of(state, request["recoveryPlanArn"])
    if state.plans.active(plan) is not None:
        raise refusals.conflict("The Recovery Plan is being executed", "RecoveryPlan", plan.arn)
    del state.plans.plans[plan.id]
    for made in (plan, *plan.steps):
        state.plans.forget_token(made)
    return {"recoveryPlanArn": plan.arn}


def plan_of(state: RegionState, arn: str) -> Plan:
    """A plan by its ARN. Raises ServiceError if there is none."""
    plan = state.plans.plan(arn)
    if plan is None:
        raise refusals.not_found("RecoveryPlan", arn)
    return plan


def once(state: RegionState, operation: str, request: Request, make: Callable[[], Made]) -> Made:
    """What `make` makes, or what it has made when the same request came with the same clientToken before.

    Raises ServiceError for a clientToken that came with another request.
    """
    token = request.get("clientToken")
    if not token:
        return make()
    asked = {name: value for name, value in request.items() if name != "clientToken"}
    before = state.plans.tokens.get((operation, token))
    if before is None:
        before = state.plans.tokens[operation, token] = asked, make()
    if before[0] != asked:
        raise refusals.conflict("The clientToken was used for another request", "ClientToken", token)
    made: Made = before[1]
    return made


def listed(
    member: str,
    rows: Sequence[Made],
    position: Callable[[Made], int],
    show: Callable[[Made], Mapping[str, Any]],
    request: Request,
    state: RegionState,
) -> Answer:
    """A page of rows under a member's name."""
    answer = page(member, rows, position, show, request, state.settings.page_size)
    return {member: answer.pop("items"), **answer}


def _new_plan(state: RegionState, request: Request) -> Plan:
    name, now_ms = request["name"], state.clock.now_ms
    state.plans.names[name] += 1
    key = f"{state.account_id}/{state.name}/{name}/{state.plans.names[name]}"
    identifier = f"plan-{state.digit}{state.chance.stream('drs.plan', key).hex(16)}"
    return Plan(
        id=identifier,
        arn=state.arn("recovery-plan", identifier),
        number=next(state.numbers),
        name=name,
        description=request.get("description"),
        tags=dict(request.get("tags", {})),
        created_ms=now_ms,
        updated_ms=now_ms,
    )


def _refuse_name(state: RegionState, name: str) -> None:
    if any(plan.name == name for plan in state.plans.plans.values()):
        raise refusals.conflict("There is a Recovery Plan of this name already", "RecoveryPlan", name)
