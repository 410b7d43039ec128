"""`drsim replay` and `drsim diff`: what was recorded happens again, or the user is told what does not and why."""

from pathlib import Path

import pytest

from simulator.cli.main import exit_code

SCENARIO = """\
# A database and what needs it.
scenario: two waves
fleet:
  waves:
    - {name: data, servers: [db-1]}
    - {name: app, servers: [app-1], dependsOn: [data]}
"""
RECORDED: dict[str, bytes] = {}  # the same scenario and seed give the same journal, so that one run is enough for all tests
FAULT = "faults:\n  - {id: full, server: app-1, phase: LAUNCH, outcome: FAILED, rawError: InsufficientInstanceCapacity}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.yaml").write_text(SCENARIO, "utf-8")
    return tmp_path


def record(folder: str = "journals", *options: str) -> str:
    """Run the scenario, the first time that it is asked for with a seed; the path of its journal."""
    seed = options[1] if options else "1"
    path = Path(folder, f"two.seed{seed}.jsonl")
    if seed not in RECORDED:
        exit_code(["run", "two.yaml", "--journal", folder, *options])
        RECORDED[seed] = path.read_bytes()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(RECORDED[seed])
    return str(path)


def test_a_recorded_run_is_the_same_again_byte_for_byte(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = record("journals", "--seed", "7")
    capsys.readouterr()
    code = exit_code(["replay", journal, "--output", "again/two.jsonl"])
    out = capsys.readouterr().out
    assert code == 0
    assert out.startswith("the same: ")
    assert out.endswith("seed 7, two.yaml\n")
    assert (folder / "again/two.jsonl").read_bytes() == (folder / journal).read_bytes()


def test_a_changed_comment_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = record()
    (folder / "two.yaml").write_text("# Another comment.\n" + SCENARIO, "utf-8")
    capsys.readouterr()
    assert exit_code(["replay", journal]) == 0
    assert "changed since" not in capsys.readouterr().out


def test_a_changed_scenario_is_named_with_the_first_difference_and_what_follows(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = record()
    (folder / "two.yaml").write_text(SCENARIO + FAULT, "utf-8")
    capsys.readouterr()
    assert exit_code(["replay", journal]) == 1
    out = capsys.readouterr().out
    assert "not the same: two waves, seed 1, two.yaml" in out
    assert " of wave app\n  recorded  " in out
    assert "app-1 is LAUNCHED (wave app)" in out
    assert "job log: LAUNCH_FAILED of app-1 (InsufficientInstanceCapacity) (wave app)" in out
    assert "the end: ExecutionSucceeded and ExecutionFailed" in out
    assert out.endswith("changed since it was recorded: the scenario's text (two.yaml)\n")


def test_a_changed_journal_is_found_although_nothing_else_changed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = folder / record()
    lines = journal.read_text("utf-8").splitlines(keepends=True)
    number, line = next((n, line) for n, line in enumerate(lines) if '"operation":"StartRecovery"' in line)
    lines[number] = line.replace('"isDrill":true', '"isDrill":false')
    journal.write_text("".join(lines), "utf-8")
    capsys.readouterr()
    assert exit_code(["replay", str(journal)]) == 1
    out = capsys.readouterr().out
    assert f"first difference: event {number}, at " in out
    assert '"isDrill": false' in out
    assert '"isDrill": true' in out
    assert "nor drsim's version have changed" in out


def test_another_handler_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = folder / record()
    text = journal.read_text("utf-8")
    at = text.index('"orchestration/waves.py":"') + len('"orchestration/waves.py":"')
    journal.write_text(text[:at] + "0123456789abcdef" + text[at + 16 :], "utf-8")
    capsys.readouterr()
    assert exit_code(["replay", str(journal)]) == 0
    assert capsys.readouterr().out.endswith("changed since it was recorded: orchestration/waves.py\n")


def test_a_scenario_that_has_moved_must_be_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = record()
    (folder / "moved").mkdir()
    (folder / "two.yaml").rename(folder / "moved/two.yaml")
    assert exit_code(["replay", journal]) == 2
    assert "its scenario two.yaml is not there" in capsys.readouterr().err
    assert exit_code(["replay", journal, "--scenario", "moved/two.yaml"]) == 0


def test_a_run_of_a_matrix_is_replayed_with_its_values(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    matrix = "scenario: one wave\nmatrix: {count: [1, 2]}\nfleet: {waves: [{name: data, servers: '${matrix.count}'}]}\n"
    (folder / "many.yaml").write_text(matrix, "utf-8")
    exit_code(["run", "many.yaml", "--journal", "journals"])
    journals = sorted(path for path in (folder / "journals").iterdir())
    assert len(journals) == 2
    assert [exit_code(["replay", str(journal)]) for journal in journals] == [0, 0]
    (folder / "many.yaml").write_text(matrix.replace("[1, 2]", "[1, 3]"), "utf-8")
    capsys.readouterr()
    assert 2 in [exit_code(["replay", str(journal)]) for journal in journals]
    assert "the recorded run had count=2, and none of this file's has" in capsys.readouterr().err


def test_what_is_no_journal_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("", "{}", '{"kind": "no.kind", "index": 0, "at_ms": 0}', "scenario: two waves\n", "[1]", '"x"'):
        (folder / "odd.jsonl").write_text(text, "utf-8")
        assert exit_code(["diff", "odd.jsonl", "odd.jsonl"]) == 2, text
        assert capsys.readouterr().err.startswith("odd.jsonl: expected a journal: "), text


def test_diff_says_where_two_seeds_part_and_by_how_much(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = record(), record("journals", "--seed", "2")
    capsys.readouterr()
    assert exit_code(["diff", one, other]) == 1
    out = capsys.readouterr().out
    assert "A  journals/two.seed1.jsonl  two waves, seed 1\nB  journals/two.seed2.jsonl  two waves, seed 2\n" in out
    assert " in state StartWaveRecovery of wave data\n" in out
    assert "at another time in B\n  wave data: " in out
    assert out.endswith("not run from the same: the seed: 1 and 2\n")


def test_diff_of_a_journal_with_itself_finds_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = record()
    capsys.readouterr()
    assert exit_code(["diff", journal, journal]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "no event differs"
