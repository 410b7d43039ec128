"""What an execution's record tells at its end and on the way: events, timing against the RTO, the reason of a failure."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from orchestration.plan_steps import HEALTH, subject, waits_for
from orchestration.waves import FAILED, LAUNCHED, PARTIAL, SKIPPED, TIMED_OUT

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
        yield from _step_events(known.get(wave["name"], {}), wave)
    if (before or {}).get("cleanUpStatus") != after.get("cleanUpStatus"):
        yield {"type": "cleanUp", "status": after["cleanUpStatus"]}
    if (before or {}).get("failbackStatus") != after.get("failbackStatus"):
        yield {"type": "failback", "status": after["failbackStatus"]}
    yield from after.get("operations", [])[len((before or {}).get("operations", [])) :]


def _step_events(before: Record, after: Record) -> Iterator[Record]:
    known = before.get("steps", [])
    for place, step in enumerate(after.get("steps", [])):
        if known and step["status"] != known[place]["status"]:
            told = {name: step[name] for name in ("phase", "status", "reason") if name in step}
            yield {"type": "step", "wave": after["name"], "step": subject(step), **told}


def timing(record: Record, now: datetime) -> Record:
    """How long the recovery took, in seconds from the request, and whether it met the plan's RTO.

    Orchestration ends when the last wave has launched and its runbooks have run, recovery when the last one is healthy, or
    now. What did not recover meets no RTO.
    """
    spans = [span for wave in record["waves"] if (span := wave_timing(record, wave))]
    elapsed = (now - datetime.fromisoformat(record["createdAt"])).total_seconds()
    told = {
        name: max((span[name] for span in spans), default=elapsed) for name in ("orchestrationSeconds", "recoverySeconds")
    }
    told["criticalPath"] = critical_path(record)
    if "rtoMinutes" in record:
        told["rtoMet"] = record["status"] in _RECOVERED and told["recoverySeconds"] <= record["rtoMinutes"] * 60
    return told


def wave_timing(record: Record, wave: Mapping[str, Any]) -> Record:
    """The same of one wave that has ended; empty for any other."""
    if "endedAt" not in wave:
        return {}
    checked = [step["startedAt"] for step in wave.get("steps", ()) if step["phase"] == HEALTH and "startedAt" in step]
    asked = datetime.fromisoformat(record["createdAt"])
    done, ended = (datetime.fromisoformat(at) - asked for at in (min(checked, default=wave["endedAt"]), wave["endedAt"]))
    told: Record = {"orchestrationSeconds": done.total_seconds(), "recoverySeconds": ended.total_seconds()}
    if "rtoMinutes" in wave:
        told["rtoMet"] = wave["status"] in (LAUNCHED, PARTIAL) and told["recoverySeconds"] <= wave["rtoMinutes"] * 60
    return told


_RECOVERED = ("COMPLETED", "PARTIAL")


def critical_path(record: Record) -> list[str]:
    """The chain of waves that the recovery's length hangs on: the last to end, what it waited for longest, and so on."""
    ended = {wave["name"]: wave for wave in record["waves"] if "endedAt" in wave and "startedAt" in wave}
    path: list[str] = []
    following = list(ended)
    while following:
        last = max(following, key=lambda name: str(ended[name]["endedAt"]))
        path.insert(0, last)
        following = [name for name in waits_for(ended[last]) if name in ended]
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
    partial = [wave for wave in record["waves"] if wave["status"] in (PARTIAL, SKIPPED) and not wave.get("isRuledOut")]
    missing = [f"wave {wave['name']}: {_missing_of(wave)}" for wave in partial]
    if missing and not error:
        return {"code": "Partial", "message": "; ".join(missing)[:MAX_MESSAGE]}
    return caught(error)


def _missing_of(wave: Record) -> str:
    """What a wave has ended without: itself, servers, or steps that were passed over."""
    if wave["status"] == SKIPPED:
        return str(wave["skippedBecause"])
    passed = [step for step in wave.get("steps", ()) if "isPassedOver" in step]
    told = [f"{subject(step)} {step['status']}: {step.get('reason', '')}" for step in passed]
    has_all = all(server["launchStatus"] == LAUNCHED for server in wave["servers"])
    return "; ".join(told if has_all else [_unlaunched(wave), *told])


def _wave_failure(wave: Record) -> str:
    if "error" in wave:
        return f"{wave['error']['code']}: {wave['error']['message']}"
    return _unlaunched(wave)


def _unlaunched(wave: Record) -> str:
    failed = [server for server in wave["servers"] if server["launchStatus"] != LAUNCHED]
    told = [f"{server['sourceServerId']} {server['launchStatus']}: {server.get('reason', NO_REASON)}" for server in failed]
    more = f" and {len(told) - 5} more" if len(told) > 5 else ""
    return f"{len(failed)} of {len(wave['servers'])} servers did not launch: {'; '.join(told[:5])}{more}"
