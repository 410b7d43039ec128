"""`drsim compare`: the same scenarios on two targets, and every difference between them."""

from pathlib import Path
from typing import Any

import click

from simulator.cli.errors import CHECK_FAILED, PASSED
from simulator.cli.target_options import NAMES, Where, with_target_options

Names = tuple[str, str]


def _names(_context: click.Context, _parameter: click.Parameter, text: str) -> Names:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in NAMES:
            raise click.BadParameter(f"there is no target {name!r}; there are {', '.join(NAMES)}")
    if len(names) != 2 or names[0] == names[1]:
        raise click.BadParameter(f"expected two targets such as embedded,moto, found {text!r}")
    return names[0], names[1]


@click.command(short_help="Run scenarios on two targets and show how they differ.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATHS...")
@click.option(
    "--targets",
    default="embedded,moto",
    show_default=True,
    callback=_names,
    metavar="A,B",
    help="The two targets to compare.",
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Run every scenario with this seed, not its own.")
@with_target_options
def compare(paths: tuple[Path, ...], targets: Names, seed: int | None, **where: Any) -> int:
    """Run the scenarios in PATHS on two targets, and list every difference in outcome, output and event history.

    Exit code: 0 all the same, 1 there are differences, 2 drsim could not do its job.
    """
    from simulator.cli.targets import close, target_of  # noqa: PLC0415
    from simulator.report.comparison import comparison_lines  # noqa: PLC0415
    from simulator.runner.comparison import compare as compare_results  # noqa: PLC0415
    from simulator.runner.run import run_scenario  # noqa: PLC0415
    from simulator.scenario.discovery import discover  # noqa: PLC0415
    from simulator.scenario.loading import load_all  # noqa: PLC0415

    are_same = True
    scenarios = [scenario for path in discover(paths) for scenario in load_all(path)]
    opened = [target_of(Where(name, **where)) for name in targets]
    try:
        for scenario in scenarios:
            a, b = (run_scenario(scenario, seed, target) for target in opened)
            differences = compare_results(a, b)
            are_same = are_same and not differences
            for line in comparison_lines(a, b, differences):
                click.echo(line)
    finally:
        for target in opened:
            close(target)
    return PASSED if are_same else CHECK_FAILED
