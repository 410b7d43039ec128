"""`drsim serve` under load: clients that poll while executions run; requests a second, latency, and memory by the minute.

    .venv/bin/python -m benchmarks.serve [--minutes 10] [--clients 200] [--executions 50] [--pause 1] [--speed 60]

Each execution recovers a server of its own in a drill (a function asks DRS, and is throttled and retried as DRS has it) and
looks at its job every five minutes until the time is over. Each client keeps one connection and asks, in turn, for an
execution, the end of its history, jobs, servers and executions, with a pause after each answer; without one (`--pause 0`)
the figures are those of saturation. Ends with 1 if an execution did not succeed, or a request was answered with anything
but 200 or DRS's own throttling (429).
"""

import argparse
import asyncio
import io
import json
import statistics
import sys
import time
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from tests.server.served import Served, serving

REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/r"
LOOK_SECONDS = 300
HANDLER = """
import boto3
drs = boto3.client("drs")

def handler(event, context):
    if event["do"] == "start":
        return drs.start_recovery(sourceServers=[{"sourceServerID": event["server"]}], isDrill=True)["job"]["jobID"]
    return drs.describe_jobs(filters={"jobIDs": [event["job"]]})["items"][0]["status"]
"""


def asking(payload: dict[str, str], every_seconds: int, assign: dict[str, str], then: str) -> dict[str, Any]:
    """A state that asks the function, again and again while it fails."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "recover", "Payload": payload},
        "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": every_seconds, "MaxAttempts": 500, "BackoffRate": 1}],
        "Assign": assign,
        "Next": then,
    }


_START = {"job": "{% $states.result.Payload %}", "left": "{% $states.input.rounds %}"}
_LOOK = {"status": "{% $states.result.Payload %}", "left": "{% $left - 1 %}"}
MACHINE = {
    "QueryLanguage": "JSONata",
    "StartAt": "Start",
    "States": {
        "Start": asking({"do": "start", "server": "{% $states.input.server %}"}, 300, _START, "Wait"),
        "Wait": {"Type": "Wait", "Seconds": LOOK_SECONDS, "Next": "Look"},
        "Look": asking({"do": "look", "job": "{% $job %}"}, 30, _LOOK, "Enough"),
        "Enough": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $status = 'COMPLETED' and $left <= 0 %}", "Next": "Done"}],
            "Default": "Wait",
        },
        "Done": {"Type": "Succeed"},
    },
}


@dataclass
class Tally:
    """What the clients saw: latencies in seconds, and how many answers of each status."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    asked: int = 0


def deploy(served: Served, executions: int, rounds: int) -> list[str]:
    """The function, the state machine, and an execution for each server; the executions' ARNs."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", HANDLER)
    served.client("lambda", REGION).create_function(
        FunctionName="recover", Role=ROLE, Runtime="python3.11", Handler="index.handler", Timeout=60,
        Code={"ZipFile": buffer.getvalue()},
    )  # fmt: skip
    sfn = served.client("stepfunctions", REGION)
    machine = sfn.create_state_machine(name="load", definition=json.dumps(MACHINE), roleArn=ROLE)["stateMachineArn"]
    servers = list(served.admin("servers").values())[:executions]
    inputs = [json.dumps({"server": server, "rounds": rounds}) for server in servers]
    return [sfn.start_execution(stateMachineArn=machine, input=text)["executionArn"] for text in inputs]


def requests(arns: list[str]) -> list[bytes]:
    """What clients ask, as it goes over the wire."""
    machine = arns[0].replace(":execution:", ":stateMachine:").rsplit(":", 1)[0]
    asked: list[tuple[str, str, str, dict[str, Any]]] = []
    for arn in arns:
        asked += [
            ("states", "/", "DescribeExecution", {"executionArn": arn}),
            ("states", "/", "GetExecutionHistory", {"executionArn": arn, "reverseOrder": True, "maxResults": 20}),
            ("drs", "/DescribeJobs", "", {"maxResults": 10}),
            ("drs", "/DescribeSourceServers", "", {"filters": {}, "maxResults": 10}),
            ("states", "/", "ListExecutions", {"stateMachineArn": machine, "maxResults": 10}),
        ]
    return [_wire(*one) for one in asked]


def _wire(service: str, path: str, operation: str, body: dict[str, Any]) -> bytes:
    text = json.dumps(body)
    credential = f"AKIDEXAMPLE/20260301/{REGION}/{service}/aws4_request"
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0",
        f"Content-Type: application/{'x-amz-json-1.0' if operation else 'json'}",
        f"Content-Length: {len(text)}",
    ]
    if operation:
        lines.append(f"X-Amz-Target: AWSStepFunctions.{operation}")
    return ("\r\n".join(lines) + f"\r\n\r\n{text}").encode()


async def client(port: int, asked: "cycle[bytes]", until: float, pause: float, tally: Tally) -> None:
    """One client on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        tally.asked += 1
        begun = time.perf_counter()
        writer.write(next(asked))
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        tally.seconds.append(time.perf_counter() - begun)
        tally.statuses[head.split(b" ", 2)[1].decode()] += 1
        await asyncio.sleep(pause)
    writer.close()


async def load(served: Served, arns: list[str], clients: int, seconds: float, pause: float, memory: list[int]) -> Tally:
    """All clients at once, and the server's memory by the minute."""
    tally, asked = Tally(), cycle(requests(arns))
    until = time.perf_counter() + seconds

    async def look() -> None:
        while True:
            memory.append(resident_mib(served.process.pid))
            print(f"  minute {len(memory) - 1}: {memory[-1]} MiB, {tally.asked} requests", flush=True)
            await asyncio.sleep(60)

    looking = asyncio.ensure_future(look())
    await asyncio.gather(*(client(served.port, asked, until, pause, tally) for _ in range(clients)))
    looking.cancel()
    memory.append(resident_mib(served.process.pid))
    return tally


def resident_mib(pid: int) -> int:
    """The memory of a process, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def finish(served: Served, arns: list[str]) -> Counter[str]:
    """How the executions ended; time passes at once until they have."""
    sfn = served.client("stepfunctions", REGION)
    for _ in range(100):
        ended = Counter(sfn.describe_execution(executionArn=arn)["status"] for arn in arns)
        if "RUNNING" not in ended:
            break
        served.admin("clock/advance", {"seconds": 600})
    return ended


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--executions", type=int, default=50)
    parser.add_argument("--pause", type=float, default=1.0)
    parser.add_argument("--speed", type=float, default=60)
    given = parser.parse_args()
    rounds = int(given.minutes * 60 * given.speed / LOOK_SECONDS)
    memory: list[int] = []
    with serving("--speed", str(given.speed), "--fleet", f"app={given.executions}") as served:
        arns = deploy(served, given.executions, rounds)
        tally = asyncio.run(load(served, arns, given.clients, given.minutes * 60, given.pause, memory))
        ended = finish(served, arns)
        log = served.log()
    took = sorted(tally.seconds)
    print(
        f"{tally.asked} requests, {len(took)} answers {dict(tally.statuses)}: {len(took) / given.minutes / 60:.0f} a second"
    )
    print(
        f"latency: median {statistics.median(took) * 1000:.0f} ms, p99 {took[int(len(took) * 0.99)] * 1000:.0f} ms, "
        f"longest {took[-1] * 1000:.0f} ms"
    )
    print(f"executions: {dict(ended)}; memory by the minute, MiB: {memory}; the server's log: {log or 'empty'}")
    is_answered = tally.asked == tally.statuses["200"] + tally.statuses["429"]
    return 0 if is_answered and ended == {"SUCCEEDED": given.executions} and not log else 1


if __name__ == "__main__":
    sys.exit(main())
