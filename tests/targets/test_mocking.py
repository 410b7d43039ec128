"""Test cases of a MockConfigFile.json, as Step Functions Local takes it, in the place of what tasks call."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.errors import ScenarioError
from simulator.journal import ApiCall, FaultFired, FunctionInvoked, HistoryEvent
from simulator.runner.result import Result, Verdict
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load, load_all

UNUSABLE = "MockConfigFile.json cannot be used: "
HELLO = {"StatusCode": 200, "Payload": {"body": "Hello"}}
NOT_READY = {"Error": "Lambda.ResourceNotReadyException", "Cause": "not ready"}
TIMED_OUT = {"Error": "Lambda.TimeoutException", "Cause": "timed out"}
CONFIG: dict[str, Any] = {
    "StateMachines": {
        "Sender": {
            "TestCases": {
                "HappyPath": {"Work": "Works", "Send": "Sent", "Ask": "Approved", "Sub": "Done"},
                "RetryPath": {"Work": "WorksInTheEnd", "Send": "Sent", "Ask": "Approved", "Sub": "Done"},
                "TooFew": {"Work": "FailsOnce", "Send": "Sent", "Ask": "Approved", "Sub": "Done"},
                "Refused": {"Work": "Works", "Send": "Sent", "Ask": "Denied"},
                "Hybrid": {"Send": "Sent", "Ask": "Approved", "Sub": "Done"},
            }
        }
    },
    "MockedResponses": {
        "Works": {"0": {"Return": HELLO}},
        "WorksInTheEnd": {"0": {"Throw": NOT_READY}, "1-2": {"Throw": TIMED_OUT}, "3": {"Return": HELLO}},
        "FailsOnce": {"0": {"Throw": NOT_READY}},
        "Sent": {"0": {"Return": {"MessageId": "m-1"}}},
        "Approved": {"0": {"Return": {"approved": True}}},
        "Denied": {"0": {"Throw": {"Error": "Denied", "Cause": "not tonight"}}},
        "Done": {"0": {"Return": {"Output": "{}", "Status": "SUCCEEDED"}}},
    },
}
RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 3, "MaxAttempts": 3, "BackoffRate": 2}]
MACHINE = {
    "StartAt": "Work",
    "States": {
        "Work": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "${WorkerArn}", "Payload": {}},
            "Retry": RETRY,
            "Next": "Send",
        },
        "Send": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Parameters": {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/1/q", "MessageBody.$": "$.Payload.body"},
            "Next": "Ask",
        },
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {"FunctionName": "${WorkerArn}", "Payload": {"token.$": "$$.Task.Token"}},
            "Next": "Sub",
        },
        "Sub": {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync",
            "Parameters": {"StateMachineArn": "arn:aws:states:us-east-1:111122223333:stateMachine:other", "Input": {}},
            "End": True,
        },
    },
}
SCENARIO = """\
scenario: Mocked
mocks: {file: MockConfigFile.json, testCase: CASE}
system:
  stateMachine: machine.json
  handlers: {"${WorkerArn}": worker.py:handler}
  start: {input: {}}
fleet: {waves: [{name: data, servers: 1}]}
expect: {invariants: {except: [completed-means-launched]}, outcome: OUTCOME}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "MockConfigFile.json").write_text(json.dumps(CONFIG), "utf-8")
    (tmp_path / "machine.json").write_text(json.dumps(MACHINE), "utf-8")
    (tmp_path / "worker.py").write_text("def handler(event, context):\n    return {'body': 'real'}\n", "utf-8")
    return tmp_path


def run(folder: Path, case: str, outcome: str = "COMPLETED") -> Result:
    file = folder / "scenario.yaml"
    file.write_text(SCENARIO.replace("CASE", case).replace("OUTCOME", outcome), "utf-8")
    return run_scenario(load(file))


def refusal(folder: Path, config: Any, case: str = "HappyPath") -> str:
    (folder / "MockConfigFile.json").write_text(config if isinstance(config, str) else json.dumps(config), "utf-8")
    with pytest.raises(ScenarioError) as refused:
        run(folder, case)
    (problem,) = refused.value.problems
    assert problem.where.startswith(f"{folder / 'scenario.yaml'}:2:")
    return f"{problem.message} ({problem.hint})" if problem.hint else problem.message


def test_mocked_tasks_answer_without_calling_anything(folder: Path) -> None:
    result = run(folder, "HappyPath")
    assert (result.verdict, result.warnings) == (Verdict.PASSED, ())
    assert [*result.journal.of(FunctionInvoked)] == []
    assert [call.operation for _, call in result.journal.of(ApiCall)] == ["StartExecution"]  # the request for the recovery
    told = [(fired.fault, fired.effect) for _, fired in result.journal.of(FaultFired)]
    assert told == [(f"mocked {state}", "answer 0, a result") for state in ("Work", "Send", "Ask", "Sub")]
    events = [(event.type, event.state) for _, event in result.journal.of(HistoryEvent)]
    assert ("TaskSubmitted", "Ask") in events
    assert ("TaskSucceeded", "Sub") in events


def test_each_retry_is_an_invocation_of_its_own(folder: Path) -> None:
    result = run(folder, "RetryPath")
    assert result.verdict is Verdict.PASSED
    assert result.recovery_ms == 21_010  # 10 ms of the request, then 3, 6 and 12 seconds between the attempts


def test_an_invocation_beyond_the_last_one_cannot_be_caught_or_retried(folder: Path) -> None:
    result = run(folder, "TooFew", "FAILED")
    assert result.verdict is Verdict.PASSED
    (failed,) = [event.details for _, event in result.journal.of(HistoryEvent) if event.type == "ExecutionFailed"]
    assert failed["error"] == "States.Runtime"
    assert failed["cause"] == "No mocked answer for invocation 1 of state 'Work'."


def test_an_error_comes_through_the_token(folder: Path) -> None:
    result = run(folder, "Refused", "FAILED")
    assert result.verdict is Verdict.PASSED
    (failed,) = [event.details for _, event in result.journal.of(HistoryEvent) if event.type == "ExecutionFailed"]
    assert (failed["error"], failed["cause"]) == ("Denied", "not tonight")


def test_states_that_the_case_does_not_name_call_what_they_always_call(folder: Path) -> None:
    result = run(folder, "Hybrid", "FAILED")  # the real answer has its body deeper inside
    assert [invoked.function for _, invoked in result.journal.of(FunctionInvoked)][:1] == ["Worker"]


def test_a_mock_that_was_never_used_is_a_warning(folder: Path) -> None:
    result = run(folder, "TooFew", "FAILED")
    assert result.warnings == tuple(f"the mocks of {state} were never used" for state in ("Send", "Ask", "Sub"))


def test_a_matrix_runs_all_cases_of_a_file(folder: Path) -> None:
    text = SCENARIO.replace("CASE", '"${matrix.case}"').replace(", outcome: OUTCOME", "")
    (folder / "cases.yaml").write_text(text + "matrix: {case: [HappyPath, RetryPath]}\n", "utf-8")
    assert [run_scenario(one).outcome for one in load_all(folder / "cases.yaml")] == ["COMPLETED", "COMPLETED"]


def changed(response: str, steps: Any) -> dict[str, Any]:
    return CONFIG | {"MockedResponses": CONFIG["MockedResponses"] | {response: steps}}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{", "MockConfigFile.json is not JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        ({}, UNUSABLE + "it needs `MockedResponses`, an object; it needs `StateMachines`, an object"),
        (
            changed("Sent", {"0": {"Return": {}, "Throw": NOT_READY}}),
            UNUSABLE + "Sent['0'] needs either `Return`, or `Throw` with `Error` and `Cause`",
        ),
        (
            changed("Sent", {"0": {"Return": {}}, "2": {"Return": {}}}),
            UNUSABLE + "the invocations of Sent must go on from 0: 1 was due, not 2",
        ),
        (
            changed("Sent", {"first": {"Return": {}}}),
            UNUSABLE + "Sent['first'] is no invocation such as 0, nor a range such as 1-2",
        ),
        (changed("Sent", {}), UNUSABLE + "Sent needs at least the answer to invocation 0, as an object"),
        (
            {**CONFIG, "StateMachines": {"Sender": {"TestCases": {"HappyPath": {"Work": "Wroks"}}}}},
            UNUSABLE + "Sender#HappyPath mocks Work with `Wroks`, which is no mocked response (did you mean `Works`?)",
        ),
        (
            {**CONFIG, "StateMachines": {"Sender": {"TestCases": {"HappyPath": {"Wrok": "Works"}}}}},
            "the state machine has no state `Wrok`, which the test case mocks (did you mean `Work`?)",
        ),
        (
            changed("Sent", {"0": {"Return": {"MessageId": 7}}}),
            "Sent is no answer that arn:aws:states:::sqs:sendMessage could give: Field 'MessageId' must be a string",
        ),
        (
            {**CONFIG, "StateMachines": {"A": {"TestCases": {}}, "B": {"TestCases": {}}}},
            "`stateMachine` must say which is meant: A, B",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told(folder: Path, config: Any, message: str) -> None:
    assert refusal(folder, config) == message


def test_a_case_that_is_not_there_is_told_with_the_one_that_was_meant(folder: Path) -> None:
    assert refusal(folder, CONFIG, "RetryPth") == "Sender has no test case `RetryPth` (did you mean `RetryPath`?)"
