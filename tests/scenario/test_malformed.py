"""Malformed scenarios: each file in `malformed/` and, in the text beside it, every message that it gives."""

from pathlib import Path

import pytest

from simulator.errors import ScenarioError
from simulator.scenario.loading import load, parse
from simulator.scenario.text import MAX_BYTES
from simulator.scenario.tree import read_tree

FOLDER = Path(__file__).with_name("malformed")
FILES = sorted(FOLDER.glob("*.yaml"))


def messages_of(path: Path) -> list[str]:
    with pytest.raises(ScenarioError) as raised:
        load(path)
    return [str(problem) for problem in raised.value.problems]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_malformed_file_says_all_that_is_wrong(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    expected = file.with_suffix(".txt").read_text("utf-8").replace("FOLDER", str(FOLDER))

    assert messages_of(Path(file.name)) == expected.splitlines()


def test_no_message_falls_back_on_the_library_s_words() -> None:
    texts = [path.read_text("utf-8") for path in FOLDER.glob("*.txt")]
    assert len(texts) == len(FILES) > 20
    assert not [text for text in texts if "something else" in text or "pydantic" in text]


def test_folder_cannot_be_read_as_a_scenario(tmp_path: Path) -> None:
    assert messages_of(tmp_path) == [f"{tmp_path}: cannot be read: Is a directory"]


def test_missing_file_is_one_line(tmp_path: Path) -> None:
    assert messages_of(tmp_path / "none.yaml") == [f"{tmp_path / 'none.yaml'}: cannot be read: No such file or directory"]


def test_huge_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "huge.yaml"
    file.write_bytes(b"# " + b"x" * MAX_BYTES)
    assert messages_of(file) == [f"{file}: expected a scenario file of at most 256 KiB"]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused_before_it_costs_anything(opening: str) -> None:
    with pytest.raises(ScenarioError, match="nested more than 50 levels deep"):
        read_tree(opening * 80_000, "x.yaml")


def test_byte_order_mark_is_not_part_of_the_text(tmp_path: Path) -> None:
    file = tmp_path / "bom.yaml"
    file.write_bytes("\ufeffscenario: Marked\nfleet: {waves: [{name: data, servers: 2}]}\n".encode())
    assert load(file).title == "Marked"


def test_windows_line_ends_keep_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "crlf.yaml"
    file.write_bytes(b"scenario: From Windows\r\nfleet:\r\n  waves: [{name: data, servers: many}]\r\n")
    assert messages_of(file) == [f'{file}:3:33: expected how many servers, or a list of their names, found "many"']


def test_columns_count_characters_not_bytes() -> None:
    text = "scenario: Zürich\nfleet: {waves: [{name: Datenbänke, servers: viele}]}\n"
    with pytest.raises(ScenarioError, match=r"^x\.yaml:2:45: expected how many servers"):
        parse(text, Path("x.yaml"))


def test_half_a_surrogate_pair_is_refused() -> None:
    text = 'scenario: "\\ud800"\nfleet: {waves: [{name: data, servers: 2}]}\n'
    with pytest.raises(ScenarioError, match=r"^x\.yaml:1:1[0-9]: "):
        parse(text, Path("x.yaml"))
