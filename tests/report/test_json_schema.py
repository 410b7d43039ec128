"""The published schema of the JSON report fits real reports, and knows every key in them."""

import json
from typing import Any

from jsonschema import Draft7Validator

import simulator
from simulator.report.json_report import json_report
from simulator.report.json_schema import report_schema
from tests.report.results import BROKEN, FAILED, PASSED

SWEPT = "scenario: Two seeds\nfleet: {waves: [{name: data, servers: 1}]}\nexpect: {outcome: FAILED}\nrun: {seeds: 1..2}\n"


def reports() -> list[Any]:
    (swept,) = simulator.parse(SWEPT)
    return [json.loads(json_report(results)) for results in ([], [PASSED, FAILED, BROKEN], [simulator.run(swept)])]


def unknown(document: Any, schema: Any, where: str = "") -> list[str]:
    """The keys of a report that its schema does not describe."""
    if isinstance(document, list):
        return [found for item in document for found in unknown(item, schema.get("items", {}), where)]
    if not isinstance(document, dict) or "additionalProperties" in schema:
        return []
    known = schema.get("properties", {})
    lost = [f"{where}.{key}" for key in document if key not in known]
    return lost + [found for key in known for found in unknown(document.get(key), known[key], f"{where}.{key}")]


def test_real_reports_are_valid() -> None:
    validator = Draft7Validator(report_schema())
    assert [error.message for report in reports() for error in validator.iter_errors(report)] == []


def test_every_key_of_real_reports_is_described() -> None:
    assert [key for report in reports() for key in unknown(report, report_schema())] == []


def test_a_report_that_lacks_something_is_not_valid() -> None:
    (report,) = [report for report in reports() if len(report["scenarios"]) == 3]
    del report["scenarios"][1]["checks"][0]["happened"]
    assert [error.message for error in Draft7Validator(report_schema()).iter_errors(report)] == [
        "'happened' is a required property"
    ]
