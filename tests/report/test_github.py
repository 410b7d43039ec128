"""GitHub's annotations."""

from dataclasses import replace
from pathlib import Path

from simulator.report.github import annotations
from simulator.runner.result import Verdict
from tests.report.results import BROKEN, FAILED, PASSED


def test_a_failed_scenario_is_an_error_that_says_all() -> None:
    error, warning = annotations([PASSED, replace(FAILED, line=3)]).splitlines()
    assert error.startswith(
        "::error file=scenarios/drs/one-server-fails.yaml,line=3,title=FAILED%3A One server does not launch::"
    )
    assert error.partition("launch::")[2].split("%0A")[:4] == [
        "outcome",
        "  expected  the recovery ends COMPLETED",
        "  happened  it ended FAILED: wave app: 2 of 4 servers did not launch",
        "  at        1:12:05, state FinalizeExecution",
    ]
    assert error.endswith("%0Areproduce: drsim run scenarios/drs/one-server-fails.yaml --seed 7")
    assert warning.endswith(",title=One server does not launch::fault throttle never fired")


def test_what_could_not_be_judged_is_an_error_and_what_was_skipped_a_notice() -> None:
    skipped = replace(BROKEN, verdict=Verdict.SKIPPED)
    assert [line.split(" ")[0] for line in annotations([BROKEN, skipped, PASSED]).splitlines()] == ["::error", "::notice"]


def test_no_text_ends_its_command_or_begins_another() -> None:
    name = "a,b: 100%\r\n::set-output name=x::y"
    (line,) = annotations([replace(BROKEN, name=name, path=Path("a,b:c.yaml"), reproduce="")]).splitlines()
    assert line.startswith("::error file=a%2Cb%3Ac.yaml,line=1,title=ERROR%3A a%2Cb%3A 100%25")
    assert line.endswith("::the horizon of 24h was reached%0Astill busy: states:execution-1")
