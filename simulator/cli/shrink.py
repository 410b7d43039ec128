"""`drsim shrink`: the smallest scenario that still fails."""

from pathlib import Path

import click


@click.command(short_help="Reduce a failing scenario to the smallest that still fails.")
@click.argument("scenario", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="The seed that fails; default: the first that does.")
@click.option("--check", "words", default="", metavar="TEXT", help="Keep the failed check with TEXT in its name.")
@click.option(
    "--runs", type=click.IntRange(min=1), default=300, show_default=True, metavar="N", help="Run at most about N times."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write it; default: beside SCENARIO, as NAME.shrunk.yaml.",
)
def shrink(scenario: Path, seed: int | None, words: str, runs: int, output: Path | None) -> int:
    """Reduce SCENARIO to the smallest that still fails in the same way, and write it as a scenario file.

    Leaves out faults, operators, waves, servers and keys, and makes times shorter, for as long as the same check or
    invariant fails. Exit code: 0 it was written, 2 drsim could not do its job, for one as nothing fails.
    """
    from simulator.cli.reducing import shrink_file  # noqa: PLC0415

    return shrink_file(scenario, seed, words, runs, output)
