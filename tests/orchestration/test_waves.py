"""What is made of a wave, as DRS really reports it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestration.waves import failure_reasons, launch_statuses, unmet_dependencies, wave_status

STARTED = datetime(2026, 3, 1, 2, tzinfo=UTC)


def job(status: str, *launches: str) -> dict[str, Any]:
    servers = [{"sourceServerID": f"s-{number}", "launchStatus": launch} for number, launch in enumerate(launches)]
    return {"jobID": "j", "status": status, "participatingServers": servers}


@pytest.mark.parametrize(
    ("found", "minutes", "expected"),
    [
        (job("STARTED", "PENDING", "PENDING"), 5, "RUNNING"),
        (job("STARTED", "LAUNCHED", "PENDING"), 5, "RUNNING"),
        (job("STARTED", "LAUNCHED", "LAUNCHED"), 5, "LAUNCHED"),
        (job("COMPLETED", "LAUNCHED", "LAUNCHED"), 5, "LAUNCHED"),
        (job("COMPLETED", "LAUNCHED", "FAILED"), 5, "FAILED"),
        (job("COMPLETED", "FAILED", "FAILED"), 5, "FAILED"),
        (job("COMPLETED", "LAUNCHED"), 5, "FAILED"),
        (job("COMPLETED"), 5, "FAILED"),
        (job("STARTED", "FAILED", "PENDING"), 5, "RUNNING"),
        (job("STARTED", "LAUNCHED", "PENDING"), 60, "TIMED_OUT"),
        (job("STARTED", "LAUNCHED", "LAUNCHED"), 61, "LAUNCHED"),
        (None, 5, "RUNNING"),
        (None, 61, "TIMED_OUT"),
    ],
)
def test_only_launched_counts_and_only_time_ends_a_job_that_hangs(found: Any, minutes: int, expected: str) -> None:
    now = STARTED + timedelta(minutes=minutes)
    assert wave_status(found, 2, STARTED, now, timedelta(hours=1)) == expected


def test_a_server_that_the_job_does_not_list_is_pending() -> None:
    assert launch_statuses(job("STARTED", "LAUNCHED"), ["s-0", "s-1"]) == {"s-0": "LAUNCHED", "s-1": "PENDING"}


def test_the_last_raw_error_of_each_server_is_its_reason() -> None:
    log = [
        {"event": "JOB_START", "eventData": {}},
        {"event": "SNAPSHOT_FAIL", "eventData": {"sourceServerID": "s-0", "rawError": "first"}},
        {"event": "LAUNCH_FAILED", "eventData": {"sourceServerID": "s-0", "rawError": "no room"}},
    ]
    assert failure_reasons(log) == {"s-0": "no room"}


def test_dependencies_are_met_only_by_launched_waves() -> None:
    waves = [{"name": "a", "status": "LAUNCHED"}, {"name": "b", "status": "RUNNING"}]
    assert unmet_dependencies({"name": "c", "dependsOn": ["a", "b"]}, waves) == ["b"]
