"""Five bugs that orchestrators really have, planted one at a time in a copy of the production side: who catches each.

docs/planted-bugs.md shows them all, with every scenario that fails of each.
"""

from dataclasses import dataclass

import pytest

from simulator.cli.main import exit_code
from simulator.runner.result import Verdict
from tests.e2e.conftest import Production

ASL = "asl/recovery_plan.asl.json"
DRILL = "happy/three-wave-drill.yaml"


@dataclass(frozen=True)
class Bug:
    """What is changed, in which file; a scenario that fails of it and its checks; the code of what `drsim check` finds."""

    file: str
    old: str
    new: str
    scenario: str
    checks: dict[str, str]
    finding: str | None = None


BUGS = {
    "payload dropped by OutputPath": Bug(
        ASL,
        '"ResultPath": "$.poll",',
        '"ResultPath": "$.poll", "OutputPath": "$.poll",',
        DRILL,
        {"outcome COMPLETED": "Invalid path '$.poll.status'"},
        "dropped-field",
    ),
    "context reference with one $": Bug(
        ASL,
        '"$$.Map.Item.Value.name"',
        '"$.Map.Item.Value.name"',
        DRILL,
        {"outcome COMPLETED": "ield 'wave.$' could not be found in the input"},
        "context-with-one-dollar",
    ),
    "all FAILED reported completed": Bug(
        "orchestration/waves.py",
        'if job is not None and job.get("status") == "COMPLETED":\n        return FAILED',
        'if job is not None and job.get("status") == "COMPLETED":\n        return LAUNCHED',
        "drs/every-server-fails.yaml",
        {
            "outcome FAILED": "it ended COMPLETED",
            "invariant: completed means launched": "2 not launched: db-01 is FAILED, db-02 is FAILED",
            "invariant: no wave before its dependencies": "app started at",
        },
    ),
    "record left RUNNING after a failure": Bug(
        "orchestration/record.py",
        'return over if status == "COMPLETED" else over | {"error": failure_of(record, error or {})}',
        'return over if status == "COMPLETED" else record | {"error": failure_of(record, error or {})}',
        "drs/every-server-fails.yaml",
        {
            "outcome FAILED": "it ended RUNNING",
            "invariant: record agrees with execution": "the record says RUNNING, the state machine FAILED",
        },
    ),
    "cancel ending SUCCEEDED": Bug(
        ASL,
        '      "Next": "ExecutionCancelled"\n    },\n    "ExecutionCancelled": {',
        '      "Next": "ExecutionCompleted"\n    },\n    "ExecutionCancelled": {',
        "operators/cancelled-while-a-wave-runs.yaml",
        {
            "invariant: cancel never succeeds": "ended SUCCEEDED",
            "invariant: record agrees with execution": "the record says CANCELLED, the state machine SUCCEEDED",
        },
    ),
}


@pytest.mark.parametrize("name", BUGS)
def test_a_scenario_catches_a_planted_bug(production: Production, name: str) -> None:
    bug = BUGS[name]
    production.change(bug.file, bug.old, bug.new)
    result = production.run(bug.scenario)
    assert result.verdict is Verdict.FAILED
    broken = {check.name: check.happened for check in result.checks if not check.passed}
    for check, text in bug.checks.items():
        assert text in broken.get(check, f"it did not fail; {broken}"), check


@pytest.mark.parametrize("name", [name for name, bug in BUGS.items() if bug.finding is not None])
def test_the_linter_finds_it_before_anything_runs(
    production: Production, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bug = BUGS[name]
    path = production.scenario(bug.scenario)
    assert exit_code(["check", "--strict", str(path)]) == 0
    production.change(bug.file, bug.old, bug.new)
    capsys.readouterr()
    assert exit_code(["check", "--strict", str(path)]) == 2
    assert f"[{bug.finding}]" in "".join(capsys.readouterr())
