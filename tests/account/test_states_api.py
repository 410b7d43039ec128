"""The Step Functions API through boto3: what real clients ask and what AWS would answer."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulator.account import moto_services
from simulator.account.world import ACCOUNT_ID
from simulator.journal import FunctionInvoked
from tests.account.conftest import Stage

ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/machine"
HERE = f"arn:aws:states:us-east-1:{ACCOUNT_ID}"
PASS = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "Result": {"ok": True}, "End": True}}}
WAIT = {"StartAt": "Hold", "States": {"Hold": {"Type": "Wait", "Seconds": 60, "End": True}}}


def lambda_task(do: str, **more: Any) -> dict[str, Any]:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "one", "Payload": {"do": do, "id": "k"}},
        "End": True,
    }
    return {"StartAt": "Call", "States": {"Call": task | more}}


class Client:
    """boto3's Step Functions client, called from a process of the simulation."""

    def __init__(self, staged: Stage) -> None:
        self._staged = staged
        self._boto = moto_services.client("stepfunctions", "us-east-1", ACCOUNT_ID)

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            def ask() -> Any:
                try:
                    return getattr(self._boto, operation)(**parameters)
                except ClientError as error:
                    return error.response["Error"]["Code"]

            return self._staged.run(ask)[0]

        return call

    def execute(self, definition: Any, name: str = "m") -> Any:
        machine = self.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]
        execution = self.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
        return self.describe_execution(executionArn=execution)


@pytest.fixture
def states(staged: Stage) -> Client:
    return Client(staged)


def test_an_execution_is_started_described_and_listed(states: Client) -> None:
    described = states.execute(PASS)
    assert (described["status"], described["output"]) == ("SUCCEEDED", '{"ok":true}')
    machine = described["stateMachineArn"]
    assert machine == f"arn:aws:states:us-east-1:{ACCOUNT_ID}:stateMachine:m"
    listed = states.list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")["executions"]
    assert [row["executionArn"] for row in listed] == [described["executionArn"]]
    assert states.list_executions(stateMachineArn=machine, statusFilter="FAILED")["executions"] == []


def test_the_history_comes_in_pages_and_backwards(states: Client) -> None:
    arn = states.execute(PASS)["executionArn"]
    kinds = ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    first = states.get_execution_history(executionArn=arn, maxResults=3)
    rest = states.get_execution_history(executionArn=arn, maxResults=3, nextToken=first["nextToken"])
    assert [event["type"] for event in first["events"] + rest["events"]] == kinds
    assert "nextToken" not in rest
    backwards = states.get_execution_history(executionArn=arn, reverseOrder=True)["events"]
    assert [event["type"] for event in backwards] == kinds[::-1]


def test_a_name_with_the_same_input_is_the_same_execution_and_with_another_input_a_conflict(states: Client) -> None:
    machine = states.create_state_machine(name="m", definition=json.dumps(WAIT), roleArn=ROLE)["stateMachineArn"]
    boto = states._boto
    seen: list[Any] = []

    def twice() -> None:
        first = boto.start_execution(stateMachineArn=machine, name="e", input='{"a":1}')
        again = boto.start_execution(stateMachineArn=machine, name="e", input='{"a":1}')
        seen.append(first["executionArn"] == again["executionArn"])
        with pytest.raises(ClientError) as caught:
            boto.start_execution(stateMachineArn=machine, name="e", input='{"a":2}')
        seen.append(caught.value.response["Error"]["Code"])

    states._staged.run(twice)
    assert seen == [True, "ExecutionAlreadyExists"]


def test_a_stopped_execution_is_aborted_at_once(states: Client, staged: Stage) -> None:
    machine = states.create_state_machine(name="m", definition=json.dumps(WAIT), roleArn=ROLE)["stateMachineArn"]
    boto = states._boto

    def stop() -> Any:
        arn = boto.start_execution(stateMachineArn=machine)["executionArn"]
        staged.world.clock.sleep_ms(5_000)
        boto.stop_execution(executionArn=arn, error="Cancelled", cause="by an operator")
        return boto.describe_execution(executionArn=arn)

    (described,) = staged.run(stop)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Cancelled", "by an operator")
    assert (described["stopDate"] - described["startDate"]).total_seconds() == 5.01


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("start_execution", {"stateMachineArn": f"{HERE}:stateMachine:x"}, "StateMachineDoesNotExist"),
        ("describe_execution", {"executionArn": f"{HERE}:execution:x:y"}, "ExecutionDoesNotExist"),
        ("create_state_machine", {"name": "a b", "definition": json.dumps(PASS), "roleArn": ROLE}, "InvalidName"),
        ("create_state_machine", {"name": "m", "definition": "{", "roleArn": ROLE}, "InvalidDefinition"),
        ("create_state_machine", {"name": "m", "definition": '{"StartAt":"A"}', "roleArn": ROLE}, "InvalidDefinition"),
        ("send_task_success", {"taskToken": "nobody's", "output": "{}"}, "InvalidToken"),
        ("list_state_machine_versions", {"stateMachineArn": f"{HERE}:stateMachine:x"}, "StateMachineDoesNotExist"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_refusals_have_awss_names(states: Client, operation: str, parameters: dict[str, Any], code: str) -> None:
    assert getattr(states, operation)(**parameters) == code


def test_an_input_that_is_not_json_is_refused(states: Client) -> None:
    machine = states.create_state_machine(name="m", definition=json.dumps(PASS), roleArn=ROLE)["stateMachineArn"]
    assert states.start_execution(stateMachineArn=machine, input="{nope") == "InvalidExecutionInput"


def test_a_handlers_exception_is_the_tasks_error_with_lambdas_document_as_cause(states: Client) -> None:
    described = states.execute(lambda_task("fail"))
    assert (described["status"], described["error"]) == ("FAILED", "KeyError")
    assert json.loads(described["cause"])["errorMessage"] == "'k'"


def test_a_handler_that_times_out_is_named_as_lambda_names_it(states: Client) -> None:
    assert states.execute(lambda_task("stubborn"))["error"] == "Sandbox.Timedout"


def test_the_result_of_an_invocation_has_lambdas_envelope(states: Client) -> None:
    output = json.loads(states.execute(lambda_task("describe"))["output"])
    assert output["StatusCode"] == 200
    assert output["ExecutedVersion"] == "$LATEST"
    assert output["Payload"]["who"] == "one"
    assert output["SdkHttpMetadata"]["HttpStatusCode"] == 200


def test_a_bare_function_arn_gives_the_payload_alone(states: Client, staged: Stage) -> None:
    task = {"Type": "Task", "Resource": staged.world.functions.arn("two"), "Parameters": {"n": 4}, "End": True}
    assert json.loads(states.execute({"StartAt": "T", "States": {"T": task}})["output"])["double"] == 8


def test_an_unknown_function_fails_with_lambdas_own_error(states: Client) -> None:
    described = states.execute(lambda_task("describe", Parameters={"FunctionName": "nobody"}))
    assert described["error"] == "Lambda.ResourceNotFoundException"


def test_sns_is_published_by_the_optimised_integration(states: Client, staged: Stage) -> None:
    topic = moto_services.client("sns", "us-east-1", ACCOUNT_ID).create_topic(Name="t")["TopicArn"]
    parameters = {"TopicArn": topic, "Subject": "s", "Message": {"plain": 1}}
    task = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": parameters, "End": True}
    output = json.loads(states.execute({"StartAt": "T", "States": {"T": task}})["output"])
    assert set(output) == {"MessageId", "SdkHttpMetadata", "SdkResponseMetadata"}
    notified = [event for event in staged.world.journal if event.event.kind == "notification"]
    assert [event.event.message for event in notified] == ['{"plain":1}']  # type: ignore[union-attr]


def test_the_general_integration_speaks_pascal_case_and_prefixes_errors(states: Client, staged: Stage) -> None:
    region = staged.world.drs.region(ACCOUNT_ID, "us-east-1")
    region.initialize()
    server = region.add_source_server("db-1").id

    def task(parameters: Any, operation: str = "startRecovery") -> Any:
        resource = f"arn:aws:states:::aws-sdk:drs:{operation}"
        return {
            "StartAt": "T",
            "States": {"T": {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}},
        }

    asked = {"SourceServers": [{"SourceServerID": server}], "IsDrill": True}
    job = json.loads(states.execute(task(asked), "a")["output"])["Job"]
    assert (job["Status"], job["InitiatedBy"]) == ("PENDING", "START_DRILL")
    assert job["ParticipatingServers"][0]["SourceServerID"] == server
    unknown = {"SourceServers": [{"SourceServerID": "s-00000000000000000"}]}
    assert states.execute(task(unknown), "b")["error"] == "Drs.ConflictException"


def test_a_task_that_waits_for_its_token_ends_when_somebody_sends_it(states: Client, staged: Stage) -> None:
    resource = "arn:aws:states:::lambda:invoke.waitForTaskToken"
    parameters = {"FunctionName": "one", "Payload": {"do": "describe", "token.$": "$$.Task.Token"}}
    definition = lambda_task("describe", Resource=resource, Parameters=parameters, TimeoutSeconds=3_600)
    machine = states.create_state_machine(name="m", definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]
    boto = states._boto

    def approve() -> Any:
        arn = boto.start_execution(stateMachineArn=machine)["executionArn"]
        staged.world.clock.sleep_ms(600_000)
        (invoked,) = [event for _, event in staged.world.journal.of(FunctionInvoked)]
        assert isinstance(invoked.payload, dict)
        boto.send_task_success(taskToken=invoked.payload["token"], output='{"approved":true}')
        staged.world.clock.sleep_ms(1_000)
        return boto.describe_execution(executionArn=arn)

    (described,) = staged.run(approve)
    assert (described["status"], described["output"]) == ("SUCCEEDED", '{"approved":true}')


def test_a_task_whose_token_never_comes_times_out(states: Client) -> None:
    resource = "arn:aws:states:::lambda:invoke.waitForTaskToken"
    parameters = {"FunctionName": "one", "Payload": {"do": "describe", "token.$": "$$.Task.Token"}}
    described = states.execute(lambda_task("describe", Resource=resource, Parameters=parameters, TimeoutSeconds=900))
    assert (described["status"], described["error"]) == ("FAILED", "States.Timeout")
    assert (described["stopDate"] - described["startDate"]).total_seconds() == pytest.approx(900, abs=0.1)


def test_a_mock_does_not_hide_that_a_definition_is_no_json(staged: Stage) -> None:
    assert Client(staged).test_state(definition="[", mock={"result": "{}"}, roleArn=ROLE) == "InvalidDefinition"
