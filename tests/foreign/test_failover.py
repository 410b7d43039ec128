"""An orchestrator in a style unlike ours runs as it is, in process and over HTTP, with the same history."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.journal import ApiCall, FunctionInvoked, HistoryEvent, RecordRead, StackMade
from simulator.runner.result import Result, Verdict
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load
from tests.server.served import Served, serving

SCENARIO = Path(__file__).with_name("failover.yaml")
REGION = "us-east-1"


@pytest.fixture(scope="module")
def embedded() -> Result:
    return run_scenario(load(SCENARIO))


def test_it_recovers_both_waves_unmodified(embedded: Result) -> None:
    assert (embedded.verdict, embedded.outcome, embedded.warnings) == (Verdict.PASSED, "COMPLETED", ())
    (_, record), *_ = embedded.journal.of(RecordRead)
    assert record.item is not None
    assert (record.item["ExecutionId"], record.item["Status"], record.item["Stage"]) == (
        "failover-1",
        "COMPLETED",
        "rehearsal",
    )


def test_six_functions_in_files_of_one_name_call_each_other(embedded: Result) -> None:
    invoked = {event.function.split("-")[1] for _, event in embedded.journal.of(FunctionInvoked)}
    assert invoked == {
        "LoadPlanFunction", "DescribeServersFunction", "StartWaveFunction", "CheckWaveFunction", "RecordResultFunction",
        "AnnounceFunction",
    }  # fmt: skip
    nested = [
        call.request for _, call in embedded.journal.of(ApiCall) if "StartWave" in call.caller and call.service == "lambda"
    ]
    assert [request.get("InvocationType") for request in nested if isinstance(request, dict)] == [None, "Event"] * 2


def test_the_template_makes_everything_that_it_names(embedded: Result) -> None:
    ((_, stack),) = embedded.journal.of(StackMade)
    assert stack.inert == {}
    assert {"PlanTable", "ExecutionTable", "ReportBucket", "ApprovalDocument", "PollParameter"} <= set(stack.resources)


def test_over_http_it_has_the_same_history(embedded: Result) -> None:
    with serving("--speed", "virtual", SCENARIO) as served:
        execution, events = _recover(served)
    expected = [event for _, event in embedded.journal.of(HistoryEvent)]
    assert [(event["id"], event["previousEventId"], event["type"]) for event in events] == [
        (event.id, event.previous_id, event.type) for event in expected
    ]
    states = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
    assert states == [event.state for event in expected if event.type.endswith("StateEntered")]
    assert execution["status"] == "SUCCEEDED"
    assert json.loads(execution["output"]) == json.loads(str(expected[-1].details["output"]))


def _recover(served: Served) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Start the state machine, approve what it asks for, and wait for its end; the execution and its history."""
    states, ssm = served.client("stepfunctions", REGION), served.client("ssm", REGION)
    (machine,) = states.list_state_machines()["stateMachines"]
    arn = states.start_execution(
        stateMachineArn=machine["stateMachineArn"], input=json.dumps({"PlanId": "failover", "IsDrill": True})
    )["executionArn"]
    served.admin("clock/advance", {"seconds": 812})  # when the operator of the scenario approves
    (waiting,) = ssm.describe_automation_executions()["AutomationExecutionMetadataList"]
    ssm.send_automation_signal(AutomationExecutionId=waiting["AutomationExecutionId"], SignalType="Approve")
    served.admin("clock/advance", {"seconds": 3600})
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn)
    return states.describe_execution(executionArn=arn), [event for page in pages for event in page["events"]]
