"""`drsim deploy`: only what scenarios passed with reaches CloudFormation, here that of the simulated account."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from simulator.account import moto_services
from simulator.account.world import ACCOUNT_ID, World
from simulator.cli.main import exit_code
from simulator.drs.settings import Settings
from tests.e2e.conftest import ROOT

DIGESTS = ("asl", "code", "cfn")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for part in ("asl", "orchestration", "cfn"):
        shutil.copytree(ROOT / part, tmp_path / "source" / part, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "source"


@pytest.fixture
def package(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    return packaged(source, tmp_path / "package", capsys)


def packaged(source: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert exit_code(["package", "--source", str(source), "--output", str(folder)]) == 0
    capsys.readouterr()
    return folder


def reported(package: Path, **changes: str) -> Path:
    """A report of one scenario that passed with what is in a package, but for `changes`."""
    digests = {kind: json.loads((package / "manifest.json").read_text())["digests"][kind] for kind in DIGESTS}
    verdict = changes.pop("verdict", "PASSED")
    digests = {kind: changes.get(kind, digest) for kind, digest in digests.items() if changes.get(kind, digest)}
    scenario = {"path": "scenarios/one.yaml", "verdict": verdict, "digests": digests}
    report = package.parent / "report.json"
    report.write_text(json.dumps({"format": 1, "scenarios": [scenario]}))
    return report


class Cloud:
    """The account that is deployed to."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def client(self, service: str) -> Any:
        return moto_services.client(service, "us-east-1", ACCOUNT_ID)

    def deploy(self, package: Path, report: Path, *more: str) -> tuple[int, list[str], list[str]]:
        """The exit code, and the lines on standard output and standard error."""
        where = ["--stack", "recovery", "--bucket", "artifacts", "--region", "us-east-1"]
        code = exit_code(["deploy", str(package), "--report", str(report), *where, *more])
        said = self._capsys.readouterr()
        return code, said.out.splitlines(), said.err.splitlines()

    def stacks(self) -> dict[str, str]:
        return {
            stack["StackName"]: stack["StackStatus"] for stack in self.client("cloudformation").describe_stacks()["Stacks"]
        }

    def resource(self, stack: str, logical_id: str) -> str:
        found = self.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Cloud]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "simulated")
    world = World(1, datetime(2026, 3, 1, 2, tzinfo=UTC), "us-east-1", Settings())
    with world.installed():
        made = Cloud(capsys)
        made.client("s3").create_bucket(Bucket="artifacts")
        yield made


def test_a_package_becomes_a_stack_with_its_events_and_outputs_told(cloud: Cloud, package: Path) -> None:
    code, told, _ = cloud.deploy(package, reported(package), "--parameter", "LogRetentionDays=30")
    assert code == 0
    assert told[0] == f"1 scenarios passed with what is in {package}"
    assert "add    Storage (AWS::CloudFormation::Stack)" in told
    assert "02:00:00  CREATE_COMPLETE         recovery (AWS::CloudFormation::Stack)" in told
    assert any(line.startswith("ApiUrl: https://") for line in told)
    assert cloud.stacks()["recovery"] == "CREATE_COMPLETE"
    functions = cloud.client("lambda").list_functions()["Functions"]
    assert {function["Handler"] for function in functions} == {
        "orchestration.api.handler", "orchestration.handler.handler", "orchestration.events.handler",
        "orchestration.probe.handler",
    }  # fmt: skip
    groups = cloud.client("logs").describe_log_groups()["logGroups"]
    assert {group["retentionInDays"] for group in groups} == {30}


def test_new_code_changes_the_stack_in_place(
    cloud: Cloud, source: Path, package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.deploy(package, reported(package), "--parameter", "LogRetentionDays=30")
    storage = cloud.resource("recovery", "Storage")
    table = cloud.resource(storage, "PlansTable")
    cloud.client("dynamodb").put_item(TableName=table, Item={"planId": {"S": "erp"}})
    api = source / "orchestration/api.py"
    api.write_text(api.read_text() + "\nVERSION = 2\n")
    second = packaged(source, tmp_path / "second", capsys)
    code, told, _ = cloud.deploy(second, reported(second))
    assert (code, cloud.stacks()["recovery"]) == (0, "UPDATE_COMPLETE")
    assert "modify Functions (AWS::CloudFormation::Stack)" in told
    assert cloud.client("dynamodb").scan(TableName=table)["Count"] == 1
    groups = cloud.client("logs").describe_log_groups()["logGroups"]
    assert {group["retentionInDays"] for group in groups} == {30}  # parameters stay that nobody gives again


def test_the_same_package_again_changes_nothing(cloud: Cloud, package: Path) -> None:
    cloud.deploy(package, reported(package))
    code, told, _ = cloud.deploy(package, reported(package))
    assert (code, told[-1]) == (0, "recovery is already so: nothing to change")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"code": "sha256:" + "0" * 64},
            "the functions' code that ran (sha256:000000000000) is not what is packaged (sha256:",
        ),
        ({"asl": "sha256:" + "1" * 64}, "the state machine that ran (sha256:111111111111) is not what is packaged (sha256:"),
        ({"verdict": "FAILED"}, "no scenario passed"),
        ({"verdict": "ERROR"}, "no scenario passed"),
        ({"cfn": ""}, "no scenario that passed ran the templates (cfn)"),
    ],
)
def test_a_report_that_is_no_evidence_for_the_package_is_refused(
    cloud: Cloud, package: Path, changes: dict[str, str], told: str
) -> None:
    report = reported(package, **changes)
    code, out, errors = cloud.deploy(package, report)
    assert (code, out) == (1, [])
    assert errors[0].startswith(f"{report}: {told}")
    assert errors[-1] == "not deployed: these scenarios are no evidence for this package"
    assert cloud.stacks() == {}
    assert cloud.client("s3").list_objects_v2(Bucket="artifacts")["KeyCount"] == 0


def test_every_scenario_that_did_not_pass_is_named(cloud: Cloud, package: Path) -> None:
    report = reported(package)
    document = json.loads(report.read_text())
    (passed,) = document["scenarios"]
    document["scenarios"] += [
        {**passed, "path": f"scenarios/{verdict}.yaml", "verdict": verdict} for verdict in ("FAILED", "ABORTED", "SKIPPED")
    ]
    report.write_text(json.dumps(document))
    code, _, errors = cloud.deploy(package, report)
    assert code == 1
    assert errors[:-1] == [
        f"{report}: scenarios/FAILED.yaml ended FAILED",
        f"{report}: scenarios/ABORTED.yaml ended ABORTED",
    ]


def test_a_dry_run_tells_and_changes_nothing(cloud: Cloud, package: Path) -> None:
    code, told, _ = cloud.deploy(package, reported(package), "--dry-run")
    assert code == 0
    assert "would create the stack recovery with these parameters:" in told
    assert "  ArtifactBucket: artifacts" in told
    assert any(line.startswith("  functions.zip (") for line in told)
    assert cloud.stacks() == {}
    assert cloud.client("s3").list_objects_v2(Bucket="artifacts")["KeyCount"] == 0


def test_what_aws_refuses_is_told_in_one_line(cloud: Cloud, package: Path) -> None:
    code, _, errors = cloud.deploy(package, reported(package), "--bucket", "somebody-elses")
    assert code == 2
    assert len(errors) == 1
    assert errors[0].startswith("recovery: An error occurred (NoSuchBucket) when calling the PutObject operation")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "scenarios": [{"path": "x"}]}'])
def test_what_is_no_report_is_told(cloud: Cloud, package: Path, text: str) -> None:
    report = package.parent / "report.json"
    report.write_text(text)
    code, _, errors = cloud.deploy(package, report)
    assert (code, errors) == (
        2, [f"{report}: is not a JSON report of drsim run (drsim run --format json --output FILE writes one)"],
    )  # fmt: skip


def test_a_package_that_was_changed_after_it_was_tested_is_refused(cloud: Cloud, package: Path) -> None:
    report = reported(package)
    (package / "functions.zip").write_bytes(b"something else")
    code, _, errors = cloud.deploy(package, report)
    assert (code, errors) == (
        2, [f"{package / 'functions.zip'}: was changed after it was packaged (run drsim package again)"],
    )  # fmt: skip
