"""Findings as SARIF 2.1.0, the format in which code scanning takes what linters say."""

import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from simulator import __version__
from simulator.json_types import JsonObject
from simulator.runner.findings import RULES, Finding

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_report(findings: Sequence[Finding]) -> str:
    """The report as a JSON text that ends in a newline."""
    codes = sorted({finding.code for finding in findings})
    driver: JsonObject = {"name": "drsim", "version": __version__, "rules": [_rule(code) for code in codes]}
    run: JsonObject = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, codes.index(finding.code)) for finding in findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: str) -> JsonObject:
    rule = RULES[code]
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in code.split("-")),
        "shortDescription": {"text": code.replace("-", " ")},
        "fullDescription": {"text": rule.explanation},
        "defaultConfiguration": {"level": str(rule.level)},
    }


def _result(finding: Finding, index: int) -> JsonObject:
    return {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": str(finding.rule.level),
        "message": {"text": finding.message + (f" ({finding.fix})" if finding.fix else "")},
        "locations": [{"physicalLocation": _location(finding)}],
    }


def _location(finding: Finding) -> JsonObject:
    path, line, column = finding.place
    location: JsonObject = {"artifactLocation": {"uri": _uri(Path(path))}}
    if line is not None:
        location = {**location, "region": {"startLine": line, **({} if column is None else {"startColumn": column})}}
    return location


def _uri(path: Path) -> str:
    """The path from the working folder where it lies below it, as code scanning wants it, else as a file's URI."""
    absolute, here = path.absolute(), Path.cwd()
    return quote(absolute.relative_to(here).as_posix()) if absolute.is_relative_to(here) else absolute.as_uri()
