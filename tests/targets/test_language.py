"""What only a whole run shows: faults and operators at their moments, abort conditions, probes, names that do not exist."""

from pathlib import Path
from textwrap import dedent

import pytest

from simulator.errors import ScenarioError
from simulator.journal import ApiCall, FaultFired, FunctionReturned, OperatorActed, Probed, RunAborted, StateRetried
from simulator.runner.result import Check, Result, Verdict
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load

SMALL = """\
scenario: small
fleet: {waves: [{name: data, servers: [db-01]}, {name: app, servers: [app-01], dependsOn: [data]}]}
"""


def run(folder: Path, text: str, seed: int | None = None) -> Result:
    path = folder / "small.yaml"
    path.write_text(SMALL + dedent(text), "utf-8")
    return run_scenario(load(path), seed)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ScenarioError) as raised:
        run(folder, text)
    return [str(problem).removeprefix(f"{folder}/") for problem in raised.value.problems]


def failed(result: Result) -> list[Check]:
    return [check for check in result.checks if not check.passed]


def test_a_fault_waits_for_the_third_entry_of_a_state(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        """\
        faults:
          - {id: f, api: drs:DescribeJobs, error: ValidationException,
             during: {after: state CheckWaveStatus is entered the 3rd time, for: 1s}}
        expect: {outcome: FAILED, always: fault f fires after state CheckWaveStatus is entered the 3rd time}
        """,
    )
    assert (result.verdict, failed(result)) == (Verdict.PASSED, [])


def test_a_function_that_crashes_after_it_started_a_job_does_not_start_another(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        """\
        faults:
          - {function: OrchestrationFunction, does: CRASH, payload: {action: start_wave}, takesEffect: true, times: 1}
        expect: {outcome: COMPLETED, calls: {drs:StartRecovery: 2}}
        """,
    )
    assert (result.verdict, failed(result)) == (Verdict.PASSED, [])
    errors = {event.error_type for _, event in result.journal.of(FunctionReturned)}
    assert "Runtime.ExitError" in errors
    assert [event.error for _, event in result.journal.of(StateRetried) if event.state == "StartWaveRecovery"] == [
        "Runtime.ExitError"
    ]


def test_a_fault_waits_for_another_and_for_an_operator(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        """\
        faults:
          - {id: one, api: drs:DescribeJobs, error: ThrottlingException, times: 1, during: {after: operator decides pause}}
          - {id: two, api: drs:DescribeJobs, error: InternalServerException, times: 1, during: {after: fault one fires}}
        operators:
          - {when: wave data starts, decide: pause}
          - {when: execution paused, decide: resume, delay: {pert: [2m, 6m, 20m]}}
        expect: {outcome: COMPLETED, always: fault one fires before fault two fires}
        """,
    )
    assert (result.verdict, failed(result)) == (Verdict.PASSED, [])
    fired = [event.fault for _, event in result.journal.of(FaultFired)]
    assert fired == ["one", "two"]


@pytest.mark.parametrize(
    ("delay", "low_ms", "high_ms"),
    [("{pert: [2m, 6m, 20m]}", 120_000, 1_200_000), ("{uniform: [2m, 3m]}", 120_000, 180_000), ("5m", 300_000, 300_000)],
)
def test_an_operator_s_delay_is_drawn_anew_for_each_seed(tmp_path: Path, delay: str, low_ms: int, high_ms: int) -> None:
    text = f"operators: [{{when: 1m, decide: pause, delay: '{delay}'}}, {{when: operator decides pause, decide: cancel}}]\n"
    delays = []
    for seed in (1, 2):
        acted = run(tmp_path, text.replace("'", "") if delay != "5m" else text, seed).journal.of(OperatorActed)
        delays.append(next(at_ms for at_ms, deed in acted if deed.operation == "pause") - 60_000)
    assert all(low_ms <= one <= high_ms + 1_000 for one in delays)
    assert delay == "5m" or delays[0] != delays[1]


def test_a_run_is_given_up_and_rolled_back_when_its_condition_comes_true(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        """\
        abortIf: [elapsed > 9m, told never]
        rollbacks: [{decide: cancel, reason: took too long}, {terminate: recovery instances}]
        expect: {outcome: COMPLETED}
        """,
    )
    assert (result.verdict, result.error) == (Verdict.ABORTED, None)
    assert [(at_ms, event.condition) for at_ms, event in result.journal.of(RunAborted)] == [(540_000, "elapsed > 9m")]
    assert [check.name for check in failed(result)] == ["abort condition: elapsed > 9m"]
    deeds = [(deed.operation, deed.status) for _, deed in result.journal.of(OperatorActed)]
    assert deeds == [("cancel", 200), ("terminate recovery instances", 202)]
    assert result.outcome == "CANCELLED"


def test_a_run_that_ends_in_time_is_not_given_up(tmp_path: Path) -> None:
    result = run(tmp_path, "abortIf: [elapsed > 9h, StartWaveRecovery is retried]\nexpect: {outcome: COMPLETED}\n")
    assert result.verdict is Verdict.PASSED
    assert result.virtual_ms < 3_600_000


def test_a_moment_ends_a_run(tmp_path: Path) -> None:
    result = run(tmp_path, "abortIf: wave app starts\nexpect: {outcome: COMPLETED}\n")
    assert result.verdict is Verdict.ABORTED
    assert [wave.status for wave in result.waves] == ["LAUNCHED", "NOT_STARTED"]


STEADY = """\
steadyState:
  - {probe: "drs.servers[?state!='CONTINUOUS'] | length(@)", tolerance: 0}
  - {probe: length(drs.instances), tolerance: "< 1"}
"""


def test_a_steady_state_is_held_before_and_after(tmp_path: Path) -> None:
    result = run(tmp_path, STEADY + "expect: {outcome: COMPLETED}\n")
    assert [(event.when, event.value) for _, event in result.journal.of(Probed)] == [
        ("before", 0),
        ("before", 0),
        ("after", 0),
        ("after", 2),
    ]
    assert result.verdict is Verdict.FAILED
    assert [(check.name, check.happened) for check in failed(result)] == [
        ("steady state after: length(drs.instances)", "it was 2")
    ]


def test_nothing_is_started_where_the_steady_state_does_not_hold(tmp_path: Path) -> None:
    result = run(tmp_path, 'steadyState: [{probe: "length(drs.servers)", tolerance: 3}]\nexpect: {outcome: COMPLETED}\n')
    assert (result.verdict, list(result.journal.of(ApiCall))) == (Verdict.ABORTED, [])
    assert [check.name for check in failed(result)] == ["steady state before: length(drs.servers)"]


def test_names_that_do_not_exist_are_told_all_at_once(tmp_path: Path) -> None:
    text = """\
    abortIf: [StartWaveRecover is retried]
    operators: [{when: function Orchestration fails, decide: pause}]
    expect:
      calls: {drs:StartRecover: 0}
      retries: {state: AwaitJobs, attempts: 0}
      never: [sns:Publisch is called, state AwaitJob is entered before state AwaitJobb is left]
    """
    assert problems(tmp_path, text) == [
        "small.yaml:3:11: the state machine has no state `StartWaveRecover` (did you mean `StartWaveRecovery`?)",
        "small.yaml:4:14: no function is named `Orchestration` (did you mean `OrchestrationFunction`?)",
        "small.yaml:6:11: AWS has no operation drs:StartRecover (spell it as the SDK does)",
        "small.yaml:7:3: the state machine has no state `AwaitJobs` (did you mean `AwaitJob`?)",
        "small.yaml:8:11: AWS has no operation sns:Publisch (spell it as the SDK does)",
        "small.yaml:8:35: the state machine has no state `AwaitJobb` (did you mean `AwaitJob`?)",
    ]


def test_faults_that_cannot_be_are_told_all_at_once(tmp_path: Path) -> None:
    text = """\
    faults:
      - {api: drs:StartRecovery, error: NoSuchBucket}
      - {api: drs:StartRecovery, sequence: [ok, NoSuchBucket]}
      - {api: drs:StartRecover, error: ThrottlingException}
      - {api: drs:*, error: NoSuchBucket, unmodelled: true}
      - {api: drs:*, error: ThrottlingException, by: Orchestrator}
      - {api: sns:Publish, answer: {MessageId: x}}
      - {function: Orchestrate, does: CRASH}
      - {known: no-capacty, server: db-01}
      - {known: no-capacity}
    """
    assert [problem.split(" (")[0] for problem in problems(tmp_path, text)] == [
        "small.yaml:4:30: drs:StartRecovery cannot answer NoSuchBucket",
        "small.yaml:5:30: drs:StartRecovery cannot answer NoSuchBucket",
        "small.yaml:6:6: AWS has no operation drs:StartRecover",
        "small.yaml:8:46: nothing that calls AWS is named `Orchestrator`",
        "small.yaml:9:24: the answers of sns are not JSON, and cannot be replaced in part",
        "small.yaml:10:6: no function is named `Orchestrate`",
        "small.yaml:11:6: there is no known fault `no-capacty`",
        "small.yaml:12:6: no-capacity happens to a server, and none is named",
    ]


def test_an_error_that_is_misspelled_is_told_with_the_one_that_was_meant(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, "faults: [{api: drs:StartRecovery, error: ThrotlingException}]")
    assert "(did you mean `ThrottlingException`? it can answer " in problem
    assert problem.endswith("or anything with `unmodelled: true`)")


def test_a_check_in_python_judges_the_run(tmp_path: Path) -> None:
    (tmp_path / "checks.py").write_text("def waves(run):\n    return f'{len(run.waves)} waves'\n", "utf-8")
    result = run(tmp_path, "expect: {check: checks.py:waves}\n")
    assert [(check.name, check.happened) for check in failed(result)] == [("check checks.py:waves", "2 waves")]
