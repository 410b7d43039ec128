"""Runs again what a journal recorded, and compares the two byte for byte."""

from dataclasses import dataclass
from pathlib import Path

from simulator.errors import Problem, UserError
from simulator.journal import Journal, RunStarted, read_jsonl
from simulator.runner.divergence import Divergence, changes, diverge, started
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load_all
from simulator.scenario.model import Scenario

MAX_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Replay:
    """A run beside its recording.

    `divergence` is None if every event after the first line is the same, byte for byte; `changes` are what differs in what
    the run was made from.
    """

    recorded: Journal
    again: Journal
    changes: tuple[str, ...]
    divergence: Divergence | None


def replay(path: Path, scenario: Path | None = None) -> Replay:
    """Run again what the journal in `path` recorded; `scenario` is its scenario's file, where that has moved.

    Raises UserError for a file that is no journal, or whose scenario cannot be found or run.
    """
    text = read_journal_text(path)
    recorded = parse_journal(text, path)
    first = started(recorded)
    if scenario is None and not first.path:
        raise UserError([Problem(str(path), "the journal does not say which scenario it is of", "name it with --scenario")])
    file = scenario or Path(first.path)
    if not file.is_file():
        hint = f"it was run in the folder that {first.path} starts from; elsewhere, name the file with --scenario"
        raise UserError([Problem(str(path), f"its scenario {file} is not there", hint)])
    again = run_scenario(_cell(file, first), first.seed).journal
    is_same = text.splitlines(keepends=True)[1:] == again.lines(1)
    changed = tuple(changes(first, started(again)))
    return Replay(recorded, again, changed, None if is_same else diverge(recorded, again))


def _cell(file: Path, first: RunStarted) -> Scenario:
    """The scenario in a file; of a matrix the run that was recorded."""
    found = [scenario for scenario in load_all(file) if dict(scenario.cell) == dict(first.cell)]
    if not found:
        values = ", ".join(f"{axis}={label}" for axis, label in first.cell.items()) or "no matrix"
        raise UserError([Problem(str(file), f"the recorded run had {values}, and none of this file's has")])
    return found[0]


def read_journal(path: Path) -> Journal:
    """The journal in a file. Raises UserError."""
    return parse_journal(read_journal_text(path), path)


def read_journal_text(path: Path) -> str:
    """The text of a journal's file. Raises UserError."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError([Problem(str(path), f"expected a journal of at most {MAX_BYTES // 1024**2} MiB")])
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except OSError as error:
        raise UserError([Problem(str(path), f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise UserError([Problem(str(path), "expected a journal, found bytes that are not UTF-8")]) from None


def parse_journal(text: str, path: Path) -> Journal:
    """The journal in a text. Raises UserError naming the file."""
    try:
        journal = read_jsonl(text)
        started(journal)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        hint = "`drsim run --journal DIR` writes journals"
        raise UserError([Problem(str(path), f"expected a journal: {error}", hint)]) from None
    return journal
