"""What `import simulator` offers to people who work in Python: what the commands of the same names do, as values."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from simulator.errors import Problem, UserError
from simulator.journal import Journal
from simulator.report.terminal import result_text
from simulator.runner import replay as replaying
from simulator.runner import shrinking
from simulator.runner.findings import Finding
from simulator.runner.inspection import inspect_file, inspect_scenario
from simulator.runner.replay import Replay
from simulator.runner.result import Result
from simulator.runner.run import run_scenario
from simulator.runner.shrinking import Shrunk
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


def check(source: Source) -> tuple[Finding, ...]:
    """What is wrong or doubtful with a scenario file, or a scenario, without running it; what `drsim check` lists.

    A file that cannot be read as a scenario has findings, too; nothing is raised for it.
    """
    found = inspect_scenario(source) if isinstance(source, Scenario) else inspect_file(Path(source))
    return tuple(found)


def shrink(scenario: Scenario, *, seed: int | None = None, words: str = "", max_runs: int = shrinking.MAX_RUNS) -> Shrunk:
    """Reduce a scenario that fails with `seed` (default: its own) to a small one that fails in the same way.

    `words` choose among several failed checks. `Shrunk.text` is a scenario file's, to stand where the scenario's file does;
    nothing is written. Raises UserError if nothing fails.
    """
    used = scenario.run.seed if seed is None else seed
    target = scenario.path.with_name(f"{scenario.path.stem}.shrunk.yaml")
    return shrinking.shrink(scenario, used, run_scenario, target, words=words, max_runs=max_runs)


def replay(path: str | os.PathLike[str], scenario: str | os.PathLike[str] | None = None) -> Replay:
    """Run again what a journal's file recorded: `Replay.divergence` is None if every event was the same, byte for byte.

    `scenario` is the scenario's file where it is not where the journal says. Raises UserError for what is no journal.
    """
    return replaying.replay(Path(path), None if scenario is None else Path(scenario))


def read_journal(path: str | os.PathLike[str]) -> Journal:
    """The journal in a file that `drsim run --journal` or `Journal.to_jsonl` wrote. Raises UserError for anything else."""
    return replaying.parse_journal(replaying.read_journal_text(Path(path)), Path(path))


def report_text(result: Result) -> str:
    """What `drsim run` prints of a result: the verdict, the waves, and all that is known of each check that failed."""
    return result_text(result)


def _only(scenarios: tuple[Scenario, ...], path: str) -> Scenario:
    if len(scenarios) > 1:
        hint = "run each of simulator.load(...)"
        raise UserError([Problem(path, f"expected one scenario, found a matrix of {len(scenarios)}", hint)])
    return scenarios[0]
