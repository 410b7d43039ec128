"""The state machine as a document: what must be true of it however it is rearranged."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PATH = Path(__file__).parents[2] / "asl" / "recovery_plan.asl.json"
MACHINE = json.loads(PATH.read_text("utf-8"))


def scopes(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The machine and every machine inside one of its states."""
    yield machine
    for state in machine["States"].values():
        if "ItemProcessor" in state:
            yield from scopes(state["ItemProcessor"])


STATES = {name: state for scope in scopes(MACHINE) for name, state in scope["States"].items()}
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}


def ways_on(state: dict[str, Any]) -> list[str]:
    found = [state[key] for key in ("Next", "Default") if key in state]
    return found + [rule["Next"] for rule in [*state.get("Choices", []), *state.get("Catch", [])]]


def test_the_states_of_the_recovery_are_all_there() -> None:
    assert set(STATES) >= {
        "InitializeExecution", "ProcessWaves", "CheckDependencies", "StartWaveRecovery", "WaitForWave", "CheckWaveStatus",
        "UpdateWaveStatus", "SendNotification", "FinalizeExecution",
    }  # fmt: skip


@pytest.mark.parametrize("name", TASKS)
def test_every_task_retries_with_backoff_catches_everything_and_ends(name: str) -> None:
    task = TASKS[name]
    assert all(rule["BackoffRate"] > 1 and rule["MaxAttempts"] >= 1 for rule in task["Retry"])
    assert task["Retry"]
    assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    assert task["TimeoutSeconds"] <= 300


def test_every_choice_has_a_default() -> None:
    assert [name for name, state in STATES.items() if state["Type"] == "Choice" and "Default" not in state] == []


def test_only_what_step_functions_local_knows_is_used() -> None:
    assert {task["Resource"] for task in TASKS.values()} == {
        "arn:aws:states:::lambda:invoke", "arn:aws:states:::sns:publish",
    }  # fmt: skip
    assert not {"QueryLanguage", "Assign", "Arguments", "Output"} & {key for state in STATES.values() for key in state}


def test_the_placeholders_are_the_two_that_deployment_fills_in() -> None:
    assert set(re.findall(r"\$\{(\w+)\}", PATH.read_text("utf-8"))) == {"OrchestrationFunctionArn", "NotificationTopicArn"}


def test_every_failure_of_the_machine_is_recorded_before_it_fails() -> None:
    """Whatever leads to ExecutionFailed comes from RecordFailure, or from a finalize that recorded something else."""
    states = MACHINE["States"]
    before = {name: [other for other, state in states.items() if name in ways_on(state)] for name in states}
    assert set(before["ExecutionFailed"]) == {"NotifyFailure", "NotifyUnrecorded", "RecordedAsCompleted"}
    assert before["NotifyFailure"] == ["RecordFailure", "NotifyFailure"] or set(before["NotifyFailure"]) == {"RecordFailure"}
    assert set(before["NotifyUnrecorded"]) == {"RecordFailure"}
    assert set(before["RecordedAsCompleted"]) == {"FinalizeExecution"}


@pytest.mark.parametrize("scope", list(scopes(MACHINE)), ids=["machine", "wave"])
def test_every_state_can_be_reached_and_leads_to_an_end(scope: dict[str, Any]) -> None:
    states = scope["States"]
    ends = {name for name, state in states.items() if state["Type"] in ("Succeed", "Fail")}
    reached, frontier = set(), {scope["StartAt"]}
    while frontier:
        reached |= frontier
        frontier = {name for state in frontier for name in ways_on(states[state])} - reached
    assert reached == set(states)
    leading = set(ends)
    while True:
        more = {name for name, state in states.items() if set(ways_on(state)) & leading} - leading
        if not more:
            break
        leading |= more
    assert leading == set(states)
