"""What an execution's record tells at its end and on the way: events, timing against the RTO, the reason of a failure."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from orchestration.waves import FAILED, LAUNCHED, TIMED_OUT

Record = dict[str, Any]
MAX_MESSAGE = 2_000  # characters
# DRS completes such a job within seconds; what is known to cause it are EC2 permissions that the caller lacks.
NO_REASON = "no reason in the job's log"


def events_between(before: Record | None, after: Record) -> Iterator[Record]:
    """What happened from one version of a record to the next, for the history: status changes and operators' actions."""
    if before is None or before["status"] != after["status"]:
        yield {"type": "execution", "status": after["status"]}
    known = {wave["name"]: wave for wave in before["waves"]} if before else {}
    for wave in after["waves"]:
        if wave["status"] != known.get(wave["name"], wave)["status"]:
            told = {key: wave[key] for key in ("jobId", "attempt", "skippedBecause", "error") if key in wave}
            yield {"type": "wave", "wave": wave["name"], "status": wave["status"], **told}
    if (before or {}).get("cleanUpStatus") != after.get("cleanUpStatus"):
        yield {"type": "cleanUp", "status": after["cleanUpStatus"]}
    yield from after.get("operations", [])[len((before or {}).get("operations", [])) :]


def timing(record: Record, now: datetime) -> Record:
    """How long the recovery took against the plan's RTO, in seconds: from the request to the last wave's end, or to now."""
    ends = [datetime.fromisoformat(wave["endedAt"]) for wave in record["waves"] if "endedAt" in wave]
    took = (max(ends, default=now) - datetime.fromisoformat(record["createdAt"])).total_seconds()
    told: Record = {"recoverySeconds": took, "criticalPath": critical_path(record)}
    return told | ({"rtoMet": took <= record["rtoMinutes"] * 60} if "rtoMinutes" in record else {})


def critical_path(record: Record) -> list[str]:
    """The chain of waves that the recovery's length hangs on: the last to end, what it waited for longest, and so on."""
    ended = {wave["name"]: wave for wave in record["waves"] if "endedAt" in wave and "startedAt" in wave}
    path: list[str] = []
    following = list(ended)
    while following:
        last = max(following, key=lambda name: str(ended[name]["endedAt"]))
        path.insert(0, last)
        following = [name for name in ended[last]["dependsOn"] if name in ended]
    return path


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


def failure_of(record: Record, error: Mapping[str, Any]) -> Record:
    """The error to keep: what the waves say where they say something, else what the state machine caught."""
    if "cancelled" in record:
        return {"code": "Cancelled", "message": record["cancelled"].get("reason") or "an operator cancelled the execution"}
    for wave in record["waves"]:
        if wave["status"] == TIMED_OUT:
            message = f"wave {wave['name']} timed out after {wave['timeoutMinutes']} minutes"
            return {"code": "WaveTimedOut", "message": message}
        if wave["status"] == FAILED:
            return {"code": "WaveFailed", "message": f"wave {wave['name']}: {_wave_failure(wave)}"}
    return caught(error)


def _wave_failure(wave: Record) -> str:
    if "error" in wave:
        return f"{wave['error']['code']}: {wave['error']['message']}"
    failed = [server for server in wave["servers"] if server["launchStatus"] != LAUNCHED]
    told = [f"{server['sourceServerId']} {server['launchStatus']}: {server.get('reason', NO_REASON)}" for server in failed]
    more = f" and {len(told) - 5} more" if len(told) > 5 else ""
    return f"{len(failed)} of {len(wave['servers'])} servers did not launch: {'; '.join(told[:5])}{more}"
