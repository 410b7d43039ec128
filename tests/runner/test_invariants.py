"""What must hold in every run."""

from simulator.journal import FunctionInvoked, InstanceChanged, JobChanged, OperatorActed
from simulator.json_types import JsonObject
from simulator.runner.facts import Facts
from simulator.runner.invariants import Terms, broken_invariants
from tests.runner.story import Story, good_story

DEPENDS = {"data": [], "app": ["data"], "web": ["app"]}


def broken(facts: Facts) -> list[tuple[str, str]]:
    return [(check.name.removeprefix("invariant: "), check.happened) for check in broken_invariants(facts, Terms(DEPENDS))]


def test_a_good_recovery_breaks_none() -> None:
    assert broken(good_story().facts({"status": "COMPLETED"})) == []


def test_a_record_left_running_after_a_failure_is_caught() -> None:
    story = Story().history("ExecutionStarted").at(9).history("ExecutionFailed")
    told = "the record says RUNNING, the state machine FAILED"
    assert broken(story.facts({"status": "RUNNING"})) == [("record agrees with execution", told)]


def test_a_cancelled_execution_must_not_be_recorded_completed() -> None:
    story = good_story()
    assert isinstance(story.journal._entries, list)
    story.journal._entries.pop()
    story.history("ExecutionAborted")
    assert [name for name, _ in broken(story.facts({"status": "COMPLETED"}))] == ["record agrees with execution"]


def test_completed_with_a_server_that_did_not_launch_is_caught() -> None:
    story = Story().history("ExecutionStarted").start_recovery("db-1", "db-2").launch("FAILED", "db-1", "db-2")
    facts = story.at(9).history("ExecutionSucceeded").facts({"status": "COMPLETED"}, {"data": ("db-1", "db-2")})
    named = "2 not launched: db-1 is FAILED, db-2 is FAILED"
    assert ("completed means launched", named) in [
        (check.name.removeprefix("invariant: "), check.happened) for check in broken_invariants(facts, Terms({}))
    ]


def test_a_wave_before_its_dependency_is_caught() -> None:
    story = Story().history("ExecutionStarted").at(5).start_recovery("app-1").at(7).start_recovery("db-1", "db-2")
    story.history("ExecutionFailed")
    assert broken(story.facts()) == [("no wave before its dependencies", "app started at 0:05, but data is PENDING")]


def test_what_was_cancelled_must_not_succeed() -> None:
    story = good_story()
    assert isinstance(story.journal._entries, list)
    end = story.journal._entries.pop()
    story.at(100).record(OperatorActed("cancel", None, 200, None))
    story.journal._entries.append(end)
    assert broken(story.facts()) == [("cancel never succeeds", "it was cancelled at 1:40 and ended COMPLETED")]
    late = good_story().record(OperatorActed("cancel", None, 200, None))
    assert broken(late.facts()) == []


def test_a_state_that_is_entered_without_end_is_caught() -> None:
    story = Story().history("ExecutionStarted")
    for _ in range(3_001):
        story.history("TaskStateEntered", "Poll")
    story.history("ExecutionSucceeded")
    assert ("polling is bounded", "Poll was entered 3001 times") in broken(story.facts())


def test_asking_on_for_a_job_that_has_ended_is_caught() -> None:
    def polled(times: int, error: str | None = None) -> Facts:
        story = good_story().at(2_000).record(JobChanged("j", "LAUNCH", "START_DRILL", "COMPLETED", []))
        for number in range(times):
            story.at(3_000 + number).call("DescribeJobs", {"filters": {"jobIDs": ["j"]}}, error)
        return story.facts()

    assert broken(polled(20)) == []
    assert broken(polled(50, "ThrottlingException")) == []  # nobody was told that it has ended
    assert broken(polled(21)) == [
        ("polling is bounded", "j ended at 33:20 and was asked for 21 times, until 50:20"),
    ]


def test_a_server_in_two_jobs_at_once_is_caught() -> None:
    story = good_story()
    for job in ("j1", "j2"):
        story.record(JobChanged(job, "LAUNCH", "START_DRILL", "PENDING", ["s-db-1"]))
    assert broken(story.facts()) == [("no server recovered twice", "s-db-1 was in j1 when j2 began")]


def test_a_server_that_has_launched_and_is_recovered_again_is_caught() -> None:
    facts = good_story().at(1_902).start_recovery("db-1").facts()
    assert broken(facts) == [("no server recovered twice", "s-db-1 had launched at 10:00 and was recovered again")]
    story = good_story().at(1_902).record(InstanceChanged("i", "s-db-1", "t", "TERMINATED")).start_recovery("db-1")
    assert broken(story.facts()) == []


def test_calls_that_a_role_does_not_allow_are_caught_once() -> None:
    facts = good_story().facts()
    found = broken_invariants(facts, Terms(DEPENDS, declared={"f": frozenset({"drs:Describe*", "sns:Publish"})}))
    assert [(check.name, check.happened) for check in found] == [
        ("invariant: only declared calls", "it called drs:StartRecovery")
    ]
    assert broken_invariants(facts, Terms(DEPENDS, declared={"f": frozenset({"drs:*"})})) == []


def test_an_execution_that_waits_for_good_is_caught() -> None:
    facts = Story().history("ExecutionStarted").at(9).history("TaskScheduled", "AwaitTurn").facts()
    assert broken(facts) == [("no token lost", "nothing is left to happen, and it still waits: something")]


def test_what_happens_after_the_end_is_caught() -> None:
    again = good_story().at(2_000).history("TaskStateEntered", "Poll")
    assert broken(again.facts()) == [("nothing after the end", "TaskStateEntered came after its end at 31:41")]
    late = good_story().at(2_000).record(FunctionInvoked("f", "r", False, {})).call("TerminateRecoveryInstances", {})
    assert broken(late.facts()) == [
        ("nothing after the end", "f called drs:TerminateRecoveryInstances, the last execution having ended at 31:41")
    ]


def test_invariants_can_be_switched_off_by_name() -> None:
    facts = Story().history("ExecutionStarted").at(9).history("ExecutionFailed").facts({"status": "RUNNING"})
    assert broken_invariants(facts, Terms({}, off=frozenset({"record-agrees-with-execution"}))) == []


def test_a_wave_that_an_operator_skipped_holds_nothing_back() -> None:
    story = Story().history("ExecutionStarted").record(OperatorActed("skip", "data", 200, None))
    story.at(10).start_recovery("app-1").at(20).launch("LAUNCHED", "app-1").history("ExecutionSucceeded")
    assert broken(story.facts({"status": "PARTIAL"})) == []


def test_a_refused_skip_is_no_excuse() -> None:
    story = Story().history("ExecutionStarted").record(OperatorActed("skip", "data", 409, "not possible"))
    story.at(10).start_recovery("app-1").at(20).launch("LAUNCHED", "app-1").history("ExecutionSucceeded")
    assert [name for name, _ in broken(story.facts({"status": "PARTIAL"}))] == ["no wave before its dependencies"]


def test_a_wave_that_may_fail_may_be_given_up_while_its_job_hangs() -> None:
    story = Story().history("ExecutionStarted").start_recovery("db-1").at(3600).start_recovery("app-1")
    story.at(4000).launch("LAUNCHED", "app-1").history("ExecutionSucceeded")
    record: JsonObject = {"status": "PARTIAL", "waves": [{"name": "data", "status": "TIMED_OUT"}]}
    facts = story.facts(record, {"data": ("db-1",), "app": ("app-1",)})
    depends = {"data": (), "app": ("data",)}
    assert broken_invariants(facts, Terms(depends, frozenset({"data"}))) == []
    assert [check.name for check in broken_invariants(facts, Terms(depends))] == [
        "invariant: no wave before its dependencies"
    ]
