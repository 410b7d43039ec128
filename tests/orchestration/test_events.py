"""What EventBridge tells, and what is made of it."""

from typing import Any

import pytest

from orchestration import store
from orchestration.events import handler
from tests.orchestration.conftest import CONTEXT, JOB_ID, MACHINE_ARN, SERVERS, Account


def launched() -> Any:
    detail = {"state": "RECOVERY_LAUNCH_SUCCEEDED", "job-id": JOB_ID, "is-drill": "TRUE"}
    arn = f"arn:aws:drs:us-east-1:111122223333:source-server/{SERVERS[0]}"
    where = {"account": "111122223333", "region": "us-east-1", "resources": [arn]}
    return handler({"detail-type": "DRS Source Server Launch Result", "detail": detail, **where}, CONTEXT)


def ended(status: str, name: str = "e-1") -> Any:
    detail = {"status": status, "name": name, "stateMachineArn": MACHINE_ARN, "cause": None}
    return handler({"detail-type": "Step Functions Execution Status Change", "detail": detail}, CONTEXT)


def waiting(token: str | None = "t", **wave: Any) -> None:
    """Wave data waits for its job."""
    members = {"status": "RUNNING", "jobId": JOB_ID} | wave
    store.update("e-1", lambda current: current | {"waves": [current["waves"][0] | members, *current["waves"][1:]]})
    if token is not None:
        store.keep_wake_token("e-1", "data", token)


def job(account: Account, *statuses: str) -> None:
    servers = [{"sourceServerID": server, "launchStatus": one} for server, one in zip(SERVERS, statuses, strict=False)]
    items = [{"jobID": JOB_ID, "status": "STARTED", "participatingServers": servers}]
    account.drs.add_response("describe_jobs", {"items": items}, {"filters": {"jobIDs": [JOB_ID]}})


@pytest.mark.parametrize("statuses", [("LAUNCHED", "LAUNCHED"), ("LAUNCHED", "FAILED")])
def test_the_last_server_of_a_job_wakes_its_wave(account: Account, statuses: tuple[str, ...]) -> None:
    account.started()
    waiting()
    job(account, *statuses)
    account.told("t")
    assert launched() == {"woken": "data"}


def test_as_long_as_a_server_is_left_nobody_is_woken(account: Account) -> None:
    account.started()
    waiting()
    job(account, "LAUNCHED", "PENDING")
    assert launched() == {"woken": None}


@pytest.mark.parametrize(
    "wave", [{"jobId": "drsjob-3b000000000000009"}, {"token": None}], ids=["an earlier attempt", "not waiting"]
)
def test_an_event_that_comes_too_late_wakes_nobody(account: Account, wave: dict[str, Any]) -> None:
    account.started()
    waiting(**wave)
    assert launched() == {"woken": None}


def test_somebody_else_s_job_is_left_alone(account: Account) -> None:
    assert launched() == {"woken": None}


def test_a_job_that_is_gone_is_left_alone(account: Account) -> None:
    account.started()
    waiting()
    account.drs.add_response("describe_jobs", {"items": []})
    assert launched() == {"woken": None}


@pytest.mark.parametrize(
    ("status", "recorded"), [("ABORTED", "CANCELLED"), ("TIMED_OUT", "TIMED_OUT"), ("FAILED", "FAILED")]
)
def test_the_record_of_an_execution_that_ended_badly_is_closed(account: Account, status: str, recorded: str) -> None:
    account.started()
    assert ended(status) == {"status": recorded}
    assert account.record()["error"]["message"] == f"the execution ended as {status}"


def test_a_record_that_is_closed_stays_as_it_is(account: Account) -> None:
    account.started(status="PARTIAL")
    assert ended("FAILED") == {"status": "PARTIAL"}


def test_an_execution_of_somebody_else_is_left_alone(account: Account) -> None:
    assert ended("ABORTED", "other") == {"status": None}
