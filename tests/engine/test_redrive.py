"""Redriving a failed execution: what is run again, what is not, and what the history says."""

import pytest

from simulator.engine.failures import NotRedrivable
from simulator.engine.integrations import TaskCall
from simulator.json_types import JsonValue
from tests.engine.world import World, failing, machine, output, task


def test_a_redriven_execution_goes_on_at_the_state_that_failed() -> None:
    world = World({"First": lambda call: {"n": 1}, "Second": failing("Down", times=1, then="done")})
    execution = world.run(machine(First=task(), Second=task()))
    assert execution.error == "Down"
    execution.redrive()
    world.clock.spawn("again", execution.run)
    world.clock.run()
    assert output(execution) == "done"
    assert execution.redrive_count == 1
    assert [call.state for call in world.calls] == ["First", "Second", "Second"]
    assert world.chain()[-7:] == [
        (11, 10, "ExecutionFailed"), (12, 11, "ExecutionRedriven"), (13, 12, "TaskScheduled"), (14, 13, "TaskStarted"),
        (15, 14, "TaskSucceeded"), (16, 15, "TaskStateExited"), (17, 16, "ExecutionSucceeded"),
    ]  # fmt: skip


def test_branches_that_ended_well_are_not_run_again() -> None:
    world = World({"Good": lambda call: "good", "Before": lambda call: None, "Bad": failing("Down", times=1, then="better")})
    both = {"Type": "Parallel", "Branches": [machine(Good=task()), machine(Before=task(), Bad=task())]}
    execution = world.run(machine(Both=both))
    execution.redrive()
    world.clock.spawn("again", execution.run)
    world.clock.run()
    assert output(execution) == ["good", "better"]
    assert [call.state for call in world.calls] == ["Good", "Before", "Bad", "Bad"]


def test_iterations_that_ended_well_are_not_run_again() -> None:
    broken = [2]

    def call(task: TaskCall) -> JsonValue:
        return failing("Down")(task) if task.parameters in broken else task.parameters

    world = World({"Work": call})
    execution = world.run(
        machine(Each={"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": machine(Work=task())}), [1, 2, 3]
    )
    assert execution.status == "FAILED"
    broken.clear()
    execution.redrive()
    world.clock.spawn("again", execution.run)
    world.clock.run()
    assert output(execution) == [1, 2, 3]
    assert [call.parameters for call in world.calls] == [1, 2, 2, 3]


def test_an_iteration_goes_on_at_the_state_that_failed_and_with_its_own_item() -> None:
    world = World({"Before": lambda call: call.parameters, "Work": failing("Down", times=3, then="done")})
    inner = machine(
        Before=task(Assign={"mine.$": "$"}), Work=task(Parameters={"item.$": "$mine", "at.$": "$$.Map.Item.Index"})
    )
    execution = world.run(machine(Each={"Type": "Map", "ItemProcessor": inner}), ["a", "b", "c"])
    assert execution.status == "FAILED"
    execution.redrive()
    world.clock.spawn("again", execution.run)
    world.clock.run()
    assert output(execution) == ["done", "done", "done"]
    assert [call.state for call in world.calls].count("Before") == 3
    again = [call.parameters for call in world.calls if call.state == "Work"][3:]
    assert sorted(again, key=str) == [{"item": name, "at": at} for at, name in enumerate("abc")]


def test_children_of_a_map_run_that_ended_well_are_not_run_again() -> None:
    broken = [2]

    def call(task: TaskCall) -> JsonValue:
        return failing("Down")(task) if task.parameters in broken else task.parameters

    world = World({"Work": call})
    processor = {**machine(Work=task()), "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    execution = world.run(machine(Each={"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": processor}), [1, 2, 3])
    broken.clear()
    execution.redrive()
    world.clock.spawn("again", execution.run)
    world.clock.run()
    assert output(execution) == [1, 2, 3]
    assert [call.parameters for call in world.calls] == [1, 2, 2, 3]
    (run,) = execution.map_runs
    assert (run.status, run.succeeded, run.failed, run.redrive_count) == ("SUCCEEDED", 3, 0, 1)
    assert "MapRunRedriven" in world.types()


def test_what_runs_or_succeeded_cannot_be_redriven() -> None:
    world = World({"Work": lambda call: None})
    execution = world.start(machine(Work=task()))
    with pytest.raises(NotRedrivable):
        execution.redrive()
    world.clock.run()
    with pytest.raises(NotRedrivable):
        execution.redrive()
