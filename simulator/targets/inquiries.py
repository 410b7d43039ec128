"""The requests of a scenario: each waits for its moment, is sent to the system's API, and its answer is noted."""

import json
from typing import TYPE_CHECKING

from simulator.account.gateway import HttpRequest
from simulator.clock import Signal
from simulator.journal import Asked
from simulator.scenario.plan import as_text, substitute
from simulator.scenario.requests import ApiRequest
from simulator.targets.requests import ask

if TYPE_CHECKING:
    from simulator.targets.staging import Stage


def inquire(stage: "Stage") -> None:
    """Let every request of the scenario wait for its moment."""
    for number, request in enumerate(stage.scenario.requests, 1):
        _wait_for(stage, number, request)


def _wait_for(stage: "Stage", number: int, request: ApiRequest) -> None:
    occasion = Signal(stage.world.clock)
    stage.watch.moment(request.when).then(occasion.set)

    def work() -> None:
        occasion.wait()
        stage.world.clock.sleep_ms(request.delay_ms)
        _send(stage, number, request)

    stage.world.clock.spawn(f"request {number}", work)


def _send(stage: "Stage", number: int, request: ApiRequest) -> None:
    handler = request.handler or stage.scenario.handler_of_requests
    assert handler is not None  # the scenario was checked for it
    executions = stage.world.executions
    names = {**stage.values, "executionName": executions[0].name if executions else ""}
    path, _, query = as_text(substitute(request.send.path, names)).partition("?")
    headers = {name: as_text(substitute(value, names)) for name, value in request.headers.items()}
    body = request.text if request.body is None else json.dumps(substitute(request.body, names))
    answer = ask(stage, handler, HttpRequest(request.send.method, path, query, headers, body))
    stage.world.journal.record(Asked(number, f"{request.send.method} {path}", answer.status, answer.body))
