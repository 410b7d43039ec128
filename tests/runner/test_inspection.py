"""What is found in scenarios and their systems without running them: a code, a place, what is wrong, and the fix."""

import json
from pathlib import Path
from typing import Any

import pytest

import simulator
from simulator.runner.findings import RULES, Finding
from simulator.runner.inspection import inspect_file, inspect_scenario
from simulator.runner.scenario_lint import lint_scenario
from simulator.scenario.bundled import bundle_root
from simulator.scenario.discovery import discover

ROOT = Path(__file__).parents[2]
SCENARIOS = discover([ROOT / "scenarios"])
DEFINITION = (bundle_root() / "asl/recovery_plan.asl.json").read_text("utf-8")
ONE = "scenario: One\nfleet:\n  waves:\n    - {name: data, servers: 2}\n    - {name: app, servers: 2, dependsOn: [data]}\n"


def found(more: str, definition: str = DEFINITION) -> list[tuple[str, str, str]]:
    (scenario,) = simulator.parse(ONE + more)
    return [(finding.code, finding.where, finding.message) for finding in lint_scenario(scenario, definition)]


def codes(more: str, definition: str = DEFINITION) -> list[str]:
    return [code for code, _, _ in found(more, definition)]


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_shipped_scenarios_are_clean(file: Path) -> None:
    assert [str(finding) for scenario in simulator.load(file) for finding in lint_scenario(scenario, DEFINITION)] == []


def test_a_fault_on_what_nothing_calls_is_found() -> None:
    more = "faults:\n  - {id: f, api: 'drs:[StopReplication, StartRecovery]', error: ConflictException}\n"
    assert found(more) == [
        ("fault-never-matches", "scenario.yaml:7:13", "fault f can never hit drs:StopReplication: nothing calls it")
    ]


@pytest.mark.parametrize(
    "operation", ["drs:StartRecovery", "sns:Publish", "dynamodb:PutItem", "lambda:Invoke", "sts:AssumeRole"]
)
def test_what_code_or_a_state_calls_may_be_hit(operation: str) -> None:
    assert codes(f"faults: [{{id: f, api: {operation}, error: X}}]\n") == []


def test_a_moment_that_never_comes_is_found() -> None:
    fault = "faults: [{id: f, api: drs:StartRecovery, error: ConflictException, during: {after: %s, for: 1m}}]\n"
    assert codes(fault % "drs:StopReplication is called") == ["fault-never-matches"]
    assert codes(fault % "drs:DescribeJobs is called") == []


@pytest.mark.parametrize(
    "fault",
    [
        "{api: drs:StartRecovery, error: ConflictException, during: {from: 3h, for: 1m}}",
        "{api: drs:StartRecovery, error: ConflictException, during: {after: 90m, from: 30m, for: 1m}}",
        "{server: app-1, busy: {from: 2h, for: 1m}}",
        "{known: throttled, from: 2h}",
        "{server: app-1, phase: LAUNCH, outcome: FAILED, after: 2h}",
        "{function: OrchestrationFunction, does: TIMEOUT, during: {from: 2h}}",
    ],
)
def test_a_fault_after_the_horizon_is_found(fault: str) -> None:
    ((code, where, message),) = found(f"run: {{horizon: 2h}}\nfaults:\n  - {fault}\n")
    assert (code, where) == ("fault-after-horizon", "scenario.yaml:8:5")
    assert message.endswith(":00:00, and the run ends at 2:00:00 at the latest")
    assert codes(f"run: {{horizon: 4h}}\nfaults:\n  - {fault}\n") == []


def test_an_operator_after_the_horizon_is_found() -> None:
    assert codes("run: {horizon: 2h}\noperators: [{when: 2h, decide: pause}]\n") == ["operator-after-horizon"]
    assert codes("run: {horizon: 2h}\noperators: [{when: 10m, decide: pause}]\n") == []


def test_expected_calls_that_nothing_makes_are_found() -> None:
    assert codes("expect: {calls: {drs:StopReplication: 1}}\n") == ["check-never-matches"]
    assert codes("expect: {calls: {drs:StopReplication: 0}}\n") == []
    assert codes("expect: {retries: {call: drs:StopReplication, attempts: 1}}\n") == ["check-never-matches"]


def test_thresholds_that_the_seeds_cannot_tell_are_found() -> None:
    assert found("run: {seeds: 1..10}\nthresholds:\n  rto: p(95) < 90m\n  outcome: [rate(COMPLETED) >= 0.99]\n") == [
        (
            "threshold-beyond-seeds", "scenario.yaml:8:3",
            "10 seeds cannot tell `p(95) < 90m` from a bound on all of them: that takes at least 20",
        ),
        (
            "threshold-beyond-seeds", "scenario.yaml:9:13",
            "10 seeds cannot tell `rate(COMPLETED) >= 0.99` from a bound on all of them: that takes at least 100",
        ),
    ]  # fmt: skip
    assert codes("run: {seeds: 1..20}\nthresholds: {rto: [p(95) < 90m, max < 3h]}\n") == []


def test_timeouts_shorter_than_what_they_bound_are_found() -> None:
    quick = json.dumps({**json.loads(DEFINITION), "TimeoutSeconds": 1_000})
    ((code, where, message),) = found("", quick)
    column = quick.index('"TimeoutSeconds": ') + len('"TimeoutSeconds": ') + 1
    assert code == "machine-timeout-too-short"
    assert where.endswith(f"asl/recovery_plan.asl.json:1:{column}")
    assert message == "the machine times out after 16:40; 2 waves one after the other take 18:02 or so"
    assert codes("run: {horizon: 15m}\n") == ["horizon-too-short"]
    waves = ONE.replace("servers: 2}", "servers: 2, timeout: 5m}")
    (scenario,) = simulator.parse(waves)
    (finding,) = lint_scenario(scenario, DEFINITION)
    assert str(finding) == (
        "scenario.yaml:4:32: warning: wave data times out after 5:00; its job takes 9:01 or so [wave-timeout-too-short] "
        "(give it more time, or its servers another latency)"
    )


def machine(folder: Path, **states: Any) -> Path:
    """A scenario whose system is a state machine of its own."""
    (folder / "m.asl.json").write_text(json.dumps({"StartAt": next(iter(states)), "States": states}, indent=1))
    path = folder / "s.yaml"
    path.write_text(ONE + "system: {stateMachine: m.asl.json, start: {input: {}}}\n")
    return path


def test_doubts_about_the_state_machine_are_among_the_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = machine(tmp_path, A={"Type": "Pass", "Parameters": {"x.$": "$.Execution.Id"}, "End": True})
    (finding,) = inspect_file(path)
    assert str(finding) == (
        "m.asl.json:7:12: warning: '$.Execution.Id' reads the input, where the context object seems to be meant "
        "[context-with-one-dollar] (write $$ for the context object)"
    )


def test_what_step_functions_refuses_is_an_error_with_its_code(tmp_path: Path) -> None:
    path = machine(tmp_path, A={"Type": "Pass", "Next": "B"}, C={"Type": "Succeed"})
    found = inspect_file(path)
    assert {finding.code for finding in found} == {"unknown-state", "unreachable-state"}
    assert all(finding.is_error for finding in found)


def test_a_broken_handler_does_not_hide_the_state_machine(tmp_path: Path) -> None:
    path = machine(tmp_path, A={"Type": "Task", "Resource": "${F}", "End": True})
    (tmp_path / "f.py").write_text("import nothing_of_that_name\n")
    path.write_text(path.read_text().replace("start:", "handlers: {'${F}': 'f.py:handler'}, start:"))
    assert [finding.code for finding in inspect_file(path)] == [
        "invalid-handler",
        "task-without-catch",
        "task-without-retry",
    ]


def test_each_run_of_a_matrix_is_looked_at_and_told_once(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    fault = "faults: [{api: drs:StopReplication, error: ConflictException}]\n"
    path.write_text(ONE.replace("servers: 2}", 'servers: "${matrix.n}"}') + fault + "matrix: {n: [1, 2]}\n")
    assert [finding.code for finding in inspect_file(path)] == ["fault-never-matches"]


def test_a_scenario_that_cannot_be_read_is_a_finding_too(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("scenario: x\n")
    (finding,) = inspect_file(path)
    assert (finding.code, finding.place) == ("invalid-scenario", (str(path), 1, 1))


def test_the_bundled_orchestrator_is_clean() -> None:
    (scenario,) = simulator.parse(ONE)
    assert inspect_scenario(scenario) == []


def test_places_are_read_with_and_without_lines() -> None:
    rule = next(iter(RULES))
    places = [Finding(rule, where, "x").place for where in ("a.yaml", "a.yaml:3", "C:/a.yaml:3:7")]
    assert places == [("a.yaml", None, None), ("a.yaml", 3, None), ("C:/a.yaml", 3, 7)]


def test_doubts_of_a_machine_in_a_template_are_told_at_its_resource(tmp_path: Path) -> None:
    flow = "{StartAt: A, States: {A: {Type: Task, Resource: 'arn:aws:states:::sns:publish', End: true, Parameters: {}}}}"
    machine = (
        f"{{Type: AWS::StepFunctions::StateMachine, Properties: {{RoleArn: 'arn:aws:iam::1:role/r', Definition: {flow}}}}}"
    )
    (tmp_path / "template.yaml").write_text(f"Resources:\n  Topic: {{Type: AWS::SNS::Topic}}\n  Machine: {machine}\n")
    system = "system: {template: template.yaml, resource: Machine}\nfleet: {waves: [{name: a, servers: 1}]}\n"
    (tmp_path / "scenario.yaml").write_text(f"scenario: x\n{system}")
    found = inspect_file(tmp_path / "scenario.yaml")
    assert {one.code for one in found} >= {"task-without-retry"}
    assert {one.where.rpartition("/")[2] for one in found} == {"template.yaml:3:3"}
