"""The JSON report: a shape that programs can rely on."""

import json
from dataclasses import replace

from simulator import __version__
from simulator.report.json_report import json_report
from simulator.runner.pricing import Cost, CostLine
from simulator.runner.result import Objectives, SeedRun, Verdict
from tests.report.results import BROKEN, FAILED, PASSED


def test_report_has_the_documented_shape() -> None:
    short = replace(
        PASSED,
        waves=PASSED.waves[:1],
        checks=FAILED.checks[:1],
        tags=("drill",),
        digests={"asl": "sha256:1f", "code": "sha256:2e"},
        cost=Cost((CostLine("state_transitions", 100.0, 0.0025),)),
        controls=("SOC2:A1.3",),
        cell={"servers": "20"},
        objectives=Objectives(5_400_000, None, "BIA-7"),
        rpo_ms=300_000,
        seeds=(SeedRun(1, Verdict.PASSED, "COMPLETED", 1_686_350, 300_000),),
    )

    assert json.loads(json_report([short])) == {
        "format": 1,
        "drsim": __version__,
        "summary": {"PASSED": 1, "FAILED": 0, "ERROR": 0, "ABORTED": 0, "SKIPPED": 0},
        "scenarios": [
            {
                "name": "Three tiers recover in order",
                "id": "three-tiers",
                "path": "scenarios/happy/three-tiers.yaml",
                "tags": ["drill"],
                "controls": ["SOC2:A1.3"],
                "cell": {"servers": "20"},
                "objectives": {"rtoMs": 5_400_000, "rpoMs": None, "source": "BIA-7"},
                "target": "embedded",
                "seed": 1,
                "verdict": "PASSED",
                "outcome": "COMPLETED",
                "recoveryMs": 1_686_350,
                "rtoMs": 2_700_000,
                "rpoMs": 300_000,
                "seeds": [
                    {
                        "seed": 1,
                        "verdict": "PASSED",
                        "outcome": "COMPLETED",
                        "recoveryMs": 1_686_350,
                        "rpoMs": 300_000,
                        "failed": [],
                    }
                ],
                "virtualMs": 1_690_000,
                "wallSeconds": 0.25,
                "calibration": "uncalibrated",
                "waves": [
                    {
                        "name": "data",
                        "status": "LAUNCHED",
                        "startedMs": 1_350,
                        "endedMs": 552_000,
                        "servers": [
                            {
                                "name": f"data-{number}",
                                "sourceServerId": f"s-{number}",
                                "status": "LAUNCHED",
                                "startedMs": 1_350,
                                "endedMs": ended_ms,
                                "reason": None,
                            }
                            for number, ended_ms in ((1, 551_000), (2, 552_000))
                        ],
                    }
                ],
                "checks": [
                    {
                        "name": "outcome",
                        "passed": False,
                        "expected": "the recovery ends COMPLETED",
                        "happened": "it ended FAILED: wave app: 2 of 4 servers did not launch",
                        "atMs": 4_325_000,
                        "where": "state FinalizeExecution",
                        "before": ["1:12:00  app-2 FAILED", "1:12:04  lambda:Invoke OrchestrationFunction"],
                        "skipped": None,
                    }
                ],
                "warnings": [],
                "error": None,
                "reproduce": "drsim run scenarios/happy/three-tiers.yaml --seed 1",
                "digests": {"asl": "sha256:1f", "code": "sha256:2e"},
                "cost": {
                    "usd": 0.0025,
                    "lines": [{"name": "state_transitions", "amount": 100.0, "usd": 0.0025}],
                    "prices": {"region": "us-east-1", "date": "2025-05"},
                },
            }
        ],
        "coverage": [],
    }


def test_what_never_happened_is_null() -> None:
    scenario = json.loads(json_report([BROKEN]))["scenarios"][0]

    assert (scenario["outcome"], scenario["recoveryMs"], scenario["waves"][0]["endedMs"]) == (None, None, None)
    assert scenario["error"] == "the horizon of 24h was reached\nstill busy: states:execution-1"


def test_report_of_nothing_is_still_a_report() -> None:
    assert json.loads(json_report([]))["scenarios"] == []


def test_report_counts_every_verdict() -> None:
    skipped = replace(PASSED, verdict=Verdict.SKIPPED)
    report = json.loads(json_report([PASSED, FAILED, BROKEN, skipped, skipped]))

    assert report["summary"] == {"PASSED": 1, "FAILED": 1, "ERROR": 1, "ABORTED": 0, "SKIPPED": 2}


def test_report_is_ascii_whatever_the_names() -> None:
    report = json_report([replace(PASSED, name="Ausfall in Zürich \ud800 \x1b")])

    assert report.isascii()
    assert json.loads(report)["scenarios"][0]["name"] == "Ausfall in Zürich \ud800 \x1b"


def test_report_names_the_calibrated_profile() -> None:
    calibrated = replace(PASSED, calibrated="our-linux")

    assert json.loads(json_report([calibrated]))["scenarios"][0]["calibration"] == "calibrated: our-linux"
