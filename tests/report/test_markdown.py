"""The Markdown report, which is GitHub's job summary, and the state graph in it."""

from dataclasses import replace

from simulator.report.markdown import MAX_DETAILED, markdown_report
from simulator.report.mermaid import mermaid
from tests.report.coverages import COVERAGE
from tests.report.results import BROKEN, FAILED, PASSED


def test_all_scenarios_are_in_a_table() -> None:
    lines = markdown_report([PASSED, FAILED, BROKEN]).splitlines()
    assert lines[0] == "## drsim: 3 scenarios: 1 passed, 1 failed, 1 could not be judged"
    assert [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[4:6]] == [
        ["✅ PASSED", "Three tiers recover in order", "COMPLETED", "28:06 (RTO 45:00)", "1", f"`{PASSED.path}`"],
        ["❌ FAILED", "One server does not launch", "FAILED", "1:12:05 (RTO 45:00)", "1", f"`{FAILED.path}`"],
    ]


def test_a_failed_scenario_has_its_waves_its_broken_checks_and_its_command() -> None:
    report = markdown_report([FAILED])
    assert (
        "| app | 9:32 | 1:12:00 | 1/4 launched | app-2, app-3 failed: InsufficientInstanceCapacity; app-4 never ended |"
        in report
    )
    assert "**✗ outcome**\n\n```text\nexpected  the recovery ends COMPLETED\n" in report
    assert "```sh\ndrsim run scenarios/drs/one-server-fails.yaml --seed 7\n```" in report


def test_coverage_is_a_table_and_a_graph() -> None:
    report = markdown_report([replace(PASSED, coverage=(COVERAGE,)), replace(FAILED, coverage=(COVERAGE,))])
    assert "| `Greeting` | 4 | 3 of 4 (75%) | 1 of 2 (50%) | 1 of 2 (50%) | 0 of 0 (100%) | 0 of 0 (100%) |" in report
    assert "```mermaid\nflowchart TD\n" in report
    assert "- `Greeting` transitions: Ask → Sorry" in report


def test_the_graph_nests_and_marks_what_was_reached() -> None:
    assert mermaid(COVERAGE).splitlines()[:13] == [
        "flowchart TD",
        '  s0{"Ask"}',
        '  subgraph s1 ["Each"]',
        "    direction TB",
        '    s2["Say #34;hi#34;#59; #60;#47;b#62;"]',
        "  end",
        '  s3(["Sorry"])',
        "  s0 -.-> s3",
        "  s0 --> s1",
        "  class s0 reached",
        "  class s1 around",
        "  class s2 reached",
        "  class s3 missed",
    ]


def test_no_text_becomes_markup() -> None:
    name = "<img src=x> | `a` **b** [c](d) @team"
    report = markdown_report([replace(FAILED, name=name, reproduce="drsim run ```\n```")])
    assert "&lt;img src=x&gt; \\| \\`a\\` \\*\\*b\\*\\* \\[c\\](d) &#64;team" in report
    assert "````sh\ndrsim run ``` ```\n````" in report


def test_very_many_failures_are_not_all_shown_whole() -> None:
    report = markdown_report([FAILED] * 3_000)
    assert report.count("### ") == MAX_DETAILED
    assert "… and 2980 more that did not pass." in report
    assert len(report.encode()) < 1_000_000
