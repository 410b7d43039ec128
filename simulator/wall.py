"""Wall time, and what comes from outside of the world while it passes."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Protocol

# Bound before any world is installed: in a world's processes the names in `time` show the world's time.
_perf_counter = time.perf_counter

GLANCE_SECONDS = 0.25  # the longest wait: a signal that comes just as a wait begins is handled only after it


@dataclass(frozen=True, slots=True, eq=False)
class Outside:
    """Work from outside the world, and who waits for it.

    `note` is what is told of it when it is admitted; `is_between` says that it is done between two instants, by no process.
    """

    name: str
    work: Callable[[], Any]
    future: Future[Any]
    note: Any = None
    is_between: bool = False


Inbox = SimpleQueue[Outside | None]  # None only wakes; putting is safe from any thread and from signal handlers


class Epoch:
    """Wall time as other programs write it down, in seconds since 1970; a world that is installed does not change it."""

    def __init__(self) -> None:
        self._origin = time.time() - _perf_counter()  # noqa: TID251  of the machine, not of a world

    def seconds(self) -> float:
        """Now. Make the object before a world is installed."""
        return self._origin + _perf_counter()


class Wall(Protocol):
    """Wall time, as far as a paced clock needs it."""

    def seconds(self) -> float:
        """A number of seconds that never goes back."""

    def receive(self, inbox: Inbox, seconds: float | None) -> Outside | None:
        """The next message, waiting at most so long (None: for no set time); None if there is none yet."""


class MachineWall:
    """The machine's own wall time. No world changes what this and a queue's deadline see."""

    def seconds(self) -> float:
        """Seconds since some instant."""
        return _perf_counter()

    def receive(self, inbox: Inbox, seconds: float | None) -> Outside | None:
        """The next message, or None."""
        glance = GLANCE_SECONDS if seconds is None else min(seconds, GLANCE_SECONDS)
        try:
            return inbox.get(timeout=glance) if glance > 0 else inbox.get_nowait()
        except Empty:
            return None
