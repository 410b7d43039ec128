"""What `import simulator` offers, and that its guide says the truth."""

import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import simulator
from simulator.journal import ApiCall
from simulator.testing import drs_world

ROOT = Path(__file__).parents[1]
GUIDE = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs/python.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
ONE = "scenario: One server\nfleet: {waves: [{name: data, servers: 1}]}\nexpect: {outcome: COMPLETED}\n"
HANDLER = """\
import time
import boto3

def handler(event, context):
    time.sleep(event["seconds"])
    servers = boto3.client("drs").describe_source_servers(filters={})["items"]
    return {"servers": [server["sourceProperties"]["identificationHints"]["hostname"] for server in servers]}
"""


def test_the_guides_programs_do_what_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    programs = [block for block in GUIDE if "def test_" not in block]
    assert len(programs) == 2
    for program in programs:
        exec(compile(program, "docs/python.md", "exec"), names)


def test_the_guides_tests_pass(tmp_path: Path) -> None:
    (tests,) = [block for block in GUIDE if "def test_" in block]
    (tmp_path / "test_guide.py").write_text(tests, "utf-8")
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    options = ["-p", "simulator.pytest_plugin", "-c", os.devnull, "--rootdir", str(ROOT), str(tmp_path)]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "2 passed" in done.stdout, done.stdout


def test_what_fails_is_checked_shrunk_and_replayed_as_the_commands_do(tmp_path: Path) -> None:
    (failing,) = simulator.parse(
        "scenario: No room\nfleet: {waves: [{name: data, servers: 1}, {name: app, servers: 2}]}\n"
        "faults: [{id: full, server: app-1, phase: LAUNCH, outcome: FAILED}]\n"
        "expect: {waves: {app: {status: LAUNCHED}}}\n",
        tmp_path / "failing.yaml",
    )
    assert simulator.check(failing) == ()
    shrunk = simulator.shrink(failing, max_runs=12)
    assert shrunk.failure.check == "app LAUNCHED"
    assert "name: data" not in shrunk.text

    file = tmp_path / "one.yaml"
    file.write_text(ONE, "utf-8")
    (tmp_path / "one.jsonl").write_text(simulator.run(file).journal.to_jsonl(), "utf-8")
    assert simulator.replay(tmp_path / "one.jsonl", file).divergence is None
    assert len(simulator.read_journal(tmp_path / "one.jsonl")) > 100
    file.write_text(ONE.replace("servers", "servres"), "utf-8")
    (finding,) = [one for one in simulator.check(file) if "unknown key" in one.message]
    assert (finding.code, finding.place[1:]) == ("invalid-scenario", (2, 30))


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = "import sys, simulator; print(*sys.modules)"
    command, environment = [sys.executable, "-c", program], {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded.isdisjoint({"yaml", "pydantic", "boto3", "botocore", "moto", "rich", "click", "greenlet"})


def test_every_name_is_there_and_declared_for_type_checkers() -> None:
    declared = re.findall(r" as (\w+)$", (ROOT / "simulator/__init__.pyi").read_text("utf-8"), re.MULTILINE)
    assert sorted(declared) == simulator.__all__  # type: ignore[attr-defined]
    assert all(getattr(simulator, name) is not None for name in declared)
    with pytest.raises(AttributeError, match="no attribute 'runs'"):
        simulator.runs  # type: ignore[attr-defined]  # noqa: B018


def test_several_seeds_come_to_one_result() -> None:
    (scenario,) = simulator.parse(ONE)
    result = simulator.run(scenario, seeds=[3, 4])
    assert [run.seed for run in result.seeds] == [3, 4]
    assert result.passed
    with pytest.raises(simulator.UserError, match="either `seed` or `seeds`"):
        simulator.run(scenario, seed=1, seeds=[1])


def test_a_mapping_and_its_text_run_alike() -> None:
    wave = {"name": "data", "servers": 1}
    mapping = {"scenario": "One server", "fleet": {"waves": [wave]}, "expect": {"outcome": "COMPLETED"}}
    journals = [simulator.run(simulator.parse(source)[0]).journal.to_jsonl() for source in (ONE, mapping)]
    assert journals[0] == journals[1]


def test_a_files_mistakes_are_problems_with_their_places(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(ONE + "runn: {}\n")
    with pytest.raises(simulator.UserError) as raised:
        simulator.run(path)
    assert [problem.where for problem in raised.value.problems] == [f"{path}:4:1"]


def test_a_matrix_of_several_is_not_run_as_one(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(ONE.replace("servers: 1", 'servers: "${matrix.size}"') + "matrix: {size: [1, 2]}\n")
    assert [scenario.cell for scenario in simulator.load(path)] == [{"size": "1"}, {"size": "2"}]
    with pytest.raises(simulator.UserError, match="expected one scenario, found a matrix of 2"):
        simulator.run(path)


def test_a_function_runs_in_virtual_time(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(HANDLER)
    began = time.perf_counter()
    with drs_world(start=datetime(2026, 3, 1, 2, tzinfo=UTC)) as world:
        world.add_server("db-01")
        world.deploy("lister", tmp_path / "code.py:handler", timeout="15m")
        invocation = world.invoke("lister", {"seconds": 600})
        assert (invocation.payload, invocation.error_type) == ({"servers": ["db-01"]}, None)
        assert world.now >= datetime(2026, 3, 1, 2, 10, tzinfo=UTC)
        assert [call.operation for _, call in world.journal.of(ApiCall)] == ["DescribeSourceServers"]
        assert world.invoke("lister", {}).error_type == "KeyError"
    assert time.perf_counter() - began < 60


def test_what_is_known_to_go_wrong_goes_wrong() -> None:
    with drs_world() as world:
        server = world.add_server("db-01")
        world.inject("no-capacity", "db-01", after="1m", lasting="1h")
        world.inject("throttled", after="2h", times=1)
        drs = world.client("drs")
        job = drs.start_recovery(sourceServers=[{"sourceServerID": server}])["job"]["jobID"]
        world.wait("2h")
        with pytest.raises(drs.exceptions.ThrottlingException):
            drs.describe_jobs()
        (ended,) = drs.describe_jobs(filters={"jobIDs": [job]})["items"]
        assert ended["participatingServers"][0]["launchStatus"] == "FAILED"
        with pytest.raises(ValueError, match="there is no known fault 'gremlins'"):
            world.inject("gremlins")


def test_what_fails_in_virtual_time_fails_the_test() -> None:
    def fail() -> None:
        time.sleep(60)
        raise ValueError("no")

    with drs_world() as world:
        with pytest.raises(ValueError, match="no"):
            world.run(fail)
        assert world.now == datetime(2026, 3, 1, 2, 1, tzinfo=UTC)
