"""The failback at the end of a recovery: when there is one, how it ends, and what operators may do meanwhile."""

from datetime import timedelta
from typing import Any

import pytest

from orchestration import failback_changes as changes
from orchestration.cleaning import clean_up
from orchestration.operators import NotPossible, cancelled, failback_stopped, note_of, paused
from orchestration.plan import InvalidPlan, read_plan
from orchestration.record import Record, new_record
from orchestration.telling import events_between
from tests.orchestration.conftest import NOW, SERVERS, Account

PLAN = {"planId": "erp", "failback": {"timeoutMinutes": 60}, "waves": [{"name": "web", "servers": list(SERVERS[:2])}]}


def recovered(*, is_drill: bool = False) -> Record:
    """An execution whose only wave has launched both servers."""
    record = new_record("e-1", read_plan(PLAN), is_drill=is_drill, now=NOW) | {"status": "RUNNING"}
    servers = [
        one | {"launchStatus": "LAUNCHED", "recoveryInstanceId": f"i-{at}"}
        for at, one in enumerate(record["waves"][0]["servers"])
    ]
    return record | {"waves": [record["waves"][0] | {"status": "LAUNCHED", "servers": servers}]}


def judged(states: dict[str, str], after: timedelta = timedelta(), refused: dict[str, str] | None = None) -> Record:
    seen = changes.failback_seen(
        changes.failback_begun(recovered(), NOW), {"i-0": states["a"], "i-1": states["b"]}, refused or {}
    )
    return changes.failback_judged(seen, NOW + after)


@pytest.mark.parametrize(
    ("record", "is_wanted"),
    [
        (recovered(), True),
        (recovered(is_drill=True), False),
        (recovered() | {"cancelled": {"by": "ops"}}, False),
        ({name: value for name, value in recovered().items() if name != "failback"}, False),
        (recovered() | {"failbackEndedAt": "2026-03-01T03:00:00.000Z"}, False),
    ],
)
def test_only_a_recovery_that_has_recovered_something_fails_back(record: Record, is_wanted: bool) -> None:
    assert changes.is_wanted(record) is is_wanted


def test_it_comes_where_nothing_is_cleaned_up(account: Account) -> None:
    account.started(plan={}, **{name: recovered()[name] for name in ("failback", "waves", "isDrill", "cleanUp")})
    assert clean_up({"executionId": "e-1"}) == {"status": "FAILBACK"}


@pytest.mark.parametrize(
    ("states", "minutes", "status"),
    [
        ({"a": "FAILBACK_READY_FOR_LAUNCH", "b": "FAILBACK_IN_PROGRESS"}, 59, "RUNNING"),
        ({"a": "FAILBACK_NOT_STARTED", "b": "FAILBACK_NOT_READY_FOR_LAUNCH"}, 1, "RUNNING"),
        ({"a": "FAILBACK_READY_FOR_LAUNCH", "b": "FAILBACK_COMPLETED"}, 1, "COMPLETED"),
        ({"a": "FAILBACK_READY_FOR_LAUNCH", "b": "FAILBACK_ERROR"}, 1, "FAILED"),
        ({"a": "FAILBACK_READY_FOR_LAUNCH", "b": "FAILBACK_IN_PROGRESS"}, 60, "FAILED"),
    ],
)
def test_it_ends_when_every_instance_is_ready_or_cannot_be(states: dict[str, str], minutes: int, status: str) -> None:
    assert judged(states, timedelta(minutes=minutes))["failbackStatus"] == status


def test_what_drs_refuses_has_its_reason() -> None:
    over = judged({"a": "FAILBACK_READY_FOR_LAUNCH", "b": changes.NOT_BEGUN}, refused={"i-1": "not from EC2"})
    assert over["failbackStatus"] == "FAILED"
    assert [(one["failback"], one.get("failbackReason")) for one in over["waves"][0]["servers"]] == [
        ("READY", None), ("FAILED", "not from EC2")
    ]  # fmt: skip


def test_its_beginning_and_end_are_in_the_history() -> None:
    begun = changes.failback_begun(recovered(), NOW)
    assert [*events_between(recovered(), begun)] == [{"type": "failback", "status": "RUNNING"}]
    ended = changes.failback_ended(begun, "COMPLETED", NOW)
    assert [*events_between(begun, ended)] == [{"type": "failback", "status": "COMPLETED"}]


def test_while_it_goes_on_it_can_be_stopped_and_nothing_else() -> None:
    note, begun = note_of("stop-failback", "ops", NOW), changes.failback_begun(recovered(), NOW)
    stopped = failback_stopped(begun, note)
    assert (stopped["failbackStatus"], stopped["operations"]) == ("STOPPED", [note])
    assert failback_stopped(stopped, note) == stopped
    assert changes.failback_judged(stopped, NOW) == stopped
    for operation in (paused, cancelled):
        with pytest.raises(NotPossible, match="execution e-1 has recovered; its failback is RUNNING"):
            operation(begun, note)
    with pytest.raises(NotPossible, match="execution e-1 has no failback under way"):
        failback_stopped(recovered(), note)


@pytest.mark.parametrize("failback", [{}, 3, {"timeoutMinutes": 0}, {"timeoutMinutes": 5, "x": 1}])
def test_a_plan_s_failback_has_a_time(failback: Any) -> None:
    with pytest.raises(InvalidPlan) as refused:
        read_plan(PLAN | {"failback": failback})
    assert [flaw.pointer.split("/")[1] for flaw in refused.value.flaws] == ["failback"]
