"""Whether a report of scenarios is evidence for a package: all passed, and what ran is what is packaged."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.errors import Problem, UserError
from simulator.packaging.digests import read_bytes
from simulator.packaging.package import Manifest

REPORT_FORMAT = 1
_KINDS = {"asl": "the state machine", "code": "the functions' code", "cfn": "the templates"}
_HINTS = {"cfn": "scenarios whose system is the stack do, such as those in scenarios/deployed/"}
_SHOWN = 3

Entry = Mapping[str, Any]


def read_report(path: Path) -> Sequence[Entry]:
    """The scenarios of a JSON report that `drsim run` wrote. Raises UserError for anything else."""
    try:
        report = json.loads(read_bytes(path))
        if report["format"] != REPORT_FORMAT:
            raise UserError([Problem(str(path), f"expected format {REPORT_FORMAT}, found {report['format']!r}")])
        entries: list[Entry] = [_entry(one) for one in report["scenarios"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        hint = "drsim run --format json --output FILE writes one"
        raise UserError([Problem(str(path), "is not a JSON report of drsim run", hint)]) from None
    return entries


def objections(entries: Sequence[Entry], manifest: Manifest, report: Path) -> list[Problem]:
    """Everything that speaks against deploying a package on the evidence of a report; nothing: it may be deployed."""
    problems = [*_not_passed(entries), *_others(entries, manifest), *_never_run(entries)]
    return [Problem(str(report), message, hint) for message, hint in problems]


def _entry(one: Any) -> Entry:
    digests = {str(kind): str(digest) for kind, digest in one["digests"].items()}
    return {"path": str(one["path"]), "verdict": str(one["verdict"]), "digests": digests}


def _not_passed(entries: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    if not any(entry["verdict"] == "PASSED" for entry in entries):
        yield "no scenario passed", ""
    for entry in entries:
        if entry["verdict"] not in ("PASSED", "SKIPPED"):
            yield f"{entry['path']} ended {entry['verdict']}", ""


def _others(entries: Sequence[Entry], manifest: Manifest) -> Iterator[tuple[str, str]]:
    """What ran and is not what is packaged."""
    for kind, noun in _KINDS.items():
        paths: dict[str, list[str]] = {}
        for entry in entries:
            digest = entry["digests"].get(kind, manifest.digests[kind])
            if digest != manifest.digests[kind]:
                paths.setdefault(digest, []).append(entry["path"])
        for digest, ran in paths.items():
            told = f"{noun} that ran ({_short(digest)}) is not what is packaged ({_short(manifest.digests[kind])})"
            yield f"{told}: {_named(ran)}", "package and run the scenarios again, from the same files"


def _never_run(entries: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    ran = {kind for entry in entries if entry["verdict"] == "PASSED" for kind in entry["digests"]}
    for kind, noun in _KINDS.items():
        if kind not in ran:
            yield f"no scenario that passed ran {noun} ({kind})", _HINTS.get(kind, "")


def _short(digest: str) -> str:
    return digest[:19]


def _named(paths: Sequence[str]) -> str:
    more = len(paths) - _SHOWN
    return ", ".join(paths[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
