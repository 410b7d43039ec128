"""The one clock: a heap of events in virtual milliseconds, and the processes that wait on it.

A process is a greenlet: plain synchronous code that may call `clock.sleep_ms(n)` or wait on a `Signal` at any depth of its
stack while the rest of the world goes on. Time moves only when nothing can run, and jumps to the next event. Events at
the same millisecond run by priority (`Priority`), then in the order in which they were scheduled.

Nothing here is thread-safe: a clock and its processes live in one thread.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any, Protocol

from greenlet import GreenletExit, getcurrent, greenlet

from simulator.errors import ClockStuck, HorizonReached

MAX_EVENTS_PER_INSTANT = 1_000_000
MAX_UNWINDINGS = 3  # a process that sleeps again while it is being ended gets this many chances


class Priority(IntEnum):
    """Who goes first within a millisecond: what services do, then waiting processes, then deadlines.

    So whatever finishes at the very millisecond of its deadline has finished in time.
    """

    SERVICE = 0
    PROCESS = 10
    DEADLINE = 20


class Context(Protocol):
    """What must be in place whenever a process runs, such as a Lambda sandbox's environment."""

    def enter(self) -> None:
        """Called each time before the process runs."""

    def leave(self) -> None:
        """Called each time the process has stopped running, for good or for a while."""


@dataclass(order=True, slots=True)
class Timer:
    """An action due at a virtual instant. `cancel()` makes it do nothing. `is_companion`: no run goes on for it alone."""

    at_ms: int
    priority: int
    sequence: int
    action: Callable[[], None] | None = field(compare=False)
    is_companion: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Make the action not happen."""
        self.action = None


class VirtualClock:
    """A run's clock. `now_ms` counts from 0 at `start` (an aware datetime, the run's start instant)."""

    def __init__(self, start: datetime) -> None:
        self.start = start.astimezone(UTC)
        self.now_ms = 0
        self._heap: list[Timer] = []
        self._sequence = 0
        self._until_ms: int | None = None
        self._hub: greenlet | None = None
        self._live: dict[Process, None] = {}
        self._listeners: list[Callable[[], None]] = []
        self.is_closing = False

    def now(self) -> datetime:
        """The virtual instant as an aware UTC datetime, exact to the millisecond."""
        return self.start + timedelta(milliseconds=self.now_ms)

    def on_advance(self, listener: Callable[[], None]) -> None:
        """Call `listener` each time after time has moved."""
        self._listeners.append(listener)

    def call_at(self, at_ms: int, action: Callable[[], None], priority: int = Priority.SERVICE) -> Timer:
        """Run `action` at `at_ms` (at once, after what is already due, if that has passed). It must not block."""
        self._sequence += 1
        timer = Timer(max(at_ms, self.now_ms), priority, self._sequence, action)
        heapq.heappush(self._heap, timer)
        return timer

    def call_after(self, delay_ms: int, action: Callable[[], None], priority: int = Priority.SERVICE) -> Timer:
        """Run `action` after `delay_ms`."""
        return self.call_at(self.now_ms + delay_ms, action, priority)

    def accompany(self, delay_ms: int, action: Callable[[], None]) -> Timer:
        """Run `action` after `delay_ms`, but no `run` goes on for it: one that has nothing else left leaves it and ends."""
        timer = self.call_after(delay_ms, action)
        timer.is_companion = True
        return timer

    def spawn(
        self,
        name: str,
        run: Callable[[], Any],
        *,
        context: Context | None = None,
        supervised: bool = False,
        gate: "Gate | None" = None,
    ) -> "Process":
        """Start a process now, after what is already due. A `gate` that is closed holds it.

        An exception that leaves `run` ends the whole run, unless the process is `supervised`: then it is kept in
        `Process.error` for whoever waits on `Process.ended`.
        """
        process = Process(self, name, run, context, supervised, gate)
        self._live[process] = None
        process.wake()
        return process

    def current(self) -> "Process":
        """The running process. Raises RuntimeError where no process runs."""
        running = getcurrent()
        if isinstance(running, _ProcessGreenlet):
            return running.process
        raise RuntimeError("only a process of the simulation can wait on the virtual clock")

    @property
    def in_process(self) -> bool:
        """Whether the caller is a process of a clock."""
        return isinstance(getcurrent(), _ProcessGreenlet)

    def sleep_ms(self, duration_ms: int) -> None:
        """Let `duration_ms` (>= 0) of virtual time pass for the current process."""
        process = self.current()
        wake_ms = self.now_ms + duration_ms
        if duration_ms > 0 and self._nothing_due_by(wake_ms):  # a loop that sleeps no time at all must be counted
            self._advance(wake_ms)
            return
        process.suspend(self.call_at(wake_ms, process.resume, Priority.PROCESS))

    def blocked(self) -> list[str]:
        """The names of the processes that have not ended; after `run`, those that wait for what never came.

        Those with a gate are left out: they serve others, and nobody waits for their end.
        """
        return [process.name for process in self._live if process.gate is None]

    def run(self, until_ms: int | None = None) -> None:
        """Run until nothing is left to happen.

        Raises `HorizonReached` if something is still due after `until_ms`, `ClockStuck` if a million events pass without
        time moving, and whatever an unsupervised process raises.
        """
        if self._run_due(until_ms, ends_with_companions=True) and until_ms is not None:
            self._advance(until_ms)
            raise HorizonReached.at(until_ms)

    def run_until(self, until_ms: int) -> None:
        """Run what is due by `until_ms`, and let time move on to it; for whoever decides how far time may go.

        Raises what `run` raises, but for the horizon. After an exception it can be called again.
        """
        self._run_due(until_ms)
        self._advance(max(until_ms, self.now_ms))

    @property
    def next_ms(self) -> int | None:
        """The instant at which something is due next; None if nothing is."""
        self._drop_cancelled()
        return self._heap[0].at_ms if self._heap else None

    def close(self) -> None:
        """End every process that still waits, unwinding its stack; nothing runs after this."""
        self.is_closing = True
        self._hub = getcurrent()
        for _ in range(MAX_UNWINDINGS):
            for process in list(self._live):
                process.end(GreenletExit())
        self._heap.clear()

    def _run_due(self, until_ms: int | None, *, ends_with_companions: bool = False) -> bool:
        """Run everything that is due by `until_ms`; whether more is due later."""
        self._until_ms = until_ms
        self._hub = getcurrent()
        instant_ms, events = self.now_ms, 0
        while self._heap:
            timer = heapq.heappop(self._heap)
            if timer.action is None:
                continue
            is_alone = timer.is_companion and all(other.is_companion or other.action is None for other in self._heap)
            if ends_with_companions and is_alone:
                heapq.heappush(self._heap, timer)
                return False
            if until_ms is not None and timer.at_ms > until_ms:
                heapq.heappush(self._heap, timer)
                return True
            self._advance(timer.at_ms)
            instant_ms, events = (instant_ms, events + 1) if instant_ms == self.now_ms else (self.now_ms, 0)
            if events > MAX_EVENTS_PER_INSTANT:
                raise ClockStuck(f"{events} events at {self.now_ms} ms without time moving")
            timer.action()
        return False

    def _drop_cancelled(self) -> None:
        while self._heap and self._heap[0].action is None:
            heapq.heappop(self._heap)

    def _nothing_due_by(self, at_ms: int) -> bool:
        self._drop_cancelled()
        if self._until_ms is not None and at_ms > self._until_ms:
            return False
        return not self._heap or self._heap[0].at_ms > at_ms

    def _advance(self, to_ms: int) -> None:
        if to_ms != self.now_ms:
            self.now_ms = to_ms
            for listener in self._listeners:
                listener()


class Process:
    """A running activity. Wait for it with `ended.wait()`; then `value` or `error` says how it ended."""

    __slots__ = (
        "_context", "_greenlet", "_supervised", "_timer", "_waiting", "clock", "ended", "error", "gate", "name", "value",
    )  # fmt: skip

    def __init__(
        self,
        clock: VirtualClock,
        name: str,
        run: Callable[[], Any],
        context: Context | None,
        supervised: bool,
        gate: "Gate | None" = None,
    ) -> None:
        self.clock = clock
        self.name = name
        self.value: Any = None
        self.error: BaseException | None = None
        self.ended = Signal(clock)
        self.gate = gate
        self._context = context
        self._supervised = supervised
        self._waiting = True
        self._timer: Timer | None = None
        self._greenlet = _ProcessGreenlet(self, run)

    def suspend(self, timer: Timer | None) -> None:
        """Stop running until `resume`, `wake` or `interrupt`; only for the running process itself."""
        self._waiting, self._timer = True, timer
        assert self.clock._hub is not None
        self.clock._hub.switch()

    def wake(self, priority: int = Priority.PROCESS) -> None:
        """Let a waiting process go on at this instant, after what is already due."""
        if self._waiting:
            self._cancel_timer()
            self._timer = self.clock.call_at(self.clock.now_ms, self.resume, priority)

    def interrupt(self, error: BaseException) -> None:
        """Raise `error` in the process where it waits, at this instant. Does nothing if it has ended."""
        if self._waiting:
            self._cancel_timer()
            self._timer = self.clock.call_at(self.clock.now_ms, lambda: self._switch(error), Priority.PROCESS)

    def end(self, error: BaseException) -> None:
        """Raise `error` in the process at once; only for the clock itself, which no process waits for."""
        if self._waiting:
            self._cancel_timer()
            self._switch(error)

    def resume(self) -> None:
        """Go on, unless a gate is closed; called by the clock."""
        if self.gate is None or self.gate.lets_through(self):
            self._switch(None)

    def _switch(self, error: BaseException | None) -> None:
        self._waiting, self._timer = False, None
        if error is not None and not self._greenlet:  # it never began: there is no stack to raise it in
            self._finish(error)
            return
        # An exception that leaves the process surfaces in the greenlet that runs the clock.
        self._greenlet.parent = getcurrent()
        if self._context:
            self._context.enter()
        try:
            if error is None:
                self._greenlet.switch()
            else:
                self._greenlet.throw(error)
        finally:
            if self._context:
                self._context.leave()

    def _cancel_timer(self) -> None:
        if self._timer:
            self._timer.cancel()

    def _body(self, run: Callable[[], Any]) -> None:
        try:
            self.value = run()
        except GreenletExit as error:
            self._finish(error)
        except BaseException as error:
            self._finish(error)
            if not self._supervised:
                raise
        else:
            self._finish(None)

    def _finish(self, error: BaseException | None) -> None:
        self.error = error
        self._waiting = False
        self.clock._live.pop(self, None)
        self.ended.set()


def running() -> Process | None:
    """The process that runs in this thread; None if there is none."""
    current = getcurrent()
    return current.process if isinstance(current, _ProcessGreenlet) else None


class Gate:
    """What holds processes: one that is due while the gate is closed goes on when it opens."""

    __slots__ = ("_held", "is_open")

    def __init__(self) -> None:
        self.is_open = True
        self._held: list[Process] = []

    def open(self) -> None:
        """Let everything go on, what was held first."""
        self.is_open = True
        held, self._held = self._held, []
        for process in held:
            process.wake()

    def close(self) -> None:
        """Hold every process that gets here from now on. Ending it is possible all the same."""
        self.is_open = False

    def lets_through(self, process: Process) -> bool:
        """Whether a process may go on now; one that may not is held."""
        if not self.is_open:
            self._held.append(process)
        return self.is_open


class _ProcessGreenlet(greenlet):
    """A greenlet that knows its process."""

    def __init__(self, process: Process, run: Callable[[], Any]) -> None:
        super().__init__(lambda: process._body(run))
        self.process = process


class Signal:
    """Something that happens once, with a value; any number of processes wait for it."""

    __slots__ = ("_clock", "_waiters", "is_set", "value")

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._waiters: list[Process] = []
        self.is_set = False
        self.value: Any = None

    def set(self, value: Any = None) -> None:
        """Make it happen; waiting processes go on in the order in which they began to wait. Later calls do nothing."""
        if self.is_set:
            return
        self.is_set, self.value = True, value
        waiters, self._waiters = self._waiters, []
        for process in waiters:
            process.wake()

    def wait(self, timeout_ms: int | None = None) -> bool:
        """Wait until it happens, at most `timeout_ms`; whether it has happened."""
        if self.is_set:
            return True
        process = self._clock.current()
        self._waiters.append(process)
        timer = None
        if timeout_ms is not None:
            timer = self._clock.call_after(timeout_ms, process.resume, Priority.DEADLINE)
        try:
            process.suspend(timer)
        finally:
            if process in self._waiters:
                self._waiters.remove(process)
        return self.is_set
