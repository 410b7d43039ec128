"""The reports of a session: which were asked for, and writing them. None that fails ever changes a verdict."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import click
from rich.console import Console

from simulator.cli.errors import print_bug, print_problems
from simulator.cli.files import make_folder, write_text
from simulator.errors import Problem, UserError
from simulator.report.coverage import coverage_of
from simulator.report.github import annotations
from simulator.report.html import html_report
from simulator.report.json_report import json_report
from simulator.report.junit import junit_report
from simulator.report.markdown import markdown_report
from simulator.report.terminal import make_console, print_coverage, print_result, print_summary
from simulator.runner.coverage import merged
from simulator.runner.result import Result

SUMMARY = "GITHUB_STEP_SUMMARY"  # where GitHub Actions has a step write its part of the job's page


@dataclass(frozen=True, slots=True)
class Report:
    """One report that was asked for; without a `path` it goes to standard output."""

    format_name: str
    path: Path | None = None

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"the {self.format_name} report"

    @property
    def is_all_of_stdout(self) -> bool:
        """Whether standard output is to hold nothing but this, for a program to read."""
        return self.path is None and self.format_name not in ("text", "github")


def paired(formats: Sequence[tuple[str, Path | None]], outputs: Sequence[Path]) -> tuple[Report, ...]:
    """The reports that `--format` and `--output` ask for: `junit=FILE`, or the first output for the first format and so on.

    Raises UserError where they do not fit together.
    """
    wanted = list(formats) or [("text", None)]
    if outputs and (len(outputs) != len(wanted) or any(path for _, path in wanted)):
        message = f"{len(outputs)} times --output beside {len(wanted)} times --format"
        raise UserError([Problem("--output", message, "name each file with its format: --format junit=FILE")])
    files: Sequence[Path | None] = outputs or [path for _, path in wanted]
    reports = tuple(Report(name, path) for (name, _), path in zip(wanted, files, strict=True))
    if sum(report.is_all_of_stdout for report in reports) > 1:
        raise UserError(
            [Problem("--format", "only one report can go to standard output", "give the others a file: json=FILE")]
        )
    if len({report.path for report in reports if report.path}) < sum(report.path is not None for report in reports):
        raise UserError([Problem("--format", "two reports cannot go to the same file")])
    return reports


def writable(reports: Sequence[Report]) -> list[Report]:
    """The reports whose folders are there, or can be made. What is wrong with the others is told before anything runs."""
    found = []
    for report in reports:
        with forgiven(report.title):
            if report.path is not None:
                make_folder(report.path.parent)
            found.append(report)
    return found


def write_report(report: Report, results: Sequence[Result], *, has_coverage: bool = False) -> None:
    """Write a report. What keeps it from being written is told on stderr, and that is all."""
    with forgiven(report.title):
        match report:
            case Report("github", path):
                _write_github(path, results)
            case Report("text", None):  # is shown as the results come
                pass
            case Report("text", Path() as path):
                write_text(path, _text_report(results, has_coverage=has_coverage))
            case Report(name, Path() as path):
                write_text(path, RENDERERS[name](results))
            case Report(name, None):
                sys.stdout.write(RENDERERS[name](results))


def print_end(console: Console, results: Sequence[Result], *, has_coverage: bool) -> None:
    """Print what ends the text report: the coverage, if it was asked for, and the summary."""
    if has_coverage:
        print_coverage(console, coverage_of(merged(one for result in results for one in result.coverage)))
    print_summary(console, results)


@contextmanager
def forgiven(what: str) -> Iterator[None]:
    """Go on after anything that goes wrong with what is shown or written; the verdict stands."""
    try:
        yield
    except BrokenPipeError:  # whoever read our output has gone; what goes elsewhere is still written
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except UserError as error:
        print_problems(error)
        click.echo(f"{what} could not be written; the verdict stands", err=True)
    except Exception as error:
        print_bug(error)
        click.echo(f"{what} could not be written; the verdict stands", err=True)


def _write_github(path: Path | None, results: Sequence[Result]) -> None:
    """Annotations to standard output; the summary to the file, or at the end of the one that GitHub names."""
    sys.stdout.write(annotations(results))
    summary = os.environ.get(SUMMARY)
    if path is not None:
        write_text(path, markdown_report(results))
    elif summary:
        try:
            with open(summary, "a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
                file.write(markdown_report(results))
        except OSError as error:
            raise UserError([Problem(summary, f"cannot be written: {error.strerror}")]) from error


def _text_report(results: Sequence[Result], *, has_coverage: bool) -> str:
    buffer = StringIO()
    console = make_console(buffer, is_plain=True)
    for result in results:
        print_result(console, result)
    print_end(console, results, has_coverage=has_coverage)
    return buffer.getvalue()


RENDERERS: dict[str, Callable[[Sequence[Result]], str]] = {
    "json": json_report,
    "junit": junit_report,
    "markdown": markdown_report,
    "html": html_report,
}
