"""Results as JUnit XML: a test suite for each file, a test case for each of its runs."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from simulator.report import wording
from simulator.runner.result import Check, Result, Verdict


def junit_report(results: Sequence[Result]) -> str:
    """The report as XML 1.0 that ends in a newline, whatever characters names and messages contain."""
    # Jenkins' xUnit plugin holds a schema against reports: no count of what was skipped at the root, no file at a test case.
    totals = _counts("drsim", results)
    root = ET.Element("testsuites", {name: value for name, value in totals.items() if name != "skipped"})
    for path, cases in _by_file(results).items():
        suite = ET.SubElement(root, "testsuite", {**_counts(path.as_posix(), cases), "file": _legal(path.as_posix())})
        for case in cases:
            _add_case(suite, case)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _by_file(results: Sequence[Result]) -> dict[Path, list[Result]]:
    files: dict[Path, list[Result]] = {}
    for result in results:
        files.setdefault(result.path, []).append(result)
    return files


def _counts(name: str, results: Sequence[Result]) -> dict[str, str]:
    tally = wording.tally(results)
    return {
        "name": _legal(name),
        "tests": str(len(results)),
        "failures": str(tally[Verdict.FAILED] + tally[Verdict.ABORTED]),
        "errors": str(tally[Verdict.ERROR]),
        "skipped": str(tally[Verdict.SKIPPED]),
        "time": _seconds(results),
    }


def _add_case(suite: ET.Element, result: Result) -> None:
    class_name = ".".join(part for part in result.path.with_suffix("").parts if part not in ("/", ".."))
    attributes = {"classname": _legal(class_name), "name": _legal(result.name), "time": _seconds([result])}
    case = ET.SubElement(suite, "testcase", attributes)
    properties = ET.SubElement(case, "properties")
    for name, value in _properties(result):
        ET.SubElement(properties, "property", {"name": name, "value": _legal(value)})
    _add_verdict(case, result)
    told = [*(f"warning: {warning}" for warning in result.warnings), *wording.skipped_checks(result)]
    if told:
        ET.SubElement(case, "system-out").text = _legal("\n".join(told))


def _properties(result: Result) -> Iterable[tuple[str, str]]:
    yield "seed", str(result.seed)
    yield "outcome", result.outcome
    if result.target != "embedded":
        yield "target", result.target
    yield "calibration", wording.calibration(result)
    if result.id:
        yield "id", result.id
    yield from (("tag", tag) for tag in result.tags)
    yield from (("control", control) for control in result.controls)
    if promised := wording.objectives(result):
        yield "objectives", promised
    if result.recovery_ms is not None:
        yield "recoverySeconds", f"{result.recovery_ms / 1_000:.3f}"
    if result.rto_ms is not None:
        yield "rtoSeconds", f"{result.rto_ms / 1_000:.3f}"


def _add_verdict(case: ET.Element, result: Result) -> None:
    match result.verdict:
        case Verdict.FAILED | Verdict.ABORTED:
            failed = wording.failed_checks(result)
            message = "; ".join(f"{check.name}: {check.happened}" for check in failed) or result.verdict
            _add_text(
                case, "failure", message, [*map(_check_text, failed), *wording.error_lines(result), _reproduce(result)]
            )
        case Verdict.ERROR:
            lines = wording.error_lines(result)
            _add_text(case, "error", lines[0] if lines else "", [*lines, _reproduce(result)])
        case Verdict.SKIPPED:
            ET.SubElement(case, "skipped", {"message": _legal(result.error or "")})
        case Verdict.PASSED:
            pass


def _add_text(case: ET.Element, tag: str, message: str, paragraphs: Iterable[str]) -> None:
    element = ET.SubElement(case, tag, {"message": _legal(message), "type": tag})
    element.text = _legal("\n".join(filter(None, paragraphs)))


def _check_text(check: Check) -> str:
    return "\n".join([check.name, *(f"  {label:<10}{text}" for label, text in wording.check_rows(check))])


def _reproduce(result: Result) -> str:
    return f"reproduce: {result.reproduce}" if result.reproduce else ""


def _seconds(results: Iterable[Result]) -> str:
    return f"{sum(result.wall_seconds for result in results):.3f}"


def _legal(text: str) -> str:
    """The text with the characters that XML 1.0 forbids replaced."""
    return "".join(character if _is_legal(ord(character)) else "\ufffd" for character in text)


def _is_legal(code: int) -> bool:
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
