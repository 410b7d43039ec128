"""The HTML report as a browser shows it, where there is a Chromium."""

import html
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.report.html import html_report
from simulator.runner.result import SeedRun, Verdict
from tests.report.coverages import COVERAGE
from tests.report.results import FAILED, PASSED
from tests.report.test_html import NASTY, journal

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--virtual-time-budget=5000", "--dump-dom",
)  # fmt: skip


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
def test_the_page_draws_a_run_opened_from_disk(tmp_path: Path) -> None:
    seeds = tuple(SeedRun(seed, Verdict.PASSED, "COMPLETED", 60_000 * seed, 0, ()) for seed in range(1, 21))
    name = "Shown " + NASTY.replace("\ud800", "")  # half a character is no text that a browser could print
    shown = replace(FAILED, name=name, journal=journal(3), coverage=(COVERAGE,), seeds=seeds)
    page = tmp_path / "report.html"
    page.write_text(html_report([PASSED, shown]), "utf-8", errors="backslashreplace")
    command = [str(BROWSER), *QUIET, f"--user-data-dir={tmp_path / 'profile'}", page.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    body = html.unescape(re.sub(r"<[^>]+>", " ", dom[dom.index('<div id="app">') : dom.index('id="licences"')]))
    for text in (
        "2 scenarios: 1 PASSED, 1 FAILED",
        "Shown </script><!--<script>alert(1)//]]>",  # the first that did not pass, and only as text
        "Servers by wave", "1 of 4 launched",
        "it ended FAILED: wave app: 2 of 4 servers did not launch",
        "Recovery time, 20 seeds", "p50 10:00, p95 19:00, longest 20:00",
        "5 of 5", "PassStateEntered",
        "Ask, Choice: under way", "Each · Map",
    ):  # fmt: skip
        assert text in body, text
