"""The stack that cfn/ makes recovers in the simulated account, and what is wrong with its wiring shows."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from simulator.errors import ScenarioError, UserError
from simulator.journal import Answered, ApiCall, RecordRead, StackMade
from simulator.packaging.package import contents
from simulator.runner.result import Result, Verdict
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load, load_all
from tests.e2e.conftest import ROOT

SCENARIO = "scenarios/deployed/stack-recovers.yaml"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the production side, with the scenarios of its stack, to change."""
    for part in ("asl", "orchestration", "cfn", "scenarios/deployed"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "scenarios/records.py", tmp_path / "scenarios")
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{path} contains the text to change {text.count(old)} times"
    path.write_text(text.replace(old, new), "utf-8")


def run(source: Path) -> Result:
    return run_scenario(load(source / SCENARIO))


def test_the_stack_recovers_with_names_environment_and_routes_of_its_own() -> None:
    result = run(ROOT)
    assert (result.verdict, result.outcome, result.warnings) == (Verdict.PASSED, "COMPLETED", ())
    callers = {call.caller for _, call in result.journal.of(ApiCall)}
    functions = {caller.split("-")[3] for caller in callers if caller.startswith("recovery-Functions-")}
    assert functions == {"ApiFunction", "OrchestrationFunction", "EventsFunction"}
    tables = {
        call.request["TableName"].split("-")[3]
        for _, call in result.journal.of(ApiCall)
        if isinstance(call.request, dict) and "TableName" in call.request
    }
    assert tables >= {"ExecutionsTable", "ClaimsTable", "PlansTable"}


@pytest.mark.parametrize(
    ("number", "who"), [(0, "operator@example.com"), (1, "operator")], ids=["identity token", "access token"]
)
def test_the_record_of_the_stack_tells_which_member_of_its_user_pool_decided(number: int, who: str) -> None:
    result = run_scenario(load_all(ROOT / "scenarios/deployed/users-of-a-pool.yaml")[number])
    (read,) = [event for _, event in result.journal.of(RecordRead)]
    record: Any = read.item
    decisions = [(one["operation"], one["by"]) for one in record["operations"]]
    assert (result.verdict, decisions) == (Verdict.PASSED, [("approve", who)])


def test_a_run_of_the_stack_carries_the_digests_of_its_package() -> None:
    _, manifest = contents(ROOT)
    assert dict(run(ROOT).digests) == {kind: manifest.digests[kind] for kind in ("asl", "code", "cfn")}


@pytest.mark.parametrize(
    ("file", "old", "new", "status"),
    [
        ("api.yaml", "          /executions:\n", "          /recoveries:\n", 403),
        ("api.yaml", "Principal: apigateway.amazonaws.com", "Principal: events.amazonaws.com", 500),
        ("functions.yaml", "Handler: orchestration.api.handler", "Handler: orchestration.api.other", None),
        ("root.yaml", "PlansTable: !GetAtt Storage.Outputs.PlansTable", "PlansTable: plans", 503),
    ],
    ids=["route", "permission", "handler", "environment"],
)
def test_wiring_that_is_wrong_is_found(source: Path, file: str, old: str, new: str, status: int | None) -> None:
    path = source / "cfn" / file
    if file == "root.yaml":  # the output of the same name stays
        old, new = f"        {old}\n", f"        {new}\n"
    change(path, old, new)
    if status is None:
        with pytest.raises(UserError, match="there is no function 'other' in this file"):
            run(source)
        return
    result = run(source)
    (answer,) = [event for _, event in result.journal.of(Answered)]
    assert (result.verdict, answer.status) == (Verdict.FAILED, status)


def test_a_call_that_the_functions_role_does_not_allow_breaks_an_invariant(source: Path) -> None:
    path = source / "cfn/functions.yaml"
    path.write_text(path.read_text("utf-8").replace("states:StartExecution", "states:DescribeExecution"), "utf-8")
    result = run(source)
    (broken,) = [check for check in result.checks if not check.passed]
    assert (broken.name, broken.happened) == ("invariant: only declared calls", "it called states:StartExecution")


def test_a_roles_policies_are_known_those_of_aws_too() -> None:
    (stack,) = [event for _, event in run(ROOT).journal.of(StackMade)]
    allowed = {name.split("-")[3]: set(actions) for name, actions in stack.allowed.items()}
    assert "states:StartExecution" in allowed["ApiFunction"]
    assert "drs:*" not in allowed["ApiFunction"]
    assert "drs:*" in allowed["OrchestrationFunction"]


def test_a_template_that_cloudformation_refuses_is_told_at_its_place_in_the_scenario(source: Path) -> None:
    change(source / "cfn/machine.yaml", "Key: !Ref DefinitionKey}", "Key: nothing.json}")
    with pytest.raises(ScenarioError) as refused:
        run(source)
    (problem,) = refused.value.problems
    assert problem.where.startswith(str(source / "scenarios/deployed/_defaults.yaml:6:"))
    assert problem.message.startswith("CloudFormation refuses the stack: Machine: AWS::StepFunctions::StateMachine: ")


def test_a_resource_that_the_stack_does_not_have_is_told_with_the_one_that_was_meant(source: Path) -> None:
    change(source / "scenarios/deployed/_defaults.yaml", "resource: StateMachine.Machine", "resource: StateMachine.Machin")
    with pytest.raises(ScenarioError) as refused:
        run(source)
    (problem,) = refused.value.problems
    assert (problem.message, problem.hint) == (
        "the stack has no resource `StateMachine.Machin`",
        "did you mean `StateMachine.Machine`?",
    )
