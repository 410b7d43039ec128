"""`drsim package`: the same bytes from the same files, and digests that a run's report has, too."""

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from simulator.cli.main import exit_code
from simulator.errors import UserError
from simulator.packaging.package import read
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load
from tests.e2e.conftest import ROOT, SCENARIOS


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of what is packaged, to change."""
    for part in ("asl", "orchestration", "cfn"):
        shutil.copytree(ROOT / part, tmp_path / "source" / part, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "source"


def packaged(source: Path, folder: Path) -> dict[str, bytes]:
    assert exit_code(["package", "--source", str(source), "--output", str(folder)]) == 0
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def digests(package: dict[str, bytes]) -> dict[str, str]:
    found: dict[str, str] = json.loads(package["manifest.json"])["digests"]
    return found


def test_the_same_files_give_the_same_bytes_whenever_and_wherever_they_were_written(source: Path, tmp_path: Path) -> None:
    first = packaged(source, tmp_path / "first")
    (source / "orchestration/__pycache__").mkdir()
    (source / "orchestration/__pycache__/api.cpython-311.pyc").write_bytes(b"bytecode")
    for path in source.rglob("*.*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o600)
    assert packaged(source, tmp_path / "second") == first
    assert packaged(ROOT, tmp_path / "third") == first


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("asl/recovery_plan.asl.json", {"asl"}),
        ("orchestration/policy.py", {"code", "zip"}),
        ("cfn/storage.yaml", {"cfn"}),
    ],
)
def test_a_change_changes_just_the_digests_of_what_it_is_in(
    source: Path, tmp_path: Path, file: str, changed: set[str]
) -> None:
    before = digests(packaged(source, tmp_path / "before"))
    path = source / file
    path.write_bytes(path.read_bytes() + b"\n")
    after = digests(packaged(source, tmp_path / "after"))
    assert {kind for kind in before if before[kind] != after[kind]} == changed


def test_the_zip_holds_the_code_and_the_libraries_that_lambda_does_not_have(source: Path, tmp_path: Path) -> None:
    package = packaged(source, tmp_path / "package")
    with zipfile.ZipFile(tmp_path / "package/functions.zip") as archive:
        infos = archive.infolist()
        tops = {info.filename.partition("/")[0] for info in infos}
        assert archive.read("orchestration/api.py") == (ROOT / "orchestration/api.py").read_bytes()
    assert {top for top in tops if not top.endswith("-info")} == {
        "orchestration", "aws_lambda_powertools", "jmespath", "typing_extensions.py",
    }  # fmt: skip
    assert [info.filename for info in infos] == sorted(info.filename for info in infos)
    assert {(info.date_time, info.external_attr >> 16) for info in infos} == {((1980, 1, 1, 0, 0, 0), 0o100644)}
    assert set(json.loads(package["manifest.json"])["libraries"]) == {
        "aws-lambda-powertools", "jmespath", "typing-extensions",
    }  # fmt: skip


def test_a_library_of_another_version_than_the_lock_says_is_refused(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (source / "requirements.lock").write_text("jmespath==0.9.0 \\\n    --hash=sha256:00\n")
    assert exit_code(["package", "--source", str(source), "--output", str(tmp_path / "package")]) == 2
    told = capsys.readouterr().err
    assert told.startswith("jmespath: version ")
    assert told.endswith("is installed, the lock says 0.9.0\n")


def test_what_is_missing_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["package", "--source", str(tmp_path), "--output", str(tmp_path / "package")]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"{tmp_path}: there is no asl/recovery_plan.asl.json here",
        f"{tmp_path}: there is no orchestration here",
        f"{tmp_path}: there is no cfn/root.yaml here",
    ]


def test_a_package_that_was_changed_is_not_read(source: Path, tmp_path: Path) -> None:
    packaged(source, tmp_path / "package")
    (tmp_path / "package/root.yaml").write_text("Resources: {}\n")
    (tmp_path / "package/api.yaml").unlink()
    with pytest.raises(UserError) as refused:
        read(tmp_path / "package")
    assert [problem.message for problem in refused.value.problems] == [
        "the manifest names this file, and it is missing",
        "was changed after it was packaged",
    ]


def test_a_run_carries_the_digests_that_the_package_has(source: Path, tmp_path: Path) -> None:
    package = digests(packaged(source, tmp_path / "package"))
    result = run_scenario(load(SCENARIOS / "plans/dependency-cycle.yaml"))
    assert dict(result.digests) == {"asl": package["asl"], "code": package["code"]}
