"""`drsim baseline`: the recovery times that later runs are held against."""

import json
from pathlib import Path

import pytest

from simulator.cli.main import exit_code
from tests.cli.worlds import pretend, write

DRIFT = "run: {seeds: 1..3}\nthresholds: {drift: {baseline: baselines/b.json, allow: 5%}}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("simulator.cli.baselines.run_scenario", pretend)
    monkeypatch.setattr("simulator.cli.session.run_scenario", pretend)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scenario(name: str, title: str) -> Path:
    path = Path(f"{name}.yaml")
    write(path, title)
    path.write_text(path.read_text("utf-8") + DRIFT, "utf-8")
    return path


def test_a_baseline_holds_each_seeds_recovery_time_and_keeps_other_scenarios(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["baseline", str(scenario("one", "One"))]) == 0
    assert exit_code(["baseline", str(scenario("two", "Two"))]) == 0
    written = json.loads((folder / "baselines/b.json").read_text("utf-8"))
    assert [one["id"] for one in written["scenarios"]] == ["one", "two"]
    assert [run["seed"] for run in written["scenarios"][0]["seeds"]] == [1, 2, 3]
    assert all(run["recoveryMs"] > 0 for run in written["scenarios"][0]["seeds"])
    assert "b.json: two with 3 seeds" in capsys.readouterr().out


def test_a_run_without_its_baseline_says_what_writes_it_and_one_with_it_passes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = scenario("one", "One")
    assert exit_code(["run", "--jobs", "1", str(path)]) == 1
    told = " ".join(capsys.readouterr().out.split())
    assert "b.json is not there: `drsim baseline` writes it" in told
    assert exit_code(["baseline", "--jobs", "1", str(path)]) == 0
    assert exit_code(["run", "--jobs", "1", str(path)]) == 0


def test_what_does_not_pass_has_no_baseline_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["baseline", str(scenario("bad", "Bad fails"))]) == 1
    assert "was not written: bad.yaml is FAILED" in capsys.readouterr().err
    assert not (folder / "baselines").exists()


def test_a_scenario_without_a_drift_has_no_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("plain.yaml"), "Plain")
    assert exit_code(["baseline", "plain.yaml"]) == 2
    assert "no scenario here has `thresholds: {drift: …}`" in capsys.readouterr().err
