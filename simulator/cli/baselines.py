"""What `drsim baseline` does once it is called."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from simulator import __version__
from simulator.cli.errors import CHECK_FAILED, PASSED
from simulator.cli.files import make_folder, write_text
from simulator.cli.progress import Progress
from simulator.cli.workers import attempts
from simulator.errors import Problem, UserError
from simulator.json_types import JsonObject
from simulator.report.wording import failed_checks
from simulator.runner.result import Result
from simulator.runner.run import run_scenario
from simulator.runner.sweep import folded
from simulator.scenario.discovery import discover
from simulator.scenario.loading import load_all
from simulator.scenario.model import Scenario

FORMAT = 1


def write_baselines(paths: Sequence[Path], jobs: int | None) -> int:
    """Run what has a `drift`, and write each one's baseline; the exit code. Raises UserError."""
    scenarios = [one for path in discover(paths) for one in load_all(path) if one.thresholds.drift is not None]
    if not scenarios:
        raise UserError([Problem(", ".join(map(str, paths)), "no scenario here has `thresholds: {drift: …}`")])
    written = [_written(scenario, jobs) for scenario in scenarios]
    return PASSED if all(written) else CHECK_FAILED


def _written(scenario: Scenario, jobs: int | None) -> bool:
    """Run a scenario and write its baseline, if it passes."""
    drift = scenario.thresholds.drift
    assert drift is not None
    bare = scenario.model_copy(update={"thresholds": scenario.thresholds.model_copy(update={"drift": None})})
    result = folded(bare, _results(bare, jobs))
    if not result.passed:
        failed = ", ".join(check.name for check in failed_checks(result)) or result.error or result.verdict
        click.echo(f"{drift.baseline} was not written: {scenario.path} is {result.verdict} ({failed})", err=True)
        return False
    make_folder(drift.baseline.parent)
    write_text(drift.baseline, _with(drift.baseline, scenario.key, result))
    count = len(result.seeds) or 1
    click.echo(f"{drift.baseline}: {scenario.key} with {count} {'seed' if count == 1 else 'seeds'}")
    return True


def _results(scenario: Scenario, jobs: int | None) -> Iterator[Result]:
    tasks = [(scenario, seed) for seed in scenario.run.every_seed]
    progress = Progress(sys.stderr, len(tasks))
    stream = attempts(tasks, run_scenario, jobs)
    try:
        for number, attempt in enumerate(stream, 1):
            progress.show(number, scenario.title)
            if attempt.result is None:
                problem = Problem(str(scenario.path), attempt.bug)
                raise UserError(attempt.problems or [problem])
            yield attempt.result
    finally:
        progress.clear()
        stream.close()


def _with(path: Path, key: str, result: Result) -> str:
    """A baseline's text with a scenario in it; what it says of others stays."""
    runs = [(run.seed, run.recovery_ms) for run in result.seeds] or [(result.seed, result.recovery_ms)]
    seeds = [{"seed": seed, "recoveryMs": recovery_ms} for seed, recovery_ms in runs]
    others = [one for one in _scenarios(path) if one.get("id") != key]
    entries = sorted([*others, {"id": key, "seeds": seeds}], key=lambda one: str(one["id"]))
    lines = ",\n".join(json.dumps(one) for one in entries)
    return f'{{"format": {FORMAT}, "drsim": "{__version__}", "scenarios": [\n{lines}\n]}}\n'


def _scenarios(path: Path) -> list[JsonObject]:
    """What a baseline holds; nothing for a file that is not there or is none."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        held: Any = json.loads(path.read_text("utf-8"))["scenarios"]
        return [one for one in held if isinstance(one, dict) and "id" in one]
    return []
