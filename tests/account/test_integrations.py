"""What tasks do in the account beyond Lambda: jobs, nested executions, HTTP, and the spelling of calls."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from simulator.account import moto_services
from simulator.account.integrations.names import client_name, sdk_name
from simulator.account.world import ACCOUNT_ID
from tests.account.conftest import Stage
from tests.account.test_states_api import PASS, ROLE, Client

CHILD = f"arn:aws:states:us-east-1:{ACCOUNT_ID}:stateMachine:child"
HOUR = {
    "StartAt": "Hold",
    "States": {
        "Hold": {"Type": "Wait", "Seconds": 3600, "Next": "Done"},
        "Done": {"Type": "Pass", "Result": {"ok": True}, "End": True},
    },
}
BROKEN = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Broken", "Cause": "by design"}}}


@pytest.fixture
def states(staged: Stage) -> Client:
    return Client(staged)


def task(resource: str, parameters: Any, **more: Any) -> dict[str, Any]:
    state = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "End": True, **more}
    return {"StartAt": "T", "States": {"T": state}}


def with_child(states: Client, definition: Any) -> None:
    states.create_state_machine(name="child", definition=json.dumps(definition), roleArn=ROLE)


def output(described: Any) -> Any:
    assert described["status"] == "SUCCEEDED", described
    return json.loads(described["output"])


def test_a_nested_execution_is_waited_for_and_described_as_text(states: Client) -> None:
    with_child(states, HOUR)
    described = states.execute(
        task("states:startExecution.sync", {"StateMachineArn": CHILD, "Input": {"a": 1}, "Name": "c"})
    )
    child = output(described)
    assert (child["Status"], child["Name"], child["Input"], child["Output"]) == ("SUCCEEDED", "c", '{"a":1}', '{"ok":true}')
    took = (described["stopDate"] - described["startDate"]).total_seconds()
    assert 3600 < took < 3601
    assert child["StopDate"] - child["StartDate"] == 3_600_000
    assert "SdkHttpMetadata" not in child


def test_the_second_form_gives_the_childs_documents_as_json(states: Client) -> None:
    with_child(states, HOUR)
    child = output(states.execute(task("states:startExecution.sync:2", {"StateMachineArn": CHILD, "Input": {"a": 1}})))
    assert (child["Input"], child["Output"]) == ({"a": 1}, {"ok": True})


def test_a_nested_execution_that_fails_fails_its_task_with_its_description(states: Client) -> None:
    with_child(states, BROKEN)
    described = states.execute(task("states:startExecution.sync:2", {"StateMachineArn": CHILD}))
    assert (described["status"], described["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(described["cause"])
    assert (cause["Status"], cause["Error"], cause["Cause"]) == ("FAILED", "Broken", "by design")


def test_a_task_that_times_out_stops_the_execution_it_waits_for(states: Client) -> None:
    with_child(states, HOUR)
    definition = task("states:startExecution.sync", {"StateMachineArn": CHILD, "Name": "c"}, TimeoutSeconds=60)
    assert states.execute(definition)["error"] == "States.Timeout"
    child = states.describe_execution(executionArn=CHILD.replace("stateMachine:", "execution:") + ":c")
    assert child["status"] == "ABORTED"
    assert 60 <= (child["stopDate"] - child["startDate"]).total_seconds() < 61


def test_a_nested_execution_that_is_not_waited_for_gives_its_arn_at_once(states: Client) -> None:
    with_child(states, PASS)
    started = output(states.execute(task("states:startExecution", {"StateMachineArn": CHILD, "Name": "c"})))
    assert started["ExecutionArn"].endswith(":execution:child:c")
    assert started["SdkHttpMetadata"]["HttpStatusCode"] == 200


def test_starting_an_unknown_machine_fails_with_the_optimised_errors_name(states: Client) -> None:
    described = states.execute(task("states:startExecution", {"StateMachineArn": CHILD}))
    assert described["error"] == "StepFunctions.StateMachineDoesNotExistException"
    assert "(Service: AWSStepFunctions; Status Code: 400; Error Code: StateMachineDoesNotExist;" in described["cause"]


def test_a_batch_of_other_services_jobs_is_refused_by_name_where_their_end_is_unknown(states: Client) -> None:
    described = states.execute(task("sagemaker:createTrainingJob.sync", {}))
    assert described["error"] == "States.Runtime"
    assert "cannot tell when" in described["cause"]


def test_a_query_is_run_to_its_end(states: Client) -> None:
    athena = moto_services.client("athena", "us-east-1", ACCOUNT_ID)
    athena.create_work_group(Name="w", Configuration={"ResultConfiguration": {"OutputLocation": "s3://b/"}})
    asked = {"QueryString": "select 1", "WorkGroup": "w"}
    result = output(states.execute(task("athena:startQueryExecution.sync", asked)))
    assert result["QueryExecution"]["Status"]["State"] == "SUCCEEDED"


def test_attribute_names_are_data_and_keep_their_spelling(states: Client) -> None:
    item = {"id": {"S": "k"}, "camelCase": {"M": {"inner": {"N": "1"}}}}
    states.execute(task("dynamodb:putItem", {"TableName": "records", "Item": item}), "put")
    for number, resource in enumerate(("dynamodb:getItem", "aws-sdk:dynamodb:getItem")):
        asked = {"TableName": "records", "Key": {"id": {"S": "k"}}}
        assert output(states.execute(task(resource, asked), f"get{number}"))["Item"] == item


@pytest.mark.parametrize(
    ("resource", "error", "service"),
    [
        ("dynamodb:putItem", "DynamoDB.ConditionalCheckFailedException", "AmazonDynamoDBv2;"),
        ("aws-sdk:dynamodb:putItem", "DynamoDb.ConditionalCheckFailedException", "DynamoDb,"),
    ],
)
def test_a_refused_write_is_named_by_the_sdk_behind_the_integration(
    states: Client, resource: str, error: str, service: str
) -> None:
    asked = {"TableName": "records", "Item": {"id": {"S": "k"}}, "ConditionExpression": "attribute_exists(id)"}
    described = states.execute(task(resource, asked))
    assert described["error"] == error
    assert f"(Service: {service}" in described["cause"]


def test_an_error_the_service_does_not_model_is_the_services_own_exception(states: Client) -> None:
    described = states.execute(task("aws-sdk:ec2:describeInstances", {"InstanceIds": ["i-0123456789abcdef0"]}))
    assert described["error"] == "Ec2.Ec2Exception"
    assert "i-0123456789abcdef0" in described["cause"]


def test_an_object_is_written_and_read_back_as_text(states: Client) -> None:
    moto_services.client("s3", "us-east-1", ACCOUNT_ID).create_bucket(Bucket="plans")
    put = {"Bucket": "plans", "Key": "k.json", "Body": {"rows": [1, 2]}}
    states.execute(task("aws-sdk:s3:putObject", put), "put")
    read = output(states.execute(task("aws-sdk:s3:getObject", {"Bucket": "plans", "Key": "k.json"}), "get"))
    assert read["Body"] == '{"rows":[1,2]}'
    assert read["LastModified"].endswith("Z")


def test_a_distributed_map_reads_its_items_from_a_bucket_and_writes_its_results_there(states: Client) -> None:
    s3 = moto_services.client("s3", "us-east-1", ACCOUNT_ID)
    s3.create_bucket(Bucket="plans")
    s3.put_object(Bucket="plans", Key="items.csv", Body="name,wave\ndb-1,1\nweb-1,2\n")
    item = {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}}
    each = {
        "Type": "Map",
        "Label": "Each",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            "Parameters": {"Bucket": "plans", "Key": "items.csv"},
        },
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **item},
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "plans", "Prefix": "out"}},
        "End": True,
    }
    result = output(states.execute({"StartAt": "Each", "States": {"Each": each}}))
    manifest = json.loads(s3.get_object(Bucket="plans", Key=result["ResultWriterDetails"]["Key"])["Body"].read())
    (written,) = manifest["ResultFiles"]["SUCCEEDED"]
    rows = json.loads(s3.get_object(Bucket="plans", Key=written["Key"])["Body"].read())
    assert sorted(row["Output"] for row in rows) == ['{"name":"db-1","wave":"1"}', '{"name":"web-1","wave":"2"}']


def test_a_role_of_another_account_calls_in_that_account(states: Client) -> None:
    definition = task(
        "aws-sdk:sts:getCallerIdentity", {}, Credentials={"RoleArn": "arn:aws:iam::210987654321:role/recovery"}
    )
    assert output(states.execute(definition))["Account"] == "210987654321"


class Endpoint(BaseHTTPRequestHandler):
    """Answers with what it was asked; `/fail` with an error."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        seen = {"path": self.path, "body": body, "key": self.headers.get("X-Key"), "type": self.headers.get("Content-Type")}
        answer = json.dumps(seen).encode()
        self.send_response(503 if self.path == "/fail" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def connect() -> str:
    parameters = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "secret"}}
    events = moto_services.client("events", "us-east-1", ACCOUNT_ID)
    arn: str = events.create_connection(Name="c", AuthorizationType="API_KEY", AuthParameters=parameters)["ConnectionArn"]
    return arn


def http(address: str, connection: str, **more: Any) -> dict[str, Any]:
    asked = {"ApiEndpoint": address, "Method": "POST", "Authentication": {"ConnectionArn": connection}, **more}
    return task("http:invoke", asked)


def test_an_http_task_calls_this_machine_with_its_connections_key(states: Client, endpoint: str) -> None:
    asked = {"QueryParameters": {"q": ["a b", "c"]}, "RequestBody": {"n": 1}}
    answer = output(states.execute(http(f"{endpoint}/probe", connect(), **asked)))
    assert (answer["StatusCode"], answer["StatusText"]) == (200, "OK")
    assert answer["ResponseBody"] == {
        "path": "/probe?q=a+b&q=c",
        "body": '{"n":1}',
        "key": "secret",
        "type": "application/json;charset=UTF-8",
    }


def test_a_form_is_encoded_as_asked(states: Client, endpoint: str) -> None:
    transform = {"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": "BRACKETS"}}
    asked = {"RequestBody": {"a": [1, 2], "b": "x y"}, "Transform": transform}
    answer = output(states.execute(http(endpoint, connect(), **asked)))
    assert answer["ResponseBody"]["body"] == "a%5B%5D=1&a%5B%5D=2&b=x+y"


def test_an_http_error_is_named_by_its_status(states: Client, endpoint: str) -> None:
    described = states.execute(http(f"{endpoint}/fail", connect()))
    assert described["error"] == "States.Http.StatusCode.503"
    assert json.loads(described["cause"])["ResponseBody"]["path"] == "/fail"


@pytest.mark.parametrize("address", ["https://example.com/x", "http://169.254.169.254/", "file:///etc/passwd", "nonsense"])
def test_nothing_but_this_machine_is_called(states: Client, address: str) -> None:
    described = states.execute(http(address, connect()))
    assert described["error"] == "States.Http.Socket"
    assert "not on this machine" in described["cause"]


def test_an_unknown_connection_is_told_apart_from_a_silent_endpoint(states: Client, endpoint: str) -> None:
    described = states.execute(http(endpoint, "arn:aws:events:us-east-1:1:connection/none/x"))
    assert described["error"] == "Events.ConnectionResource.InvalidConnectionState"
    assert states.execute(http("http://127.0.0.1:1/", connect()), "b")["error"] == "States.Http.Socket"


@pytest.mark.parametrize(
    ("resource", "parameters", "complaint"),
    [
        ("aws-sdk:drs:startRecovry", {}, "is not recognized"),
        ("aws-sdk:nosuch:call", {}, "is not recognized"),
        ("aws-sdk:drs:describeJobs.sync", {}, "is not recognized"),
        ("dynamodb:query", {}, "is not recognized"),
        ("sns:publish.sync", {}, "is not recognized"),
        (
            "aws-sdk:drs:startRecovery",
            {"SourceServer": []},
            '"SourceServer" is not supported by Step Functions at /States/T/P',
        ),
        ("sns:publish", {"Topic.$": "$.t"}, '"Topic.$" is not supported by Step Functions at /States/T/Parameters'),
    ],
)
def test_a_resource_or_parameter_that_does_not_exist_is_refused_at_creation(
    states: Client, resource: str, parameters: Any, complaint: str
) -> None:
    boto, definition = states._boto, json.dumps(task(resource, parameters))
    with pytest.raises(boto.exceptions.InvalidDefinition, match="SCHEMA_VALIDATION_FAILED") as refused:
        boto.create_state_machine(name="m", definition=definition, roleArn=ROLE)
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    "resource",
    ["aws-sdk:drs:startRecovery", "aws-sdk:dynamodb:putItem", "states:startExecution.sync:2", "aws-sdk:s3:getObject"],
)
def test_parameters_that_are_computed_are_left_to_the_call(states: Client, resource: str) -> None:
    definition = json.dumps(task(resource, None) | {"QueryLanguage": "JSONata"}).replace("Parameters", "Arguments")
    definition = definition.replace("null", '"{% $states.input %}"')
    assert "stateMachineArn" in states.create_state_machine(name="m", definition=definition, roleArn=ROLE)


@pytest.mark.parametrize(
    ("service_id", "name"), [("DynamoDB", "DynamoDb"), ("CloudWatch Logs", "CloudWatchLogs"), ("drs", "Drs"), ("S3", "S3")]
)
def test_service_names_are_spelled_as_the_sdk_does(service_id: str, name: str) -> None:
    assert sdk_name(service_id) == name


@pytest.mark.parametrize(
    ("service", "name"), [("aws-sdk:sfn", "stepfunctions"), ("aws-sdk:rdsdata", "rds-data"), ("nope", None)]
)
def test_services_are_found_under_step_functions_names(service: str, name: str | None) -> None:
    assert client_name(service) == name
