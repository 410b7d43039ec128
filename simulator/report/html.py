"""Results as one HTML page that opens offline: the files of web/ and the data in one file, which loads nothing else."""

import base64
import gzip
import html
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from simulator.engine.json_text import decode
from simulator.json_types import JsonObject
from simulator.report import wording
from simulator.report.coverage import coverage_json, coverage_of
from simulator.report.json_report import document
from simulator.report.scene import scene
from simulator.runner.coverage import MachineCoverage, merged
from simulator.runner.result import Result

_WEB = Path(__file__).with_name("web")
_VENDORED = ("preact", "hooks", "htm", "dagre")
_OWN = ("app", "data", "graph", "histogram", "history", "layout", "timeline")
_LICENCES = ("preact", "dagre")


def html_report(results: Sequence[Result]) -> str:
    """The page. What is in scenarios and events is data to it, never markup or code."""
    coverages = coverage_of(merged(one for result in results for one in result.coverage))
    report = {**document(results), "coverage": [_machine(one) for one in coverages]}
    title = results[0].name if len(results) == 1 else wording.summary(results)
    parts = {
        "title": html.escape(f"{title} · drsim"),
        "style": (_WEB / "style.css").read_text("utf-8"),
        "imports": json.dumps({"imports": dict(_modules())}),
        "licences": _licences(),
        "report": _embedded(report),
        "runs": "\n".join(_run(number, result) for number, result in enumerate(results)),
    }
    return _filled((_WEB / "page.html").read_text("utf-8"), parts)


def _filled(page: str, parts: Mapping[str, str]) -> str:
    """The page with each `{{part}}` in its place; what is put in is not looked at again."""
    first, *rest = page.split("{{")
    pieces = (part.partition("}}") for part in rest)
    return first + "".join(parts[name] + text for name, _, text in pieces)


def _modules() -> Iterator[tuple[str, str]]:
    """Each module's name, and itself as a URL: modules of a file that is opened from disk cannot import other files."""
    files = {name: _WEB / "vendor" / f"{name}.mjs" for name in _VENDORED}
    files |= {f"drsim/{name}": _WEB / f"{name}.js" for name in _OWN}
    for name, file in files.items():
        yield name, "data:text/javascript;base64," + base64.b64encode(file.read_bytes()).decode("ascii")


def _licences() -> str:
    texts = [(_WEB / "vendor" / f"{name}.LICENSE").read_text("utf-8").strip() for name in _LICENCES]
    htm = "htm: Copyright Google Inc., Apache License 2.0, https://www.apache.org/licenses/LICENSE-2.0"
    return "\n\n".join(["This page contains preact and dagre under these licences:", *texts, htm]) + "\n"


def _embedded(value: JsonObject) -> str:
    """JSON inside of a script element: no character that could end it, or begin a comment, stands as itself."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _run(number: int, result: Result) -> str:
    """A run's scene, compressed; the page reads it when it is looked at."""
    shown = {**scene(result), "machines": [_machine(one) for one in coverage_of(result.coverage)]}
    packed = gzip.compress(json.dumps(shown, separators=(",", ":")).encode(), 6, mtime=0)
    return f'<script type="text/plain" id="run-{number}">{base64.b64encode(packed).decode("ascii")}</script>'


def _machine(coverage: MachineCoverage) -> JsonObject:
    return {**coverage_json(coverage), "definition": decode(coverage.definition)}
