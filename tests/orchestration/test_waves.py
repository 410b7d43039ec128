"""What is made of a wave, as DRS really reports it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestration.waves import failure_reasons, launch_statuses, unmet_dependencies, wave_status

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
    assert wave_status(described, 2, START, now, timedelta(minutes=40)) == expected


def test_a_server_that_the_job_does_not_list_is_pending() -> None:
    assert launch_statuses(job("COMPLETED", "LAUNCHED"), ["s-0", "s-1"]) == {"s-0": "LAUNCHED", "s-1": "PENDING"}
    assert launch_statuses(None, ["s-0"]) == {"s-0": "PENDING"}


def test_dependencies_are_met_by_nothing_but_launched_waves() -> None:
    statuses = {"a": "LAUNCHED", "b": "FAILED", "c": "RUNNING", "d": "NOT_STARTED"}
    waves = [{"name": name, "status": status} for name, status in statuses.items()]
    assert unmet_dependencies({"name": "e", "dependsOn": ["a", "b", "c", "d"]}, waves) == ["b", "c", "d"]
    assert unmet_dependencies({"name": "e", "dependsOn": []}, waves) == []


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
