"""Whole recoveries in the simulated account: whatever AWS answers, record and state machine end alike."""

from pathlib import Path

import pytest

from simulator.runner.result import Result, Verdict
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load

FLEET = """
scenario: AWS does not answer as it should
fleet:
  waves:
    - {name: data, servers: [db-01, db-02]}
    - {name: app, servers: [app-01], dependsOn: [data]}
"""


def run(folder: Path, *lines: str) -> Result:
    path = folder / "scenario.yaml"
    path.write_text(FLEET + "\n".join(lines) + "\n", "utf-8")
    return run_scenario(load(path))


def assert_passed(result: Result) -> None:
    assert {check.name: check.happened for check in result.checks if not check.passed} == {}
    assert (result.verdict, result.warnings) == (Verdict.PASSED, ())


CALLS = [
    ("drs:StartRecovery", "InternalServerException"),
    ("drs:DescribeJobs", "ThrottlingException"),
    ("drs:DescribeRecoveryInstances", "ThrottlingException"),
    ("dynamodb:GetItem", "ProvisionedThroughputExceededException"),
    ("dynamodb:TransactWriteItems", "InternalServerError"),
    ("sns:Publish", "InternalErrorException"),
]


@pytest.mark.parametrize(("call", "error"), CALLS)
def test_half_of_all_calls_failing_for_an_hour_costs_time_and_nothing_else(tmp_path: Path, call: str, error: str) -> None:
    result = run(
        tmp_path,
        "faults:",
        f"  - {{id: shaky, api: '{call}', error: {error}, rate: 0.5, during: {{after: wave data starts, for: 1h}}}}",
        "expect: {outcome: COMPLETED, order: [data, app], calls: {drs:StartRecovery: 2}}",
    )
    assert_passed(result)


@pytest.mark.parametrize(
    ("fault", "expect"),
    [
        ("api: drs:StartRecovery, error: AccessDeniedException",
         "{outcome: FAILED, reason: AccessDeniedException, notStarted: [app], notifications: 1}"),
        ("api: drs:StartRecovery, error: ThrottlingException",
         "{outcome: FAILED, reason: ThrottlingException, notStarted: [app], notifications: 1}"),
        ("api: drs:StartRecovery, error: ConflictException",
         "{outcome: FAILED, reason: ConflictException, notStarted: [app], notifications: 1}"),
        ("api: drs:StartRecovery, error: UninitializedAccountException",
         "{outcome: FAILED, reason: UninitializedAccountException, notStarted: [app], notifications: 1}"),
        ("api: drs:DescribeJobs, error: AccessDeniedException",
         "{outcome: FAILED, reason: AccessDeniedException, notStarted: [app], notifications: 1}"),
        ("api: drs:DescribeJobs, error: ThrottlingException",
         "{outcome: FAILED, notStarted: [app], notifications: 1}"),
        ("api: drs:DescribeRecoveryInstances, error: ThrottlingException",
         "{outcome: COMPLETED, order: [data, app], notifications: 1}"),
        ("api: drs:DescribeRecoveryInstances, error: AccessDeniedException",
         "{outcome: COMPLETED, order: [data, app], notifications: 1}"),
        ("api: sns:Publish, error: AuthorizationErrorException",
         "{outcome: COMPLETED, order: [data, app], notifications: 0}"),
        ("api: states:StartExecution, error: StateMachineDoesNotExist",
         "{response: {status: 503}, calls: {drs:StartRecovery: 0}, notifications: 0}"),
        ("api: dynamodb:TransactWriteItems, error: ThrottlingException, during: {from: 0s, for: 20s}",
         "{response: {status: 503}, calls: {drs:StartRecovery: 0, states:StartExecution: 0}, notifications: 0}"),
    ],
)  # fmt: skip
def test_an_error_that_lasts_ends_recorded_and_told(tmp_path: Path, fault: str, expect: str) -> None:
    assert_passed(run(tmp_path, "faults:", f"  - {{id: lasting, {fault}}}", f"expect: {expect}"))


def test_a_table_that_comes_back_gets_the_failure_recorded(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        "faults:",
        "  - {id: denied, api: drs:StartRecovery, error: AccessDeniedException}",
        "  - {id: table-down, api: dynamodb:TransactWriteItems, error: InternalServerError,"
        " during: {after: wave data starts, for: 5m}}",
        "expect: {outcome: FAILED, notStarted: [app], notifications: 1}",
    )
    assert_passed(result)


def test_a_server_whose_failure_has_no_reason_says_so(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        "faults:",
        "  - {id: db-01-fails, server: db-01, phase: SNAPSHOT, outcome: SILENT}",
        "expect: {outcome: FAILED, reason: no reason in the job's log, notStarted: [app]}",
    )
    assert_passed(result)
