"""`drsim serve`: put a simulated account on a port, for any SDK."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator.cli.errors import PASSED

if TYPE_CHECKING:
    from simulator.server.setup import Group, Setup

MIB = 1024 * 1024
VIRTUAL = "virtual"

Callback = Callable[[click.Context, click.Parameter, Any], Any]


def _speed(_context: click.Context, _parameter: click.Parameter, text: str) -> float | None:
    if text == VIRTUAL:
        return None
    try:
        speed = float(text.removesuffix("x"))
    except ValueError:
        speed = 0.0
    if not 0.001 <= speed <= 10_000:
        raise click.BadParameter(f"expected a number from 0.001 to 10000, or {VIRTUAL}, found {text!r}")
    return speed


def _start(_context: click.Context, _parameter: click.Parameter, text: str | None) -> datetime | None:
    if text is None:
        return None
    if text == "now":
        return _now()
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"expected an instant such as 2026-03-01T02:00:00Z, or now, found {text!r}") from None
    return start if start.tzinfo else start.replace(tzinfo=UTC)


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251  outside of any world, and an input to one


def _groups(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    groups = []
    for text in texts:
        name, _, count = text.partition("=")
        if not name or not (count.isascii() and count.isdigit()) or not 1 <= int(count) <= 4_000:
            raise click.BadParameter(f"expected NAME=N with N from 1 to 4000, found {text!r}")
        groups.append((name, int(count)))
    names = [name for name, _ in groups]
    if len(set(names)) < len(names):
        raise click.BadParameter("a name is given twice")
    return tuple(groups)


@click.command(short_help="Answer as AWS, on a port of this machine.")
@click.argument("scenario", required=False, type=click.Path(path_type=Path), metavar="[SCENARIO]")
@click.option(
    "--system",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="What stands under `system:` in a scenario, in a file of its own: it is deployed in place of the scenario's.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=4566, show_default=True, help="0 takes any free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--speed",
    default="60",
    show_default=True,
    callback=_speed,
    metavar=f"N|{VIRTUAL}",
    help="Virtual seconds a second; or let time pass only as far as requests need.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", help="The seed of all chance; default: the scenario's, or 1."
)
@click.option(
    "--start",
    callback=_start,
    metavar="INSTANT|now",
    help="The world's first instant; default: the scenario's, or now.",
)
@click.option("--region", default="us-east-1", show_default=True, help="The servers' Region, where no scenario says it.")
@click.option(
    "--fleet", "groups", multiple=True, callback=_groups, metavar="NAME=N", help="Add N source servers: NAME-001, ..."
)
@click.option(
    "--origin", metavar="REGION", help="The AWS Region where the servers of --fleet run; default: they run outside AWS."
)
@click.option(
    "--max-request", type=click.IntRange(1, 5_120), default=64, show_default=True, metavar="MIB", help="The largest request."
)
@click.option(
    "--journal",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write all that happens to FILE; default: a file that goes with the server.",
)
@click.option("-v", "--verbose", is_flag=True, help="Log every request.")
def serve(
    scenario: Path | None, system: Path | None, port: int, host: str, max_request: int, verbose: bool, **world: Any
) -> int:
    """Put a simulated AWS account on a port: DRS, Step Functions, Lambda and SSM of drsim, everything else of moto.

    With a SCENARIO, its system is deployed, its fleet replicates and its faults are armed; nothing is started. Stop with
    Ctrl-C. Exit code: 0 stopped, 2 drsim could not do its job.
    """
    from simulator.server.serving import Serving  # noqa: PLC0415
    from simulator.server.serving import serve as serve_until_stopped  # noqa: PLC0415

    if scenario is not None and system is not None:
        raise click.UsageError("a SCENARIO has a system of its own; leave out --system")
    setup = _setup(scenario, system, **world)
    pace = f"{setup.speed:g} virtual seconds a second" if setup.speed else "virtual time"
    serve_until_stopped(
        Serving(setup, host, port, max_request * MIB, verbose),
        lambda url: click.echo(f"drsim serves at {url} ({pace}, from {setup.start.isoformat()})"),
    )
    return PASSED


def _setup(
    path: Path | None,
    system: Path | None,
    speed: float | None,
    seed: int | None,
    start: datetime | None,
    region: str,
    groups: tuple[tuple[str, int], ...],
    origin: str | None,
    journal: Path | None,
) -> "Setup":
    """The world to serve. Raises UserError for a scenario that cannot be read."""
    from simulator.scenario.loading import load, parse  # noqa: PLC0415
    from simulator.server.setup import Setup  # noqa: PLC0415

    servers = _as_groups(groups)
    if path is None and system is None:
        return Setup(1 if seed is None else seed, start or _now(), region, speed, None, servers, origin, journal)
    scenario = load(path) if path is not None else parse(_scenario(system, region, groups), Path("drsim-serve.yaml"))
    servers = servers if path is not None else ()  # else they are the scenario's own
    used = scenario.run.seed if seed is None else seed
    return Setup(used, start or scenario.run.start, scenario.fleet.region, speed, scenario, servers, origin, journal)


def _scenario(system: Path | None, region: str, groups: tuple[tuple[str, int], ...]) -> str:
    """A scenario that has nothing but a system and a fleet, as if it stood in a file of the working folder."""
    names = {name: [f"{name}-{number:03}" for number in range(1, count + 1)] for name, count in groups or (("server", 1),)}
    waves = [{"name": name, "servers": servers} for name, servers in names.items()]
    return json.dumps({"scenario": "drsim serve", "system": str(system), "fleet": {"region": region, "waves": waves}})


def _as_groups(groups: tuple[tuple[str, int], ...]) -> "tuple[Group, ...]":
    from simulator.server.setup import Group  # noqa: PLC0415

    return tuple(Group(name, count) for name, count in groups)
