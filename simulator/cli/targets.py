"""The targets by their names, as the command line opens them."""

import sys
import time
from collections.abc import Callable, Mapping

import click

from simulator.cli.target_options import EMBEDDED, MOTO, Where
from simulator.errors import Problem, UserError
from simulator.runner import run
from simulator.server.port import WorldPort
from simulator.server.serving import Log
from simulator.targets.outside.engines import Running
from simulator.targets.outside.moto import MotoEngine
from simulator.targets.outside.quick_waits import RESET
from simulator.targets.outside.target import OutsideTarget
from simulator.targets.target import Target

MOTO_SPEED = 60.0
WORLD_PORT = 4567  # where engines that others have started look for the world; `drsim up` tells them so
STEP_FUNCTIONS_LOCAL = "http://localhost:8083"  # AWS's own default


def target_of(where: Where) -> Target:
    """The target of a name. Those that need something outside begin with it at the first scenario."""
    return _TARGETS[where.name](where)


def close(target: Target) -> None:
    """End what a target has begun outside."""
    if isinstance(target, OutsideTarget):
        target.close()


def _moto(where: Where) -> Target:
    return OutsideTarget(MotoEngine(), _port(where.world or ("127.0.0.1", 0)), where.speed or MOTO_SPEED)


def _step_functions_local(where: Where) -> Target:
    engine = Running("stepfunctions-local", "Step Functions Local", where.engine_url or STEP_FUNCTIONS_LOCAL)
    return OutsideTarget(engine, _port(where.world or ("127.0.0.1", WORLD_PORT)), where.speed or 1.0)


def _localstack(where: Where) -> Target:
    from localstack_client.config import get_service_endpoint  # noqa: PLC0415  it reads the environment when it is called

    url = where.engine_url or get_service_endpoint("stepfunctions")
    engine = Running("localstack", "LocalStack", url, forgets_at=RESET)
    return OutsideTarget(engine, _port(where.world or ("127.0.0.1", WORLD_PORT)), where.speed or 1.0)


def _aws(where: Where) -> Target:
    from simulator.deploying.cloud import Cloud  # noqa: PLC0415
    from simulator.targets.aws.target import Asking, AwsTarget  # noqa: PLC0415

    stack = where.stack
    if stack is None:
        raise UserError([Problem("--target aws", "needs the stack that is deployed", "name it with --stack")])
    confirm: Callable[[str], bool] = (lambda _: True) if where.is_sure else click.confirm
    asking = Asking(confirm, time.sleep, where.may_recover)  # noqa: TID251  AWS's time
    return AwsTarget(lambda region: Cloud(stack, region, where.endpoint_url), asking)


def _port(world: tuple[str, int]) -> Callable[[], WorldPort]:
    return lambda: WorldPort(*world, Log(sys.stderr).failure)


_TARGETS: Mapping[str, Callable[[Where], Target]] = {
    EMBEDDED: lambda _: run.EMBEDDED,
    MOTO: _moto,
    "stepfunctions-local": _step_functions_local,
    "localstack": _localstack,
    "aws": _aws,
}
