"""Scenarios on an engine that is not ours: moto's interpreter, in a process of its own, over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.cli.target_options import Where
from simulator.cli.targets import close, target_of
from simulator.journal import ApiCall, FaultFired, HistoryEvent, Notified, StateCaught, StateRetried
from simulator.runner.result import Result, Verdict
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load
from simulator.targets.target import Target

HANDLER = """\
import time
import boto3

def handler(event, context):
    if event["do"] == "start":
        time.sleep(20)
        server = boto3.client("drs").describe_source_servers()["items"][0]["sourceServerID"]
        return boto3.client("drs").start_recovery(isDrill=True, sourceServers=[{"sourceServerID": server}])["job"]["jobID"]
    if event["do"] == "hand":
        boto3.client("stepfunctions").send_task_success(taskToken=event["token"], output='"handed"')
        return
    raise RuntimeError("there is nothing to do")
"""
RETRY = [{"ErrorEquals": ["Drs.ThrottlingException", "ThrottlingException"], "IntervalSeconds": 10, "MaxAttempts": 3}]
INVOKE = "arn:aws:states:::lambda:invoke"
MACHINE = {
    "StartAt": "Start",
    "States": {
        "Start": {
            "Type": "Task", "Resource": INVOKE, "Next": "Rest", "ResultSelector": {"job.$": "$.Payload"}, "Retry": RETRY,
            "Parameters": {"FunctionName": "${WorkArn}", "Payload": {"do": "start"}},
        },
        "Rest": {"Type": "Wait", "Seconds": 600, "Next": "Hand"},
        "Hand": {
            "Type": "Task", "Resource": f"{INVOKE}.waitForTaskToken", "TimeoutSeconds": 3600, "ResultPath": "$.handed",
            "Parameters": {"FunctionName": "${WorkArn}", "Payload": {"do": "hand", "token.$": "$$.Task.Token"}},
            "Next": "Fail",
        },
        "Fail": {
            "Type": "Task", "Resource": INVOKE, "Parameters": {"FunctionName": "${WorkArn}", "Payload": {"do": "nothing"}},
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Tell"}], "End": True,
        },
        "Tell": {
            "Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": True, "ResultPath": None,
            "Parameters": {"TopicArn": "${TopicArn}", "Subject": "done", "Message.$": "$.job"},
        },
    },
}  # fmt: skip
SCENARIO = """\
scenario: a system of its own
system:
  stateMachine: machine.asl.json
  handlers: {"${WorkArn}": {code: "work.py:handler", timeout: 15m}}
  topics: ["${TopicArn}"]
  start: {input: {}}
fleet: {waves: [{name: data, servers: [db]}]}
"""


@pytest.fixture(scope="module")
def moto() -> Iterator[Target]:
    target = target_of(Where("moto", speed=200.0))
    yield target
    close(target)


def run(folder: Path, target: Target, text: str, machine: object = MACHINE) -> Result:
    (folder / "work.py").write_text(HANDLER, "utf-8")
    (folder / "machine.asl.json").write_text(json.dumps(machine), "utf-8")
    (folder / "scenario.yaml").write_text(SCENARIO + text, "utf-8")
    return run_scenario(load(folder / "scenario.yaml"), None, target)


def test_a_scenario_runs_on_another_engine_and_is_judged_as_ever(tmp_path: Path, moto: Target) -> None:
    result = run(
        tmp_path,
        moto,
        """\
expect:
  outcome: COMPLETED
  rto: 1ms
  calls: {drs:StartRecovery: 1, "sns:Publish": 1}
  notifications: {subject: done}
  always: ["state Start is entered before state Rest is entered", "state Fail is caught"]
""",
    )
    assert [(check.name, check.happened) for check in result.checks if not check.passed] == []
    assert (result.verdict, result.outcome, result.target) == (Verdict.PASSED, "COMPLETED", "moto")
    assert [check.name for check in result.checks if check.skipped] == ["rto"]
    assert result.recovery_ms is not None
    assert result.recovery_ms > 620_000  # Rest and the handler's own sleep; the machine's work comes on top
    kinds = [event.type for _, event in result.journal.of(HistoryEvent) if not event.type.startswith("Task")]
    assert kinds == [
        "ExecutionStarted", "WaitStateEntered", "WaitStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    ((_, caught),) = result.journal.of(StateCaught)
    assert (caught.state, caught.error, caught.next) == ("Fail", "RuntimeError", "Tell")
    assert [event.subject for _, event in result.journal.of(Notified)] == ["done"]
    times = [entry.at_ms for entry in result.journal]
    assert times == sorted(times)
    callers = {event.caller for _, event in result.journal.of(ApiCall) if event.operation in ("Invoke", "Publish")}
    assert callers == {"states:outside"}


def test_faults_strike_what_the_engine_and_the_handlers_call(tmp_path: Path, moto: Target) -> None:
    result = run(
        tmp_path,
        moto,
        """\
faults:
  - {id: busy, api: drs:StartRecovery, error: ThrottlingException, blastRadius: {calls: 5}}
expect: {outcome: COMPLETED, retries: {state: Start, attempts: {min: 1}}}
""",
    )
    assert result.verdict is Verdict.PASSED, result.checks
    assert {event.fault for _, event in result.journal.of(FaultFired)} == {"busy"}
    retries = list(result.journal.of(StateRetried))
    assert {(retry.state, retry.error, retry.retrier) for _, retry in retries} == {("Start", "ThrottlingException", 0)}
    assert [retry.attempt for _, retry in retries] == list(range(1, len(retries) + 1))
    assert all(retry.interval_ms >= 10_000 for _, retry in retries)


def test_a_run_that_reaches_the_horizon_is_an_error_there_too(tmp_path: Path, moto: Target) -> None:
    result = run(tmp_path, moto, "run: {horizon: 2m}\nexpect: {outcome: COMPLETED}")
    assert (result.verdict, result.error) == (Verdict.ERROR, "HorizonReached: still busy at the horizon of 120000 ms")


def test_an_operator_aborts_what_runs_elsewhere(tmp_path: Path, moto: Target) -> None:
    result = run(
        tmp_path,
        moto,
        "operators: [{when: state Rest is entered, decide: abort, delay: 1m}]\nexpect: {outcome: CANCELLED}",
    )
    assert result.verdict is Verdict.PASSED, result.checks
    assert [event.type for _, event in result.journal.of(HistoryEvent)][-1] == "ExecutionAborted"
