"""`drsim run`: run scenarios and say what became of them."""

from pathlib import Path
from typing import Any

import click

from simulator.cli.formats import FORMATS, Format
from simulator.cli.target_options import EMBEDDED, NAMES, Where, with_target_options


@click.command(short_help="Run scenarios and judge them.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATHS]...")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Run every scenario with this seed, not its own.")
@click.option("-k", "words", metavar="TEXT", help="Run only scenarios with TEXT in their title, id, tags or path.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Run only scenarios with this tag; any of several.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many runs go on at once; default: as many as there are processors, where that is worth it.",
)
@click.option(
    "--format",
    "formats",
    type=Format(),
    multiple=True,
    help=f"Which report to make, and the file it goes to; again for another. One of {', '.join(FORMATS)}; default: text.",
)
@click.option(
    "--output",
    "outputs",
    type=click.Path(path_type=Path, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="Write the report to FILE; the text is still printed. The first goes with the first --format, and so on.",
)
@click.option(
    "--coverage", "has_coverage", is_flag=True, help="Tell what was reached of the state machines, and what was not."
)
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Exit with 1 if less than this was reached of the state machines' states, transitions and rules.",
)
@click.option(
    "--journal",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write each run's journal to DIR, as JSON Lines.",
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0),
    metavar="USD",
    help="Hold each run to costing no more than this in AWS.",
)
@click.option("--target", "name", type=click.Choice(NAMES), default=EMBEDDED, show_default=True, help="Where scenarios run.")
@with_target_options
def run(
    paths: tuple[Path, ...],
    seed: int | None,
    words: str | None,
    tags: tuple[str, ...],
    jobs: int | None,
    formats: tuple[tuple[str, Path | None], ...],
    outputs: tuple[Path, ...],
    has_coverage: bool,
    fail_under: float | None,
    journal: Path | None,
    budget: float | None,
    **where: Any,
) -> int:
    """Run the scenarios in PATHS, files or folders (default: scenarios/).

    Exit code: 0 all passed, 1 a check failed, 2 drsim could not do its job.
    """
    from simulator.cli.reports import paired  # noqa: PLC0415
    from simulator.cli.session import Options, run_session  # noqa: PLC0415

    options = Options(
        paths or (Path("scenarios"),),
        seed,
        words,
        paired(formats, outputs),
        journal,
        tags,
        jobs,
        budget=budget,
        where=Where(**where),
        has_coverage=has_coverage or fail_under is not None,
        fail_under=fail_under,
    )
    return run_session(options)
