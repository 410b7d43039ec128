"""Lets the tasks that a scenario's `mocks` name answer as their file says."""

import json
from collections.abc import Iterator
from typing import Any

from simulator.account.integrations.mocked import fault_of_result
from simulator.account.integrations.mocked_tasks import MockedTasks
from simulator.account.world import ACCOUNT_ID, World
from simulator.errors import Problem, ScenarioError
from simulator.journal import FaultFired
from simulator.scenario.mocks import MockedResponse
from simulator.scenario.model import Scenario
from simulator.scenario.names import did_you_mean


def mock_id(state: str) -> str:
    """What the journal calls the mocks of a state."""
    return f"mocked {state}"


def mock_tasks(world: World, scenario: Scenario, definition: str) -> None:
    """Put the scenario's mocks in the place of what its tasks call.

    Raises ScenarioError for states that cannot be mocked, and for results that their calls could not have.
    """
    if scenario.mocks is None:
        return
    states, responses = dict(_states(json.loads(definition))), scenario.mocks.responses
    found = [message for state, response in responses.items() for message in _problems(state, response, states)]
    if found:
        where = scenario.where("mocks", "testCase")
        raise ScenarioError([Problem(where, message, hint) for message, hint in found])
    home = world.at(ACCOUNT_ID, world.region)
    home.integrations.mocked = MockedTasks(
        {state: response.answer for state, response in responses.items()},
        home.states.tokens,
        lambda state, effect: world.journal.record(FaultFired(mock_id(state), state, effect)),
    )


def _problems(state: str, response: MockedResponse, states: dict[str, Any]) -> Iterator[tuple[str, str]]:
    written = states.get(state)
    if written is None:
        yield f"the state machine has no state `{state}`, which the test case mocks", did_you_mean(state, sorted(states))
    elif written.get("Type") != "Task" or ":activity:" in str(written.get("Resource")):
        yield f"{state} cannot be mocked", "only Task states that call a service or a function can be"
    else:
        for answer in response.answers:
            fault = None if answer.error else fault_of_result(json.dumps(written), None, answer.result, "PRESENT")
            if fault is not None:
                yield f"{response.name} is no answer that {written['Resource']} could give: {fault}", ""


def _states(machine: Any) -> Iterator[tuple[str, Any]]:
    """Every state by its name, at any depth."""
    for name, state in machine.get("States", {}).items():
        yield name, state
        for inner in (*state.get("Branches", ()), *(state[key] for key in ("Iterator", "ItemProcessor") if key in state)):
            yield from _states(inner)
