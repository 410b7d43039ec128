"""Parallel and Map: order, concurrency, failure, cancellation; stopping and timing out an execution."""

from typing import Any, cast

from simulator.engine.integrations import TaskCall
from simulator.json_types import JsonValue
from tests.engine.world import World, failing, machine, output, task


def wait(seconds: int) -> dict[str, Any]:
    return {"Type": "Wait", "Seconds": seconds}


def parallel(*branches: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Parallel", "Branches": list(branches), **fields}


def each(processor: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Map", "ItemProcessor": processor, **fields}


def test_a_long_wait_beside_a_short_one_ends_last() -> None:
    world = World()
    world.run(machine(Both=parallel(machine(Long=wait(600)), machine(Short=wait(5)))))
    names = [details["name"] for details in world.details("WaitStateExited")]
    assert (names, world.times("WaitStateExited")) == (["Short", "Long"], [5, 600])
    assert world.chain() == [
        (1, 0, "ExecutionStarted"), (2, 0, "ParallelStateEntered"), (3, 2, "ParallelStateStarted"),
        (4, 3, "WaitStateEntered"), (5, 3, "WaitStateEntered"), (6, 5, "WaitStateExited"), (7, 4, "WaitStateExited"),
        (8, 7, "ParallelStateSucceeded"), (9, 7, "ParallelStateExited"), (10, 9, "ExecutionSucceeded"),
    ]  # fmt: skip


def test_the_first_failure_of_a_parallel_ends_the_others_at_once() -> None:
    world = World()
    seen: list[int] = []

    def slow(task: TaskCall) -> JsonValue:
        try:
            world.clock.sleep_ms(100_000)
        finally:
            seen.append(world.clock.now_ms)
        return None

    world.tasks = {"Slow": slow}
    fails = machine(Pause=wait(5), Boom={"Type": "Fail", "Error": "Boom", "Cause": "on purpose"})
    execution = world.run(machine(Both=parallel(fails, machine(Slow=task()))))
    assert (execution.status, execution.error, execution.cause) == ("FAILED", "Boom", "on purpose")
    assert seen == [5_000]
    assert world.types()[-5:] == [
        "WaitStateExited", "FailStateEntered", "TaskStateAborted", "ParallelStateFailed", "ExecutionFailed",
    ]  # fmt: skip
    assert execution.ended_ms == 5_000


def test_a_parallel_is_retried_as_a_whole_and_then_caught() -> None:
    world = World({"Work": failing("Busy")})
    both = parallel(
        machine(Work=task()), Retry=[{"ErrorEquals": ["Busy"], "MaxAttempts": 1}],
        Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}], Next="Caught",
    )  # fmt: skip
    execution = world.run(machine(Both=both, Caught={"Type": "Pass"}))
    assert output(execution) == {"Error": "Busy", "Cause": ""}
    assert world.types().count("ParallelStateStarted") == 2
    assert world.types().count("ParallelStateFailed") == 1


def test_a_map_runs_as_many_at_once_as_it_may_and_keeps_the_order() -> None:
    world = World()
    busy = [0, 0]

    def call(task: TaskCall) -> JsonValue:
        parameters = cast(dict[str, int], task.parameters)
        busy[0] += 1
        busy[1] = max(busy)
        world.clock.sleep_ms(1000 * (10 - parameters["n"]))
        busy[0] -= 1
        return parameters["n"] * 10

    world.tasks = {"Work": call}
    definition = machine(
        Each=each(
            machine(Work=task(Parameters={"n.$": "$.value"})), ItemsPath="$.numbers", MaxConcurrency=2,
            ItemSelector={"value.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index", "plan.$": "$.plan"},
            ResultPath="$.results",
        )
    )  # fmt: skip
    execution = world.run(definition, {"plan": "p", "numbers": [1, 2, 3]})
    assert output(execution)["results"] == [10, 20, 30]
    assert busy[1] == 2
    assert execution.ended_ms == 15_000
    assert world.details("TaskStateEntered")[2]["input"] == '{"value":3,"index":2,"plan":"p"}'


def test_iterations_one_by_one_chain_through_their_last_states() -> None:
    world = World()
    world.run(machine(Each=each(machine(Step={"Type": "Pass"}), MaxConcurrency=1)), ["a", "b"])
    assert world.chain()[2:] == [
        (3, 2, "MapStateStarted"), (4, 3, "MapIterationStarted"), (5, 4, "PassStateEntered"), (6, 5, "PassStateExited"),
        (7, 6, "MapIterationSucceeded"), (8, 6, "MapIterationStarted"), (9, 8, "PassStateEntered"),
        (10, 9, "PassStateExited"),
        (11, 10, "MapIterationSucceeded"), (12, 11, "MapStateSucceeded"), (13, 11, "MapStateExited"),
        (14, 13, "ExecutionSucceeded"),
    ]  # fmt: skip


def test_a_failed_iteration_aborts_the_others_and_fails_the_map() -> None:
    world = World()
    rule = {"Variable": "$", "NumericEquals": 2, "Next": "Boom"}
    processor = machine(
        Which={"Type": "Choice", "Choices": [rule], "Default": "Pause"},
        Pause=wait(60),
        Boom={"Type": "Fail", "Error": "Boom"},
    )
    processor["States"]["Pause"] = {**wait(60), "End": True}
    execution = world.run(machine(Each=each(processor)), [1, 2])
    assert execution.error == "Boom"
    assert world.types()[-6:] == [
        "FailStateEntered", "MapIterationFailed", "WaitStateAborted", "MapIterationAborted", "MapStateFailed",
        "ExecutionFailed",
    ]  # fmt: skip


def test_variables_of_a_branch_stay_in_it() -> None:
    world = World()
    inner = machine(Set={"Type": "Pass", "Assign": {"inner.$": "$outer"}})
    definition = machine(
        Start={"Type": "Pass", "Assign": {"outer": 42}},
        Both=parallel(inner),
        End={"Type": "Pass", "Parameters": {"v.$": "$outer"}},
    )
    assert output(world.run(definition)) == {"v": 42}
    assert world.details("PassStateExited")[1]["assignedVariables"] == {"inner": "42"}


def test_variables_of_an_iteration_are_gone_in_the_next() -> None:
    rule = {"Variable": "$seen", "IsPresent": True, "Next": "Again"}
    processor = machine(
        Which={"Type": "Choice", "Choices": [rule], "Default": "First"},
        First={"Type": "Pass", "Assign": {"seen": True}, "Result": "first", "End": True},
        Again={"Type": "Pass", "Result": "again"},
    )
    assert output(World().run(machine(Each=each(processor, MaxConcurrency=1)), [1, 2])) == ["first", "first"]


def test_stopping_ends_everything_at_once() -> None:
    world = World()
    execution = world.start(machine(Both=parallel(machine(A=wait(600)), machine(B=wait(900)))))
    world.clock.call_after(30_000, lambda: execution.stop("Stopped", "by hand"))
    world.clock.run()
    assert (execution.status, execution.error, execution.cause, execution.ended_ms) == (
        "ABORTED",
        "Stopped",
        "by hand",
        30_000,
    )
    assert world.chain()[-1] == (6, 0, "ExecutionAborted")
    assert world.details("ExecutionAborted") == [{"error": "Stopped", "cause": "by hand"}]
    assert world.clock.blocked() == []
    assert world.clock.now_ms == 30_000


def test_an_execution_stopped_before_it_ran_has_a_whole_history() -> None:
    world = World()
    execution = world.start(machine(A=wait(600)))
    execution.stop()
    world.clock.run()
    assert world.types() == ["ExecutionStarted", "ExecutionAborted"]


def test_the_machines_timeout_ends_the_execution() -> None:
    world = World()
    execution = world.run({**machine(A=wait(600)), "TimeoutSeconds": 10})
    assert (execution.status, execution.ended_ms) == ("TIMED_OUT", 10_000)
    assert world.chain()[-1] == (3, 0, "ExecutionTimedOut")
    assert world.details("ExecutionTimedOut") == [{"error": "States.Timeout"}]
    assert (execution.error, execution.cause) == (None, None)
    assert world.clock.now_ms == 10_000


LOOP = machine(
    A={"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True, "Next": "End"}], "Default": "A"},
    End={"Type": "Succeed"},
)


def test_an_endless_loop_ends_at_the_history_limit() -> None:
    world = World()
    execution = world.run(LOOP)
    assert execution.status == "FAILED"
    assert execution.cause == "The execution reached the maximum number of history events (25000)."
    assert len(world.events()) == 25_000


def test_tasks_that_time_out_together_all_tell_of_it_before_the_first_ends_the_others() -> None:
    world = World()
    world.tasks = {"Ask": lambda call: world.clock.sleep_ms(60_000)}
    world.run(machine(Each=each(machine(Ask=task(TimeoutSeconds=5)))), ["a", "b"])
    assert world.chain()[11:] == [
        (12, 7, "TaskTimedOut"), (13, 11, "TaskTimedOut"), (14, 12, "MapIterationFailed"), (15, 12, "TaskStateAborted"),
        (16, 12, "MapIterationAborted"), (17, 12, "TaskStateAborted"), (18, 12, "MapStateFailed"),
        (19, 18, "ExecutionFailed"),
    ]  # fmt: skip


def test_the_task_that_ends_a_branch_is_aborted_too() -> None:
    world = World({"Ask": failing("Busy")})
    world.run(machine(Both={"Type": "Parallel", "Branches": [machine(Ask=task())]}))
    assert world.chain()[6:] == [
        (7, 6, "TaskFailed"), (8, 7, "TaskStateAborted"), (9, 7, "ParallelStateFailed"), (10, 9, "ExecutionFailed"),
    ]  # fmt: skip


def test_a_failure_after_all_branches_follows_the_event_of_their_success() -> None:
    world = World()
    branches = {"Type": "Parallel", "Branches": [machine(A={"Type": "Pass"})], "ResultSelector": {"m.$": "$.nope"}}
    world.run(machine(Both=branches))
    assert world.chain()[5:] == [(6, 5, "ParallelStateSucceeded"), (7, 6, "ExecutionFailed")]


def test_a_catcher_that_fails_makes_the_state_fail_again() -> None:
    fails = machine(Boom={"Type": "Fail", "Error": "E"})
    catch = [{"ErrorEquals": ["States.ALL"], "Output": "{% $states.input.missing %}", "Next": "Caught"}]
    both = {"Type": "Parallel", "Branches": [fails], "Catch": catch, "End": True}
    world = World()
    world.run({**machine(Both=both, Caught={"Type": "Pass"}), "QueryLanguage": "JSONata"})
    assert world.chain()[3:] == [
        (4, 3, "FailStateEntered"), (5, 4, "ParallelStateFailed"), (6, 4, "EvaluationFailed"), (7, 6, "ParallelStateFailed"),
        (8, 7, "ExecutionFailed"),
    ]  # fmt: skip
    assert world.details("EvaluationFailed")[0]["location"] == "Catch[0]/Output"


def test_a_branch_that_fails_at_once_lets_the_others_begin() -> None:
    world = World()
    fails, waits = machine(Boom={"Type": "Fail", "Error": "E"}), machine(Long={"Type": "Wait", "Seconds": 9})
    world.run(machine(Both={"Type": "Parallel", "Branches": [fails, waits]}))
    assert world.types()[3:] == [
        "FailStateEntered", "WaitStateEntered", "WaitStateAborted", "ParallelStateFailed", "ExecutionFailed",
    ]  # fmt: skip
