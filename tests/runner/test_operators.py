"""People in a scenario: when they act, through which request, and what is noted of it."""

from pathlib import Path

import pytest

from simulator.errors import ScenarioError
from simulator.journal import OperatorActed
from simulator.runner.result import Result
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load

SMALL = """
scenario: Somebody acts
fleet: {waves: [{name: data, servers: 1}, {name: app, servers: 1, dependsOn: [data]}]}
operators:
"""


def run(tmp_path: Path, *operators: str) -> Result:
    path = tmp_path / "acts.yaml"
    path.write_text(SMALL + "".join(f"  - {{{operator}}}\n" for operator in operators), "utf-8")
    return run_scenario(load(path))


def deeds(result: Result) -> list[tuple[int, OperatorActed]]:
    return list(result.journal.of(OperatorActed))


@pytest.mark.parametrize(
    ("when", "earliest_ms"),
    [("7m", 420_000), ("wave app starts", 360_000), ("wave data is launched", 330_000), ("told completed", 700_000)],
)
def test_an_operator_acts_once_at_the_occasion(tmp_path: Path, when: str, earliest_ms: int) -> None:
    ((at_ms, deed),) = deeds(run(tmp_path, f"when: {when}, decide: pause, delay: 2s"))
    assert at_ms >= earliest_ms + 2_000
    assert (deed.operation, deed.wave) == ("pause", None)


def test_what_is_refused_says_why(tmp_path: Path) -> None:
    ((_, deed),) = deeds(run(tmp_path, "when: wave data starts, decide: approve wave data"))
    assert deed.status == 409
    assert "wave data needs no approval" in str(deed.refused)


def test_an_occasion_that_never_comes_holds_nothing_up(tmp_path: Path) -> None:
    result = run(tmp_path, "when: told the sky falls, decide: cancel")
    assert (result.outcome, deeds(result)) == ("COMPLETED", [])


def test_operators_need_a_way_to_the_orchestrator(tmp_path: Path) -> None:
    path = tmp_path / "deaf.yaml"
    path.write_text(SMALL + "  - {when: 5m, decide: pause}\nsystem: {stateMachine: m.json, start: {input: {}}}\n", "utf-8")
    (tmp_path / "m.json").write_text("{}", "utf-8")
    with pytest.raises(ScenarioError, match="`operators` need `operate` in the system"):
        load(path)


def test_the_state_machine_can_be_stopped_from_outside(tmp_path: Path) -> None:
    result = run(tmp_path, "when: wave data starts, decide: abort, reason: wrong account")
    assert [deed.status for _, deed in deeds(result)] == [200]
    assert result.outcome == "CANCELLED"
    late = run(tmp_path, "when: told completed, decide: abort, delay: 1h")
    assert [deed.refused for _, deed in deeds(late)] == ["nothing runs"]


APPROVED = """
scenario: Systems Manager asks
fleet: {waves: [{name: data, servers: 1}]}
system:
  stateMachine: ask.asl.yaml
  documents: {Ask: ask.yaml}
operators:
  - {when: "ssm:StartAutomationExecution is called", decide: approve automation, delay: 7m}
"""
ASK = """
StartAt: Ask
States:
  Ask:
    Type: Task
    Resource: arn:aws:states:::aws-sdk:ssm:startAutomationExecution
    Parameters: {DocumentName: Ask}
    Next: Hold
  Hold: {Type: Wait, Seconds: 600, End: true}
"""
DOCUMENT = """
schemaVersion: "0.3"
mainSteps:
  - {name: ask, action: "aws:approve", inputs: {Message: go, Approvers: ["arn:aws:iam::123456789012:role/Boss"]}}
"""


def asked(tmp_path: Path, more: str) -> list[tuple[int, OperatorActed]]:
    for name, text in {"asks.yaml": APPROVED + more, "ask.asl.yaml": ASK, "ask.yaml": DOCUMENT}.items():
        (tmp_path / name).write_text(text, "utf-8")
    return deeds(run_scenario(load(tmp_path / "asks.yaml")))


def test_an_automation_is_approved_without_a_word(tmp_path: Path) -> None:
    ((at_ms, deed),) = asked(tmp_path, "")
    assert (at_ms // 60_000, deed.operation, deed.status) == (7, "approve automation", 200)


def test_an_approval_that_systems_manager_does_not_take_is_a_refused_deed(tmp_path: Path) -> None:
    ((_, deed),) = asked(tmp_path, "faults: [{api: 'ssm:SendAutomationSignal', error: InternalServerError}]\n")
    assert (deed.status, str(deed.refused).split(":")[0]) == (500, "InternalServerError")
