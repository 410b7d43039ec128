"""What a served world begins with: a scenario's system, fleet and faults, or an empty account with some servers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from simulator.account.world import ACCOUNT_ID, World
from simulator.drs.settings import Settings
from simulator.journal import RunStarted
from simulator.scenario.model import Scenario
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

    The servers of `groups` run in EC2 in the Region `origin`, outside AWS if there is none.
    """

    seed: int
    start: datetime
    region: str
    speed: float | None
    scenario: Scenario | None = None
    groups: Sequence[Group] = ()
    origin: str | None = None


@contextmanager
def opened(setup: Setup, seed: int) -> Iterator[World]:
    """A world as it is set up, installed for as long as the context lasts. Raises UserError as staging does."""
    scenario = setup.scenario
    settings = drs_settings(scenario) if scenario else Settings()
    world = World(seed, setup.start, setup.region, settings)
    world.journal.record(RunStarted(scenario.title if scenario else TITLE, seed, setup.start.isoformat()))
    with world.installed():
        if scenario:
            Stage(world, scenario).build()
        region = world.drs.region(ACCOUNT_ID, world.region)
        region.initialize()
        if setup.origin:
            world.drs.region(ACCOUNT_ID, setup.origin).initialize()
        for name in (name for group in setup.groups for name in group.server_names):
            region.add_source_server(name, origin_region=setup.origin)
        world.account.is_recording = True
        yield world
