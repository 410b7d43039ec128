"""What is the user's mistake is told in one line each, with its place, and ends with exit code 2; never with a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, SCENARIOS, Production

ASL = "asl/recovery_plan.asl.json"
DRILL = "happy/three-wave-drill.yaml"


def drsim(*arguments: str | Path) -> tuple[int, str]:
    """The exit code and standard error of a `drsim` of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "simulator", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr + done.stdout
    return done.returncode, done.stderr


def with_system(production: Production, scenario: str = DRILL, system: str | None = None) -> Path:
    """A scenario file beside the copy of the production side, naming its files."""
    path = production.scenario(scenario)
    if system is not None:
        old, new = system.split(" => ")
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    return path


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_malformed_scenario_names_file_line_and_column(tmp_path: Path, command: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("scenario: x\nfleet:\n  wavez:\n    - {name: data, servers: 2}\nexpect: {rto: 90}\n", "utf-8")
    code, told = drsim(command, path)
    assert code == 2
    assert f"{path}:3:3: " in told
    assert f"{path}:5:15: " in told
    assert "wavez" in told
    assert "90s" in told


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_missing_handler_file_is_named(production: Production, command: str) -> None:
    path = with_system(production, system="orchestration/handler.py:handler => orchestration/handlr.py:handler")
    code, told = drsim(command, path)
    assert code == 2
    assert "orchestration/handlr.py" in told
    assert len(told.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["run", "check"])
def test_an_unknown_next_is_named_with_its_line(production: Production, command: str) -> None:
    path = with_system(production)
    production.change(ASL, '"Next": "WaveSettled"', '"Next": "WaveSetled"')
    line = (production.folder / ASL).read_text("utf-8").split('"WaveSetled"')[0].count("\n") + 1
    code, told = drsim(command, path)
    assert code == 2
    assert f"{production.folder / ASL}:{line}:" in told
    assert "WaveSetled" in told


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_handler_that_raises_at_import_is_named_with_its_line(production: Production, command: str) -> None:
    path = with_system(production)
    handler = production.folder / "orchestration/handler.py"
    handler.write_text(handler.read_text("utf-8") + '\nREGION = {}["AWS_REGION_NAME"]\n', "utf-8")
    line = len(handler.read_text("utf-8").splitlines())
    code, told = drsim(command, path)
    assert code == 2
    assert f"{handler}:{line}: the handler cannot be imported: KeyError: 'AWS_REGION_NAME'" in told
    assert len(told.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["run", "check"])
def test_an_error_that_the_operation_cannot_answer_is_refused_with_those_it_can(tmp_path: Path, command: str) -> None:
    text = (SCENARIOS / "throttling/absorbed-by-the-sdk.yaml").read_text("utf-8")
    path = tmp_path / "unmodelled.yaml"
    path.write_text(text.replace("error: ThrottlingException\n    times", "error: NoSuchBucket\n    times"), "utf-8")
    code, told = drsim(command, path)
    assert code == 2
    assert "drs:StartRecovery cannot answer NoSuchBucket" in told
    assert "ConflictException" in told


def test_a_path_that_does_not_exist_is_told(tmp_path: Path) -> None:
    code, told = drsim("run", tmp_path / "nowhere")
    assert code == 2
    assert str(tmp_path / "nowhere") in told
