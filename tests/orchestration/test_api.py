"""The API: what it accepts, what it refuses and with which words, and that nothing is left behind then."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration import record, store
from orchestration.api import handler
from orchestration.clients import client
from orchestration.plan import read_plan
from tests.orchestration.conftest import CONTEXT, MACHINE_ARN, NOW, PLAN, Account, request

STARTED = {"executionArn": MACHINE_ARN + ":e", "startDate": NOW}


def call(event: dict[str, Any]) -> tuple[int, dict[str, Any], str]:
    answer = handler(event, CONTEXT)
    return answer["statusCode"], json.loads(answer["body"]), answer["multiValueHeaders"]["Content-Type"][0]


def post(body: object, **headers: str) -> tuple[int, dict[str, Any]]:
    status, answer, _ = call(request("POST", "/executions", body, {k.replace("_", "-"): v for k, v in headers.items()}))
    return status, answer


def stored_plan() -> None:
    item = {
        "planId": {"S": "erp"},
        "waves": {"L": [{"M": {"name": {"S": "data"}, "servers": {"L": [{"S": "s-3a000000000000001"}]}}}]},
    }
    client("dynamodb").put_item(TableName="plans", Item=item)


def records() -> list[dict[str, Any]]:
    items = client("dynamodb").scan(TableName="executions")["Items"]
    return [store.load(item["executionId"]["S"]) for item in items]


def test_a_plan_is_recorded_and_started_and_answered_at_once(account: Account) -> None:
    account.states.add_response("start_execution", STARTED)
    status, answer = post({"plan": PLAN})
    assert (status, answer["status"]) == (202, "PENDING")
    (written,) = records()
    assert (written["executionId"], written["status"], written["isDrill"]) == (answer["executionId"], "PENDING", True)


def test_the_state_machine_is_started_under_the_execution_s_own_id(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.starting.uuid4", lambda: "e-1")
    expected = {"stateMachineArn": MACHINE_ARN, "name": "e-1", "input": '{"executionId": "e-1"}'}
    account.states.add_response("start_execution", STARTED, expected)
    assert post({"plan": PLAN}) == (202, {"executionId": "e-1", "status": "PENDING"})


def test_a_stored_plan_is_started_by_its_id(account: Account) -> None:
    stored_plan()
    account.states.add_response("start_execution", STARTED)
    status, _ = post({"planId": "erp", "isDrill": False})
    (written,) = records()
    assert (status, written["planId"], written["isDrill"]) == (202, "erp", False)


def test_a_base64_body_is_read(account: Account) -> None:
    account.states.add_response("start_execution", STARTED)
    event = request("POST", "/executions", base64.b64encode(json.dumps({"plan": PLAN}).encode()).decode())
    assert call(event | {"isBase64Encoded": True})[0] == 202


def test_where_the_execution_can_be_looked_up_is_told(account: Account) -> None:
    account.states.add_response("start_execution", STARTED)
    answer = handler(request("POST", "/executions", {"plan": PLAN}), CONTEXT)
    execution_id = json.loads(answer["body"])["executionId"]
    assert answer["multiValueHeaders"]["Location"] == [f"executions/{execution_id}"]
    status, found, _ = call(request("GET", f"/executions/{execution_id}"))
    assert (status, found["executionId"], found["waves"][0]["name"]) == (200, execution_id, "data")


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (None, None),
        ("", None),
        ("{", None),
        ("[" * 100_000, None),
        ([], [("", "the body must be a JSON object")]),
        ({}, [("", "the body needs either planId or plan")]),
        ({"planId": "erp", "plan": PLAN}, [("", "the body needs either planId or plan")]),
        ({"planId": 7}, [("/planId", "planId must be a text")]),
        ({"planId": "erp", "isDrill": "no", "drill": True}, [
            ("/drill", "a request has no field 'drill'; it has isDrill, plan, planId"),
            ("/isDrill", "isDrill must be true or false"),
        ]),
        ({"plan": None}, [("", "a plan is a JSON object")]),
        ({"plan": {"planId": "erp", "waves": []}}, [("/waves", "a plan needs at least one wave")]),
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_granted_leaves_nothing_behind(
    account: Account, body: object, errors: list[tuple[str, str]] | None
) -> None:
    status, problem, content_type = call(request("POST", "/executions", body))
    assert (status, problem["status"], content_type) == (400, 400, "application/problem+json")
    assert problem["title"] in ("Invalid request", "Invalid plan")
    assert problem["detail"]
    told = [(error["pointer"], error["message"]) for error in problem["errors"]] if "errors" in problem else None
    assert told == errors
    assert records() == []


def test_a_problem_document_says_what_kind_it_is(account: Account) -> None:
    waves = [
        {"name": "a", "servers": ["s-3a000000000000001"], "dependsOn": ["b"]},
        {"name": "b", "servers": ["s-3a000000000000002"], "dependsOn": ["a"]},
    ]
    assert post({"plan": {"planId": "erp", "waves": waves}}) == (400, {
        "type": "/problems/invalid-plan",
        "title": "Invalid plan",
        "status": 400,
        "detail": "the waves depend on each other in a cycle: a -> b -> a",
        "errors": [{"pointer": "/waves", "message": "the waves depend on each other in a cycle: a -> b -> a"}],
    })  # fmt: skip


@pytest.mark.parametrize(
    ("waves", "detail"),
    [
        ([{"name": "a", "servers": ["x" * 270_000]}], "a plan may have at most 262144 bytes"),
        (
            [{"name": f"w{w}", "servers": [f"s-{w:02d}{n:015d}" for n in range(100)]} for w in range(40)],
            "the record of an execution may grow to at most 400000 bytes",
        ),
    ],
)
def test_a_plan_that_outgrows_what_keeps_it_is_refused(account: Account, waves: list[Any], detail: str) -> None:
    status, problem = post({"plan": {"planId": "erp", "waves": waves}})
    assert (status, problem["title"], problem["detail"]) == (400, "Plan too large", detail)


def test_two_thousand_servers_fit_an_execution(account: Account) -> None:
    account.states.add_response("start_execution", STARTED)
    waves = [{"name": f"w{w}", "servers": [f"s-{w:02d}{n:015d}" for n in range(100)]} for w in range(20)]
    assert post({"plan": {"planId": "erp", "waves": waves}})[0] == 202


def test_an_unknown_plan_is_not_found(account: Account) -> None:
    assert post({"planId": "hr"}) == (404, {
        "type": "/problems/not-found", "title": "Not found", "status": 404, "detail": "there is no plan 'hr'",
    })  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "detail"),
    [
        ("GET", "/executions/none", "there is no execution none"),
        ("DELETE", "/executions", "this API has /executions, and what docs/orchestrator.md lists below it"),
        ("POST", "/nowhere", "this API has /executions, and what docs/orchestrator.md lists below it"),
        ("GET", "/", "this API has /executions, and what docs/orchestrator.md lists below it"),
    ],
)
def test_what_is_not_there_is_not_found(account: Account, method: str, path: str, detail: str) -> None:
    status, problem, content_type = call(request(method, path))
    assert (status, problem["detail"], content_type) == (404, detail, "application/problem+json")


def test_an_execution_that_cannot_be_started_is_recorded_as_failed(account: Account) -> None:
    account.states.add_client_error("start_execution", "StateMachineDoesNotExist", "no such machine", 400)
    status, problem = post({"plan": PLAN})
    assert (status, problem["title"]) == (503, "Service unavailable")
    (written,) = records()
    assert written["status"] == "FAILED"
    assert written["error"]["code"] == "NotStarted"
    assert "StateMachineDoesNotExist" in written["error"]["message"]
    assert [wave["status"] for wave in written["waves"]] == ["NOT_STARTED", "NOT_STARTED"]


def test_without_its_tables_nothing_is_started(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXECUTIONS_TABLE", "gone")
    assert post({"plan": PLAN})[0] == 503


def test_a_defect_is_an_internal_error_without_details(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXECUTIONS_TABLE")
    status, problem = post({"plan": PLAN})
    assert (status, problem["title"]) == (500, "Internal error")
    assert "EXECUTIONS_TABLE" not in problem["detail"]


def test_the_same_request_with_the_same_key_starts_one_execution(account: Account) -> None:
    account.states.add_response("start_execution", STARTED)
    first = post({"plan": PLAN}, Idempotency_Key="k-1")
    store.update(first[1]["executionId"], lambda current: current | {"status": "RUNNING"})
    again = post({"plan": PLAN}, idempotency_key="k-1")
    assert (first[0], again) == (202, (202, first[1] | {"status": "RUNNING"}))
    assert len(records()) == 1


def test_a_request_that_broke_off_before_its_start_is_started_by_its_repetition(account: Account) -> None:
    account.states.add_response("start_execution", STARTED)
    account.states.add_client_error("start_execution", "ExecutionAlreadyExists", "it has ended", 400)
    assert post({"plan": PLAN}, Idempotency_Key="k-1") == post({"plan": PLAN}, Idempotency_Key="k-1")


def test_of_two_requests_with_the_same_key_at_once_one_starts_and_both_get_it(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second has looked for an earlier one before the first wrote its record."""
    account.states.add_response("start_execution", STARTED)
    first = post({"plan": PLAN}, Idempotency_Key="k-1")
    look, looks = store.find, []

    def too_early(execution_id: str) -> Any:
        looks.append(execution_id)
        return None if len(looks) == 1 else look(execution_id)

    monkeypatch.setattr(store, "find", too_early)
    account.states.add_response("start_execution", STARTED)  # which starts nothing again: the name is the same
    assert post({"plan": PLAN}, Idempotency_Key="k-1") == first
    looks.clear()
    other = {"planId": "crm", "waves": [{"name": "x", "servers": ["s-3a000000000000009"]}]}
    status, problem = post({"plan": other}, Idempotency_Key="k-1")
    assert (status, problem["title"]) == (422, "Idempotency key reused")
    assert len(records()) == 1


@pytest.mark.parametrize(("minutes", "status"), [(14, 409), (15, 202)])
def test_a_start_that_broke_off_holds_nobody_up_for_good(account: Account, minutes: int, status: int) -> None:
    """A function that ends between the record and the start leaves claims of an execution that never begins."""
    store.create(record.new_record("e-1", read_plan(PLAN), is_drill=False, now=NOW - timedelta(minutes=minutes)))
    if status == 202:
        account.states.add_response("start_execution", STARTED)
    assert post({"plan": PLAN})[0] == status
    left = account.record()
    assert (left["status"], "error" in left) == (("FAILED", True) if status == 202 else ("PENDING", False))
    if status == 202:
        assert left["error"] == {"code": "NotStarted", "message": "it had not begun 900 seconds after its request"}


def test_an_execution_that_has_begun_is_in_the_way_however_old(account: Account) -> None:
    old = record.new_record("e-1", read_plan(PLAN), is_drill=True, now=NOW - timedelta(days=40))
    store.create(old | {"status": "RUNNING"})
    assert post({"plan": PLAN})[0] == 409


def test_another_request_with_the_same_key_is_refused(account: Account) -> None:
    account.states.add_response("start_execution", STARTED)
    post({"plan": PLAN}, Idempotency_Key="k-1")
    status, problem = post({"plan": PLAN, "isDrill": False}, Idempotency_Key="k-1")
    assert (status, problem["title"]) == (422, "Idempotency key reused")


def test_a_key_whose_execution_could_not_be_started_does_not_pretend_that_it_was(account: Account) -> None:
    account.states.add_client_error("start_execution", "StateMachineDoesNotExist", "no such machine", 400)
    assert post({"plan": PLAN}, Idempotency_Key="k-1")[0] == 503
    status, problem = post({"plan": PLAN}, Idempotency_Key="k-1")
    assert (status, problem["title"]) == (409, "Not started")


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_has_a_length(account: Account, key: str) -> None:
    assert post({"plan": PLAN}, Idempotency_Key=key)[0] == 400


def test_a_record_that_was_written_though_the_answer_got_lost_is_started(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore sends the PutItem again, and its condition fails against what the first one wrote."""
    monkeypatch.setattr("orchestration.starting.uuid4", lambda: "e-1")
    store.create(record.new_record("e-1", read_plan(PLAN), is_drill=True, now=NOW))
    account.states.add_response("start_execution", STARTED)
    assert post({"plan": PLAN}) == (202, {"executionId": "e-1", "status": "PENDING"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.text() | st.recursive(st.none() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(
    st.sampled_from(["planId", "plan", "isDrill", "waves", "name"]), inner)).map(json.dumps))  # fmt: skip
def test_no_body_is_more_than_refused(account: Account, body: str) -> None:
    assert post(body)[0] in (400, 404)
