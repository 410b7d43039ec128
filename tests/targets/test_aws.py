"""Drills on a deployed stack, through boto3: the stack here is one that drsim serves in AWS's place."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from simulator.cli.main import exit_code
from simulator.deploying.cloud import Cloud
from simulator.errors import UserError
from simulator.journal import HistoryEvent, JobLogged, LaunchStatusChanged, RecordRead
from simulator.runner.result import Result, Verdict
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load
from simulator.targets.aws.deployed import Deployed
from simulator.targets.aws.target import Asking, AwsTarget
from tests.e2e.conftest import ROOT
from tests.server.served import Served, serving

REGION = "us-east-1"
DEPLOYED = ROOT / "scenarios/deployed/_defaults.yaml"
DRILL = f"extends: {DEPLOYED}\nscenario: a drill\n"
FLEET = "fleet: {waves: [{name: data, servers: 2}, {name: app, servers: 2, dependsOn: [data]}]}\n"


@pytest.fixture(scope="module")
def cloud() -> Iterator[Served]:
    scenario = DEPLOYED.with_name("stack-recovers.yaml")
    with pytest.MonkeyPatch.context() as patch, serving("--speed", "2000", scenario) as served:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "simulated")
        yield served


def run(folder: Path, text: str, connect: object, *, agrees: bool = True, may_recover: bool = False) -> Result:
    path = folder / "drill.yaml"
    path.write_text(DRILL + dedent(text), "utf-8")
    asking = Asking(lambda _: agrees, lambda _: None, may_recover)
    return run_scenario(load(path), None, AwsTarget(connect, asking))  # type: ignore[arg-type]


def nowhere(_region: str) -> Deployed:
    raise AssertionError("AWS was asked for something")


def test_a_scenario_runs_as_a_drill_on_what_is_deployed(cloud: Served, tmp_path: Path) -> None:
    text = f"{FLEET}expect: {{outcome: COMPLETED, order: [data, app], response: {{status: 202}}, rto: 1h, notifications: 1}}"
    result = run(tmp_path, text, lambda region: Cloud("recovery", region, cloud.url))
    assert [(check.name, check.happened) for check in result.checks if not check.passed] == []
    assert (result.verdict, result.outcome, result.target) == (Verdict.PASSED, "COMPLETED", "aws")
    assert [wave.status for wave in result.waves] == ["LAUNCHED", "LAUNCHED"]
    assert [check.name for check in result.checks if check.skipped] == ["1 notifications", "check adds_up"]
    journal = result.journal
    assert {event.status for _, event in journal.of(LaunchStatusChanged)} == {"LAUNCHED"}
    assert [event.type for _, event in journal.of(HistoryEvent)][-1] == "ExecutionSucceeded"
    assert {event.event for _, event in journal.of(JobLogged)} >= {"JOB_START", "LAUNCH_END", "JOB_END"}
    ((_, record),) = journal.of(RecordRead)
    assert record.item is not None
    assert record.item["status"] == "COMPLETED"
    times = [entry.at_ms for entry in journal]
    assert times == sorted(times)


def test_nothing_is_started_before_somebody_has_agreed(
    cloud: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "drill.yaml"
    path.write_text(DRILL + FLEET, "utf-8")
    asked: list[str] = []

    def refuse(text: str) -> bool:
        asked.append(text)
        return False

    monkeypatch.setattr("click.confirm", refuse)
    before = len(cloud.client("drs", REGION).describe_jobs()["items"])
    where = ["--target", "aws", "--stack", "recovery", "--endpoint-url", cloud.url]
    assert exit_code(["run", *where, str(path)]) == 2
    assert "nothing was started: that was not agreed to" in capsys.readouterr().err
    (question,) = asked
    assert question.startswith(
        "a drill: launch 4 source servers in us-east-1 of account 123456789012 as a drill, by the stack recovery?"
    )
    assert question.endswith("Instances cost money until they are terminated. Go on?")
    assert len(cloud.client("drs", REGION).describe_jobs()["items"]) == before


def test_every_server_that_drs_does_not_have_is_named(cloud: Served, tmp_path: Path) -> None:
    text = "fleet: {waves: [{name: data, servers: [data-1, date-2, web-7]}]}"
    with pytest.raises(UserError) as caught:
        run(tmp_path, text, lambda region: Cloud("recovery", region, cloud.url))
    assert [problem.message for problem in caught.value.problems] == [
        "DRS has no source server named `date-2`",
        "DRS has no source server named `web-7`",
    ]


def test_a_stack_that_is_not_there_is_the_users_to_know(cloud: Served, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        run(tmp_path, FLEET, lambda region: Cloud("recovary", region, cloud.url))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{FLEET}faults: [{{id: slow, api: drs:StartRecovery, error: ThrottlingException}}]", "faults (slow): this is AWS"),
        (f"{FLEET}operators: [{{when: 5m, decide: cancel}}]", "operators (cancel): this is AWS"),
        ("fleet: {drill: false, waves: [{name: data, servers: 1}]}", "it is started only with --recovery"),
        (f"{FLEET}run: {{seeds: 1..3}}", "several seeds (3 of them)"),
    ],
)
def test_what_cannot_be_done_in_aws_is_skipped_without_asking_it(text: str, reason: str, tmp_path: Path) -> None:
    result = run(tmp_path, text, nowhere)
    assert result.verdict is Verdict.SKIPPED
    assert reason in (result.error or "")


def test_a_system_in_parts_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "bundled.yaml"
    path.write_text(f"scenario: bundled\n{FLEET}", "utf-8")
    result = run_scenario(load(path), None, AwsTarget(nowhere, Asking(lambda _: True, lambda _: None)))
    assert (result.verdict, "a system in parts (no template)" in (result.error or "")) == (Verdict.SKIPPED, True)


def test_the_stack_must_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "drill.yaml"
    path.write_text(DRILL + FLEET, "utf-8")
    assert exit_code(["run", "--target", "aws", str(path)]) == 2
    assert "name it with --stack" in capsys.readouterr().err
