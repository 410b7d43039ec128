"""A server from start to stop, as its user sees it: ports, signals, scenarios, many clients at once."""

import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from simulator.account import gateway
from simulator.server.app import App
from simulator.server.host import Host
from simulator.server.http import CLOSE_SECONDS, Listener
from simulator.server.requests import read_request
from simulator.targets.requests import json_request
from tests.server.served import REGION, START, Served, command, serving

SCENARIO = Path(__file__).parents[2] / "scenarios/happy/three-wave-drill.yaml"


def refusal(*arguments: str | Path) -> tuple[int, str]:
    """How a server ends that cannot start."""
    ended = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=90, check=False)
    assert ended.stdout == ""
    return ended.returncode, ended.stderr


def test_a_port_in_use_is_told_and_ends_with_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, told = refusal("--port", str(port))
    assert code == 2
    assert told == f"127.0.0.1:{port}: cannot be listened at: Address already in use (choose another with --port)\n"


def test_a_scenario_that_does_not_exist_is_told_and_ends_with_2() -> None:
    assert refusal("nowhere.yaml", "--port", "0") == (2, "nowhere.yaml: cannot be read: No such file or directory\n")


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--speed", "0", "from 0.001 to 10000"),
        ("--speed", "fast", "or virtual"),
        ("--start", "yesterday", "2026-03-01T02:00:00Z"),
        ("--fleet", "app", "NAME=N"),
        ("--fleet", "app=0", "NAME=N"),
    ],
)
def test_options_that_make_no_sense_are_told(option: str, value: str, words: str) -> None:
    code, told = refusal("--port", "0", option, value)
    assert code == 2
    assert words in " ".join(told.split())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_server_and_that_is_no_failure(number: int) -> None:
    with serving() as served:
        assert served.admin("health")["status"] == "ok"
        assert served.stop(number) == 0
        assert served.log() == ""


def in_background(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Work in a thread, and what it comes to: its result, or the status of its refusal."""
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(work())
        except ClientError as error:
            results.append(error.response["ResponseMetadata"]["HTTPStatusCode"])

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


def test_stopping_finishes_what_can_be_finished() -> None:
    with serving("--speed", "60") as served:
        sfn = served.client("stepfunctions")
        arn = sfn.create_activity(name="approve")["activityArn"]
        thread, results = in_background(lambda: "taskToken" in sfn.get_activity_task(activityArn=arn))  # takes a second
        served.until_waiting(1)
        assert served.stop() == 0
        thread.join(timeout=30)
        assert results == [False]


def test_stopping_refuses_what_cannot_be_finished() -> None:
    with serving("--speed", "60") as served:
        served.admin("clock/pause", {})
        thread, results = in_background(lambda: served.client("drs").describe_jobs())
        served.until_waiting(1)
        assert served.stop() == 0
        thread.join(timeout=30)
        assert results == [503]


def test_closing_does_not_wait_for_clients_that_ask_nothing() -> None:
    def app(environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], object]) -> list[bytes]:
        read_request(environ, 1)
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    listener = Listener("127.0.0.1", 0, app, lambda failure: None)
    listener.start()
    with socket.create_connection(("127.0.0.1", int(listener.url.rpartition(":")[2])), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = connection.makefile("rb")
        assert [answer.readline() for _ in range(3)][1:] == [b"Content-Length: 2\r\n", b"\r\n"]
        began = time.perf_counter()
        listener.close()
        assert time.perf_counter() - began < CLOSE_SECONDS
        assert answer.read() == b"ok"  # and then the end


@pytest.mark.parametrize("head", ["Content-Length: 100", "Transfer-Encoding: chunked"])
def test_a_body_that_was_announced_and_does_not_come_is_told_and_not_waited_for(head: str) -> None:
    nowhere = cast("Host", object())  # nothing of the request gets that far
    failures: list[BaseException] = []
    app = App(nowhere, 1000, failures.append, lambda line: None)
    listener = Listener("127.0.0.1", 0, app, failures.append, body_seconds=0.01)
    listener.start()
    with socket.create_connection(("127.0.0.1", int(listener.url.rpartition(":")[2])), timeout=30) as connection:
        connection.sendall(f"PUT /bucket/key HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\n{head}\r\n\r\n".encode())
        answer = connection.makefile("rb").read()
    listener.close()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"<Code>RequestTimeout</Code>" in answer
    assert failures == []


def test_many_clients_at_once_are_all_answered() -> None:
    with serving("--speed", "10000", "--fleet", "app=20", "--region", REGION) as served:
        clients = [served.client("sqs") for _ in range(16)]
        url = clients[0].create_queue(QueueName="mail")["QueueUrl"]

        def work(number: int) -> str:
            return str(clients[number % 16].send_message(QueueUrl=url, MessageBody=str(number))["MessageId"])

        with ThreadPoolExecutor(16) as pool:
            sent = list(pool.map(work, range(320)))
        assert len(set(sent)) == 320
        attributes = clients[0].get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
        assert attributes["Attributes"] == {"ApproximateNumberOfMessages": "320"}
        assert served.log() == ""


def test_time_passes_on_its_own_at_a_speed() -> None:
    with serving("--speed", "10000", "--fleet", "app=2", "--region", REGION, "--start", START) as served:
        drs = served.client("drs")
        servers = [{"sourceServerID": server} for server in served.admin("servers").values()]
        job = drs.start_recovery(sourceServers=servers, isDrill=True)["job"]["jobID"]
        jobs = {"filters": {"jobIDs": [job]}}
        served.until(lambda: bool(drs.describe_jobs(**jobs)["items"][0]["status"] == "COMPLETED"))
        log = drs.describe_job_log_items(jobID=job)["items"]
        assert [item["event"] for item in log].count("LAUNCH_END") == 2
        assert log[0]["logDateTime"].startswith("2026-03-0")


def test_a_scenarios_system_is_driven_from_outside() -> None:
    with serving(SCENARIO, "--speed", "virtual") as served:
        plan = served.client("dynamodb", "us-east-1").scan(TableName="plans")["Items"][0]["planId"]["S"]
        route, body = gateway.Route("ApiFunction", "/executions"), {"planId": plan, "isDrill": True}
        event = gateway.event(route, json_request("POST", "/executions", body), "123456789012", 0)
        functions = served.client("lambda", "us-east-1")
        answer = json.loads(functions.invoke(FunctionName="ApiFunction", Payload=json.dumps(event))["Payload"].read())
        assert answer["statusCode"] == 202
        served.admin("clock/advance", {"seconds": 7_200})
        machine = served.client("stepfunctions", "us-east-1")
        (arn,) = [machine["stateMachineArn"] for machine in machine.list_state_machines()["stateMachines"]]
        (execution,) = machine.list_executions(stateMachineArn=arn)["executions"]
        assert execution["status"] == "SUCCEEDED"
        assert {server["dataReplicationInfo"]["dataReplicationState"] for server in servers(served)} == {"CONTINUOUS"}
        assert len(served.client("drs", "us-east-1").describe_recovery_instances()["items"]) == 9


def servers(served: Served) -> list[Any]:
    items: list[Any] = served.client("drs", "us-east-1").describe_source_servers()["items"]
    return items
