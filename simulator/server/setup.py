"""What a served world begins with: a scenario's system, fleet and faults, or an empty account with some servers."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from simulator.account.world import ACCOUNT_ID, World
from simulator.drs.settings import Settings
from simulator.journal import RunStarted
from simulator.scenario.model import Scenario
from simulator.server.spill import Spill
from simulator.targets.artefacts import run_started
from simulator.targets.drs_settings import drs_settings
from simulator.targets.staging import Stage

TITLE = "drsim serve"


@dataclass(frozen=True, slots=True)
class Group:
    """So many source servers, called `name-001` and so on."""

    name: str
    count: int

    @property
    def server_names(self) -> list[str]:
        """The servers' names."""
        return [f"{self.name}-{number:03}" for number in range(1, self.count + 1)]


@dataclass(frozen=True, slots=True)
class Setup:
    """A world to serve. `speed` is in virtual seconds a wall second, None for virtual mode; `region` is the world's own.

    The servers of `groups` run in EC2 in the Region `origin`, outside AWS if there is none. `journal` is the file to write
    the journal to, one that goes with the world if there is none.
    """

    seed: int
    start: datetime
    region: str
    speed: float | None
    scenario: Scenario | None = None
    groups: Sequence[Group] = ()
    origin: str | None = None
    journal: Path | None = None


@contextmanager
def opened(setup: Setup, seed: int) -> Iterator[tuple[World, Spill]]:
    """A world as it is set up, installed for as long as the context lasts, and where its journal is kept.

    Raises UserError as staging does, and for a journal that cannot be written.
    """
    scenario = setup.scenario
    settings = drs_settings(scenario) if scenario else Settings()
    entries = Spill(setup.journal)
    world = World(seed, setup.start, setup.region, settings, entries)
    started = run_started(scenario, seed) if scenario else RunStarted(TITLE, seed, "")
    world.journal.record(replace(started, start=setup.start.isoformat()))
    with closing(entries), world.installed():
        if scenario:
            Stage(world, scenario).build()
        region = world.drs.region(ACCOUNT_ID, world.region)
        region.initialize()
        if setup.origin:
            world.drs.region(ACCOUNT_ID, setup.origin).initialize()
        for name in (name for group in setup.groups for name in group.server_names):
            region.add_source_server(name, origin_region=setup.origin)
        world.account.is_recording = True
        yield world, entries
