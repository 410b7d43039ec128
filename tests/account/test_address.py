"""Where a request would have gone in AWS, and how much is asked to find that out."""

import pytest
from moto.core.request import Request

from simulator.account.address import at_aws
from simulator.account.wire import HttpRequest, decode


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses of the requests that moto's router was made ready for."""
    read: list[str] = []
    ready = Request.from_primitives

    def counted(method: str, url: str, *rest: object) -> Request:
        read.append(url)
        return ready(method, url, *rest)

    monkeypatch.setattr(Request, "from_primitives", counted)
    return read


def request(
    service: str, path: str = "/", target: str = "", body: bytes = b"{}", kind: str = "application/json"
) -> HttpRequest:
    signed = f"AWS4-HMAC-SHA256 Credential=AK/20260301/us-east-1/{service}/aws4_request, Signature=0"
    headers = {"Authorization": signed, "Content-Type": kind} | (
        {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"} if target else {}
    )
    return HttpRequest("POST", f"http://localhost:4566{path}", headers, body)


@pytest.mark.parametrize(
    ("asked", "address"),
    [
        (request("states", target="AWSStepFunctions.ListStateMachines"), "https://states.us-east-1.amazonaws.com/"),
        (request("drs", "/DescribeJobs"), "https://drs.us-east-1.amazonaws.com/DescribeJobs"),
        (request("dynamodb", target="DynamoDB_20120810.ListTables"), "https://dynamodb.us-east-1.amazonaws.com/"),
        (
            request("dynamodb", target="DynamoDBStreams_20120810.ListStreams"),
            "https://streams.dynamodb.us-east-1.amazonaws.com/",
        ),
    ],
)
def test_what_a_request_names_by_itself_needs_no_router(asked: HttpRequest, address: str, readings: list[str]) -> None:
    moved = at_aws(asked)
    decode(moved)
    assert (moved.url, readings) == (address, [])


def test_an_operation_that_must_be_looked_for_is_looked_for_once(readings: list[str]) -> None:
    asked = request("sns", body=b"Action=ListTopics&Version=2010-03-31", kind="application/x-www-form-urlencoded")
    assert decode(at_aws(asked)).operation == "ListTopics"
    assert readings == ["https://sns.us-east-1.amazonaws.com/"]


def test_a_service_that_does_not_exist_stays_where_it_came() -> None:
    asked = request("nothing")
    assert at_aws(asked) == asked
