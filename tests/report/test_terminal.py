"""The terminal report: what a person reads, in colour or in a log, on a wide or a narrow screen."""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from rich.console import Console

from simulator.report.terminal import make_console, print_result, print_summary
from simulator.runner.result import Result, ServerResult, WaveResult
from tests.report.results import BROKEN, FAILED, PASSED

PASSED_TEXT = """\
PASSED  Three tiers recover in order   28:06 (RTO 45:00)
        outcome COMPLETED · 2 checks · seed 1 · scenarios/happy/three-tiers.yaml
        data  0:01 →  9:12  2/2 launched
        web   9:32 → 28:05  1/1 launched

"""

FAILED_TEXT = """\
FAILED  One server does not launch   1:12:05 (RTO 45:00)
        outcome FAILED · 3 checks · seed 7 · scenarios/drs/one-server-fails.yaml
        warning: fault throttle never fired
        data  0:01 →    9:12  2/2 launched
        app   9:32 → 1:12:00  1/4 launched
                              app-2, app-3 failed: InsufficientInstanceCapacity
                              app-4 never ended
        web                   not started
        ✗ outcome
          expected  the recovery ends COMPLETED
          happened  it ended FAILED: wave app: 2 of 4 servers did not launch
          at        1:12:05, state FinalizeExecution
          before    1:12:00  app-2 FAILED
                    1:12:04  lambda:Invoke OrchestrationFunction
        ✗ rto
          expected  at most 45:00
          happened  1:12:05
        reproduce: drsim run scenarios/drs/one-server-fails.yaml --seed 7

"""

BROKEN_TEXT = """\
ERROR   A conversion that never ends
        seed 1 · scenarios/drs/hang.yaml
        data  0:00 → ...  0/1 launched
                          data-1 never ended
        the horizon of 24h was reached
        still busy: states:execution-1
        reproduce: drsim run scenarios/drs/hang.yaml --seed 1

"""


def printed(result: Result) -> str:
    buffer = StringIO()
    print_result(make_console(buffer), result)
    return buffer.getvalue()


def printed_at(width: int, result: Result) -> list[str]:
    buffer = StringIO()
    print_result(Console(file=buffer, width=width, force_terminal=True, color_system=None, highlight=False), result)
    return buffer.getvalue().splitlines()


def summary_of(results: Sequence[Result]) -> list[str]:
    buffer = StringIO()
    print_summary(make_console(buffer), results)
    return buffer.getvalue().splitlines()


@pytest.mark.parametrize(
    ("result", "text"),
    [(PASSED, PASSED_TEXT), (FAILED, FAILED_TEXT), (BROKEN, BROKEN_TEXT)],
    ids=["passed", "failed", "error"],
)
def test_result_reads_the_same_in_a_log(result: Result, text: str) -> None:
    assert printed(result) == text


def test_colour_appears_only_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    buffer = StringIO()
    print_result(Console(file=buffer, force_terminal=True, color_system="standard", width=100), PASSED)

    assert "\x1b[1;32mPASSED  \x1b[0m\x1b[1mThree tiers recover in order\x1b[0m   28:06" in buffer.getvalue()
    assert "\x1b" not in printed(PASSED)


def test_narrow_terminal_wraps_below_the_text_but_never_the_command() -> None:
    lines = printed_at(44, FAILED)

    assert lines[11:15] == [
        "          expected  the recovery ends",
        "                    COMPLETED",
        "          happened  it ended FAILED: wave",
        "                    app: 2 of 4 servers did",
    ]
    assert "        reproduce: drsim run scenarios/drs/one-server-fails.yaml --seed 7" in lines


def test_waves_with_wide_names_stay_aligned() -> None:
    server = ServerResult("数据库-1", "s-1", "FAILED", 0, 60_000, "容量不足")
    waves = (
        WaveResult("数据库", "FAILED", 0, 60_000, (server,)),
        WaveResult("e-mail", "NOT_STARTED", None, None, ()),
    )
    assert printed(replace(PASSED, waves=waves)).splitlines()[2:5] == [
        "        数据库  0:00 → 1:00  0/1 launched",
        "                             数据库-1 failed: 容量不足",
        "        e-mail               not started",
    ]


def test_control_characters_are_shown_and_have_no_effect() -> None:
    lines = printed(replace(PASSED, name="Red \x1b[31m alert\nsecond line")).splitlines()
    assert lines[0] == "PASSED  Red \\x1b[31m alert second line   28:06 (RTO 45:00)"


def test_markup_and_emoji_codes_in_names_are_just_text() -> None:
    assert "[bold]x[/bold] :smile:" in printed(replace(PASSED, name="[bold]x[/bold] :smile:"))


def test_terminal_without_unicode_gets_plain_signs() -> None:
    raw = BytesIO()
    stream = TextIOWrapper(raw, encoding="ascii")
    print_result(make_console(stream), FAILED)
    stream.flush()

    text = raw.getvalue().decode("ascii")
    assert "outcome FAILED - 3 checks - seed 7 -" in text
    assert "9:32 -> 1:12:00" in text
    assert "        x outcome" in text


def test_late_recovery_shows_the_milliseconds_that_made_it_late() -> None:
    assert "45:00.250 (RTO 45:00)" in printed(replace(PASSED, recovery_ms=2_700_250))


def test_servers_with_the_same_fate_share_a_line() -> None:
    servers = tuple(ServerResult(f"s-{n}", f"s-{n}", "FAILED", 0, 60_000, "no capacity") for n in range(8))
    lines = printed(replace(PASSED, waves=(WaveResult("web", "FAILED", 0, 60_000, servers),))).splitlines()

    assert lines[3].strip() == "s-0, s-1, s-2, s-3, s-4 and 3 more failed: no capacity"


def test_summary_counts_verdicts() -> None:
    assert summary_of([PASSED]) == ["1 scenario: 1 passed (28:10 of virtual time in 0.2 s; uncalibrated)"]
    assert summary_of([PASSED, FAILED, BROKEN]) == [
        "3 scenarios: 1 passed, 1 failed, 1 could not be judged (1:24:30 of virtual time in 0.8 s; uncalibrated)"
    ]


def test_summary_of_many_names_what_did_not_pass() -> None:
    assert summary_of([PASSED] * 9 + [FAILED, BROKEN]) == [
        "FAILED  scenarios/drs/one-server-fails.yaml  One server does not launch",
        "ERROR   scenarios/drs/hang.yaml  A conversion that never ends",
        "11 scenarios: 9 passed, 1 failed, 1 could not be judged (5:09:50 of virtual time in 2.8 s; uncalibrated)",
    ]


def test_summary_says_whose_latencies_were_fitted_to_nothing() -> None:
    calibrated = replace(PASSED, calibrated="our-linux")

    assert summary_of([calibrated]) == ["1 scenario: 1 passed (28:10 of virtual time in 0.2 s)"]
    assert summary_of([calibrated, PASSED]) == ["2 scenarios: 2 passed (56:20 of virtual time in 0.5 s; 1 uncalibrated)"]
