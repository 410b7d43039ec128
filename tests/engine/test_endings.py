"""An execution that is stopped, or runs out of time, in the middle of whatever it does."""

from typing import Any

import pytest

from simulator.engine.execution import Execution
from simulator.engine.failures import TaskTimedOut
from tests.engine.world import World, failing, machine, task

CALLBACK = "arn:aws:states:::lambda:invoke.waitForTaskToken"
ACTIVITY = "arn:aws:states:us-east-1:111122223333:activity:work"
ASK = task(Resource=CALLBACK, Parameters={"t.$": "$$.Task.Token"})
WAIT = {"Type": "Wait", "Seconds": 600}
DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}

MIDDLES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "Wait": (WAIT, ["WaitStateEntered"]),
    "Task": (task(), ["TaskStateEntered", "TaskScheduled", "TaskStarted"]),
    "Callback": (ASK, ["TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted"]),
    "Activity": (task(Resource=ACTIVITY), ["TaskStateEntered", "ActivityScheduled"]),
    "Backoff": (
        task(Retry=[{"ErrorEquals": ["Busy"], "IntervalSeconds": 60}]),
        ["TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskFailed"],
    ),
    "Parallel": (
        {"Type": "Parallel", "Branches": [machine(A=WAIT), machine(B=ASK)]},
        [
            "ParallelStateEntered", "ParallelStateStarted", "WaitStateEntered", "TaskStateEntered", "TaskScheduled",
            "TaskStarted", "TaskSubmitted",
        ],
    ),
    "Map": (
        {"Type": "Map", "ItemProcessor": machine(A=WAIT)},
        [
            "MapStateEntered", "MapStateStarted", "MapIterationStarted", "WaitStateEntered", "MapIterationStarted",
            "WaitStateEntered",
        ],
    ),
    "Distributed": (
        {"Type": "Map", "ItemProcessor": {**DISTRIBUTED, **machine(A=WAIT)}},
        ["MapStateEntered", "MapStateStarted", "MapRunStarted"],
    ),
}  # fmt: skip


def begun(kind: str, **fields: Any) -> tuple[World, Execution]:
    """An execution that is in the middle of a state for longer than anybody waits."""
    world = World()
    behaviours = {"Task": lambda call: world.clock.sleep_ms(600_000), "Backoff": failing("Busy")}
    world.tasks = {"Middle": behaviours.get(kind, lambda call: None), "B": lambda call: None}
    return world, world.start({**machine(Middle=MIDDLES[kind][0]), **fields}, [1, 2])


@pytest.mark.parametrize("kind", MIDDLES)
def test_the_last_event_alone_tells_that_an_execution_was_stopped(kind: str) -> None:
    world, execution = begun(kind)
    world.clock.call_after(5_000, lambda: execution.stop("Enough"))
    world.clock.run()
    assert world.types() == ["ExecutionStarted", *MIDDLES[kind][1], "ExecutionAborted"]
    assert (execution.status, execution.error, execution.ended_ms) == ("ABORTED", "Enough", 5_000)
    assert (world.clock.now_ms, world.clock.blocked()) == (5_000, [])


@pytest.mark.parametrize("kind", MIDDLES)
def test_the_last_event_alone_tells_that_an_execution_ran_out_of_time(kind: str) -> None:
    world, execution = begun(kind, TimeoutSeconds=7)
    world.clock.run()
    assert world.types() == ["ExecutionStarted", *MIDDLES[kind][1], "ExecutionTimedOut"]
    assert (execution.status, execution.ended_ms, world.clock.blocked()) == ("TIMED_OUT", 7_000, [])


@pytest.mark.parametrize("kind", ["Callback", "Parallel"])
def test_the_tokens_of_a_stopped_execution_are_over(kind: str) -> None:
    world, execution = begun(kind)
    world.clock.call_after(5_000, execution.stop)
    world.clock.run()
    with pytest.raises(TaskTimedOut):
        world.tokens.succeed(world.calls[0].token or "", "1")


def test_nobody_is_given_the_activity_task_of_a_stopped_execution() -> None:
    world, execution = begun("Activity")
    world.clock.call_after(5_000, execution.stop)
    world.clock.run()
    taken: list[object] = []
    world.clock.spawn("worker", lambda: taken.append(world.tokens.take(ACTIVITY, wait_ms=1_000)))
    world.clock.run()
    assert taken == [None]


@pytest.mark.parametrize(
    ("kind", "aborted"),
    [
        ("Wait", ["WaitStateAborted"]),
        ("Callback", ["TaskStateAborted"]),
        ("Activity", ["TaskStateAborted"]),
        ("Backoff", ["TaskStateAborted"]),
        ("Parallel", ["WaitStateAborted", "TaskStateAborted", "ParallelStateAborted"]),
        ("Map", ["WaitStateAborted", "MapIterationAborted", "WaitStateAborted", "MapIterationAborted", "MapStateAborted"]),
        ("Distributed", ["MapRunAborted", "MapStateAborted"]),
    ],
)
def test_a_branch_that_is_ended_with_its_sibling_tells_of_all_it_was_doing(kind: str, aborted: list[str]) -> None:
    world = World()
    world.tasks = {"Middle": failing("Busy") if kind == "Backoff" else lambda call: None, "B": lambda call: None}
    fails = machine(Pause={"Type": "Wait", "Seconds": 5}, Boom={"Type": "Fail", "Error": "Boom"})
    both = {"Type": "Parallel", "Branches": [machine(Middle=MIDDLES[kind][0]), fails]}
    execution = world.run(machine(Both=both), [1, 2])
    types = world.types()
    assert types[types.index("FailStateEntered") + 1 :] == [*aborted, "ParallelStateFailed", "ExecutionFailed"]
    assert (execution.error, world.clock.now_ms, world.clock.blocked()) == ("Boom", 5_000, [])
