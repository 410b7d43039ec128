"""Results as JSON, for programs. The shape is stable: keys are added, never changed, under the same `format`.

    {"format": 1, "drsim": "0.1.0",
     "summary": {"PASSED": 1, "FAILED": 0, "ERROR": 0, "ABORTED": 0, "SKIPPED": 0},
     "scenarios": [{
        "name": "...", "id": "...", "path": "scenarios/...", "tags": ["drill"], "controls": ["SOC2:A1.3"], "cell": {},
        "objectives": {"rtoMs": 5400000, "rpoMs": null, "source": "BIA-7"},
        "target": "embedded", "seed": 1, "verdict": "PASSED", "outcome": "COMPLETED", "rpoMs": 300000,
        "seeds": [{"seed": 1, "verdict": "PASSED", "outcome": "COMPLETED", "recoveryMs": 1686000, "rpoMs": 300000,
                   "failed": []}],
        "recoveryMs": 1686000, "rtoMs": 2700000, "virtualMs": 1690000, "wallSeconds": 0.2, "calibration": "uncalibrated",
        "waves": [{"name": "data", "status": "LAUNCHED", "startedMs": 900, "endedMs": 552000,
                   "servers": [{"name": "data-1", "sourceServerId": "s-...", "status": "LAUNCHED",
                                "startedMs": 900, "endedMs": 552000, "reason": null}]}],
        "checks": [{"name": "outcome", "passed": true, "expected": "...", "happened": "...",
                    "atMs": null, "where": null, "before": [], "skipped": null}],
        "warnings": [], "error": null, "reproduce": "drsim run ...",
        "digests": {"asl": "sha256:...", "code": "sha256:..."},
        "cost": {"usd": 0.0021, "lines": [{"name": "state_transitions", "amount": 61, "usd": 0.001525}],
                 "prices": {"region": "us-east-1", "date": "2025-05"}}}],
     "coverage": [{
        "machine": "StateMachine", "source": "asl/recovery_plan.asl.json", "executions": 12, "percent": 81.3,
        "states": {"reached": 39, "total": 40, "percent": 97.5},
        "elements": [{"kind": "catchers", "name": "...", "state": "StartWaveRecovery", "index": 0, "target": "RecordFailure",
                      "count": 3, "line": 812}]}]}

Instants and durations are virtual milliseconds, from the run's start; what never happened is null. `wallSeconds` is the
only number that differs between two runs of the same scenario and seed. `seeds` is empty unless there were several; what
stands beside it is then of the one that is shown, the first that went worst. A check that the target could not judge has the
reason in `skipped`, and `passed` says nothing. `digests` are those of the files that ran; the
manifest of a package has the same for the same files.
"""

import json
from collections.abc import Sequence

from simulator import __version__
from simulator.json_types import JsonObject, JsonValue
from simulator.report.coverage import coverage_json, coverage_of
from simulator.report.wording import calibration, tally
from simulator.runner.coverage import merged
from simulator.runner.pricing import PRICES_DATE, PRICES_REGION, Cost
from simulator.runner.result import Check, Result, SeedRun, ServerResult, WaveResult

FORMAT = 1


def json_report(results: Sequence[Result]) -> str:
    """The report as a JSON text that ends in a newline."""
    coverages = coverage_of(merged(one for result in results for one in result.coverage))
    whole = {**document(results), "coverage": [coverage_json(one) for one in coverages]}
    return json.dumps(whole, indent=2, ensure_ascii=True) + "\n"


def document(results: Sequence[Result]) -> JsonObject:
    """The report without the coverage."""
    return {
        "format": FORMAT,
        "drsim": __version__,
        "summary": {str(verdict): count for verdict, count in tally(results).items()},
        "scenarios": [_scenario(result) for result in results],
    }


def _scenario(result: Result) -> JsonObject:
    return {
        "name": result.name,
        "id": result.id or result.path.stem,
        "path": result.path.as_posix(),
        "tags": list(result.tags),
        "controls": list(result.controls),
        "cell": dict(result.cell),
        "objectives": {
            "rtoMs": result.objectives.rto_ms,
            "rpoMs": result.objectives.rpo_ms,
            "source": result.objectives.source,
        },
        "target": result.target,
        "seed": result.seed,
        "verdict": str(result.verdict),
        "outcome": result.outcome or None,
        "recoveryMs": result.recovery_ms,
        "rtoMs": result.rto_ms,
        "rpoMs": result.rpo_ms,
        "seeds": [_seed(run) for run in result.seeds],
        "virtualMs": result.virtual_ms,
        "wallSeconds": round(result.wall_seconds, 3),
        "calibration": calibration(result),
        "waves": [_wave(wave) for wave in result.waves],
        "checks": [_check(check) for check in result.checks],
        "warnings": list(result.warnings),
        "error": result.error,
        "reproduce": result.reproduce,
        "digests": dict(result.digests),
        "cost": _cost(result.cost),
    }


def _cost(cost: Cost) -> JsonObject:
    lines: list[JsonValue] = [
        {"name": line.name, "amount": round(line.amount, 6), "usd": round(line.usd, 9)} for line in cost.lines
    ]
    return {"usd": round(cost.usd, 9), "lines": lines, "prices": {"region": PRICES_REGION, "date": PRICES_DATE}}


def _seed(run: SeedRun) -> JsonObject:
    return {
        "seed": run.seed,
        "verdict": str(run.verdict),
        "outcome": run.outcome or None,
        "recoveryMs": run.recovery_ms,
        "rpoMs": run.rpo_ms,
        "failed": list(run.failed),
    }


def _wave(wave: WaveResult) -> JsonObject:
    return {
        "name": wave.name,
        "status": wave.status,
        "startedMs": wave.started_ms,
        "endedMs": wave.ended_ms,
        "servers": [_server(server) for server in wave.servers],
    }


def _server(server: ServerResult) -> JsonObject:
    return {
        "name": server.name,
        "sourceServerId": server.source_server_id,
        "status": server.status,
        "startedMs": server.started_ms,
        "endedMs": server.ended_ms,
        "reason": server.reason,
    }


def _check(check: Check) -> JsonObject:
    return {
        "name": check.name,
        "passed": check.passed,
        "expected": check.expected,
        "happened": check.happened,
        "atMs": check.at_ms,
        "where": check.where,
        "before": list(check.before),
        "skipped": check.skipped,
    }
