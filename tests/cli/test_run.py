"""`drsim run`: what is run, what is shown where, and the exit code."""

import json
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from simulator.cli.main import exit_code
from simulator.cli.progress import Progress
from simulator.runner.result import Result
from simulator.scenario.model import Scenario
from tests.cli.worlds import pretend, write


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("simulator.cli.session.run_scenario", pretend)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines(text: str, *beginnings: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(beginnings)]


def test_run_without_paths_runs_the_scenarios_folder(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("scenarios/a.yaml"), "One")
    write(Path("scenarios/deep/b.yml"), "Two")

    assert exit_code(["run"]) == 0
    assert lines(capsys.readouterr().out, "PASSED", "2 ") == [
        "PASSED  One   28:06 (RTO 45:00)",
        "PASSED  Two   28:06 (RTO 45:00)",
        "2 scenarios: 2 passed (56:20 of virtual time in 0.0 s; uncalibrated)",
    ]


def test_failed_check_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("scenarios/a.yaml"), "One")
    write(Path("scenarios/b.yaml"), "Two fails")

    assert exit_code(["run"]) == 1
    assert lines(capsys.readouterr().out, "2 ") == [
        "2 scenarios: 1 passed, 1 failed (56:20 of virtual time in 0.0 s; uncalibrated)"
    ]


def test_what_could_not_be_judged_exits_2_even_beside_a_failure() -> None:
    write(Path("scenarios/a.yaml"), "One fails")
    write(Path("scenarios/b.yaml"), "horizon")

    assert exit_code(["run"]) == 2


def test_broken_file_among_many_does_not_stop_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("scenarios/a.yaml"), "One")
    Path("scenarios/b.yaml").write_text("scenario: Broken\nfleet: {wave: 3}\n")
    write(Path("scenarios/c.yaml"), "Three")

    assert exit_code(["run"]) == 2
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        "scenarios/b.yaml:2:1: the fleet needs `waves` (the waves, in the order of the plan)",
        "scenarios/b.yaml:2:9: unknown key `wave` in the fleet (did you mean `waves`?)",
    ]
    assert lines(captured.out, "PASSED", "3 ") == [
        "PASSED  One   28:06 (RTO 45:00)",
        "PASSED  Three   28:06 (RTO 45:00)",
        "3 scenarios: 2 passed, 1 could not be judged (56:20 of virtual time in 0.0 s; uncalibrated)",
    ]


def test_only_broken_files_say_nothing_but_their_problems(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.yaml").write_text("")

    assert exit_code(["run", "a.yaml"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "a.yaml:1:1: the file is empty (a scenario begins with `scenario: what happens` and has a `fleet:`)\n"
    )


def test_problem_found_only_in_the_run_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("a.yaml"), "A handler that does not import")

    assert exit_code(["run", "a.yaml"]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "code.py:3: cannot be imported: No module named 'nothing'\n")


def test_bug_of_ours_is_shown_as_one_and_the_others_still_run(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("scenarios/a.yaml"), "A bug")
    write(Path("scenarios/b.yaml"), "Two")

    assert exit_code(["run"]) == 2
    captured = capsys.readouterr()
    assert captured.err.splitlines()[0] == "This is a bug in drsim, not in your files. Please report it with these lines:"
    assert captured.err.splitlines()[-1] == "KeyError: 'lost'"
    assert "PASSED  Two" in captured.out


def test_ctrl_c_exits_130_after_what_has_run(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("scenarios/a.yaml"), "One")
    write(Path("scenarios/b.yaml"), "stop")
    write(Path("scenarios/c.yaml"), "Three")

    assert exit_code(["run"]) == 130
    captured = capsys.readouterr()
    assert lines(captured.out, "PASSED") == ["PASSED  One   28:06 (RTO 45:00)"]
    assert captured.err.strip() == "stopped by Ctrl-C"


def test_paths_that_do_not_exist_are_all_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()

    assert exit_code(["run", "nowhere", "empty", "not/here.yaml"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "nowhere: there is no such file or folder",
        "empty: this folder holds no scenario (a scenario is a .yaml file with `scenario:` in it)",
        "not/here.yaml: there is no such file or folder",
    ]


def test_a_budget_holds_every_run_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    write(Path("scenarios/a.yaml"), "One")
    held: list[float | None] = []

    def note(scenario: Scenario, seed: int | None = None) -> Result:
        budget = scenario.expect.cost
        held.append(None if budget is None else budget.at_most_usd)
        return pretend(scenario, seed)

    monkeypatch.setattr("simulator.cli.session.run_scenario", note)
    assert (exit_code(["run"]), exit_code(["run", "--budget", "0.05"])) == (0, 0)
    assert held == [None, 0.05]


def test_seed_replaces_every_scenario_s_own(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("a.yaml"), "One")

    assert exit_code(["run", "a.yaml", "--seed", "42"]) == 0
    assert "outcome COMPLETED · 2 checks · seed 42 · a.yaml" in capsys.readouterr().out


@pytest.mark.parametrize(("words", "title"), [("TWO", "Number two"), ("weekly", "Number two"), ("c.yaml", "Number three")])
def test_words_choose_by_title_tag_or_path(words: str, title: str, capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("scenarios/a.yaml"), "Number one")
    write(Path("scenarios/b.yaml"), "Number two", tag="weekly")
    write(Path("scenarios/c.yaml"), "Number three")

    assert exit_code(["run", "-k", words]) == 0
    assert lines(capsys.readouterr().out, "PASSED") == [f"PASSED  {title}   28:06 (RTO 45:00)"]


def test_words_that_choose_nothing_are_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("scenarios/a.yaml"), "One")

    assert exit_code(["run", "-k", "tow"]) == 2
    assert capsys.readouterr().err == "-k: no scenario has 'tow' in its title, id, tags or path\n"


def test_json_is_the_only_thing_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("scenarios/a.yaml"), "One")
    Path("scenarios/b.yaml").write_text("scenario: [")

    assert exit_code(["run", "--format", "json"]) == 2
    report = json.loads(capsys.readouterr().out)
    assert [(scenario["path"], scenario["verdict"]) for scenario in report["scenarios"]] == [
        ("scenarios/b.yaml", "ERROR"),
        ("scenarios/a.yaml", "PASSED"),
    ]


def test_output_gets_the_report_while_the_text_is_still_printed(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("scenarios/a.yaml"), "Ausfall in Zürich fails")

    assert exit_code(["run", "--format", "junit", "--output", "out/report.xml"]) == 1
    assert "FAILED  Ausfall in Zürich fails" in capsys.readouterr().out
    root = ET.fromstring(Path("out/report.xml").read_bytes())
    assert (root.get("tests"), root.get("failures")) == ("1", "1")


def test_output_of_text_is_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("scenarios/a.yaml"), "One")

    assert exit_code(["run", "--output", "report.txt"]) == 0
    assert Path("report.txt").read_text("utf-8") == capsys.readouterr().out


def test_output_that_cannot_be_written_is_told_first_and_changes_no_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("scenarios/a.yaml"), "One")
    Path("file").write_text("")

    assert exit_code(["run", "--format", "json", "--output", "file/report.json"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("PASSED  One")
    assert captured.err == "file: cannot be written: File exists\nthe json report could not be written; the verdict stands\n"


def test_journals_are_named_for_their_scenario_and_seed() -> None:
    write(Path("scenarios/drs/a b.yaml"), "One")
    write(Path("scenarios/drs/a b.yml"), "Two")
    write(Path("scenarios/c.yaml"), "Three")

    assert exit_code(["run", "--seed", "3", "--journal", "journals"]) == 0
    assert sorted(path.name for path in Path("journals").iterdir()) == [
        "scenarios-c.seed3.jsonl",
        "scenarios-drs-a-b.seed3.2.jsonl",
        "scenarios-drs-a-b.seed3.jsonl",
    ]
    assert Path("journals/scenarios-c.seed3.jsonl").read_text("utf-8") == (
        '{"at_ms":0,"detail":"","index":0,"kind":"run.ended","reason":"finished"}\n'
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--seed", "-1"], "Invalid value for '--seed'"),
        (["run", "--format", "yaml"], "Invalid value for '--format'"),
        (["run", "--target", "moon"], "Invalid value for '--target'"),
        (["rum"], "No such command 'rum'"),
    ],
)
def test_wrong_arguments_exit_2(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(arguments) == 2
    assert message in capsys.readouterr().err


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_one_line_rewritten_in_place() -> None:
    stream = Terminal()
    progress = Progress(stream, 2)
    progress.show(1, "First")
    progress.show(2, "Second")
    progress.clear()

    assert stream.getvalue() == "\r\x1b[2K[1/2] First\r\x1b[2K[2/2] Second\r\x1b[2K"


def test_progress_is_silent_for_one_run_and_away_from_terminals() -> None:
    terminal, pipe = Terminal(), StringIO()
    Progress(terminal, 1).show(1, "Only")
    Progress(pipe, 5).show(1, "First")

    assert terminal.getvalue() + pipe.getvalue() == ""


def test_tags_choose_scenarios(capsys: pytest.CaptureFixture[str]) -> None:
    write(Path("scenarios/a.yaml"), "One", tag="nightly")
    write(Path("scenarios/b.yaml"), "Two", tag="weekly")
    write(Path("scenarios/c.yaml"), "Three", tag="never")

    assert exit_code(["run", "--tag", "weekly", "--tag", "nightly"]) == 0
    assert [line.split()[1] for line in lines(capsys.readouterr().out, "PASSED")] == ["One", "Two"]
    assert exit_code(["run", "--tag", "hourly"]) == 2
    assert capsys.readouterr().err == "--tag: no scenario is tagged hourly\n"


def test_each_run_of_a_matrix_is_shown_and_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    text = 'scenario: Waves\nmatrix: {n: [1, 2]}\nfleet: {waves: [{name: a, servers: "${matrix.n}"}]}\n'
    Path("a.yaml").write_text(text, "utf-8")

    assert exit_code(["run", "a.yaml"]) == 0
    assert [line[8:19] for line in lines(capsys.readouterr().out, "PASSED")] == ["Waves [n=1]", "Waves [n=2]"]
    assert exit_code(["run", "a.yaml", "-k", "[n=2]"]) == 0
    assert [line[8:19] for line in lines(capsys.readouterr().out, "PASSED")] == ["Waves [n=2]"]


def test_all_seeds_make_one_result_and_a_journal_each(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.yaml").write_text("scenario: Seeds\nfleet: {waves: [{name: a, servers: 1}]}\nrun: {seeds: 3..5}\n", "utf-8")

    assert exit_code(["run", "a.yaml", "--journal", "journals"]) == 0
    assert "3 seeds, all passed" in capsys.readouterr().out
    assert sorted(path.name for path in Path("journals").iterdir()) == [f"a.seed{seed}.jsonl" for seed in (3, 4, 5)]
    assert exit_code(["run", "a.yaml", "--seed", "4"]) == 0
    assert "seed 4" in capsys.readouterr().out


def test_processes_change_neither_order_nor_what_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    titles = ["One", "Two fails", "A bug", "Three", "A handler that does not import", "Four"]
    for number, title in enumerate(titles):
        write(Path(f"scenarios/{number}.yaml"), title)
    seen = []
    for jobs in ("1", "3"):
        assert exit_code(["run", "--jobs", jobs]) == 2
        captured = capfd.readouterr()
        told = [line for line in captured.err.splitlines() if not line.startswith(" ")]
        seen.append((captured.out, told))
    assert seen[0] == seen[1]
    assert [line.split("  ")[0] for line in lines(seen[0][0], "PASSED", "FAILED")][:2] == ["PASSED", "FAILED"]
