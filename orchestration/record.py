"""The execution record: how a recovery stands, as DynamoDB keeps it and operators read it.

Functions take a record and give a changed copy. `status` is PENDING, RUNNING, COMPLETED or FAILED; a wave's is NOT_STARTED,
PENDING (DRS is being asked to recover it), RUNNING (its job runs), LAUNCHED, FAILED or TIMED_OUT.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from orchestration.plan import Plan, Wave
from orchestration.waves import FAILED, LAUNCHED, MAX_REASON, NOT_STARTED, PENDING, RUNNING, TIMED_OUT

Record = dict[str, Any]
Change = Callable[[Record], Record]
ENDED = ("COMPLETED", "FAILED")
MAX_BYTES = 400_000  # DynamoDB's limit for an item is 400 KB
MAX_MESSAGE = 2_000  # characters
# DRS completes such a job within seconds; what is known to cause it are EC2 permissions that the caller lacks.
NO_REASON = "no reason in the job's log"


class ExecutionEnded(Exception):
    """The record says that the execution is over, as when the API gave up on a start that was accepted after all."""


def new_record(execution_id: str, plan: Plan, *, is_drill: bool, now: datetime) -> Record:
    """The record of an execution that has not begun."""
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


def full_bytes(record: Record) -> int:
    """The most bytes that a new record may grow to: every server with an instance, and one wave's with their reasons.

    JSON takes no less room than DynamoDB counts, and only one wave can fail, since the next one does not start then.
    """
    waves = [len(wave["servers"]) for wave in record["waves"]]
    return len(json.dumps(record)) + 45 * sum(waves) + (MAX_REASON + 20) * max(waves) + 2 * MAX_MESSAGE + 300 * len(waves)


def begun(record: Record, now: datetime) -> Record:
    """The record of an execution that has begun. Raises ExecutionEnded."""
    _must_be_open(record)
    return record | {"status": RUNNING, "startedAt": record.get("startedAt", instant(now))}


def wave_requested(record: Record, name: str, now: datetime) -> Record:
    """A wave that DRS is about to be asked to recover, from now on. Raises ExecutionEnded."""
    _must_be_open(record)
    if wave_of(record, name)["status"] != NOT_STARTED:
        return record
    return _with_wave(record, name, {"status": PENDING, "requestedAt": instant(now)}, {})


def wave_started(record: Record, name: str, job_id: str, now: datetime) -> Record:
    """A wave whose job was accepted."""
    servers = {server["sourceServerId"]: {"launchStatus": PENDING} for server in wave_of(record, name)["servers"]}
    return _with_wave(record, name, {"status": RUNNING, "jobId": job_id, "startedAt": instant(now)}, servers)


def wave_ended(record: Record, name: str, status: str, servers: Mapping[str, Record], now: datetime) -> Record:
    """A wave that has come to `status`, with what there is to say of each server."""
    return _with_wave(record, name, {"status": status, "endedAt": instant(now)}, servers)


def wave_broken_off(record: Record, name: str, error: Mapping[str, Any], now: datetime) -> Record:
    """A wave that an error of ours or of AWS ended, not its servers; one that has ended otherwise stays as it is."""
    if wave_of(record, name)["status"] not in (NOT_STARTED, PENDING, RUNNING):
        return record
    return _with_wave(record, name, {"status": FAILED, "endedAt": instant(now), "error": caught(error)}, {})


def closed(record: Record, error: Mapping[str, Any] | None, now: datetime) -> Record:
    """The record of an execution that is over: COMPLETED if every wave has launched and nothing was caught, else FAILED.

    What still ran has failed with it; what never started stays NOT_STARTED. A closed record stays as it is.
    """
    if record["status"] in ENDED:
        return record
    if error is None and all(wave["status"] == LAUNCHED for wave in record["waves"]):
        return record | {"status": "COMPLETED", "endedAt": instant(now)}
    broken_off = {"status": FAILED, "endedAt": instant(now)}
    waves = [wave | broken_off if wave["status"] in (PENDING, RUNNING) else wave for wave in record["waves"]]
    told = _failure(record, error or {})
    return record | {"status": "FAILED", "endedAt": instant(now), "waves": waves, "error": told}


def wave_of(record: Record, name: str) -> Record:
    """A wave of the record by its name."""
    wave: Record = next(wave for wave in record["waves"] if wave["name"] == name)
    return wave


def caught(error: Mapping[str, Any]) -> Record:
    """What a Catch of the state machine caught, as the record keeps it.

    The Cause of a failed Lambda function is a JSON document, of which only the message is for people.
    """
    cause = str(error.get("Cause") or "")
    try:
        told = json.loads(cause)
    except ValueError:
        told = None
    message = str(told.get("errorMessage", cause)) if isinstance(told, dict) else cause
    return {"code": str(error.get("Error") or "Unknown"), "message": message[:MAX_MESSAGE]}


def _must_be_open(record: Record) -> None:
    if record["status"] in ENDED:
        raise ExecutionEnded(f"execution {record['executionId']} is recorded as {record['status']} already")


def _failure(record: Record, error: Mapping[str, Any]) -> Record:
    """The error to keep: what the waves say where they say something, else what the state machine caught."""
    for wave in record["waves"]:
        if wave["status"] == TIMED_OUT:
            message = f"wave {wave['name']} timed out after {wave['timeoutMinutes']} minutes"
            return {"code": "WaveTimedOut", "message": message}
        if wave["status"] == FAILED:
            return {"code": "WaveFailed", "message": f"wave {wave['name']}: {_failure_of(wave)}"}
    return caught(error)


def _failure_of(wave: Record) -> str:
    if "error" in wave:
        return f"{wave['error']['code']}: {wave['error']['message']}"
    failed = [server for server in wave["servers"] if server["launchStatus"] != LAUNCHED]
    told = [f"{server['sourceServerId']} {server['launchStatus']}: {server.get('reason', NO_REASON)}" for server in failed]
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
