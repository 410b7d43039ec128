"""Executions under way when this release is deployed: what an earlier one recorded goes on."""

import json
from typing import Any

import pytest

from orchestration import api, items, record, store
from orchestration.clients import client
from orchestration.events import handler as events_handler
from orchestration.handler import handler
from orchestration.plan import read_plan
from orchestration.renewal import renewed
from tests.orchestration.conftest import CONTEXT, JOB_ID, NOW, PLAN, SERVERS, Account, request


def earlier(**wave: Any) -> None:
    """An execution e-1 of PLAN as the earlier release kept it: one version, tokens of polls in the waves."""
    fresh = record.new_record("e-1", read_plan(PLAN), is_drill=True, now=NOW)
    store.create(fresh)
    kept = {name: value for name, value in fresh.items() if name not in ("wakeTokens", "wholeVersion")}
    waves = [{name: value for name, value in one.items() if name != "version"} for one in fresh["waves"]]
    put(kept | {"status": "RUNNING", "version": 7, "waves": [waves[0] | wave, waves[1]]})


def put(kept: dict[str, Any]) -> None:
    client("dynamodb").put_item(TableName="executions", Item=items.encode(kept))


def act(action: str, **event: Any) -> Any:
    return handler({"action": action, "executionId": "e-1", "wave": "data", **event}, CONTEXT)


def test_it_is_shown_and_operated(account: Account) -> None:
    earlier()
    assert api.handler(request("GET", "/executions/e-1"), CONTEXT)["statusCode"] == 200
    answer = api.handler(request("POST", "/executions/e-1/pause"), CONTEXT)
    assert (answer["statusCode"], "paused" in json.loads(answer["body"])) == (200, True)
    assert (account.record()["version"], account.record()["wholeVersion"]) == (9, 9)


def test_its_waves_are_changed_one_by_one(account: Account) -> None:
    earlier()
    account.told("t", decision="START", reason="", approvalSeconds=0)
    act("await_turn", token="t")
    kept = account.record()
    assert [(wave.get("turnToken"), wave["version"]) for wave in kept["waves"]] == [("t", 9), (None, 8)]
    assert (kept["version"], kept["wholeVersion"]) == (9, 8)


def test_a_poll_that_goes_on_keeps_its_token(account: Account) -> None:
    earlier(status="RUNNING", jobId=JOB_ID, wakeToken="t-1")
    act("await_job", token="t-2")
    assert account.record()["wakeTokens"] == {"data": "t-2"}
    assert "wakeToken" not in account.record()["waves"][0]


def test_an_event_wakes_the_poll_that_the_earlier_release_began(account: Account) -> None:
    earlier(status="RUNNING", jobId=JOB_ID, wakeToken="t-1")
    account.job("LAUNCHED", "LAUNCHED")
    account.told("t-1")
    event = {
        "detail-type": "DRS Source Server Launch Result",
        "account": "111122223333",
        "region": "us-east-1",
        "resources": [f"arn:aws:drs:us-east-1:111122223333:source-server/{SERVERS[0]}"],
        "detail": {"job-id": JOB_ID, "state": "RECOVERY_LAUNCH_SUCCEEDED"},
    }
    assert events_handler(event, CONTEXT) == {"woken": "data"}


def test_what_the_earlier_release_writes_meanwhile_is_not_lost(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier()

    def overtaken(read: dict[str, Any]) -> dict[str, Any]:
        if "paused" not in read:
            put(read | {"version": read["version"] + 1, "paused": {"by": "ops"}})
        return renewed(read)

    monkeypatch.setattr("orchestration.store.renewed", overtaken)
    assert store.load("e-1")["paused"] == {"by": "ops"}
    assert account.record()["wholeVersion"] == 9
