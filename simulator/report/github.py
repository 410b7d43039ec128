"""Results for GitHub Actions: annotations, as workflow commands. The job summary is the Markdown report."""

from collections.abc import Iterator, Mapping, Sequence

from simulator.report import wording
from simulator.runner.findings import Finding
from simulator.runner.result import Result, Verdict

Place = Mapping[str, str | int | None]
# what GitHub calls annotations, by what they are about
_LEVELS = {Verdict.FAILED: "error", Verdict.ABORTED: "error", Verdict.ERROR: "error", Verdict.SKIPPED: "notice"}


def annotations(results: Sequence[Result]) -> str:
    """A line for each result that did not pass, and for each warning of one that did."""
    return "".join(f"{line}\n" for result in results for line in _annotated(result))


def finding_annotations(findings: Sequence[Finding]) -> str:
    """A line for each finding, at its place."""
    lines = []
    for finding in findings:
        path, line, column = finding.place
        place: Place = {"file": path, "line": line, "col": column, "title": finding.code}
        text = finding.message + (f" ({finding.fix})" if finding.fix else "")
        lines.append(_written(str(finding.rule.level), place, wording.printable(text)) + "\n")
    return "".join(lines)


def _annotated(result: Result) -> Iterator[str]:
    level = _LEVELS.get(result.verdict)
    if level is not None:
        yield _command(level, result, f"{result.verdict}: {result.name}", _message(result))
    yield from (_command("warning", result, result.name, warning) for warning in result.warnings)


def _message(result: Result) -> str:
    blocks = ["\n".join(wording.error_lines(result))]
    for check in wording.failed_checks(result):
        rows = [f"  {label:<9} {text}" for label, text in wording.check_rows(check)]
        blocks.append("\n".join([wording.printable(check.name), *rows]))
    blocks.append(f"reproduce: {wording.printable(result.reproduce)}" if result.reproduce else "")
    return "\n".join(filter(None, blocks)) or str(result.verdict)


def _command(level: str, result: Result, title: str, message: str) -> str:
    place: Place = {"file": result.path.as_posix(), "line": result.line or 1, "title": wording.printable(title)}
    return _written(level, place, message)


def _written(level: str, place: Place, message: str) -> str:
    properties = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in place.items() if value is not None)
    return f"::{level} {properties}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    """The text with what a workflow command would read as its own end, as the runner decodes it."""
    return "".join(f"%{ord(letter):02X}" if letter in "%\r\n" + more else letter for letter in text)
