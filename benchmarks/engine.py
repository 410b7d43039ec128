"""Our interpreter beside moto's, in one run: a Pass/Choice loop, a Map of Waits, a Parallel; then ours alone on more.

    .venv/bin/python -m benchmarks.engine [--without-moto] [--executions N]

moto's waits are patched to take no time, so that what is compared is the interpreter. It needs what moto's
`stepfunctions` extra brings (`pip install antlr4-python3-runtime jsonpath-ng`), which the project itself does not use.
"""

import argparse
import gc
import json
import os
import resource
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from simulator.clock import VirtualClock
from simulator.engine.definition import parse
from simulator.engine.execution import Execution
from simulator.engine.integrations import TaskCall
from simulator.engine.tokens import TaskTokens
from simulator.journal import Journal
from simulator.json_types import JsonValue
from simulator.rng import Chance

START = datetime(2026, 3, 1, tzinfo=UTC)
ROUNDS = 500

LOOP = {
    "StartAt": "Count",
    "States": {
        "Count": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "Again"},
        "Again": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericLessThan": ROUNDS, "Next": "Count"}],
            "Default": "Done",
        },
        "Done": {"Type": "Succeed"},
    },
}
PLAIN_LOOP = {
    "StartAt": "Step",
    "States": {
        "Step": {"Type": "Pass", "Next": "Again"},
        "Again": {"Type": "Choice", "Choices": [{"Variable": "$.n", "IsNull": True, "Next": "Done"}], "Default": "Step"},
        "Done": {"Type": "Succeed"},
    },
}
WAITS = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}},
            "End": True,
        }
    },
}
PARALLEL = {
    "StartAt": "All",
    "States": {
        "All": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": f"A{index}", "States": {f"A{index}": {"Type": "Pass", "End": True}}} for index in range(10)
            ],
            "End": True,
        }
    },
}
POLLING = {
    "StartAt": "Waves",
    "States": {
        "Waves": {
            "Type": "Map",
            "MaxConcurrency": 1,
            "ItemProcessor": {
                "StartAt": "Wait",
                "States": {
                    "Wait": {"Type": "Wait", "Seconds": 30, "Next": "Check"},
                    "Check": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::lambda:invoke",
                        "Parameters": {"FunctionName": "check", "Payload.$": "$"},
                        "ResultSelector": {
                            "wave.$": "$.Payload.wave",
                            "polls.$": "$.Payload.polls",
                            "over.$": "$.Payload.over",
                        },
                        "TimeoutSeconds": 60,
                        "Retry": [{"ErrorEquals": ["Lambda.TooManyRequestsException"]}],
                        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Done"}],
                        "Next": "Over",
                    },
                    "Over": {
                        "Type": "Choice",
                        "Choices": [{"Variable": "$.over", "BooleanEquals": True, "Next": "Done"}],
                        "Default": "Note",
                    },
                    "Note": {"Type": "Pass", "Next": "Wait"},
                    "Done": {"Type": "Pass", "End": True},
                },
            },
            "End": True,
        }
    },
}


class Poll:
    """Answers the recovery's poll: over at the sixtieth."""

    def call(self, task: TaskCall) -> JsonValue:
        parameters: Any = task.parameters
        payload = parameters["Payload"]
        polls = payload["polls"] + 1
        return {"Payload": {"wave": payload["wave"], "polls": polls, "over": polls >= 60}, "StatusCode": 200}


def ours(definition: dict[str, Any], given: Any) -> tuple[int, str]:
    """Run one execution; the number of its events and its status."""
    clock = VirtualClock(START)
    journal, chance = Journal(lambda: clock.now_ms), Chance(1)
    execution = Execution(
        parse(json.dumps(definition)), arn="arn:aws:states:us-east-1:111122223333:execution:m:e", name="e",
        input=json.dumps(given), role_arn="arn:aws:iam::111122223333:role/r",
        state_machine_arn="arn:aws:states:us-east-1:111122223333:stateMachine:m", state_machine_name="m", clock=clock,
        chance=chance, journal=journal, integrations=Poll(), tokens=TaskTokens(clock, chance),
    )  # fmt: skip
    clock.spawn("execution", execution.run)
    clock.run()
    return len(journal), str(execution.status)


def moto_runner() -> Callable[[dict[str, Any], Any], tuple[int, str]]:
    """The same for moto's interpreter."""
    os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_DEFAULT_REGION="us-east-1")
    # Here rather than above, so that measuring our own engine needs neither.
    import boto3  # noqa: PLC0415  with the credentials that were just set
    from moto import mock_aws  # noqa: PLC0415  as boto3
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import (  # noqa: PLC0415  as boto3
        WaitFunction,
    )

    WaitFunction._wait_interval = lambda self, env, wait_seconds: None
    mock_aws(config={"stepfunctions": {"execute_state_machine": True}}).start()
    client: Any = boto3.client("stepfunctions", region_name="us-east-1")
    role = "arn:aws:iam::123456789012:role/r"

    def run(definition: dict[str, Any], given: Any) -> tuple[int, str]:
        arn = client.create_state_machine(name=f"m{next(counter)}", definition=json.dumps(definition), roleArn=role)
        started = client.start_execution(stateMachineArn=arn["stateMachineArn"], input=json.dumps(given))
        while (status := client.describe_execution(executionArn=started["executionArn"])["status"]) == "RUNNING":
            time.sleep(0.001)
        return 0, status

    counter = iter(range(1_000_000))
    return run


def median_ms(work: Callable[[], Any], repeats: int) -> float:
    """The median of some runs, in milliseconds."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def compare(with_moto: bool) -> None:
    cases: list[tuple[str, dict[str, Any], Any]] = [
        ("Pass/Choice loop, 1,000 transitions", LOOP, {"n": 0}),
        ("Map of 100 Waits", WAITS, list(range(100))),
        ("Parallel of 10", PARALLEL, {}),
    ]
    moto = moto_runner() if with_moto else None
    print(f"{'':40s} {'ours ms':>10s} {'moto ms':>10s} {'ratio':>8s}")
    for name, definition, given in cases:
        mine = median_ms(lambda d=definition, g=given: ours(d, g), 7)
        theirs = median_ms(lambda d=definition, g=given: moto(d, g), 3) if moto else float("nan")
        print(f"{name:40s} {mine:10.2f} {theirs:10.1f} {theirs / mine:8.0f}")
    text = json.dumps(POLLING)
    print(f"{'parse a definition of 6 states':40s} {median_ms(lambda: parse(text), 50):10.2f}")


def alone() -> None:
    began = time.perf_counter()
    events, status = ours(PLAIN_LOOP, {"n": 1})
    seconds = time.perf_counter() - began
    print(f"endless loop: {events} events, {status}, {events / 2 / seconds:,.0f} transitions/s")
    waves = [{"wave": number, "polls": 0} for number in range(10)]
    ms = median_ms(lambda: ours(POLLING, waves), 7)
    print(f"10 waves x 60 polls: {ours(POLLING, waves)[0]} events in {ms:.0f} ms")


def memory(executions: int) -> None:
    for share in range(1, 6):
        for _ in range(executions // 5):
            ours(PARALLEL, {})
        gc.collect()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"after {share * executions // 5:7d} executions: peak {peak:.1f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without-moto", action="store_true")
    parser.add_argument("--executions", type=int, default=0, help="run so many, one after the other, and watch the memory")
    arguments = parser.parse_args()
    compare(with_moto=not arguments.without_moto)
    alone()
    if arguments.executions:
        memory(arguments.executions)


if __name__ == "__main__":
    main()
