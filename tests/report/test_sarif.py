"""Findings as code scanning takes them."""

import json
from pathlib import Path

import pytest

from simulator.report.sarif import sarif_report
from simulator.runner.findings import Finding

FINDINGS = [
    Finding("unknown-state", "asl/plan.json:4:7", "Missing 'Next' target: Wiat", "did you mean 'Wait'?"),
    Finding("fault-never-matches", "scenarios/a b.yaml:9", "fault f can never hit drs:X: nothing calls it"),
    Finding("unknown-state", "/elsewhere/plan.json", "x"),
]


def test_rules_and_places_are_as_code_scanning_wants_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    report = json.loads(sarif_report(FINDINGS))
    (run,) = report["runs"]
    assert (report["version"], run["tool"]["driver"]["name"]) == ("2.1.0", "drsim")
    rules = run["tool"]["driver"]["rules"]
    assert [(rule["id"], rule["defaultConfiguration"]["level"]) for rule in rules] == [
        ("fault-never-matches", "warning"), ("unknown-state", "error"),
    ]  # fmt: skip
    assert [rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"]] == [True] * 3
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert places == [
        {"artifactLocation": {"uri": "asl/plan.json"}, "region": {"startLine": 4, "startColumn": 7}},
        {"artifactLocation": {"uri": "scenarios/a%20b.yaml"}, "region": {"startLine": 9}},
        {"artifactLocation": {"uri": "file:///elsewhere/plan.json"}},
    ]
    assert run["results"][0]["message"]["text"] == "Missing 'Next' target: Wiat (did you mean 'Wait'?)"


def test_no_findings_are_a_report_too() -> None:
    assert json.loads(sarif_report([]))["runs"][0]["results"] == []
