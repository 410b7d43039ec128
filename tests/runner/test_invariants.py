"""What must hold in every run."""

from simulator.runner.facts import Facts
from simulator.runner.invariants import broken_invariants
from tests.runner.story import Story, good_story

DEPENDS = {"data": [], "app": ["data"], "web": ["app"]}


def broken(facts: Facts) -> list[tuple[str, str]]:
    return [(check.name.removeprefix("invariant: "), check.happened) for check in broken_invariants(facts, DEPENDS)]


def test_a_good_recovery_breaks_none() -> None:
    assert broken(good_story().facts({"status": "COMPLETED"})) == []


def test_a_record_left_running_after_a_failure_is_caught() -> None:
    story = Story().history("ExecutionStarted").at(9).history("ExecutionFailed")
    told = "the record says RUNNING, the state machine FAILED"
    assert broken(story.facts({"status": "RUNNING"})) == [("record agrees with execution", told)]


def test_a_cancelled_execution_must_not_be_recorded_completed() -> None:
    story = good_story()
    story.journal._entries.pop()
    story.history("ExecutionAborted")
    assert [name for name, _ in broken(story.facts({"status": "COMPLETED"}))] == ["record agrees with execution"]


def test_completed_with_a_server_that_did_not_launch_is_caught() -> None:
    story = Story().history("ExecutionStarted").start_recovery("db-1", "db-2").launch("FAILED", "db-1", "db-2")
    facts = story.at(9).history("ExecutionSucceeded").facts({"status": "COMPLETED"}, {"data": ("db-1", "db-2")})
    named = "2 not launched: db-1 is FAILED, db-2 is FAILED"
    assert ("completed means launched", named) in [
        (check.name.removeprefix("invariant: "), check.happened) for check in broken_invariants(facts, {})
    ]


def test_a_wave_before_its_dependency_is_caught() -> None:
    story = Story().history("ExecutionStarted").at(5).start_recovery("app-1").at(7).start_recovery("db-1", "db-2")
    assert broken(story.facts()) == [
        ("no wave before its dependencies", "app started at 0:05, but data is PENDING"),
    ]
