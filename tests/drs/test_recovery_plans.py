"""Recovery plans and their steps: what may be in a plan, in which order, and what is refused."""

from typing import Any

import pytest

from simulator.drs.settings import Quotas
from tests.drs.plans import WAIT, Plans, planned
from tests.drs.world import pinned


@pytest.fixture
def plans() -> Plans:
    return Plans()


def test_a_plan_begins_without_steps_and_invalid(plans: Plans) -> None:
    plan = plans.world.call("CreateRecoveryPlan", name="crm", description="d", tags={"team": "x"})["recoveryPlan"]
    identifier = plan["recoveryPlanArn"].removeprefix("arn:aws:drs:us-west-2:123456789012:recovery-plan/")
    assert plan == {
        "recoveryPlanArn": f"arn:aws:drs:us-west-2:123456789012:recovery-plan/{identifier}",
        "name": "crm",
        "description": "d",
        "status": "INVALID",
        "createdAt": "2026-03-01T02:00:00.000000+00:00",
        "updatedAt": "2026-03-01T02:00:00.000000+00:00",
        "tags": {"team": "x"},
    }
    assert (identifier[:6], len(identifier)) == ("plan-5", 22)


def test_plans_are_listed_page_by_page_and_without_what_only_one_shows(plans: Plans) -> None:
    plans.create("crm", description="d", tags={"team": "x"})
    first = plans.world.call("ListRecoveryPlans", maxResults=1)
    rest = plans.world.call("ListRecoveryPlans", maxResults=1, nextToken=first["nextToken"])
    assert [plan["name"] for plan in first["recoveryPlans"] + rest["recoveryPlans"]] == ["erp", "crm"]
    assert set(rest["recoveryPlans"][0]) == {"recoveryPlanArn", "name", "status", "createdAt", "updatedAt"}
    assert "nextToken" not in rest


def test_a_plan_can_be_renamed_and_described(plans: Plans) -> None:
    plans.pass_minutes(1)
    renamed = plans.world.call("UpdateRecoveryPlan", recoveryPlanArn=plans.plan, name="erp 2")["recoveryPlan"]
    assert (renamed["name"], "description" in renamed) == ("erp 2", False)
    assert (renamed["createdAt"][11:19], renamed["updatedAt"][11:19]) == ("02:00:00", "02:01:00")
    described = plans.world.call("UpdateRecoveryPlan", recoveryPlanArn=plans.plan, description="all")["recoveryPlan"]
    assert (described["name"], described["description"]) == ("erp 2", "all")


def test_a_name_belongs_to_one_plan(plans: Plans) -> None:
    other = plans.create("crm")
    assert plans.world.refusal("CreateRecoveryPlan", name="erp").code == "ConflictException"
    assert plans.world.refusal("UpdateRecoveryPlan", recoveryPlanArn=other, name="erp").code == "ConflictException"
    plans.world.call("UpdateRecoveryPlan", recoveryPlanArn=other, name="crm")  # its own name is no other's


def test_a_deleted_plan_is_gone_with_its_steps_and_leaves_its_name(plans: Plans) -> None:
    step = plans.step("data", plans.servers_of("db-1"))
    assert plans.world.call("DeleteRecoveryPlan", recoveryPlanArn=plans.plan) == {"recoveryPlanArn": plans.plan}
    for operation, request in (
        ("GetRecoveryPlan", {"recoveryPlanArn": plans.plan}),
        ("GetRecoveryPlanStep", {"recoveryPlanStepArn": step}),
        ("ListRecoveryPlanSteps", {"recoveryPlanArn": plans.plan}),
        ("StartRecoveryPlanExecution", plans.starting()),
    ):
        assert plans.world.refusal(operation, **request).code == "ResourceNotFoundException"
    assert plans.create("erp") != plans.plan


def test_plans_and_executions_have_tags_of_their_own_and_steps_have_none(plans: Plans) -> None:
    plan = plans.create("crm", tags={"team": "x"})
    step = plans.step("data", plans.servers_of("db-1"), plan)
    execution = plans.start(plan, tags={"why": "test"})
    plans.world.call("TagResource", resourceArn=plan, tags={"tier": "1"})
    plans.world.call("UntagResource", resourceArn=execution, tagKeys=["why"])
    assert plans.world.call("ListTagsForResource", resourceArn=plan)["tags"] == {"team": "x", "tier": "1"}
    assert plans.execution(execution)["tags"] == {}
    assert plans.world.refusal("ListTagsForResource", resourceArn=step).code == "ResourceNotFoundException"


def test_a_plan_is_valid_as_long_as_it_has_servers(plans: Plans) -> None:
    step = plans.step("data", plans.servers_of("db-1"))
    assert plans.status() == "ACTIVE"
    plans.step("pause", WAIT)
    plans.world.call("DeleteRecoveryPlanStep", recoveryPlanStepArn=step)
    assert (plans.names(), plans.status()) == ([(1, "pause")], "INVALID")
    plans.step("data", plans.servers_of("db-1"), stepOrder=1)
    assert (plans.names(), plans.status()) == ([(1, "data"), (2, "pause")], "ACTIVE")


def test_a_step_shows_its_place_and_what_it_does(plans: Plans) -> None:
    request = plans.request("data", plans.servers_of("db-1", optional=("db-2",)))
    step = plans.world.call("CreateRecoveryPlanStep", **request)["recoveryPlanStep"]
    arn = step["recoveryPlanStepArn"]
    assert step == {
        "recoveryPlanStepArn": arn,
        "stepOrder": 1,
        "stepName": "data",
        "configuration": {
            "serverStepConfiguration": {
                "servers": [
                    {"serverArn": plans.servers["db-1"].arn, "impactLevel": "CRITICAL"},
                    {"serverArn": plans.servers["db-2"].arn, "impactLevel": "OPTIONAL"},
                ]
            }
        },
        "createdAt": "2026-03-01T02:00:00.000000+00:00",
        "updatedAt": "2026-03-01T02:00:00.000000+00:00",
    }
    assert arn.startswith(f"{plans.plan}/step/st-5")
    assert plans.world.call("GetRecoveryPlanStep", recoveryPlanStepArn=arn)["recoveryPlanStep"] == step


def test_steps_are_added_at_the_end_or_where_they_are_wanted(plans: Plans) -> None:
    plans.step("data", plans.servers_of("db-1"))
    plans.step("web", plans.servers_of("web-1"))
    plans.step("pause", WAIT, stepOrder=2)
    plans.step("last", WAIT, stepOrder=4)
    assert plans.names() == [(1, "data"), (2, "pause"), (3, "web"), (4, "last")]
    error = plans.world.refusal("CreateRecoveryPlanStep", **plans.request("far", WAIT, stepOrder=6))
    assert (error.code, error.members["fieldList"][0]["name"]) == ("ValidationException", "stepOrder")


def test_steps_are_listed_page_by_page(plans: Plans) -> None:
    plans.three_tiers()
    first = plans.world.call("ListRecoveryPlanSteps", recoveryPlanArn=plans.plan, maxResults=2)
    rest = plans.world.call("ListRecoveryPlanSteps", recoveryPlanArn=plans.plan, nextToken=first["nextToken"])
    listed = first["recoveryPlanSteps"] + rest["recoveryPlanSteps"]
    assert [step["stepName"] for step in listed] == ["data", "pause", "app"]


def test_steps_move_up_when_one_is_deleted(plans: Plans) -> None:
    plans.three_tiers()
    pause = plans.world.call("ListRecoveryPlanSteps", recoveryPlanArn=plans.plan)["recoveryPlanSteps"][1]
    arn = pause["recoveryPlanStepArn"]
    assert plans.world.call("DeleteRecoveryPlanStep", recoveryPlanStepArn=arn) == {"recoveryPlanStepArn": arn}
    assert plans.names() == [(1, "data"), (2, "app")]
    assert plans.world.refusal("GetRecoveryPlanStep", recoveryPlanStepArn=arn).code == "ResourceNotFoundException"


def test_steps_are_reordered_by_naming_all_of_them(plans: Plans) -> None:
    data = plans.step("data", plans.servers_of("db-1"))
    pause = plans.step("pause", WAIT)
    web = plans.step("web", plans.servers_of("web-1"))
    request: dict[str, Any] = {"recoveryPlanArn": plans.plan}
    order = plans.world.call("ReorderRecoveryPlanSteps", **request, orderedStepArns=[web, pause, data])
    assert [step["stepOrder"] for step in order["recoveryPlanSteps"]] == [1, 2, 3]
    assert plans.names() == [(1, "web"), (2, "pause"), (3, "data")]
    for wrong in ([web, data], [web, pause, pause], [web, pause, data, data], [pause, web, data]):
        error = plans.world.refusal("ReorderRecoveryPlanSteps", **request, orderedStepArns=wrong)
        assert (error.code, error.members["fieldList"][0]["name"]) == ("ValidationException", "orderedStepArns")
    assert plans.names() == [(1, "web"), (2, "pause"), (3, "data")]


def test_a_wait_is_never_the_first_step_of_a_plan_with_servers(plans: Plans) -> None:
    assert plans.world.refusal("CreateRecoveryPlanStep", **plans.request("pause", WAIT)).code == "ValidationException"
    data = plans.step("data", plans.servers_of("db-1"))
    first = plans.request("pause", WAIT, stepOrder=1)
    assert plans.world.refusal("CreateRecoveryPlanStep", **first).code == "ValidationException"
    plans.step("pause", WAIT)
    plans.step("web", plans.servers_of("web-1"))
    assert plans.world.refusal("DeleteRecoveryPlanStep", recoveryPlanStepArn=data).code == "ValidationException"
    assert plans.names() == [(1, "data"), (2, "pause"), (3, "web")]


def test_a_step_s_servers_are_replaced_in_full_and_its_type_stays(plans: Plans) -> None:
    data = plans.step("data", plans.servers_of("db-1"))
    pause = plans.step("pause", WAIT)
    update = "UpdateRecoveryPlanStep"
    changed = plans.world.call(update, recoveryPlanStepArn=data, stepName="all", configuration=plans.servers_of("db-2"))
    step = changed["recoveryPlanStep"]
    assert step["stepName"] == "all"
    assert step["configuration"]["serverStepConfiguration"]["servers"] == [
        {"serverArn": plans.servers["db-2"].arn, "impactLevel": "CRITICAL"}
    ]
    longer = {"waitStepConfiguration": {"waitDurationMinutes": 120}}
    waited = plans.world.call(update, recoveryPlanStepArn=pause, configuration=longer)["recoveryPlanStep"]
    assert (waited["stepName"], waited["stepOrder"], waited["configuration"]) == ("pause", 2, longer)
    assert plans.world.refusal(update, recoveryPlanStepArn=data, configuration=WAIT).code == "ValidationException"
    servers = plans.servers_of("web-1")
    assert plans.world.refusal(update, recoveryPlanStepArn=pause, configuration=servers).code == "ValidationException"


def test_a_step_is_of_exactly_one_type(plans: Plans) -> None:
    for configuration in ({}, {**WAIT, **plans.servers_of("db-1")}):
        error = plans.world.refusal("CreateRecoveryPlanStep", **plans.request("x", configuration))
        assert (error.code, error.members["fieldList"][0]["name"]) == ("ValidationException", "configuration")


def test_a_server_is_in_one_step_of_a_plan_but_in_any_number_of_plans(plans: Plans) -> None:
    data = plans.step("data", plans.servers_of("db-1"))
    plans.step("web", plans.servers_of("web-1"))
    again = plans.world.refusal("CreateRecoveryPlanStep", **plans.request("again", plans.servers_of("db-2", "db-1")))
    assert (again.code, again.members["resourceId"]) == ("ConflictException", plans.servers["db-1"].id)
    twice = plans.world.refusal("CreateRecoveryPlanStep", **plans.request("twice", plans.servers_of("db-2", "db-2")))
    assert twice.members["fieldList"][0]["name"] == "configuration.serverStepConfiguration.servers[1]"
    both = plans.servers_of("db-1", "web-1")
    taken = plans.world.refusal("UpdateRecoveryPlanStep", recoveryPlanStepArn=data, configuration=both)
    assert taken.code == "ConflictException"
    plans.step("data", plans.servers_of("db-1"), plans.create("crm"))


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("arn:aws:drs:us-west-2:123456789012:source-server/s-50000000000000000", "ResourceNotFoundException"),
        ("arn:aws:drs:us-east-1:123456789012:source-server/s-30000000000000000", "ValidationException"),
        ("arn:aws:drs:us-west-2:210987654321:source-server/s-50000000000000000", "ValidationException"),
    ],
)
def test_servers_are_of_the_plan_s_account_and_region(plans: Plans, arn: str, code: str) -> None:
    configuration = {"serverStepConfiguration": {"servers": [{"serverArn": arn}]}}
    assert plans.world.refusal("CreateRecoveryPlanStep", **plans.request("data", configuration)).code == code


def test_plans_steps_and_servers_have_quotas() -> None:
    plans = Plans(planned(quotas=Quotas(recovery_plans=2, steps_per_plan=2, servers_per_plan=3)))
    other = plans.create("crm")
    error = plans.world.refusal("CreateRecoveryPlan", name="hr")
    assert (error.code, error.status) == ("ServiceQuotaExceededException", 402)
    assert error.members == {"serviceCode": "drs", "resourceType": "RecoveryPlan"}
    data = plans.step("data", plans.servers_of("db-1", "db-2"))
    servers = plans.request("web", plans.servers_of("web-1", "web-2"))
    assert plans.world.refusal("CreateRecoveryPlanStep", **servers).code == "ServiceQuotaExceededException"
    plans.step("web", plans.servers_of("web-1"))
    assert plans.world.refusal("CreateRecoveryPlanStep", **plans.request("x", WAIT)).code == "ServiceQuotaExceededException"
    four = plans.servers_of("db-1", "db-2", "app-1")
    update = plans.world.refusal("UpdateRecoveryPlanStep", recoveryPlanStepArn=data, configuration=four)
    assert update.code == "ConflictException"  # its model has no error for quotas
    plans.world.call("DeleteRecoveryPlan", recoveryPlanArn=other)
    plans.create("hr")


def test_by_default_a_plan_has_twenty_steps_and_a_hundred_servers() -> None:
    assert (Quotas().recovery_plans, Quotas().steps_per_plan, Quotas().servers_per_plan) == (1000, 20, 100)
    plans = Plans(pinned())
    plans.step("data", plans.servers_of("db-1"))
    for number in range(2, 21):
        plans.step(f"step {number}", WAIT)
    assert plans.world.refusal("CreateRecoveryPlanStep", **plans.request("x", WAIT)).status == 402


def test_a_request_with_the_same_token_is_granted_once(plans: Plans) -> None:
    plan = plans.create("crm", clientToken="t")
    assert plans.create("crm", clientToken="t") == plan
    step = plans.step("data", plans.servers_of("db-1"), clientToken="t")  # each operation has its own tokens
    assert plans.step("data", plans.servers_of("db-1"), clientToken="t") == step
    execution = plans.start(clientToken="t")
    assert plans.start(clientToken="t") == execution
    assert (plans.names(), len(plans.world.call("ListRecoveryPlans")["recoveryPlans"])) == ([(1, "data")], 2)


def test_a_token_goes_with_one_request(plans: Plans) -> None:
    plan = plans.create("crm", clientToken="t")
    assert plans.world.refusal("CreateRecoveryPlan", name="hr", clientToken="t").code == "ConflictException"
    plans.world.call("DeleteRecoveryPlan", recoveryPlanArn=plan)
    assert plans.create("crm", clientToken="t") != plan  # what it made is gone


def test_a_server_of_a_plan_cannot_be_deleted(plans: Plans) -> None:
    step = plans.step("data", plans.servers_of("db-1"))
    server = plans.servers["db-1"].id
    plans.world.call("DisconnectSourceServer", sourceServerID=server)
    error = plans.world.refusal("DeleteSourceServer", sourceServerID=server)
    assert (error.code, error.message.endswith(plans.plan.rpartition("/")[2])) == ("ConflictException", True)
    plans.world.call("DeleteRecoveryPlanStep", recoveryPlanStepArn=step)
    plans.world.call("DeleteSourceServer", sourceServerID=server)


def test_plans_are_known_by_their_whole_arn(plans: Plans) -> None:
    elsewhere = plans.plan.replace("us-west-2", "us-east-1")
    assert plans.world.refusal("GetRecoveryPlan", recoveryPlanArn=elsewhere).code == "ResourceNotFoundException"
    assert plans.world.refusal("GetRecoveryPlanStep", recoveryPlanStepArn=plans.plan).code == "ResourceNotFoundException"
