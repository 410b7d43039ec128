"""The execution record: how a recovery stands, as DynamoDB keeps it and operators read it.

Functions take a record and give a changed copy. `status` is PENDING, RUNNING, COMPLETED or FAILED; a wave's is NOT_STARTED,
RUNNING, LAUNCHED, FAILED or TIMED_OUT.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from orchestration.plan import Plan, Wave
from orchestration.waves import FAILED, LAUNCHED, NOT_STARTED, RUNNING, TIMED_OUT

Record = dict[str, Any]
ENDED = ("COMPLETED", "FAILED")


def new_record(execution_id: str, plan: Plan, *, is_drill: bool, now: datetime) -> Record:
    """A record of an execution that has not begun."""
    return {
        "executionId": execution_id,
        "planId": plan.plan_id,
        "planName": plan.name,
        "isDrill": is_drill,
        "status": "PENDING",
        "createdAt": instant(now),
        "waves": [_new_wave(wave) for wave in plan.waves],
        "version": 1,
    }


def _new_wave(wave: Wave) -> Record:
    return {
        "name": wave.name,
        "status": NOT_STARTED,
        "dependsOn": list(wave.depends_on),
        "timeoutMinutes": wave.timeout_minutes,
        "pollSeconds": wave.poll_seconds,
        "servers": [{"sourceServerId": server, "launchStatus": NOT_STARTED} for server in wave.servers],
    }


def begun(record: Record, now: datetime) -> Record:
    """The record of an execution that has begun; one that has ended stays as it is."""
    if record["status"] in ENDED:
        return record
    return record | {"status": RUNNING, "startedAt": record.get("startedAt", instant(now))}


def wave_requested(record: Record, name: str, now: datetime) -> Record:
    """A wave whose job is about to be asked for."""
    return _with_wave(record, name, {"requestedAt": instant(now)}, {})


def wave_started(record: Record, name: str, job_id: str, now: datetime) -> Record:
    """A wave whose job was accepted."""
    servers = {server["sourceServerId"]: {"launchStatus": "PENDING"} for server in wave_of(record, name)["servers"]}
    return _with_wave(record, name, {"status": RUNNING, "jobId": job_id, "startedAt": instant(now)}, servers)


def wave_ended(record: Record, name: str, status: str, servers: Mapping[str, Record], now: datetime) -> Record:
    """A wave that has come to `status`, with what there is to say of each server."""
    return _with_wave(record, name, {"status": status, "endedAt": instant(now)}, servers)


def ended(record: Record, status: str, error: Record | None, now: datetime) -> Record:
    """The record of an execution that is over. What still ran has failed with it; what never started stays NOT_STARTED."""
    waves = [
        wave | {"status": FAILED, "endedAt": instant(now)} if wave["status"] == RUNNING else wave for wave in record["waves"]
    ]
    told = {} if error is None else {"error": error}
    return record | {"status": status, "endedAt": instant(now), "waves": waves} | told


def wave_of(record: Record, name: str) -> Record:
    """A wave of the record by its name."""
    wave: Record = next(wave for wave in record["waves"] if wave["name"] == name)
    return wave


def all_launched(record: Record) -> bool:
    """Whether every wave has launched: the only thing that makes a recovery COMPLETED."""
    return all(wave["status"] == LAUNCHED for wave in record["waves"])


def failure(record: Record, error: Mapping[str, Any]) -> Record:
    """The error to keep: what the waves say where they say something, else what the state machine caught."""
    for wave in record["waves"]:
        if wave["status"] == TIMED_OUT:
            message = f"wave {wave['name']} timed out after {wave['timeoutMinutes']} minutes"
            return {"code": "WaveTimedOut", "message": message}
        if wave["status"] == FAILED:
            return {"code": "WaveFailed", "message": f"wave {wave['name']}: {_failure_of(wave)}"}
    return {"code": str(error.get("Error", "Unknown")), "message": str(error.get("Cause", ""))[:2_000]}


def _failure_of(wave: Record) -> str:
    if "error" in wave:
        return f"{wave['error']['code']}: {wave['error']['message']}"
    failed = [server for server in wave["servers"] if server["launchStatus"] != LAUNCHED]
    told = [f"{server['sourceServerId']} {server.get('reason', server['launchStatus'])}" for server in failed]
    more = f" and {len(told) - 5} more" if len(told) > 5 else ""
    return f"{len(failed)} of {len(wave['servers'])} servers did not launch: {'; '.join(told[:5])}{more}"


def instant(now: datetime) -> str:
    """An instant as the record writes it: ISO 8601, UTC, milliseconds."""
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _with_wave(record: Record, name: str, change: Record, servers: Mapping[str, Record]) -> Record:
    def changed(wave: Record) -> Record:
        return (
            wave | change | {"servers": [server | servers.get(server["sourceServerId"], {}) for server in wave["servers"]]}
        )

    return record | {"waves": [changed(wave) if wave["name"] == name else wave for wave in record["waves"]]}


Change = Callable[[Record], Record]
