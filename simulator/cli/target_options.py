"""The options that say where scenarios run, for every command that runs some."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

EMBEDDED, MOTO = "embedded", "moto"
NAMES = (EMBEDDED, MOTO, "stepfunctions-local", "localstack", "aws")

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Where:
    """What a user says about a target.

    `engine_url` and `speed` None are the target's own; `world` is the host and port where an engine reaches the world, None
    for the target's own. The rest is for AWS alone: the `stack` that is deployed, whether people are asked before money is
    spent (`is_sure`: no), and whether a real recovery may be started.
    """

    name: str = EMBEDDED
    engine_url: str | None = None
    speed: float | None = None
    world: tuple[str, int] | None = None
    stack: str | None = None
    endpoint_url: str | None = None
    is_sure: bool = False
    may_recover: bool = False


EVERYTHING_HERE = Where()


def _world(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    match = re.fullmatch(r"(?:(?P<host>.+):)?(?P<port>\d{1,5})", text)
    if match is None or int(match["port"]) > 65_535:
        raise click.BadParameter(f"expected a port such as 4567, or HOST:PORT, found {text!r}")
    return match["host"] or "127.0.0.1", int(match["port"])


_OPTIONS = (
    click.option(
        "--engine-url", metavar="URL", help="Where the engine of the target answers, if not where it usually does."
    ),
    click.option(
        "--speed",
        type=click.FloatRange(0.001, 10_000),
        metavar="N",
        help="Virtual seconds a second where time passes for real; default: 60 on moto, 1 elsewhere.",
    ),
    click.option(
        "--world",
        callback=_world,
        metavar="[HOST:]PORT",
        help="Where the simulated account listens for the engine; default: 127.0.0.1:4567.",
    ),
    click.option("--stack", metavar="NAME", help="aws: the CloudFormation stack that is deployed."),
    click.option("--endpoint-url", metavar="URL", help="aws: another endpoint than AWS's, such as that of drsim serve."),
    click.option("--yes", "is_sure", is_flag=True, help="aws: do not ask before instances are launched."),
    click.option("--recovery", "may_recover", is_flag=True, help="aws: allow scenarios that are no drills."),
)


def with_target_options(command: Command) -> Command:
    """Add the options; the command gets them by the names of `Where`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
