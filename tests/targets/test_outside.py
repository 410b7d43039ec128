"""Scenarios on an engine that is not ours: moto's interpreter, in a process of its own, over HTTP."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.cli.target_options import Where
from simulator.cli.targets import close, target_of
from simulator.errors import UserError
from simulator.journal import ApiCall, FaultFired, HistoryEvent, Notified, StateCaught, StateRetried
from simulator.runner.result import Result, Verdict
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load
from simulator.targets.outside.connection import Connection
from simulator.targets.outside.moto import MotoEngine
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
    assert all(retry.interval_ms > 0 for _, retry in retries)  # 10 s, less what a busy machine loses of the world's time


def test_a_run_that_reaches_the_horizon_is_an_error_there_too(tmp_path: Path, moto: Target) -> None:
    result = run(tmp_path, moto, "run: {horizon: 2m}\nexpect: {outcome: COMPLETED}")
    assert (result.verdict, result.error) == (Verdict.ERROR, "HorizonReached: still busy at the horizon of 0:02:00")


def test_an_operator_aborts_what_runs_elsewhere(tmp_path: Path, moto: Target) -> None:
    result = run(
        tmp_path,
        moto,
        "operators: [{when: state Rest is entered, decide: abort, delay: 1m}]\nexpect: {outcome: CANCELLED}",
    )
    assert result.verdict is Verdict.PASSED, result.checks
    assert [event.type for _, event in result.journal.of(HistoryEvent)][-1] == "ExecutionAborted"


def test_what_is_started_long_after_the_recovery_runs_on_the_engine_too(tmp_path: Path, moto: Target) -> None:
    (tmp_path / "api.py").write_text(
        "import os\nimport boto3\n\ndef handler(event, context):\n"
        "    boto3.client('stepfunctions').start_execution(stateMachineArn=os.environ['MACHINE'])\n"
        "    return {'statusCode': 202, 'body': '{}'}\n"
    )
    (tmp_path / "later.asl.json").write_text(
        json.dumps({"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 60, "End": True}}})
    )
    (tmp_path / "later.yaml").write_text(
        "scenario: later\n"
        "system:\n"
        "  stateMachine: later.asl.json\n"
        '  handlers: {"${ApiArn}": {code: "api.py:handler"}}\n'
        '  environment: {MACHINE: "${StateMachineArn}"}\n'
        "  start: {input: {}}\n"
        "fleet: {waves: [{name: data, servers: [db]}]}\n"
        'requests: [&again {when: 5h, send: POST /again, handler: "${ApiArn}", status: 202}, *again]\n'
        "expect: {invariants: {except: [completed-means-launched]}}\n"
    )
    result = run_scenario(load(tmp_path / "later.yaml"), target=moto)
    assert result.verdict is Verdict.PASSED, result.error
    ends = [at_ms for at_ms, event in result.journal.of(HistoryEvent) if event.type == "ExecutionSucceeded"]
    assert len(ends) == 3  # two of them at the same instant
    assert ends[0] < 3_600_000 < 5 * 3_600_000 < min(ends[1:])


def test_an_engine_that_somebody_else_started_calls_the_world_at_its_set_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        world = "127.0.0.1", free.getsockname()[1]
    stand_in = MotoEngine()
    url = stand_in.open(f"http://{world[0]}:{world[1]}", 200.0)
    target = target_of(Where("stepfunctions-local", engine_url=url, speed=200.0, world=world))
    try:
        result = run(tmp_path, target, "expect: {outcome: COMPLETED, calls: {drs:StartRecovery: 1}}")
    finally:
        close(target)
        stand_in.close()
    assert (result.verdict, result.target) == (Verdict.PASSED, "stepfunctions-local")


def test_moto_ends_with_whoever_started_it_whatever_still_runs() -> None:
    engine = MotoEngine()
    url = engine.open("http://127.0.0.1:1", 1.0)
    asked = Connection(url, "123456789012", "us-east-1", "moto")
    waits = json.dumps({"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 3600, "End": True}}})
    made = asked.call(
        "CreateStateMachine", {"name": "m", "definition": waits, "roleArn": "arn:aws:iam::123456789012:role/m"}
    )
    asked.call("StartExecution", {"stateMachineArn": made["stateMachineArn"], "name": "long"})
    engine.close()  # raises if it takes more than ten seconds
    with pytest.raises(UserError, match="does not answer"):
        asked.call("ListStateMachines", {})


@pytest.mark.parametrize("name", ["stepfunctions-local", "localstack"])
def test_an_engine_that_is_not_there_is_told(name: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    target = target_of(Where(name, engine_url=url, world=("127.0.0.1", 0)))
    with pytest.raises(UserError, match=r"does not answer here: .*is it up"):
        run(tmp_path, target, "")
    close(target)


def test_localstack_is_found_as_its_own_client_finds_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("LOCALSTACK_HOST", "localhost:1")
    target = target_of(Where("localstack", world=("127.0.0.1", 0)))
    with pytest.raises(UserError, match="http://localhost:1: LocalStack does not answer here"):
        run(tmp_path, target, "")
    close(target)


def test_an_address_that_is_none_is_told(tmp_path: Path) -> None:
    target = target_of(Where("stepfunctions-local", engine_url="localhost:8083", world=("127.0.0.1", 0)))
    with pytest.raises(UserError, match="expected the address of Step Functions Local, such as http://localhost:8083"):
        run(tmp_path, target, "")
    close(target)
