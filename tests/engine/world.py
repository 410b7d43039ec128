"""A small world for the engine's tests: a clock, a journal, and tasks that are Python functions."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulator.clock import VirtualClock
from simulator.engine import history
from simulator.engine.definition import parse
from simulator.engine.execution import Execution
from simulator.engine.failures import TaskFailure
from simulator.engine.integrations import TaskCall
from simulator.engine.tokens import TaskTokens
from simulator.journal import Journal
from simulator.json_types import JsonValue
from simulator.rng import Chance

START = datetime(2026, 3, 1, 2, tzinfo=UTC)
ACCOUNT = "111122223333"
MACHINE_ARN = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:plan"
EXECUTION_ARN = f"arn:aws:states:us-east-1:{ACCOUNT}:execution:plan:run"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/states"
FUNCTION_ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:work"
Behaviour = Callable[[TaskCall], JsonValue]


@dataclass
class World:
    """`tasks` maps a state's name to what its call does; calls are kept in `calls`."""

    tasks: Mapping[str, Behaviour] = field(default_factory=dict)
    seed: int = 1
    calls: list[TaskCall] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = VirtualClock(START)
        self.journal = Journal(lambda: self.clock.now_ms)
        self.chance = Chance(self.seed)
        self.tokens = TaskTokens(self.clock, self.chance)

    def call(self, task: TaskCall) -> JsonValue:
        self.calls.append(task)
        return self.tasks[task.state](task)

    def start(self, definition: Mapping[str, Any], given: JsonValue = None, *, is_express: bool = False) -> Execution:
        execution = Execution(
            parse(json.dumps(definition)), arn=EXECUTION_ARN, name="run",
            input=json.dumps({} if given is None else given),
            role_arn=ROLE_ARN, state_machine_arn=MACHINE_ARN, state_machine_name="plan", clock=self.clock,
            chance=self.chance, journal=self.journal, integrations=self, tokens=self.tokens, is_express=is_express,
        )  # fmt: skip
        self.clock.spawn("execution", execution.run)
        return execution

    def run(self, definition: Mapping[str, Any], given: JsonValue = None, *, is_express: bool = False) -> Execution:
        execution = self.start(definition, given, is_express=is_express)
        self.clock.run()
        return execution

    def events(self) -> list[dict[str, Any]]:
        return history.events(self.journal, EXECUTION_ARN, START)

    def chain(self) -> list[tuple[int, int, str]]:
        return [(event["id"], event["previousEventId"], event["type"]) for event in self.events()]

    def types(self) -> list[str]:
        return [event["type"] for event in self.events()]

    def details(self, kind: str) -> list[dict[str, Any]]:
        name = history.details_name(kind)
        return [event[name] for event in self.events() if event["type"] == kind]

    def times(self, kind: str) -> list[float]:
        return [(event["timestamp"] - START).total_seconds() for event in self.events() if event["type"] == kind]


def machine(**states: Mapping[str, Any]) -> dict[str, Any]:
    """A definition of these states, the first being the start; the last ends unless it says otherwise."""
    names = list(states)
    return {
        "StartAt": names[0],
        "States": {name: _with_next(states[name], names, index) for index, name in enumerate(names)},
    }


def task(**fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", **fields}


def failing(error: str, cause: str = "", times: int = 1_000_000, then: JsonValue = None) -> Behaviour:
    """A call that fails some times and then answers."""
    left = [times]

    def call(task: TaskCall) -> JsonValue:
        if left[0] > 0:
            left[0] -= 1
            raise TaskFailure(error, cause)
        return then

    return call


def output(execution: Execution) -> Any:
    assert execution.output is not None, (execution.error, execution.cause)
    return json.loads(execution.output)


def _with_next(state: Mapping[str, Any], names: list[str], index: int) -> dict[str, Any]:
    if state["Type"] in ("Choice", "Succeed", "Fail") or "Next" in state or "End" in state:
        return dict(state)
    return {**state, **({"Next": names[index + 1]} if index + 1 < len(names) else {"End": True})}
