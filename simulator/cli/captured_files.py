"""The files that `drsim calibrate` is given: JSON as the AWS CLI prints it, one document or several in a file."""

import hashlib
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from simulator.drs.calibration.captures import Capture, Pointer, Where, read_capture
from simulator.engine.source import locate
from simulator.errors import Problem, UserError

STDIN = Path("-")

_JOB_ID = re.compile(r"drsjob-[0-9a-zA-Z]{17}")
_SPACE = re.compile(r"\s*")
_decoder = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class CapturedFile:
    """A file and what it holds. `name` is what the user called it."""

    name: str
    sha256: str
    captures: Sequence[Capture]


@dataclass(frozen=True, slots=True)
class CapturedFiles:
    """All files together; `left_out` are those found in folders that hold something else."""

    files: Sequence[CapturedFile]
    left_out: Sequence[Problem]

    @property
    def captures(self) -> list[Capture]:
        """What the files hold, in their order."""
        return [capture for file in self.files for capture in file.captures]


def read_captures(paths: Sequence[Path], pairs: Mapping[Path, str]) -> CapturedFiles:
    """Read files, folders (their *.json) and `-`, each once; `pairs` says whose log a file is.

    Otherwise a log is that of the job that its document or the file's name tells. Raises UserError with all that is wrong.
    """
    named = dict.fromkeys([*paths, *pairs])
    files: list[CapturedFile] = []
    left_out: list[Problem] = []
    problems: list[Problem] = []
    for path in _expanded(named, problems):
        try:
            file = _read(path, pairs.get(path))
        except UserError as error:
            problems += error.problems
            continue
        found = [problem for capture in file.captures for problem in capture.problems]
        if found and path not in named and not any(capture.jobs or capture.logs for capture in file.captures):
            left_out.append(Problem(file.name, "left out: it holds neither jobs nor the log of one"))
            continue
        problems += found
        files.append(file)
    if problems:
        raise UserError(problems)
    return CapturedFiles(files, left_out)


def _expanded(paths: Mapping[Path, None], problems: list[Problem]) -> Iterator[Path]:
    seen: set[Path] = set()
    for path in paths:
        if path == STDIN:
            yield path
        elif path.is_dir():
            inside = [file for file in sorted(path.rglob("*.json")) if not _is_hidden(file.relative_to(path))]
            if not inside:
                problems.append(Problem(str(path), "this folder holds no .json file"))
            yield from (file for file in inside if file not in paths and file.resolve() not in seen)
            seen.update(file.resolve() for file in inside)
        elif path.resolve() not in seen:
            seen.add(path.resolve())
            yield path


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _read(path: Path, job_id: str | None) -> CapturedFile:
    name = "<stdin>" if path == STDIN else str(path)
    try:
        content = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
    except OSError as error:
        raise UserError([Problem(name, f"cannot be read: {error.strerror}")]) from None
    try:
        text = content.decode(json.detect_encoding(content))
    except UnicodeDecodeError:
        raise UserError([Problem(name, "is not text", "save it as UTF-8")]) from None
    captures = [_owned(read_capture(document, where), path, job_id) for document, where in _documents(text, name)]
    return CapturedFile(name, hashlib.sha256(content).hexdigest(), captures)


def _owned(capture: Capture, path: Path, job_id: str | None) -> Capture:
    """The same, its logs belonging to the job that the user says, else the document, else the file's name."""
    match = _JOB_ID.search(path.name)
    by_name = match.group() if match else None
    logs = [replace(log, job_id=job_id or log.job_id or by_name) for log in capture.logs]
    return replace(capture, logs=logs)


def _documents(text: str, name: str) -> Iterator[tuple[Any, Where]]:
    """The JSON documents in a text, one after the other. Raises UserError."""
    at = _skip(text, 0)
    if at == len(text):
        raise UserError([Problem(name, "is empty")])
    while at < len(text):
        try:
            document, end = _decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            where = f"{name}:{error.lineno}:{error.colno}"
            hint = "print it with --output json"
            raise UserError([Problem(where, f"not JSON: {error.msg}", hint)]) from None
        except RecursionError:
            raise UserError([Problem(name, "not JSON that can be read: nested too deeply")]) from None
        yield document, _Places(text, at, end, name)
        at = _skip(text, end)


@dataclass(frozen=True, slots=True)
class _Places:
    """Says where the parts of a document stand."""

    text: str
    begin: int
    end: int
    name: str

    def __call__(self, pointer: Pointer) -> str:
        found = locate(self.text[self.begin : self.end], pointer) or (1, 1)
        before = self.text[: self.begin]
        first_line, first_column = before.count("\n"), self.begin - before.rfind("\n") - 1
        line, column = found
        return f"{self.name}:{first_line + line}:{column + (first_column if line == 1 else 0)}"


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
