"""`drsim baseline`: write down the recovery times that later runs must not drift away from."""

from pathlib import Path

import click


@click.command(short_help="Write the baselines that `drift` compares with.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATHS]...")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="How many runs go on at once.")
def baseline(paths: tuple[Path, ...], jobs: int | None) -> int:
    """Run the scenarios in PATHS whose `thresholds` have a `drift`, with all their seeds, and write its `baseline`.

    What a baseline says of other scenarios stays. A scenario that does not pass has none written. Exit code: 0 all were
    written, 1 one was not, 2 drsim could not do its job.
    """
    from simulator.cli.baselines import write_baselines  # noqa: PLC0415

    return write_baselines(paths or (Path("scenarios"),), jobs)
