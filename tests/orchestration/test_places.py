"""Waves in other accounts and Regions: what a plan may say of them, who belongs to them, and how they are entered."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
import time_machine
from botocore.stub import Stubber

from orchestration import api, clients, places, policy, record, store
from orchestration.handler import handler
from orchestration.places import HERE, Home, Place, place_of
from orchestration.plan import InvalidPlan, read_plan
from tests.orchestration.conftest import CONTEXT, JOB_ID, MACHINE_ARN, NOW, SERVERS, Account, request

HOME = Home("aws", "111122223333", "us-east-1")
ROLE = "arn:aws:iam::210987654321:role/RecoveryOrchestrator"
OTHER_ROLE = "arn:aws:iam::310987654321:role/RecoveryOrchestrator"
THERE = {"account": "210987654321", "roleName": "RecoveryOrchestrator", "externalId": "erp-4711"}
STARTED = {"executionArn": MACHINE_ARN + ":e", "startDate": NOW}
JOBS = ("drsjob-3b000000000000011", "drsjob-3b000000000000012")


def plan(*waves: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"planId": "erp", "waves": list(waves), **members}


def wave(name: str = "data", server: str = SERVERS[0], **members: Any) -> dict[str, Any]:
    return {"name": name, "servers": [server], **members}


def flaws(document: dict[str, Any], **members: list[str]) -> list[tuple[str, str]]:
    try:
        read_plan(document, members, HOME)
    except InvalidPlan as invalid:
        return [(flaw.pointer, flaw.message) for flaw in invalid.flaws]
    return []


@pytest.mark.parametrize(
    ("of_plan", "of_wave", "expected"),
    [
        ({}, {}, HERE),
        ({}, {"region": "us-east-1"}, HERE),
        ({}, {"region": "us-west-2"}, Place(None, "us-west-2")),
        (THERE, {}, Place("210987654321", None, ROLE, "erp-4711")),
        (THERE | {"region": "us-west-2"}, {"region": "us-east-1"}, Place("210987654321", None, ROLE, "erp-4711")),
        (THERE, {"roleArn": OTHER_ROLE}, Place("310987654321", None, OTHER_ROLE, "erp-4711")),
        ({"roleName": "R", "externalId": "x1"}, {"account": "210987654321"},
         Place("210987654321", None, "arn:aws:iam::210987654321:role/R", "x1")),
        ({"roleArn": ROLE}, {"roleName": "R", "account": "111122223333"},
         Place(None, None, "arn:aws:iam::111122223333:role/R")),
    ],
)  # fmt: skip
def test_a_wave_is_where_it_says_or_else_where_its_plan_says(of_plan: Any, of_wave: Any, expected: Place) -> None:
    assert place_of(of_plan, of_wave, HOME) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (plan(wave(account="4711")), [("/waves/0/account", "account must be an account's twelve digits")]),
        (plan(wave(), region="west"), [("/region", "region must be a Region such as us-west-2")]),
        (plan(wave(externalId="x")), [
            ("/waves/0/externalId", "externalId must be 2 to 1224 letters, digits and _ + = , . @ : / -")
        ]),
        (plan(wave(account="210987654321", externalId="secret")), [
            ("/waves/0/account", "wave 'data': account needs a role, roleArn or roleName, that leads there"),
            ("/waves/0/externalId", "wave 'data': externalId needs a role, roleArn or roleName, that leads there"),
        ]),
        (plan(wave(roleName="R")), [("/waves/0/roleName", "wave 'data': a roleName needs the account that it is in")]),
        (plan(wave(roleArn=ROLE, roleName="R")), [
            ("/waves/0/roleArn", "wave 'data': there is either a roleArn or a roleName")
        ]),
        (plan(wave(account="310987654321"), roleArn=ROLE), [
            ("/waves/0/roleArn", "wave 'data': the role is in another account than the wave")
        ]),
        (plan(wave(tags={"app": "erp"})), [("/waves/0/tags", "a wave has either servers or tags")]),
        (plan({"name": "data", "tags": {}}), [
            ("/waves/0/tags", "tags must be an object with 1 to 50 texts of at most 256 characters")
        ]),
        (plan({"name": "data", "tags": {"app": "erp"}}), [
            ("/waves/0/tags", "no source server has all tags of wave 'data'")
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_place_or_with_tags_is_told(document: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert flaws(document) == expected


def test_one_id_in_two_accounts_is_two_servers_and_in_one_account_it_is_one() -> None:
    assert flaws(plan(wave("a"), wave("b", **THERE))) == []
    there_twice = plan(wave("a", **THERE), wave("b", roleArn=ROLE))
    assert flaws(there_twice) == [("/waves/1/servers/0", f"{SERVERS[0]} is in wave 'a' and again in wave 'b'")]


def test_what_tags_find_is_held_to_all_that_holds_for_servers() -> None:
    tagged = {"name": "data", "tags": {"app": "erp"}, "optional": [SERVERS[1]]}
    assert flaws(plan(tagged), data=[SERVERS[0]]) == [("/waves/0/optional/0", f"{SERVERS[1]!r} is no server of the wave")]
    crowd = [f"s-{number:017d}" for number in range(101)]
    assert flaws(plan(tagged | {"optional": []}), data=crowd) == [
        ("/waves/0/servers", "a wave is one DRS job, which takes at most 100 servers (quota L-B827C881), not 101")
    ]
    assert flaws(plan(wave("a"), tagged | {"optional": []}), data=[SERVERS[0]]) == [
        ("/waves/1/servers/0", f"{SERVERS[0]} is in wave 'a' and again in wave 'data'")
    ]


def test_room_in_drs_is_counted_for_each_account_and_region_by_itself() -> None:
    def crowded(**place: Any) -> dict[str, Any]:
        running = [
            {"name": f"r{n}", "status": "RUNNING", "servers": [{}], "dependsOn": [], "place": {"account": "210987654321"}}
            for n in range(20)
        ]
        next_one = {"name": "next", "status": "NOT_STARTED", "servers": [{}], "dependsOn": [], **place}
        return {"waves": [*running, next_one]}

    for place, expected in (
        ({"place": {"account": "210987654321", "roleArn": ROLE}}, None),
        ({"place": {"account": "210987654321", "region": "us-west-2"}}, ("START", "")),
        ({}, ("START", "")),
    ):
        waves = crowded(**place)
        assert policy.turn_of(waves, waves["waves"][-1]) == expected


@pytest.fixture
def sts(account: Account) -> Iterator[Stubber]:
    places.forget()
    with Stubber(clients.client("sts")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()
    places.forget()


def assumed(sts: Stubber, external_id: str | None = "erp-4711") -> None:
    credentials = {
        "AccessKeyId": "ASIA2109876543210000", "SecretAccessKey": "a-secret-key-that-nobody-may-see",
        "SessionToken": "a-session-token", "Expiration": NOW + timedelta(hours=1),
    }  # fmt: skip
    asked: dict[str, Any] = {"RoleArn": ROLE, "RoleSessionName": "recovery-orchestrator"}
    asked |= {"ExternalId": external_id} if external_id else {}
    sts.add_response("assume_role", {"Credentials": credentials}, asked)


@pytest.mark.parametrize("external_id", ["erp-4711", None])
def test_a_role_is_assumed_once_and_again_shortly_before_its_credentials_expire(
    sts: Stubber, external_id: str | None
) -> None:
    place = Place("210987654321", "us-west-2", ROLE, external_id)
    assumed(sts, external_id)
    first = places.client_at("drs", place)
    assert (first.meta.region_name, places.client_at("drs", place)) == ("us-west-2", first)
    with time_machine.travel(NOW + timedelta(minutes=54), tick=False):
        assert places.client_at("drs", place) is first
    assumed(sts, external_id)
    with time_machine.travel(NOW + timedelta(minutes=55), tick=False):
        assert places.client_at("drs", place) is not first


def listed(drs: Stubber, *pages: list[dict[str, Any]]) -> None:
    """DRS lists source servers, page by page."""
    for number, servers in enumerate(pages):
        more = {"nextToken": f"page-{number + 1}"} if number + 1 < len(pages) else {}
        asked: dict[str, Any] = {"filters": {}} | ({"nextToken": f"page-{number}"} if number else {})
        items = [{"sourceServerID": one["id"], "tags": one["tags"]} for one in servers]
        drs.add_response("describe_source_servers", {"items": items, **more}, asked)


def post(document: dict[str, Any], **headers: str) -> tuple[int, dict[str, Any]]:
    answer = api.handler(request("POST", "/executions", {"plan": document}, headers), CONTEXT)
    return answer["statusCode"], json.loads(answer["body"])


def test_the_servers_with_all_tags_are_found_on_whatever_page_they_are_and_recorded(account: Account) -> None:
    erp, both = {"app": "erp"}, {"app": "erp", "tier": "data", "Name": "db-1"}
    listed(
        account.drs, [{"id": SERVERS[0], "tags": erp}], [{"id": SERVERS[1], "tags": both}, {"id": SERVERS[2], "tags": {}}]
    )
    account.states.add_response("start_execution", STARTED)
    waves = [{"name": "data", "tags": {"app": "erp", "tier": "data"}}, wave("app", SERVERS[2])]
    status, answer = post(plan(*waves))
    recorded = store.load(answer["executionId"])["waves"][0]
    assert status == 202
    assert ([one["sourceServerId"] for one in recorded["servers"]], recorded["tags"]) == (
        [SERVERS[1]], {"app": "erp", "tier": "data"}
    )  # fmt: skip


def test_a_place_is_asked_for_its_servers_once_for_all_waves(account: Account) -> None:
    listed(account.drs, [{"id": SERVERS[0], "tags": {"tier": "data"}}, {"id": SERVERS[1], "tags": {"tier": "app"}}])
    account.states.add_response("start_execution", STARTED)
    assert post(plan({"name": "a", "tags": {"tier": "data"}}, {"name": "b", "tags": {"tier": "app"}}))[0] == 202


def test_the_same_key_starts_nothing_new_even_if_nobody_has_the_tags_any_more(account: Account) -> None:
    listed(account.drs, [{"id": SERVERS[0], "tags": {"app": "erp"}}])
    account.states.add_response("start_execution", STARTED)
    document = plan({"name": "data", "tags": {"app": "erp"}})
    status, answer = post(document, **{"Idempotency-Key": "k-1"})
    account.states.add_client_error("start_execution", "ExecutionAlreadyExists")
    assert (status, post(document, **{"Idempotency-Key": "k-1"})) == (202, (202, answer))


def test_servers_that_may_not_be_listed_are_the_plan_s_flaw_and_throttling_is_not(account: Account) -> None:
    document = plan({"name": "data", "tags": {"app": "erp"}, "region": "us-east-1"})
    account.drs.add_client_error("describe_source_servers", "UninitializedAccountException", "not initialized", 400)
    status, problem = post(document)
    assert (status, problem["errors"][0]["pointer"]) == (400, "/waves/0/tags")
    assert "this account and Region cannot be listed" in problem["detail"]
    account.drs.add_client_error("describe_source_servers", "InternalServerException", "later", 500)
    assert post(document)[0] == 503


def test_nobody_reads_an_external_id_in_an_answer(account: Account) -> None:
    account.states.add_response("start_execution", STARTED)
    answer = post(plan(wave(**THERE)))[1]
    told = [
        api.handler(request(method, f"/executions/{answer['executionId']}{rest}"), CONTEXT)["body"]
        for method, rest in (("GET", ""), ("GET", "/events"), ("POST", "/pause"))
    ]
    assert json.loads(told[0])["waves"][0]["place"] == {"account": "210987654321", "roleArn": ROLE}
    assert store.load(answer["executionId"])["waves"][0]["place"]["externalId"] == "erp-4711"
    assert "erp-4711" not in "".join(told)


def test_a_wave_s_job_is_started_and_looked_at_in_its_own_account(
    account: Account, sts: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.started(plan={"waves": [wave(**THERE)]})
    record_there = record.wave_of(account.record(), "data")["place"]
    assert record_there == {"account": "210987654321", "roleArn": ROLE, "externalId": "erp-4711"}
    assumed(sts)
    there = boto3.client("drs", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y")
    monkeypatch.setattr("orchestration.places.boto3.client", lambda *_, **__: there)
    with Stubber(there) as drs:
        drs.add_response("start_recovery", {"job": {"jobID": JOB_ID}})
        started = handler({"action": "start_wave", "executionId": "e-1", "wave": "data"}, CONTEXT)
        assert started["job"]["isElsewhere"] is True
        drs.add_response("describe_jobs", {"items": [{"jobID": JOB_ID, "status": "STARTED"}]})
        event = {"action": "check_wave_status", "executionId": "e-1", "wave": "data", "job": started["job"], "attempt": 0}
        assert handler(event, CONTEXT)["status"] == "RUNNING"
        drs.assert_no_pending_responses()
    assert "erp-4711" not in json.dumps(started)


def test_servers_of_the_same_id_in_two_accounts_do_not_get_in_each_other_s_way(account: Account) -> None:
    account.states.add_response("start_execution", STARTED)
    account.states.add_response("start_execution", STARTED)
    assert post(plan(wave()))[0] == 202
    assert post(plan(wave(**THERE)) | {"planId": "erp-there"})[0] == 202
    status, problem = post(plan(wave(roleArn=ROLE)) | {"planId": "another"})
    assert (status, problem["title"]) == (409, "Under way already")


def test_what_was_launched_in_two_accounts_is_terminated_in_both_and_no_job_is_started_twice(
    account: Account, sts: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.started(plan={"cleanUpDrill": True, "waves": [wave(), wave("app", SERVERS[1], **THERE)]})
    instances = iter(["i-0a000000000000000", "i-0a000000000000001"])

    def launched(one: dict[str, Any]) -> dict[str, Any]:
        return one | {"servers": [one["servers"][0] | {"launchStatus": "LAUNCHED", "recoveryInstanceId": next(instances)}]}

    store.update("e-1", lambda now: now | {"waves": [launched(one) for one in now["waves"]]})
    account.drs.add_response("terminate_recovery_instances", {"job": {"jobID": JOBS[0]}})
    assumed(sts)
    there = boto3.client("drs", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y")
    monkeypatch.setattr("orchestration.places.boto3.client", lambda *_, **__: there)

    def act(action: str) -> Any:
        return handler({"action": action, "executionId": "e-1"}, CONTEXT)

    with Stubber(there) as drs:
        drs.add_client_error("terminate_recovery_instances", "ConflictException", "busy", 409)
        with pytest.raises(Exception, match="busy"):
            act("clean_up")
        asked = {"recoveryInstanceIDs": ["i-0a000000000000001"]}
        drs.add_response("terminate_recovery_instances", {"job": {"jobID": JOBS[1]}}, asked)
        assert act("clean_up") == {"status": "RUNNING"}
        for where, job in ((account.drs, JOBS[0]), (drs, JOBS[1])):
            where.add_response("describe_jobs", {"items": [{"jobID": job, "status": "COMPLETED"}]})
        assert act("check_clean_up") == {"status": "COMPLETED"}
