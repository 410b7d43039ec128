"""The embedded target: a scenario runs in this process, in virtual time, against our own engine and services."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.account import moto_services
from simulator.account.functions import SimulatorBug
from simulator.account.world import ACCOUNT_ID, World
from simulator.errors import HorizonReached, SimulationLimit, UserError
from simulator.journal import Answered, FleetMade, RecordRead, RunEnded
from simulator.scenario.model import Scenario
from simulator.targets.aborting import Aborted, roll_back, watch_conditions
from simulator.targets.artefacts import run_started
from simulator.targets.drs_settings import drs_settings
from simulator.targets.operators import employ
from simulator.targets.probes import read_probes
from simulator.targets.recording import ABORTED, NOT_STEADY, Recording
from simulator.targets.requests import ask
from simulator.targets.staging import Stage
from simulator.targets.target import NOTHING, Lacks


@dataclass(frozen=True, slots=True)
class Embedded:
    """The target itself."""

    name: str = "embedded"

    @property
    def lacks(self) -> Lacks:
        """Nothing."""
        return NOTHING

    def run(self, scenario: Scenario, seed: int) -> Recording:
        """Run a scenario once, as the module's `run`."""
        return run(scenario, seed)


def run(scenario: Scenario, seed: int) -> Recording:
    """Run a scenario once.

    Raises UserError for what the scenario names and cannot be used (a handler that does not import, a definition that Step
    Functions would refuse). Everything else that happens, bounds of the simulation included, is in the journal.
    """
    world = _world(scenario, seed)
    world.journal.record(run_started(scenario, seed))
    with world.installed():
        stage = Stage(world, scenario)
        stage.build()
        world.journal.record(FleetMade(_fleet(stage)))
        if read_probes(stage, "before"):
            reason, detail = _recover(stage)
            read_probes(stage, "after")
        else:
            reason, detail = NOT_STEADY, "the steady state did not hold before, so that nothing was started"
        virtual_ms = world.clock.now_ms
        _read_record(stage)
        world.journal.record(RunEnded(reason, detail))
    return Recording(world.journal, stage.server_ids, virtual_ms)


@dataclass(frozen=True, slots=True)
class Inspected:
    """A system that was set up without being run: its definition if that can be used, and all that is wrong."""

    definition: str | None
    error: UserError | None


def inspect_system(scenario: Scenario) -> Inspected:
    """Set a scenario up without running it."""
    world = _world(scenario, scenario.run.seed)
    definition = None
    try:
        with world.installed():
            stage = Stage(world, scenario)
            try:
                stage.build()
            finally:
                definition = stage.definition
    except UserError as error:
        return Inspected(definition, error)
    return Inspected(definition, None)


def _fleet(stage: Stage) -> Mapping[str, Mapping[str, str]]:
    return {
        wave.name: {server: stage.server_ids[server] for server in wave.server_names} for wave in stage.scenario.fleet.waves
    }


def _world(scenario: Scenario, seed: int) -> World:
    return World(seed, scenario.run.start, scenario.fleet.region, drs_settings(scenario))


def _recover(stage: Stage) -> tuple[str, str]:
    """Ask for the recovery and let everything come to its end; why that came."""
    world, horizon_ms = stage.world, stage.scenario.run.horizon_ms
    world.account.is_recording = True
    employ(stage)
    watch_conditions(stage)
    world.clock.spawn("request", lambda: _request(stage))
    reason, detail = _run_out(world, horizon_ms)
    if reason == ABORTED:
        roll_back(stage, lambda: _run_out(world, horizon_ms))
    world.account.is_recording = False
    return reason, detail


def _run_out(world: World, horizon_ms: int) -> tuple[str, str]:
    """Run until nothing is left to happen; why it ended."""
    try:
        world.clock.run(horizon_ms)
    except HorizonReached as limit:
        # What still goes on after the recovery has ended (another job, a late clean-up) is no reason to wait for it.
        if any(execution.ended_ms is None for execution in world.states.executions.values()):
            return type(limit).__name__, str(limit)
    except Aborted as aborted:
        return ABORTED, str(aborted)
    except SimulationLimit as limit:
        return type(limit).__name__, str(limit)
    except SimulatorBug as bug:
        raise bug.__cause__ or bug from bug
    return "finished", ", ".join(sorted(world.clock.blocked()))


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
    world.journal.record(ask(stage, start.handler, request.method, request.path, stage.fill(request.body)))


def _read_record(stage: Stage) -> None:
    """Note how the orchestrator's own record stands at the end."""
    record, world = stage.scenario.system.record, stage.world
    if record is None:
        return
    client = moto_services.client("dynamodb", world.region, ACCOUNT_ID)
    items = [
        {name: moto_services.from_dynamodb(value) for name, value in item.items()}
        for item in client.scan(TableName=stage.table(record.table), ConsistentRead=True)["Items"]
    ]
    item = _of_execution(items, record.key, list(world.states.executions.values()))
    world.journal.record(RecordRead(record.table, {record.key: item[record.key]} if item else {}, item))


def _of_execution(items: list[dict[str, Any]], key: str, executions: list[Any]) -> dict[str, Any] | None:
    """The record of the first execution: the one with its name or ARN as key, else the only one there is."""
    names = {execution.name for execution in executions[:1]} | {execution.arn for execution in executions[:1]}
    named = [item for item in items if item.get(key) in names]
    return named[0] if named else items[0] if len(items) == 1 else None
