"""Step Functions' versions, aliases, activities, map runs, redrives and Express workflows through boto3."""

import json
from typing import Any

import pytest

from simulator.account.integrations.mocked import fault_of_result
from tests.account.conftest import Stage
from tests.account.test_states_api import HERE, PASS, ROLE, WAIT, Client

FAIL = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Broken"}}}


@pytest.fixture
def states(staged: Stage) -> Client:
    return Client(staged)


def create(states: Client, definition: Any = PASS, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = states.create_state_machine(name="m", definition=json.dumps(definition), roleArn=ROLE, **more)
    return answer


def result(value: Any) -> dict[str, Any]:
    return {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "Result": value, "End": True}}}


def test_an_update_changes_later_executions_and_not_the_ones_that_run(states: Client) -> None:
    machine = create(states, WAIT)["stateMachineArn"]
    seen: list[str] = []

    def act() -> None:
        boto = states._boto
        first = boto.start_execution(stateMachineArn=machine)["executionArn"]
        boto.update_state_machine(stateMachineArn=machine, definition=json.dumps(result("new")))
        second = boto.start_execution(stateMachineArn=machine)["executionArn"]
        states._staged.world.clock.sleep_ms(61_000)
        seen.extend(boto.describe_execution(executionArn=arn)["output"] for arn in (first, second))
        described = boto.describe_state_machine_for_execution(executionArn=first)
        assert json.loads(described["definition"]) == WAIT

    states._staged.run(act)
    assert seen == ["{}", '"new"']
    assert json.loads(states.describe_state_machine(stateMachineArn=machine)["definition"]) == result("new")


def test_an_update_needs_something_to_change(states: Client) -> None:
    machine = create(states)["stateMachineArn"]
    assert states.update_state_machine(stateMachineArn=machine) == "MissingRequiredParameter"
    assert states.update_state_machine(stateMachineArn=machine, definition="{}") == "InvalidDefinition"


def test_a_version_stays_as_it_was_published(states: Client) -> None:
    created = create(states, result(1), publish=True, versionDescription="one")
    machine, first = created["stateMachineArn"], created["stateMachineVersionArn"]
    assert first == f"{machine}:1"
    assert states.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"] == first
    updated = states.update_state_machine(stateMachineArn=machine, definition=json.dumps(result(2)), publish=True)
    assert updated["stateMachineVersionArn"] == f"{machine}:2"
    started = states.start_execution(stateMachineArn=first)["executionArn"]
    described = states.describe_execution(executionArn=started)
    assert (described["output"], described["stateMachineVersionArn"]) == ("1", first)
    listed = states.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"]
    assert [row["stateMachineVersionArn"] for row in listed] == [f"{machine}:2", f"{machine}:1"]
    assert states.describe_state_machine(stateMachineArn=first)["description"] == "one"


def test_publishing_another_revision_than_expected_is_a_conflict(states: Client) -> None:
    machine = create(states)["stateMachineArn"]
    assert states.publish_state_machine_version(stateMachineArn=machine, revisionId="other") == "ConflictException"


def test_an_alias_splits_its_executions_between_two_versions(states: Client) -> None:
    machine = create(states, result(1), publish=True)["stateMachineArn"]
    states.update_state_machine(stateMachineArn=machine, definition=json.dumps(result(2)), publish=True)
    routing = [{"stateMachineVersionArn": f"{machine}:{n}", "weight": w} for n, w in ((1, 30), (2, 70))]
    alias = states.create_state_machine_alias(name="LIVE", routingConfiguration=routing)["stateMachineAliasArn"]
    arns = [states.start_execution(stateMachineArn=alias)["executionArn"] for _ in range(200)]
    outputs = [states.describe_execution(executionArn=arn)["output"] for arn in arns]
    assert 35 <= outputs.count("1") <= 90
    assert states.delete_state_machine_version(stateMachineVersionArn=f"{machine}:1") == "ConflictException"
    whole = [{"stateMachineVersionArn": f"{machine}:2", "weight": 100}]
    states.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=whole)
    states.delete_state_machine_version(stateMachineVersionArn=f"{machine}:1")
    arn = states.start_execution(stateMachineArn=alias)["executionArn"]
    described = states.describe_execution(executionArn=arn)
    assert (described["output"], described["stateMachineAliasArn"]) == ("2", alias)
    assert (
        states.list_state_machine_aliases(stateMachineArn=machine)["stateMachineAliases"][0]["stateMachineAliasArn"] == alias
    )
    states.delete_state_machine_alias(stateMachineAliasArn=alias)
    assert states.describe_state_machine_alias(stateMachineAliasArn=alias) == "ResourceNotFound"


@pytest.mark.parametrize(("weights"), [(50, 49), (100, 100)])
def test_routes_whose_weights_do_not_add_up_are_refused(states: Client, weights: tuple[int, int]) -> None:
    machine = create(states, result(1), publish=True)["stateMachineArn"]
    states.update_state_machine(stateMachineArn=machine, definition=json.dumps(result(2)), publish=True)
    routing = [{"stateMachineVersionArn": f"{machine}:{n + 1}", "weight": w} for n, w in enumerate(weights)]
    assert states.create_state_machine_alias(name="LIVE", routingConfiguration=routing) == "ValidationException"


def test_a_worker_takes_an_activitys_task_and_answers_it(states: Client, staged: Stage) -> None:
    activity = states.create_activity(name="restore")["activityArn"]
    assert activity == f"{HERE}:activity:restore"
    task = {"Type": "Task", "Resource": activity, "HeartbeatSeconds": 30, "End": True}
    machine = create(states, {"StartAt": "Work", "States": {"Work": task}})["stateMachineArn"]

    def work() -> Any:
        boto = states._boto
        assert "taskToken" not in boto.get_activity_task(activityArn=activity, workerName="w")  # a minute, then nothing
        arn = boto.start_execution(stateMachineArn=machine, input='{"n":1}')["executionArn"]
        taken = boto.get_activity_task(activityArn=activity, workerName="w")
        boto.send_task_heartbeat(taskToken=taken["taskToken"])
        boto.send_task_success(taskToken=taken["taskToken"], output='"did"')
        staged.world.clock.sleep_ms(100)
        return taken["input"], boto.describe_execution(executionArn=arn)["output"], staged.world.clock.now_ms

    given, output, now_ms = staged.run(work)[0]
    assert (given, output) == ('{"n":1}', '"did"')
    assert 60_000 < now_ms < 61_000
    assert states.get_activity_task(activityArn=f"{HERE}:activity:none") == "ActivityDoesNotExist"


def test_an_express_workflow_answers_at_once_and_is_not_described(states: Client) -> None:
    machine = create(states, type="EXPRESS")["stateMachineArn"]
    answer = states.start_sync_execution(stateMachineArn=machine, name="e", input='{"a":1}')
    assert (answer["status"], answer["output"], answer["name"]) == ("SUCCEEDED", '{"ok":true}', "e")
    assert answer["executionArn"].startswith(f"{HERE}:express:m:e:")
    assert states.describe_execution(executionArn=answer["executionArn"]) == "InvalidArn"
    assert states.list_executions(stateMachineArn=machine) == "StateMachineTypeNotSupported"


def test_a_standard_workflow_is_not_started_synchronously(states: Client) -> None:
    machine = create(states)["stateMachineArn"]
    assert states.start_sync_execution(stateMachineArn=machine) == "StateMachineTypeNotSupported"


def test_a_failed_execution_is_redriven_and_a_succeeded_one_not(states: Client) -> None:
    failed = states.execute(FAIL)
    assert (failed["status"], failed["redriveStatus"]) == ("FAILED", "REDRIVABLE")
    states.redrive_execution(executionArn=failed["executionArn"])
    again = states.describe_execution(executionArn=failed["executionArn"])
    assert (again["status"], again["redriveCount"]) == ("FAILED", 1)
    done = states.execute(PASS, "other")["executionArn"]
    assert states.redrive_execution(executionArn=done) == "ExecutionNotRedrivable"
    listed = states.list_executions(stateMachineArn=failed["stateMachineArn"], redriveFilter="REDRIVEN")["executions"]
    assert [row["executionArn"] for row in listed] == [failed["executionArn"]]


def test_a_map_run_is_described_with_its_children(states: Client) -> None:
    item = {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}}
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **item}
    each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "Label": "Each", "End": True}
    machine = create(states, {"StartAt": "Each", "States": {"Each": each}})["stateMachineArn"]
    arn = states.start_execution(stateMachineArn=machine, input='{"items":[1,2,3]}')["executionArn"]
    (row,) = states.list_map_runs(executionArn=arn)["mapRuns"]
    described = states.describe_map_run(mapRunArn=row["mapRunArn"])
    assert described["status"] == "SUCCEEDED"
    counts = described["itemCounts"]
    assert (counts["total"], counts["succeeded"], counts["pending"]) == (3, 3, 0)
    children = states.list_executions(mapRunArn=row["mapRunArn"])["executions"]
    assert len(children) == 3
    child = states.describe_execution(executionArn=children[-1]["executionArn"])
    assert (child["input"], child["status"]) == ("1", "SUCCEEDED")
    kinds = [event["type"] for event in states.get_execution_history(executionArn=child["executionArn"])["events"]]
    assert kinds == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]


def test_tags_come_and_go_and_are_bounded(states: Client) -> None:
    machine = create(states, tags=[{"key": "a", "value": "1"}])["stateMachineArn"]
    states.tag_resource(resourceArn=machine, tags=[{"key": "b", "value": "2"}])
    states.untag_resource(resourceArn=machine, tagKeys=["a"])
    assert states.list_tags_for_resource(resourceArn=machine)["tags"] == [{"key": "b", "value": "2"}]
    many = [{"key": str(n), "value": ""} for n in range(50)]
    assert states.tag_resource(resourceArn=machine, tags=many) == "TooManyTags"
    assert states.list_tags_for_resource(resourceArn=f"{machine}x") == "ResourceNotFound"


def test_a_definition_is_validated_without_being_created(states: Client) -> None:
    assert states.validate_state_machine_definition(definition=json.dumps(PASS))["result"] == "OK"
    broken = {"StartAt": "Nowhere", "States": PASS["States"]}
    answer = states.validate_state_machine_definition(definition=json.dumps(broken))
    assert answer["result"] == "FAIL"
    assert answer["diagnostics"][0]["code"] == "MISSING_TRANSITION_TARGET"
    assert states.list_state_machines()["stateMachines"] == []


def test_history_can_be_had_without_the_data(states: Client) -> None:
    arn = states.execute(PASS)["executionArn"]
    bare = states.get_execution_history(executionArn=arn, includeExecutionData=False)["events"]
    assert "input" not in bare[0]["executionStartedEventDetails"]
    full = states.get_execution_history(executionArn=arn)["events"]
    assert full[0]["executionStartedEventDetails"]["input"] == "{}"


INVOKE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "two", "Payload": {"n.$": "$.n"}},
    "ResultSelector": {"double.$": "$.Payload.double"},
    "Next": "After",
}


def test_a_state_is_tested_by_itself_with_the_accounts_functions(states: Client) -> None:
    tested = states.test_state(definition=json.dumps(INVOKE), input='{"n":4}', roleArn=ROLE)
    assert (tested["status"], tested["output"], tested["nextState"]) == ("SUCCEEDED", '{"double":8}', "After")
    assert "inspectionData" not in tested
    seen = states.test_state(definition=json.dumps(INVOKE), input='{"n":4}', inspectionLevel="DEBUG")["inspectionData"]
    assert seen["afterParameters"] == '{"FunctionName":"two","Payload":{"n":4}}'


def test_a_mocked_result_is_held_against_the_services_model(states: Client) -> None:
    state = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:drs:describeJobs", "Parameters": {}, "End": True}

    def tested(result: Any, mode: str = "STRICT") -> Any:
        mock = {"result": json.dumps(result), "fieldValidationMode": mode}
        return states.test_state(definition=json.dumps(state), mock=mock)

    assert tested({"Items": [{"JobID": "drsjob-0123456789abcdef0"}], "weather": 1})["status"] == "SUCCEEDED"
    assert tested({"Items": [{"JobID": 7}]}) == "ValidationException"
    assert tested({"Items": [{"Status": "COMPLETED"}]}) == "ValidationException"  # a job without its id
    assert tested({"Items": [{"Status": "COMPLETED"}]}, "PRESENT")["status"] == "SUCCEEDED"
    assert tested({"Items": [{"JobID": 7}]}, "NONE")["status"] == "SUCCEEDED"


JOBS = "aws-sdk:drs:describeJobs"


@pytest.mark.parametrize(
    ("call", "result", "fault"),
    [
        (JOBS, {"Items": {}}, "Field 'Items' must be an array"),
        (JOBS, {"Items": [{"JobID": "drsjob-0123456789abcdef0"}, {"JobID": 7}]}, "Field 'JobID' must be a string"),
        (JOBS, {"Items": [{}]}, "Required field 'JobID' is missing"),
        (
            JOBS,
            {"Items": [{"JobID": "drsjob-0123456789abcdef0", "Status": "ASLEEP"}]},
            "Field 'Status' is not an expected value",
        ),
        (JOBS, {"Items": [{"JobID": "drsjob-1"}]}, "Field 'JobID' is smaller than the minimum length"),
        (JOBS, [], "Mocked result must be a JSON object"),
        ("lambda:invoke", {"StatusCode": "200"}, "Field 'StatusCode' must be a number"),
        ("lambda:invoke", {"Payload": {"any": "thing"}, "ExecutedVersion": 1}, "Field 'ExecutedVersion' must be a string"),
        (
            "aws-sdk:lambda:getFunction",
            {"Configuration": {"MemorySize": 1}},
            "Field 'MemorySize' is less than the minimum value",
        ),
        ("aws-sdk:kms:encrypt", {"CiphertextBlob": 7}, "Field 'CiphertextBlob' must be a string"),
        ("aws-sdk:sfn:startExecution", {"ExecutionArn": "arn:x", "StartDate": 7}, "Field 'StartDate' must be a string"),
    ],
)
def test_what_is_wrong_with_a_mocked_result_is_told(call: str, result: Any, fault: str) -> None:
    definition = json.dumps({"Type": "Task", "Resource": f"arn:aws:states:::{call}", "Parameters": {}, "End": True})
    assert fault_of_result(definition, None, result, "STRICT") == fault


def test_a_mocked_error_is_retried_and_caught_as_the_state_says(states: Client) -> None:
    state = INVOKE | {"Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 1, "IntervalSeconds": 4}]}
    mock = {"errorOutput": {"error": "Busy", "cause": "later"}}
    asked = {"definition": json.dumps(state), "input": '{"n":1}', "mock": mock, "inspectionLevel": "TRACE"}
    first = states.test_state(**asked)
    assert (first["status"], first["error"]) == ("RETRIABLE", "Busy")
    assert first["inspectionData"]["errorDetails"] == {"retryIndex": 0, "retryBackoffIntervalSeconds": 4}
    assert states.test_state(**asked, stateConfiguration={"retrierRetryCount": 1})["status"] == "FAILED"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"definition": "{"}, "InvalidDefinition"),
        ({"input": "{"}, "InvalidExecutionInput"),
        ({"context": "{}"}, "ValidationException"),
        ({"stateName": "A"}, "ValidationException"),
    ],
)
def test_a_test_that_cannot_be_is_refused(states: Client, more: dict[str, Any], code: str) -> None:
    assert states.test_state(**{"definition": json.dumps(INVOKE), **more}) == code
