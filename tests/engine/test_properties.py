"""What holds for any definition and input: generated state machines, run twice."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.engine.execution import Status
from simulator.engine.failures import TaskFailure
from simulator.engine.integrations import TaskCall
from simulator.journal import HistoryEvent
from simulator.json_types import JsonValue
from tests.engine.world import World, machine

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab ", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)
PATHS = st.sampled_from(["$", "$.a", "$.b", "$.a.b", "$.c[0]", "$.a[*]", "$..b", "$$.State.Name", "$.items"])
ERRORS = st.sampled_from(["Busy", "Broken", "States.TaskFailed", "States.Timeout"])
RETRY = st.lists(
    st.fixed_dictionaries(
        {"ErrorEquals": st.lists(ERRORS, min_size=1, max_size=2)},
        optional={"MaxAttempts": st.integers(0, 2), "IntervalSeconds": st.integers(1, 5), "JitterStrategy": st.just("FULL")},
    ),
    max_size=2,
)
DATA = st.fixed_dictionaries(
    {}, optional={"InputPath": PATHS, "OutputPath": PATHS, "ResultPath": st.sampled_from(["$", "$.r", "$.a.r"])}
)
TESTS: list[dict[str, Any]] = [{"IsPresent": True}, {"NumericGreaterThan": 0}, {"StringMatches": "a*"}, {"IsNull": True}]
RULES = st.lists(st.tuples(PATHS, st.sampled_from(TESTS)), min_size=1, max_size=2)
WILDCARD = {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}
EXTRAS: list[dict[str, Any]] = [{}, {"Parameters": {"a.$": "$.a", "k": 1}}]


@st.composite
def states(draw: st.DrawFn, prefix: str = "s", depth: int = 0) -> dict[str, Any]:
    """A chain of states; each may fail, branch, wait, call. Names are unique because they begin with the way to them."""
    count = draw(st.integers(1, 3))
    kinds = st.sampled_from(["Pass", "Wait", "Task", "Choice"] + ([] if depth > 1 else ["Parallel", "Map"]))
    names = [f"{prefix}{index}" for index in range(count + 1)]
    built = {name: draw(state(draw(kinds), name, names[index + 1], depth)) for index, name in enumerate(names[:-1])}
    return machine(**built, **{names[-1]: {"Type": "Succeed"}})


@st.composite
def state(draw: st.DrawFn, kind: str, name: str, after: str, depth: int) -> dict[str, Any]:
    if kind == "Choice":
        rules = [{"Variable": path, **test, "Next": after} for path, test in draw(RULES)]
        return {"Type": "Choice", "Choices": rules, "Default": after}
    data: dict[str, Any] = draw(DATA)
    if kind == "Wait":
        return {"Type": "Wait", "Seconds": draw(st.integers(0, 30)), **_without(data, "ResultPath")}
    if kind == "Pass":
        return {"Type": "Pass", **data, **draw(st.sampled_from([*EXTRAS, {"Assign": {f"{name}.$": "$"}}]))}
    catch = [{"ErrorEquals": ["States.ALL"], "Next": after}]
    errors: dict[str, Any] = (
        {"Retry": draw(RETRY) + draw(st.sampled_from([[], [WILDCARD]])), "Catch": catch} if draw(st.booleans()) else {}
    )
    if kind == "Task":
        extra: dict[str, Any] = {"TimeoutSeconds": 3} if draw(st.booleans()) else {}
        return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", **data, **errors, **extra}
    if kind == "Parallel":
        branches = [draw(states(f"{name}b{index}_", depth + 1)) for index in range(draw(st.integers(1, 3)))]
        return {"Type": "Parallel", "Branches": branches, **data, **errors}
    processor = draw(states(f"{name}m", depth + 1))
    items = draw(st.sampled_from(["$", "$.items"]))
    limit = draw(st.integers(0, 3))
    return {"Type": "Map", "ItemProcessor": processor, "ItemsPath": items, "MaxConcurrency": limit, **data, **errors}


def _without(data: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != name}


class Calls:
    """Tasks that answer, fail or dawdle, as the seed has it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.stream = world.chance.stream("test")

    def __getitem__(self, name: str) -> Any:
        return self.call

    def call(self, task: TaskCall) -> JsonValue:
        self.world.clock.sleep_ms(int(self.stream.between(0, 5_000)))
        if self.stream.happens(0.4):
            raise TaskFailure("Busy" if self.stream.happens(0.5) else "Broken", "by chance")
        return {"a": [1, {"b": 2}], "items": [1, 2]}


def run(definition: dict[str, Any], value: Any, seed: int) -> tuple[World, Any]:
    world = World(seed=seed)
    world.tasks = Calls(world)  # type: ignore[assignment]
    return world, world.run(definition, value)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(definition=states(), value=VALUES, seed=st.integers(0, 1_000))
def test_any_machine_runs_to_its_end_in_an_orderly_way(definition: dict[str, Any], value: Any, seed: int) -> None:
    world, execution = run(definition, value, seed)
    assert execution.status is not Status.RUNNING
    entries = [(at_ms, event) for at_ms, event in world.journal.of(HistoryEvent)]
    assert [event.id for _, event in entries] == list(range(1, len(entries) + 1))
    assert all(event.previous_id < event.id for _, event in entries)
    assert [at_ms for at_ms, _ in entries] == sorted(at_ms for at_ms, _ in entries)
    assert entries[-1][1].type in ("ExecutionSucceeded", "ExecutionFailed")
    entered = sum(event.type.endswith("StateEntered") for _, event in entries)
    exited = sum(event.type.endswith("StateExited") for _, event in entries)
    assert exited <= entered
    is_smooth = not any("Failed" in event.type or "TimedOut" in event.type for _, event in entries)
    if execution.status is Status.SUCCEEDED and is_smooth:
        assert exited == entered
    assert world.clock.blocked() == []


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(definition=states(), value=VALUES, seed=st.integers(0, 1_000))
def test_the_same_seed_gives_the_same_bytes(definition: dict[str, Any], value: Any, seed: int) -> None:
    assert run(definition, value, seed)[0].journal.to_jsonl() == run(definition, value, seed)[0].journal.to_jsonl()


def test_a_long_wait_ends_after_a_short_one_whatever_the_seed() -> None:
    waits = [machine(**{name: {"Type": "Wait", "Seconds": seconds}}) for name, seconds in (("Long", 600), ("Short", 5))]
    definition = machine(Both={"Type": "Parallel", "Branches": waits})
    text = json.dumps(["Short", "Long"])
    for seed in range(1_000):
        world = World(seed=seed)
        world.run(definition)
        assert json.dumps([details["name"] for details in world.details("WaitStateExited")]) == text
        assert world.times("ExecutionSucceeded") == [600]
