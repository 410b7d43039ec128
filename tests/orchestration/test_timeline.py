"""An execution as a timeline, and what becomes of it when it has been kept for long enough."""

import json
from typing import Any

import pytest

from orchestration import api, store
from orchestration.clients import client
from orchestration.record import closed
from orchestration.timeline import timeline
from tests.orchestration.conftest import CONTEXT, NOW, Account, request

DAY = 86_400


def at(minute: int) -> str:
    return f"2026-03-01T02:{minute:02d}:00.000Z"


def wave(name: str, *depends_on: str, **members: Any) -> dict[str, Any]:
    return {"name": name, "status": "LAUNCHED", "dependsOn": list(depends_on), "servers": [], **members}


def test_a_timeline_has_each_wave_s_instants_in_their_order_and_the_critical_path() -> None:
    record = {
        "executionId": "e-1",
        "status": "RUNNING",
        "createdAt": at(0),
        "rtoMinutes": 60,
        "waves": [
            wave("data", requestedAt=at(1), startedAt=at(2), endedAt=at(12)),
            wave("app", "data", approvalAskedAt=at(12), startedAt=at(20), endedAt=at(31)),
            wave("reports", "data", startedAt=at(13), endedAt=at(18)),
            wave("web", "app", status="NOT_STARTED"),
        ],
    }
    told = timeline(record)
    assert {name: told[name] for name in told if name != "waves"} == {
        "executionId": "e-1", "status": "RUNNING", "createdAt": at(0), "rtoMinutes": 60, "criticalPath": ["data", "app"],
    }  # fmt: skip
    assert told["waves"][0] == {
        "name": "data", "status": "LAUNCHED", "dependsOn": [], "isCritical": True, "seconds": 600.0,
        "orchestrationSeconds": 720.0, "recoverySeconds": 720.0,
        "instants": {"requested": at(1), "started": at(2), "ended": at(12)},
    }  # fmt: skip
    assert list(told["waves"][1]["instants"]) == ["approvalAsked", "started", "ended"]
    assert [(one["isCritical"], "seconds" in one) for one in told["waves"][2:]] == [(False, True), (False, False)]


def get(path: str) -> tuple[int, Any]:
    answer = api.handler(request("GET", path), CONTEXT)
    return answer["statusCode"], json.loads(answer["body"])


def test_the_api_tells_it(account: Account) -> None:
    account.started()
    status, told = get("/executions/e-1/timeline")
    assert (status, [one["name"] for one in told["waves"]]) == (200, ["data", "app"])
    assert get("/executions/e-2/timeline")[0] == 404


def expiry(table: str, **key: str) -> int | None:
    item = client("dynamodb").get_item(TableName=table, Key={name: {"S": value} for name, value in key.items()})["Item"]
    return int(item["expiresAt"]["N"]) if "expiresAt" in item else None


def test_an_execution_expires_some_days_after_its_end_and_its_events_not_before(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETENTION_DAYS", "90")
    account.started()
    assert expiry("executions", executionId="e-1") is None
    store.update("e-1", lambda now: closed(now, {"Error": "ExecutionFailed"}, NOW))
    end = int(NOW.timestamp())
    assert expiry("executions", executionId="e-1") == end + 90 * DAY
    assert expiry("events", executionId="e-1", sequence="000001.000.000") == end + (90 + 50) * DAY


def test_without_an_option_nothing_ever_expires(account: Account) -> None:
    account.started()
    store.update("e-1", lambda now: closed(now, {"Error": "ExecutionFailed"}, NOW))
    assert expiry("executions", executionId="e-1") is None
    assert expiry("events", executionId="e-1", sequence="000001.000.000") is None
