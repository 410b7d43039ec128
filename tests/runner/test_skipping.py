"""What a target cannot do is skipped, with the reason; where nothing is left to judge, so is the scenario."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from simulator.report.terminal import result_text
from simulator.runner.result import Result, Verdict
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load
from simulator.scenario.model import Scenario
from simulator.targets import embedded
from simulator.targets.recording import Recording
from simulator.targets.target import Ability

SMALL = "scenario: small\nfleet: {waves: [{name: data, servers: 1}]}\n"


@dataclass(frozen=True)
class Lacking:
    """The embedded target, less some abilities."""

    lacks: Mapping[Ability, str]
    name: str = "somewhere"

    def run(self, scenario: Scenario, seed: int) -> Recording:
        return embedded.run(scenario, seed)


def run(folder: Path, text: str, **lacks: str) -> Result:
    path = folder / "scenario.yaml"
    path.write_text(SMALL + dedent(text), "utf-8")
    return run_scenario(load(path), None, Lacking({Ability[name]: reason for name, reason in lacks.items()}))


def skipped(result: Result) -> list[tuple[str, str]]:
    return [(check.name, check.skipped) for check in result.checks if check.skipped is not None]


def test_a_check_that_needs_what_is_lacking_is_skipped_and_says_why(tmp_path: Path) -> None:
    result = run(tmp_path, "expect: {outcome: COMPLETED, rto: 1ms, rpo: 1ms}", DURATIONS="time is short here")
    assert result.verdict is Verdict.PASSED
    assert skipped(result) == [("rto", "time is short here"), ("rpo", "time is short here")]
    assert "skipped: rto, rpo (time is short here)" in result_text(result)
    assert "1 check ·" in result_text(result)


def test_what_is_left_is_judged(tmp_path: Path) -> None:
    result = run(tmp_path, "expect: {outcome: FAILED, rto: 1ms}", DURATIONS="time is short here")
    assert result.verdict is Verdict.FAILED
    assert [check.name for check in result.checks if not check.passed] == ["outcome FAILED"]


def test_a_scenario_of_which_nothing_can_be_judged_is_skipped(tmp_path: Path) -> None:
    result = run(tmp_path, "expect: {calls: {drs:DescribeJobs: 1}}", CALLS="nobody looks")
    assert (result.verdict, skipped(result)) == (Verdict.SKIPPED, [("calls of drs:DescribeJobs", "nobody looks")])


def test_started_recoveries_are_counted_wherever_jobs_are_seen(tmp_path: Path) -> None:
    result = run(tmp_path, "expect: {calls: {drs:StartRecovery: 1}}", CALLS="nobody looks")
    assert (result.verdict, skipped(result)) == (Verdict.PASSED, [])


def test_a_scenario_with_faults_does_not_run_where_none_can_be_injected(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        "faults: [{id: slow, api: drs:StartRecovery, error: ThrottlingException}]\nexpect: {outcome: COMPLETED}",
        FAULTS="it is real",
    )
    assert (result.verdict, len(result.journal)) == (Verdict.SKIPPED, 0)
    assert result.error == "the target somewhere cannot judge it: faults (slow): it is real"


def test_sentences_are_skipped_by_what_they_speak_of(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        """\
        expect:
          always: ["drs:StartRecovery is called before wave data is launched", "wave data starts before execution ends"]
          never: ["told nothing at all", "every wave data starts is followed by execution ends within 1ms"]
          retries: {call: drs:StartRecovery, attempts: 0}
        """,
        CALLS="calls",
        NOTIFICATIONS="notifications",
        DURATIONS="durations",
    )
    assert [reason for _, reason in skipped(result)] == ["calls", "calls", "notifications", "durations"]
    assert result.verdict is Verdict.PASSED


def test_the_command_that_reproduces_it_names_the_target(tmp_path: Path) -> None:
    result = run(tmp_path, "expect: {outcome: FAILED}", METRICS="none")
    assert result.reproduce == f"drsim run {tmp_path / 'scenario.yaml'} --seed 1 --target somewhere"
