"""The clock held back to wall time, for a world that programs and people outside of it see and act on while it runs.

`PacedClock` drives a `VirtualClock` in one of two ways. At a *speed* (virtual seconds a wall second) time passes on its own.
Without one, in *virtual* mode, it stands still unless something from outside needs it: a request that takes a minute lets a
minute pass at once, and no more. Either way it can be paused, stepped from event to event, and advanced by any amount.

The world lives in the one thread that calls `run`. Everybody else hands their work over with `submit`, from any thread, and
gets a future; the work is done as a process of the world and may wait on its clock.
"""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, TypeVar

from greenlet import GreenletExit

from simulator.clock import VirtualClock
from simulator.errors import ClockStopped, ClockStuck
from simulator.wall import Inbox, MachineWall, Outside, Wall

MIN_SPEED, MAX_SPEED = 0.001, 10_000.0
MAX_LAG_SECONDS = 1.0  # of wall time: what the machine cannot keep up with is lost, not made up for later

T = TypeVar("T")
Failure = Callable[[BaseException], None]


@dataclass(frozen=True, slots=True)
class Pace:
    """How a clock stands. `speed` is None in virtual mode; `waiting` counts the work from outside that is not done."""

    now_ms: int
    next_ms: int | None
    speed: float | None
    is_paused: bool
    waiting: int


class PacedClock:
    """Drives a clock until it is stopped.

    `on_failure` hears of every exception that leaves a process which nobody waits for; the world goes on. Once the clock is
    stuck, `trouble` says so, and all work is refused with that error.
    """

    def __init__(self, clock: VirtualClock, speed: float | None, on_failure: Failure, wall: Wall | None = None) -> None:
        self.trouble: ClockStuck | None = None
        self._clock, self._speed, self._on_failure = clock, _checked(speed), on_failure
        self._wall: Wall = wall or MachineWall()
        self.on_admit: Callable[[int, list[Any]], None] | None = None
        self._notes: list[Any] = []
        self._between: list[Outside] = []
        self._inbox: Inbox = SimpleQueue()
        self._outside: dict[Outside, None] = {}
        self._is_paused = self._is_stopping = self._is_closed = False
        self._grace_seconds = 0.0
        self._goal_ms = clock.now_ms  # how far `advance_ms` lets time go without waiting
        self._stops_at: float | None = None
        self._anchor()

    # From any thread.

    def submit(self, name: str, work: Callable[[], T], note: Any = None) -> Future[T]:
        """Have `work` done as a process of the world. `on_admit` is told the notes of what is admitted at an instant.

        The future has what it returns or raises, or `ClockStopped` if the clock is stopped before that.
        """
        return self._put(Outside(name, work, Future(), note))

    def submit_between(self, name: str, work: Callable[[], T]) -> Future[T]:
        """Have `work`, which must not wait, done when nothing is left to happen at the instant, by no process."""
        return self._put(Outside(name, work, Future(), is_between=True))

    def _put(self, outside: Outside) -> Future[Any]:
        self._inbox.put(outside)
        if self._is_closed:  # perhaps after the last look into the inbox
            _refuse(outside, ClockStopped())
        return outside.future

    def stop(self, grace_seconds: float = 0.0) -> None:
        """Stop as soon as no work from outside is left, after `grace_seconds` of wall time at the latest."""
        self._grace_seconds, self._is_stopping = grace_seconds, True
        self._inbox.put(None)

    # In the world's thread.

    def run(self) -> None:
        """Keep the clock going until it is stopped, and refuse what is then left of the work."""
        self._anchor()
        try:
            while not self._is_over():
                self._receive(self._patience_seconds())
                self._go_on()
                self._do_between()
        finally:
            self._close()

    # For the work that was submitted.

    def pace(self) -> Pace:
        """How the clock stands now. Who asks does not count as waiting."""
        return Pace(self._clock.now_ms, self._clock.next_ms, self._speed, self._is_paused, len(self._outside) - 1)

    def set_speed(self, speed: float | None) -> None:
        """Let time pass at another speed, or with None only as far as work from outside needs it. Raises ValueError."""
        self._speed = _checked(speed)
        self._anchor()

    def pause(self) -> None:
        """Let no time pass at all: work that needs some waits."""
        self._is_paused = True

    def resume(self) -> None:
        """Let time pass again, from where it was."""
        self._is_paused = False
        self._anchor()

    def advance_ms(self, duration_ms: int) -> None:
        """Let `duration_ms` pass at once, paused or not, for the process that asks."""
        self._goal_ms = max(self._goal_ms, self._clock.now_ms + duration_ms)
        self._clock.sleep_ms(duration_ms)
        self._anchor()

    def step(self) -> None:
        """Pause, and let time go on to the next instant at which something is due, for the process that asks."""
        self.pause()
        next_ms = self._clock.next_ms
        if next_ms is not None:
            self.advance_ms(next_ms - self._clock.now_ms)

    # How far time may go.

    def _limit_ms(self) -> int:
        now_ms = self._clock.now_ms
        if self._goal_ms > now_ms:
            return self._goal_ms
        if self._is_paused:
            return now_ms
        if self._speed is None:
            next_ms = self._clock.next_ms
            return now_ms if next_ms is None or not self._outside else next_ms
        passed_ms = (self._wall.seconds() - self._anchor_seconds) * 1000 * self._speed
        return max(now_ms, self._anchor_ms + int(passed_ms))

    def _anchor(self) -> None:
        """Let wall and virtual time be equal here and now."""
        self._anchor_ms, self._anchor_seconds = self._clock.now_ms, self._wall.seconds()

    def _patience_seconds(self) -> float | None:
        """How long to wait for messages: until something is due, or for ever."""
        limit_ms, next_ms = self._limit_ms(), self._clock.next_ms
        until_stop = None if self._stops_at is None else max(0.0, self._stops_at - self._wall.seconds())
        if self.trouble or next_ms is None:
            return until_stop
        if next_ms <= limit_ms:
            return 0.0
        if self._is_paused or self._speed is None:
            return until_stop
        until_next = (next_ms - limit_ms) / 1000 / self._speed
        return until_next if until_stop is None else min(until_next, until_stop)

    # What the thread does.

    def _receive(self, seconds: float | None) -> None:
        first = self._wall.receive(self._inbox, seconds)
        if first is None:
            return
        if seconds != 0.0:
            self._go_on()  # time went on while nobody looked
        self._admit(first)
        for _ in range(self._inbox.qsize()):
            another = self._wall.receive(self._inbox, 0.0)
            if another is not None:
                self._admit(another)
        if self._notes and self.on_admit:
            self.on_admit(self._clock.now_ms, self._notes)
        self._notes = []

    def _admit(self, outside: Outside) -> None:
        if self.trouble:
            _refuse(outside, self.trouble)
            return
        if outside.is_between:
            self._between.append(outside)
            return
        if outside.note is not None:
            self._notes.append(outside.note)
        self._outside[outside] = None
        self._clock.spawn(outside.name, lambda: self._do(outside), supervised=True)

    def _do_between(self) -> None:
        between, self._between = self._between, []
        for outside in between:
            try:
                outside.future.set_result(outside.work())
            except Exception as error:
                _refuse(outside, error)

    def _do(self, outside: Outside) -> None:
        try:
            result = outside.work()
        except GreenletExit:
            _refuse(outside, ClockStopped())
            raise
        except BaseException as error:
            _refuse(outside, error)
        else:
            if not outside.future.done():
                outside.future.set_result(result)
        finally:
            self._outside.pop(outside, None)

    def _go_on(self) -> None:
        """Run the next instant that is due; if none is, only let time pass."""
        if self.trouble:
            return
        limit_ms, next_ms = self._limit_ms(), self._clock.next_ms
        until_ms = limit_ms if next_ms is None else min(limit_ms, next_ms)
        while not self._has_run(until_ms):
            pass
        self._lose(limit_ms - self._clock.now_ms)

    def _has_run(self, until_ms: int) -> bool:
        """Run what is due; whether all is done. A process that fails unasked leaves the rest of its instant for later."""
        try:
            self._clock.run_until(until_ms)
        except ClockStuck as error:
            self._give_up(error)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            self._on_failure(error)
            return False
        return True

    def _lose(self, behind_ms: int) -> None:
        """Go on from here if the machine has fallen too far behind."""
        if self._speed is not None and behind_ms > MAX_LAG_SECONDS * 1000 * self._speed:
            self._anchor()

    def _give_up(self, error: ClockStuck) -> None:
        self.trouble = error
        self._on_failure(error)
        self._refuse_all(error)

    def _is_over(self) -> bool:
        if not self._is_stopping:
            return False
        if self._stops_at is None:
            self._stops_at = self._wall.seconds() + self._grace_seconds
        is_done = not self._outside and self._inbox.empty()
        return is_done or self._is_paused or self._wall.seconds() >= self._stops_at

    def _close(self) -> None:
        self._is_closed = True
        self._refuse_all(ClockStopped())
        while (outside := self._wall.receive(self._inbox, 0.0)) or not self._inbox.empty():
            if outside is not None:
                _refuse(outside, ClockStopped())

    def _refuse_all(self, error: BaseException) -> None:
        for outside in list(self._outside):
            _refuse(outside, error)
        self._outside.clear()


def _refuse(outside: Outside, error: BaseException) -> None:
    if not outside.future.done():
        outside.future.set_exception(error)


def _checked(speed: float | None) -> float | None:
    if speed is not None and not MIN_SPEED <= speed <= MAX_SPEED:
        raise ValueError(f"a speed is from {MIN_SPEED:g} to {MAX_SPEED:g}, not {speed:g}")
    return speed
