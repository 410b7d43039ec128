"""Breaking the production side makes scenarios fail: each mutation is applied to a copy of the real files, and they run."""

import pytest

from simulator.runner.result import Result, Verdict
from tests.e2e.conftest import Production

ASL = "asl/recovery_plan.asl.json"


def broken_checks(result: Result) -> dict[str, str]:
    """What each failed check saw."""
    return {check.name: check.happened for check in result.checks if not check.passed}


@pytest.mark.parametrize(
    "scenario", ["happy/three-wave-drill.yaml", "drs/every-server-fails.yaml", "quotas/more-servers-than-a-job-takes.yaml"]
)
def test_the_copy_without_a_mutation_passes(production: Production, scenario: str) -> None:
    result = production.run(scenario)
    assert (result.verdict, broken_checks(result)) == (Verdict.PASSED, {})


def test_a_poll_result_that_drops_the_status_is_caught(production: Production) -> None:
    wait = '"waitSeconds.$": "$.Payload.waitSeconds"'
    rest = f'"$.Payload.status",\n              {wait}\n            }},\n            "ResultPath": "$.poll"'
    production.change(ASL, f'"status.$": {rest}', f'"polled.$": {rest}')
    result = production.run("happy/three-wave-drill.yaml")
    assert result.verdict is Verdict.FAILED
    assert "$.poll.status" in broken_checks(result)["outcome COMPLETED"]


def test_ignored_dependencies_are_caught(production: Production) -> None:
    production.change("orchestration/plan.py", 'tuple(document.get("dependsOn", ())),', "(),")
    result = production.run("happy/waves-out-of-order.yaml")
    assert result.verdict is Verdict.FAILED
    assert broken_checks(result)["waves in order data → app → web"].startswith("web started where data was due")
    assert "invariant: no wave before its dependencies" in broken_checks(result)


def test_a_start_recovery_for_each_server_is_caught(production: Production) -> None:
    production.change(
        "orchestration/recovery.py",
        'answer = client_at("drs", place).start_recovery(\n'
        '            sourceServers=[{"sourceServerID": server} for server in servers],\n'
        "            isDrill=is_drill,\n"
        "            tags=dict(tags),\n"
        "        )",
        "for server in servers:\n"
        '            answer = client_at("drs", place).start_recovery(\n'
        '                sourceServers=[{"sourceServerID": server}], isDrill=is_drill, tags=dict(tags)\n'
        "            )",
    )
    result = production.run("happy/three-wave-drill.yaml")
    assert result.verdict is Verdict.FAILED
    assert broken_checks(result)["drs:StartRecovery 3x"].startswith("there were ")
