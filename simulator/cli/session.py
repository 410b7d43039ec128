"""A session of `drsim run`: read the files, run what can be run, report each result as it comes and all at the end."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from simulator.cli.errors import exit_code_of, print_bug, print_problems
from simulator.cli.files import make_folder, write_journal, write_text
from simulator.cli.progress import Progress
from simulator.errors import Problem, UserError
from simulator.journal import Journal
from simulator.report.json_report import json_report
from simulator.report.junit import junit_report
from simulator.report.terminal import make_console, print_result, print_summary
from simulator.runner.result import Result, Verdict
from simulator.scenario.discovery import discover
from simulator.scenario.loading import load
from simulator.scenario.model import Scenario


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for. `seed` None is each scenario's own; `words` None is all scenarios."""

    paths: Sequence[Path]
    seed: int | None = None
    words: str | None = None
    format_name: str = "text"
    output: Path | None = None
    journal: Path | None = None


def run_scenario(scenario: Scenario, seed: int | None) -> Result:
    """Run one scenario. The simulated account is imported only now, so that a misspelled file is told about at once."""
    from simulator.runner import run  # noqa: PLC0415

    return run.run_scenario(scenario, seed)


def run_session(options: Options) -> int:
    """Run the scenarios that `options` name; the exit code. Raises UserError if there is nothing to run or to write to."""
    for folder in filter(None, (options.journal, options.output and options.output.parent)):
        make_folder(folder)
    session = _Session(options)
    scenarios = session.read(discover(options.paths))
    session.run(scenarios)
    session.report()
    return exit_code_of(result.verdict for result in session.results)


class _Session:
    """The results so far, and where they are shown."""

    def __init__(self, options: Options) -> None:
        self.results: list[Result] = []
        self._options = options
        self._console = make_console(sys.stdout)
        self._shows_text = options.format_name == "text" or options.output is not None
        self._journals: set[Path] = set()

    def read(self, paths: Sequence[Path]) -> list[Scenario]:
        """The scenarios that can be read and are wanted; the others' problems are told and become results."""
        scenarios = [scenario for path in paths if (scenario := self._scenario(path)) and self._is_wanted(scenario)]
        if not scenarios and not self.results:
            raise UserError([Problem("-k", f"no scenario has {self._options.words!r} in its title, id, tags or path")])
        return scenarios

    def run(self, scenarios: Sequence[Scenario]) -> None:
        """Run the scenarios, one after the other, and show each result as it comes."""
        progress = Progress(sys.stderr, len(scenarios))
        try:
            for number, scenario in enumerate(scenarios, 1):
                progress.show(number, scenario.title)
                result = self._result(scenario, progress)
                if result and self._shows_text:
                    progress.clear()
                    print_result(self._console, result)
        finally:
            progress.clear()

    def report(self) -> None:
        """Show the summary and write the report that was asked for."""
        if self._shows_text and any(result.reproduce for result in self.results):
            print_summary(self._console, self.results)
        if self._options.format_name == "text" and self._options.output is None:
            return
        text = _FORMATS[self._options.format_name](self.results)
        if self._options.output is None:
            sys.stdout.write(text)
        else:
            write_text(self._options.output, text)

    def _scenario(self, path: Path) -> Scenario | None:
        try:
            return load(path)
        except UserError as error:
            if _contains(self._options.words, [str(path)]):
                print_problems(error)
                self.results.append(_unjudged(path, path.stem, self._options.seed, str(error)))
            return None

    def _is_wanted(self, scenario: Scenario) -> bool:
        return _contains(self._options.words, [scenario.title, scenario.key, str(scenario.path), *scenario.tags])

    def _result(self, scenario: Scenario, progress: Progress) -> Result | None:
        """The scenario's result, or None if there was only a problem to tell."""
        seed = scenario.run.seed if self._options.seed is None else self._options.seed
        try:
            result = run_scenario(scenario, self._options.seed)
        except UserError as error:
            progress.clear()
            print_problems(error)
            self.results.append(_unjudged(scenario.path, scenario.title, seed, str(error)))
            return None
        except Exception as error:
            progress.clear()
            print_bug(error)
            message = f"a bug in drsim: {type(error).__name__}: {error}"
            self.results.append(_unjudged(scenario.path, scenario.title, seed, message))
            return None
        self.results.append(result)
        if self._options.journal:
            write_journal(self._options.journal, result, self._journals)
        return result


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
    )


def _text_report(results: Sequence[Result]) -> str:
    buffer = StringIO()
    console = make_console(buffer, is_plain=True)
    for result in results:
        print_result(console, result)
    print_summary(console, results)
    return buffer.getvalue()


_FORMATS: dict[str, Callable[[Sequence[Result]], str]] = {
    "text": _text_report,
    "json": json_report,
    "junit": junit_report,
}
