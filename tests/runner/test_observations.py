"""Notifications, metrics, recovery points and checks in Python."""

from pathlib import Path
from textwrap import dedent

import pytest

from simulator.errors import ScenarioError
from simulator.journal import LogLine, Notified, RecoveryPointUsed
from simulator.runner.checks import check_all
from simulator.runner.custom import check_in_python
from simulator.runner.facts import Facts
from simulator.runner.result import Check
from simulator.scenario.expect import Expect
from simulator.scenario.system import Code
from tests.runner.story import IDS, Story, good_story

EMBEDDED = '{"_aws": {"CloudWatchMetrics": [{"Metrics": [{"Name": "Waves"}]}]}, "Waves": %s}'


def check(facts: Facts, **expect: object) -> list[Check]:
    return check_all(Expect.model_validate(expect), facts)


def failures(facts: Facts, **expect: object) -> list[tuple[str, str]]:
    return [(one.name, one.happened) for one in check(facts, **expect) if not one.passed]


def test_notifications_are_counted_by_what_is_in_them() -> None:
    story = Story().at(60).record(Notified("t", "Drill started", "three waves")).record(Notified("t", "Drill ended", "done"))
    facts = story.facts()
    assert failures(facts, notifications=2) == []
    assert failures(facts, notifications=[{"subject": "started"}, {"contains": "waves", "count": 1}]) == []
    assert failures(facts, notifications={"subject": "failed", "count": ">= 1"}) == [
        (
            "at least 1 notifications with 'failed' in their subject",
            "there were 0; others: 'Drill started' at 1:00, 'Drill ended' at 1:00",
        )
    ]


def test_metrics_are_read_from_logs() -> None:
    facts = Story().at(60).record(LogLine("f", "r", EMBEDDED % "3")).record(LogLine("f", "r", EMBEDDED % "[4, 9]")).facts()
    assert failures(facts, metrics={"Waves": {"count": 3, "atLeast": 3, "atMost": 9.0}}) == []
    assert failures(facts, metrics={"Waves": {"atMost": 8}, "Servers": {}}) == [
        ("metric Waves at most 8", "there were 3 values: 3 at 1:00, 4 at 1:00, 9 at 1:00"),
        ("metric Servers at least 1x", "there were 0 values"),
    ]


def recovered(age_seconds: int) -> Facts:
    story = Story().at(600).start_recovery("db-1", "db-2").at(900).launch("LAUNCHED", "db-1", "db-2")
    for server, age in (("db-1", 0), ("db-2", age_seconds)):
        story.record(RecoveryPointUsed("j", IDS[server], 600_000 - age * 1000))
    return story.facts()


def test_the_oldest_data_is_held_to_the_recovery_point_objective() -> None:
    assert failures(recovered(900), rpo="15m") == []
    assert failures(recovered(901), rpo="15m") == [("rpo 15:00", "the oldest is that of db-2: 15:01")]
    assert recovered(901).rpo_ms == 901_000
    (idle,) = check(Story().facts(), rpo="15m")
    assert (idle.passed, idle.idle) == (True, "no server was recovered, so that nothing was checked")


def judge(folder: Path, body: str) -> Check:
    path = folder / "checks.py"
    path.write_text(dedent(body), "utf-8")
    return check_in_python(Code(path, "my_check"), good_story().facts())


@pytest.mark.parametrize("body", ["pass", "return True", "assert run.outcome == 'COMPLETED'"])
def test_a_python_check_that_has_nothing_to_object_passes(tmp_path: Path, body: str) -> None:
    assert judge(tmp_path, f"def my_check(run):\n    {body}\n").passed


@pytest.mark.parametrize(
    ("body", "happened"),
    [
        ("return 'three waves are too few'", "three waves are too few"),
        ("return False", "it said False"),
        ("assert len(run.waves) == 4, 'too few'", "too few"),
        ("assert len(run.waves) == 4", "an assertion in it failed: assert len(run.waves) == 4"),
    ],
)
def test_a_python_check_fails_in_its_own_words(tmp_path: Path, body: str, happened: str) -> None:
    check = judge(tmp_path, f"def my_check(run):\n    {body}\n")
    assert (check.passed, check.happened, check.name) == (False, happened, "check checks.py:my_check")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("def my_check(run):\n    return run.wawes\n", "checks.py:2: the check my_check raised AttributeError"),
        ("def my_check(run):\n    return 3\n", "checks.py: the check my_check returned 3: expected None"),
        ("def other(run): pass\n", "checks.py: there is no function 'my_check' in this file"),
        ("import nothing_like_it\n", "checks.py:1: the check cannot be imported: ModuleNotFoundError"),
        ("def my_check(run:\n", "checks.py:1: the check cannot be imported: SyntaxError"),
    ],
)
def test_mistakes_in_a_python_check_are_the_users_and_told_with_their_line(tmp_path: Path, body: str, message: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        judge(tmp_path, body)
    assert message in str(raised.value)


def test_a_python_check_imports_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "beside_it_lies.py").write_text("LIMIT = 3\n", "utf-8")
    assert judge(
        tmp_path, "from beside_it_lies import LIMIT\ndef my_check(run):\n    return len(run.waves) == LIMIT\n"
    ).passed
