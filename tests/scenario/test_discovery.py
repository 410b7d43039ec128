"""Finding scenarios: nothing that is meant as one is passed over in silence."""

from pathlib import Path

import pytest

from simulator.errors import UserError
from simulator.scenario.discovery import discover

SCENARIO = "scenario: One\nfleet: {waves: [{name: data, servers: 2}]}\n"


def make(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_yaml", ".yaml").replace("_yml", ".yml").replace("_txt", ".txt")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def found(folder: Path, *paths: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in discover(paths or (folder,))]


def test_folders_are_searched_in_order(tmp_path: Path) -> None:
    make(tmp_path, b_yaml=SCENARIO, a_yml=SCENARIO, drs__z_yaml=SCENARIO, aws__deep__y_yaml=SCENARIO, notes_txt=SCENARIO)
    assert found(tmp_path) == ["a.yml", "b.yaml", "aws/deep/y.yaml", "drs/z.yaml"]


def test_named_files_come_first_and_once(tmp_path: Path) -> None:
    make(tmp_path, a_yaml=SCENARIO, b_yaml=SCENARIO, plan_txt=SCENARIO)
    assert found(tmp_path, tmp_path / "plan.txt", tmp_path / "b.yaml", tmp_path) == ["plan.txt", "b.yaml", "a.yaml"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "scenrio: One\n",
        "Scenario: One\n",
        "{scenario: One}\n",
        "faults: []\n",
        "title: One\nfleet: {waves: []}\n",
        "scenario: [\n",
        "fleet:\n\twaves: []\n",
        "{{{",
    ],
)
def test_broken_and_misspelled_scenarios_are_found(text: str, tmp_path: Path) -> None:
    make(tmp_path, meant_yaml=text)
    assert found(tmp_path) == ["meant.yaml"]


def test_scenario_that_is_not_utf_8_is_found(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"scenario: Z\xfcrich\n")
    assert found(tmp_path) == ["latin.yaml"]


@pytest.mark.parametrize(
    "text",
    [
        "Resources: {Topic: {Type: AWS::SNS::Topic}}\nOutputs: {Arn: !Ref Topic}\n",
        "waves: [{name: data}]\nplanId: p\n",
        "- one\n- two\n",
        "just text\n",
    ],
)
def test_other_yaml_beside_scenarios_is_left_alone(text: str, tmp_path: Path) -> None:
    make(tmp_path, one_yaml=SCENARIO, inputs__other_yaml=text)
    assert found(tmp_path) == ["one.yaml"]


def test_underscore_and_dot_leave_files_and_folders_out(tmp_path: Path) -> None:
    make(tmp_path, one_yaml=SCENARIO, _part_yaml=SCENARIO, _parts__two_yaml=SCENARIO)
    make(tmp_path, **{".hidden__three_yaml": SCENARIO, ".four_yaml": SCENARIO})
    assert found(tmp_path) == ["one.yaml"]


def test_named_file_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    make(tmp_path, _part_yaml="waves: []\n")
    assert found(tmp_path, tmp_path / "_part.yaml") == ["_part.yaml"]


def test_every_wrong_path_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError) as raised:
        discover([tmp_path / "nowhere", tmp_path / "empty"])
    assert [problem.message for problem in raised.value.problems] == [
        "there is no such file or folder",
        "this folder holds no scenario",
    ]
