"""Results for GitHub Actions: annotations, as workflow commands. The job summary is the Markdown report."""

from collections.abc import Iterator, Sequence

from simulator.report import wording
from simulator.runner.result import Result, Verdict

# what GitHub calls annotations, by what they are about
_LEVELS = {Verdict.FAILED: "error", Verdict.ABORTED: "error", Verdict.ERROR: "error", Verdict.SKIPPED: "notice"}


def annotations(results: Sequence[Result]) -> str:
    """A line for each result that did not pass, and for each warning of one that did."""
    return "".join(f"{line}\n" for result in results for line in _annotated(result))


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
    place = {"file": result.path.as_posix(), "line": str(result.line or 1), "title": wording.printable(title)}
    properties = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in place.items())
    return f"::{level} {properties}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    """The text with what a workflow command would read as its own end, as the runner decodes it."""
    return "".join(f"%{ord(letter):02X}" if letter in "%\r\n" + more else letter for letter in text)
