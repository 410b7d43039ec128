"""`drsim init`: a project to begin with."""

from pathlib import Path

import click


@click.command(short_help="Set up a project: a plan, a scenario, CI and editor support.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option(
    "--from",
    "template",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="TEMPLATE",
    help="A CloudFormation or SAM template: write scenarios/NAME.yaml, which runs the state machine that is in it.",
)
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def init(folder: Path, template: Path | None, force: bool) -> int:
    """Set up a project in FOLDER (default: this one) that `drsim run` runs at once.

    Writes a scenario and its plan, the schema by which editors check scenarios, a GitHub workflow and a pre-commit
    configuration. Files that are there already are kept, and it says so. Exit code: 0 done, 2 a file cannot be written,
    or the template not be read.
    """
    from simulator.cli.scaffold import set_up, set_up_from  # noqa: PLC0415

    return set_up(folder, is_forced=force) if template is None else set_up_from(template, folder, is_forced=force)
