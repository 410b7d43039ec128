"""`drsim replay`: run again what a journal recorded, and see whether the same happens."""

from pathlib import Path

import click


@click.command(short_help="Run a journal's run again and compare, byte for byte.")
@click.argument("journal", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--scenario",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="The scenario's file, if it is not where it was.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the journal of the new run to FILE.",
)
def replay(journal: Path, scenario: Path | None, output: Path | None) -> int:
    """Run again what JOURNAL (of `drsim run --journal`) recorded, and compare the two byte for byte.

    Says which event differs first, what follows from it, and what has changed since. Exit code: 0 the same, 1 something
    differs, 2 drsim could not do its job.
    """
    from simulator.cli.comparing import replay_journal  # noqa: PLC0415

    return replay_journal(journal, scenario, output)
