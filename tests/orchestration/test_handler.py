"""The orchestration function's actions, with DRS's answers as they come, and repeated as Step Functions repeats them."""

from functools import partial
from typing import Any

import pytest
import time_machine

from orchestration import record, store
from orchestration.handler import handler
from tests.orchestration.conftest import CONTEXT, JOB_ID, NOW, PLAN, SERVERS, Account

OTHER_JOB = "drsjob-3b000000000000002"

REQUEST: dict[str, Any] = {
    "sourceServers": [{"sourceServerID": SERVERS[0]}, {"sourceServerID": SERVERS[1]}],
    "isDrill": True,
    "tags": {"recovery:execution": "e-1", "recovery:wave": "data", "recovery:attempt": "1"},
}
SEARCH = {"filters": {"fromDate": "2026-03-01T01:55:00.000Z"}}
OURS = {
    "jobID": JOB_ID,
    "tags": {"recovery:execution": "e-1", "recovery:wave": "data", "recovery:attempt": "1", "cost": "7"},
}
FOREIGN = {"jobID": OTHER_JOB, "tags": {"recovery:execution": "e-0", "recovery:wave": "data"}}
POLL = {
    "jobId": JOB_ID,
    "startedAt": "2026-03-01T02:00:00.000Z",
    "timeoutMinutes": 40,
    "serverCount": 2,
    "pollSeconds": 15,
    "pollCeilingSeconds": 300,
    "expectedSeconds": 540,
    "isElsewhere": False,
}


def act(action: str, **event: Any) -> Any:
    return handler({"action": action, "executionId": "e-1", **event}, CONTEXT)


def fails(action: str, **event: Any) -> str:
    """The name under which Step Functions would see the error, and its message."""
    try:
        told = act(action, **event)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError(f"it answered {told}")


def wave(account: Account, name: str = "data") -> dict[str, Any]:
    return record.wave_of(account.record(), name)


def test_begin_marks_the_execution_running_and_hands_out_its_waves(account: Account) -> None:
    account.started(status="PENDING")
    assert act("begin") == {
        "executionId": "e-1",
        "kind": "Drill",
        "planName": "erp",
        "waves": [{"name": "data"}, {"name": "app"}],
    }
    assert (account.record()["status"], account.record()["startedAt"]) == ("RUNNING", "2026-03-01T02:00:00.000Z")


def test_an_execution_whose_record_is_closed_does_not_begin(account: Account) -> None:
    account.started(status="FAILED")
    assert fails("begin") == "ExecutionEnded: execution e-1 is recorded as FAILED already"


def test_an_execution_without_a_record_does_not_begin(account: Account) -> None:
    assert fails("begin") == "RecordMissing: there is no execution e-1"


def test_a_wave_whose_turn_it_is_is_told_at_once_and_another_when_the_first_has_launched(account: Account) -> None:
    account.started()
    act("await_turn", wave="app", token="app-token")
    account.told("data-token", decision="START", reason="", approvalSeconds=0)
    act("await_turn", wave="data", token="data-token")
    account.drs.add_response("start_recovery", {"job": {"jobID": JOB_ID}}, REQUEST)
    act("start_wave", wave="data")
    account.drs.add_response("describe_recovery_instances", {"items": []})
    account.told("app-token", decision="START", reason="", approvalSeconds=0)
    assert act("update_wave_status", wave="data", status="LAUNCHED", attempt=3) == {"status": "LAUNCHED"}


def test_a_wave_after_one_that_failed_is_told_to_skip(account: Account) -> None:
    account.started()
    act("await_turn", wave="app", token="app-token")
    account.told("app-token", decision="SKIP", reason="wave data failed, which stops the plan", approvalSeconds=0)
    act("fail_wave", wave="data", state={"error": {"Error": "AccessDeniedException"}})
    act("skip_wave", wave="app", reason="wave data failed, which stops the plan")
    assert (wave(account, "app")["status"], "turnToken" in wave(account, "app")) == ("SKIPPED", False)


def test_a_token_that_nobody_waits_for_any_more_is_no_failure(account: Account) -> None:
    account.started()
    for code in ("TaskTimedOut", "InvalidToken"):
        account.states.add_client_error("send_task_success", code, "gone", 400)
        act("await_turn", wave="data", token="data-token")


def test_an_approval_is_asked_for_and_without_a_decision_the_plan_decides(account: Account) -> None:
    approval = {"timeoutMinutes": 30, "default": "refuse"}
    account.started(plan={"waves": [PLAN["waves"][0] | {"approval": approval}]})
    account.told("t1", decision="APPROVE", reason="wave data needs approval", approvalSeconds=1800)
    act("await_turn", wave="data", token="t1")
    act("await_approval", wave="data", token="t2")
    assert wave(account)["status"] == "AWAITING_APPROVAL"
    assert act("default_approval", wave="data") == {"approved": False}
    account.told("t3", decision="SKIP", reason="its approval was refused", approvalSeconds=1800)
    act("await_turn", wave="data", token="t3")


def test_only_what_has_not_launched_is_tried_again_in_a_job_of_its_own(account: Account) -> None:
    account.started(plan={"waves": [PLAN["waves"][0] | {"retries": 1}]})
    account.drs.add_response("start_recovery", {"job": {"jobID": JOB_ID}}, REQUEST)
    act("start_wave", wave="data")
    account.job("LAUNCHED", "FAILED")
    account.drs.add_response("describe_recovery_instances", {"items": []})
    account.drs.add_response("describe_job_log_items", {"items": []})
    assert act("update_wave_status", wave="data", status="FAILED", attempt=3) == {"status": "RETRYING"}
    again = REQUEST | {
        "sourceServers": [{"sourceServerID": SERVERS[1]}],
        "tags": REQUEST["tags"] | {"recovery:attempt": "2"},
    }
    account.drs.add_response("start_recovery", {"job": {"jobID": OTHER_JOB}}, again)
    assert act("start_wave", wave="data")["job"]["serverCount"] == 1
    account.drs.add_response("describe_recovery_instances", {"items": []})
    assert act("update_wave_status", wave="data", status="LAUNCHED", attempt=3) == {"status": "LAUNCHED"}
    assert [server["launchStatus"] for server in wave(account)["servers"]] == ["LAUNCHED", "LAUNCHED"]


def test_a_failed_wave_waits_for_an_operator_where_the_plan_says_so(account: Account) -> None:
    account.started(plan={"waves": [PLAN["waves"][0] | {"onFailure": "pause"}]})
    account.drs.add_response("start_recovery", {"job": {"jobID": JOB_ID}}, REQUEST)
    act("start_wave", wave="data")
    account.job("FAILED", "FAILED")
    account.drs.add_response("describe_job_log_items", {"items": []})
    assert act("update_wave_status", wave="data", status="FAILED", attempt=0) == {"status": "AWAITING_OPERATOR"}
    act("await_operator", wave="data", token="t")
    account.told("t", decision="GIVE_UP")
    store.update("e-1", lambda current: current | {"cancelled": {"by": "ops"}})
    act("await_operator", wave="data", token="t")
    act("give_up_wave", wave="data")
    assert act("finalize")["status"] == "CANCELLED"


def test_nothing_starts_after_a_cancellation(account: Account) -> None:
    account.started(cancelled={"by": "ops"})
    assert fails("start_wave", wave="data").startswith("ExecutionCancelled: execution e-1 was cancelled before wave data")


def test_a_wave_is_one_job_with_all_its_servers(account: Account) -> None:
    account.started()
    account.drs.add_response("start_recovery", {"job": {"jobID": JOB_ID}}, REQUEST)
    assert act("start_wave", wave="data") == {"job": POLL, "waitSeconds": 270}
    assert (wave(account)["status"], wave(account)["jobId"]) == ("RUNNING", JOB_ID)
    assert [server["launchStatus"] for server in wave(account)["servers"]] == ["PENDING", "PENDING"]


def test_a_real_recovery_is_not_started_as_a_drill(account: Account) -> None:
    account.started(isDrill=False)
    account.drs.add_response("start_recovery", {"job": {"jobID": JOB_ID}}, REQUEST | {"isDrill": False})
    act("start_wave", wave="data")


def test_a_wave_that_has_its_job_is_not_started_again(account: Account) -> None:
    account.started()
    account.drs.add_response("start_recovery", {"job": {"jobID": JOB_ID}}, REQUEST)
    assert act("start_wave", wave="data") == act("start_wave", wave="data")


def test_a_retry_finds_the_job_whose_id_got_lost_even_if_it_has_ended(account: Account) -> None:
    account.started()
    account.drs.add_client_error("start_recovery", "InternalServerException", "try again", 500)
    assert fails("start_wave", wave="data").startswith("InternalServerException: ")
    assert wave(account)["status"] == "PENDING"
    account.drs.add_response("describe_jobs", {"items": [FOREIGN, OURS]}, SEARCH)
    assert act("start_wave", wave="data")["job"]["jobId"] == JOB_ID


def test_a_retry_that_finds_no_job_starts_one(account: Account) -> None:
    account.started()
    account.drs.add_client_error("start_recovery", "ThrottlingException", "Rate exceeded", 429)
    assert fails("start_wave", wave="data").startswith("ThrottlingException: ")
    account.drs.add_response("describe_jobs", {"items": [FOREIGN], "nextToken": "more"}, SEARCH)
    account.drs.add_response("describe_jobs", {"items": []}, SEARCH | {"nextToken": "more"})
    account.drs.add_response("start_recovery", {"job": {"jobID": JOB_ID}}, REQUEST)
    assert act("start_wave", wave="data")["job"]["jobId"] == JOB_ID


def test_servers_that_our_own_lost_job_keeps_busy_are_no_conflict(account: Account) -> None:
    account.started()
    account.drs.add_client_error("start_recovery", "ConflictException", "being processed by a Job", 409)
    account.drs.add_response("describe_jobs", {"items": [OURS]}, SEARCH)
    assert act("start_wave", wave="data")["job"]["jobId"] == JOB_ID


def test_servers_that_a_foreign_job_keeps_busy_are_a_conflict_to_retry(account: Account) -> None:
    account.started()
    account.drs.add_client_error("start_recovery", "ConflictException", "being processed by a Job", 409)
    account.drs.add_response("describe_jobs", {"items": [FOREIGN]}, SEARCH)
    assert fails("start_wave", wave="data").startswith("ConflictException: ")


def test_nothing_is_started_for_an_execution_that_is_over(account: Account) -> None:
    account.started(status="FAILED")
    assert fails("start_wave", wave="data") == "ExecutionEnded: execution e-1 is recorded as FAILED already"


@pytest.mark.parametrize(
    ("launch_statuses", "job_status", "expected"),
    [
        (("LAUNCHED", "LAUNCHED"), "STARTED", "LAUNCHED"),
        (("LAUNCHED", "PENDING"), "STARTED", "RUNNING"),
        (("LAUNCHED", "FAILED"), "COMPLETED", "FAILED"),
        (("FAILED", "FAILED"), "COMPLETED", "FAILED"),
    ],
)
def test_a_poll_tells_how_the_wave_stands(
    account: Account, launch_statuses: tuple[str, ...], job_status: str, expected: str
) -> None:
    account.job(*launch_statuses, status=job_status)
    assert act("check_wave_status", wave="data", job=POLL, attempt=0)["status"] == expected


def test_a_job_that_drs_does_not_list_yet_is_waited_for_until_the_wave_times_out(account: Account) -> None:
    for minute, expected in (("39", "RUNNING"), ("40", "TIMED_OUT")):
        account.drs.add_response("describe_jobs", {"items": []})
        with time_machine.travel(f"2026-03-01T02:{minute}:00Z", tick=False):
            assert act("check_wave_status", wave="data", job=POLL, attempt=0)["status"] == expected


def test_a_throttled_poll_is_retried_and_then_left_to_the_next(account: Account) -> None:
    for _ in range(4):
        account.drs.add_client_error("describe_jobs", "ThrottlingException", "Rate exceeded", 429)
    for attempt in range(3):
        assert fails("check_wave_status", wave="data", job=POLL, attempt=attempt).startswith("ThrottlingException: ")
    assert act("check_wave_status", wave="data", job=POLL, attempt=3) == {"status": "RUNNING", "waitSeconds": 270}


def test_a_poll_without_permission_fails_whatever_the_attempt(account: Account) -> None:
    account.drs.add_client_error("describe_jobs", "AccessDeniedException", "not authorized", 403)
    assert fails("check_wave_status", wave="data", job=POLL, attempt=3).startswith("AccessDeniedException: ")


class Started:
    """An execution whose wave data has its job."""

    @pytest.fixture(autouse=True)
    def _start(self, account: Account) -> None:
        account.started()
        account.drs.add_response("start_recovery", {"job": {"jobID": JOB_ID}}, REQUEST)
        act("start_wave", wave="data")

    @staticmethod
    def instances(account: Account, *jobs_and_servers: tuple[str, str], of: tuple[str, ...] = SERVERS[:2]) -> None:
        items = [
            {"recoveryInstanceID": f"i-0a00000000000000{n}", "jobID": job, "sourceServerID": server}
            for n, (job, server) in enumerate(jobs_and_servers)
        ]
        account.drs.add_response("describe_recovery_instances", {"items": items}, {"filters": {"sourceServerIDs": list(of)}})


class TestAWaveThatLaunched(Started):
    def test_is_recorded_with_the_instances_of_its_own_job(self, account: Account) -> None:
        leftover = ("drsjob-3b000000000000009", SERVERS[0])
        self.instances(account, (JOB_ID, SERVERS[0]), leftover, (JOB_ID, SERVERS[1]))
        assert act("update_wave_status", wave="data", status="LAUNCHED", attempt=0) == {"status": "LAUNCHED"}
        assert wave(account)["status"] == "LAUNCHED"
        assert wave(account)["servers"] == [
            {"sourceServerId": SERVERS[0], "launchStatus": "LAUNCHED", "recoveryInstanceId": "i-0a000000000000000"},
            {"sourceServerId": SERVERS[1], "launchStatus": "LAUNCHED", "recoveryInstanceId": "i-0a000000000000002"},
        ]

    def test_is_asked_about_again_until_its_instances_are_listed(self, account: Account) -> None:
        for _ in range(4):
            self.instances(account, (JOB_ID, SERVERS[0]))
        for attempt in range(3):
            assert fails("update_wave_status", wave="data", status="LAUNCHED", attempt=attempt) == (
                f"RecoveryInstanceNotListed: no recovery instance of {JOB_ID} is listed for {SERVERS[1]}"
            )
        act("update_wave_status", wave="data", status="LAUNCHED", attempt=3)
        assert [server.get("recoveryInstanceId") for server in wave(account)["servers"]] == ["i-0a000000000000000", None]
        assert wave(account)["status"] == "LAUNCHED"

    def test_has_launched_even_if_its_instances_cannot_be_listed(self, account: Account) -> None:
        account.drs.add_client_error("describe_recovery_instances", "AccessDeniedException", "not authorized", 403)
        act("update_wave_status", wave="data", status="LAUNCHED", attempt=0)
        assert wave(account)["status"] == "LAUNCHED"

    def test_is_not_undone_by_a_failure_that_comes_after_it(self, account: Account) -> None:
        self.instances(account, (JOB_ID, SERVERS[0]), (JOB_ID, SERVERS[1]))
        act("update_wave_status", wave="data", status="LAUNCHED", attempt=0)
        act("fail_wave", wave="data", state={"error": {"Error": "States.Timeout"}})
        assert wave(account)["status"] == "LAUNCHED"


class TestAWaveThatFailed(Started):
    def test_is_recorded_with_each_server_s_reason(self, account: Account) -> None:
        account.job("LAUNCHED", "FAILED")
        self.instances(account, (JOB_ID, SERVERS[0]), of=SERVERS[:1])
        failure = {"sourceServerID": SERVERS[1], "rawError": "InsufficientInstanceCapacity"}
        log = [{"event": "LAUNCH_START", "eventData": {}}, {"event": "LAUNCH_FAILED", "eventData": failure}]
        account.drs.add_response("describe_job_log_items", {"items": log}, {"jobID": JOB_ID})
        act("update_wave_status", wave="data", status="FAILED", attempt=0)
        assert wave(account)["servers"] == [
            {"sourceServerId": SERVERS[0], "launchStatus": "LAUNCHED", "recoveryInstanceId": "i-0a000000000000000"},
            {"sourceServerId": SERVERS[1], "launchStatus": "FAILED", "reason": "InsufficientInstanceCapacity"},
        ]

    def test_is_recorded_even_if_the_log_cannot_be_read(self, account: Account) -> None:
        account.job("FAILED", "FAILED")
        account.drs.add_client_error("describe_job_log_items", "ResourceNotFoundException", "gone", 404)
        act("update_wave_status", wave="data", status="FAILED", attempt=0)
        assert [server["launchStatus"] for server in wave(account)["servers"]] == ["FAILED", "FAILED"]

    def test_breaks_off_with_the_error_that_was_caught(self, account: Account) -> None:
        cause = '{"errorMessage": "not authorized", "errorType": "AccessDeniedException", "stackTrace": []}'
        error = {"Error": "AccessDeniedException", "Cause": cause}
        act("fail_wave", wave="data", state={"wave": "data", "error": error})
        assert wave(account)["error"] == {"code": "AccessDeniedException", "message": "not authorized"}

    def test_fails_the_execution(self, account: Account) -> None:
        account.job("FAILED", "PENDING", status="STARTED")
        account.drs.add_response("describe_job_log_items", {"items": []})
        act("update_wave_status", wave="data", status="TIMED_OUT", attempt=0)
        told = act("finalize")
        assert told == {
            "kind": "Drill",
            "planName": "erp",
            "status": "TIMED_OUT",
            "message": "wave data timed out after 40 minutes",
        }
        assert account.record()["status"] == "TIMED_OUT"


class TestCleaningUp:
    @pytest.fixture(autouse=True)
    def _launched(self, account: Account) -> None:
        account.started(plan={"cleanUpDrill": True})
        launched = {"status": "LAUNCHED", "servers": [
            {"sourceServerId": server, "launchStatus": "LAUNCHED", "recoveryInstanceId": f"i-0a00000000000000{n}"}
            for n, server in enumerate(SERVERS[:2])
        ]}  # fmt: skip
        store.update("e-1", lambda now: now | {"waves": [now["waves"][0] | launched, now["waves"][1]]})

    @staticmethod
    def terminated(account: Account) -> None:
        expected = {"recoveryInstanceIDs": ["i-0a000000000000000", "i-0a000000000000001"]}
        account.drs.add_response("terminate_recovery_instances", {"job": {"jobID": JOB_ID}}, expected)

    @staticmethod
    def described(account: Account, status: str) -> None:
        account.drs.add_response("describe_jobs", {"items": [{"jobID": JOB_ID, "status": status}]})

    def test_terminates_what_was_launched_once(self, account: Account) -> None:
        self.terminated(account)
        assert act("clean_up") == act("clean_up") == {"status": "RUNNING"}
        self.described(account, "STARTED")
        assert act("check_clean_up") == {"status": "RUNNING"}
        self.described(account, "COMPLETED")
        assert act("check_clean_up") == {"status": "COMPLETED"}
        assert account.record()["cleanUpStatus"] == "COMPLETED"

    def test_gives_up_after_two_hours(self, account: Account) -> None:
        self.terminated(account)
        act("clean_up")
        for hour, expected in (("04:00:00", "RUNNING"), ("04:00:01", "FAILED")):
            self.described(account, "STARTED")
            with time_machine.travel(f"2026-03-01T{hour}Z", tick=False):
                assert act("check_clean_up") == {"status": expected}

    def test_that_cannot_be_done_is_recorded(self, account: Account) -> None:
        assert act("fail_clean_up") == {"status": "FAILED"}
        assert account.record()["cleanUpStatus"] == "FAILED"


def test_without_anything_to_clean_up_nothing_is_terminated(account: Account) -> None:
    account.started(plan={"cleanUpDrill": True})
    assert act("clean_up") == {"status": "NONE"}


def test_a_wave_whose_status_no_choice_knows_breaks_off(account: Account) -> None:
    account.started()
    act("fail_wave", wave="data", state={"poll": {"status": "?"}})
    assert wave(account)["error"] == {"code": "UnknownWaveStatus", "message": ""}


def test_an_execution_that_was_aborted_or_timed_out_is_closed_from_outside(account: Account) -> None:
    account.started()
    told = act("finalize", error={"Error": "ExecutionAborted", "Cause": "the state machine was stopped"})
    assert (told["status"], told["message"]) == ("CANCELLED", "the state machine was stopped")
    assert account.record()["error"]["code"] == "ExecutionAborted"
    assert act("finalize")["status"] == "CANCELLED"


def test_a_record_that_somebody_else_changes_in_between_loses_nothing(account: Account) -> None:
    account.started()
    interruptions = iter([{"note": "seen"}, {"owner": "ops"}])

    def change(current: dict[str, Any]) -> dict[str, Any]:
        interruption = next(interruptions, {})
        store.update("e-1", lambda latest: latest | interruption)
        return current | {"status": "COMPLETED"}

    store.update("e-1", change)
    written = account.record()
    assert (written["status"], written["note"], written["owner"]) == ("COMPLETED", "seen", "ops")
    assert written["version"] == 4


def test_changes_of_two_waves_at_the_same_time_do_not_stand_in_each_other_s_way(account: Account) -> None:
    account.started()
    read = account.record()
    store.update_wave("e-1", "data", lambda now: record.with_wave(now, "data", {"status": "RUNNING"}, {}), read)
    tries = []

    def change(current: dict[str, Any]) -> dict[str, Any]:
        tries.append(current["version"])
        return record.with_wave(current, "app", {"status": "PENDING"}, {})

    store.update_wave("e-1", "app", change, read)
    written = account.record()
    assert [wave["status"] for wave in written["waves"]] == ["RUNNING", "PENDING"]
    assert (tries, written["version"]) == ([1], 3)


def test_what_a_wave_s_change_does_to_the_whole_is_not_written_over_another_s(account: Account) -> None:
    account.started()
    read = account.record()
    store.update_wave("e-1", "data", lambda now: record.with_wave(now, "data", {"status": "RUNNING"}, {}), read)
    stopped = lambda now: record.with_wave(now, "app", {"status": "FAILED"}, {}) | {"stoppedBy": "app"}  # noqa: E731
    store.update_wave("e-1", "app", stopped, read)
    written = account.record()
    assert [wave["status"] for wave in written["waves"]] == ["RUNNING", "FAILED"]
    assert written["stoppedBy"] == "app"


def test_a_wave_s_change_sees_what_operators_did_meanwhile(account: Account) -> None:
    account.started()
    read = account.record()
    store.update("e-1", lambda current: current | {"cancelled": {"by": "ops"}})
    with pytest.raises(record.ExecutionCancelled):
        store.update_wave("e-1", "data", lambda now: record.wave_requested(now, "data", NOW), read)


def test_events_of_two_waves_at_the_same_time_are_both_kept(account: Account) -> None:
    account.started()
    read = account.record()
    for name in ("data", "app"):
        change = partial(record.with_wave, name=name, change={"status": "RUNNING"}, servers={})
        store.update_wave("e-1", name, change, read)
    found, _ = store.events("e-1", 10, None)
    assert [(one["sequence"], one.get("wave")) for one in found] == [
        ("000001.000.000", None), ("000002.001.000", "data"), ("000002.002.000", "app")
    ]  # fmt: skip


def test_a_change_of_a_record_read_too_long_ago_is_made_to_the_latest(account: Account) -> None:
    account.started()
    stale = account.record()
    store.update("e-1", lambda current: current | {"one": 1})
    store.update("e-1", lambda current: current | {"two": 2}, stale)
    written = account.record()
    assert (written["one"], written["two"], written["version"]) == (1, 2, 3)


def test_a_record_that_is_never_left_alone_is_given_up(account: Account) -> None:
    account.started(count=0)

    def change(current: dict[str, Any]) -> dict[str, Any]:
        store.update("e-1", lambda latest: latest | {"count": latest["count"] + 1})
        return current | {"status": "COMPLETED"}

    with pytest.raises(store.RecordBusy, match="10 times in a row"):
        store.update("e-1", change)


def test_fractions_of_minutes_survive_the_table(account: Account) -> None:
    account.started(ratio=0.1, whole=3, none=None, nested=[{"a": 1.5}])
    kept = account.record()
    assert (kept["ratio"], kept["whole"], kept["none"], kept["nested"]) == (0.1, 3, None, [{"a": 1.5}])


def test_an_unknown_action_is_named_with_those_that_there_are(account: Account) -> None:
    assert fails("begn").startswith("ValueError: unknown action 'begn': expected one of begin, await_turn, ")
