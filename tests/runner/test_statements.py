"""What must always, never and sometimes be so, over made-up recoveries."""

from pathlib import Path

import pytest

from simulator.journal import FunctionInvoked, OperatorActed
from simulator.runner.result import Check
from simulator.runner.statements import always, never, sometimes
from simulator.scenario.expressions import parse_statement
from simulator.scenario.names import Names
from tests.runner.story import WAVES, Story, good_story

NAMES = Names(
    base=Path(),
    waves=frozenset(WAVES),
    servers=frozenset(name for names in WAVES.values() for name in names),
    faults=frozenset({"f"}),
)
MODES = {"always": always, "never": never, "sometimes": sometimes}


def judge(story: Story, sentence: str) -> Check:
    mode, _, said = sentence.partition(" ")
    return MODES[mode](parse_statement(said, NAMES), story.facts())


def retried() -> Story:
    """Throttled twice, retried after two and four seconds, told about it five minutes later, over after ten."""
    story = Story().history("ExecutionStarted").at(60).fault("f").start_recovery("db-1", error="ThrottlingException")
    story.retried("Start", 2).at(62).fault("f").retried("Start", 4, attempt=2).at(66).start_recovery("db-1", "db-2")
    return story.at(360).notified().at(600).launch("LAUNCHED", "db-1", "db-2").history("ExecutionSucceeded")


@pytest.mark.parametrize(
    "sentence",
    [
        "never wave web starts before app is launched",
        "always data is launched before wave app starts",
        "always wave app starts after wave data is launched",
        "never drs:StartRecovery is called after finish",
        "sometimes wave web starts after data is launched",
        "always drs:StartRecovery is accepted exactly 3 times",
        "never drs:StartRecovery is accepted more than 3 times",
        "always every wave data is launched is followed by wave app starts within 40s",
        "always told subject",
        "never wave data fails",
    ],
)
def test_a_good_recovery_is_as_it_should_be(sentence: str) -> None:
    assert judge(good_story(), sentence).passed


@pytest.mark.parametrize(
    ("sentence", "happened", "at_ms"),
    [
        (
            "never wave app starts before web is launched",
            "`wave app starts` came at 11:40; `web is launched` came at 31:40",
            700_000,
        ),
        ("always wave web starts before app is launched", "`wave web starts` came at 21:50; `app is launched` came at 21:40",
         1_300_000),
        ("never wave app starts within 40s of wave data is launched",
         "`wave data is launched` came at 11:00; `wave app starts` came at 11:40", 700_000),
        ("always every data is launched is followed by app starts within 39s",
         "`data is launched` came at 11:00; `app starts` came at 11:40; after 11:00 it did not follow within 39s", 660_000),
        ("always drs:StartRecovery is accepted at most 2 times",
         "`drs:StartRecovery is accepted` came 3 times, at 1:00, 11:40, 21:50", 1_310_000),
        ("sometimes Start is retried", "`Start is retried` never came", None),
        ("always told nothing", "`told nothing` never came", None),
    ],
)  # fmt: skip
def test_what_is_not_so_says_what_came_when(sentence: str, happened: str, at_ms: int | None) -> None:
    check = judge(good_story(), sentence)
    assert (check.passed, check.happened, check.at_ms) == (False, happened, at_ms)


def test_moments_can_be_counted_and_follow_faults() -> None:
    assert judge(retried(), "sometimes Start is retried").passed
    assert judge(retried(), "always Start is retried exactly 2 times").passed
    assert judge(retried(), "always fault f fires before Start is retried").passed
    assert judge(retried(), "always Start is retried the 2nd time after fault f fires the 2nd time").passed
    assert judge(retried(), "always call 1 of drs:StartRecovery before call 2 of drs:StartRecovery").passed
    assert judge(retried(), "always drs:StartRecovery answers ThrottlingException").passed
    assert not judge(retried(), "never told subject after fault f fires").passed


def test_deeds_of_operators_and_functions_are_moments() -> None:
    story = Story().history("ExecutionStarted").at(5).record(OperatorActed("pause", None, 200, None))
    story.at(9).record(FunctionInvoked("Api", "r", False, {}))
    assert judge(story, "always execution paused before function Api is invoked").passed
    refused = Story().at(5).record(OperatorActed("pause", None, 409, "no"))
    assert not judge(refused, "always operator decides pause").passed


def test_a_sentence_that_had_no_occasion_says_that_it_checked_nothing() -> None:
    check = judge(Story().history("ExecutionStarted"), "never wave web starts before app is launched")
    assert (check.passed, check.idle) == (True, "`wave web starts` never came, so that nothing was checked")
    assert judge(good_story(), "never wave web starts before app is launched").idle is None
    assert judge(good_story(), "never wave data fails").idle is None
