"""Each expectation: when it holds, and what it says when it does not."""

from typing import Any

import pytest

from simulator.journal import StateCaught
from simulator.runner.checks import check_all
from simulator.runner.facts import Facts
from simulator.runner.result import Check
from simulator.scenario.expect import Expect
from tests.runner.story import EXECUTION, Story, good_story


def check(facts: Facts, **expect: Any) -> Check:
    """The one check that an expectation makes."""
    (made,) = check_all(Expect.model_validate(expect), facts)
    return made


def said(made: Check) -> tuple[bool, str, int | None]:
    return made.passed, made.happened, made.at_ms


@pytest.mark.parametrize(
    "expect",
    [
        {"outcome": "COMPLETED"},
        {"order": ["data", "app", "web"]},
        {"rto": "32m"},
        {"calls": {"drs:StartRecovery": 3}},
        {"calls": {"drs:DescribeJobs": 0}},
        {"notifications": 1},
        {"response": {"status": 202}},
        {"waves": {"data": {"status": "LAUNCHED"}}},
        {"waves": {"data": {"within": "10m"}}},
        {"retries": {"state": "StartWaveRecovery", "attempts": 0}},
    ],
    ids=str,
)
def test_what_holds_passes(expect: dict[str, Any]) -> None:
    assert check(good_story().facts(), **expect).passed


def test_an_outcome_that_differs_says_how_it_ended_and_why() -> None:
    story = Story().history("ExecutionStarted").at(5).history("ExecutionFailed", error="RecoveryFailed", cause="no room")
    assert said(check(story.facts(), outcome="COMPLETED")) == (False, "it ended FAILED (RecoveryFailed no room)", 5_000)


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        ('{"errorMessage": "no start_recoverie", "errorType": "AttributeError"}', "AttributeError: no start_recoverie"),
        ("no start_recoverie", "AttributeError: no start_recoverie"),
        ("", "AttributeError"),
    ],
)
def test_an_outcome_that_differs_says_what_error_was_caught_if_the_machine_hides_it(cause: str, told: str) -> None:
    story = (
        Story().history("ExecutionStarted").history("LambdaFunctionFailed", "Launch", error="AttributeError", cause=cause)
    )
    story.record(StateCaught(EXECUTION, "Launch", "AttributeError", 0, "Alert"))
    story.at(5).history("ExecutionFailed", error="RecoveryFailed", cause="see the topic")
    ended = f"it ended FAILED (RecoveryFailed see the topic); before that, Launch failed with {told}"
    assert said(check(story.facts(), outcome="COMPLETED")) == (False, ended, 5_000)
    assert check(story.facts(), outcome="FAILED").happened == "it ended FAILED"


def test_the_orchestrators_own_record_counts_before_the_state_machine() -> None:
    assert check(good_story().facts({"status": "PARTIAL"}), outcome="PARTIAL").passed


def test_an_execution_that_never_ends_is_running_for_good() -> None:
    made = check(Story().history("ExecutionStarted").facts(), outcome="COMPLETED")
    assert said(made) == (False, "it is RUNNING for good", None)


def test_a_refused_request_is_rejected() -> None:
    facts = Story().answered(400, "a cycle: a -> b -> a").facts()
    assert check(facts, outcome="REJECTED").passed
    assert check(facts, response={"status": 400}).passed
    assert check(facts, response={"contains": "cycle"}).passed
    assert said(check(facts, response={"status": 202})) == (False, "HTTP 400: a cycle: a -> b -> a", None)


def test_waves_in_another_order_name_the_first_that_came_too_early() -> None:
    made = check(good_story().facts(), order=["data", "web", "app"])
    assert said(made) == (
        False, "app started where web was due: data at 1:00 → app at 11:40 → web at 21:50", 700_000,
    )  # fmt: skip
    assert made.where == "wave app"


def test_a_wave_that_starts_before_the_one_before_it_has_ended_is_out_of_order() -> None:
    story = Story().history("ExecutionStarted").at(60).start_recovery("db-1", "db-2").at(70).start_recovery("app-1")
    made = check(story.at(600).launch("LAUNCHED", "db-1", "db-2", "app-1").facts(), order=["data", "app"])
    assert said(made) == (False, "app started at 1:10, but data ended only at 10:00", 70_000)


def test_waves_that_are_not_listed_are_not_looked_at_and_listed_ones_that_never_start_are_named() -> None:
    assert check(good_story().facts(), order=["data", "app"]).passed
    short = Story().history("ExecutionStarted").start_recovery("db-1", "db-2").launch("LAUNCHED", "db-1", "db-2")
    assert check(short.facts(), order=["data", "app"]).happened == "app never started: data at 0:00"


def test_an_rto_that_is_missed_says_by_how_much_and_which_wave_took_longest() -> None:
    made = check(good_story().facts(), rto="30m")
    assert said(made) == (False, "it took 31:41, 1:41 too long", 1_901_000)
    assert made.where == "wave data took longest: 10:00"


def test_an_rto_of_what_never_ended_is_missed() -> None:
    assert said(check(Story().history("ExecutionStarted").facts(), rto="30m")) == (False, "it never ended", None)


def test_only_accepted_calls_count() -> None:
    story = Story().start_recovery("db-1", error="ThrottlingException").at(2).start_recovery("db-1")
    made = check(story.facts(), calls={"drs:StartRecovery": 2})
    assert said(made) == (False, "there were 1, at 0:02", 2_000)


def test_one_call_too_many_is_shown_when_it_came() -> None:
    made = check(good_story().facts(), calls={"drs:StartRecovery": "<= 1"})
    assert made.at_ms == 700_000


def test_retries_of_a_state_compare_waits_exactly_and_name_the_first_that_differs() -> None:
    story = Story().at(10).retried("Start", 2).at(12).retried("Start", 4, attempt=2).at(20).retried("Poll", 9)
    facts = story.facts()
    assert check(facts, retries={"state": "Start", "intervals": ["2s", "4s"]}).passed
    made = check(facts, retries={"state": "Start", "intervals": ["2s", "5s"]})
    assert said(made) == (False, "retried after 2s, 4s", 12_000)
    assert not check(facts, retries={"state": "Start", "error": "ConflictException", "attempts": 1}).passed


def test_retries_of_a_call_are_the_sdks_attempts() -> None:
    story = (
        Story()
        .start_recovery("db-1", error="ThrottlingException", call="c")
        .at(0.7)
        .start_recovery("db-1", error="ThrottlingException", call="c", attempt=2)
    )
    story.at(2).start_recovery("db-1", call="c", attempt=3).at(3).start_recovery("app-1")
    facts = story.facts()
    assert check(facts, retries={"call": "drs:StartRecovery", "attempts": 2}).passed
    assert check(facts, retries={"call": "drs:StartRecovery", "intervals": ["700ms", "1300ms"]}).passed


def test_a_failed_wave_gives_its_servers_reasons() -> None:
    story = (
        Story().start_recovery("db-1", "db-2").at(9).launch("LAUNCHED", "db-1").launch("FAILED", "db-2", raw_error="no room")
    )
    made = check(story.facts(), waves={"data": {"status": "LAUNCHED"}})
    assert said(made) == (False, "it is FAILED (db-2: no room)", 9_000)


def test_a_wave_that_should_not_have_started_did() -> None:
    made = check(good_story().facts(), notStarted=["web"])
    assert said(made) == (False, "it started at 21:50", 1_310_000)


def test_a_failed_check_shows_the_last_events_before_it() -> None:
    made = check(good_story().facts(), rto="30m")
    assert made.before == (
        "21:40  s-app-1 is LAUNCHED",
        "21:50  f called drs:StartRecovery",
        "31:40  s-web-1 is LAUNCHED",
        "31:41  notified: subject",
        "31:41  ExecutionSucceeded",
    )
