"""What operators do through the API: what changes, who is told, what is recorded, what is refused."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from orchestration import api, store
from orchestration.handler import handler
from orchestration.plan import read_plan
from orchestration.record import new_record, with_wave
from tests.orchestration.conftest import CONTEXT, NOW, OPERATOR, PLAN, SERVERS, Account, request

APPROVAL = {"approval": {"timeoutMinutes": 30, "default": "refuse"}}


def post(path: str, body: object = None) -> tuple[int, Any]:
    answer = api.handler(request("POST", f"/executions/e-1/{path}", body), CONTEXT)
    return answer["statusCode"], json.loads(answer["body"])


def get(path: str, **query: str) -> tuple[int, Any]:
    answer = api.handler(request("GET", path, query=query), CONTEXT)
    return answer["statusCode"], json.loads(answer["body"])


def change_wave(**members: Any) -> None:
    """Let wave data of the record be as if the state machine had come so far."""
    store.update("e-1", lambda current: current | {"waves": [current["waves"][0] | members, *current["waves"][1:]]})


def test_a_pause_holds_waves_back_and_a_resume_lets_them_start(account: Account) -> None:
    account.started()
    status, paused = post("pause", {"reason": "change freeze"})
    when = "2026-03-01T02:00:00.000Z"
    note = {"type": "operation", "operation": "pause", "by": OPERATOR, "at": when, "reason": "change freeze"}
    assert (status, paused["paused"], paused["operations"]) == (200, note, [note])
    change_wave(turnToken="t")
    account.told("t", decision="START", reason="", approvalSeconds=0)
    status, resumed = post("resume")
    assert (status, "paused" in resumed) == (200, False)
    assert [operation["operation"] for operation in resumed["operations"]] == ["pause", "resume"]


@pytest.mark.parametrize(
    ("claims", "who"),
    [
        (
            {"sub": "7c1e", "cognito:username": "ops", "email": "ops@example.com", "email_verified": "true"},
            "ops@example.com",
        ),
        ({"sub": "7c1e", "cognito:username": "ops", "email": "ceo@example.com", "email_verified": "false"}, "ops"),
        ({"sub": "7c1e", "cognito:username": "ops", "email": "ceo@example.com"}, "ops"),
        ({"sub": "7c1e", "token_use": "access", "username": "ops", "scope": "recovery/operate"}, "ops"),
        (
            {"sub": "3n4b5urk1ft4fl3mg5e62d9ado", "token_use": "access", "scope": "recovery/operate"},
            "3n4b5urk1ft4fl3mg5e62d9ado",
        ),
        ({}, "unknown"),
    ],
)
def test_an_operation_is_recorded_with_whom_the_user_pool_vouches_for(
    account: Account, claims: dict[str, str], who: str
) -> None:
    account.started()
    event = request("POST", "/executions/e-1/pause")
    event["requestContext"] |= {"authorizer": {"claims": claims}, "identity": {"userArn": None}}
    assert json.loads(api.handler(event, CONTEXT)["body"])["paused"]["by"] == who


def test_nobody_is_shown_the_task_tokens_that_the_record_keeps(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has one may end a wait past all rules."""
    monkeypatch.setattr("orchestration.turns.wake", lambda *_: None)
    account.started(plan={"waves": [PLAN["waves"][0] | APPROVAL, PLAN["waves"][1]]})
    handler({"action": "await_approval", "executionId": "e-1", "wave": "data", "token": "AQC-1"}, CONTEXT)
    handler({"action": "await_job", "executionId": "e-1", "wave": "data", "token": "AQC-2"}, CONTEXT)
    handler({"action": "await_turn", "executionId": "e-1", "wave": "app", "token": "AQC-3"}, CONTEXT)
    store.update_wave("e-1", "app", lambda now: with_wave(now, "app", {"operatorToken": "AQC-4", "pauseToken": "AQC-5"}, {}))
    kept = json.dumps(account.record())
    assert [token for token in range(1, 6) if f"AQC-{token}" not in kept] == []
    shown = [get("/executions/e-1"), get("/executions/e-1/timeline"), get("/executions/e-1/events"), get("/executions")]
    shown += [post("pause"), post("waves/data/approve")]
    assert [status for status, _ in shown] == [200] * 6
    assert [answer for _, answer in shown if "AQC-" in json.dumps(answer) or "Token" in json.dumps(answer)] == []


def test_doing_it_again_changes_nothing(account: Account) -> None:
    account.started()
    post("pause")
    version = account.record()["version"]
    assert post("pause")[1]["version"] == version
    post("cancel", {"reason": "wrong plan"})
    assert post("cancel")[1]["version"] == version + 1


def test_a_cancellation_tells_everybody_who_waits(account: Account) -> None:
    account.started()
    change_wave(status="AWAITING_OPERATOR", operatorToken="t1")
    store.update(
        "e-1", lambda current: current | {"waves": [current["waves"][0], current["waves"][1] | {"turnToken": "t2"}]}
    )
    account.told("t1", decision="GIVE_UP")
    account.told("t2", decision="SKIP", reason="the execution was cancelled", approvalSeconds=0)
    assert post("cancel")[0] == 200


@pytest.mark.parametrize("terminate", [True, False])
def test_a_cancellation_says_whether_what_was_launched_is_terminated(account: Account, terminate: bool) -> None:
    account.started()
    assert post("cancel", {"terminate": terminate})[1]["cleanUp"] is terminate


def test_whoever_has_cancelled_may_still_have_what_was_launched_terminated(account: Account) -> None:
    account.started()
    assert post("cancel", {"reason": "wrong plan"})[1]["cleanUp"] is False
    status, answer = post("cancel", {"terminate": True, "reason": "it writes"})
    assert (status, answer["cleanUp"], answer["cancelled"]["reason"]) == (200, True, "wrong plan")
    assert [(one["operation"], one["reason"]) for one in answer["operations"]] == [
        ("cancel", "wrong plan"),
        ("cancel", "it writes"),
    ]
    assert post("cancel", {"terminate": True})[1]["version"] == answer["version"]
    assert post("cancel")[1]["version"] == answer["version"]


def test_nobody_is_told_that_something_is_terminated_once_that_is_too_late(account: Account) -> None:
    account.started(status="CANCELLED", cancelled={"by": "ops"}, cleanUp=False)
    assert post("cancel")[0] == 200
    status, problem = post("cancel", {"terminate": True})
    assert (status, problem["detail"]) == (409, "execution e-1 has ended as CANCELLED")


@pytest.mark.parametrize(("operation", "is_approved"), [("approve", True), ("refuse", False)])
def test_a_wave_is_approved_or_not(account: Account, operation: str, is_approved: bool) -> None:
    account.started(plan={"waves": [PLAN["waves"][0] | APPROVAL]})
    change_wave(status="AWAITING_APPROVAL", approvalToken="t")
    account.told("t")
    status, decided = post(f"waves/data/{operation}")
    assert (status, decided["waves"][0]["approved"]) == (200, is_approved)


@pytest.mark.parametrize(("operation", "decision"), [("retry", "RETRY"), ("continue", "CONTINUE")])
def test_a_failed_wave_is_retried_or_gone_on_without(account: Account, operation: str, decision: str) -> None:
    account.started()
    change_wave(status="AWAITING_OPERATOR", operatorToken="t")
    account.told("t", decision=decision)
    assert post(f"waves/data/{operation}")[0] == 200


def test_a_wave_that_has_not_started_is_skipped(account: Account) -> None:
    account.started()
    change_wave(turnToken="t")
    account.told("t", decision="SKIP", reason="an operator skipped it: already there", approvalSeconds=0)
    assert post("waves/data/skip", {"reason": "already there"})[1]["waves"][0]["isSkippedByOperator"] is True


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("stop", 404, "there is no operation stop: pause, resume, cancel, stop-failback"),
        ("waves/data/kill", 404, "there is no operation kill: approve, refuse, skip, retry, continue"),
        ("waves/none/skip", 404, "execution e-1 has no wave 'none'"),
        ("waves/data/approve", 409, "wave data needs no approval"),
        ("waves/data/retry", 409, "wave data is NOT_STARTED and waits for no decision"),
    ],
)
def test_what_cannot_be_done_is_refused(account: Account, path: str, status: int, detail: str) -> None:
    account.started()
    answered, problem = post(path)
    assert (answered, problem["detail"]) == (status, detail)


@pytest.mark.parametrize("path", ["pause", "resume", "cancel", "waves/data/skip", "waves/data/approve"])
def test_nothing_can_be_done_about_an_execution_that_has_ended(account: Account, path: str) -> None:
    account.started(status="FAILED")
    status, problem = post(path)
    assert (status, problem["detail"]) == (409, "execution e-1 has ended as FAILED")


def test_a_decision_that_was_taken_cannot_be_turned(account: Account) -> None:
    account.started(plan={"waves": [PLAN["waves"][0] | APPROVAL]})
    post("waves/data/approve")
    assert post("waves/data/refuse")[0] == 409
    change_wave(status="RUNNING")
    assert post("waves/data/skip")[0] == 409


@pytest.mark.parametrize("body", [["x"], {"reason": 7}, {"terminate": True}, "{"])
def test_a_body_that_is_no_reason_is_refused(account: Account, body: object) -> None:
    account.started()
    assert post("pause", body)[0] == 400


def test_an_unknown_execution_is_not_found(account: Account) -> None:
    assert post("pause")[1]["detail"] == "there is no execution e-1"
    assert get("/executions/e-1/events")[0] == 404


def test_the_history_tells_everything_in_order_page_by_page(account: Account) -> None:
    account.started()
    post("pause", {"reason": "freeze"})
    change_wave(status="SKIPPED", skippedBecause="test")
    status, first = get("/executions/e-1/events", limit="2")
    assert (status, [event["type"] for event in first["events"]]) == (200, ["execution", "operation"])
    rest = get("/executions/e-1/events", next=first["next"])[1]["events"]
    assert [(event["wave"], event["status"], event["skippedBecause"]) for event in rest] == [("data", "SKIPPED", "test")]
    assert [event["at"] for event in rest] == ["2026-03-01T02:00:00.000Z"]


def created(number: int, plan_id: str, at: datetime) -> None:
    plan = {"planId": plan_id, "waves": [{"name": "x", "servers": [f"s-{number:017d}"]}]}
    store.create(new_record(f"e-{number}", read_plan(plan), is_drill=True, now=at))


def test_executions_are_listed_by_plan_and_status_the_latest_first(account: Account) -> None:
    account.started()
    created(2, "crm", NOW + timedelta(hours=1))
    listed = get("/executions")[1]["executions"]
    assert [row["executionId"] for row in listed] == ["e-2", "e-1"]
    assert listed[0] == {
        "executionId": "e-2",
        "planId": "crm",
        "planName": "crm",
        "isDrill": True,
        "status": "PENDING",
        "createdAt": "2026-03-01T03:00:00.000Z",
    }
    assert [row["executionId"] for row in get("/executions", planId="crm")[1]["executions"]] == ["e-2"]
    assert [row["executionId"] for row in get("/executions", status="RUNNING")[1]["executions"]] == ["e-1"]
    assert get("/executions", status="PENDING", planId="erp")[1]["executions"] == []
    assert get("/executions", limit="0")[0] == get("/executions", limit="x")[0] == 400


def test_a_status_that_there_is_not_is_refused(account: Account) -> None:
    status, problem = get("/executions", status="DONE")
    assert (status, problem["detail"]) == (
        400,
        "status must be one of PENDING, RUNNING, COMPLETED, PARTIAL, FAILED, CANCELLED, TIMED_OUT",
    )


def test_pages_of_one_plan_are_full_whatever_lies_between(account: Account) -> None:
    for number in range(9):
        created(number, "erp" if number % 3 == 0 else f"p-{number}", NOW + timedelta(hours=number))
        store.update(f"e-{number}", lambda record: record | {"status": "COMPLETED"})
    first = get("/executions", planId="erp", limit="2")[1]
    assert [row["executionId"] for row in first["executions"]] == ["e-6", "e-3"]
    rest = get("/executions", planId="erp", limit="2", next=first["next"])[1]
    assert [row["executionId"] for row in rest["executions"]] == ["e-0"]
    assert "next" not in rest


def follow(path: str, member: str, limit: int) -> tuple[list[Any], int]:
    """Everything on all pages of a list, and how many pages there were."""
    found: list[Any] = []
    pages, more = 0, dict[str, str]()
    while True:
        status, page = get(path, limit=str(limit), **more)
        assert status == 200
        assert len(page[member]) <= limit
        found, pages = found + page[member], pages + 1
        if "next" not in page:
            return found, pages
        more = {"next": page["next"]}


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 100])
def test_pages_come_to_an_end_and_have_everything_once(account: Account, limit: int) -> None:
    for number in range(6):  # all at the same instant
        created(number, f"p-{number}", NOW)
    listed, pages = follow("/executions", "executions", limit)
    assert sorted(one["executionId"] for one in listed) == [f"e-{number}" for number in range(6)]
    assert pages <= 6 // limit + 1
    for operation in ("pause", "resume", "pause", "resume", "cancel"):
        post(operation)
    events, pages = follow("/executions/e-1/events", "events", limit)
    told = [event.get("operation", event["type"]) for event in events]
    assert told == ["execution", "pause", "resume", "pause", "resume", "cancel"]
    assert pages <= 6 // limit + 1


@pytest.mark.parametrize("following", ["e-1", "/e-1", "2026-03-01T02:00:00.000Z/"])
def test_a_page_of_executions_after_none_that_there_was_is_refused(account: Account, following: str) -> None:
    assert get("/executions", next=following)[1]["detail"] == "next is what the page before told"


@pytest.mark.parametrize("path", ["/executions", "/executions/e-1/events"])
@pytest.mark.parametrize("query", [{"next": ""}, {"next": "x" * 3_000}, {"limit": "101"}, {"limit": "-1"}, {"limit": ""}])
def test_a_page_that_there_cannot_be_is_refused(account: Account, path: str, query: dict[str, str]) -> None:
    account.started()
    status, problem = get(path, **query)
    assert (status, problem["title"]) == (400, "Invalid request")


@pytest.mark.parametrize(
    ("plan", "detail"),
    [
        (PLAN, "execution e-1 of plan erp is under way and has plan erp"),
        ({"planId": "crm", "waves": [{"name": "x", "servers": [SERVERS[1]]}]},
         f"execution e-1 of plan erp is under way and has servers {SERVERS[1]}"),
    ],
)  # fmt: skip
def test_a_plan_or_server_that_another_execution_has_is_a_conflict(account: Account, plan: Any, detail: str) -> None:
    account.started()
    answer = api.handler(request("POST", "/executions", {"plan": plan}), CONTEXT)
    assert (answer["statusCode"], json.loads(answer["body"])["detail"]) == (409, detail)


def test_a_conflict_names_every_server_for_programs(account: Account) -> None:
    servers = [f"s-{number:017d}" for number in range(8)]
    account.started(plan={"waves": [{"name": "data", "servers": servers}]})
    plan = {"planId": "crm", "waves": [{"name": "x", "servers": [*servers[1:], "s-99999999999999999"]}]}
    answer = api.handler(request("POST", "/executions", {"plan": plan}), CONTEXT)
    problem = json.loads(answer["body"])
    assert (answer["statusCode"], problem["planId"], problem["executionId"], problem["servers"]) == (
        409,
        "erp",
        "e-1",
        servers[1:],
    )
    assert problem["detail"].endswith("and more")


def test_an_execution_that_has_ended_has_nothing_any_more(account: Account) -> None:
    account.started()
    store.update("e-1", lambda current: current | {"status": "FAILED"})
    account.states.add_response(
        "start_execution", {"executionArn": "arn:aws:states:us-east-1:1:execution:a:b", "startDate": NOW}
    )
    answer = api.handler(request("POST", "/executions", {"plan": PLAN}), CONTEXT)
    assert answer["statusCode"] == 202
