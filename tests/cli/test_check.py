"""`drsim check`: problems without a run."""

import json
from pathlib import Path

import pytest

from simulator.cli.main import exit_code
from simulator.runner.findings import Finding
from tests.cli.worlds import write

WRONG = [
    Finding("unknown-state", "plan.asl.json:4:7", "no state is named `Wiat`"),
    Finding("no-way-out", "plan.asl.json:9:1", "x"),
]
DOUBTFUL = [Finding("choice-without-default", "plan.asl.json:2:2", "Choice 'A' has no Default", "add a Default")]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def inspect(path: Path) -> list[Finding]:
        if "bug" in path.name:
            raise KeyError("lost")
        return WRONG if "wrong" in path.name else DOUBTFUL if "doubtful" in path.name else []

    monkeypatch.setattr("simulator.cli.inspection.inspect_file", inspect)
    monkeypatch.chdir(tmp_path)


def test_sound_scenarios_exit_0(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("scenarios/a.yaml"), "One")
    write(Path("scenarios/b.yaml"), "Two")
    assert exit_code(["check"]) == 0
    assert capsys.readouterr().out == "2 scenarios checked: no problems\n"


def test_findings_are_told_one_a_line_and_once(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "wrong", "wrong-too", "doubtful"):
        write(Path(f"{name}.yaml"), "One")
    assert exit_code(["check", "a.yaml", "wrong.yaml", "wrong-too.yaml", "doubtful.yaml"]) == 2
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "plan.asl.json:4:7: no state is named `Wiat` [unknown-state]",
        "plan.asl.json:9:1: x [no-way-out]",
        "plan.asl.json:2:2: warning: Choice 'A' has no Default [choice-without-default] (add a Default)",
    ]
    assert captured.out == "4 scenarios checked: 2 with problems, 1 with warnings\n"


def test_warnings_are_problems_only_where_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("doubtful.yaml"), "One")
    assert exit_code(["check", "doubtful.yaml"]) == 0
    assert exit_code(["check", "doubtful.yaml", "--strict"]) == 2
    assert capsys.readouterr().out == "1 scenario checked: 1 with warnings\n" * 2


def test_sarif_is_all_that_is_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("wrong.yaml"), "One")
    assert exit_code(["check", "wrong.yaml", "--format", "sarif"]) == 2
    captured = capsys.readouterr()
    assert [result["ruleId"] for result in json.loads(captured.out)["runs"][0]["results"]] == ["unknown-state", "no-way-out"]
    assert captured.err == "1 scenario checked: 1 with problems\n"


def test_sarif_in_a_file_leaves_the_text_to_people(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("wrong.yaml"), "One")
    assert exit_code(["check", "wrong.yaml", "--format", "sarif", "--output", "deep/x.sarif"]) == 2
    captured = capsys.readouterr()
    assert "no state is named `Wiat`" in captured.err
    assert captured.out == "1 scenario checked: 1 with problems\n"
    assert len(json.loads(Path("deep/x.sarif").read_text("utf-8"))["runs"][0]["results"]) == 2


def test_a_bug_of_ours_leaves_the_other_files_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("bug.yaml"), "One")
    write(Path("doubtful.yaml"), "One")
    assert exit_code(["check", "bug.yaml", "doubtful.yaml"]) == 2
    captured = capsys.readouterr()
    assert "This is a bug in drsim" in captured.err
    assert "choice-without-default" in captured.err


def test_nothing_to_check_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["check"]) == 2
    assert capsys.readouterr().err == (
        "scenarios: there is no such file or folder (`drsim init` sets up a project with one)\n"
    )
