"""Scenarios of several files: what they build on, whose value wins, and where messages point."""

from pathlib import Path

import pytest

from simulator.errors import ScenarioError
from simulator.scenario.loading import load

BASE = """\
scenario: The base
tags: [base]
fleet:
  drill: false
  waves: [{name: data, servers: 2}]
faults:
  - {id: first, known: throttled}
expect: {outcome: COMPLETED, calls: {drs:StartRecovery: 1}}
"""


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def messages(path: Path) -> list[str]:
    with pytest.raises(ScenarioError) as raised:
        load(path)
    return [str(problem) for problem in raised.value.problems]


def test_what_extends_another_changes_only_what_it_says(tmp_path: Path) -> None:
    write(
        tmp_path, base=BASE, own="scenario: Own\nextends: base.yaml\nfleet: {region: eu-west-1}\nexpect: {outcome: FAILED}\n"
    )
    scenario = load(tmp_path / "own.yaml")
    assert (scenario.title, scenario.tags, scenario.fleet.drill, scenario.fleet.region) == (
        "Own",
        ("base",),
        False,
        "eu-west-1",
    )
    assert (str(scenario.expect.outcome), list(scenario.expect.calls)) == ("FAILED", ["drs:StartRecovery"])


def test_lists_replace_what_is_extended_and_follow_what_is_included(tmp_path: Path) -> None:
    write(tmp_path, base=BASE, part="faults: [{id: part, known: throttled}]\n")
    own = "faults: [{id: own, known: throttled}]\n"
    write(tmp_path, extending=f"extends: base.yaml\n{own}", including=f"include: [part.yaml]\nextends: base.yaml\n{own}")
    assert [fault.id for fault in load(tmp_path / "extending.yaml").faults] == ["own"]
    assert [fault.id for fault in load(tmp_path / "including.yaml").faults] == ["part", "own"]


def test_a_folder_s_defaults_lie_below_everything(tmp_path: Path) -> None:
    write(tmp_path, _defaults="tags: [nightly]\nrun: {seed: 9, horizon: 8h}\n", base=BASE + "run: {seed: 3}\n")
    scenario = load(tmp_path / "base.yaml")
    assert (scenario.tags, scenario.run.seed, scenario.run.horizon_ms) == (("base",), 3, 28_800_000)


def test_paths_start_from_the_file_they_are_written_in(tmp_path: Path) -> None:
    write(tmp_path, shared__ours="name: ours\nbase: linux-direct\n")
    write(
        tmp_path, shared__base=BASE.replace("drill: false", "profile: ours.yaml"), deep__own="extends: ../shared/base.yaml\n"
    )
    assert load(tmp_path / "deep" / "own.yaml").fleet.profile.name == "ours"


def test_messages_name_the_file_that_a_mistake_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, base=BASE.replace("outcome", "outcom"), own="extends: base.yaml\nrun: {horizon: 90}\n")
    assert messages(Path("own.yaml")) == [
        "own.yaml:2:16: expected a duration such as 90s, 4m or 1h30m, found 90",
        "base.yaml:8:10: unknown key `outcom` in `expect` (did you mean `outcome`?)",
    ]


def test_files_that_are_missing_or_build_on_themselves_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, base=BASE + "extends: own.yaml\n", own="extends: base.yaml\ninclude: [nothing.yaml]\n")
    assert messages(Path("own.yaml")) == [
        f"own.yaml:2:11: there is no file nothing.yaml (looked for {tmp_path / 'nothing.yaml'})",
        "base.yaml:9:10: own.yaml builds on itself (remove one of the references)",
    ]
