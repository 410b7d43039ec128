"""What `import simulator` offers to people who work in Python: `load`, `parse` and `run` a scenario, and read its result."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from simulator.errors import Problem, UserError
from simulator.report.terminal import result_text
from simulator.runner.result import Result
from simulator.runner.run import run_scenario
from simulator.runner.sweep import folded
from simulator.scenario.loading import load_all, parse_all
from simulator.scenario.model import Scenario

Source = str | os.PathLike[str] | Scenario


def load(path: str | os.PathLike[str]) -> tuple[Scenario, ...]:
    """The scenarios in a file: one, or one for each combination of its `matrix`, in the file's order.

    Raises UserError with everything that is wrong with the file, each with file:line:column.
    """
    return load_all(Path(path))


def parse(source: str | Mapping[str, Any], path: str | os.PathLike[str] = "scenario.yaml") -> tuple[Scenario, ...]:
    """The scenarios in a YAML text, or in what such a text stands for, as if it stood in the file `path`.

    Paths in it start from that file's folder; the file need not exist. Raises UserError as `load` does.
    """
    text = source if isinstance(source, str) else json.dumps(source, indent=1)
    return parse_all(text, Path(path))


def run(source: Source, *, seed: int | None = None, seeds: Iterable[int] | None = None) -> Result:
    """Run a scenario, or the only one in a file, and judge it.

    `seed` runs it once with that seed, `seeds` once with each of several; without either it runs with each seed of its own
    `run:`. Of several seeds the result shows the first run that went worst, and `Result.seeds` lists all. A scenario that
    fails is a Result. Raises UserError for files that cannot be used, and for a file with a `matrix` of several runs.
    """
    scenario = source if isinstance(source, Scenario) else _only(load(source), os.fspath(source))
    used = scenario.run.every_seed if seeds is None and seed is None else [seed] if seed is not None else list(seeds or ())
    if not used or (seed is not None and seeds is not None):
        raise UserError([Problem("run()", "expected one seed, or at least one of several: either `seed` or `seeds`")])
    return folded(scenario, (run_scenario(scenario, one) for one in used))


def report_text(result: Result) -> str:
    """What `drsim run` prints of a result: the verdict, the waves, and all that is known of each check that failed."""
    return result_text(result)


def _only(scenarios: tuple[Scenario, ...], path: str) -> Scenario:
    if len(scenarios) > 1:
        hint = "run each of simulator.load(...)"
        raise UserError([Problem(path, f"expected one scenario, found a matrix of {len(scenarios)}", hint)])
    return scenarios[0]
