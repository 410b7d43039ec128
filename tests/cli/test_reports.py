"""Several reports of one session, coverage, and reports that fail."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from simulator.cli.main import exit_code
from simulator.runner.result import Result
from tests.cli.worlds import pretend, write
from tests.report.coverages import COVERAGE


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("simulator.cli.session.run_scenario", pretend)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.chdir(tmp_path)
    write(Path("scenarios/a.yaml"), "One")
    write(Path("scenarios/b.yaml"), "Two fails")
    return tmp_path


def test_each_format_has_a_file_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    formats = ["--format", "junit=out/a.xml", "--format", "html=out/deep/a.html", "--format", "json=a.json"]
    assert exit_code(["run", *formats, "--format", "markdown=a.md", "--format", "text=a.txt"]) == 1
    assert capsys.readouterr().out == Path("a.txt").read_text("utf-8")
    assert ET.fromstring(Path("out/a.xml").read_bytes()).get("tests") == "2"
    assert Path("out/deep/a.html").read_text("utf-8").startswith("<!doctype html>")
    assert json.loads(Path("a.json").read_text("utf-8"))["summary"]["FAILED"] == 1
    assert Path("a.md").read_text("utf-8").startswith("## drsim: 2 scenarios: 1 passed, 1 failed\n")


def test_outputs_go_with_formats_in_their_order() -> None:
    assert exit_code(["run", "--format", "junit", "--output", "a.xml", "--format", "json", "--output", "a.json"]) == 1
    assert ET.fromstring(Path("a.xml").read_bytes()).get("failures") == "1"
    assert json.loads(Path("a.json").read_text("utf-8"))["format"] == 1


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--format", "junit", "--format", "json", "--output", "a"], "--output: 1 times --output beside 2 times --format"),
        (["--format", "junit=a", "--output", "b"], "--output: 1 times --output beside 1 times --format"),
        (["--format", "junit", "--format", "json"], "--format: only one report can go to standard output"),
        (["--format", "junit=a", "--format", "json=a"], "--format: two reports cannot go to the same file"),
        (["--format", "pdf=a"], "Error: Invalid value for '--format': 'pdf' is not one of text, json, junit, html"),
        (["--format", "junit="], "Error: Invalid value for '--format': 'junit=' names no file"),
    ],
)
def test_reports_that_do_not_fit_together_are_refused(
    arguments: Sequence[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["run", *arguments]) == 2
    assert problem in capsys.readouterr().err


def test_a_reporter_that_raises_changes_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(results: Sequence[Result]) -> str:
        raise ZeroDivisionError(len(results))

    monkeypatch.setitem(__import__("simulator.cli.reports").cli.reports.RENDERERS, "html", broken)
    assert exit_code(["run", "scenarios/a.yaml", "--format", "html=a.html", "--format", "junit=a.xml"]) == 0
    assert exit_code(["run", "--format", "html"]) == 1
    told = capsys.readouterr().err
    assert "ZeroDivisionError: 1" in told
    assert "the html report could not be written; the verdict stands" in told
    assert Path("a.xml").is_file()


def test_a_result_that_cannot_be_shown_changes_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise UnicodeError("terminal")

    monkeypatch.setattr("simulator.cli.session.print_result", broken)
    assert exit_code(["run", "scenarios/a.yaml"]) == 0
    captured = capsys.readouterr()
    assert "1 scenario: 1 passed" in captured.out
    assert "UnicodeError: terminal" in captured.err


def test_a_reader_of_the_text_that_goes_away_takes_no_other_report_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("simulator.cli.session.print_result", gone)
    assert exit_code(["run", "--format", "text", "--format", "junit=a.xml"]) == 1
    assert ET.fromstring(Path("a.xml").read_bytes()).get("tests") == "2"


def test_a_folder_in_place_of_a_report_changes_no_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    Path("report.xml").mkdir()
    assert exit_code(["run", "scenarios/a.yaml", "--format", "junit=report.xml"]) == 0
    assert "report.xml: cannot be written: Is a directory" in capsys.readouterr().err


def test_github_gets_annotations_and_a_summary(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    Path("summary.md").write_text("of an earlier command\n", "utf-8")
    assert exit_code(["run", "--format", "github", "--format", "junit=a.xml"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("PASSED  One")
    assert re.findall(r"^::(\w+) file=([^,]+),", out, re.MULTILINE) == [
        ("error", "scenarios/b.yaml"), ("warning", "scenarios/b.yaml"),
    ]  # fmt: skip
    assert Path("summary.md").read_text("utf-8").startswith("of an earlier command\n## drsim: 2 scenarios")


def test_a_summary_that_cannot_be_written_changes_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "nowhere/summary.md")
    assert exit_code(["run", "scenarios/a.yaml", "--format", "github"]) == 0
    assert "nowhere/summary.md: cannot be written: No such file or directory" in capsys.readouterr().err


def test_coverage_is_told_with_what_was_not_reached(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cover_scenarios(monkeypatch)
    assert exit_code(["run", "--coverage", "--fail-under", "60", "scenarios/a.yaml"]) == 0
    assert capsys.readouterr().out.splitlines()[5:] == [
        "coverage of Greeting, 2 executions: 5 of 8 (62.5%)",
        "  states       3 of 4 (75%)",
        "  transitions  1 of 2 (50%)",
        "  choices      1 of 2 (50%)",
        "  not reached of the states:",
        "    Greeting  Sorry",
        "  not reached of the transitions:",
        "    Greeting  Ask → Sorry",
        "  not reached of the choices:",
        "    Greeting  Ask, Default → Sorry",
        "",
        "1 scenario: 1 passed (28:10 of virtual time in 0.0 s; uncalibrated)",
    ]


def test_too_little_coverage_exits_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    cover_scenarios(monkeypatch)
    assert exit_code(["run", "--fail-under", "62.6", "scenarios/a.yaml"]) == 1
    assert capsys.readouterr().err == "coverage: 5 of 8 (62.5%) was reached, which is under the 62.6% asked for\n"


def test_coverage_of_nothing_is_too_little() -> None:
    assert exit_code(["run", "--fail-under", "1", "scenarios/a.yaml"]) == 1


def cover_scenarios(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace  # noqa: PLC0415

    monkeypatch.setattr(
        "simulator.cli.session.run_scenario", lambda *arguments: replace(pretend(*arguments), coverage=(COVERAGE,))
    )
