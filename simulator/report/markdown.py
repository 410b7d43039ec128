"""Results as Markdown: a table of all, and of those that did not pass their waves, broken checks and state graph."""

from collections.abc import Iterable, Iterator, Sequence

from simulator.engine.elements import Kind
from simulator.report import wording
from simulator.report.coverage import coverage_of, title
from simulator.report.mermaid import mermaid
from simulator.report.wording import printable, whole_seconds
from simulator.runner.coverage import MachineCoverage, cover, merged
from simulator.runner.result import Check, Result, Verdict, WaveResult

MAX_DETAILED = 20  # scenarios that are shown whole, and
MAX_LISTED = 500  # rows of a table: a job summary of GitHub takes a megabyte
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", **{letter: f"\\{letter}" for letter in "\\`*_[]|~#!"}}
)
_MARKS = {Verdict.PASSED: "✅", Verdict.FAILED: "❌", Verdict.ERROR: "💥", Verdict.ABORTED: "🛑", Verdict.SKIPPED: "⏭️"}


def markdown_report(results: Sequence[Result]) -> str:
    """The report as GitHub-flavoured Markdown that ends in a newline; Mermaid draws the graphs."""
    bad = [result for result in results if result.verdict not in (Verdict.PASSED, Verdict.SKIPPED)]
    blocks = [
        f"## drsim: {wording.summary(results)}",
        *_overview(results),
        *(block for result in bad[:MAX_DETAILED] for block in _detailed(result)),
        *([f"… and {len(bad) - MAX_DETAILED} more that did not pass."] if len(bad) > MAX_DETAILED else []),
        *_coverage(merged(one for result in results for one in result.coverage)),
    ]
    return "\n\n".join(blocks) + "\n"


def _overview(results: Sequence[Result]) -> Iterator[str]:
    if results:
        rows = [
            (
                f"{_MARKS[result.verdict]} {result.verdict}",
                _text(result.name),
                _text(result.outcome or "-"),
                _text(wording.times(result) or "-"),
                str(len(result.seeds) or 1),
                _code(str(result.path)),
            )
            for result in results[:MAX_LISTED]
        ]
        yield _table(("verdict", "scenario", "outcome", "recovery time", "seeds", "file"), rows)
    if len(results) > MAX_LISTED:
        yield f"… and {len(results) - MAX_LISTED} more."


def _detailed(result: Result) -> Iterator[str]:
    yield f"### {_MARKS[result.verdict]} {_text(result.name)}"
    yield _text(" · ".join(wording.facts(result)))
    yield from (f"> ⚠️ {_text(warning)}" for warning in result.warnings)
    if result.error:
        yield _fenced("\n".join(wording.error_lines(result)))
    yield from (_broken(check) for check in wording.failed_checks(result))
    if result.waves:
        yield _table(("wave", "from", "to", "servers", "not launched"), map(_wave_row, result.waves))
    if result.reproduce:
        yield "Reproduce:\n\n" + _fenced(printable(result.reproduce), "sh")
    for coverage in cover(result.journal)[:1]:
        yield _folded(f"What happened in {coverage.name}, seed {result.seed}", _fenced(mermaid(coverage), "mermaid"))


def _broken(check: Check) -> str:
    rows = "\n".join(f"{label:<9} {text}" for label, text in wording.check_rows(check))
    return f"**✗ {_text(check.name)}**\n\n{_fenced(rows)}"


def _wave_row(wave: WaveResult) -> Sequence[str]:
    begun = "-" if wave.started_ms is None else whole_seconds(wave.started_ms)
    ended = "-" if wave.ended_ms is None else whole_seconds(wave.ended_ms)
    return _text(wave.name), begun, ended, wording.wave_count(wave), "; ".join(map(_text, wording.losses(wave)))


def _coverage(coverages: Sequence[MachineCoverage]) -> Iterator[str]:
    if not coverages:
        return
    yield "### Coverage"
    head = ("state machine", "executions", *map(str, Kind))
    rows = [[_code(title(one)), str(one.executions), *(str(one.of(kind)) for kind in Kind)] for one in coverages]
    yield _table(head, rows)
    for one in coverage_of(coverages)[:3]:
        yield _folded(f"What was reached of {_text(title(one))}", _fenced(mermaid(one), "mermaid"))
        missed = [f"- {_code(place)} {element.kind}: {_text(str(element))}" for element, place in one.missed]
        if missed:
            yield _folded(f"What was not: {len(missed)}", "\n".join(missed))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _folded(summary: str, content: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"


def _fenced(text: str, language: str = "text") -> str:
    """A block of code that no text can end."""
    fence = "`" * max(3, _backticks(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _backticks(text: str) -> int:
    """The length of the longest run of backticks."""
    longest = run = 0
    for letter in text:
        run = run + 1 if letter == "`" else 0
        longest = max(longest, run)
    return longest


def _code(text: str) -> str:
    return f"`{printable(text).replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def _text(text: str) -> str:
    """A text that means only itself: neither HTML nor Markdown, nor a mention of somebody."""
    return printable(text).translate(_ESCAPES)
