"""A session of `drsim run`: read the files, run what can be run, report each result as it comes and all at the end."""

import re
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import click

from simulator.cli.errors import CHECK_FAILED, PASSED, exit_code_of, print_problems, print_told_bug
from simulator.cli.files import make_folder, write_journal
from simulator.cli.progress import Progress
from simulator.cli.reports import Report, forgiven, print_end, writable, write_report
from simulator.cli.target_options import EMBEDDED, EVERYTHING_HERE, MOTO, Where
from simulator.cli.workers import Attempt, Run, attempts
from simulator.errors import Problem, UserError
from simulator.journal import Journal
from simulator.report.terminal import make_console, print_result
from simulator.runner.coverage import merged, share
from simulator.runner.result import Result, Verdict
from simulator.runner.sweep import folded
from simulator.scenario.discovery import discover
from simulator.scenario.loading import load_all
from simulator.scenario.model import Scenario


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for. `seed` None is each scenario's own; `words` None is all scenarios; `tags`: any of them.

    `jobs` is how many runs go on at once, None: as many as the machine is good for. `budget` is what each may cost, in US
    dollars; `where` is where they run. `fail_under` is the percentage of the state machines that is to be reached, None:
    whatever it is.
    """

    paths: Sequence[Path]
    seed: int | None = None
    words: str | None = None
    reports: Sequence[Report] = (Report("text"),)
    journal: Path | None = None
    tags: tuple[str, ...] = ()
    jobs: int | None = None
    budget: float | None = None
    where: Where = EVERYTHING_HERE
    has_coverage: bool = False
    fail_under: float | None = None


def run_scenario(scenario: Scenario, seed: int | None) -> Result:
    """Run one scenario. The simulated account is imported only now, so that a misspelled file is told about at once."""
    from simulator.runner import run  # noqa: PLC0415

    return run.run_scenario(scenario, seed)


def run_session(options: Options) -> int:
    """Run the scenarios that `options` name; the exit code. Raises UserError if there is nothing to run or to write to."""
    if options.journal is not None:
        make_folder(options.journal)
    session = _Session(options)
    scenarios = session.read(discover(options.paths))
    session.run(scenarios)
    session.report()
    return max(exit_code_of(result.verdict for result in session.results), session.code_of_coverage())


class _Session:
    """The results so far, and where they are shown."""

    def __init__(self, options: Options) -> None:
        self.results: list[Result] = []
        self._options = options
        self._console = make_console(sys.stdout)
        self._shows_text = not any(report.is_all_of_stdout for report in options.reports)
        self._reports = writable(options.reports)
        self._journals: set[Path] = set()

    def read(self, paths: Sequence[Path]) -> list[Scenario]:
        """The scenarios that can be read and are wanted; the others' problems are told and become results."""
        scenarios = [one for path in paths for one in self._scenarios(path) if self._is_wanted(one)]
        if not scenarios and not self.results:
            raise UserError([self._nothing_wanted()])
        return scenarios

    def run(self, scenarios: Sequence[Scenario]) -> None:
        """Run the scenarios and show each result as it comes, in their order."""
        progress = Progress(sys.stderr, len(scenarios))
        _import_simulator(scenarios)
        tasks = [(scenario, seed) for scenario in scenarios for seed in self._seeds(scenario)]
        with _runner(self._options.where) as run:
            self._run(scenarios, attempts(tasks, run, self._jobs), progress)

    def _run(self, scenarios: Sequence[Scenario], stream: Generator[Attempt], progress: Progress) -> None:
        try:
            for number, scenario in enumerate(scenarios, 1):
                progress.show(number, scenario.title)
                result = self._result(scenario, stream, progress)
                if result and self._shows_text:
                    progress.clear()
                    with forgiven("this result"):
                        print_result(self._console, result)
        finally:
            progress.clear()
            stream.close()  # ends the processes, too

    @property
    def _jobs(self) -> int | None:
        """How many runs go on at once. Where the world listens at one set port, there is room for one."""
        return self._options.jobs if self._options.where.name in (EMBEDDED, MOTO) else 1

    def report(self) -> None:
        """Show what ends the text, and write the reports that were asked for. One that fails changes no verdict."""
        if self._shows_text and any(result.reproduce for result in self.results):
            with forgiven("the summary"):
                print_end(self._console, self.results, has_coverage=self._options.has_coverage)
        for report in self._reports:
            write_report(report, self.results, has_coverage=self._options.has_coverage)

    def code_of_coverage(self) -> int:
        """The exit code that what was reached leads to, told about if it is too little."""
        least = self._options.fail_under
        reached = share(merged(one for result in self.results for one in result.coverage))
        if least is None or (reached.total and reached.percent >= least):
            return PASSED
        found = f"{reached} was reached" if reached.total else "no state machine ran"
        click.echo(f"coverage: {found}, which is under the {least:g}% asked for", err=True)
        return CHECK_FAILED

    def _scenarios(self, path: Path) -> Sequence[Scenario]:
        try:
            scenarios = load_all(path)
        except UserError as error:
            if _contains(self._options.words, [str(path)]):
                print_problems(error)
                self.results.append(_unjudged(path, path.stem, self._options.seed, str(error)))
            return ()
        budget = self._options.budget
        return scenarios if budget is None else [scenario.with_budget(budget) for scenario in scenarios]

    def _is_wanted(self, scenario: Scenario) -> bool:
        is_tagged = not self._options.tags or not set(self._options.tags).isdisjoint(scenario.tags)
        return is_tagged and _contains(
            self._options.words, [scenario.title, scenario.key, str(scenario.path), *scenario.tags]
        )

    def _nothing_wanted(self) -> Problem:
        words, tags = self._options.words, self._options.tags
        said = f"no scenario has {words!r} in its title, id, tags or path" if words is not None else "no scenario"
        if tags:
            said += (" and" if words is not None else "") + f" is tagged {' or '.join(tags)}"
        return Problem("-k" if words is not None else "--tag", said)

    def _seeds(self, scenario: Scenario) -> Sequence[int]:
        return scenario.run.every_seed if self._options.seed is None else (self._options.seed,)

    def _result(self, scenario: Scenario, stream: Iterator[Attempt], progress: Progress) -> Result | None:
        """The scenario's result over its seeds, or None if there was only a problem to tell."""
        made = islice(stream, len(self._seeds(scenario)))
        results, broken = self._split(made)
        first = next(results, None)
        result = None if first is None else folded(scenario, chain([first], results))
        for attempt in broken[:1]:
            progress.clear()
            self._tell(scenario, attempt)
            return None
        assert result is not None
        self.results.append(result)
        return result

    def _split(self, made: Iterator[Attempt]) -> tuple[Iterator[Result], list[Attempt]]:
        """The results as they come, their journals written, and the attempts that had none (complete at their end)."""
        broken: list[Attempt] = []

        def results() -> Iterator[Result]:
            for attempt in made:
                if attempt.result is None:
                    broken.append(attempt)
                    continue
                if self._options.journal:
                    write_journal(self._options.journal, attempt.result, self._journals)
                yield attempt.result

        return results(), broken

    def _tell(self, scenario: Scenario, attempt: Attempt) -> None:
        """Say why a scenario could not be judged, and remember it."""
        seed = self._seeds(scenario)[0]
        if attempt.bug:
            print_told_bug(attempt.bug, attempt.traceback)
            error = attempt.bug
        else:
            print_problems(UserError(attempt.problems))
            error = "\n".join(map(str, attempt.problems))
        self.results.append(_unjudged(scenario.path, scenario.title, seed, error))


@contextmanager
def _runner(where: Where) -> Iterator[Run]:
    """What runs a scenario where the user wants it, and ends afterwards what it has begun for that."""
    if where.name == EMBEDDED:
        yield run_scenario
        return
    from simulator.cli.targets import close, target_of  # noqa: PLC0415
    from simulator.runner import run  # noqa: PLC0415

    target = target_of(where)
    try:
        yield lambda scenario, seed: run.run_scenario(scenario, seed, target)
    finally:
        close(target)


def _import_simulator(scenarios: Sequence[Scenario]) -> None:
    """Import what runs need, once, before processes are forked; not at all where nothing is run."""
    if scenarios:
        from simulator.runner import run  # noqa: F401, PLC0415


def _contains(words: str | None, texts: Sequence[str]) -> bool:
    return words is None or any(words.lower() in text.lower() for text in texts)


def _unjudged(path: Path, name: str, seed: int | None, error: str) -> Result:
    """The result of a scenario that could not be run at all."""
    return Result(
        name=name,
        path=path,
        seed=1 if seed is None else seed,
        verdict=Verdict.ERROR,
        outcome="",
        recovery_ms=None,
        rto_ms=None,
        virtual_ms=0,
        wall_seconds=0.0,
        waves=(),
        checks=(),
        warnings=(),
        error=error,
        reproduce="",
        journal=Journal(lambda: 0),
        line=int(place[1]) if (place := re.match(rf"{re.escape(str(path))}:(\d+)", error)) else None,
    )
