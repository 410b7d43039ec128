"""A folder of scenarios and a runner that only pretends, for tests of what the command line makes of results."""

from dataclasses import replace
from pathlib import Path

from simulator.errors import HandlerError, Problem
from simulator.journal import Journal, RunEnded
from simulator.runner.result import Result, Verdict
from simulator.scenario.model import Scenario
from tests.report.results import FAILED, PASSED

SCENARIO = """\
scenario: {title}
tags: [{tag}]
fleet: {{waves: [{{name: data, servers: 2}}]}}
"""


def write(path: Path, title: str, tag: str = "nightly") -> Path:
    """A scenario file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SCENARIO.format(title=title, tag=tag), "utf-8")
    return path


def pretend(scenario: Scenario, seed: int | None = None) -> Result:
    """A result that the scenario's title asks for."""
    used = scenario.run.seed if seed is None else seed
    if "handler" in scenario.title:
        raise HandlerError([Problem("code.py:3", "cannot be imported: No module named 'nothing'")])
    if "bug" in scenario.title:
        raise KeyError("lost")
    if "stop" in scenario.title:
        raise KeyboardInterrupt
    journal = Journal(lambda: 0)
    journal.record(RunEnded("finished"))
    reproduce = f"drsim run {scenario.path} --seed {used}"
    template = FAILED if "fails" in scenario.title else PASSED
    result = replace(
        template, name=scenario.title, path=scenario.path, seed=used, wall_seconds=0.0, journal=journal, reproduce=reproduce
    )
    return replace(result, verdict=Verdict.ERROR, error="horizon reached") if "horizon" in scenario.title else result
