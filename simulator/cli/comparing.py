"""What `drsim replay` and `drsim diff` do once they are called."""

from collections.abc import Iterable
from pathlib import Path

import click

from simulator.cli.errors import CHECK_FAILED, PASSED
from simulator.cli.files import make_folder, write_text
from simulator.report.difference import difference_lines
from simulator.report.wording import printable, whole_seconds
from simulator.runner.divergence import changes, diverge, started
from simulator.runner.replay import read_journal
from simulator.runner.replay import replay as run_again


def replay_journal(path: Path, scenario: Path | None, output: Path | None) -> int:
    """Replay a journal and say what came of it; the exit code."""
    result = run_again(path, scenario)
    if output is not None:
        make_folder(output.parent)
        write_text(output, result.again.to_jsonl())
    first = started(result.recorded)
    if result.divergence is None:
        took = whole_seconds(result.recorded[-1].at_ms)
        click.echo(f"the same: {len(result.recorded)} events, {took} of virtual time, seed {first.seed}, {first.path}")
    else:
        click.echo(f"not the same: {printable(first.scenario)}, seed {first.seed}, {first.path}")
        _print(difference_lines(result.divergence, ("recorded", "now")))
    if result.changes:
        click.echo("changed since it was recorded: " + ", ".join(map(printable, result.changes)))
    elif result.divergence is not None:
        click.echo("neither the scenario, the state machine, the handlers nor drsim's version have changed since")
    return PASSED if result.divergence is None else CHECK_FAILED


def compare_journals(a: Path, b: Path) -> int:
    """Compare two journals and say how they differ; the exit code."""
    journals = read_journal(a), read_journal(b)
    divergence = diverge(*journals)
    firsts = [started(journal) for journal in journals]
    for name, path, first in zip("AB", (a, b), firsts, strict=True):
        click.echo(f"{name}  {path}  {printable(first.scenario)}, seed {first.seed}")
    _print(difference_lines(divergence))
    if changed := changes(*firsts):
        click.echo("not run from the same: " + ", ".join(map(printable, changed)))
    return PASSED if divergence.parting is None else CHECK_FAILED


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
