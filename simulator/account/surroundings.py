"""What code in the simulated account sees of the machine: the world's time, sleep and randomness instead of its own.

While a world is installed, `time.time`, `datetime.now`, `time.sleep`, `os.urandom`, `uuid` and `random` of the whole
process are the world's. The simulator itself uses only its clock and chance: only handlers, boto3 and moto notice.
"""

import math
import os
import random
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from simulator.account.sandbox import Sandbox
from simulator.clock import VirtualClock
from simulator.rng import Chance, Stream

# time-machine imports pytest wherever it is installed, to offer fixtures; that would cost every run a tenth of a second.
_pytest = sys.modules.get("pytest")
sys.modules["pytest"] = None  # type: ignore[assignment]
try:
    import time_machine
finally:
    del sys.modules["pytest"]
    if _pytest is not None:
        sys.modules["pytest"] = _pytest

# The installed world's time machine, and the entropy of a visit to another instant: both are the whole process's.
_travel: tuple[VirtualClock, Callable[[datetime], None]] | None = None
_visit: Stream | None = None

_FIXED_NODE = 0x0A0000000001  # the network address that uuid1 sees, the same on every machine


@contextmanager
def installed(clock: VirtualClock, chance: Chance) -> Iterator[None]:
    """Let the process see `clock`'s time and `chance`'s randomness for as long as the context lasts."""
    global _travel  # noqa: PLW0603
    traveller = time_machine.travel(clock.now(), tick=False)
    travelled = traveller.start()
    _travel = clock, travelled.move_to
    clock.on_advance(lambda: travelled.move_to(clock.now()))
    outside = chance.stream("surroundings", "entropy")

    def entropy(size: int) -> bytes:
        stream = _visit or (Sandbox.current.entropy if Sandbox.current else outside)
        return bytes.fromhex(stream.hex(2 * size))

    replaced = [
        _replace(time, "sleep", _sleep_on(clock)),
        _replace(os, "urandom", entropy),
        _replace(os, "_exit", _exit_in(clock)),
        _replace(random, "_urandom", entropy),
        _replace(uuid, "_node", _FIXED_NODE),
        _replace(uuid, "_generate_time_safe", None),
        _replace(uuid, "_last_timestamp", None),
    ]
    state = random.getstate()
    random.setstate(chance.generator("surroundings", "random").getstate())
    try:
        yield
    finally:
        random.setstate(state)
        for restore in reversed(replaced):
            restore()
        traveller.stop()
        _travel = None


@contextmanager
def visiting(moment: datetime, entropy: Stream) -> Iterator[None]:
    """Let the process see another instant, for what happened then and is written down only now. Nothing may wait meanwhile.

    Its randomness is `entropy` meanwhile, so that nobody else's draws shift. Raises RuntimeError outside of a world.
    """
    global _visit  # noqa: PLW0603
    if _travel is None:
        raise RuntimeError("no world is installed")
    clock, move_to = _travel
    before, _visit = _visit, entropy
    move_to(moment)
    try:
        yield
    finally:
        move_to(clock.now())
        _visit = before


def _sleep_on(clock: VirtualClock) -> Callable[[float], None]:
    real_sleep = time.sleep  # noqa: TID251  the one place that decides between real and virtual sleep

    def sleep(seconds: float) -> None:
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        if clock.in_process:
            if Sandbox.current is not None:
                Sandbox.current.stay()
            # Rounded to the microsecond first: 0.1 s is 100 ms, not the 101 that its binary fraction would round up to.
            clock.sleep_ms(math.ceil(round(seconds * 1_000_000) / 1_000))
        else:
            real_sleep(seconds)

    return sleep


def _exit_in(clock: VirtualClock) -> Callable[[int], None]:
    real_exit = os._exit

    def leave(status: int) -> None:
        """End a function's process, which is not ours."""
        if Sandbox.current is None or not clock.in_process:
            real_exit(status)
        raise SystemExit(status)

    return leave


def _replace(module: Any, name: str, value: object) -> Callable[[], None]:
    original = getattr(module, name)
    setattr(module, name, value)
    return lambda: setattr(module, name, original)
