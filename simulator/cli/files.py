"""The files that a session writes: reports and journals."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.errors import Problem, UserError
from simulator.runner.result import Result


def make_folder(folder: Path) -> None:
    """Make sure that `folder` can be written to. Raises UserError."""
    with _refusals(folder):
        folder.mkdir(parents=True, exist_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a file as UTF-8 with plain newlines. Raises UserError."""
    with _refusals(path):
        path.write_text(text, "utf-8", errors="backslashreplace", newline="\n")


def write_journal(folder: Path, result: Result, taken: set[Path]) -> None:
    """Write a run's journal to `folder` as `<path>.seed<N>.jsonl`. `taken`: the session's files so far, added to."""
    name = re.sub(r"[^\w.-]+", "-", result.path.with_suffix("").as_posix()).strip("-.")
    path = next(path for path in _candidates(folder, f"{name}.seed{result.seed}") if path not in taken)
    taken.add(path)
    write_text(path, result.journal.to_jsonl())


def _candidates(folder: Path, name: str) -> Iterator[Path]:
    yield folder / f"{name}.jsonl"
    for number in range(2, 1_000_000):
        yield folder / f"{name}.{number}.jsonl"


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError([Problem(str(path), f"cannot be written: {error.strerror}")]) from None
