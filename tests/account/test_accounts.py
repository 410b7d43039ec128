"""Several accounts and Regions in one world: whose resources a call is about follows from its credentials."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
import moto.backends
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from simulator.account import moto_services
from simulator.account.functions import Function
from simulator.account.sandbox import Code
from simulator.account.world import ACCOUNT_ID
from simulator.journal import ApiCall, FunctionInvoked
from simulator.rng import Chance
from tests.account.conftest import FUNCTIONS, Stage

OTHER = "222222222222"
ROLE = f"arn:aws:iam::{OTHER}:role/recovery"


def client(service: str, account_id: str = ACCOUNT_ID, region: str = "us-east-1") -> Any:
    return moto_services.client(service, region, account_id)


def with_credentials(service: str, credentials: Mapping[str, Any], region: str = "us-east-1") -> Any:
    session = boto3.Session(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"], region)
    return session.client(service, config=Config(retries={"total_max_attempts": 1}))


def assume(**more: Any) -> Any:
    return client("sts").assume_role(RoleArn=ROLE, RoleSessionName="drill", **more)


def trust(external_id: str, account_id: str = ACCOUNT_ID) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
            }
        ],
    }


def refusal(staged: Stage, call: Any) -> tuple[str, str, int]:
    def attempt() -> tuple[str, str, int]:
        with pytest.raises(ClientError) as caught:
            call()
        response = caught.value.response
        return response["Error"]["Code"], response["Error"]["Message"], response["ResponseMetadata"]["HTTPStatusCode"]

    answer: tuple[str, str, int] = staged.run(attempt)[0]
    return answer


def test_each_account_and_region_has_source_servers_of_its_own(staged: Stage) -> None:
    for account_id, region, name in [(ACCOUNT_ID, "us-east-1", "a"), (OTHER, "us-east-1", "b"), (OTHER, "us-west-2", "c")]:
        place = staged.world.drs.region(account_id, region)
        place.initialize()
        place.add_source_server(name)

    def names(account_id: str, region: str) -> list[str]:
        (answer,) = staged.run(lambda: client("drs", account_id, region).describe_source_servers())
        return [server["tags"]["Name"] for server in answer["items"]]

    assert names(ACCOUNT_ID, "us-east-1") == ["a"]
    assert names(OTHER, "us-east-1") == ["b"]
    assert names(OTHER, "us-west-2") == ["c"]
    (call, *_) = (event for _, event in staged.world.journal.of(ApiCall) if event.account == OTHER)
    assert (call.operation, call.region) == ("DescribeSourceServers", "us-east-1")


def test_motos_services_are_split_by_account_too(staged: Stage) -> None:
    staged.run(lambda: client("sns", OTHER).create_topic(Name="alarms"))
    ours, theirs = staged.run(lambda: client("sns").list_topics(), lambda: client("sns", OTHER).list_topics())
    assert ours["Topics"] == []
    assert theirs["Topics"] == [{"TopicArn": f"arn:aws:sns:us-east-1:{OTHER}:alarms"}]


def test_an_access_key_that_is_an_account_number_names_the_account(staged: Stage) -> None:
    keys = {"AccessKeyId": OTHER, "SecretAccessKey": "x", "SessionToken": "x"}
    assert staged.run(lambda: with_credentials("sts", keys).get_caller_identity()["Account"]) == [OTHER]


def test_any_other_access_key_is_the_home_accounts(staged: Stage) -> None:
    keys = {"AccessKeyId": "testing", "SecretAccessKey": "x", "SessionToken": "x"}
    assert staged.run(lambda: with_credentials("sts", keys).get_caller_identity()["Account"]) == [ACCOUNT_ID]


def test_an_assumed_roles_credentials_select_the_roles_account(staged: Stage) -> None:
    def act() -> list[Any]:
        assumed = assume(DurationSeconds=900)
        identity = with_credentials("sts", assumed["Credentials"]).get_caller_identity()
        with_credentials("sns", assumed["Credentials"]).create_topic(Name="theirs")
        return [assumed, identity, client("sns", OTHER).list_topics()["Topics"], client("sns").list_topics()["Topics"]]

    ((assumed, identity, theirs, ours),) = staged.run(act)
    arn = f"arn:aws:sts::{OTHER}:assumed-role/recovery/drill"
    assert assumed["AssumedRoleUser"]["Arn"] == arn
    assert assumed["Credentials"]["Expiration"] == datetime(2026, 3, 1, 2, 15, tzinfo=UTC)
    assert (identity["Account"], identity["Arn"]) == (OTHER, arn)
    assert identity["UserId"] == assumed["AssumedRoleUser"]["AssumedRoleId"]
    assert [topic["TopicArn"] for topic in theirs] == [f"arn:aws:sns:us-east-1:{OTHER}:theirs"]
    assert ours == []


def test_the_same_name_is_two_functions_in_two_accounts(staged: Stage) -> None:
    theirs = staged.world.at(OTHER, "us-east-1").functions
    theirs.deploy(Function("one", Code(FUNCTIONS / "one/index.py", "handler"), {"MODE": "theirs"}, 60_000))

    def invoke(name: str, account_id: str) -> Any:
        answer = client("lambda", account_id).invoke(FunctionName=name, Payload=json.dumps({"do": "describe"}))
        return json.loads(answer["Payload"].read())["mode"]

    arn = theirs.arn("one")
    assert arn == f"arn:aws:lambda:us-east-1:{OTHER}:function:one"
    calls = [("one", ACCOUNT_ID), ("one", OTHER), (arn, ACCOUNT_ID)]
    seen = staged.run(lambda: [invoke(name, account) for name, account in calls])
    assert seen == [["test", "theirs", "theirs"]]
    ids = [event.request_id for _, event in staged.world.journal.of(FunctionInvoked)]
    assert len(set(ids)) == 3


def test_a_handler_acts_in_the_account_of_its_function(staged: Stage) -> None:
    theirs = staged.world.at(OTHER, "us-west-2").functions
    theirs.deploy(Function("one", Code(FUNCTIONS / "one/index.py", "handler"), {"MODE": "theirs"}, 60_000))
    staged.run(lambda: theirs.invoke("one", {"do": "write", "id": "k"}))
    calls = [event for _, event in staged.world.journal.of(ApiCall)]
    assert {(call.account, call.region) for call in calls} == {(OTHER, "us-west-2")}


def test_state_machines_live_in_their_account(staged: Stage) -> None:
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})

    def act() -> Any:
        boto = client("stepfunctions", OTHER, "us-west-2")
        machine = boto.create_state_machine(name="m", definition=definition, roleArn=ROLE)["stateMachineArn"]
        arn = boto.start_execution(stateMachineArn=machine)["executionArn"]
        staged.world.clock.sleep_ms(1000)
        return boto.describe_execution(executionArn=arn)

    (described,) = staged.run(act)
    assert described["stateMachineArn"] == f"arn:aws:states:us-west-2:{OTHER}:stateMachine:m"
    assert described["status"] == "SUCCEEDED"
    assert list(staged.world.states.executions) == []


def test_a_wrong_external_id_is_refused_before_any_other_call(staged: Stage) -> None:
    staged.world.roles.declare(ROLE, trust("recovery-2026"))
    who = f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/world/world"
    message = f"User: {who} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    expected = ("AccessDenied", message, 403)
    assert refusal(staged, lambda: assume(ExternalId="recovery-2025")) == expected
    assert refusal(staged, assume) == expected
    (granted,) = staged.run(lambda: assume(ExternalId="recovery-2026"))
    assert granted["AssumedRoleUser"]["Arn"].endswith("assumed-role/recovery/drill")


def test_a_role_trusts_only_the_accounts_it_names(staged: Stage) -> None:
    staged.world.roles.declare(ROLE, trust("xy", "333333333333"))
    assert refusal(staged, lambda: assume(ExternalId="xy"))[0] == "AccessDenied"


def test_the_trust_policy_of_a_role_in_iam_is_obeyed(staged: Stage) -> None:
    policy = trust("right")
    policy["Statement"].append(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["sts:*"],
            "Condition": {"StringLike": {"sts:RoleSessionName": "test-*"}},
        }
    )
    staged.run(lambda: client("iam", OTHER).create_role(RoleName="recovery", AssumeRolePolicyDocument=json.dumps(policy)))
    assert refusal(staged, lambda: assume(ExternalId="wrong"))[0] == "AccessDenied"
    denied = {"RoleArn": ROLE, "RoleSessionName": "test-1", "ExternalId": "right"}
    assert refusal(staged, lambda: client("sts").assume_role(**denied))[0] == "AccessDenied"
    (granted,) = staged.run(lambda: assume(ExternalId="right"))
    assert granted["AssumedRoleUser"]["Arn"].endswith("assumed-role/recovery/drill")


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("drs", lambda boto: boto.describe_jobs(), "ExpiredTokenException"),
        ("sns", lambda boto: boto.list_topics(), "ExpiredToken"),
        ("ec2", lambda boto: boto.describe_vpcs(), "RequestExpired"),
    ],
)
def test_a_session_that_has_expired_is_refused(staged: Stage, service: str, call: Any, code: str) -> None:
    (assumed,) = staged.run(lambda: assume(DurationSeconds=900))
    staged.run(lambda: staged.world.clock.sleep_ms(900_000))
    boto = with_credentials(service, assumed["Credentials"])
    assert refusal(staged, lambda: call(boto)) == (code, "The security token included in the request is expired", 403)


def test_a_chained_role_lasts_an_hour_at_most(staged: Stage) -> None:
    (assumed,) = staged.run(assume)
    chained = with_credentials("sts", assumed["Credentials"])
    third = "arn:aws:iam::333333333333:role/r"
    message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
    assert refusal(staged, lambda: chained.assume_role(RoleArn=third, RoleSessionName="third", DurationSeconds=7200)) == (
        "ValidationError",
        message,
        400,
    )
    (granted,) = staged.run(lambda: chained.assume_role(RoleArn=third, RoleSessionName="third"))
    assert granted["AssumedRoleUser"]["Arn"] == "arn:aws:sts::333333333333:assumed-role/r/third"


def test_stores_of_one_random_id_are_all_emptied_between_worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    queues, parameters = (moto.backends.get_backend(service) for service in ("sqs", "ssm"))
    monkeypatch.setattr(queues, "_id", parameters._id)
    for store in (queues, parameters):
        assert store[OTHER]["us-east-1"] is not None
    moto_services.reset(Chance(1))
    assert (list(queues), list(parameters)) == ([], [])
