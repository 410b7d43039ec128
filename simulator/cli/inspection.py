"""Checking scenario files without running them."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from simulator.cli.errors import COULD_NOT, PASSED, print_bug
from simulator.cli.files import make_folder, write_text
from simulator.cli.progress import Progress
from simulator.report.github import finding_annotations
from simulator.report.sarif import sarif_report
from simulator.runner.findings import Finding
from simulator.scenario.discovery import discover


def inspect_file(path: Path) -> list[Finding]:
    """What is wrong with a file. The simulated account is imported only now, so that help is instant."""
    from simulator.runner import inspection  # noqa: PLC0415

    return inspection.inspect_file(path)


def inspect_scenarios(paths: Sequence[Path], *, format_name: str, output: Path | None, is_strict: bool) -> int:
    """Report the findings of every scenario under `paths`; the exit code. Raises UserError for the paths themselves."""
    files = discover(paths)
    findings: dict[Finding, None] = {}
    broken, doubtful, bugs = 0, 0, 0
    progress = Progress(sys.stderr, len(files))
    for number, path in enumerate(files, 1):
        progress.show(number, str(path))
        try:
            found = inspect_file(path)
        except Exception as error:
            progress.clear()
            print_bug(error)
            bugs += 1
            continue
        findings |= dict.fromkeys(found)
        broken += any(finding.is_error for finding in found)
        doubtful += bool(found) and not any(finding.is_error for finding in found)
    progress.clear()
    _report(list(findings), format_name, output)
    summary = _summary(len(files), broken + bugs, doubtful)
    click.echo(summary, err=format_name != "text" and output is None)
    return COULD_NOT if broken or bugs or (doubtful and is_strict) else PASSED


def _report(findings: Sequence[Finding], format_name: str, output: Path | None) -> None:
    text = _FORMATS[format_name](findings)
    if output is not None:
        make_folder(output.parent)
        write_text(output, text)
    if output is None and format_name != "text":
        click.echo(text, nl=False)
    else:
        click.echo(_text(findings), err=True, nl=False)


def _text(findings: Sequence[Finding]) -> str:
    return "".join(" ".join(str(finding).splitlines()) + "\n" for finding in findings)


_FORMATS: dict[str, Callable[[Sequence[Finding]], str]] = {
    "text": _text,
    "sarif": sarif_report,
    "github": finding_annotations,
}


def _summary(files: int, broken: int, doubtful: int) -> str:
    noun = "scenario" if files == 1 else "scenarios"
    parts = [f"{broken} with problems"] if broken else []
    parts += [f"{doubtful} with warnings"] if doubtful else []
    return f"{files} {noun} checked: {', '.join(parts) or 'no problems'}"
