"""Engines beside ours: the compose file as it stands, and a JAR with a stand-in for Java."""

import json
import os
import re
import socket
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.cli import engines
from simulator.cli.main import exit_code

FILE = Path(__file__).parents[2] / "docker-compose.yml"
ENDPOINTS = {
    "LAMBDA_ENDPOINT", "STEP_FUNCTIONS_ENDPOINT", "DYNAMODB_ENDPOINT", "SNS_ENDPOINT", "SQS_ENDPOINT", "BATCH_ENDPOINT",
    "ECS_ENDPOINT", "GLUE_ENDPOINT", "SAGE_MAKER_ENDPOINT",
}  # fmt: skip
SETTINGS = {"AWS_ACCOUNT_ID", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "WAIT_TIME_SCALE"}
JAVA = f"""#!{sys.executable}
import json, os, signal, socket, sys
with open(os.environ["NOTES"], "w") as notes:
    json.dump({{"command": sys.argv[1:], "environment": dict(os.environ)}}, notes)
server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
signal.pause()
"""


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))["services"]
    return found


def test_every_image_is_pinned_and_every_service_has_a_health_check() -> None:
    assert {name: service.get("image") for name, service in services().items()} == {
        "drsim": None,
        "stepfunctions-local": "amazon/aws-stepfunctions-local:2.0.0",
        "localstack": "localstack/localstack:4.14.0",
    }
    assert all(
        {"test", "interval", "timeout", "retries"} <= service["healthcheck"].keys() for service in services().values()
    )


def test_every_port_is_bound_to_loopback() -> None:
    ports = [port for service in services().values() for port in service["ports"]]
    assert ports == ["127.0.0.1:4566:4566", "127.0.0.1:8083:8083", "127.0.0.1:4568:4566"]


def test_step_functions_local_is_wired_to_the_served_account_by_its_own_variables() -> None:
    service = services()["stepfunctions-local"]
    assert set(service["environment"]) == ENDPOINTS | SETTINGS
    assert {service["environment"][name] for name in ENDPOINTS} == {"${DRSIM_WORLD:-http://drsim:4566}"}
    assert service["depends_on"] == {"drsim": {"condition": "service_healthy"}}


def test_localstack_is_started_only_by_its_profile_and_gets_the_init_script() -> None:
    service = services()["localstack"]
    assert service["profiles"] == ["localstack"]
    assert set(service["environment"]) == {"SERVICES", "DRSIM_WORLD", "DRSIM_SPEED"}
    (volume,) = service["volumes"]
    source, target = re.fullmatch(r"\$\{DRSIM_INIT_SCRIPT:-(.+?)\}:(.+):ro", volume).groups()  # type: ignore[union-attr]
    assert (FILE.parent / source).is_file()
    assert target == "/etc/localstack/init/ready.d/drsim.py"


def test_up_sets_every_variable_of_the_compose_file_and_no_other() -> None:
    used = set(re.findall(r"\$\{(\w+)", FILE.read_text("utf-8")))
    assert set(engines._variables(engines.Start("stepfunctions-local"))) == used
    assert set(engines.settings(engines.Start("stepfunctions-local"), "http://here")) == ENDPOINTS | SETTINGS


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for docker that notes what it was called with; where its notes are."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\n[ "$2" = version ] || echo "$DRSIM_WORLD $DRSIM_WAIT_TIME_SCALE $@" >> {tmp_path}/notes\n', "utf-8"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "notes"


def test_up_starts_the_engine_alone_and_down_stops_all(docker: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["up", "--speed", "10"]) == 0
    assert "drsim run --target stepfunctions-local --world 0.0.0.0:4567 --speed 10 PATHS" in capsys.readouterr().out
    assert exit_code(["up", "localstack"]) == 0
    assert exit_code(["up", "--served"]) == 0
    assert exit_code(["down"]) == 0
    begin = f"compose --file {FILE}"
    alone = f"--profile {(name := 'stepfunctions-local')} up --detach --wait --no-deps {name}"
    assert docker.read_text("utf-8").splitlines() == [
        f"http://host.docker.internal:4567 0.1 {begin} {alone}",
        f"http://host.docker.internal:4567 1 {begin} --profile localstack up --detach --wait --no-deps localstack",
        f" 1 {begin} --profile stepfunctions-local up --detach --wait drsim stepfunctions-local",
        f"  {begin} --profile localstack down",
    ]


def test_a_jar_takes_the_place_of_docker(
    docker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    java, jar = tmp_path / "bin" / "java", tmp_path / "StepFunctionsLocal.jar"
    java.write_text(JAVA, "utf-8")
    java.chmod(0o755)
    jar.touch()
    monkeypatch.setenv("NOTES", str(tmp_path / "java.json"))
    monkeypatch.setenv("PORT", str(port))
    monkeypatch.setattr(engines, "PORTS", {"stepfunctions-local": port})

    assert exit_code(["up", "--jar", str(jar), "--java", str(java), "--speed", "4", "--region", "us-west-2"]) == 0
    assert (
        f"answers at http://localhost:{port}: drsim run --target stepfunctions-local --speed 4 PATHS"
        in capsys.readouterr().out
    )
    noted = json.loads((tmp_path / "java.json").read_text("utf-8"))
    assert noted["command"][:8] == [
        "-jar", str(jar), "--aws-account", "123456789012", "--aws-region", "us-west-2", "--wait-time-scale", "0.25",
    ]  # fmt: skip
    assert noted["command"][16:18] == ["--lambda-endpoint", "http://127.0.0.1:4567"]
    assert {noted["environment"][name] for name in ENDPOINTS} == {"http://127.0.0.1:4567"}
    assert noted["environment"]["WAIT_TIME_SCALE"] == "0.25"

    assert exit_code(["up", "--jar", str(jar), "--java", str(java)]) == 2
    assert "runs already" in capsys.readouterr().err
    assert exit_code(["down"]) == 0
    assert "stopped process" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("java", "words"),
    [
        ("exit 1", "it said nothing"),
        ("echo; echo Error: Invalid or corrupt jarfile; exit 1", "Error: Invalid or corrupt jarfile"),
    ],
)
def test_a_jar_that_ends_at_once_is_told_with_what_it_said(
    docker: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], java: str, words: str
) -> None:
    program, jar = tmp_path / "bin" / "java", tmp_path / "x.jar"
    program.write_text(f"#!/bin/sh\n{java}\n", "utf-8")
    program.chmod(0o755)
    jar.touch()
    assert exit_code(["up", "--jar", str(jar)]) == 2
    assert f".drsim/log: the JAR ended with exit code 1 ({words})" in capsys.readouterr().err


def test_a_port_at_which_something_answers_already_is_told(
    docker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.jar").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(engines, "PORTS", {"stepfunctions-local": port})
        assert exit_code(["up", "--jar", str(tmp_path / "x.jar"), "--java", "false"]) == 2
    assert f"port {port}: something answers there already (stop it first)" in capsys.readouterr().err


def test_without_docker_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert exit_code(["up"]) == 2
    assert "docker compose: cannot be run (install Docker with its Compose plugin, or use --jar)" in capsys.readouterr().err
    assert exit_code(["down"]) == 0
    assert capsys.readouterr().out == "nothing runs that `drsim up` has started here\n"


def test_a_docker_without_compose_is_told_as_one_that_is_missing(
    docker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bin" / "docker").write_text("#!/bin/sh\necho unknown flag: --file\nexit 125\n", "utf-8")
    assert exit_code(["up"]) == 2
    told = capsys.readouterr()
    assert "docker compose: cannot be run (install Docker with its Compose plugin, or use --jar)" in told.err
    assert "unknown flag" not in told.out + told.err
    assert exit_code(["down"]) == 0
