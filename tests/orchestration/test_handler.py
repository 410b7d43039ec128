"""The orchestration function's actions, repeated as Lambda and Step Functions repeat them."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from orchestration import clients, store
from orchestration.handler import handler
from tests.orchestration.conftest import Drs


def act(action: str, execution: str = "e1", **more: Any) -> dict[str, Any]:
    return handler({"action": action, "executionId": execution, **more}, None)


def wave(name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(wave for wave in store.load("e1")["waves"] if wave["name"] == name)
    return found


def launch(drs: Drs, *statuses: str) -> None:
    (job,) = drs.jobs.values()
    job["status"] = "COMPLETED"
    for server, status in zip(job["participatingServers"], statuses, strict=True):
        server["launchStatus"] = status


def test_begin_gives_the_waves_in_order_with_what_the_machine_needs(execution: str) -> None:
    assert act("begin") == {
        "executionId": "e1",
        "waves": [{"name": "data", "pollSeconds": 30}, {"name": "app", "pollSeconds": 30}],
    }


def test_an_execution_whose_record_is_closed_does_not_begin(execution: str) -> None:
    act("finalize", error={"Error": "X", "Cause": "y"})
    with pytest.raises(Exception, match="recorded as FAILED already"):
        act("begin")


def test_a_wave_is_one_call_with_all_its_servers(drs: Drs, execution: str) -> None:
    job = act("start_wave", wave="data")
    assert (job["jobId"], job["serverCount"], job["timeoutMinutes"]) == ("drsjob-00000000000000001", 2, 60)
    (request,) = drs.starts
    assert [server["sourceServerID"][-2:] for server in request["sourceServers"]] == ["01", "02"]
    assert request["isDrill"] is True
    assert wave("data")["status"] == "RUNNING"


def test_a_repeated_start_does_not_start_again(drs: Drs, execution: str) -> None:
    assert act("start_wave", wave="data") == act("start_wave", wave="data")
    assert len(drs.starts) == 1


def test_a_start_whose_answer_got_lost_finds_the_job_it_started_even_after_that_has_ended(drs: Drs, execution: str) -> None:
    drs.loses_answers = 1
    with pytest.raises(TimeoutError):
        act("start_wave", wave="data")
    launch(drs, "LAUNCHED", "LAUNCHED")
    drs.is_busy = False
    assert act("start_wave", wave="data")["jobId"] == "drsjob-00000000000000001"
    assert len(drs.starts) == 1


def test_a_server_that_somebody_else_recovers_is_a_conflict_under_awss_name(drs: Drs, execution: str) -> None:
    drs.is_busy = True
    with pytest.raises(Exception, match="busy") as caught:
        act("start_wave", wave="data")
    assert type(caught.value).__name__ == "ConflictException"
    assert not isinstance(caught.value, ClientError)


def test_a_wave_that_launched_is_recorded_with_its_instances(drs: Drs, execution: str) -> None:
    job = act("start_wave", wave="data")
    launch(drs, "LAUNCHED", "LAUNCHED")
    assert act("check_wave_status", wave="data", job=job) == {"status": "LAUNCHED"}
    act("update_wave_status", wave="data", status="LAUNCHED")
    assert wave("data")["status"] == "LAUNCHED"
    assert wave("data")["servers"][0] == {
        "sourceServerId": "s-00000000000000001", "launchStatus": "LAUNCHED", "recoveryInstanceId": "i-00000000000000001",
    }  # fmt: skip
    assert act("check_dependencies", wave="app") == {"ready": True, "waitingFor": []}


def test_a_wave_that_failed_is_recorded_with_the_reason_from_the_jobs_log(drs: Drs, execution: str) -> None:
    job = act("start_wave", wave="data")
    launch(drs, "LAUNCHED", "FAILED")
    drs.log = [{"event": "LAUNCH_FAILED", "eventData": {"sourceServerID": "s-00000000000000002", "rawError": "no room"}}]
    assert act("check_wave_status", wave="data", job=job) == {"status": "FAILED"}
    act("update_wave_status", wave="data", status="FAILED")
    assert act("finalize", error={"Error": "WaveNotLaunched", "Cause": "..."}) == {
        "status": "FAILED",
        "error": "wave data: 1 of 2 servers did not launch: s-00000000000000002 no room",
    }
    assert wave("app")["status"] == "NOT_STARTED"
    assert act("check_dependencies", wave="app") == {"ready": False, "waitingFor": ["data"]}


def test_a_recovery_is_completed_only_if_every_wave_launched(drs: Drs, execution: str) -> None:
    act("start_wave", wave="data")
    launch(drs, "LAUNCHED", "LAUNCHED")
    act("update_wave_status", wave="data", status="LAUNCHED")
    assert act("finalize")["status"] == "FAILED"


def test_a_closed_record_stays_as_it_is(execution: str) -> None:
    first = act("finalize", error={"Error": "A", "Cause": "first"})
    assert act("finalize", error={"Error": "B", "Cause": "second"}) == first
    assert store.load("e1")["error"] == {"code": "A", "message": "first"}


def test_a_wave_that_broke_off_says_with_what(execution: str) -> None:
    act("fail_wave", wave="data", state={"error": {"Error": "ThrottlingException", "Cause": "Rate exceeded"}})
    closed = act("finalize", error={"Error": "WaveNotLaunched", "Cause": "..."})
    assert closed["error"] == "wave data: ThrottlingException: Rate exceeded"


def test_a_change_that_meets_another_one_is_applied_to_the_newer_record(execution: str) -> None:
    stale = store.load("e1")
    store.update("e1", lambda current: current | {"one": 1})
    store.update("e1", lambda current: current | {"two": 2}, stale)
    record = store.load("e1")
    assert (record["one"], record["two"], record["version"]) == (1, 2, 3)


def test_a_record_that_others_keep_changing_is_given_up_by_name(execution: str) -> None:
    def meddle(current: dict[str, Any]) -> dict[str, Any]:
        client = clients.client("dynamodb")
        client.put_item(TableName="executions", Item=store._encode(current | {"version": current["version"] + 1}))
        return current | {"mine": True}

    with pytest.raises(store.RecordBusy):
        store.update("e1", meddle)


def test_an_unknown_action_names_those_that_exist() -> None:
    with pytest.raises(ValueError, match=r"unknown action 'stat_wave': expected one of begin, check_dependencies,"):
        handler({"action": "stat_wave"}, None)
