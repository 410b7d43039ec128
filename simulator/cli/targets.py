"""The targets by their names, as the command line opens them."""

import sys
from collections.abc import Callable, Mapping

from simulator.cli.target_options import EMBEDDED, MOTO, Where
from simulator.runner import run
from simulator.server.port import WorldPort
from simulator.server.serving import Log
from simulator.targets.outside.moto import MotoEngine
from simulator.targets.outside.target import OutsideTarget
from simulator.targets.target import Target

MOTO_SPEED = 60.0


def target_of(where: Where) -> Target:
    """The target of a name. Those that need something outside begin with it at the first scenario."""
    return _TARGETS[where.name](where)


def close(target: Target) -> None:
    """End what a target has begun outside."""
    if isinstance(target, OutsideTarget):
        target.close()


def _moto(where: Where) -> Target:
    return OutsideTarget(MotoEngine(), _port(where.world or ("127.0.0.1", 0)), where.speed or MOTO_SPEED)


def _port(world: tuple[str, int]) -> Callable[[], WorldPort]:
    return lambda: WorldPort(*world, Log(sys.stderr).failure)


_TARGETS: Mapping[str, Callable[[Where], Target]] = {EMBEDDED: lambda _: run.EMBEDDED, MOTO: _moto}
