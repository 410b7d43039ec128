"""A run from its set-up to its end, wherever its executions run: what is asked, by whom, and what is read at the end."""

import json
from collections.abc import Callable, Mapping, Sequence

from simulator.account import moto_services
from simulator.account.elsewhere import Ran
from simulator.account.world import ACCOUNT_ID, World
from simulator.journal import Answered, FleetMade, RecordRead, RunEnded
from simulator.json_types import JsonObject
from simulator.scenario.model import Scenario
from simulator.targets.aborting import roll_back, watch_conditions
from simulator.targets.artefacts import run_started
from simulator.targets.drs_settings import drs_settings
from simulator.targets.inquiries import inquire
from simulator.targets.operators import employ
from simulator.targets.probes import read_probes, table_items
from simulator.targets.recording import ABORTED, NOT_STEADY
from simulator.targets.requests import ask, json_request
from simulator.targets.staging import Stage

RunOut = Callable[[], tuple[str, str]]
"""Lets everything come to its end; why that came, and in detail."""


def world_for(scenario: Scenario, seed: int) -> World:
    """The world of a scenario, with nothing in it yet."""
    return World(seed, scenario.run.start, scenario.fleet.region, drs_settings(scenario))


def staged(world: World, scenario: Scenario, seed: int) -> Stage:
    """Set the scenario up in an installed world. Raises UserError for what the scenario names and cannot be used."""
    world.journal.record(run_started(scenario, seed))
    stage = Stage(world, scenario)
    stage.build()
    world.journal.record(FleetMade(_fleet(stage)))
    return stage


def conduct(stage: Stage, run_out: RunOut) -> int:
    """Ask for the recovery and see it through; the virtual milliseconds that it took. The journal is then complete."""
    world = stage.world
    if read_probes(stage, "before"):
        reason, detail = _recover(stage, run_out)
        read_probes(stage, "after")
    else:
        reason, detail = NOT_STEADY, "the steady state did not hold before, so that nothing was started"
    virtual_ms = world.clock.now_ms
    _read_record(stage)
    world.journal.record(RunEnded(reason, detail))
    return virtual_ms


def _fleet(stage: Stage) -> Mapping[str, Mapping[str, str]]:
    return {
        wave.name: {server: stage.server_ids[server] for server in wave.server_names} for wave in stage.scenario.fleet.waves
    }


def _recover(stage: Stage, run_out: RunOut) -> tuple[str, str]:
    """Ask for the recovery and let everything come to its end; why that came."""
    world = stage.world
    world.account.is_recording = True
    employ(stage)
    inquire(stage)
    watch_conditions(stage)
    world.clock.spawn("request", lambda: _request(stage))
    reason, detail = run_out()
    if reason == ABORTED:
        roll_back(stage, run_out)
    world.account.is_recording = False
    return reason, detail


def _request(stage: Stage) -> None:
    """Ask the system to recover: through its API, or by starting its state machine."""
    start, world = stage.scenario.system.start, stage.world
    if start.handler is None or start.request is None:
        answer = moto_services.client("stepfunctions", world.region, ACCOUNT_ID).start_execution(
            stateMachineArn=stage.values["StateMachineArn"], input=json.dumps(stage.fill(start.input))
        )
        world.journal.record(Answered(200, {"executionArn": answer["executionArn"]}))
        return
    request = start.request
    world.journal.record(ask(stage, start.handler, json_request(request.method, request.path, stage.fill(request.body))))


def _read_record(stage: Stage) -> None:
    """Note how the orchestrator's own record stands at the end."""
    record, world = stage.scenario.system.record, stage.world
    if record is None:
        return
    items = table_items(world, stage.table(record.table))
    item = _of_execution(items, record.key, world.executions)
    world.journal.record(RecordRead(record.table, {record.key: item[record.key]} if item else {}, item))


def _of_execution(items: Sequence[JsonObject], key: str, executions: Sequence[Ran]) -> JsonObject | None:
    """The record of the first execution: the one with its name or ARN as key, else the only one there is."""
    names = {execution.name for execution in executions[:1]} | {execution.arn for execution in executions[:1]}
    named = [item for item in items if item.get(key) in names]
    return named[0] if named else items[0] if len(items) == 1 else None
