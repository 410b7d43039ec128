"""`drsim explore`: look for faults that nobody thought of."""

from pathlib import Path

import click


@click.command(short_help="Look for sets of faults that break an invariant.")
@click.argument("scenario", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--seeds", default="1..50", show_default=True, metavar="FIRST..LAST", help="The seeds to try, a run each.")
@click.option("--budget", metavar="DURATION", help="Begin no further runs after so much wall time, such as 5m.")
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="How many runs go on at once; default: all processors."
)
@click.option("--only", multiple=True, metavar="TEXT", help="Only kinds of fault with TEXT in their name; any of several.")
@click.option("--expect", "keeps_expectations", is_flag=True, help="Hold the runs to what SCENARIO expects, too.")
@click.option(
    "--shrink-runs",
    type=click.IntRange(min=0),
    default=150,
    show_default=True,
    metavar="N",
    help="Shrink each finding with at most about N runs; 0: leave it as it is.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where findings are written as scenarios; default: SCENARIO's folder, or explored/.",
)
def explore(
    scenario: Path | None,
    seeds: str,
    budget: str | None,
    jobs: int | None,
    only: tuple[str, ...],
    keeps_expectations: bool,
    shrink_runs: int,
    output: Path | None,
) -> int:
    """Run SCENARIO, or random plans, with random faults and operators, and see whether an invariant breaks.

    Each seed draws its own: faults known of DRS, errors that the calls made can answer, lost and doubled events, operators
    at odd moments. The same seed draws the same. Each way to fail is shrunk and written as a scenario. Exit code: 0 nothing
    was found, 1 something, 2 drsim could not do its job.
    """
    from simulator.cli.exploring import Wish, run_exploration  # noqa: PLC0415

    return run_exploration(Wish(scenario, seeds, budget, jobs, only, keeps_expectations, shrink_runs, output))
