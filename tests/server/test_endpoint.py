"""The AWS endpoint: any client gets over HTTP what boto3 gets in process."""

import io
import json
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from simulator.account.world import ACCOUNT_ID, World
from simulator.drs.settings import Settings
from tests.server.served import REGION, Served

MACHINE = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}})
ROLE = "arn:aws:iam::123456789012:role/machine"
MACHINE_ARN = f"arn:aws:states:{REGION}:{ACCOUNT_ID}:stateMachine:waiting"
SIGNATURE = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260301/us-west-2/{}/aws4_request, SignedHeaders=host, Signature=0"

OF_HTTP = frozenset({"connection", "content-length", "date"})  # what only an answer over HTTP has

Ask = tuple[str, str, Mapping[str, Any]]

# One of each protocol, and what comes to lie in headers; in an order in which each finds what it needs.
CONVERSATION: list[Ask] = [
    ("drs", "describe_source_servers", {}),
    ("drs", "describe_jobs", {"filters": {"jobIDs": ["drsjob-00000000000000000"]}}),
    ("drs", "start_recovery", {"sourceServers": [{"sourceServerID": "s-30000000000000000"}]}),
    ("drs", "start_recovery", {"sourceServers": [{"sourceServerID": "s-123456789-1234567"}]}),
    ("stepfunctions", "create_state_machine", {"name": "waiting", "definition": MACHINE, "roleArn": ROLE}),
    ("stepfunctions", "start_execution", {"stateMachineArn": MACHINE_ARN, "name": "one", "input": "{}"}),
    ("stepfunctions", "describe_execution", {"executionArn": MACHINE_ARN.replace("stateMachine", "execution") + ":one"}),
    ("stepfunctions", "describe_state_machine", {"stateMachineArn": f"{MACHINE_ARN}s"}),
    ("lambda", "invoke", {"FunctionName": "missing"}),
    ("dynamodb", "create_table", {"TableName": "plans", "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}),
    ("dynamodb", "put_item", {"TableName": "plans", "Item": {"id": {"S": "ä"}}}),
    ("dynamodb", "scan", {"TableName": "plans"}),
    ("sns", "create_topic", {"Name": "alerts"}),
    ("sns", "get_topic_attributes", {"TopicArn": "arn:aws:sns:us-west-2:123456789012:none"}),
    ("sqs", "create_queue", {"QueueName": "mail"}),
    ("s3", "create_bucket", {"Bucket": "reports", "CreateBucketConfiguration": {"LocationConstraint": REGION}}),
    ("s3", "put_object", {"Bucket": "reports", "Key": "a b/ü+c.txt", "Body": b"\x00\xff", "Metadata": {"my_key": "v"}}),
    ("s3", "get_object", {"Bucket": "reports", "Key": "a b/ü+c.txt"}),
    ("s3", "head_object", {"Bucket": "reports", "Key": "a b/ü+c.txt"}),
    ("s3", "get_object", {"Bucket": "reports", "Key": "none"}),
    ("ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16"}),
    ("ec2", "describe_instances", {"InstanceIds": ["i-00000000000000000"]}),
    ("iam", "create_role", {"RoleName": "r", "AssumeRolePolicyDocument": "{}"}),
    ("sts", "get_caller_identity", {}),
    ("cloudwatch", "put_metric_data", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.5}]}),
    ("cloudwatch", "list_metrics", {"Namespace": "n"}),
    ("events", "list_event_buses", {}),
    ("route53", "create_hosted_zone", {"Name": "example.com", "CallerReference": "1"}),
    ("elb", "describe_load_balancers", {}),
    ("elbv2", "describe_load_balancers", {}),
    ("dynamodbstreams", "list_streams", {}),
    ("sesv2", "list_contact_lists", {}),
]  # fmt: skip


def wire_of(client: Any, operation: str, request: Mapping[str, Any]) -> tuple[int, bytes, Mapping[str, str], Any]:
    """What came over the wire, status, body and headers, and what boto3 made of it."""
    seen: list[tuple[int, bytes, Mapping[str, str]]] = []

    def keep(response_dict: Mapping[str, Any], **_: object) -> None:
        body = response_dict["body"]
        headers = {name: value for name, value in response_dict["headers"].items() if name.lower() not in OF_HTTP}
        seen.append((response_dict["status_code"], body if isinstance(body, bytes) else b"", headers))

    client.meta.events.register("before-parse.*.*", keep)
    try:
        answer = getattr(client, operation)(**request)
    except ClientError as error:
        answer = dict(error.response)
    ((status, body, headers),) = seen
    return status, body, headers, _comparable(answer)


def _comparable(answer: Any) -> Any:
    answer.pop("ResponseMetadata")
    return {name: value.read() if hasattr(value, "read") else value for name, value in answer.items()}


def in_process(conversation: list[Ask]) -> list[Any]:
    """The conversation with a world like the server's. Each request waits as one over HTTP does."""
    world = World(1, datetime(2026, 3, 1, 2, tzinfo=UTC), REGION, Settings())
    session = boto3.Session("test", "simulated", region_name=REGION)
    heard = []
    with world.installed():
        world.drs.region(ACCOUNT_ID, REGION).initialize()
        for service, operation, request in conversation:
            client = session.client(service, use_ssl=service != "s3")  # S3's client signs bodies only where HTTP has no TLS
            process = world.clock.spawn("c", lambda c=client, o=operation, r=request: wire_of(c, o, r))  # type: ignore[misc]
            while not process.ended.is_set:
                next_ms = world.clock.next_ms
                assert next_ms is not None
                world.clock.run_until(next_ms)
            heard.append(process.value)
    return heard


def test_answers_are_the_same_byte_for_byte(served: Served) -> None:
    heard = [wire_of(served.client(service), operation, request) for service, operation, request in CONVERSATION]
    for asked, over_http, told in zip(CONVERSATION, heard, in_process(CONVERSATION), strict=True):
        assert (asked, over_http) == (asked, told)


def test_accounts_and_regions_are_told_apart_by_key_and_scope(served: Served) -> None:
    served.client("sns", key="111111111111").create_topic(Name="theirs")
    served.client("sns", region="eu-west-1").create_topic(Name="elsewhere")
    topics = {key: served.client("sns", key=key).list_topics()["Topics"] for key in ("111111111111", "test")}
    assert topics == {"111111111111": [{"TopicArn": "arn:aws:sns:us-west-2:111111111111:theirs"}], "test": []}


@pytest.mark.parametrize(
    "host", ["reports.localhost", "reports.s3.us-west-2.localhost", "reports.s3.us-west-2.amazonaws.com"]
)
def test_a_bucket_may_be_in_the_host(served: Served, host: str) -> None:
    s3 = served.client("s3")
    s3.create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="reports", Key="k", Body=b"content")
    status, _, body = served.http("GET", "/k", {"Host": host, "Authorization": SIGNATURE.format("s3")})
    assert (status, body) == (200, b"content")


def test_presigned_urls_and_streamed_bodies_work(served: Served) -> None:
    s3 = served.client("s3")
    s3.create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.upload_fileobj(io.BytesIO(b"x" * 100_000), "reports", "big")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "reports", "Key": "big"})
    status, _, body = served.http("GET", url.removeprefix(served.url))
    assert (status, len(body)) == (200, 100_000)


def test_a_queue_works_by_its_url(served: Served) -> None:
    sqs = served.client("sqs")
    url = sqs.create_queue(QueueName="mail")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=url)["Messages"]] == ["hello"]


def test_a_chunked_body_is_read(served: Served) -> None:
    headers = {
        "Host": "x",
        "Authorization": SIGNATURE.format("states"),
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "AWSStepFunctions.ListActivities",
        "Transfer-Encoding": "chunked",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    answer = raw(served, f"POST / HTTP/1.1\r\n{head}\r\n1\r\n{{\r\n1\r\n}}\r\n0\r\n\r\n".encode())
    assert answer.endswith(b'{"activities":[]}')


JSON = {"Content-Type": "application/x-amz-json-1.0"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("service", "headers", "path", "body", "status", "code"),
    [
        ("states", JSON | {"X-Amz-Target": "AWSStepFunctions.ListActivities"}, "/", b"{", 400, "SerializationException"),
        ("states", JSON | {"X-Amz-Target": "AWSStepFunctions.Nope"}, "/", b"{}", 400, "UnknownOperationException"),
        ("drs", {"Content-Type": "application/json"}, "/Nope", b"{}", 400, "ValidationException"),
        ("sns", FORM, "/", b"Action=Nope", 400, "InvalidAction"),
        ("nosuch", JSON, "/", b"{}", 403, "InvalidSignatureException"),
        (
            "translate",
            JSON | {"X-Amz-Target": "AWSShineFrontendService_20170701.ListLanguages"},
            "/",
            b"{}",
            501,
            "NotImplemented",
        ),
        (None, JSON, "/DescribeJobs", b"{}", 403, "MissingAuthenticationToken"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_aws_shape(
    served: Served, service: str | None, headers: Mapping[str, str], path: str, body: bytes, status: int, code: str
) -> None:
    signed = {"Authorization": SIGNATURE.format(service)} if service else {}
    got, sent, text = served.http("POST", path, {**headers, **signed}, body)
    shown = sent.get("x-amzn-ErrorType") or text.decode().partition("<Code>")[2].partition("</Code>")[0]
    assert (got, shown) == (status, code)


def raw(served: Served, request: bytes) -> bytes:
    """Everything that is answered to some bytes."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as connection:
        connection.sendall(request)
        with connection.makefile("rb") as answer:
            return answer.read()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: five\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: x\r\n" % number for number in range(200)) + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: [::\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: loc\x97host\r\nConnection: close\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\n\r\n",
        b"GET /without-a-version\r\n\r\n",
    ],
    ids=lambda value: value[:20].decode(),
)
def test_what_is_not_http_is_refused_and_the_server_lives(served: Served, request_bytes: bytes) -> None:
    answer = raw(served, request_bytes)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert int(head.split()[1]) in (400, 414, 431, 505)
    assert json.loads(body)["__type"] == "InvalidRequest"
    assert served.admin("health")["status"] == "ok"


def test_a_connection_serves_one_request_after_another(served: Served) -> None:
    asked = "POST /DescribeJobs HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Length: 2\r\n{}\r\n{{}}"
    sign = SIGNATURE.format("drs")
    last = asked.format(sign, "Connection: close\r\n")
    answers = raw(served, (asked.format(sign, "") * 2 + last).encode()).split(b"HTTP/1.1 200 OK\r\n")
    assert answers[0] == b""
    assert [answer.partition(b"\r\n\r\n")[2] for answer in answers[1:]] == [b'{"items":[]}'] * 3
    assert [b"Connection: close" in answer for answer in answers[1:]] == [False, False, True]


def test_an_older_client_has_its_connection_closed(served: Served) -> None:
    sign = SIGNATURE.format("drs")
    answer = raw(served, f"POST /DescribeJobs HTTP/1.0\r\nAuthorization: {sign}\r\n\r\n".encode())
    assert answer.endswith(b'{"items":[]}')


def test_a_request_beyond_the_limit_is_refused_before_it_is_read(served: Served) -> None:
    answer = raw(served, b"PUT /b/k HTTP/1.1\r\nContent-Length: 99999999999\r\nContent-Type: application/json\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"RequestEntityTooLarge" in answer


def test_a_client_that_goes_away_does_no_harm(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as connection:
        connection.sendall(b"POST /DescribeJobs HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{")
    assert served.client("drs").describe_jobs()["items"] == []


def test_a_client_that_waits_no_longer_does_no_harm(served: Served) -> None:
    served.admin("clock/pause", {})
    sign = SIGNATURE.format("drs")
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as connection:
        connection.sendall(f"POST /DescribeJobs HTTP/1.1\r\nAuthorization: {sign}\r\n\r\n".encode())
        served.until_waiting(1)
    served.admin("clock/resume", {})
    served.until_waiting(0)
    assert served.client("drs").describe_jobs()["items"] == []


def test_a_crash_is_a_500_for_one_client_and_a_line_in_the_log(served: Served) -> None:
    asked = b"Action=DeleteTopic&Version=2010-03-31&TopicArn=x"  # moto trips over that
    status, _, body = served.http("POST", "/", {"Authorization": SIGNATURE.format("sns"), **FORM}, asked)
    assert (status, b"<Code>InternalFailure</Code>" in body, b"Traceback" in body) == (500, True, False)
    assert "a bug in moto, which answers sns DeleteTopic: ValueError: not enough values" in served.log()
    assert served.client("sns").list_topics()["Topics"] == []


def test_what_moto_trips_over_is_refused_if_it_breaks_its_services_model(served: Served) -> None:
    ask = {"Authorization": SIGNATURE.format("dynamodb"), "X-Amz-Target": "DynamoDB_20120810.PutItem", **JSON}
    status, headers, body = served.http("POST", "/", ask, b'{"TableName": 5}')
    assert (status, headers["x-amzn-ErrorType"]) == (400, "ValidationException")
    assert b"'Item' failed to satisfy constraint: Member must not be null" in body


def test_a_client_that_asks_before_it_sends_is_told_once_to_go_on(served: Served) -> None:
    head = f"POST /DescribeJobs HTTP/1.1\r\nAuthorization: {SIGNATURE.format('drs')}\r\nExpect: 100-continue\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as connection:
        connection.sendall(f"{head}Connection: close\r\nContent-Length: 2\r\n\r\n".encode())
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        with connection.makefile("rb") as answer:
            assert answer.read().startswith(b"HTTP/1.1 200 OK\r\n")


def test_the_date_is_the_worlds(served: Served) -> None:
    _, headers, _ = served.http("POST", "/DescribeJobs", {"Authorization": SIGNATURE.format("drs")}, b"{}")
    assert headers["Date"] == "Sun, 01 Mar 2026 02:00:00 GMT"


def test_a_long_poll_takes_its_virtual_minute_and_finds_nothing(served: Served) -> None:
    sfn = served.client("stepfunctions")
    arn = sfn.create_activity(name="approve")["activityArn"]
    before_ms = served.admin("clock")["nowMs"]
    assert "taskToken" not in sfn.get_activity_task(activityArn=arn)
    assert served.admin("clock")["nowMs"] - before_ms == pytest.approx(60_000, abs=100)
