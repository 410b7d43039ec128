"""The record of a failback: replication back to where servers came from, and how far that has come. Pure changes."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from orchestration import policy
from orchestration.clean_up_changes import launched_instances
from orchestration.record import Record, instant
from orchestration.waves import FAILED, RUNNING

READY, STOPPED, COMPLETED = "READY", "STOPPED", "COMPLETED"
# What DRS says of a recovery instance's failback, and what that comes to. Any other state is one on the way.
_COMES_TO = {
    "FAILBACK_READY_FOR_LAUNCH": READY,
    "FAILBACK_COMPLETED": READY,
    "FAILBACK_ERROR": FAILED,
}
MAX_FAILBACK_REASON = 120  # characters, of each server
NOT_BEGUN = "FAILBACK_NOT_STARTED"


def is_wanted(record: Record) -> bool:
    """Whether an execution is to fail back, which drills never are, and has recovered something."""
    if "failback" not in record or "failbackEndedAt" in record:
        return False
    return policy.outcome(record) in ("COMPLETED", "PARTIAL") and bool(launched_instances(record))


def failback_begun(record: Record, now: datetime) -> Record:
    """Replication back is being set up, from now on."""
    return record if "failbackStatus" in record else record | {"failbackStatus": RUNNING, "failbackStartedAt": instant(now)}


def failback_seen(record: Record, states: Mapping[str, str], refused: Mapping[str, str]) -> Record:
    """How each recovery instance stands, by its id: DRS's state of its failback, or why DRS refuses to begin it."""

    def seen(server: Record) -> Record:
        instance = server.get("recoveryInstanceId", "")
        if instance in refused:
            return server | {"failback": FAILED, "failbackReason": refused[instance][:MAX_FAILBACK_REASON]}
        return server | {"failback": _COMES_TO.get(states[instance], RUNNING)} if instance in states else server

    waves = [wave | {"servers": [seen(server) for server in wave["servers"]]} for wave in record["waves"]]
    return record | {"waves": waves}


def failback_judged(record: Record, now: datetime) -> Record:
    """The failback is over if every instance is ready, or will not be, or its time is up."""
    if record["failbackStatus"] != RUNNING:
        return record
    stands = [server["failback"] for wave in record["waves"] for server in wave["servers"] if "failback" in server]
    is_late = now - started_at(record) >= timedelta(minutes=record["failback"]["timeoutMinutes"])
    if RUNNING in stands and not is_late:
        return record
    status = COMPLETED if all(one == READY for one in stands) else FAILED
    return failback_ended(record, status, now)


def failback_ended(record: Record, status: str, now: datetime) -> Record:
    """The failback is over, which says nothing about the recovery itself."""
    return record | {"failbackStatus": status, "failbackEndedAt": instant(now)}


def started_at(record: Mapping[str, Any]) -> datetime:
    """When the failback began."""
    return datetime.fromisoformat(record["failbackStartedAt"])
