"""What is made of a wave, as DRS really reports it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestration.waves import (
    expected_seconds,
    failure_reasons,
    job_status,
    launch_statuses,
    next_poll_seconds,
    polls_until,
)

START = datetime(2026, 3, 1, 2, tzinfo=UTC)


def job(status: str, *launch_statuses: str) -> dict[str, Any]:
    servers = [{"sourceServerID": f"s-{n}", "launchStatus": launch} for n, launch in enumerate(launch_statuses)]
    return {"jobID": "drsjob-1", "status": status, "participatingServers": servers}


@pytest.mark.parametrize(
    ("described", "minutes", "expected"),
    [
        (job("PENDING", "PENDING", "PENDING"), 0, "RUNNING"),
        (job("STARTED", "PENDING", "PENDING"), 39, "RUNNING"),
        (job("STARTED", "PENDING", "PENDING"), 40, "TIMED_OUT"),
        (job("STARTED", "LAUNCHED", "IN_PROGRESS"), 39, "RUNNING"),
        (job("STARTED", "LAUNCHED", "FAILED"), 39, "RUNNING"),
        (job("STARTED", "LAUNCHED", "LAUNCHED"), 39, "LAUNCHED"),
        (job("COMPLETED", "LAUNCHED", "LAUNCHED"), 41, "LAUNCHED"),
        (job("COMPLETED", "LAUNCHED", "FAILED"), 1, "FAILED"),
        (job("COMPLETED", "FAILED", "FAILED"), 41, "FAILED"),
        (job("COMPLETED", "LAUNCHED", "PENDING"), 1, "FAILED"),
        (job("COMPLETED", "LAUNCHED"), 1, "FAILED"),
        (job("COMPLETED"), 1, "FAILED"),
        ({"status": "COMPLETED"}, 1, "FAILED"),
        (None, 39, "RUNNING"),
        (None, 40, "TIMED_OUT"),
    ],
)
def test_only_servers_that_launched_make_a_wave_of_two_launched(
    described: Mapping[str, Any] | None, minutes: int, expected: str
) -> None:
    now = START + timedelta(minutes=minutes)
    assert job_status(described, 2, START, now, timedelta(minutes=40)) == expected


def test_a_server_that_the_job_does_not_list_is_pending() -> None:
    assert launch_statuses(job("COMPLETED", "LAUNCHED"), ["s-0", "s-1"]) == {"s-0": "LAUNCHED", "s-1": "PENDING"}
    assert launch_statuses(None, ["s-0"]) == {"s-0": "PENDING"}


@pytest.mark.parametrize(
    ("elapsed", "seconds"), [(0, 270), (270, 135), (500, 20), (539, 15), (541, 68), (2_000, 250), (9_000, 300)]
)
def test_a_job_is_looked_at_more_often_the_nearer_its_expected_end_and_less_often_after_it(
    elapsed: int, seconds: int
) -> None:
    assert next_poll_seconds(elapsed, 540, 15, 300) == seconds


def test_a_job_that_never_ends_is_looked_at_a_bounded_number_of_times() -> None:
    assert polls_until(60 * 60, 540, 15, 300) == 24
    assert polls_until(24 * 60 * 60, 540, 15, 300) == 300


@pytest.mark.parametrize(("servers", "seconds"), [(1, 540), (2, 540), (25, 1_534), (100, 2_749)])
def test_larger_jobs_are_expected_to_take_longer(servers: int, seconds: int) -> None:
    assert round(expected_seconds(servers)) == seconds


def test_the_last_reason_in_the_log_counts_cut_to_what_a_record_holds() -> None:
    log: list[dict[str, Any]] = [
        {"event": "JOB_START", "eventData": {}},
        {"event": "SNAPSHOT_FAIL", "eventData": {"sourceServerID": "s-1", "rawError": "EBS was busy"}},
        {"event": "LAUNCH_START", "eventData": {"sourceServerID": "s-1"}},
        {"event": "LAUNCH_FAILED", "eventData": {"sourceServerID": "s-1", "rawError": "InsufficientInstanceCapacity"}},
        {"event": "LAUNCH_FAILED", "eventData": {"sourceServerID": "s-2", "rawError": "x" * 5_000}},
        {"event": "JOB_END"},
    ]
    assert failure_reasons(log) == {"s-1": "InsufficientInstanceCapacity", "s-2": "x" * 500}
