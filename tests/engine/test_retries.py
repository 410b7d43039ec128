"""Retry and Catch to the letter of the language: instants, bounds, counters, order, and which error is whose."""

import json
from typing import Any

import pytest

from simulator.engine.definition import find_problems
from simulator.engine.failures import TaskFailure
from simulator.engine.integrations import TaskCall
from simulator.journal import StateRetried
from simulator.json_types import JsonValue
from tests.engine.world import World, failing, machine, output, task

CALLBACK = "arn:aws:states:::lambda:invoke.waitForTaskToken"
ACTIVITY = "arn:aws:states:us-east-1:111122223333:activity:work"


def scheduled(world: World) -> list[float]:
    return world.times("TaskScheduled")


def sleeping(world: World, seconds: int) -> Any:
    return lambda call: world.clock.sleep_ms(seconds * 1000)


@pytest.mark.parametrize(
    ("retrier", "instants"),
    [
        ({}, [0, 1, 3, 7]),
        ({"IntervalSeconds": 3, "BackoffRate": 1.0}, [0, 3, 6, 9]),
        ({"IntervalSeconds": 3, "BackoffRate": 1.5, "MaxAttempts": 4}, [0, 3, 7.5, 14.25, 24.375]),
        ({"IntervalSeconds": 10, "MaxDelaySeconds": 25, "MaxAttempts": 4}, [0, 10, 30, 55, 80]),
        ({"IntervalSeconds": 60, "MaxDelaySeconds": 61, "MaxAttempts": 2}, [0, 60, 121]),
        ({"MaxAttempts": 0}, [0]),
    ],
)
def test_attempts_are_made_at_the_instants_of_the_backoff(retrier: dict[str, Any], instants: list[float]) -> None:
    world = World({"Work": failing("Busy")})
    world.run(machine(Work=task(Retry=[{"ErrorEquals": ["Busy"], **retrier}])))
    assert scheduled(world) == instants


def test_the_time_that_an_attempt_takes_comes_on_top_of_its_backoff() -> None:
    world = World()

    def call(task: TaskCall) -> JsonValue:
        world.clock.sleep_ms(500)
        raise TaskFailure("Busy")

    world.tasks = {"Work": call}
    world.run(machine(Work=task(Retry=[{"ErrorEquals": ["Busy"]}])))
    assert scheduled(world) == [0, 1.5, 4, 8.5]


@pytest.mark.parametrize("seed", range(20))
def test_full_jitter_lies_between_nothing_and_the_bounded_backoff(seed: int) -> None:
    world = World({"Work": failing("Busy")}, seed=seed)
    retrier = {
        "ErrorEquals": ["Busy"],
        "IntervalSeconds": 8,
        "MaxDelaySeconds": 20,
        "MaxAttempts": 3,
        "JitterStrategy": "FULL",
    }
    world.run(machine(Work=task(Retry=[retrier])))
    waits = [event.interval_ms for _, event in world.journal.of(StateRetried)]
    assert all(0 <= wait <= most for wait, most in zip(waits, (8_000, 16_000, 20_000), strict=True))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("BackoffRate", 0.9, "Value must be between 1.0 and 1000000000.0"),
        ("IntervalSeconds", 0, "Value must be between 1 and 99999999"),
        ("IntervalSeconds", 1.5, "Expected value of type Integer"),
        ("MaxAttempts", -1, "Value must be between 0 and 99999999"),
        ("MaxDelaySeconds", 0, "Value must be between 1 and 31622400"),
        ("JitterStrategy", "SOME", "Value must be one of: [FULL, NONE]"),
    ],
)
def test_a_retrier_with_a_number_out_of_range_is_refused(field: str, value: Any, message: str) -> None:
    definition = machine(Work=task(Retry=[{"ErrorEquals": ["Busy"], field: value}]))
    (problem,) = find_problems(json.dumps(definition))
    assert problem.message == f"SCHEMA_VALIDATION_FAILED: {message} at /States/Work/Retry[0]/{field}"


def test_the_first_retrier_that_names_an_error_is_used_up_without_the_next_taking_over() -> None:
    world = World({"Work": failing("Busy")})
    retry = [{"ErrorEquals": ["Busy"], "MaxAttempts": 1}, {"ErrorEquals": ["States.ALL"], "MaxAttempts": 5}]
    world.run(machine(Work=task(Retry=retry)))
    assert scheduled(world) == [0, 1]


def test_a_state_that_is_entered_again_counts_its_retries_from_the_start() -> None:
    world = World({"Work": failing("Busy")})
    retry, catch = [{"ErrorEquals": ["Busy"], "MaxAttempts": 1}], [{"ErrorEquals": ["States.ALL"], "Next": "Again"}]
    definition = machine(
        Work=task(Retry=retry, Catch=catch, End=True), Again={"Type": "Wait", "Seconds": 10, "Next": "Work"}
    )  # fmt: skip
    world.run({**definition, "TimeoutSeconds": 25})
    assert scheduled(world) == [0, 1, 11, 12, 22, 23]


def test_errors_are_caught_by_the_first_rule_that_names_them() -> None:
    world = World({"Work": failing("Busy")})
    catch = [
        {"ErrorEquals": [name], "Next": target} for name, target in (("Other", "A"), ("Busy", "B"), ("States.ALL", "A"))
    ]
    end = {"Type": "Pass", "End": True}
    world.run(machine(Work=task(Catch=catch, End=True), A=end, B={**end}))
    assert [details["name"] for details in world.details("PassStateEntered")] == ["B"]


def test_retries_come_before_catchers() -> None:
    world = World({"Work": failing("Busy", times=1, then="done")})
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    execution = world.run(
        machine(Work=task(Retry=[{"ErrorEquals": ["Busy"]}], Catch=catch, End=True), Caught={"Type": "Pass"})
    )
    assert output(execution) == "done"


LIMITS = {"TimeoutSeconds": 10, "HeartbeatSeconds": 4}


@pytest.mark.parametrize(
    ("fields", "names", "is_caught"),
    [
        ({"TimeoutSeconds": 3}, ["States.Timeout"], True),
        ({"TimeoutSeconds": 3}, ["States.ALL"], True),
        ({"TimeoutSeconds": 3}, ["States.TaskFailed"], False),
        ({"TimeoutSeconds": 3}, ["States.HeartbeatTimeout"], False),
        (LIMITS, ["States.HeartbeatTimeout"], True),
        (LIMITS, ["States.Timeout"], True),
        (LIMITS, ["States.TaskFailed"], False),
    ],
)
def test_a_time_limit_is_caught_by_its_own_names_only(fields: dict[str, Any], names: list[str], is_caught: bool) -> None:
    world = World({"Work": lambda call: None})
    catch = [{"ErrorEquals": names, "Next": "Caught"}]
    state = task(Resource=CALLBACK, Parameters={"t.$": "$$.Task.Token"}, Catch=catch, End=True, **fields)
    execution = world.run(machine(Work=state, Caught={"Type": "Pass"}))
    assert execution.status == ("SUCCEEDED" if is_caught else "FAILED")
    assert execution.ended_ms == (4_000 if "HeartbeatSeconds" in fields else 3_000)


@pytest.mark.parametrize("error", ["States.DataLimitExceeded", "States.Runtime"])
def test_wildcards_match_neither_a_limit_nor_a_runtime_error(error: str) -> None:
    for name in ("States.ALL", "States.TaskFailed"):
        world = World({"Work": failing(error)})
        retry, catch = [{"ErrorEquals": [name]}], [{"ErrorEquals": [name], "Next": "Caught"}]
        execution = world.run(machine(Work=task(Retry=retry, Catch=catch, End=True), Caught={"Type": "Pass"}))
        assert (execution.status, execution.error, scheduled(world)) == ("FAILED", error, [0])


def test_limits_come_from_paths_and_each_attempt_has_the_whole_of_them() -> None:
    world = World()
    world.tasks = {"Work": sleeping(world, 60)}
    state = task(TimeoutSecondsPath="$.limit", Retry=[{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 2}])
    world.run(machine(Work=state), {"limit": 5})
    assert world.times("TaskTimedOut") == [5, 11, 18]
    assert world.details("TaskScheduled")[0]["timeoutInSeconds"] == 5


def test_a_heartbeat_from_a_path_is_in_the_history() -> None:
    world = World({"Work": lambda call: None})
    state = task(Resource=CALLBACK, Parameters={"t.$": "$$.Task.Token"}, TimeoutSeconds=20, HeartbeatSecondsPath="$.beat")
    world.run(machine(Work=state), {"beat": 7})
    assert world.details("TaskScheduled")[0]["heartbeatInSeconds"] == 7
    assert world.times("TaskTimedOut") == [7]


def test_beats_up_to_the_very_deadline_count_and_the_timeout_ends_what_beats_for_ever() -> None:
    world = World()

    def call(task: TaskCall) -> JsonValue:
        token = task.token or ""
        for beat in range(1, 5):
            world.clock.call_at(beat * 4_000, lambda: world.tokens.heartbeat(token))
        return None

    world.tasks = {"Work": call}
    state = task(Resource=CALLBACK, Parameters={"t.$": "$$.Task.Token"}, TimeoutSeconds=18, HeartbeatSeconds=4)
    world.run(machine(Work=state))
    assert world.times("TaskTimedOut") == [18]


def test_an_error_inside_of_nested_parallels_is_caught_by_the_nearest_state_that_catches_it() -> None:
    world = World({"Work": failing("Busy", "too much")})
    catch = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"}]
    inner = {"Type": "Parallel", "Branches": [machine(Work=task())], "Catch": [{"ErrorEquals": ["Other"], "Next": "Never"}]}
    first = machine(Inner={**inner, "End": True}, Never={"Type": "Pass"})
    second = machine(Long={"Type": "Wait", "Seconds": 60})
    outer = {"Type": "Parallel", "Branches": [first, second], "Catch": catch, "End": True}
    execution = world.run(machine(Outer=outer, Caught={"Type": "Pass"}), {"id": 1})
    assert output(execution) == {"id": 1, "error": {"Error": "Busy", "Cause": "too much"}}
    assert world.types()[2:] == [
        "ParallelStateStarted", "ParallelStateEntered", "ParallelStateStarted", "TaskStateEntered", "TaskScheduled",
        "TaskStarted", "WaitStateEntered", "TaskFailed", "TaskStateAborted", "ParallelStateFailed", "WaitStateAborted",
        "ParallelStateFailed",
        "ParallelStateExited", "PassStateEntered", "PassStateExited", "ExecutionSucceeded",
    ]  # fmt: skip
    assert execution.ended_ms == 0


def test_a_failing_branch_takes_back_the_tokens_of_the_others() -> None:
    world = World({"Ask": lambda call: None})
    ask = task(Resource=CALLBACK, Parameters={"t.$": "$$.Task.Token"})
    fails = machine(Pause={"Type": "Wait", "Seconds": 3}, Boom={"Type": "Fail", "Error": "Boom"})
    catch = [{"ErrorEquals": ["Boom"], "Next": "Caught"}]
    both = {"Type": "Parallel", "Branches": [machine(Ask=ask), fails], "Catch": catch, "End": True}
    execution = world.run(machine(Both=both, Caught={"Type": "Wait", "Seconds": 10}))
    assert (execution.status, world.types().count("TaskStateAborted")) == ("SUCCEEDED", 1)
    with pytest.raises(Exception, match="Provided task does not exist anymore"):
        world.tokens.succeed(world.calls[0].token or "", "1")


def test_a_retried_parallel_begins_all_of_its_branches_anew() -> None:
    world = World({"Good": lambda call: "good", "Bad": failing("Busy", times=1, then="better")})
    both = {
        "Type": "Parallel", "Branches": [machine(Good=task()), machine(Bad=task())], "Retry": [{"ErrorEquals": ["Busy"]}],
    }  # fmt: skip
    assert output(world.run(machine(Both=both))) == ["good", "better"]
    assert [call.state for call in world.calls] == ["Good", "Bad", "Good", "Bad"]
    assert world.times("ParallelStateStarted") == [0, 1]


@pytest.mark.parametrize("field", ["TimeoutSecondsPath", "HeartbeatSecondsPath"])
def test_a_limit_that_is_not_in_the_input_fails_before_anything_is_scheduled(field: str) -> None:
    world = World({"Work": lambda call: None})
    execution = world.run(machine(Work=task(**{field: "$.limits.none"})), {"limits": {}})
    where = "An error occurred while executing the state 'Work' (entered at the event id #2)."
    path = "Invalid path '$.limits.none' : No results for path: $['limits']['none']"
    assert (execution.error, execution.cause) == ("States.Runtime", f"{where} {path}")
    assert world.types() == ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]
