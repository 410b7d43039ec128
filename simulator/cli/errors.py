"""Errors on their way to the person at the terminal, and the exit codes that they and verdicts lead to."""

import traceback
from collections.abc import Iterable

import click

from simulator.errors import UserError, bug_told

PASSED, CHECK_FAILED, COULD_NOT, INTERRUPTED = 0, 1, 2, 130


def print_problems(error: UserError) -> None:
    """Print the user's problems on stderr, one a line."""
    for problem in error.problems:
        click.echo(" ".join(str(problem).splitlines()), err=True)


def print_bug(error: Exception) -> None:
    """Print an exception that nobody foresaw on stderr."""
    print_told_bug(bug_told(error), "".join(traceback.format_exception(error)))


def print_told_bug(bug: str, trace: str) -> None:
    """Print on stderr whose bug it is that nobody foresaw, and where it happened, perhaps in another process."""
    whose = bug.partition(":")[0]
    click.echo(f"This is {whose}, not in your files. Please report it with these lines:\n{trace}", err=True, nl=False)


def exit_code_of(verdicts: Iterable[str]) -> int:
    """2 if a scenario could not be judged, else 1 if one failed or was aborted, else 0."""
    seen = set(verdicts)
    if "ERROR" in seen:
        return COULD_NOT
    return CHECK_FAILED if seen & {"FAILED", "ABORTED"} else PASSED
