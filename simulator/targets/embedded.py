"""The embedded target: a scenario runs in this process, in virtual time, against our own engine and services."""

from dataclasses import dataclass
from functools import partial

from simulator.account.functions import SimulatorBug
from simulator.account.world import World
from simulator.errors import HorizonReached, SimulationLimit, UserError
from simulator.scenario.model import Scenario
from simulator.targets.aborting import Aborted
from simulator.targets.conducting import conduct, staged, world_for
from simulator.targets.recording import ABORTED, Recording
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
    world = world_for(scenario, seed)
    with world.installed():
        stage = staged(world, scenario, seed)
        virtual_ms = conduct(stage, partial(run_out, world, scenario.run.horizon_ms))
    return Recording(world.journal, stage.server_ids, virtual_ms)


def run_out(world: World, horizon_ms: int) -> tuple[str, str]:
    """Run until nothing is left to happen; why it ended."""
    try:
        world.clock.run(horizon_ms)
    except HorizonReached as limit:
        # What still goes on after the recovery has ended (another job, a late clean-up) is no reason to wait for it.
        if any(execution.ended_ms is None for execution in world.executions):
            return type(limit).__name__, str(limit)
    except Aborted as aborted:
        return ABORTED, str(aborted)
    except SimulationLimit as limit:
        return type(limit).__name__, str(limit)
    except SimulatorBug as bug:
        raise bug.__cause__ or bug from bug
    return "finished", ", ".join(sorted(world.clock.blocked()))


@dataclass(frozen=True, slots=True)
class Inspected:
    """A system that was set up without being run: its definition if that can be used, and all that is wrong."""

    definition: str | None
    error: UserError | None


def inspect_system(scenario: Scenario) -> Inspected:
    """Set a scenario up without running it."""
    world = world_for(scenario, scenario.run.seed)
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
