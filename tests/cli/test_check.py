"""`drsim check`: problems without a run."""

from pathlib import Path

import pytest

from simulator.cli.main import exit_code
from simulator.errors import DefinitionError, Problem
from simulator.scenario.model import Scenario
from tests.cli.worlds import write


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def inspect(scenario: Scenario) -> None:
        if "machine" in scenario.title:
            raise DefinitionError(
                [Problem("plan.asl.json:4:7", "no state is named `Wiat`"), Problem("plan.asl.json:9:1", "x")]
            )

    monkeypatch.setattr("simulator.cli.inspection.check_system", inspect)
    monkeypatch.chdir(tmp_path)


def test_sound_scenarios_exit_0(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("scenarios/a.yaml"), "One")
    write(Path("scenarios/b.yaml"), "Two")

    assert exit_code(["check"]) == 0
    assert capsys.readouterr().out == "2 scenarios checked: no problems\n"


def test_problems_of_files_and_systems_are_told_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("a.yaml"), "One")
    write(Path("b.yaml"), "A broken machine")
    Path("c.yaml").write_text("scenario: No fleet\n")

    assert exit_code(["check", "a.yaml", "b.yaml", "c.yaml"]) == 2
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "plan.asl.json:4:7: no state is named `Wiat`",
        "plan.asl.json:9:1: x",
        "c.yaml:1:1: a scenario needs `fleet` (the servers to recover, in waves)",
    ]
    assert captured.out == "3 scenarios checked: 2 with problems\n"


def test_nothing_to_check_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["check"]) == 2
    assert capsys.readouterr().err == "scenarios: there is no such file or folder\n"
