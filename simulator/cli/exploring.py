"""What `drsim explore` does once it is called."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from simulator.cli.errors import CHECK_FAILED, PASSED
from simulator.cli.files import make_folder, write_text
from simulator.cli.progress import Progress
from simulator.cli.workers import Attempt, attempts
from simulator.errors import Problem, UserError
from simulator.json_types import JsonObject
from simulator.report.wording import printable
from simulator.runner.exploring import Finding, Ground, Seen, cases, ground
from simulator.runner.run import run_scenario
from simulator.runner.shrinking import Shrunk, shrink
from simulator.scenario.durations import parse_duration_ms
from simulator.scenario.loading import load
from simulator.scenario.model import Scenario
from simulator.scenario.writing import write_scenario
from simulator.wall import MachineWall

_RANGE = re.compile(r"([0-9]{1,12})(?:\.\.([0-9]{1,12}))?")
_BATCH = 32  # cases that are made at a time
_MANY = 5


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for; `drsim explore --help` says what each means."""

    scenario: Path | None
    seeds: str = "1..50"
    budget: str | None = None
    jobs: int | None = None
    only: tuple[str, ...] = ()
    keeps_expectations: bool = False
    shrink_runs: int = 150
    output: Path | None = None


def run_exploration(wish: Wish) -> int:
    """Explore, say what was found and write it; the exit code. Raises UserError."""
    seeds, budget_ms = _seeds(wish.seeds), _budget_ms(wish.budget)
    folder = wish.output or (wish.scenario.parent if wish.scenario else Path("explored"))
    scenario = load(wish.scenario) if wish.scenario else None
    field = ground(scenario, folder, run_scenario, keeps_expectations=wish.keeps_expectations, only=wish.only)
    what = printable(scenario.title) if scenario else "random plans of the bundled orchestrator"
    click.echo(f"exploring {what}: {_count(len(field.pack.kinds), 'kind', 'kinds')} of fault and act, seeds {wish.seeds}")
    seen = _explored(field, seeds, budget_ms, wish.jobs)
    found = _count(len(seen.findings), "way to fail", "ways to fail") if seen.findings else "nothing was found"
    fired = _count(len(seen.fired), "kind of fault", "kinds of fault")
    click.echo(f"{_count(seen.runs, 'run', 'runs')}: {fired} fired, operators acted {seen.acts} times, {found}")
    for finding in seen.findings.values():
        _report(finding, seen.runs, folder, wish.shrink_runs)
    return CHECK_FAILED if seen.findings else PASSED


def _explored(field: Ground, seeds: Sequence[int], budget_ms: int | None, jobs: int | None) -> Seen:
    """Run a case for each seed, in order, until there are no more or the time is up."""
    seen, wall = Seen(), MachineWall()
    progress, began = Progress(sys.stderr, len(seeds)), wall.seconds()
    try:
        for case, attempt in _attempts(field, seeds, jobs):
            progress.show(seen.runs + 1, f"seed {case.run.seed}")
            for finding in _noted(seen, case, attempt):
                progress.clear()
                _tell(finding)
            if budget_ms is not None and (wall.seconds() - began) * 1000 >= budget_ms:
                break
    finally:
        progress.clear()
    return seen


def _attempts(field: Ground, seeds: Sequence[int], jobs: int | None) -> Iterator[tuple[Scenario, Attempt]]:
    for first in range(0, len(seeds), _BATCH):
        batch = list(cases(field, seeds[first : first + _BATCH]))
        stream = attempts([(case, case.run.seed) for case in batch], run_scenario, jobs)
        try:
            yield from zip(batch, stream, strict=True)
        finally:
            stream.close()


def _noted(seen: Seen, case: Scenario, attempt: Attempt) -> list[Finding]:
    if attempt.result is not None:
        return seen.add(case, attempt.result)
    if attempt.problems:
        raise UserError(attempt.problems)
    click.echo(attempt.traceback, err=True)
    return seen.add_bug(case, case.run.seed, attempt.bug)


def _tell(finding: Finding) -> None:
    said = finding.failure.said
    click.echo(f"seed {finding.scenario.run.seed}: {printable(finding.failure.check)}")
    if said is not None:
        click.echo(f"    {printable(said.happened)}")


def _report(finding: Finding, runs: int, folder: Path, shrink_runs: int) -> None:
    """Write a finding as a scenario, shrunk if it can be, and say where."""
    make_folder(folder)
    slug = re.sub(r"[^a-z0-9]+", "-", finding.failure.check.lower().replace("invariant: ", "")).strip("-")[:60]
    seed = finding.scenario.run.seed
    path = folder / f"{slug}.seed{seed}.yaml"
    shrunk = _shrunk(finding, path, shrink_runs)
    write_text(path, write_scenario(_plain(finding.scenario)) if shrunk is None else shrunk.text)
    seeds = ", ".join(map(str, finding.seeds[:_MANY])) + (", ..." if len(finding.seeds) > _MANY else "")
    made = "as it was" if shrunk is None else f"{shrunk.text.count(chr(10))} lines after {shrunk.runs} runs"
    click.echo(f"{printable(finding.failure.check)}: {len(finding.seeds)} of {runs} runs (seeds {seeds})")
    click.echo(f"    {path}, {made}")


def _shrunk(finding: Finding, path: Path, runs: int) -> Shrunk | None:
    """The finding shrunk; None if that is not wished, or a bug of drsim is in the way."""
    if not runs or finding.failure.check.startswith("BUG "):
        return None
    words = finding.failure.check if finding.failure.said else ""
    scenario = finding.scenario
    try:
        return shrink(scenario, scenario.run.seed, run_scenario, path, words=words, max_runs=runs)
    except UserError as error:
        click.echo(str(error), err=True)
        return None


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _plain(scenario: Scenario) -> JsonObject:
    return dict(scenario.data) if isinstance(scenario.data, dict) else {}


def _seeds(text: str) -> range:
    match = _RANGE.fullmatch(text.strip())
    if not match or int(match[2] or match[1]) < int(match[1]):
        raise UserError([Problem("--seeds", f"expected seeds such as 1..200, found {text!r}")])
    return range(int(match[1]), int(match[2] or match[1]) + 1)


def _budget_ms(text: str | None) -> int | None:
    try:
        return None if text is None else parse_duration_ms(text)
    except ValueError as error:
        raise UserError([Problem("--budget", f"{error}, found {text!r}")]) from None
