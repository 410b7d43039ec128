"""The Lambda API, as deployment tools use it."""

import base64
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulator.account import moto_services
from simulator.account.world import ACCOUNT_ID
from simulator.journal import FunctionInvoked, LogLine
from tests.account.conftest import Stage

ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT_ID}:function:f"
SOURCE = "import os\ndef handler(event, context):\n    print('seen')\n    return [{0!r}, context.function_version]\n"
FAILING = "def handler(event, context):\n    raise ValueError(event)\n"


def zipped(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name.replace("__", "/") + ".py"), text)
    return buffer.getvalue()


class Lambda:
    """The API, each call to its end; a refusal is the error's code."""

    def __init__(self, staged: Stage) -> None:
        self.staged, self.client = staged, moto_services.client("lambda", "us-east-1", ACCOUNT_ID)

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**asked: Any) -> Any:
            (answer,) = self.staged.run(lambda: self._call(operation, asked))
            return answer

        return call

    def _call(self, operation: str, asked: dict[str, Any]) -> Any:
        try:
            answer = getattr(self.client, operation)(**asked)
        except ClientError as error:
            return error.response["Error"]["Code"]
        answer.pop("ResponseMetadata")
        return answer | {"Payload": json.loads(answer["Payload"].read() or b"null")} if "Payload" in answer else answer

    def create(self, source: str = SOURCE.format(1), **more: Any) -> Any:
        role = f"arn:aws:iam::{ACCOUNT_ID}:role/r"
        given = {"Runtime": "python3.11", "Handler": "index.handler", "Code": {"ZipFile": zipped(index=source)}, **more}
        return self.create_function(FunctionName="f", Role=role, **given)

    def put_code(self, source: str, **more: Any) -> Any:
        return self.update_function_code(FunctionName="f", ZipFile=zipped(index=source), **more)

    def result(self, name: str = "f") -> Any:
        return self.invoke(FunctionName=name)["Payload"]


@pytest.fixture
def api(staged: Stage) -> Lambda:
    return Lambda(staged)


def test_a_new_function_is_shown_with_all_that_tools_compare(api: Lambda) -> None:
    shown = api.create(Timeout=5, Tags={"team": "dr"}, Description="d", Environment={"Variables": {"MODE": "1"}})
    assert shown == {
        **shown,
        "FunctionArn": ARN,
        "Version": "$LATEST",
        "Timeout": 5,
        "MemorySize": 128,
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "LastModified": "2026-03-01T02:00:00.010+0000",
        "State": "Active",
    }
    found = api.get_function(FunctionName=ARN)
    assert (found["Configuration"], found["Tags"]) == (shown, {"team": "dr"})
    assert len(base64.b64decode(shown["CodeSha256"])) == 32
    assert api.create() == "ResourceConflictException"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"Runtime": "ruby3.4"}, "InvalidParameterValueException"),
        ({"Code": {}}, "InvalidParameterValueException"),
        ({"Code": {"ZipFile": b"no zip"}}, "InvalidParameterValueException"),
        ({"Code": {"S3Bucket": "none", "S3Key": "k"}}, "InvalidParameterValueException"),
        ({"Layers": [f"arn:aws:lambda:us-east-1:{ACCOUNT_ID}:layer:l:1"]}, "InvalidParameterValueException"),
        ({"PackageType": "Image", "Code": {"ImageUri": "i"}}, "NotImplemented"),
        ({"Timeout": 901}, "ValidationException"),
    ],
)
def test_a_function_that_cannot_be_is_refused(api: Lambda, wrong: dict[str, Any], code: str) -> None:
    assert api.create(**wrong) == code
    assert api.get_function(FunctionName="f") == "ResourceNotFoundException"


def test_a_version_stays_as_it_was_published(api: Lambda) -> None:
    api.create(Publish=True)
    api.put_code(SOURCE.format(2))
    assert [api.result(name) for name in ("f", f"{ARN}:1", "f:$LATEST")] == [[2, "$LATEST"], [1, "1"], [2, "$LATEST"]]
    assert api.publish_version(FunctionName="f")["Version"] == "2"
    assert api.publish_version(FunctionName="f")["Version"] == "2"
    versions = api.list_versions_by_function(FunctionName="f")["Versions"]
    assert [one["FunctionArn"] for one in versions] == [f"{ARN}:$LATEST", f"{ARN}:1", f"{ARN}:2"]
    assert api.delete_function(FunctionName="f", Qualifier="1") == {"StatusCode": 204}
    assert api.invoke(FunctionName="f:1") == "ResourceNotFoundException"
    api.put_code(SOURCE.format(3))
    assert api.publish_version(FunctionName="f")["Version"] == "3"


def test_an_alias_leads_to_its_version_and_can_share_invocations_out(api: Lambda) -> None:
    api.create(Publish=True)
    made = api.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    assert (made["AliasArn"], api.result("f:live")) == (f"{ARN}:live", [1, "1"])
    assert api.create_alias(FunctionName="f", Name="live", FunctionVersion="1") == "ResourceConflictException"
    assert api.create_alias(FunctionName="f", Name="next", FunctionVersion="2") == "ResourceNotFoundException"
    api.put_code(SOURCE.format(2), Publish=True)
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    api.update_alias(FunctionName="f", Name="live", RoutingConfig=weights)
    assert {tuple(api.result("f:live")) for _ in range(20)} == {(1, "1"), (2, "2")}
    assert api.delete_function(FunctionName="f", Qualifier="2") == "ResourceConflictException"
    stale = api.update_alias(FunctionName="f", Name="live", FunctionVersion="2", RevisionId=made["RevisionId"])
    assert stale == "PreconditionFailedException"
    assert [one["Name"] for one in api.list_aliases(FunctionName="f", FunctionVersion="2")["Aliases"]] == ["live"]
    api.delete_alias(FunctionName="f", Name="live")
    assert api.get_alias(FunctionName="f", Name="live") == "ResourceNotFoundException"
    api.create_alias(FunctionName="f", Name="head", FunctionVersion="$LATEST")
    assert api.result("f:head") == [2, "$LATEST"]


def test_a_handler_finds_the_modules_of_its_layers(api: Lambda) -> None:
    layer = zipped(python__shared="WHO = 'layer'\n", python__own="WHO = 'layer'\n")
    published = api.publish_layer_version(LayerName="l", Content={"ZipFile": layer}, CompatibleRuntimes=["python3.11"])
    source = "import own, shared\ndef handler(event, context):\n    return [own.WHO, shared.WHO]\n"
    code = {"ZipFile": zipped(index=source, own="WHO = 'function'\n")}
    shown = api.create(Code=code, Layers=[published["LayerVersionArn"]])
    assert shown["Layers"] == [{"Arn": f"arn:aws:lambda:us-east-1:{ACCOUNT_ID}:layer:l:1", "CodeSize": len(layer)}]
    assert api.result() == ["function", "layer"]
    assert [one["LayerName"] for one in api.list_layers()["Layers"]] == ["l"]
    assert api.get_layer_version(LayerName="l", VersionNumber=2) == "ResourceNotFoundException"
    changed = api.update_function_configuration(FunctionName="f", Layers=[])
    assert changed["Layers"] == []
    assert api.invoke(FunctionName="f")["FunctionError"] == "Unhandled"


def test_the_tail_of_the_log_comes_with_the_answer(api: Lambda) -> None:
    api.create()
    answer = api.invoke(FunctionName="f", LogType="Tail")
    log = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert (log[1], log[0].endswith("Version: $LATEST"), log[3].startswith("REPORT RequestId: ")) == ("seen", True, True)
    assert "LogResult" not in api.invoke(FunctionName="f")


def times_invoked(staged: Stage) -> list[int]:
    return [at_ms for at_ms, event in staged.world.journal.of(FunctionInvoked) if event.function == "f"]


def test_an_asynchronous_invocation_that_fails_is_tried_twice_more(api: Lambda) -> None:
    api.create(FAILING)
    answer = api.invoke(FunctionName="f", InvocationType="Event", Payload=b"{}")
    first, second, third = times_invoked(api.staged)
    assert (answer["StatusCode"], second - first, third - second) == (202, 60_000, 120_000)


def test_how_often_it_is_tried_can_be_set(api: Lambda) -> None:
    api.create(FAILING)
    api.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0)
    api.invoke(FunctionName="f", InvocationType="Event", Payload=b"{}")
    assert len(times_invoked(api.staged)) == 1
    assert api.get_function_event_invoke_config(FunctionName="f")["MaximumRetryAttempts"] == 0
    api.delete_function_event_invoke_config(FunctionName="f")
    assert api.get_function_event_invoke_config(FunctionName="f") == "ResourceNotFoundException"


def test_a_dry_run_runs_nothing(api: Lambda) -> None:
    api.create()
    assert api.invoke(FunctionName="f", InvocationType="DryRun")["StatusCode"] == 204
    assert times_invoked(api.staged) == []


def test_reserved_concurrency_holds_invocations_back(api: Lambda) -> None:
    api.create("import time\ndef handler(event, context):\n    time.sleep(1)\n    return 1\n")
    assert api.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    asked = [lambda: api._call("invoke", {"FunctionName": "f"})] * 2
    answers = api.staged.run(*asked)
    assert (answers[0]["Payload"], answers[1]) == (1, "TooManyRequestsException")
    assert api.get_function(FunctionName="f")["Concurrency"] == {"ReservedConcurrentExecutions": 1}
    limit = api.get_account_settings()["AccountLimit"]
    assert limit["UnreservedConcurrentExecutions"] == 999
    too_many = api.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=901)
    assert too_many == "InvalidParameterValueException"
    api.delete_function_concurrency(FunctionName="f")
    assert api.get_function_concurrency(FunctionName="f") == {}


def test_tags_and_permissions_come_and_go(api: Lambda) -> None:
    api.create(Tags={"a": "1"})
    api.tag_resource(Resource=ARN, Tags={"b": "2"})
    api.untag_resource(Resource=ARN, TagKeys=["a"])
    assert api.list_tags(Resource=ARN) == {"Tags": {"b": "2"}}
    allowed = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}
    api.publish_version(FunctionName="f")
    api.add_permission(FunctionName="f", Qualifier="1", **allowed)
    assert api.get_policy(FunctionName="f") == "ResourceNotFoundException"
    (statement,) = json.loads(api.get_policy(FunctionName="f:1")["Policy"])["Statement"]
    assert statement["Resource"] == f"{ARN}:1"
    api.remove_permission(FunctionName="f", Qualifier="1", StatementId="s")
    assert api.get_policy(FunctionName="f:1") == "ResourceNotFoundException"


def test_an_update_meant_for_an_earlier_revision_is_refused(api: Lambda) -> None:
    first = api.create()["RevisionId"]
    assert api.put_code(SOURCE.format(2), DryRun=True)["CodeSha256"] != api.get_function_configuration(FunctionName="f")
    assert api.update_function_configuration(FunctionName="f", Timeout=9, RevisionId=first)["Timeout"] == 9
    assert api.put_code(SOURCE.format(3), RevisionId=first) == "PreconditionFailedException"
    assert api.result() == [1, "$LATEST"]


def test_lists_come_in_pages(api: Lambda) -> None:
    for number in range(3):
        api.create_function(
            FunctionName=f"g{number}", Role=f"arn:aws:iam::{ACCOUNT_ID}:role/r", Runtime="python3.11",
            Handler="index.handler", Code={"ZipFile": zipped(index=FAILING)},
        )  # fmt: skip
    first = api.list_functions(MaxItems=2)
    rest = api.list_functions(Marker=first["NextMarker"])
    assert [one["FunctionName"] for one in first["Functions"] + rest["Functions"]] == ["g0", "g1", "g2", "one", "two"]


@pytest.mark.parametrize(
    ("operation", "asked", "answer"),
    [
        ("create_event_source_mapping", {"EventSourceArn": "arn:aws:sqs:us-east-1:123456789012:q"}, "NotImplemented"),
        ("list_event_source_mappings", {}, {"EventSourceMappings": []}),
        ("create_function_url_config", {"AuthType": "NONE"}, "NotImplemented"),
        ("get_function_url_config", {}, "ResourceNotFoundException"),
        ("get_function_code_signing_config", {}, {"FunctionName": "f", "CodeSigningConfigArn": ""}),
        ("get_function_recursion_config", {}, {"RecursiveLoop": "Terminate"}),
        ("get_runtime_management_config", {}, {"UpdateRuntimeOn": "Auto", "FunctionArn": ARN}),
        ("get_provisioned_concurrency_config", {"Qualifier": "1"}, "ProvisionedConcurrencyConfigNotFoundException"),
        ("put_provisioned_concurrency_config", {"Qualifier": "1", "ProvisionedConcurrentExecutions": 1}, "NotImplemented"),
    ],
)
def test_what_is_not_simulated_is_not_there_and_cannot_be_made(
    api: Lambda, operation: str, asked: dict[str, Any], answer: Any
) -> None:
    api.create()
    assert getattr(api, operation)(FunctionName="f", **asked) == answer


CALLS_ITSELF = """
import boto3, json
client = boto3.client("lambda")
def handler(event, context):
    left = event["left"] - 1
    if not left:
        return "the end"
    asked = {"FunctionName": context.function_name, "Payload": json.dumps({"left": left, "kind": event["kind"]})}
    answer = client.invoke(InvocationType=event["kind"], **asked)
    return json.load(answer["Payload"]) if event["kind"] == "RequestResponse" else answer["StatusCode"]
"""


@pytest.mark.parametrize(("kind", "answer"), [("RequestResponse", "the end"), ("Event", 202)])
@pytest.mark.parametrize(("loop", "left", "count"), [("Terminate", 16, 16), ("Terminate", 40, 16), ("Allow", 40, 40)])
def test_a_function_that_invokes_itself_is_stopped_after_sixteen_rounds_unless_it_may(
    api: Lambda, kind: str, answer: object, loop: str, left: int, count: int
) -> None:
    api.create(CALLS_ITSELF, Timeout=60)
    api.put_function_recursion_config(FunctionName="f", RecursiveLoop=loop)
    found = api.invoke(FunctionName="f", Payload=json.dumps({"left": left, "kind": kind}))["Payload"]
    api.staged.world.clock.run()
    assert len(list(api.staged.world.journal.of(FunctionInvoked))) == count
    if kind == "RequestResponse" and count < left:
        assert found["errorType"] == "RecursiveInvocationException"
    else:
        assert found == answer
    lines = [line.text for _, line in api.staged.world.journal.of(LogLine)]
    assert any("Lambda stops a recursive loop" in line for line in lines) == (count < left)
