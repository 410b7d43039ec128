"""The thread in which the served worlds live, one after another: a reset throws the world away and makes another."""

import json
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, replace
from threading import Lock
from typing import TypeVar

from simulator.account.world import World
from simulator.errors import ClockStopped
from simulator.pacing import Failure, PacedClock
from simulator.server.following import Growth
from simulator.server.setup import Setup, opened
from simulator.server.snapshots import Input, Recorder, Snapshot, Unrestorable, about, replay

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
    recorder: Recorder | None = None
    growth: Growth | None = None


class Host:
    """Runs worlds until it is stopped. `on_ready` hears of the first one, `on_failure` of what fails unasked in any."""

    def __init__(self, setup: Setup, on_failure: Failure, on_ready: Callable[[], None]) -> None:
        self.is_stopping = False
        self._setup, self._on_failure, self._on_ready = setup, on_failure, on_ready
        self._seed = setup.seed
        self._paced: PacedClock | None = None
        self._current: Future[Running] = Future()
        self._resetting = Lock()
        self._snapshot: Snapshot | None = None
        self._trouble: Unrestorable | None = None

    # From any thread.

    def submit(self, name: str, work: Callable[[Running], T]) -> Future[T]:
        """Have `work` done in the present world. Raises ClockStopped if there will be none any more."""
        running = self.current()
        return running.paced.submit(name, lambda: work(running))

    def act(self, name: str, one: Input, work: Callable[[Running], T]) -> Future[T]:
        """Have an input from outside done by `work`, and written down for snapshots. Raises ClockStopped."""
        running = self.current()
        return running.paced.submit(name, lambda: work(running), one)

    def snapshot(self) -> bytes:
        """The present world in a snapshot. Raises ClockStopped, and ClockStuck."""
        running, recorder = self.current(), self.current().recorder
        assert recorder is not None
        return running.paced.submit_between("snapshot", lambda: recorder.snapshot(running.world.clock.now_ms)).result()

    def restore(self, snapshot: Snapshot) -> Running:
        """Throw the world away and make the snapshot's again. Raises Unrestorable, with a world as at the start."""
        if snapshot.setup != json.loads(json.dumps(about(self._setup))):
            raise Unrestorable("the snapshot is of a world that was set up with other options or another scenario")
        with self._resetting:
            old = self.current()
            self._seed, self._snapshot, self._current = old.seed, snapshot, Future()
            old.paced.stop()
            running = self._current.result()
            trouble, self._trouble = self._trouble, None
            if trouble:
                raise trouble
            return running

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
        snapshot, self._snapshot = self._snapshot, None
        seed = snapshot.seed if snapshot else self._seed
        setup = replace(self._setup, start=snapshot.start) if snapshot else self._setup
        with opened(setup, seed) as (world, entries), closing(Recorder(setup, seed, entries)) as recorder:
            if snapshot:
                try:
                    replay(snapshot, world, entries, recorder)
                except Unrestorable as trouble:
                    self._trouble = trouble
                    return
            self._paced = paced = PacedClock(world.clock, self._setup.speed, self._on_failure)
            paced.on_admit = recorder.admit
            self._current.set_result(Running(number, seed, world, paced, recorder, entries.growth))
            if number == 1:
                self._on_ready()
            if self.is_stopping:
                paced.stop()
            paced.run()
