"""The HTML report: one file, whatever is in it."""

import base64
import gzip
import json
import re
import time
from dataclasses import replace
from typing import Any

from simulator.journal import DefinitionRun, FleetMade, HistoryEvent, Journal, LogLine
from simulator.report.html import html_report
from simulator.runner.result import SeedRun, Verdict
from tests.report.coverages import COVERAGE
from tests.report.results import FAILED, PASSED

NASTY = "</script><!--<script>alert(1)//]]>\u2028\ud800'\"&{{runs}}"
EXECUTION = "arn:aws:states:us-east-1:1:execution:Greeting:e"


def journal(events: int = 0) -> Journal:
    made = Journal(lambda: 0)
    made.record(FleetMade({"data": {"data-1": "s-1"}}))
    made.record(DefinitionRun(EXECUTION, "arn:aws:states:us-east-1:1:stateMachine:Greeting", COVERAGE.definition))
    for number in range(1, events + 1):
        made.record(HistoryEvent(EXECUTION, number, number - 1, "PassStateEntered", "Ask", {"input": "x" * 300}))
    return made


def report_in(page: str) -> Any:
    (text,) = re.findall(r'<script type="application/json" id="report">(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


def runs_in(page: str) -> list[Any]:
    packed = re.findall(r'<script type="text/plain" id="run-\d+">(.*?)</script>', page)
    return [json.loads(gzip.decompress(base64.b64decode(one))) for one in packed]


def test_the_page_holds_every_run_and_its_events() -> None:
    page = html_report([replace(PASSED, journal=journal(2), coverage=(COVERAGE,)), FAILED])
    assert [run["verdict"] for run in report_in(page)["scenarios"]] == ["PASSED", "FAILED"]
    assert report_in(page)["coverage"][0]["states"] == {"reached": 3, "total": 4, "percent": 75.0}
    first, second = runs_in(page)
    assert [event[1] for event in first["events"]] == [
        "run.fleet", "execution.definition", "PassStateEntered", "PassStateEntered",
    ]  # fmt: skip
    assert first["visits"][0] == ["Greeting", "Ask", 0, None, "open", 0]
    assert first["machines"][0]["definition"]["StartAt"] == "Ask"
    assert second["events"] == []


def test_nothing_in_a_scenario_or_a_log_can_leave_its_place() -> None:
    log = journal()
    log.record(LogLine("f", "r", NASTY))
    result = replace(FAILED, name=NASTY, error=NASTY, warnings=(NASTY,), reproduce=NASTY, journal=log)
    page = html_report([result])
    plain = html_report([PASSED])
    assert page.count("<script") == plain.count("<script")
    assert page.count("</script") == plain.count("</script")
    assert page.count("<!--") == plain.count("<!--") == 0
    assert report_in(page)["scenarios"][0]["name"] == NASTY
    assert "</script>" in runs_in(page)[0]["events"][-1][5]
    assert page.encode("utf-8", "backslashreplace").decode("utf-8").startswith("<!doctype html>")


def test_the_page_loads_nothing_and_may_load_nothing() -> None:
    page = html_report([PASSED])
    assert "default-src 'none'" in page
    assert re.findall(r'\b(?:src|href)="(?!data:)[^"]*"', page) == []
    imports = json.loads(re.findall(r'<script type="importmap">(.*?)</script>', page)[0])["imports"]
    modules = {name: base64.b64decode(url.partition(",")[2]).decode() for name, url in imports.items()}
    imported = {name for text in modules.values() for name in re.findall(r'(?:from|import)\s*"([^"]+)"', text)}
    assert imported <= set(modules)
    assert "sourceMappingURL" not in "".join(modules.values())


def test_vendored_modules_are_named_with_version_and_licence() -> None:
    from pathlib import Path  # noqa: PLC0415

    import simulator.report.html as module  # noqa: PLC0415

    folder = Path(module.__file__).with_name("web") / "vendor"
    table = (folder / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\S+\.mjs)` \| .+ \| (\d+\.\d+\.\d+) \| \S+, `(\S+)` \|", table, re.MULTILINE)
    assert {file for file, _, _ in rows} == {path.name for path in folder.glob("*.mjs")}
    assert all((folder / licence).is_file() for _, _, licence in rows)
    assert "Permission is hereby granted" in html_report([])


def test_the_same_results_are_the_same_page() -> None:
    result = replace(PASSED, journal=journal(50), coverage=(COVERAGE,))
    assert html_report([result]) == html_report([result])


def test_500_seeds_and_25000_events_make_a_page_of_moderate_size() -> None:
    seeds = tuple(SeedRun(seed, Verdict.PASSED, "COMPLETED", 1_000 * seed, 0, ()) for seed in range(500))
    began = time.process_time()
    page = html_report([replace(PASSED, journal=journal(25_000), seeds=seeds, coverage=(COVERAGE,))])
    assert time.process_time() - began < 10
    assert len(page) < 2_000_000
    assert len(runs_in(page)[0]["events"]) == 25_002


def test_an_empty_session_is_a_page() -> None:
    assert report_in(html_report([]))["scenarios"] == []
