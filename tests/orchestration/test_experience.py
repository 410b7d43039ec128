"""What executions teach of their plan, and what becomes of polls with it."""

from typing import Any

import pytest

from orchestration import experience, record, store
from orchestration.clients import client
from orchestration.handler import handler
from orchestration.plan import read_plan
from tests.orchestration.conftest import CONTEXT, JOB_ID, NOW, PLAN, Account


def wave(minutes: int, servers: int = 2, **members: Any) -> dict[str, Any]:
    """A wave whose job took so long."""
    ended = {"status": "LAUNCHED", "attempt": 1, "jobStartedAt": "2026-03-01T02:00:00.000Z",
             "endedAt": f"2026-03-01T02:{minutes:02d}:00.000Z"}  # fmt: skip
    return {"name": "data", "servers": [{}] * servers, **ended, **members}


def run(number: int, *waves: dict[str, Any]) -> dict[str, Any]:
    return {"executionId": f"e-{number}", "planId": "erp", "waves": list(waves)}


def test_what_is_learned_is_the_share_of_what_such_a_job_takes_as_a_rule() -> None:
    known = experience.learned({}, run(1, wave(18)))
    assert known == {"planId": "erp", "lastExecutionId": "e-1", "waves": {"data": [2.0]}}
    with_more_servers = experience.learned(known, run(2, wave(18, servers=10)))
    assert with_more_servers["waves"]["data"] == [2.0, 1.22]


def test_an_execution_teaches_once_and_only_the_last_eight_count() -> None:
    known = experience.learned({}, run(1, wave(18)))
    assert experience.learned(known, run(1, wave(18))) == known
    for number in range(2, 12):
        known = experience.learned(known, run(number, wave(9)))
    assert known["waves"]["data"] == [1.0] * 8


@pytest.mark.parametrize("members", [{"status": "PARTIAL"}, {"attempt": 2}, {"status": "SKIPPED", "attempt": None}], ids=str)
def test_what_was_no_usual_recovery_teaches_nothing(members: dict[str, Any]) -> None:
    assert experience.learned({}, run(1, wave(18, **members))) == {}


def test_no_lesson_is_beyond_what_a_job_can_take() -> None:
    waves = experience.learned({}, run(1, wave(59), wave(1, name="app")))["waves"]
    assert waves == {"data": [5.0], "app": [0.2]}


def test_an_end_is_remembered_and_a_start_expects_the_median_of_all(account: Account) -> None:
    for share in (1.0, 3.0, 2.0):
        known = store.find_durations("erp") or {"planId": "erp", "waves": {"data": []}}
        store.keep_durations(known | {"waves": {"data": [*known["waves"]["data"], share]}})
    assert experience.recall("erp") == {"data": 2.0}
    assert experience.recall("other") == {}
    account.started()
    launched = {"status": "LAUNCHED", "attempt": 1, "jobStartedAt": "2026-03-01T02:00:00.000Z",
                "endedAt": "2026-03-01T02:09:00.000Z"}  # fmt: skip
    store.update("e-1", lambda now: now | {"waves": [now["waves"][0] | launched, now["waves"][1]]})
    handler({"action": "finalize", "executionId": "e-1"}, CONTEXT)
    assert (store.find_durations("erp") or {})["waves"] == {"data": [1.0, 3.0, 2.0, 1.0]}


def test_a_wave_is_looked_at_when_its_history_expects_its_end(account: Account) -> None:
    plan = read_plan(PLAN, shares={"data": 2.0})
    store.create(record.new_record("e-1", plan, is_drill=True, now=NOW) | {"status": "RUNNING"})
    account.drs.add_response("start_recovery", {"job": {"jobID": JOB_ID}})
    told = handler({"action": "start_wave", "executionId": "e-1", "wave": "data"}, CONTEXT)
    assert (told["job"]["expectedSeconds"], told["waitSeconds"]) == (1080, 300)  # half of it, but for the ceiling
    assert "expectedShare" not in record.wave_of(account.record(), "app")


def test_nothing_depends_on_it(account: Account) -> None:
    client("dynamodb").delete_table(TableName="durations")
    assert experience.recall("erp") == {}
    account.started()
    assert handler({"action": "finalize", "executionId": "e-1"}, CONTEXT)["status"] == "FAILED"
