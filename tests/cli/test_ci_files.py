"""The action, the hooks and the snippets for CI: YAML whose commands are drsim's and run."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulator.cli.main import exit_code
from tests.cli.worlds import pretend, write

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
DOCS = (ROOT / "docs/ci.md").read_text("utf-8")
SNIPPETS = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)]


def commands(value: Any) -> Iterator[str]:
    """Every line of shell in a snippet."""
    match value:
        case {"run": str(text)}:
            yield from text.splitlines()
        case {"script": list(lines)}:
            yield from lines
        case dict():
            for member in value.values():
                yield from commands(member)
        case list():
            for item in value:
                yield from commands(item)


def test_every_command_of_the_guide_is_one_that_drsim_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.cli.session.run_scenario", pretend)
    monkeypatch.setattr("simulator.cli.inspection.inspect_file", lambda _: [])
    monkeypatch.chdir(tmp_path)
    write(Path("scenarios/a.yaml"), "One")
    shell = re.findall(r"```\n(drsim .*?)```", DOCS, re.DOTALL)
    found = [line for snippet in SNIPPETS for line in commands(snippet)] + shell
    ours = [shlex.split(line) for line in found if line.startswith("drsim ")]
    assert len(ours) == 5
    assert [exit_code(command[1:]) for command in ours] == [0] * 5
    written = {Path(word.rpartition("=")[2]) for command in ours for word in command if word.startswith(("html=", "junit="))}
    assert all(path.is_file() for path in written)


def test_what_gitlab_looks_for_is_in_the_text() -> None:
    (job,) = [snippet["recovery-drills"] for snippet in SNIPPETS if "recovery-drills" in snippet]
    pattern = re.compile(job["coverage"].strip("/"))
    found = pattern.search("coverage of asl/recovery_plan.asl.json, 12 executions: 47 of 204 (23.1%)")
    assert found is not None
    assert found[1] == "23.1"


def test_hooks_are_commands_of_drsim_on_scenarios_that_stand_alone() -> None:
    assert [hook["entry"] for hook in HOOKS] == ["drsim check", "drsim run"]
    used = [hook["id"] for snippet in SNIPPETS for repo in snippet.get("repos", []) for hook in repo["hooks"]]
    assert used == [hook["id"] for hook in HOOKS]
    for hook in HOOKS:
        assert re.search(hook["files"], "scenarios/happy/drill.yaml")
        assert not re.search(hook["files"], "docs/mkdocs.yml")
        assert re.search(hook["exclude"], "scenarios/_defaults.yaml")
        assert not re.search(hook["exclude"], "scenarios/happy/a_drill.yaml")


def test_the_action_refers_only_to_what_it_declares() -> None:
    text = (ROOT / "action.yml").read_text("utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", ""), "inputs reach the shell as variables, not as text of the script"
        assert "uses" in step or step["shell"] == "bash"
    (used,) = [step["with"] for snippet in SNIPPETS for step in steps(snippet) if "OWNER" in step.get("uses", "")]
    assert set(used) <= set(ACTION["inputs"])


def steps(snippet: Any) -> Iterator[Any]:
    for job in snippet.get("jobs", {}).values():
        yield from job["steps"]


def test_the_commands_of_the_action_run(tmp_path: Path) -> None:
    (tmp_path / "scenarios").mkdir()
    scenario = "scenario: One\nfleet: {waves: [{name: a, servers: 1}]}\nexpect: {outcome: FAILED}\n"
    (tmp_path / "scenarios/a.yaml").write_text(scenario, "utf-8")
    given = {"paths": "scenarios", "options": "--fail-under 1 --seed 3", "reports": "out/reports"}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    codes = []
    for step in ACTION["runs"]["steps"]:
        if step.get("name", "").startswith("drsim"):
            values = {name: given[re.findall(r"inputs\.(\w+)", text)[0]] for name, text in step["env"].items()}
            done = subprocess.run(
                ["bash", "-eo", "pipefail", "-c", step["run"]],
                cwd=tmp_path, env={**environment, **values}, capture_output=True, text=True, check=False,
            )  # fmt: skip
            codes.append(done.returncode)
    assert codes == [0, 1]
    assert "::error file=scenarios/a.yaml,line=1,title=FAILED%3A One::" in done.stdout
    assert (tmp_path / "summary.md").read_text("utf-8").startswith("## drsim: 1 scenario: 1 failed")
    assert sorted(path.name for path in (tmp_path / "out/reports").iterdir()) == ["drsim.html", "drsim.json", "junit.xml"]
