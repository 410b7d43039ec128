"""Runbooks: their steps, references, failures, approvals and ends, through boto3."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulator.account import moto_services
from simulator.account.ssm.documents import parse_document
from simulator.account.ssm.outcomes import Duration, Outcome
from simulator.account.world import ACCOUNT_ID
from simulator.journal import AutomationChanged
from tests.account.conftest import Stage, stage

MINUTE = 60_000


def step(name: str, action: str, **more: Any) -> dict[str, Any]:
    inputs = more.pop("inputs", {})
    return {"name": name, "action": action, "inputs": inputs, **more}


def sleep(name: str, minutes: int = 1, **more: Any) -> dict[str, Any]:
    return step(name, "aws:sleep", inputs={"Duration": f"PT{minutes}M"}, **more)


class Ssm:
    """Systems Manager of a world, asked by a process of it."""

    def __init__(self, staged: Stage) -> None:
        self.staged, self.world = staged, staged.world
        self.boto = moto_services.client("ssm", "us-east-1", ACCOUNT_ID)

    def document(self, name: str, *steps: dict[str, Any], **more: Any) -> None:
        content = {"schemaVersion": "0.3", "mainSteps": list(steps), **more}
        self.world.ssm_documents[name] = parse_document(name, json.dumps(content))

    def do(self, act: Callable[[], Any]) -> Any:
        return self.staged.run(act)[0]

    def run(self, name: str, **parameters: list[str]) -> dict[str, Any]:
        """Run a runbook to its end; the execution then."""

        def act() -> Any:
            asked: dict[str, Any] = {"DocumentName": name} | ({"Parameters": parameters} if parameters else {})
            identifier = self.boto.start_automation_execution(**asked)["AutomationExecutionId"]
            self.world.ssm().executions[identifier].ended.wait()
            return self.boto.get_automation_execution(AutomationExecutionId=identifier)["AutomationExecution"]

        found: dict[str, Any] = self.do(act)
        return found

    def refusal(self, operation: str, **parameters: Any) -> str:
        def act() -> str:
            with pytest.raises(ClientError) as refused:
                getattr(self.boto, operation)(**parameters)
            return str(refused.value.response["Error"]["Code"])

        return str(self.do(act))


@pytest.fixture
def ssm() -> Iterator[Ssm]:
    with stage() as ready:
        yield Ssm(ready)


def names(execution: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["StepName"], one["StepStatus"]) for one in execution["StepExecutions"]]


def took_seconds(execution: dict[str, Any]) -> float:
    took: float = (execution["ExecutionEndTime"] - execution["ExecutionStartTime"]).total_seconds()
    return took


def test_steps_go_in_order_and_take_their_time(ssm: Ssm) -> None:
    ssm.document("FreezeWrites", sleep("one"), sleep("two", 2, isEnd=True), sleep("never"))
    execution = ssm.run("FreezeWrites")
    assert (execution["AutomationExecutionStatus"], names(execution)) == (
        "Success",
        [("one", "Success"), ("two", "Success")],
    )
    assert took_seconds(execution) == 180


def test_a_runbook_may_be_yaml_kept_by_the_account(ssm: Ssm) -> None:
    text = "schemaVersion: '0.3'\nmainSteps:\n  - {name: nap, action: 'aws:sleep', inputs: {Duration: PT5M}}\n"

    def act() -> None:
        ssm.boto.create_document(Name="Nap", Content=text, DocumentType="Automation", DocumentFormat="YAML")

    ssm.do(act)
    assert took_seconds(ssm.run("Nap")) == 300


def test_references_lead_to_parameters_outputs_and_the_execution_itself(ssm: Ssm) -> None:
    call = step(
        "ask",
        "aws:invokeLambdaFunction",
        inputs={"FunctionName": "two", "Payload": '{"n": {{ count }}}'},
        outputs=[{"Name": "Double", "Selector": "$.Payload.double", "Type": "Integer"}],
    )
    branch = step("choose", "aws:branch", inputs={"Choices": [
        {"NextStep": "big", "Variable": "{{ ask.Double }}", "NumericGreater": 5},
    ], "Default": "small"})  # fmt: skip
    ssm.document(
        "Count", call, branch, sleep("small", isEnd=True), sleep("big", 3, isEnd=True),
        parameters={"count": {"type": "Integer"}}, outputs=["ask.Double"],
    )  # fmt: skip
    big = ssm.run("Count", count=["4"])
    assert (names(big)[-1], big["Outputs"]) == (("big", "Success"), {"ask.Double": ["8"]})
    assert names(ssm.run("Count", count=["1"]))[-1] == ("small", "Success")


@pytest.mark.parametrize(
    ("on_failure", "more", "status", "steps"),
    [
        ("Abort", {}, "Failed", ["bad"]),
        ("Continue", {}, "Failed", ["bad", "after"]),
        ("Continue", {"isCritical": False}, "Success", ["bad", "after"]),
        ("step:mend", {"isCritical": False}, "Success", ["bad", "mend"]),
    ],
)
def test_what_follows_a_failed_step_is_in_the_runbook(
    ssm: Ssm, on_failure: str, more: dict[str, Any], status: str, steps: list[str]
) -> None:
    bad = step("bad", "aws:invokeLambdaFunction", inputs={"FunctionName": "nobody"}, onFailure=on_failure, **more)
    ssm.document("Risky", bad, sleep("after", isEnd=True), sleep("mend", isEnd=True))
    execution = ssm.run("Risky")
    assert (execution["AutomationExecutionStatus"], [name for name, _ in names(execution)]) == (status, steps)
    assert "Function not found" in execution["StepExecutions"][0]["FailureMessage"]


def test_a_step_that_takes_too_long_times_out(ssm: Ssm) -> None:
    ssm.document("Slow", sleep("slow", 60, timeoutSeconds=90))
    execution = ssm.run("Slow")
    assert (execution["AutomationExecutionStatus"], took_seconds(execution)) == ("TimedOut", 90)


def test_a_step_is_attempted_as_often_as_the_runbook_says(ssm: Ssm) -> None:
    ssm.world.ssm_outcomes.add(Outcome("Flaky", "work", ending="Failed", message="busy", duration=Duration(10, 10), times=2))
    ssm.document("Flaky", step("work", "aws:executeScript", maxAttempts=3), sleep("after"))
    execution = ssm.run("Flaky")
    assert execution["AutomationExecutionStatus"] == "Success"
    assert took_seconds(execution) > 80


def test_outcomes_are_asked_for_by_document_and_step(ssm: Ssm) -> None:
    ssm.world.ssm_outcomes.add(Outcome("Check*", "probe", outputs={"Healthy": "yes"}, duration=Duration(30, 30)))
    ssm.document("CheckWeb", step("probe", "aws:executeScript"), outputs=["probe.Healthy"])
    execution = ssm.run("CheckWeb")
    assert (execution["Outputs"], took_seconds(execution)) == ({"probe.Healthy": ["yes"]}, 30)


def test_a_hanging_step_is_stopped_with_its_execution(ssm: Ssm) -> None:
    ssm.world.ssm_outcomes.add(Outcome("Hang", ending="hang"))
    ssm.document("Hang", sleep("work"), sleep("after"))

    def act() -> Any:
        identifier = ssm.boto.start_automation_execution(DocumentName="Hang")["AutomationExecutionId"]
        ssm.world.clock.sleep_ms(10 * MINUTE)
        ssm.boto.stop_automation_execution(AutomationExecutionId=identifier)
        ssm.world.clock.sleep_ms(1_000)
        found = ssm.boto.get_automation_execution(AutomationExecutionId=identifier)["AutomationExecution"]
        with pytest.raises(ClientError, match="InvalidAutomationStatusUpdateException"):
            ssm.boto.stop_automation_execution(AutomationExecutionId=identifier)
        return found

    execution = ssm.do(act)
    assert (execution["AutomationExecutionStatus"], names(execution)) == ("Cancelled", [("work", "Cancelled")])


@pytest.mark.parametrize(("signal", "status"), [("Approve", "Success"), ("Reject", "Failed")])
def test_an_approval_waits_for_a_person(ssm: Ssm, signal: str, status: str) -> None:
    ssm.document("Ask", step("approve", "aws:approve", inputs={"Approvers": ["ops"], "Message": "go?"}), sleep("after"))

    def act() -> Any:
        identifier = ssm.boto.start_automation_execution(DocumentName="Ask")["AutomationExecutionId"]
        ssm.world.clock.sleep_ms(20 * MINUTE)
        waiting = ssm.boto.describe_automation_executions()["AutomationExecutionMetadataList"][0]
        assert waiting["CurrentAction"] == "aws:approve"
        assert waiting["AutomationExecutionStatus"] == "Waiting"
        steps = ssm.boto.describe_automation_step_executions(AutomationExecutionId=identifier)["StepExecutions"]
        assert [one["StepStatus"] for one in steps] == ["Waiting"]
        ssm.boto.send_automation_signal(AutomationExecutionId=identifier, SignalType=signal)
        ssm.world.ssm().executions[identifier].ended.wait()
        with pytest.raises(ClientError, match="InvalidAutomationSignalException"):
            ssm.boto.send_automation_signal(AutomationExecutionId=identifier, SignalType=signal)
        return ssm.boto.get_automation_execution(AutomationExecutionId=identifier)["AutomationExecution"]

    assert ssm.do(act)["AutomationExecutionStatus"] == status


@pytest.mark.parametrize(
    ("steps", "flaw"),
    [
        ([], "The document has no mainSteps"),
        ([{"action": "aws:sleep"}], "Each of mainSteps must have a name"),
        ([step("a", "aws:approves")], "Step a has an action that is not supported: aws:approves"),
        ([step("a", "aws:runShellScript")], "Step a has an action that is not supported: aws:runShellScript"),
        ([sleep("a"), sleep("a")], "Two steps are called a"),
        ([sleep("a", nextStep="b")], "Step a goes on with a step that there is not: b"),
    ],
)
def test_a_runbook_that_cannot_be_is_refused_when_it_is_created(ssm: Ssm, steps: list[dict[str, Any]], flaw: str) -> None:
    asked = {"Content": json.dumps({"schemaVersion": "0.3", "mainSteps": steps}), "DocumentType": "Automation"}
    with pytest.raises(ClientError, match="InvalidDocumentContent") as refused:
        ssm.boto.create_document(Name="Wrong", **asked)
    assert refused.value.response["Error"]["Message"] == flaw
    assert ssm.refusal("start_automation_execution", DocumentName="Wrong") == "AutomationDefinitionNotFoundException"


def test_a_runbook_and_a_commands_document_that_can_be_are_kept(ssm: Ssm) -> None:
    runbook = {"schemaVersion": "0.3", "mainSteps": [sleep("a", nextStep="b"), step("b", "aws:runCommand")]}
    command = {"schemaVersion": "2.2", "mainSteps": [step("a", "aws:runShellScript")]}
    for name, content, kind in (("Book", runbook, "Automation"), ("Command", command, "Command")):
        made = ssm.boto.create_document(Name=name, Content=json.dumps(content), DocumentType=kind)
        assert made["DocumentDescription"]["Status"] == "Active"


def test_an_approval_that_never_comes_times_out(ssm: Ssm) -> None:
    ssm.document("Ask", step("approve", "aws:approve", inputs={"Approvers": ["ops"]}, timeoutSeconds=3_600))
    execution = ssm.run("Ask")
    assert (execution["AutomationExecutionStatus"], took_seconds(execution)) == ("TimedOut", 3_600)


def test_a_pause_waits_for_a_resume(ssm: Ssm) -> None:
    ssm.document("Hold", step("hold", "aws:pause"))

    def act() -> Any:
        identifier = ssm.boto.start_automation_execution(DocumentName="Hold")["AutomationExecutionId"]
        ssm.world.clock.sleep_ms(MINUTE)
        ssm.boto.send_automation_signal(AutomationExecutionId=identifier, SignalType="Resume")
        ssm.world.ssm().executions[identifier].ended.wait()
        return ssm.boto.get_automation_execution(AutomationExecutionId=identifier)["AutomationExecution"]

    assert ssm.do(act)["AutomationExecutionStatus"] == "Success"


def test_a_runbook_calls_aws_waits_for_a_property_and_runs_others(ssm: Ssm) -> None:
    item = {"id": {"S": "{{ automation:EXECUTION_ID }}"}}
    call = {"Service": "dynamodb", "Api": "PutItem", "TableName": "records", "Item": item}
    put = step("put", "aws:executeAwsApi", inputs=call)
    look = {
        "Service": "dynamodb",
        "Api": "Scan",
        "TableName": "records",
        "PropertySelector": "$.Count",
        "DesiredValues": [1],
    }
    ssm.document("Inner", put, step("there", "aws:waitForAwsResourceProperty", inputs=look, timeoutSeconds=60))
    ssm.document("Outer", step("run", "aws:executeAutomation", inputs={"DocumentName": "Inner"}), outputs=["run.Status"])
    assert ssm.run("Outer")["Outputs"] == {"run.Status": ["Success"]}
    assert ssm.run("Inner")["AutomationExecutionStatus"] == "TimedOut"  # there are two now


def test_a_runbook_that_branches_in_a_circle_ends(ssm: Ssm) -> None:
    ssm.document("Round", step("again", "aws:branch", inputs={"Choices": [], "Default": "again"}))
    execution = ssm.run("Round")
    assert (execution["AutomationExecutionStatus"], len(execution["StepExecutions"])) == ("Failed", 1_000)


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("start_automation_execution", {"DocumentName": "Nope"}, "AutomationDefinitionNotFoundException"),
        ("start_automation_execution", {"DocumentName": "AWS-RunShellScript"}, "AutomationDefinitionNotFoundException"),
        ("start_automation_execution", {"DocumentName": "AWS-StopEC2Instance"},
         "InvalidAutomationExecutionParametersException"),
        ("start_automation_execution", {"DocumentName": "Nap", "Parameters": {"x": ["1"]}},
         "InvalidAutomationExecutionParametersException"),
        ("get_automation_execution", {"AutomationExecutionId": "0" * 36}, "AutomationExecutionNotFoundException"),
        ("stop_automation_execution", {"AutomationExecutionId": "0" * 36}, "AutomationExecutionNotFoundException"),
    ],
)  # fmt: skip
def test_refusals_have_awss_names(ssm: Ssm, operation: str, parameters: dict[str, Any], code: str) -> None:
    ssm.document("Nap", sleep("nap"))
    assert ssm.refusal(operation, **parameters) == code


def test_a_token_starts_one_execution(ssm: Ssm) -> None:
    ssm.document("Nap", sleep("nap"))
    token = "00000000-0000-4000-8000-000000000000"

    def act() -> Any:
        asked = {"DocumentName": "Nap", "ClientToken": token}
        return [ssm.boto.start_automation_execution(**asked)["AutomationExecutionId"] for _ in range(2)]

    first, second = ssm.do(act)
    assert first == second


def test_only_so_many_runbooks_run_at_a_time(ssm: Ssm) -> None:
    ssm.document("Nap", sleep("nap"))

    def act() -> None:
        for _ in range(100):
            ssm.boto.start_automation_execution(DocumentName="Nap")
        with pytest.raises(ClientError, match="AutomationExecutionLimitExceededException"):
            ssm.boto.start_automation_execution(DocumentName="Nap")

    ssm.do(act)
    ends = [one for _, one in ssm.world.journal.of(AutomationChanged) if one.status == "Success"]
    assert len(ends) == 100


def test_parameters_are_still_moto_s(ssm: Ssm) -> None:
    def act() -> Any:
        ssm.boto.put_parameter(Name="/dr/mode", Value="drill", Type="String")
        return ssm.boto.get_parameter(Name="/dr/mode")["Parameter"]["Value"]

    assert ssm.do(act) == "drill"
