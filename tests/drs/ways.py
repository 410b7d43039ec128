"""The two ways to the service through boto3: in process, and over HTTP. The same tests go both ways."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from simulator.account import moto_services
from simulator.account.world import ACCOUNT_ID, World
from simulator.errors import HorizonReached
from tests.server.served import Served

REGION = "us-west-2"


class Way(Protocol):
    """A world with nothing but DRS in it."""

    def add(self, *names: str) -> list[str]:
        """Add source servers; their ids."""

    def ask(self, work: Callable[[Any], Any], seconds: float = 1) -> Any:
        """What `work` makes of a client of DRS; so many seconds have passed then."""


class InProcess:
    """The way that functions of a world go."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._region = world.drs.region(ACCOUNT_ID, REGION)
        self._region.initialize()

    def add(self, *names: str) -> list[str]:
        return [self._region.add_source_server(name).id for name in names]

    def ask(self, work: Callable[[Any], Any], seconds: float = 1) -> Any:
        clock = self._world.clock
        process = clock.spawn("caller", lambda: work(moto_services.client("drs", REGION, ACCOUNT_ID)))
        until_ms = clock.now_ms + round(seconds * 1000)
        clock.call_at(until_ms, lambda: None)
        with suppress(HorizonReached):
            clock.run(until_ms)
        return process.value


class OverHttp:
    """The way that everybody else goes."""

    def __init__(self, served: Served) -> None:
        served.reset()
        self._served = served

    def add(self, *names: str) -> list[str]:
        ids: dict[str, str] = self._served.admin("servers", {"names": list(names)})
        return list(ids.values())

    def ask(self, work: Callable[[Any], Any], seconds: float = 1) -> Any:
        until_ms = self._served.admin("clock")["nowMs"] + round(seconds * 1000)
        value = work(self._served.client("drs"))
        left_ms = until_ms - self._served.admin("clock")["nowMs"]
        self._served.admin("clock/advance", {"seconds": max(0, left_ms) / 1000})
        return value
