"""What a request is for: its signature, or what only unsigned requests have."""

from collections.abc import Mapping

import pytest

from simulator.account.scope import Scope
from simulator.account.wire import HttpRequest, decode, endpoint_prefix
from simulator.errors import ServiceError

CREDENTIAL = "AKIDEXAMPLE/20260301/us-west-2/{}/aws4_request"


def signed(service: str, name: str = "Authorization") -> dict[str, str]:
    credential = CREDENTIAL.format(service)
    return {name: f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"}


@pytest.mark.parametrize(
    ("method", "url", "headers", "body", "expected"),
    [
        ("POST", "http://h/", signed("drs"), b"", Scope("AKIDEXAMPLE", "us-west-2", "drs")),
        ("POST", "http://h/", signed("drs", "authorization"), b"", Scope("AKIDEXAMPLE", "us-west-2", "drs")),
        ("GET", f"http://h/b/k?X-Amz-Credential={CREDENTIAL.format('s3').replace('/', '%2F')}", {}, b"",
         Scope("AKIDEXAMPLE", "us-west-2", "s3")),
        ("PUT", "http://h/b/k", {"Authorization": "AWS AKIDEXAMPLE:c2ln"}, b"", Scope("AKIDEXAMPLE", "us-east-1", "s3")),
        ("GET", "http://h/b/k?AWSAccessKeyId=AKIDEXAMPLE&Signature=x", {}, b"", Scope("AKIDEXAMPLE", "us-east-1", "s3")),
        ("POST", "http://h/", {"X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth"}, b"{}",
         Scope("anonymous", "us-east-1", "cognito-idp")),
        ("POST", "http://h/", {}, b"Action=AssumeRoleWithSAML&Version=2011-06-15", Scope("anonymous", "us-east-1", "sts")),
        ("GET", "http://h/bucket/key", {}, b"", Scope("anonymous", "us-east-1", "s3")),
        ("GET", "http://bucket.s3.eu-west-1.amazonaws.com/key", {}, b"", Scope("anonymous", "eu-west-1", "s3")),
        ("GET", "https://drs.us-east-1.amazonaws.com/DescribeJobs", {}, b"", None),
        ("GET", "http://h/", {}, b"", None),
        ("POST", "http://h/", {}, b"Action=Publish", None),
        ("POST", "http://h/", {"X-Amz-Target": "AWSStepFunctions.ListActivities"}, b"{}", None),
        ("POST", "http://h/", {"Authorization": "Bearer x"}, b"", None),
        ("POST", "http://h/", {"Authorization": "AWS4-HMAC-SHA256 Credential=a/1/../../drs/aws4_request"}, b"", None),
    ],
)  # fmt: skip
def test_a_request_says_what_it_is_for(
    method: str, url: str, headers: Mapping[str, str], body: bytes, expected: Scope | None
) -> None:
    assert HttpRequest(method, url, headers, body).scope == expected


@pytest.mark.parametrize(
    ("service", "headers", "body", "operation", "prefix"),
    [
        ("dynamodb", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, b"{}", "ListTables", "dynamodb"),
        ("dynamodb", {"X-Amz-Target": "DynamoDBStreams_20120810.ListStreams"}, b"{}", "ListStreams", "streams.dynamodb"),
        ("elasticloadbalancing", {}, b"Action=CreateLoadBalancerPolicy", "CreateLoadBalancerPolicy", "elasticloadbalancing"),
        ("states", {"x-amz-target": "AWSStepFunctions.ListActivities"}, b"{}", "ListActivities", "states"),
        ("ses", {}, b"Action=ListIdentities", "ListIdentities", "email"),
    ],
)
def test_services_that_share_a_signing_name_are_told_apart(
    service: str, headers: Mapping[str, str], body: bytes, operation: str, prefix: str
) -> None:
    type_ = "application/x-amz-json-1.0" if headers else "application/x-www-form-urlencoded"
    request = HttpRequest("POST", "http://h/", {**signed(service), **headers, "Content-Type": type_}, body)
    assert decode(request).operation == operation
    assert endpoint_prefix(service, request) == prefix


@pytest.mark.parametrize(
    ("service", "headers", "body", "code", "status"),
    [
        ("states", {"X-Amz-Target": "AWSStepFunctions.Nope"}, b"{}", "UnknownOperationException", 400),
        ("states", {"X-Amz-Target": "AWSStepFunctions.ListActivities"}, b"{", "SerializationException", 400),
        ("states", {"X-Amz-Target": "AWSStepFunctions.ListActivities"}, b"[]", "SerializationException", 400),
        ("states", {"X-Amz-Target": "AWSStepFunctions.ListActivities"}, b"\xff", "SerializationException", 400),
        ("states", {"X-Amz-Target": "AWSStepFunctions.ListActivities"}, b"[" * 100_000, "SerializationException", 400),
        ("drs", {}, b"{}", "UnknownOperationException", 404),
        ("sns", {}, b"Action=Nope", "InvalidAction", 400),
        ("ec2", {}, b"Action=Nope", "InvalidAction", 400),
        ("nosuch", {}, b"", "InvalidSignatureException", 403),
    ],
)
def test_what_cannot_be_read_is_refused(
    service: str, headers: Mapping[str, str], body: bytes, code: str, status: int
) -> None:
    with pytest.raises(ServiceError) as refused:
        decode(HttpRequest("POST", "http://h/", {**signed(service), **headers}, body))
    assert (refused.value.code, refused.value.status) == (code, status)
