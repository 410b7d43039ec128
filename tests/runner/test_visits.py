"""Which states were visited when, as reports draw them."""

from collections.abc import Mapping
from typing import Any

from simulator.engine.failures import TaskFailure
from simulator.engine.integrations import TaskCall
from simulator.json_types import JsonValue
from simulator.runner.visits import read_visits
from tests.engine.world import FUNCTION_ARN, World

WORK: Mapping[str, Any] = {"Type": "Task", "Resource": FUNCTION_ARN}


def slow(seconds: int, world: World, *, fails: bool = False) -> Any:
    def work(_: TaskCall) -> JsonValue:
        world.clock.sleep_ms(1_000 * seconds)
        if fails:
            raise TaskFailure("Broken", "it is")
        return {}

    return work


def visits(world: World) -> list[tuple[str, int, int | None, str, int]]:
    return [(one.state, one.started_ms, one.ended_ms, one.fate, one.retries) for one in read_visits(world.journal).visits]


def test_iterations_at_once_are_told_apart_though_one_catches_an_error() -> None:
    world = World()

    def work(call: TaskCall) -> JsonValue:
        number: Any = call.parameters
        world.clock.sleep_ms(1_000 * int(number))
        if number == 2:
            raise TaskFailure("Broken", "it is")
        return {}

    world.tasks = {"Work": work}
    body = {**WORK, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done"}], "Next": "Done"}
    processor = {"StartAt": "Work", "States": {"Work": body, "Done": {"Type": "Pass", "End": True}}}
    world.run({"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemProcessor": processor, "End": True}}}, [3, 2, 1])
    assert visits(world) == [
        ("Each", 0, 3_000, "done", 0),
        ("Work", 0, 3_000, "done", 0),
        ("Work", 0, 2_000, "caught", 0),
        ("Work", 0, 1_000, "done", 0),
        ("Done", 1_000, 1_000, "done", 0),
        ("Done", 2_000, 2_000, "done", 0),
        ("Done", 3_000, 3_000, "done", 0),
    ]
    around = {one.around.state if one.around else None for one in read_visits(world.journal).visits}
    assert around == {None, "Each"}
    assert len(read_visits(world.journal).transitions) == 3


def test_retries_are_of_the_visit_that_made_them_and_an_error_that_goes_on_fails_all_around() -> None:
    world = World()
    world.tasks = {"Work": slow(5, world, fails=True), "Other": slow(60, world)}
    work = {**WORK, "Retry": [{"ErrorEquals": ["Broken"], "IntervalSeconds": 1, "MaxAttempts": 2}], "End": True}
    branches = [
        {"StartAt": "Work", "States": {"Work": work}},
        {"StartAt": "Other", "States": {"Other": {**WORK, "End": True}}},
    ]
    world.run({"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "Branches": branches, "End": True}}})
    assert visits(world) == [
        ("Both", 0, 18_000, "failed", 0),
        ("Work", 0, 18_000, "failed", 2),
        ("Other", 0, 18_000, "failed", 0),
    ]


def test_a_fail_state_has_failed_and_what_never_ends_is_open() -> None:
    world = World()
    world.run({"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "No"}}})
    assert visits(world) == [("No", 0, 0, "failed", 0)]
    world = World()
    world.start(
        {"StartAt": "Long", "States": {"Long": {"Type": "Wait", "Seconds": 60, "Next": "End"}, "End": {"Type": "Succeed"}}}
    )
    world.clock.run_until(30_000)
    assert visits(world) == [("Long", 0, None, "open", 0)]
