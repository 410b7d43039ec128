"""What `drsim shrink` does once it is called."""

import sys
from pathlib import Path

import click

from simulator.cli.errors import PASSED
from simulator.cli.files import make_folder, write_text
from simulator.cli.progress import Progress
from simulator.errors import Problem, UserError
from simulator.report.wording import printable
from simulator.runner.result import Result, Verdict
from simulator.runner.run import run_scenario
from simulator.runner.shrinking import shrink
from simulator.scenario.loading import load_all
from simulator.scenario.model import Scenario


def shrink_file(path: Path, seed: int | None, words: str, max_runs: int, output: Path | None) -> int:
    """Shrink the first run of a file that fails, and write what is left; the exit code."""
    target = output or path.with_name(f"{path.stem}.shrunk.yaml")
    make_folder(target.parent)
    progress = Progress(sys.stderr, max_runs)
    runs = 0

    def run(scenario: Scenario, seed: int) -> Result:
        nonlocal runs
        runs += 1
        progress.show(min(runs, max_runs), "shrinking")
        return run_scenario(scenario, seed)

    try:
        scenario, failing = _first_failing(path, seed)
        shrunk = shrink(scenario, failing, run, target, words=words, max_runs=max_runs)
    finally:
        progress.clear()
    write_text(target, shrunk.text)
    click.echo(shrunk.text, nl=False)
    lines = shrunk.text.count("\n")
    click.echo(f"\n{target}: {lines} lines, after {shrunk.runs} runs; it fails: {printable(shrunk.failure.check)}")
    if not shrunk.is_smallest:
        click.echo(f"--runs {max_runs} was reached: with more, it may get smaller")
    return PASSED


def _first_failing(path: Path, seed: int | None) -> tuple[Scenario, int]:
    """The first run of the file that fails: which of its matrix, and the seed. Raises UserError."""
    runs = [(one, used) for one in load_all(path) for used in (one.run.every_seed if seed is None else [seed])]
    if len(runs) == 1:
        return runs[0]
    for scenario, used in runs:
        if run_scenario(scenario, used).verdict in (Verdict.FAILED, Verdict.ERROR):
            return scenario, used
    raise UserError([Problem(str(path), f"there is nothing to shrink: none of its {len(runs)} runs fails")])
