"""One scenario to one result: verdicts, warnings and how to reproduce it."""

from pathlib import Path
from textwrap import dedent

from simulator.runner.result import Result, Verdict
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load

SMALL = "scenario: small\nfleet: {waves: [{name: data, servers: 1}]}\n"


def run(folder: Path, text: str, seed: int | None = None) -> Result:
    path = folder / "a scenario.yaml"
    path.write_text(SMALL + dedent(text), "utf-8")
    return run_scenario(load(path), seed)


def test_a_result_has_what_a_report_needs(tmp_path: Path) -> None:
    result = run(tmp_path, "expect: {outcome: COMPLETED, rto: 1h}", seed=7)
    assert (result.verdict, result.outcome, result.seed, result.rto_ms) == (Verdict.PASSED, "COMPLETED", 7, 3_600_000)
    assert result.recovery_ms is not None
    assert 300_000 < result.recovery_ms <= result.virtual_ms
    assert result.reproduce == f"drsim run '{tmp_path / 'a scenario.yaml'}' --seed 7"
    assert [wave.status for wave in result.waves] == ["LAUNCHED"]


def test_a_fault_that_never_fires_is_a_warning(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        """\
        faults:
          - {id: too-late, api: drs:StartRecovery, error: ThrottlingException, during: {from: 20h, for: 1m}}
        expect: {outcome: COMPLETED}
        """,
    )
    assert (result.verdict, result.warnings) == (Verdict.PASSED, ("fault too-late never fired",))


def test_a_scenario_that_expects_nothing_is_a_warning(tmp_path: Path) -> None:
    assert run(tmp_path, "").warnings == ("the scenario expects nothing: only the invariants were checked",)


def test_reaching_the_horizon_is_an_error_not_a_failure(tmp_path: Path) -> None:
    result = run(tmp_path, "run: {horizon: 3m}\nexpect: {outcome: COMPLETED}")
    assert (result.verdict, result.error) == (Verdict.ERROR, "HorizonReached: still busy at the horizon of 0:03:00")


def test_another_seed_takes_another_time(tmp_path: Path) -> None:
    assert run(tmp_path, "", seed=1).recovery_ms != run(tmp_path, "", seed=2).recovery_ms


def test_a_recovery_and_a_drill_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "recovery.yaml"
    path.write_text(SMALL.replace("{waves", "{drill: false, waves"), "utf-8")
    assert '"initiated_by":"START_RECOVERY"' in run_scenario(load(path)).journal.to_jsonl()


def test_latencies_of_the_scenario_are_used(tmp_path: Path) -> None:
    path = tmp_path / "slow.yaml"
    path.write_text(SMALL.replace("{waves", "{latency: {conversion: 2h}, waves") + "run: {horizon: 48h}\n", "utf-8")
    result = run_scenario(load(path))
    assert result.outcome == "TIMED_OUT"  # the wave's own timeout is an hour
    assert result.recovery_ms is not None
    assert 3_600_000 <= result.recovery_ms < 3_700_000


def test_a_profile_file_makes_the_latencies_and_says_whether_they_were_fitted(tmp_path: Path) -> None:
    text = "name: ours\nbase: windows-direct\nlatency: {conversion: 1h10m}\n"
    (tmp_path / "guessed.yaml").write_text(text, "utf-8")
    (tmp_path / "fitted.yaml").write_text(f"{text}calibrated: {{drsim: 0.1.0, jobs: 9}}\n", "utf-8")
    results = []
    for profile in ("guessed", "fitted"):
        path = tmp_path / f"with-{profile}.yaml"
        path.write_text(SMALL.replace("{waves", f"{{profile: {profile}.yaml, waves"), "utf-8")
        results.append(run_scenario(load(path)))
    assert [result.calibrated for result in results] == [None, "ours"]
    assert [result.outcome for result in results] == ["TIMED_OUT", "TIMED_OUT"]  # the wave's own timeout is an hour


def test_the_service_is_set_as_the_scenario_says(tmp_path: Path) -> None:
    result = run(tmp_path, "drs: {launchStatus: fine, logsLaunchEnd: false}")
    journal = result.journal.to_jsonl()
    assert '"status":"IN_PROGRESS"' in journal
    assert "LAUNCH_END" not in journal
