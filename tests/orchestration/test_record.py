"""The record: what it says at each step, what it never does, and how large it may grow."""

import json
from datetime import timedelta
from functools import reduce
from typing import Any

import pytest

from orchestration import record, telling
from orchestration.plan import read_plan
from orchestration.record import ExecutionEnded, Record
from tests.orchestration.conftest import JOB_ID, NOW, PLAN, SERVERS

LATER = NOW + timedelta(minutes=9)


def new(plan: Any = PLAN) -> Record:
    return record.new_record("e-1", read_plan(plan), is_drill=True, now=NOW)


def launched(name: str, running: Record) -> Record:
    servers = [server["sourceServerId"] for server in record.wave_of(running, name)["servers"]]
    details = {server: {"launchStatus": "LAUNCHED", "recoveryInstanceId": "i-0a000000000000001"} for server in servers}
    return record.wave_ended(running, name, details, LATER, is_timed_out=False)


def test_a_new_record_says_all_that_is_to_come() -> None:
    assert new() == {
        "executionId": "e-1",
        "listed": "executions",
        "planId": "erp",
        "planName": "erp",
        "isDrill": True,
        "status": "PENDING",
        "createdAt": "2026-03-01T02:00:00.000Z",
        "waves": [
            {
                "name": "data",
                "version": 1,
                "status": "NOT_STARTED",
                "dependsOn": [],
                "timeoutMinutes": 40,
                "pollSeconds": 15,
                "pollCeilingSeconds": 300,
                "onFailure": "stop",
                "retries": 0,
                "minimumHealthyShare": 1,
                "servers": [
                    {"sourceServerId": "s-3a000000000000001", "launchStatus": "NOT_STARTED"},
                    {"sourceServerId": "s-3a000000000000002", "launchStatus": "NOT_STARTED"},
                ],
            },
            {
                "name": "app",
                "version": 1,
                "status": "NOT_STARTED",
                "dependsOn": ["data"],
                "timeoutMinutes": 60,
                "pollSeconds": 15,
                "pollCeilingSeconds": 300,
                "onFailure": "stop",
                "retries": 0,
                "minimumHealthyShare": 1,
                "servers": [{"sourceServerId": "s-3a000000000000003", "launchStatus": "NOT_STARTED"}],
            },
        ],
        "cleanUp": False,
        "wakeTokens": {},
        "version": 1,
        "wholeVersion": 1,
    }


def test_beginning_twice_keeps_the_first_start() -> None:
    assert record.begun(record.begun(new(), NOW), LATER)["startedAt"] == "2026-03-01T02:00:00.000Z"


def test_nothing_starts_once_the_execution_is_over() -> None:
    over = record.closed(new(), {"Error": "NotStarted"}, NOW)
    with pytest.raises(ExecutionEnded, match="execution e-1 is recorded as FAILED already"):
        record.begun(over, LATER)
    with pytest.raises(ExecutionEnded, match="execution e-1 is recorded as FAILED already"):
        record.wave_requested(over, "data", LATER)


def test_a_recovery_is_completed_when_every_wave_has_launched() -> None:
    done = record.closed(launched("app", launched("data", new())), None, LATER)
    assert (done["status"], done["endedAt"], "error" in done) == ("COMPLETED", "2026-03-01T02:09:00.000Z", False)


def test_one_wave_short_is_failed_and_what_did_not_start_says_so() -> None:
    over = record.closed(launched("data", new()), None, LATER)
    assert over["status"] == "FAILED"
    assert [wave["status"] for wave in over["waves"]] == ["LAUNCHED", "NOT_STARTED"]


def test_a_wave_that_still_ran_fails_with_its_execution() -> None:
    running = record.wave_started(record.begun(new(), NOW), "data", JOB_ID, NOW)
    over = record.closed(running, {"Error": "States.Timeout", "Cause": "the state machine was aborted"}, LATER)
    assert over["error"] == {"code": "States.Timeout", "message": "the state machine was aborted"}
    assert [(wave["status"], wave.get("endedAt")) for wave in over["waves"]] == [
        ("FAILED", "2026-03-01T02:09:00.000Z"),
        ("NOT_STARTED", None),
    ]


def test_a_closed_record_stays_as_it_was_closed() -> None:
    over = record.closed(new(), {"Error": "NotStarted", "Cause": "throttled"}, NOW)
    assert record.closed(over, None, LATER) == over


def test_a_wave_that_timed_out_is_the_reason() -> None:
    timed_out = record.wave_ended(new(), "data", {SERVERS[0]: {"launchStatus": "LAUNCHED"}}, LATER, is_timed_out=True)
    assert record.closed(timed_out, {"Error": "WaveNotLaunched"}, LATER)["error"] == {
        "code": "WaveTimedOut",
        "message": "wave data timed out after 40 minutes",
    }


def test_servers_that_failed_are_named_with_their_reasons() -> None:
    details = {
        SERVERS[0]: {"launchStatus": "FAILED", "reason": "VcpuLimitExceeded"},
        SERVERS[1]: {"launchStatus": "FAILED"},
    }
    failed = record.wave_ended(new(), "data", details, LATER, is_timed_out=False)
    assert record.closed(failed, {"Error": "WaveNotLaunched"}, LATER)["error"]["message"] == (
        "wave data: 2 of 2 servers did not launch: s-3a000000000000001 FAILED: VcpuLimitExceeded; "
        "s-3a000000000000002 FAILED: no reason in the job's log"
    )


def test_more_than_five_failed_servers_are_counted() -> None:
    plan = {"planId": "erp", "waves": [{"name": "data", "servers": [f"s-{n:017d}" for n in range(7)]}]}
    details: dict[str, Record] = {f"s-{n:017d}": {"launchStatus": "FAILED", "reason": "full"} for n in range(7)}
    failed = record.wave_ended(new(plan), "data", details, LATER, is_timed_out=False)
    message = record.closed(failed, None, LATER)["error"]["message"]
    assert message.startswith("wave data: 7 of 7 servers did not launch: s-00000000000000000 FAILED: full; ")
    assert message.endswith("s-00000000000000004 FAILED: full and 2 more")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"Error": "AccessDeniedException", "Cause": '{"errorMessage": "no rights", "stackTrace": ["x"]}'},
         {"code": "AccessDeniedException", "message": "no rights"}),
        ({"Error": "States.Timeout"}, {"code": "States.Timeout", "message": ""}),
        ({"Error": "WaveNotLaunched", "Cause": "see the record"}, {"code": "WaveNotLaunched", "message": "see the record"}),
        ({"Error": "X", "Cause": "[1]"}, {"code": "X", "message": "[1]"}),
        ({"Error": "X", "Cause": "y" * 9_000}, {"code": "X", "message": "y" * 2_000}),
        ({}, {"code": "Unknown", "message": ""}),
    ],
)  # fmt: skip
def test_what_was_caught_is_kept_as_people_read_it(error: dict[str, str], expected: dict[str, str]) -> None:
    assert telling.caught(error) == expected


def test_a_wave_that_broke_off_keeps_the_error() -> None:
    error = {"Error": "ConflictException", "Cause": "busy"}
    broken = record.wave_broken_off(record.wave_requested(new(), "data", NOW), "data", error, LATER)
    assert broken["waves"][0]["error"] == {"code": "ConflictException", "message": "busy"}
    message = record.closed(broken, error, LATER)["error"]["message"]
    assert message == "wave data: ConflictException: busy"


def test_a_wave_that_has_ended_does_not_break_off() -> None:
    done = launched("data", new())
    assert record.wave_broken_off(done, "data", {"Error": "ReadTimeoutError"}, LATER) == done


def test_a_record_never_outgrows_what_was_reckoned_for_it() -> None:
    names = [f"{n:0>128}" for n in range(20)]
    waves = [
        {"name": name, "servers": [f"s-{wave:02d}{n:015d}" for n in range(100)], "dependsOn": names[:wave]}
        for wave, name in enumerate(names)
    ]
    fresh = record.new_record("e" * 36, read_plan({"planId": "p" * 128, "waves": waves}), is_drill=False, now=NOW)
    reckoned = record.full_bytes(fresh)

    def run(state: Record, name: str) -> Record:
        return launched(name, record.wave_started(record.wave_requested(state, name, NOW), name, JOB_ID, NOW))

    last = names[-1]
    grown = reduce(run, names[:-1], record.begun(fresh, NOW))
    grown = record.wave_started(record.wave_requested(grown, last, NOW), last, JOB_ID, NOW)
    failed: dict[str, Record] = {
        server["sourceServerId"]: {"launchStatus": "FAILED", "reason": "r" * 500}
        for server in record.wave_of(grown, last)["servers"]
    }
    grown = record.closed(record.wave_ended(grown, last, failed, LATER, is_timed_out=True), {"Cause": "c" * 9_000}, LATER)
    assert stored_bytes(grown) <= reckoned < 400_000
    assert len(json.dumps(grown)) <= reckoned


def test_waves_that_all_wait_for_operators_do_not_outgrow_it_either() -> None:
    token, names = "t" * 1_000, [f"w{n}" for n in range(100)]
    plan = {"planId": "p", "waves": [{"name": name, "servers": [f"s-{n:017d}"]} for n, name in enumerate(names)]}
    fresh = record.new_record("e", read_plan(plan), is_drill=True, now=NOW)
    waiting = reduce(lambda state, name: record.operator_asked(state, name, token), names, fresh)
    waiting = waiting | {"wakeTokens": dict.fromkeys(names, token)}
    assert stored_bytes(waiting) <= record.full_bytes(fresh) < 400_000


def stored_bytes(value: Any) -> int:
    """What DynamoDB counts for a value."""
    match value:
        case str():
            return len(value.encode())
        case bool() | None:
            return 1
        case dict():
            return 3 + sum(len(name.encode()) + stored_bytes(item) + 1 for name, item in value.items())
        case list():
            return 3 + sum(stored_bytes(item) + 1 for item in value)
        case _:
            return 21


@pytest.mark.parametrize("phase", ["cleanUp", "failback"])
def test_what_goes_on_when_a_record_is_closed_has_failed_as_nobody_follows_it_any_more(phase: str) -> None:
    going_on = launched("data", record.begun(new(), NOW)) | {f"{phase}Status": "RUNNING"}
    over = record.closed(going_on, None, LATER)
    assert (over[f"{phase}Status"], over[f"{phase}EndedAt"]) == ("FAILED", "2026-03-01T02:09:00.000Z")
    done = going_on | {f"{phase}Status": "COMPLETED"}
    assert record.closed(done, None, LATER)[f"{phase}Status"] == "COMPLETED"
