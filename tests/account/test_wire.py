"""Requests on the wire: what the account refuses, in the service's words, although botocore's client lets it pass."""

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulator.account import direct, moto_services, shape_checks, wire
from simulator.account.faults import ApiFault, fault_error
from simulator.account.wire import HttpRequest
from simulator.account.world import ACCOUNT_ID
from simulator.journal import ApiCall
from tests.account.conftest import Stage

SIGNED = "AWS4-HMAC-SHA256 Credential=AKID/20260301/us-east-1/{}/aws4_request, Signature=0"
SERVER = "s-30000000000000000"


def start_recovery(staged: Stage, servers: list[dict[str, Any]]) -> dict[str, Any]:
    client = moto_services.client("drs", "us-east-1", ACCOUNT_ID)

    def ask() -> dict[str, Any]:
        try:
            client.start_recovery(sourceServers=servers)
        except ClientError as error:
            response: dict[str, Any] = dict(error.response)
            return response
        return {}

    (answer,) = staged.run(ask)
    assert isinstance(answer, dict)
    return answer


def test_a_malformed_id_is_refused_with_the_member_and_its_pattern(staged: Stage) -> None:
    answer = start_recovery(staged, [{"sourceServerID": "s-123456789-1234567"}])
    assert answer["Error"]["Code"] == "ValidationException"
    assert answer["reason"] == "fieldValidationFailed"
    assert [field["name"] for field in answer["fieldList"]] == ["sourceServers[0].sourceServerID"]


def test_every_answer_has_a_request_id_of_its_own(staged: Stage) -> None:
    drs = moto_services.client("drs", "us-east-1", ACCOUNT_ID)
    (granted,) = staged.run(drs.initialize_service)
    refused = start_recovery(staged, [{"sourceServerID": SERVER}])
    ids = [answer["ResponseMetadata"]["RequestId"] for answer in (granted, refused)]
    assert [re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one) is not None for one in ids] == [True, True]
    assert ids[0] != ids[1]


def test_more_servers_than_the_model_allows_are_refused(staged: Stage) -> None:
    answer = start_recovery(staged, [{"sourceServerID": f"s-{number:017d}"} for number in range(201)])
    assert answer["Error"]["Code"] == "ValidationException"
    assert answer["fieldList"][0]["name"] == "sourceServers"


def test_an_uninitialised_region_says_so(staged: Stage) -> None:
    answer = start_recovery(staged, [{"sourceServerID": SERVER}])
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("UninitializedAccountException", 400)


def test_a_conflict_carries_its_members_and_is_not_retried(staged: Stage) -> None:
    staged.world.drs.region(ACCOUNT_ID, "us-east-1").initialize()
    answer = start_recovery(staged, [{"sourceServerID": SERVER}])
    assert (answer["Error"]["Code"], answer["resourceType"], answer["resourceId"]) == (
        "ConflictException",
        "SourceServer",
        SERVER,
    )
    assert [event.attempt for _, event in staged.world.journal.of(ApiCall)] == [1]


@pytest.mark.parametrize("service", ["drs", "states", "dynamodb", "events", "ssm", "lambda", "logs", "sqs", "sns"])
def test_what_a_request_names_by_itself_is_what_moto_finds_in_it(service: str) -> None:
    model = wire.service_model(service)
    found = 0
    for name in model.operation_names:
        http, json_type = model.operation_model(name).http, "application/x-amz-json-1.0"
        path = re.sub(r"\{[^}]*\}", "x", http["requestUri"])
        target = f"{model.metadata.get('targetPrefix')}.{name}"
        kind = "application/json" if model.protocol == "rest-json" else json_type
        named = direct.operation_of(service, http["method"], f"https://x{path}", target, kind)
        headers = {"Content-Type": kind, "X-Amz-Target": target}
        headers["Authorization"] = SIGNED.format(service)
        if named is not None:
            request = HttpRequest(http["method"], f"https://x{path}", headers, b"{}")
            assert named.name == name
            assert wire._operation(service, wire._http_request(request))[0].name == name
            found += 1
    assert found >= {"drs": 66, "states": 37, "dynamodb": 50, "events": 50, "ssm": 140, "logs": 80}.get(service, 0)


def test_a_request_without_a_signature_is_refused(staged: Stage) -> None:
    answer = staged.world.account.answer(HttpRequest("POST", "https://drs.us-east-1.amazonaws.com/DescribeJobs", {}, b"{}"))
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (403, "MissingAuthenticationToken")


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/DescribeJobs", b"{", "cannotParse"),
        ("/DescribeJobs", b"[]", "cannotParse"),
        ("/ListStagingAccounts?maxResults=many", b"", "cannotParse"),
        ("/DescribeCoffee", b"{}", "unknownOperation"),
    ],
)
def test_drs_says_why_it_cannot_read_a_request(staged: Stage, path: str, body: bytes, reason: str) -> None:
    signed = {"Authorization": SIGNED.format("drs")}
    method = "GET" if "?" in path else "POST"
    answer = staged.world.account.answer(HttpRequest(method, f"https://drs.us-east-1.amazonaws.com{path}", signed, body))
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (400, "ValidationException")
    assert json.loads(answer.body)["reason"] == reason


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"sourceServers": [{"sourceServerID": SERVER}]}, []),
        ({}, [("sourceServers", "must not be null")]),
        ({"sourceServers": []}, [("sourceServers", "must have length greater than or equal to 1")]),
        ({"sourceServers": "x"}, [("sourceServers", "must be a list")]),
        ({"sourceServers": [{}]}, [("sourceServers[0].sourceServerID", "must not be null")]),
        ({"sourceServers": [{"sourceServerID": SERVER}], "isDrill": "yes"}, [("isDrill", "must be a boolean")]),
    ],
    ids=str,
)
def test_shapes_are_checked_member_by_member(parameters: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert shape_checks.shape_faults("drs", "StartRecovery", parameters) == expected


def test_the_errors_of_an_operation_come_with_their_status() -> None:
    errors = wire.modelled_errors("drs", "StartRecovery")
    assert (errors["ConflictException"], errors["ServiceQuotaExceededException"], errors["ThrottlingException"]) == (
        409,
        402,
        429,
    )


def test_what_cannot_be_journalled_as_it_is_becomes_text() -> None:
    assert wire.plain({"a": b"text", "b": b"\xff\x00", "c": (1, None)}) == {"a": "text", "b": "/wA=", "c": [1, None]}


@pytest.mark.parametrize(
    ("service", "operation", "error", "expected"),
    [
        ("sns", "publish", "InternalErrorException", "InternalError"),
        ("ec2", "describe_instances", "RequestLimitExceeded", "RequestLimitExceeded"),
        ("s3", "list_buckets", "ServiceUnavailable", "ServiceUnavailable"),
        ("sts", "get_caller_identity", "ExpiredTokenException", "ExpiredTokenException"),
        ("dynamodb", "list_tables", "InternalServerError", "InternalServerError"),
    ],
)
def test_a_fault_answers_in_every_protocol(staged: Stage, service: str, operation: str, error: str, expected: str) -> None:
    name = f"{service}:{''.join(word.capitalize() for word in operation.split('_'))}"
    modelled = dict(wire.modelled_errors(*name.split(":")))
    staged.world.faults.arm([ApiFault("f", frozenset({name}), fault_error(error, "told <so>", modelled))])
    parameters = {"TopicArn": "arn", "Message": "m"} if service == "sns" else {}
    client = moto_services.client(service, "us-east-1", ACCOUNT_ID)

    def ask() -> tuple[str, str]:
        with pytest.raises(ClientError) as caught:
            getattr(client, operation)(**parameters)
        return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]

    assert staged.run(ask) == [(expected, "told <so>")]
