"""What to make of a wave: pure decisions over what DRS and the record say."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

NOT_STARTED, PENDING, RUNNING = "NOT_STARTED", "PENDING", "RUNNING"
LAUNCHED, FAILED, TIMED_OUT = "LAUNCHED", "FAILED", "TIMED_OUT"
MAX_REASON = 500  # characters; a job of 100 servers may bring as many reasons into a record of at most 400 KB


def wave_status(
    job: Mapping[str, Any] | None, server_count: int, started_at: datetime, now: datetime, timeout: timedelta
) -> str:
    """RUNNING, LAUNCHED, FAILED or TIMED_OUT.

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


def launch_statuses(job: Mapping[str, Any] | None, servers: Sequence[str]) -> dict[str, str]:
    """Each server's launchStatus; PENDING for one that the job does not list."""
    listed = {
        server.get("sourceServerID"): server.get("launchStatus") for server in (job or {}).get("participatingServers", [])
    }
    return {server: listed.get(server) or PENDING for server in servers}


def unmet_dependencies(wave: Mapping[str, Any], waves: Sequence[Mapping[str, Any]]) -> list[str]:
    """The waves that `wave` depends on and that have not launched, as the record has them."""
    launched = {other["name"] for other in waves if other["status"] == LAUNCHED}
    return [name for name in wave["dependsOn"] if name not in launched]


def failure_reasons(log: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Why servers failed, by id: the last rawError that the job's log has for each."""
    reasons = {}
    for item in log:
        data = item.get("eventData", {})
        if data.get("rawError") and data.get("sourceServerID"):
            reasons[data["sourceServerID"]] = data["rawError"][:MAX_REASON]
    return reasons
