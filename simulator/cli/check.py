"""`drsim check`: look for mistakes in scenarios without running them."""

from pathlib import Path

import click


@click.command(short_help="Tell what is wrong with scenarios, without running them.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATHS]...")
def check(paths: tuple[Path, ...]) -> int:
    """Check the scenarios in PATHS, files or folders (default: scenarios/), without running them.

    Looks at the files themselves, the state machines and the handlers they name. Exit code: 0 no problems, 2 some.
    """
    from simulator.cli.inspection import inspect_scenarios  # noqa: PLC0415

    return inspect_scenarios(paths or (Path("scenarios"),))
