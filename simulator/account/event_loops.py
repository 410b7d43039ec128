"""asyncio in handlers: an event loop that has nothing to do waits in virtual time.

What wakes a loop from outside (a thread that has finished) reaches it through a socket of the machine, which no clock sees.
So it looks again after a tenth of the time that it has waited so far: timers are exact, answers of threads a little late.
"""

import math
import selectors
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from simulator.clock import running

_SHARE = 10
_FOREVER_MS = 365 * 24 * 3_600_000
_Machine: Any = selectors.DefaultSelector


class _Selector(_Machine):  # type: ignore[misc]  # whichever the machine has
    """The machine's selector; for a process of the clock, one that waits in virtual time."""

    def select(self, timeout: float | None = None) -> Any:
        process = running()
        if process is None:
            return super().select(timeout)
        clock = process.clock
        began_ms = clock.now_ms
        until_ms = began_ms + (_FOREVER_MS if timeout is None else max(0, math.ceil(timeout * 1000)))
        while not (ready := super().select(0)) and clock.now_ms < until_ms:
            waited_ms = clock.now_ms - began_ms
            clock.sleep_ms(min(until_ms - clock.now_ms, max(1, waited_ms // _SHARE)))
        return ready


@contextmanager
def installed() -> Iterator[None]:
    """Let event loops that are made from now on wait in virtual time, for as long as the context lasts."""
    selectors.DefaultSelector = _Selector  # type: ignore[misc]
    try:
        yield
    finally:
        selectors.DefaultSelector = _Machine  # type: ignore[misc]
