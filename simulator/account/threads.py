"""Threads of handlers as processes of the clock: they sleep, wait and call in virtual time, one at a time, in a fixed order.

While a world is installed, what `threading` and `queue` make *inside a sandbox* is made of processes and their signals;
everywhere else it stays what it was. Everything that is built upon them (events, conditions, queues, thread pools, boto3's
transfers) follows, since the standard library writes it in Python. When an invocation has ended, Lambda freezes its sandbox:
threads that are left go on with the next one.
"""

import _threading_local
import math
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from itertools import count
from typing import Any

from simulator.account.invocations import Computes
from simulator.account.sandbox import Sandbox
from simulator.clock import Process, Signal, VirtualClock, running

_native_lock, _native_rlock, _native_ident = threading.Lock, threading.RLock, threading.get_ident
_MachineFuture: Any = futures.Future
_monotonic, _perf_counter = time.monotonic, time.perf_counter  # noqa: TID251  what is not in a sandbox keeps the machine's
_UPTIME_MS = 1_000_000  # what the clocks of a sandbox's machine show when the world begins
_FIRST_IDENT = 1 << 48  # above the idents of the machine's threads


@contextmanager
def installed() -> Iterator[None]:
    """Let sandboxes have threads for as long as the context lasts."""
    _numbers[0] = count(_FIRST_IDENT)
    replaced = [
        (threading, "Thread", Thread),
        (futures, "Future", Future),
        (futures._base, "Future", Future),
        (threading, "Lock", _made_here(Lock, _native_lock)),
        (threading, "_allocate_lock", _made_here(Lock, _native_lock)),
        (threading, "RLock", _made_here(threading._PyRLock, _native_rlock)),  # type: ignore[attr-defined]
        (threading, "get_ident", _ident),
        (threading, "local", _threading_local.local),  # the one in C knows only the machine's threads
        (threading, "_time", _seconds(_monotonic)),
        (queue, "time", _seconds(_monotonic)),
        (queue, "SimpleQueue", queue._PySimpleQueue),  # type: ignore[attr-defined]
        (time, "monotonic", _seconds(_monotonic)),
        (time, "monotonic_ns", _nanoseconds(time.monotonic_ns)),
        (time, "perf_counter", _seconds(_perf_counter)),
        (time, "perf_counter_ns", _nanoseconds(time.perf_counter_ns)),
    ]
    before = [getattr(owner, name) for owner, name, _ in replaced]
    for owner, name, value in replaced:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for (owner, name, _), value in zip(replaced, before, strict=True):
            setattr(owner, name, value)


class Lock:
    """`threading.Lock`. A process that waits for it lets the world go on; a thread of the machine waits as usual."""

    __slots__ = ("__weakref__", "_native", "_waiting")

    def __init__(self) -> None:
        self._native = _native_lock()
        self._waiting: list[Signal] = []

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the lock; whether it was to be had. `timeout` is in seconds."""
        if self._native.acquire(False):
            return True
        process = running()
        if not blocking:
            return False
        if process is None:
            return self._native.acquire(True, timeout)
        return self._wait(process.clock, None if timeout < 0 else math.ceil(timeout * 1000))

    def release(self) -> None:
        """Give the lock back. Raises RuntimeError if it is not taken."""
        self._native.release()
        self._wake_one()

    def locked(self) -> bool:
        """Whether the lock is taken."""
        return self._native.locked()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _wait(self, clock: VirtualClock, timeout_ms: int | None) -> bool:
        until_ms = None if timeout_ms is None else clock.now_ms + timeout_ms
        while until_ms is None or clock.now_ms < until_ms:
            signal = Signal(clock)
            self._waiting.append(signal)
            try:
                signal.wait(None if until_ms is None else until_ms - clock.now_ms)
            except BaseException:
                if signal.is_set:  # it was this one's turn, and it will not take it
                    self._wake_one()
                raise
            finally:
                if signal in self._waiting:
                    self._waiting.remove(signal)
            if self._native.acquire(False):
                return True
        return False

    def _wake_one(self) -> None:
        if self._waiting:
            self._waiting.pop(0).set()

    def _at_fork_reinit(self) -> None:
        """What the standard library registers for a forked process, which handlers have none of."""
        self.__init__()  # type: ignore[misc]


class Thread(threading.Thread):
    """`threading.Thread`: in a sandbox a process of the clock, elsewhere a thread of the machine."""

    _process: Process | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._number = next(_numbers[0])
        super().__init__(*arguments, **options)

    def __hash__(self) -> int:
        return self._number  # sets of threads, such as a pool's, are gone through in one order on any machine

    def start(self) -> None:
        """Let the thread run. It begins when the one that starts it waits."""
        parent, sandbox = running(), Sandbox.current
        if parent is None or sandbox is None:
            super().start()
            return
        if self._started.is_set():  # type: ignore[attr-defined]
            raise RuntimeError("threads can only be started once")
        self._ident = self._number
        self._started.set()  # type: ignore[attr-defined]
        threading._active[self._ident] = self  # type: ignore[attr-defined]
        name = f"{sandbox.name} {sandbox.request_id} thread {self.name}"
        process = parent.clock.spawn(name, lambda: self._work(sandbox), context=sandbox, gate=sandbox.gate)
        self._process = sandbox.threads[process] = process
        _IDENTS[process] = self._ident

    def join(self, timeout: float | None = None) -> None:
        """Wait for the thread's end."""
        if self._process is None:
            super().join(timeout)
            return
        current = running()
        if current is self._process:
            raise RuntimeError("cannot join current thread")
        if current is not None:  # the interpreter joins what is left when it ends, outside of any world
            self._process.ended.wait(None if timeout is None else math.ceil(max(0, timeout) * 1000))

    def is_alive(self) -> bool:
        """Whether the thread has begun and has not ended."""
        return super().is_alive() if self._process is None else not self._process.ended.is_set

    def _work(self, sandbox: Sandbox) -> None:
        process = running()
        assert process is not None
        try:
            self.run()
        except (Exception, Computes) as error:
            sys.stderr.write(f"Exception in thread {self.name}: {type(error).__name__}: {error}\n")
        finally:
            sandbox.threads.pop(process, None)
            _IDENTS.pop(process, None)
            threading._active.pop(self._ident, None)  # type: ignore[attr-defined]


class Future(_MachineFuture):  # type: ignore[misc]  # a plain name would be the replaced one
    """`concurrent.futures.Future`: sets of them are gone through in one order on any machine."""

    def __init__(self) -> None:
        super().__init__()
        self._number = next(_numbers[0])

    def __hash__(self) -> int:
        return self._number


_numbers: list[Iterator[int]] = [count(_FIRST_IDENT)]  # of what the world that is installed makes, in order
_IDENTS: dict[Process, int] = {}


def _made_here(virtual: Callable[[], Any], native: Callable[[], Any]) -> Callable[[], Any]:
    """What makes the virtual thing in a sandbox and the native one elsewhere."""

    def make() -> Any:
        return virtual() if Sandbox.current is not None and running() is not None else native()

    return make


def _ident() -> int:
    process = running()
    return _native_ident() if process is None else _IDENTS.get(process) or _native_ident()


def _seconds(native: Callable[[], float]) -> Callable[[], float]:
    def seconds() -> float:
        process = running()
        return native() if process is None else (_UPTIME_MS + process.clock.now_ms) / 1000

    return seconds


def _nanoseconds(native: Callable[[], int]) -> Callable[[], int]:
    def nanoseconds() -> int:
        process = running()
        return native() if process is None else (_UPTIME_MS + process.clock.now_ms) * 1_000_000

    return nanoseconds
