"""`drsim init`: a project to begin with."""

from pathlib import Path

import click


@click.command(short_help="Set up a project: a plan, a scenario, CI and editor support.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def init(folder: Path, force: bool) -> int:
    """Set up a project in FOLDER (default: this one) that `drsim run` runs at once.

    Writes a scenario and its plan, the schema by which editors check scenarios, a GitHub workflow and a pre-commit
    configuration. Files that are there already are kept, and it says so. Exit code: 0 done, 2 a file cannot be written.
    """
    from simulator.cli.scaffold import set_up  # noqa: PLC0415

    return set_up(folder, is_forced=force)
