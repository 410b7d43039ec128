"""Task states: their history events, payloads, retries, catchers, time limits and tokens."""

from typing import Any

import pytest

from simulator.engine.failures import InvalidToken, TaskFailure, TaskTimedOut
from simulator.engine.integrations import TaskCall
from simulator.journal import StateCaught, StateRetried
from simulator.json_types import JsonValue
from tests.engine.world import ACCOUNT, FUNCTION_ARN, World, failing, machine, output, task

CALLBACK = "arn:aws:states:::lambda:invoke.waitForTaskToken"


def test_a_service_call_writes_scheduled_started_and_succeeded() -> None:
    world = World({"Invoke": lambda call: {"Payload": {"ok": True}, "StatusCode": 200}})
    definition = machine(
        Invoke=task(Parameters={"FunctionName": "work", "Payload.$": "$"}, ResultSelector={"ok.$": "$.Payload.ok"})
    )
    execution = world.run(definition, {"wave": 1})
    assert output(execution) == {"ok": True}
    assert world.chain() == [
        (1, 0, "ExecutionStarted"), (2, 0, "TaskStateEntered"), (3, 2, "TaskScheduled"), (4, 3, "TaskStarted"),
        (5, 4, "TaskSucceeded"), (6, 5, "TaskStateExited"), (7, 6, "ExecutionSucceeded"),
    ]  # fmt: skip
    assert world.details("TaskScheduled") == [
        {
            "resourceType": "lambda", "resource": "invoke", "region": "us-east-1",
            "parameters": '{"FunctionName":"work","Payload":{"wave":1}}',
        }
    ]  # fmt: skip
    assert world.details("TaskSucceeded") == [
        {
            "resourceType": "lambda", "resource": "invoke", "output": '{"Payload":{"ok":true},"StatusCode":200}',
            "outputDetails": {"truncated": False},
        }
    ]  # fmt: skip


def test_a_function_arn_writes_lambda_function_events() -> None:
    world = World({"Work": lambda call: "done"})
    world.run(machine(Work={"Type": "Task", "Resource": FUNCTION_ARN, "TimeoutSeconds": 30}), [1])
    assert world.types()[2:5] == ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"]
    assert world.details("LambdaFunctionScheduled") == [
        {"resource": FUNCTION_ARN, "input": "[1]", "inputDetails": {"truncated": False}, "timeoutInSeconds": 30}
    ]
    assert world.calls[0].parameters == [1]


def test_backoff_doubles_and_is_bounded_and_each_retrier_counts_for_itself() -> None:
    errors = iter(["Busy", "Busy", "Slow", "Busy", "Busy"])

    def call(task: TaskCall) -> JsonValue:
        raise TaskFailure(next(errors))

    world = World({"Work": call})
    retry = [
        {"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxDelaySeconds": 10, "MaxAttempts": 3},
        {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1},
    ]
    execution = world.run(machine(Work=task(Retry=retry)))
    assert (execution.status, execution.error) == ("FAILED", "Busy")
    assert world.times("TaskScheduled") == [0, 2, 8, 9, 19]
    retried = [(event.retrier, event.attempt, event.interval_ms) for _, event in world.journal.of(StateRetried)]
    assert retried == [(0, 1, 2000), (0, 2, 6000), (1, 1, 1000), (0, 3, 10000)]


def test_a_retry_writes_no_state_events_of_its_own() -> None:
    world = World({"Work": failing("Busy", "later", times=1, then=1)})
    world.run(machine(Work=task(Retry=[{"ErrorEquals": ["Busy"]}])))
    assert world.chain()[3:8] == [
        (4, 3, "TaskStarted"), (5, 4, "TaskFailed"), (6, 5, "TaskScheduled"), (7, 6, "TaskStarted"), (8, 7, "TaskSucceeded"),
    ]  # fmt: skip
    assert world.details("TaskFailed") == [
        {"resourceType": "lambda", "resource": "invoke", "error": "Busy", "cause": "later"}
    ]


def test_full_jitter_stays_within_the_backoff_and_repeats_with_the_seed() -> None:
    definition = machine(Work=task(Retry=[{"ErrorEquals": ["Busy"], "IntervalSeconds": 10, "JitterStrategy": "FULL"}]))
    runs = []
    for seed in (1, 1, 2):
        world = World({"Work": failing("Busy")}, seed=seed)
        world.run(definition)
        runs.append([event.interval_ms for _, event in world.journal.of(StateRetried)])
    assert runs[0] == runs[1] != runs[2]
    assert all(0 < wait_ms < bound for run in runs for wait_ms, bound in zip(run, (10_000, 20_000, 40_000), strict=True))


def test_a_catcher_gets_error_and_cause_where_its_result_path_says() -> None:
    world = World({"Work": failing("Lambda.ServiceException", "down")})
    catch = [{"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.error", "Next": "Record"}]
    execution = world.run(machine(Work=task(Catch=catch, Next="Record"), Record={"Type": "Pass"}), {"plan": "p"})
    assert output(execution) == {"plan": "p", "error": {"Error": "Lambda.ServiceException", "Cause": "down"}}
    assert world.types()[4:7] == ["TaskFailed", "TaskStateExited", "PassStateEntered"]
    assert [(event.error, event.next) for _, event in world.journal.of(StateCaught)] == [
        ("Lambda.ServiceException", "Record")
    ]


@pytest.mark.parametrize(
    ("error", "names", "is_caught"),
    [
        ("Custom", ["States.ALL"], True),
        ("Custom", ["States.TaskFailed"], True),
        ("Custom", ["Other"], False),
        ("States.Timeout", ["States.TaskFailed"], False),
        ("States.Timeout", ["States.ALL"], True),
        ("States.DataLimitExceeded", ["States.ALL"], False),
        ("States.DataLimitExceeded", ["States.DataLimitExceeded"], True),
    ],
)
def test_who_catches_what(error: str, names: list[str], is_caught: bool) -> None:
    world = World({"Work": failing(error)})
    catch = [{"ErrorEquals": names, "Next": "Caught"}]
    execution = world.run(machine(Work=task(Catch=catch, Next="Caught"), Caught={"Type": "Pass"}))
    assert execution.status == ("SUCCEEDED" if is_caught else "FAILED")


def test_a_runtime_error_is_caught_by_nobody() -> None:
    catch = [{"ErrorEquals": ["States.Runtime"], "Next": "Caught"}, {"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    world = World()
    execution = world.run(
        machine(Work=task(Parameters={"id.$": "$.missing"}, Catch=catch, Next="Caught"), Caught={"Type": "Pass"}), {"a": 1}
    )
    assert execution.error == "States.Runtime"
    assert execution.cause == (
        "An error occurred while executing the state 'Work' (entered at the event id #2). The JSONPath '$.missing' specified"
        " for the field 'id.$' could not be found in the input '{\"a\":1}'"
    )


def test_a_task_that_outlives_its_timeout_is_left_behind() -> None:
    world = World()
    ended: list[int] = []

    def call(task: TaskCall) -> JsonValue:
        try:
            world.clock.sleep_ms(60_000)
        finally:
            ended.append(world.clock.now_ms)
        return None

    world.tasks = {"Work": call}
    execution = world.run(machine(Work=task(TimeoutSeconds=5)))
    assert (execution.status, execution.error, execution.cause) == ("FAILED", "States.Timeout", None)
    assert world.times("TaskTimedOut") == [5]
    assert world.details("TaskTimedOut") == [{"resourceType": "lambda", "resource": "invoke", "error": "States.Timeout"}]
    assert ended == [5_000]


def test_what_ends_at_its_deadline_is_in_time() -> None:
    world = World()
    world.tasks = {"Work": lambda call: world.clock.sleep_ms(5_000)}
    assert world.run(machine(Work=task(TimeoutSeconds=5))).status == "SUCCEEDED"


def callback(**fields: Any) -> dict[str, Any]:
    return task(Resource=CALLBACK, Parameters={"Payload": {"token.$": "$$.Task.Token"}}, **fields)


def token_of(task: TaskCall) -> str:
    parameters: Any = task.parameters
    assert parameters["Payload"]["token"] == task.token
    return str(task.token)


def test_a_callback_ends_when_its_token_comes_back() -> None:
    world = World()

    def call(task: TaskCall) -> JsonValue:
        world.clock.call_after(90_000, lambda: world.tokens.succeed(token_of(task), '{"approved": true}'))
        return {"StatusCode": 200}

    world.tasks = {"Ask": call}
    execution = world.run(machine(Ask=callback()))
    assert output(execution) == {"approved": True}
    assert world.types()[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    assert world.details("TaskSubmitted")[0]["resource"] == "invoke.waitForTaskToken"
    assert world.times("TaskSucceeded") == [90]


def test_a_token_answered_before_the_call_returns_is_not_lost() -> None:
    world = World()

    def call(task: TaskCall) -> JsonValue:
        world.tokens.succeed(token_of(task), "1")
        return None

    world.tasks = {"Ask": call}
    assert output(world.run(machine(Ask=callback()))) == 1


def test_a_failed_token_fails_the_task() -> None:
    world = World()

    def call(task: TaskCall) -> JsonValue:
        world.clock.call_after(1_000, lambda: world.tokens.fail(token_of(task), "Rejected", "by the operator"))
        return None

    world.tasks = {"Ask": call}
    execution = world.run(machine(Ask=callback()))
    assert (execution.error, execution.cause) == ("Rejected", "by the operator")


def test_heartbeats_keep_a_callback_alive_until_they_stop() -> None:
    world = World()

    def call(task: TaskCall) -> JsonValue:
        for at_ms in (8_000, 16_000):
            world.clock.call_after(at_ms, lambda: world.tokens.heartbeat(token_of(task)))
        return None

    world.tasks = {"Ask": call}
    execution = world.run(machine(Ask=callback(HeartbeatSeconds=10)))
    assert execution.error == "States.Timeout"
    assert world.times("TaskTimedOut") == [26]
    assert world.details("TaskScheduled")[0]["heartbeatInSeconds"] == 10


def test_rules_may_call_a_missed_heartbeat_by_its_own_name() -> None:
    catch = [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Silent"}]
    world = World({"Ask": lambda call: None})
    execution = world.run(machine(Ask=callback(HeartbeatSeconds=10, Catch=catch, Next="Silent"), Silent={"Type": "Pass"}))
    assert output(execution) == {"Error": "States.Timeout", "Cause": ""}


def test_an_answer_after_the_end_is_refused_and_a_made_up_token_is_invalid() -> None:
    world = World({"Ask": lambda call: None})
    world.run(machine(Ask=callback(TimeoutSeconds=5)))
    with pytest.raises(TaskTimedOut):
        world.tokens.succeed(token_of(world.calls[0]), "1")
    with pytest.raises(InvalidToken):
        world.tokens.succeed("000000000001nonsense", "1")


def test_each_attempt_has_a_token_of_its_own() -> None:
    world = World({"Ask": lambda call: None})
    world.run(machine(Ask=callback(TimeoutSeconds=5, Retry=[{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 1}])))
    assert len({token_of(call) for call in world.calls}) == 2
    assert [call.attempt for call in world.calls] == [0, 1]


def test_a_sync_task_is_followed_to_its_end() -> None:
    world = World()

    def call(task: TaskCall) -> JsonValue:
        if task.submitted is None:
            return {"JobId": "j"}
        world.clock.sleep_ms(30_000)
        return {"Status": "SUCCEEDED", "Submitted": task.submitted}

    world.tasks = {"Job": call}
    execution = world.run(machine(Job=task(Resource="arn:aws:states:::batch:submitJob.sync", Parameters={"JobName": "n"})))
    assert output(execution) == {"Status": "SUCCEEDED", "Submitted": {"JobId": "j"}}
    assert world.times("TaskSubmitted") == [0]
    assert world.times("TaskSucceeded") == [30]


def test_the_context_object_counts_retries_and_names_the_execution() -> None:
    world = World({"Work": failing("Busy", times=2, then=0)})
    definition = machine(
        Work=task(
            Parameters={"n.$": "$$.State.RetryCount", "id.$": "$$.Execution.Id", "at.$": "$$.Execution.StartTime"},
            Retry=[{"ErrorEquals": ["Busy"]}],
        )
    )
    world.run(definition)
    seen: list[Any] = [call.parameters for call in world.calls]
    assert [parameters["n"] for parameters in seen] == [0, 1, 2]
    assert seen[0]["id"] == f"arn:aws:states:us-east-1:{ACCOUNT}:execution:plan:run"
    assert seen[0]["at"] == "2026-03-01T02:00:00.000Z"


def test_credentials_change_the_role_of_the_call() -> None:
    world = World({"Work": lambda call: None})
    world.run(machine(Work=task(Credentials={"RoleArn.$": "$.role"})), {"role": "arn:aws:iam::444455556666:role/other"})
    assert world.calls[0].role_arn == "arn:aws:iam::444455556666:role/other"
    assert world.details("TaskScheduled")[0]["taskCredentials"] == {"roleArn": "arn:aws:iam::444455556666:role/other"}


def test_a_result_over_the_limit_is_a_data_limit_error() -> None:
    world = World({"Work": lambda call: "x" * 262_144})
    execution = world.run(machine(Work=task()))
    assert execution.error == "States.DataLimitExceeded"
    cause = "The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit."
    assert execution.cause == cause
    assert world.types()[-2:] == ["TaskFailed", "ExecutionFailed"]


def test_everything_catches_a_result_over_the_limit_but_not_an_output_over_it() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    for work, status in ((lambda call: "x" * 262_144, "SUCCEEDED"), (lambda call: "x" * 262_100, "FAILED")):
        state = task(Catch=catch, ResultPath="$.result", Next="Caught")
        execution = World({"Work": work}).run(machine(Work=state, Caught={"Type": "Pass"}), {"more": "x" * 100})
        assert execution.status == status
        assert status == "SUCCEEDED" or execution.error == "States.DataLimitExceeded"


def test_a_state_whose_output_is_over_the_limit_fails_by_its_name() -> None:
    definition = machine(Grow={"Type": "Pass", "Parameters": {"a.$": "$", "b.$": "$"}})
    execution = World().run(definition, "x" * 200_000)
    assert (execution.error, (execution.cause or "")[:23]) == ("States.DataLimitExceeded", "The state/task 'Grow' r")


def test_a_task_that_waits_for_a_job_has_a_token_to_hand_on() -> None:
    world = World({"Work": lambda call: {"seen": call.token}})
    resource = "arn:aws:states:::states:startExecution.sync:2"
    world.run(machine(Work=task(Resource=resource, Parameters={"t.$": "$$.Task.Token"})))
    parameters: Any = world.calls[0].parameters
    assert len(parameters["t"]) > 80
    assert [call.token for call in world.calls] == [None, None]
