"""People who act while a recovery runs: each waits for an occasion, takes its time, and calls the system's API."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.account import moto_services
from simulator.account.wire import Decoded
from simulator.account.world import ACCOUNT_ID
from simulator.clock import Signal
from simulator.drs.happenings import Happening
from simulator.journal import LaunchStatusChanged, OperatorActed
from simulator.scenario.operators import ABORT, At, Operator, Told
from simulator.scenario.triggers import WaveStarts
from simulator.targets.requests import answered, proxy_event

if TYPE_CHECKING:
    from simulator.targets.staging import Stage


def employ(stage: "Stage") -> None:
    """Let every operator of the scenario wait for its occasion."""
    for number, operator in enumerate(stage.scenario.operators, 1):
        occasion = _signal(stage, operator)
        stage.world.clock.spawn(f"operator {number}", _shift(stage, operator, occasion))


def _shift(stage: "Stage", operator: Operator, occasion: Signal) -> Callable[[], None]:
    def work() -> None:
        occasion.wait()
        stage.world.clock.sleep_ms(operator.delay_ms)
        _act(stage, operator)

    return work


def _signal(stage: "Stage", operator: Operator) -> Signal:
    """What happens when the operator's occasion comes for the first time."""
    world, when = stage.world, operator.when
    signal = Signal(world.clock)
    if isinstance(when, At):
        world.clock.call_at(when.at_ms, signal.set)
    elif isinstance(when, Told):
        text = when.text

        def published(request: Decoded) -> None:
            said = f"{request.parameters.get('Subject')} {request.parameters.get('Message')}"
            if (request.service, request.operation) == ("sns", "Publish") and text in said:
                signal.set()

        world.account.on_arrival(published)
    elif isinstance(when, WaveStarts):
        starting = when.wave

        def asked(_: Decoded) -> None:
            if stage.watch.started_ms(starting) is not None:
                signal.set()

        world.account.on_arrival(asked)
    else:
        wave = when.wave

        def launched(happening: Happening) -> None:
            if isinstance(happening.event, LaunchStatusChanged) and stage.watch.launched_ms(wave) is not None:
                signal.set()

        world.drs.subscribe(launched)
    return signal


def _act(stage: "Stage", operator: Operator) -> None:
    """Call the API, as the operator's tools would, or stop the state machine itself."""
    operate, world = stage.scenario.system.operate, stage.world
    decision = operator.decide
    if decision == ABORT:
        _abort(stage, operator)
        return
    assert operate is not None  # the scenario was checked for it
    request = operate.execution if decision.wave is None else operate.wave
    executions = list(world.states.executions.values())
    names = {"executionName": executions[0].name if executions else "", "operation": decision.operation}
    path = request.path
    for name, value in {**names, "wave": decision.wave or ""}.items():
        path = path.replace(f"${{{name}}}", value)
    body = {"reason": operator.reason} if operator.reason else None
    epoch_ms = int(world.clock.now().timestamp()) * 1000
    event = proxy_event(request.method, path, body, ACCOUNT_ID, epoch_ms)
    invocation = world.functions.invoke(stage.fill(operate.handler), event)
    answer = answered(invocation.payload if invocation.error_type is None else None)
    told = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
    refused = None if answer.status < 400 else told[:300]
    world.journal.record(OperatorActed(decision.operation, decision.wave, answer.status, refused))


def _abort(stage: "Stage", operator: Operator) -> None:
    """Stop the first execution that runs, as somebody with the console open would."""
    world = stage.world
    running = [arn for arn, execution in world.states.executions.items() if execution.ended_ms is None]
    for arn in running[:1]:
        cause = {"cause": operator.reason} if operator.reason else {}
        moto_services.client("stepfunctions", world.region, ACCOUNT_ID).stop_execution(executionArn=arn, **cause)
    world.journal.record(OperatorActed("abort", None, 200 if running else 404, None if running else "nothing runs"))
