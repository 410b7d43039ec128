"""People who act while a recovery runs: each waits for an occasion, takes its time, and calls the system's API."""

import json
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from simulator.account import moto_services
from simulator.account.world import ACCOUNT_ID
from simulator.clock import Signal
from simulator.journal import OperatorActed
from simulator.json_types import JsonValue
from simulator.scenario.operators import ABORT, Decision, Delay, Operator
from simulator.scenario.plan import as_text, substitute
from simulator.targets.requests import ask, json_request
from simulator.targets.watch import Moment

if TYPE_CHECKING:
    from simulator.targets.staging import Stage

_GOES_ON = ("InProgress", "Waiting")
_WAITS_FOR = {"Approve": ("aws:approve",), "Reject": ("aws:approve",), "Resume": ("aws:pause",)}


NOTHING_MORE: Mapping[str, JsonValue] = {}


def employ(stage: "Stage") -> None:
    """Let every operator of the scenario wait for its occasion."""
    for number, operator in enumerate(stage.scenario.operators, 1):
        for time in range(operator.times):
            nth = operator.when.nth + time
            moment = stage.watch.moment(replace(operator.when, nth=nth))
            name = f"operator {number}" if operator.times == 1 else f"operator {number}, time {time + 1}"
            _wait_for(stage, moment, operator, name)


def _wait_for(stage: "Stage", moment: Moment, operator: Operator, name: str) -> None:
    occasion = Signal(stage.world.clock)
    moment.then(occasion.set)

    def work() -> None:
        occasion.wait()
        stage.world.clock.sleep_ms(_delay_ms(stage, operator.delay, name))
        decide(stage, operator.decide, operator.reason, operator.with_)

    stage.world.clock.spawn(name, work)


def _delay_ms(stage: "Stage", delay: Delay, name: str) -> int:
    """How long this operator takes this time."""
    stream = stage.world.chance.stream("operator", name)
    match delay.distribution, delay.parameters_ms:
        case "uniform", (low, high):
            return round(stream.between(low, high))
        case "lognormal", (median, p95):
            return round(stream.lognormal(median, p95))
        case "pert", (low, mode, high):
            return round(_pert(stage.world.chance.generator("operator", name), low, mode, high))
        case _, parameters:
            return parameters[0]


def _pert(generator: Random, low: int, mode: int, high: int) -> float:
    """The usual PERT distribution: a beta between two ends, four times as sure of its mode as of them."""
    alpha, beta = 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low)
    return low + (high - low) * generator.betavariate(alpha, beta)


def decide(stage: "Stage", decision: Decision, reason: str | None, more: Mapping[str, JsonValue] = NOTHING_MORE) -> None:
    """Call the API, as the operator's tools would, or stop the state machine itself. `more` is what the request says."""
    operate, world = stage.scenario.system.operate, stage.world
    if decision == ABORT:
        _abort(stage, reason)
        return
    if decision.signal is not None:
        _signal(stage, decision.signal, reason)
        return
    assert operate is not None  # the scenario was checked for it
    request = operate.execution if decision.wave is None else operate.wave
    executions = world.executions
    names = {"executionName": executions[0].name if executions else "", "operation": decision.operation}
    path = as_text(substitute(request.path, {**names, "wave": decision.wave or ""}))
    body = {**({"reason": reason} if reason else {}), **more} or None
    answer = ask(stage, operate.handler, json_request(request.method, path, body))
    told = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
    refused = None if answer.status < 400 else told[:300]
    world.journal.record(OperatorActed(decision.operation, decision.wave, answer.status, refused))


def _abort(stage: "Stage", reason: str | None) -> None:
    """Stop the first execution that runs, as somebody with the console open would."""
    world = stage.world
    running = [execution.arn for execution in world.executions if execution.ended_ms is None]
    for arn in running[:1]:
        cause = {"cause": reason} if reason else {}
        moto_services.client("stepfunctions", world.region, ACCOUNT_ID).stop_execution(executionArn=arn, **cause)
    world.journal.record(OperatorActed("abort", None, 200 if running else 404, None if running else "nothing runs"))


def _signal(stage: "Stage", signal: str, reason: str | None) -> None:
    """Answer the automation that has waited longest, as an approver would in Systems Manager."""
    client = moto_services.client("ssm", stage.world.region, ACCOUNT_ID)
    newest_first = client.describe_automation_executions()["AutomationExecutionMetadataList"]
    ids = [
        one["AutomationExecutionId"]
        for one in reversed(newest_first)
        if one["AutomationExecutionStatus"] in _GOES_ON and one.get("CurrentAction") in _WAITS_FOR[signal]
    ]
    status, refused = _sent(client, ids[0], signal, reason) if ids else (404, "no automation waits")
    stage.world.journal.record(OperatorActed(f"{signal.lower()} automation", None, status, refused))


def _sent(client: Any, automation: str, signal: str, reason: str | None) -> tuple[int, str | None]:
    """What Systems Manager answers to the signal: the status, and why it refuses."""
    comment = {"Payload": {"Comment": [reason]}} if reason else {}
    try:
        client.send_automation_signal(AutomationExecutionId=automation, SignalType=signal, **comment)
    except moto_services.Refused as refusal:
        error = refusal.response["Error"]
        return refusal.response["ResponseMetadata"]["HTTPStatusCode"], f"{error['Code']}: {error['Message']}"
    return 200, None
