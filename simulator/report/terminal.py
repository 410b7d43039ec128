"""Results for a person at a terminal, or for a log: the same text, with colour where there is colour."""

from collections.abc import Iterable, Sequence
from io import StringIO
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from simulator.report import wording
from simulator.report.coverage import coverage_lines
from simulator.runner.coverage import MachineCoverage
from simulator.runner.result import Result, Verdict, WaveResult

INDENT = 8
LABEL = 10
MANY = 10  # from here on, the end of the report names again what did not pass
MIN_WIDTH = 24  # below this, lines are left to the terminal
_STYLES = {
    Verdict.PASSED: "bold green",
    Verdict.FAILED: "bold red",
    Verdict.ERROR: "bold magenta",
    Verdict.ABORTED: "bold yellow",
    Verdict.SKIPPED: "dim",
}
_WAVE_STYLES = {"LAUNCHED": "green", "FAILED": "red", "PENDING": "yellow", "NOT_STARTED": "dim"}


def make_console(file: TextIO, *, is_plain: bool = False) -> Console:
    """A console that writes to `file`; plain ones never colour or wrap."""
    return Console(
        file=file, highlight=False, markup=False, emoji=False, no_color=is_plain or None, force_terminal=_forced(is_plain)
    )


def print_result(console: Console, result: Result) -> None:
    """Print a result: verdict, times, warnings, waves and, if a check failed, all that is known about it."""
    _line(console, 0, _headline(result))
    _line(console, INDENT, Text(_separator(console).join(wording.facts(result)), "dim"))
    for warning in result.warnings:
        _line(console, INDENT, Text(f"warning: {wording.printable(warning)}", "yellow"))
    _print_waves(console, result.waves)
    for line in wording.skipped_checks(result):
        _line(console, INDENT, Text(line, "dim"))
    for line in wording.error_lines(result):
        _line(console, INDENT, Text(line))
    for check in wording.failed_checks(result):
        _line(console, INDENT, Text(f"{_cross(console)} {wording.printable(check.name)}", "bold red"))
        _print_rows(console, wording.check_rows(check))
    if result.verdict not in (Verdict.PASSED, Verdict.SKIPPED):
        # On one line however long, so that it can be copied.
        console.print(
            Text(" " * INDENT) + Text("reproduce: ", "dim") + Text(wording.printable(result.reproduce)), soft_wrap=True
        )
    console.print()


def result_text(result: Result) -> str:
    """What `print_result` prints, without colours and without the empty line at the end."""
    buffer = StringIO()
    print_result(make_console(buffer, is_plain=True), result)
    return buffer.getvalue().rstrip() + "\n"


def print_summary(console: Console, results: Sequence[Result]) -> None:
    """Print what ends a report: the scenarios that did not pass, where there were many, and the counts."""
    if len(results) > MANY:
        _print_not_passed(console, results)
    virtual_ms = sum(result.virtual_ms for result in results)
    wall_seconds = sum(result.wall_seconds for result in results)
    style = "bold green" if all(result.verdict in (Verdict.PASSED, Verdict.SKIPPED) for result in results) else "bold red"
    took = f" ({wording.whole_seconds(virtual_ms)} of virtual time in {wall_seconds:.1f} s{wording.uncalibrated(results)})"
    _line(console, 0, Text.assemble((wording.summary(results), style), (took, "dim")))


def print_coverage(console: Console, coverages: Sequence[MachineCoverage]) -> None:
    """Print what was reached of the state machines, and what was not."""
    for line in coverage_lines(coverages):
        _line(console, 0, Text(line, "bold" if not line.startswith(" ") else ""))
    console.print()


def _forced(is_plain: bool) -> bool | None:
    return False if is_plain else None


def _headline(result: Result) -> Text:
    times = wording.times(result)
    verdict = f"{result.verdict:<{INDENT}}"
    return Text.assemble(
        (verdict, _STYLES[result.verdict]), (wording.printable(result.name), "bold"), f"{'':3}{times}" if times else ""
    )


def _print_waves(console: Console, waves: Sequence[WaveResult]) -> None:
    names = _aligned([wording.printable(wave.name) for wave in waves])
    spans = _spans(console, waves)
    for wave, name, span in zip(waves, names, spans, strict=True):
        count = Text(wording.wave_count(wave), _WAVE_STYLES.get(wave.status, ""))
        _line(console, INDENT, Text(f"{name}  {span}  ") + count)
        for loss in wording.losses(wave):
            _line(console, INDENT + cell_len(name) + cell_len(span) + 4, Text(loss, "red"))


def _print_not_passed(console: Console, results: Sequence[Result]) -> None:
    for result in results:
        if result.verdict not in (Verdict.PASSED, Verdict.SKIPPED):
            verdict = f"{result.verdict:<{INDENT}}"
            rest = f"{wording.printable(str(result.path))}  {wording.printable(result.name)}"
            _line(console, 0, Text.assemble((verdict, _STYLES[result.verdict]), rest))


def _aligned(texts: Sequence[str]) -> list[str]:
    width = max(map(cell_len, texts), default=0)
    return [text + " " * (width - cell_len(text)) for text in texts]


def _spans(console: Console, waves: Sequence[WaveResult]) -> list[str]:
    """From when to when each wave went, equally wide; blank for waves that never started."""
    begins = ["" if wave.started_ms is None else wording.whole_seconds(wave.started_ms) for wave in waves]
    ends = ["..." if wave.ended_ms is None else wording.whole_seconds(wave.ended_ms) for wave in waves]
    widths = [max(map(len, column), default=0) for column in (begins, ends)]
    lines = zip(begins, ends, strict=True)
    spans = [f"{begin:>{widths[0]}} {_arrow(console)} {end:>{widths[1]}}" if begin else "" for begin, end in lines]
    return _aligned(spans)


def _print_rows(console: Console, rows: Iterable[tuple[str, str]]) -> None:
    for label, text in rows:
        _line(console, INDENT + 2, Text(f"{label:<{LABEL}}", "dim"), Text(text))


def _line(console: Console, indent: int, first: Text, rest: Text | None = None) -> None:
    """Print a line. At a terminal that is too narrow for it, its further lines are indented as deep as its text."""
    label = Text(" " * indent) + first if rest is not None else Text(" " * indent)
    text = rest if rest is not None else first
    width = console.width - label.cell_len
    if not console.is_terminal or width < MIN_WIDTH:
        console.print(label + text, soft_wrap=True)
        return
    for number, part in enumerate(text.wrap(console, width)):
        part.rstrip()
        console.print((label if number == 0 else Text(" " * label.cell_len)) + part, soft_wrap=True)


def _separator(console: Console) -> str:
    return " · " if _has_unicode(console) else " - "


def _arrow(console: Console) -> str:
    return "→" if _has_unicode(console) else "->"


def _cross(console: Console) -> str:
    return "✗" if _has_unicode(console) else "x"


def _has_unicode(console: Console) -> bool:
    return console.encoding.startswith("utf")
