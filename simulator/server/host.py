"""The thread in which the served worlds live, one after another: a reset throws the world away and makes another."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from simulator.account.world import World
from simulator.errors import ClockStopped
from simulator.pacing import Failure, PacedClock
from simulator.server.setup import Setup, opened

START_SECONDS = 120.0  # how long a request waits for a world that is being made
GRACE_SECONDS = 5.0  # how long requests may go on once the server is to stop

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Running:
    """A world that is being served, with its number since the server's start."""

    number: int
    seed: int
    world: World
    paced: PacedClock


class Host:
    """Runs worlds until it is stopped. `on_ready` hears of the first one, `on_failure` of what fails unasked in any."""

    def __init__(self, setup: Setup, on_failure: Failure, on_ready: Callable[[], None]) -> None:
        self.is_stopping = False
        self._setup, self._on_failure, self._on_ready = setup, on_failure, on_ready
        self._seed = setup.seed
        self._paced: PacedClock | None = None
        self._current: Future[Running] = Future()
        self._resetting = Lock()

    # From any thread.

    def submit(self, name: str, work: Callable[[Running], T]) -> Future[T]:
        """Have `work` done in the present world. Raises ClockStopped if there will be none any more."""
        running = self.current()
        return running.paced.submit(name, lambda: work(running))

    def current(self) -> Running:
        """The present world, only to look at what never changes. Raises ClockStopped."""
        if self.is_stopping:
            raise ClockStopped
        return self._current.result(START_SECONDS)

    def reset(self, seed: int | None) -> Running:
        """Throw the world away and make another, with the same seed unless another is given. Raises ClockStopped."""
        with self._resetting:
            old = self.current()
            self._seed = old.seed if seed is None else seed
            self._current = Future()
            old.paced.stop()
            return self.current()

    def stop(self) -> None:
        """Stop once the requests under way are answered, or some seconds later; safe in a signal handler."""
        self.is_stopping = True
        if self._paced:
            self._paced.stop(GRACE_SECONDS)

    # In the worlds' thread.

    def run(self) -> None:
        """Serve worlds until `stop`. Raises UserError if the first one cannot be set up."""
        number = 0
        try:
            while not self.is_stopping:
                number += 1
                self._serve(number)
        finally:
            self.is_stopping = True
            if not self._current.done():
                self._current.set_exception(ClockStopped())

    def _serve(self, number: int) -> None:
        with opened(self._setup, self._seed) as (world, _):
            self._paced = paced = PacedClock(world.clock, self._setup.speed, self._on_failure)
            self._current.set_result(Running(number, self._seed, world, paced))
            if number == 1:
                self._on_ready()
            if self.is_stopping:
                paced.stop()
            paced.run()
