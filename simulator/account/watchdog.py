"""Ends handlers that compute for ever: a world in one thread would stand still with them.

A thread of the machine looks now and then whether the world has moved on. Where one and the same turn of a sandbox has used
a bound of processor time without waiting for anything, an exception is raised in it. Whoever runs the sandbox makes that a
timeout, at the instant in virtual time at which the function's own would have come: the machine's speed does not show. It is
processor time, since on a busy machine a quick handler may take long.
"""

import ctypes
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from simulator.account.invocations import Computes
from simulator.account.sandbox import Sandbox
from simulator.clock import VirtualClock

LIMIT_SECONDS = 20.0
"""The processor time that a handler may use between two waits, calls or prints."""
_LOOKS_A_LIMIT = 8

_Event, _Thread, _get_ident = threading.Event, threading.Thread, threading.get_ident


class ComputesStill(Computes):
    """Raised in one that has caught the first: it is raised once more with the next line, which is outside of its `try`."""

    def __init__(self) -> None:
        super().__init__()
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            frame.f_trace = _again
            frame = frame.f_back
        sys.settrace(_again)


def _again(_frame: FrameType, _event: str, _argument: Any) -> Any:
    raise Computes


@contextmanager
def watching(clock: VirtualClock) -> Iterator[None]:
    """Watch the sandboxes that run in this thread for as long as the context lasts."""
    ended = _Event()
    watcher = _Thread(target=_watch, args=(clock, _get_ident(), ended), name="drsim watchdog", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _watch(clock: VirtualClock, thread: int, ended: threading.Event) -> None:
    processor = time.pthread_getcpuclockid(thread)
    seen, since, raised = (0, 0), time.clock_gettime(processor), 0
    while not ended.wait(LIMIT_SECONDS / _LOOKS_A_LIMIT):
        now, used = (Sandbox.turns, clock.now_ms), time.clock_gettime(processor)
        if now != seen or Sandbox.current is None:
            seen, since, raised = now, used, 0
        elif used - since > LIMIT_SECONDS:
            _raise_in(thread, ComputesStill if raised else Computes)
            since, raised = used - LIMIT_SECONDS / 2, raised + 1


def _raise_in(thread: int, error: type[BaseException]) -> None:
    """Raise an exception in another thread, before the next thing that it does in Python."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))
