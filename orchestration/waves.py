"""What to make of a wave's job: pure decisions over what DRS says of it, and when to ask again."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

NOT_STARTED, PENDING, RUNNING = "NOT_STARTED", "PENDING", "RUNNING"
LAUNCHED, PARTIAL, FAILED, TIMED_OUT, SKIPPED = "LAUNCHED", "PARTIAL", "FAILED", "TIMED_OUT", "SKIPPED"
AWAITING_APPROVAL, AWAITING_OPERATOR, RETRYING = "AWAITING_APPROVAL", "AWAITING_OPERATOR", "RETRYING"
CONFIGURING, PREPARING, VERIFYING = "CONFIGURING", "PREPARING", "VERIFYING"
_OVER = (LAUNCHED, FAILED, "TERMINATED")  # launchStatuses that are for good
MAX_REASON = 500  # characters; a job of 100 servers may bring as many reasons into a record of at most 400 KB


def job_status(
    job: Mapping[str, Any] | None, server_count: int, started_at: datetime, now: datetime, timeout: timedelta
) -> str:
    """RUNNING, LAUNCHED, FAILED (not all have launched) or TIMED_OUT.

    Only launchStatus LAUNCHED counts as recovered: DRS completes a job whatever became of its servers. While the job
    runs, a failed server does not end the wave, so that the others' outcomes are known when it ends. A job that DRS does not
    return (it may lag behind) is waited for like one that runs.
    """
    participants = (job or {}).get("participatingServers", [])
    if sum(server.get("launchStatus") == LAUNCHED for server in participants) >= server_count:
        return LAUNCHED
    if job is not None and job.get("status") == "COMPLETED":
        return FAILED
    return TIMED_OUT if now - started_at >= timeout else RUNNING


def all_over(job: Mapping[str, Any]) -> bool:
    """Whether nothing more will happen to any server of a job, though the job itself may take some seconds to end."""
    servers = job.get("participatingServers", [])
    return job.get("status") == "COMPLETED" or bool(servers and all(one.get("launchStatus") in _OVER for one in servers))


def launch_statuses(job: Mapping[str, Any] | None, servers: Sequence[str]) -> dict[str, str]:
    """Each server's launchStatus; PENDING for one that the job does not list."""
    listed = {
        server.get("sourceServerID"): server.get("launchStatus") for server in (job or {}).get("participatingServers", [])
    }
    return {server: listed.get(server) or PENDING for server in servers}


def failure_reasons(log: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Why servers failed, by id: the last rawError that the job's log has for each."""
    reasons = {}
    for item in log:
        data = item.get("eventData", {})
        if data.get("rawError") and data.get("sourceServerID"):
            reasons[data["sourceServerID"]] = data["rawError"][:MAX_REASON]
    return reasons


def expected_seconds(server_count: int) -> float:
    """How long a job of so many servers usually takes, until the plan's own history knows better."""
    crowd = min(server_count, 25)
    return 540 * (1 + 0.08 * max(0, crowd - 2) + 0.03 * (server_count - crowd))


def next_poll_seconds(elapsed: float, expected: float, floor: int, ceiling: int) -> int:
    """How long to wait before the job is looked at again: half of what it is expected to take still.

    One that takes longer than expected is looked at ever less often, an eighth of its age apart.
    """
    wait = (expected - elapsed) / 2 if elapsed < expected else elapsed / 8
    return round(min(ceiling, max(floor, wait)))


def polls_until(timeout: float, expected: float, floor: int, ceiling: int) -> int:
    """How often a job is looked at that never ends, until its time is up. All in seconds."""
    elapsed, polls = 0.0, 0
    while elapsed < timeout:
        elapsed += next_poll_seconds(elapsed, expected, floor, ceiling)
        polls += 1
    return polls
