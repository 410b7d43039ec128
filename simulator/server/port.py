"""A port on which worlds are served one at a time, for engines that run a scenario's executions and call its world."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar, cast

from simulator.account.account import CALLER
from simulator.account.world import World
from simulator.errors import ClockStopped
from simulator.pacing import Failure, PacedClock
from simulator.server.app import App
from simulator.server.host import Host, Running
from simulator.server.http import Listener

MAX_REQUEST_BYTES = 64 * 1024 * 1024
ENGINE = "states:outside"  # who calls, as the journal has it

T = TypeVar("T")


class WorldPort:
    """Listens until it is closed, and answers in whichever world is being served.

    Raises UserError for a port that cannot be had.
    """

    def __init__(self, host: str, port: int, on_failure: Failure) -> None:
        self._running: Running | None = None
        self._number = 0
        app = App(
            cast("Host", self), MAX_REQUEST_BYTES, on_failure, lambda _: None
        )  # it asks of a host only what is here, and of its journal only pages
        self._listener = Listener(host, port, app, on_failure)
        self.url = self._listener.url
        self._listener.start()

    @contextmanager
    def serving(self, world: World, paced: PacedClock) -> Iterator[None]:
        """Answer requests in a world for as long as the context lasts."""
        self._number += 1
        self._running = Running(self._number, 0, world, paced)
        try:
            yield
        finally:
            self._running = None

    def close(self) -> None:
        """Take no more requests."""
        self._listener.close()

    def current(self) -> Running:
        """The world that is served. Raises ClockStopped."""
        running = self._running
        if running is None:
            raise ClockStopped("no run is going on")
        return running

    def act(self, name: str, _one: object, work: Callable[[Running], T]) -> Future[T]:
        """As `submit`: no snapshots are taken here."""
        return self.submit(name, work)

    def submit(self, name: str, work: Callable[[Running], T]) -> Future[T]:
        """Have `work` done in the world that is served, as the engine's. Raises ClockStopped."""
        running = self.current()

        def called() -> T:
            CALLER.set(ENGINE)
            return work(running)

        return running.paced.submit(name, called)
