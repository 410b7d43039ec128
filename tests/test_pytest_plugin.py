"""The pytest plugin: what is collected, what is run, and what people read; in pytests of their own."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from simulator.pytest_plugin import is_scenario

ROOT = Path(__file__).parents[1]
ONE = "fleet: {waves: [{name: data, servers: 1}]}\n"
PASSES = "scenario: One server recovers\ntags: [nightly, needs review]\n" + ONE + "expect: {outcome: COMPLETED}\n"
FAILS = "scenario: One server fails\ntags: [drill]\n" + ONE + "expect: {outcome: FAILED, calls: {drs:StartRecovery: 2}}\n"
NEVER_ENDS = "scenario: The horizon comes first\nrun: {horizon: 1m}\n" + ONE
IN_VAIN = PASSES + "faults: [{id: idle, api: drs:StopReplication, error: ConflictException}]\n"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str

    @property
    def ids(self) -> list[str]:
        return [line for line in self.out.splitlines() if "::" in line and " " not in line]


class Project:
    """A folder of somebody's, and pytest in it, with no plugin but ours (and xdist)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, **files: str) -> None:
        for name, text in files.items():
            path = self.folder / name.replace("__", "/").replace("_yaml", ".yaml").replace("_py", ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def pytest(self, *arguments: str) -> Ran:
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT), "COLUMNS": "160"}
        environment.pop("PYTEST_ADDOPTS", None)
        command = [sys.executable, "-m", "pytest", "-p", "simulator.pytest_plugin", "-p", "xdist", "-c", os.devnull]
        done = subprocess.run(
            [*command, "--rootdir", str(self.folder), *arguments],
            cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        return Ran(done.returncode, done.stdout + done.stderr)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_files_cells_and_shares_of_seeds_are_tests(project: Project) -> None:
    project.write(
        a_yaml=PASSES,
        deep__cells_yaml=PASSES.replace("servers: 1", 'servers: "${matrix.servers}"') + "matrix: {servers: [1, 20]}\n",
        shares_yaml=PASSES + "run: {seeds: 1..120}\nid: DR-7\n",
        whole_yaml=PASSES + "run: {seeds: 1..120}\nthresholds: {rto: p(50) < 1h}\n",
    )
    ids = [
        "a.yaml::a",
        "shares.yaml::DR-7[seeds=1..50]",
        "shares.yaml::DR-7[seeds=51..100]",
        "shares.yaml::DR-7[seeds=101..120]",
        "whole.yaml::whole",
        "deep/cells.yaml::cells[servers=1]",
        "deep/cells.yaml::cells[servers=20]",
    ]
    assert sorted(project.pytest("--collect-only", "-q").ids) == sorted(ids)
    one_seed = project.pytest("--collect-only", "-q", "--drsim-seed", "7", "shares.yaml")
    assert one_seed.ids == ["shares.yaml::DR-7"]
    named = project.pytest("--collect-only", "-q", "deep/cells.yaml::cells[servers=20]")
    assert named.ids == ["deep/cells.yaml::cells[servers=20]"]


def test_tags_are_marks_and_titles_can_be_searched(project: Project) -> None:
    project.write(a_yaml=PASSES, b_yaml=FAILS, c_py="")
    chosen = {
        ("-m", "nightly"): ["a.yaml::a"],
        ("-m", "needs_review and not drill"): ["a.yaml::a"],
        ("-m", "drsim"): ["a.yaml::a", "b.yaml::b"],
        ("-k", "recovers"): ["a.yaml::a"],
    }
    strict = ("--collect-only", "-q", "--strict-markers")
    assert {words: project.pytest(*strict, *words).ids for words in chosen} == chosen


def test_what_did_not_pass_is_told_in_the_scenarios_words_and_comes_first_next_time(project: Project) -> None:
    project.write(ends_yaml=NEVER_ENDS, fails_yaml=FAILS, passes_yaml=PASSES)
    ran = project.pytest("--junitxml=report.xml")
    assert ran.code == 1
    assert "1 failed, 1 passed, 1 error" in ran.out
    assert "FAILED fails.yaml::fails - outcome FAILED: it ended COMPLETED (and 1 more)" in ran.out
    assert "ERROR ends.yaml::ends - HorizonReached" in ran.out
    assert "          expected  the recovery ends FAILED\n          happened  it ended COMPLETED\n" in ran.out
    assert "reproduce: drsim run fails.yaml --seed 1" in ran.out
    assert not re.search(r"Traceback|\.py:\d|^E  ", ran.out, re.MULTILINE)
    cases = ET.parse(project.folder / "report.xml").getroot().iter("testcase")
    assert {case.get("name"): [child.tag for child in case] for case in cases} == {
        "ends": ["error"], "fails": ["failure"], "passes": [],
    }  # fmt: skip
    assert project.pytest("--lf", "--collect-only", "-q").ids == ["ends.yaml::ends", "fails.yaml::fails"]


def test_broken_files_are_collection_errors_with_every_problem(project: Project) -> None:
    project.write(scenarios__broken_yaml="scenario: Two mistakes\nfleet:\n  wavez: []\nexpect: {rto: 90}\n")
    ran = project.pytest()
    assert ran.code == 2
    assert "scenarios/broken.yaml:3:3: unknown key `wavez` in the fleet (did you mean `waves`?)\n" in ran.out
    assert "scenarios/broken.yaml:4:15: expected a duration" in ran.out
    assert "Traceback" not in ran.out


def test_code_that_cannot_be_used_is_an_error_without_a_traceback(project: Project) -> None:
    system = "system: {stateMachine: m.json, handlers: {'${F}': 'f.py:handler'}, start: {input: {}}}\n"
    project.write(one_yaml=PASSES + system, f_py="raise KeyError('ROLE')\n")
    (project.folder / "m.json").write_text('{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}')
    ran = project.pytest()
    assert "1 error" in ran.out
    assert "f.py:1: the handler cannot be imported: KeyError: 'ROLE'" in ran.out
    assert "Traceback" not in ran.out


def test_a_pass_that_means_little_is_a_warning_and_a_failure_where_those_are_errors(project: Project) -> None:
    project.write(vain_yaml=IN_VAIN)
    assert "fault idle never fired" in project.pytest().out
    strict = project.pytest("-W", "error")
    assert "FAILED vain.yaml::vain - fault idle never fired" in strict.out
    assert "Traceback" not in strict.out


def test_xdist_spreads_tests_over_processes(project: Project) -> None:
    project.write(seeds_yaml=PASSES + "run: {seeds: 1..4}\n", fails_yaml=FAILS)
    ran = project.pytest("-n", "2", "-o", "drsim_seeds_per_test=2", "-v", "--drsim-coverage")
    assert "1 failed, 2 passed" in ran.out
    assert re.search(r"coverage of \S+recovery_plan.asl.json, 5 executions: \d+ of \d+", ran.out)
    assert "not reached of the catchers:" in ran.out
    assert "FAILED fails.yaml::fails - outcome FAILED: it ended COMPLETED (and 1 more)" in ran.out


def test_other_yaml_is_left_alone(project: Project) -> None:
    project.write(
        molecule_yaml="driver: {name: docker}\nscenario:\n  name: default\n  test_sequence: [create]\n",
        flow_yaml="{scenario: {name: default}}\n",
        helm_yaml="{{ if .Values.fleet }}\nkind: Service\n",
        nested_yaml="config:\n  fleet:\n    waves: []\n",
        empty_yaml="",
        load_yaml="scenarios:\n  - flow: []\n",
        _part_yaml=PASSES,
        test_own_py="def test_own(): pass\n",
    )
    assert project.pytest("--collect-only", "-q").ids == ["test_own.py::test_own"]


@pytest.mark.parametrize(
    "text",
    ["scenario: One\n", "scenrio: One\nfleet:\n  waves: []\n", '"scenario": One\n', "{scenario: One}\n", "Fleet:\n  x: 1"],
)
def test_what_is_meant_as_a_scenario_is_taken_however_broken(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    assert is_scenario(path)


def imports(program: str) -> dict[str, int]:
    """What a program of its own imports, and how many microseconds each took with all that it imports itself."""
    command, environment = [sys.executable, "-X", "importtime", "-c", program], {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return {name: int(cost) for cost, name in re.findall(r"\| +(\d+) \| +(\S+)$", done.stderr, re.MULTILINE)}


def test_loading_the_plugin_costs_others_next_to_nothing() -> None:
    # The least of several tries: what else the machine has to do must not count.
    runs = (imports("import pytest, _pytest.pytester, simulator.pytest_plugin") for _ in range(8))
    assert any(run["simulator.pytest_plugin"] < 20_000 for run in runs)


def test_loading_the_plugin_imports_nothing_heavy() -> None:
    loaded = {name.partition(".")[0] for name in imports("import pytest, simulator.pytest_plugin")}
    assert loaded.isdisjoint({"yaml", "pydantic", "boto3", "botocore", "moto", "rich", "click", "greenlet", "time_machine"})
