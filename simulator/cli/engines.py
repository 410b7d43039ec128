"""Starting and stopping engines: `docker compose` with this project's file, or Java with AWS's JAR."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from simulator.errors import Problem, UserError
from simulator.scenario.bundled import bundle_root
from simulator.targets.outside import quick_waits

COMPOSE_FILE = "docker-compose.yml"
STATE = Path(".drsim")  # in the folder that drsim is called in
PORTS: Mapping[str, int] = {"stepfunctions-local": 8083, "localstack": 4568}
WORLD_PORT = 4567
START_SECONDS = 60.0
_SERVICES = ("BATCH", "DYNAMODB", "ECS", "GLUE", "LAMBDA", "SAGE_MAKER", "SNS", "SQS", "STEP_FUNCTIONS")


@dataclass(frozen=True, slots=True)
class Start:
    """How an engine is to be started. `world` None is where `drsim run` serves it; `served`: `drsim serve` comes along."""

    engine: str
    speed: float = 1.0
    region: str = "us-east-1"
    world: str | None = None
    served: bool = False


def start_by_docker(start: Start) -> str:
    """Start it with `docker compose`; what to do next. Raises UserError."""
    if not _has_compose():
        raise UserError([Problem("docker compose", "cannot be run", "install Docker with its Compose plugin, or use --jar")])
    alone = [] if start.served else ["--no-deps"]
    wanted = ["drsim", start.engine] if start.served else [start.engine]
    _compose(["--profile", start.engine, "up", "--detach", "--wait", *alone, *wanted], _variables(start))
    host = "" if start.served else f" --world 0.0.0.0:{WORLD_PORT}"
    return _next(start, host)


def start_jar(start: Start, jar: Path, java: str) -> str:
    """Start Step Functions Local from its JAR; what to do next. Raises UserError."""
    if shutil.which(java) is None:
        raise UserError([Problem(java, "is no program", "name the Java to use with --java")])
    if running := _running():
        raise UserError([Problem(str(STATE / "pid"), f"process {running} runs already", "stop it with `drsim down`")])
    if _is_taken(PORTS[start.engine]):
        raise UserError([Problem(f"port {PORTS[start.engine]}", "something answers there already", "stop it first")])
    STATE.mkdir(exist_ok=True)
    world = start.world or f"http://127.0.0.1:{WORLD_PORT}"
    process = _left_running([java, "-jar", str(jar), *_options(start, world)], settings(start, world), STATE / "log")
    (STATE / "pid").write_text(f"{process}\n", "ascii")
    _await_answer(process, PORTS[start.engine])
    return _next(start, "")


def stop_all() -> Iterator[str]:
    """Stop what was started; what was done. Raises UserError."""
    running, has_compose = _running(), _has_compose()
    if running:
        os.kill(running, signal.SIGTERM)
        yield f"stopped process {running}"
    (STATE / "pid").unlink(missing_ok=True)
    if has_compose:
        _compose(["--profile", "localstack", "down"], {}, must=not running)
        yield "stopped the containers"
    if not running and not has_compose:
        yield "nothing runs that `drsim up` has started here"


def settings(start: Start, world: str) -> Mapping[str, str]:
    """Step Functions Local's settings, as environment variables."""
    return {
        "AWS_ACCOUNT_ID": "123456789012",
        "AWS_DEFAULT_REGION": start.region,
        "AWS_ACCESS_KEY_ID": "engine",
        "AWS_SECRET_ACCESS_KEY": "engine",
        "WAIT_TIME_SCALE": f"{1 / start.speed:g}",
        **{f"{service}_ENDPOINT": world for service in _SERVICES},
    }


def _options(start: Start, world: str) -> Iterator[str]:
    """The same, as the JAR's options."""
    yield from ("--aws-account", "123456789012", "--aws-region", start.region, "--wait-time-scale", f"{1 / start.speed:g}")
    for service in _SERVICES:
        yield from (f"--{service.lower().replace('_', '-')}-endpoint", world)


def _variables(start: Start) -> dict[str, str]:
    """What the compose file lets be set."""
    world = start.world or f"http://host.docker.internal:{WORLD_PORT}"
    return {
        "DRSIM_REGION": start.region,
        "DRSIM_SPEED": f"{start.speed:g}",
        "DRSIM_WAIT_TIME_SCALE": f"{1 / start.speed:g}",
        "DRSIM_INIT_SCRIPT": str(quick_waits.__file__),
        **({} if start.served and start.world is None else {"DRSIM_WORLD": world}),
    }


def _has_compose() -> bool:
    """Whether there is a Docker that knows `docker compose`, be its engine up or not."""
    try:
        return not subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode
    except OSError:
        return False


def _compose(arguments: list[str], variables: Mapping[str, str], *, must: bool = True) -> None:
    command = ["docker", "compose", "--file", str(bundle_root() / COMPOSE_FILE), *arguments]
    done = subprocess.run(command, env={**os.environ, **variables}, check=False)
    if must and done.returncode:
        raise UserError([Problem(" ".join(command), f"ended with exit code {done.returncode}")])


def _left_running(command: list[str], variables: Mapping[str, str], log: Path) -> int:
    """Start a program that goes on without us; its process."""
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    return os.posix_spawnp(command[0], command, {**os.environ, **variables}, file_actions=files, setpgroup=0)


def _await_answer(process: int, port: int) -> None:
    deadline = time.perf_counter() + START_SECONDS
    while time.perf_counter() < deadline:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            raise UserError([Problem(str(STATE / "log"), f"the JAR ended with exit code {code}", _first_words())])
        if _is_taken(port):
            return
        time.sleep(0.1)  # noqa: TID251  another program's time
    raise UserError([Problem(str(STATE / "log"), f"nothing answers at port {port} after {START_SECONDS:g} seconds")])


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _first_words() -> str:
    """The first line that the program has said, such as `Error: Invalid or corrupt jarfile`."""
    lines = (STATE / "log").read_text("utf-8", errors="replace").split("\n")
    return next((line.strip() for line in lines if line.strip()), "it said nothing")


def _running() -> int | None:
    """The process that `up` started and that still is that."""
    try:
        pid = int((STATE / "pid").read_text("ascii"))
    except (OSError, ValueError):
        return None
    shown = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return pid if " -jar " in shown.stdout else None


def _next(start: Start, world: str) -> str:
    speed = "" if start.speed == 1 else f" --speed {start.speed:g}"
    port = PORTS[start.engine]
    url = f" --engine-url http://localhost:{port}" if start.engine == "localstack" else ""
    return f"{start.engine} answers at http://localhost:{port}: drsim run --target {start.engine}{url}{world}{speed} PATHS"
