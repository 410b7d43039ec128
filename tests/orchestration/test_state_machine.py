"""What can be told of the state machine without running it."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import accumulate, repeat
from pathlib import Path
from typing import Any

import pytest

from orchestration.clients import TRANSIENT
from orchestration.handler import ACTIONS
from orchestration.plan_checks import MAX_DAYS, MAX_WAVES
from orchestration.watching import PATIENCE
from simulator.engine.lint import lint

WEEK = 7 * 24 * 60 * 60
ASL = Path(__file__).parents[2] / "asl" / "recovery_plan.asl.json"
TEXT = ASL.read_text("utf-8")
MACHINE = json.loads(TEXT)


def states_of(machine: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        if state["Type"] == "Map":
            yield from states_of(state["ItemProcessor"])


STATES = dict(states_of(MACHINE))
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
FUNCTION_TASKS = {name: state for name, state in TASKS.items() if "lambda" in state["Resource"]}
CLOSING_TASKS = {name: FUNCTION_TASKS[name] for name in ("FinalizeExecution", "RecordFailure")}
WAITING_TASKS = {name: state for name, state in TASKS.items() if state["Resource"].endswith(".waitForTaskToken")}
WORKING_TASKS = {name: state for name, state in FUNCTION_TASKS.items() if name not in CLOSING_TASKS}


def each(states: Mapping[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("state", states.values(), ids=states.keys())


def waits_seconds(retrier: Mapping[str, Any]) -> list[float]:
    """How long each of a retrier's retries waits."""
    rates = repeat(retrier["BackoffRate"], retrier["MaxAttempts"] - 1)
    grown = accumulate(rates, lambda wait, rate: wait * rate, initial=retrier["IntervalSeconds"])
    return [min(wait, retrier.get("MaxDelaySeconds", wait)) for wait in grown]


def retrier(state: Mapping[str, Any], error: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in state["Retry"] if error in one["ErrorEquals"])
    return found


def test_the_simulator_s_linter_has_nothing_to_say() -> None:
    assert lint(TEXT, str(ASL)) == []


def test_the_flow_has_the_states_that_operators_know() -> None:
    assert {
        "InitializeExecution", "ProcessWaves", "AwaitTurn", "StartWaveRecovery", "AwaitJob", "CheckWaveStatus",
        "UpdateWaveStatus", "SendNotification", "FinalizeExecution",
    } <= STATES.keys()  # fmt: skip


def test_it_runs_wherever_its_function_and_topic_are() -> None:
    assert set(re.findall(r"\$\{(\w+)\}", TEXT)) == {"OrchestrationFunctionArn", "NotificationTopicArn"}
    assert re.search(r"\d{12}", TEXT) is None


def test_it_keeps_to_what_step_functions_local_runs() -> None:
    assert {task["Resource"] for task in TASKS.values()} == {
        "arn:aws:states:::lambda:invoke",
        "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "arn:aws:states:::sns:publish",
    }
    assert "QueryLanguage" not in TEXT
    assert "Assign" not in TEXT


def test_every_action_is_asked_for_and_none_other() -> None:
    assert {task["Parameters"]["Payload"]["action"] for task in FUNCTION_TASKS.values()} == set(ACTIONS)


@each(TASKS)
def test_every_task_has_a_timeout_retries_and_a_catch_for_all(state: dict[str, Any]) -> None:
    assert "TimeoutSecondsPath" in state or state["TimeoutSeconds"] <= (WEEK if state in WAITING_TASKS.values() else 120)
    assert all(one["BackoffRate"] > 1 for one in state["Retry"])
    assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


@each(CLOSING_TASKS)
def test_closing_the_record_is_tried_for_hours_whatever_the_error(state: dict[str, Any]) -> None:
    assert sum(waits_seconds(retrier(state, "States.ALL"))) > 2 * 3_600


@each(WORKING_TASKS)
def test_every_other_invocation_retries_what_time_may_mend(state: dict[str, Any]) -> None:
    assert set(retrier(state, "ThrottlingException")["ErrorEquals"]) == TRANSIENT | {"RecordBusy"}
    assert waits_seconds(retrier(state, "ThrottlingException")) == [2, 4, 8, 16, 32, 64, 128, 256]
    assert waits_seconds(retrier(state, "Lambda.ServiceException")) == [2, 4, 8, 16, 32, 64]
    assert {
        "Lambda.AWSLambdaException", "Lambda.SdkClientException", "Lambda.TooManyRequestsException", "Lambda.Unknown",
        "Sandbox.Timedout",
    } <= set(retrier(state, "Lambda.ServiceException")["ErrorEquals"])  # fmt: skip
    # The time of a task that waits for its token is up because nobody sent it: there is nothing to try again.
    retries_timeout = "States.Timeout" in retrier(state, "Lambda.ServiceException")["ErrorEquals"]
    assert retries_timeout == (state not in WAITING_TASKS.values())


@each(FUNCTION_TASKS)
def test_what_an_invocation_is_told_about_retries_is_there_to_tell(state: dict[str, Any]) -> None:
    attempt = state["Parameters"]["Payload"].get("attempt.$", "$$.State.RetryCount")
    assert attempt == "$$.State.RetryCount"
    assert all(one["MaxAttempts"] >= PATIENCE for one in state["Retry"])


def test_a_busy_server_is_waited_for_longer_than_a_usual_job_takes() -> None:
    waits = waits_seconds(retrier(STATES["StartWaveRecovery"], "ConflictException"))
    assert waits[:4] == [30, 45, 67.5, 101.25]
    assert max(waits) == 120
    assert sum(waits) > 30 * 60


def test_room_in_drs_is_waited_for_longer_than_a_hundred_jobs_take_there() -> None:
    waits = waits_seconds(retrier(STATES["StartWaveRecovery"], "ServiceQuotaExceededException"))
    assert (waits[0], max(waits)) == (60, 300)  # rarely enough that the history has room for it, a hundred waves over
    assert sum(waits) > 4.5 * 3_600


@each({name: state for name, state in STATES.items() if state["Type"] == "Choice"})
def test_every_choice_has_a_default(state: dict[str, Any]) -> None:
    assert state["Default"]


def test_whatever_waits_can_be_told_to_go_on() -> None:
    # Nobody waits for a clean-up or a failback; a runbook, or health, is looked at again within minutes.
    assert {name for name, state in STATES.items() if state["Type"] == "Wait"} == {
        "WaitForCleanUp",
        "WaitForStep",
        "WaitForFailback",
    }
    assert set(WAITING_TASKS) == {"AwaitTurn", "AwaitApproval", "AwaitJob", "AwaitOperator"}
    assert all(task["Parameters"]["Payload"]["token.$"] == "$$.Task.Token" for task in WAITING_TASKS.values())


def test_a_wave_that_is_not_woken_looks_at_its_job_when_the_time_is_up_and_whatever_goes_wrong() -> None:
    wait = STATES["AwaitJob"]
    assert wait["TimeoutSecondsPath"] == "$.started.waitSeconds"
    assert {catcher["Next"] for catcher in wait["Catch"]} == {wait["Next"]} == {"CheckWaveStatus"}


def test_the_whole_may_take_longer_than_all_its_waves_with_their_retries() -> None:
    within_a_wave = states_of(STATES["ProcessWaves"]["ItemProcessor"])
    retries_seconds = sum(sum(waits_seconds(one)) for _, state in within_a_wave for one in state.get("Retry", []))
    assert MACHINE["TimeoutSeconds"] > MAX_DAYS * 86_400 + MAX_WAVES * retries_seconds


def next_states(state: Mapping[str, Any]) -> set[str]:
    caught = {one["Next"] for one in state.get("Catch", [])}
    chosen = {one["Next"] for one in state.get("Choices", [])}
    return caught | chosen | ({state[key] for key in ("Next", "Default") if key in state})


def reachable(name: str) -> set[str]:
    seen, waiting = set(), {name}
    while waiting:
        seen.add(one := waiting.pop())
        waiting |= next_states(STATES[one]) - seen
    return seen


def ends_of(name: str) -> set[str]:
    """The states without a successor that can come after a state."""
    return {one for one in reachable(name) if not next_states(STATES[one])}


@each({name: state for name, state in MACHINE["States"].items() if state["Type"] in ("Task", "Map")})
def test_every_error_is_recorded_before_the_execution_ends(state: dict[str, Any]) -> None:
    for catcher in state["Catch"]:
        after = catcher["Next"]
        if state.get("Resource", "").endswith("sns:publish"):
            assert after == state["Next"]  # recorded already: it ends alike whether or not anybody could be told
        elif state is STATES["RecordFailure"]:
            assert after == "NotifyUnrecorded"  # it has been tried for long enough: somebody must know
        elif after in ("RecordCleanUpFailure", "RecordFailbackFailure", "FinalizeExecution"):
            assert ends_of(after) >= {"ExecutionCompleted"}  # phases after the recovery say nothing about it
            continue
        else:
            assert after == "RecordFailure"
        assert ends_of(after) <= {"ExecutionCompleted", "ExecutionCancelled", "ExecutionFailed"}


def test_every_error_within_a_wave_is_recorded_before_the_wave_ends() -> None:
    on_the_way = {"AwaitJob": {"CheckWaveStatus"}, "AwaitApproval": {"DecideByDefault", "RecordWaveFailure"}}
    for name, state in states_of(STATES["ProcessWaves"]["ItemProcessor"]):
        expected = on_the_way.get(name, {"WaveNotRecorded" if name == "RecordWaveFailure" else "RecordWaveFailure"})
        if state.get("Resource", "").endswith("sns:publish"):
            expected = {state["Next"]}
        assert {catcher["Next"] for catcher in state.get("Catch", [])} in (expected, set())
    assert ends_of("RecordWaveFailure") == {"WaveDone", "WaveNotRecorded"}


@pytest.mark.parametrize("scope", [MACHINE, STATES["ProcessWaves"]["ItemProcessor"]], ids=["machine", "wave"])
def test_every_state_can_be_reached_and_comes_to_an_end(scope: dict[str, Any]) -> None:
    assert reachable(scope["StartAt"]) == set(scope["States"])
    ends = {name for name, state in scope["States"].items() if state["Type"] in ("Succeed", "Fail")}
    assert all(reachable(name) & ends for name in scope["States"])


def test_all_waves_are_under_way_at_once() -> None:
    assert STATES["ProcessWaves"]["MaxConcurrency"] == 0
