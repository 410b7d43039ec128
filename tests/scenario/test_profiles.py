"""Latency profiles that a scenario names, and the files they come in."""

from pathlib import Path

import pytest

from simulator.errors import ScenarioError
from simulator.scenario.loading import load
from simulator.scenario.model import Scenario
from simulator.scenario.profiles import Profile, load_profile, profile_text

SCENARIO = "scenario: One\nfleet:\n  profile: {profile}\n  waves: [{{name: data, servers: 2}}]\n"
OURS = """\
name: our-windows
base: windows-direct
latency:
  pending: {median: 357ms, p95: 5s20ms}
  conversion: {median: 3m7s, p95: 6m40s}
calibrated:
  drsim: 0.1.0
  jobs: 2
  firstJob: '2026-02-01T10:15:38.846000Z'
  lastJob: '2026-02-03T10:15:38.846000Z'
  samples: {pending: 2, conversion: 2}
  files:
  - {name: jobs.json, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}
"""


def scenario_with(folder: Path, profile: str, text: str | None = None) -> Scenario:
    if text is not None:
        (folder / profile).write_text(text, "utf-8")
    path = folder / "one.yaml"
    path.write_text(SCENARIO.format(profile=profile), "utf-8")
    return load(path)


def test_a_scenario_names_a_profile_of_the_service(tmp_path: Path) -> None:
    profile = scenario_with(tmp_path, "windows-direct").fleet.profile

    assert (profile.name, profile.base, profile.platform) == ("windows-direct", "windows-direct", "windows")
    assert (profile.latency.given(), profile.calibrated) == ({}, None)


def test_a_scenario_names_a_profile_file_beside_it(tmp_path: Path) -> None:
    profile = scenario_with(tmp_path, "ours.yaml", OURS).fleet.profile

    assert (profile.name, profile.base, profile.platform) == ("our-windows", "windows-direct", "windows")
    given = profile.latency.given()
    assert {phase: (latency.median_ms, latency.p95_ms) for phase, latency in given.items()} == {
        "pending": (357, 5_020),
        "conversion": (187_000, 400_000),
    }
    assert profile.calibrated is not None
    assert profile.calibrated.jobs == 2


def test_a_profile_is_written_as_it_is_read(tmp_path: Path) -> None:
    profile = scenario_with(tmp_path, "ours.yaml", OURS).fleet.profile
    header, text = profile_text(profile).split("\n", 1)

    assert header.startswith("# A latency profile for drsim.")
    assert text == OURS


def test_a_profile_without_captures_is_written_without_them(tmp_path: Path) -> None:
    profile = Profile.model_validate({"name": "guess", "base": "extended", "latency": {"boot": "1m"}})
    path = tmp_path / "guess.yaml"
    path.write_text(profile_text(profile), "utf-8")

    assert load_profile(path) == profile


def test_every_problem_of_a_profile_file_has_its_place(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("name: 7 up\nbase: linux\nlatency: {lunch: 4m, launch: {median: 4, p95: 9m}}\n", "utf-8")
    with pytest.raises(ScenarioError) as raised:
        load_profile(path)

    assert [str(problem).removeprefix(f"{path}:") for problem in raised.value.problems] == [
        '1:7: expected a name of letters, digits, dots and dashes, found "7 up"',
        '2:7: expected one of linux-direct, windows-direct or extended, found "linux"',
        "3:11: unknown key `lunch` in the latencies (did you mean `launch`?)",
        "3:39: expected a duration such as 90s, 4m or 1h30m, found 4",
    ]


def test_a_profile_file_that_cannot_be_used_is_a_problem_of_the_scenario(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as raised:
        scenario_with(tmp_path, "ours.yaml", "name: ours\nbase: linux\n")

    (problem,) = raised.value.problems
    assert problem.where == f"{tmp_path}/one.yaml:3:12"
    assert problem.message == (
        f"the profile cannot be used: {tmp_path}/ours.yaml:2:7: "
        'expected one of linux-direct, windows-direct or extended, found "linux"'
    )


def test_a_profile_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"one\.yaml:3:12: there is no file profiles/ours\.yaml \(looked for /"):
        scenario_with(tmp_path, "profiles/ours.yaml")
