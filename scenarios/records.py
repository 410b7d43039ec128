"""What any execution's record must come to, whatever happened: it agrees with itself, and with what DRS has done."""

from datetime import datetime
from itertools import pairwise

ENDED = ("COMPLETED", "PARTIAL", "FAILED", "CANCELLED", "TIMED_OUT")
RECOVERED = ("COMPLETED", "PARTIAL")


def adds_up(run):
    """The final record is closed and holds together; a request that was refused has none."""
    record = run.record
    if record is None or run.end is None:
        return None
    if record["status"] not in ENDED:
        return f"the execution has ended, and its record says {record['status']}"
    rules = (_outcome, _timing, _clean_up, _failback)
    told = [*(flaw for rule in rules for flaw in rule(record)), *_launches(run, record)]
    told += [f"wave {wave['name']}: {flaw}" for wave in record["waves"] for flaw in _wave(record, wave)]
    return "; ".join(told) or None


def _outcome(record):
    left = [wave for wave in record["waves"] if wave["status"] != "LAUNCHED" and not wave.get("isRuledOut")]
    if (record["status"] == "COMPLETED") is bool(left) and record["status"] in RECOVERED:
        yield f"{record['status']} with {len(left)} waves that have not launched"
    if ("error" in record) is (record["status"] == "COMPLETED"):
        yield f"{record['status']}, and its error is {record.get('error')}"
    if ("cancelled" in record) and record["status"] != "CANCELLED":
        yield f"cancelled, and {record['status']}"


def _timing(record):
    created, started, ended = (_at(record, name) for name in ("createdAt", "startedAt", "endedAt"))
    if not created <= (started or ended) <= ended:
        yield "its instants are in a wrong order"
    spans = [wave for wave in record["waves"] if "recoverySeconds" in wave]
    for name in ("orchestrationSeconds", "recoverySeconds"):
        longest = max((wave[name] for wave in spans), default=(ended - created).total_seconds())
        if abs(record[name] - longest) > 0.001:
            yield f"{name} is {record[name]}, not {longest}"
    for one in (record, *spans):
        if "rtoMinutes" in one:
            is_met = one["recoverySeconds"] <= one["rtoMinutes"] * 60 and one["status"] in (*RECOVERED, "LAUNCHED")
            if one["rtoMet"] is not is_met:
                yield f"rtoMet is {one['rtoMet']} after {one['recoverySeconds']} s of {one['rtoMinutes']} min"
    yield from _path(record, {wave["name"]: wave for wave in record["waves"]})


def _path(record, waves):
    path = record["criticalPath"]
    ran = [name for name, wave in waves.items() if "startedAt" in wave and "endedAt" in wave]
    if bool(path) is not bool(ran):
        yield f"the critical path is {path}, and {ran} ran"
    if ran and waves[path[-1]]["endedAt"] != max(waves[name]["endedAt"] for name in ran):
        yield f"the critical path {path} does not end with the last wave"
    for before, after in pairwise(path):
        wave = waves[after]
        runs_if = wave.get("runIf", [])
        conditions = runs_if if isinstance(runs_if, list) else [runs_if]
        needed = [*wave["dependsOn"], *(one["wave"] for one in conditions)]
        if before not in needed or any(
            waves[name].get("endedAt", "") > waves[before]["endedAt"] for name in needed if name in ran
        ):
            yield f"the critical path goes from {before} to {after}"


def _wave(record, wave):
    tokens = [name for name in wave if name.endswith("Token")]
    if tokens:
        yield f"{tokens} are left in it"
    instants = [wave[name] for name in ("requestedAt", "jobStartedAt", "launchedAt", "endedAt") if name in wave]
    if wave["status"] != "NOT_STARTED" and instants != sorted(instants):
        yield "its instants are in a wrong order"
    if "endedAt" in wave:
        took = (_at(wave, "endedAt") - _at(record, "createdAt")).total_seconds()
        if abs(wave["recoverySeconds"] - took) > 0.001 or wave["orchestrationSeconds"] > took:
            yield f"it took {took} s, not {wave['recoverySeconds']} and {wave['orchestrationSeconds']}"
    launched = [server for server in wave["servers"] if server["launchStatus"] == "LAUNCHED"]
    if wave["status"] == "LAUNCHED" and len(launched) < len(wave["servers"]):
        yield f"LAUNCHED with {len(launched)} of {len(wave['servers'])} servers"
    for server in wave["servers"]:
        if server.get("isConfigured") is False and "reason" not in server:
            yield f"nothing says why {server['sourceServerId']} was not configured"
        if "launchConfiguration" in wave and server in launched and not server.get("isConfigured"):
            yield f"{server['sourceServerId']} has launched without its configuration"
    yield from _steps(wave)


def _steps(wave):
    for step in wave.get("steps", ()):
        if "endedAt" in step and not step["startedAt"] <= step["endedAt"] <= wave.get("endedAt", step["endedAt"]):
            yield f"the instants of its {step['phase']} are in a wrong order"
        if step["status"] in ("FAILED", "TIMED_OUT") and not step.get("reason"):
            yield f"nothing says why its {step['phase']} is {step['status']}"
        if wave["status"] == "LAUNCHED" and step["status"] != "SUCCEEDED":
            yield f"LAUNCHED, and its {step['phase']} is {step['status']}"
        if step["status"] == "NOT_STARTED" and ("startedAt" in step or "endedAt" in step):
            yield f"its {step['phase']} has not started, and has instants"


def _instances(record):
    return [server for wave in record["waves"] for server in wave["servers"] if "recoveryInstanceId" in server]


def _clean_up(record):
    status = record.get("cleanUpStatus")
    if not record["cleanUp"] and status is not None:
        yield f"nobody asked for a clean-up, and it is {status}"
    if status is not None and (status not in ("COMPLETED", "FAILED") or "cleanUpEndedAt" not in record):
        yield f"its clean-up is {status}"
    if status == "COMPLETED" and not record["cleanUpStartedAt"] < record["cleanUpEndedAt"] <= record["endedAt"]:
        yield "the instants of its clean-up are in a wrong order"


def _failback(record):
    status = record.get("failbackStatus")
    is_due = "failback" in record and record["status"] in RECOVERED and bool(_instances(record))
    if (status is None) is is_due:
        yield f"its failback is {status}"
    if status is None:
        return
    stands = [server.get("failback") for server in _instances(record)]
    if status not in ("COMPLETED", "FAILED", "STOPPED") or (status == "COMPLETED") is not all(
        one == "READY" for one in stands
    ):
        yield f"its failback is {status} with {stands}"
    ended = record["failbackEndedAt"]
    if not record.get("failbackStartedAt", ended) <= ended <= record["endedAt"]:
        yield "the instants of its failback are in a wrong order"


def _launches(run, record):
    """What the record says has launched did, and it knows the instance."""
    seen = {server.source_server_id: server.status for wave in run.waves for server in wave.servers}
    for server in (server for wave in record["waves"] for server in wave["servers"]):
        if server["launchStatus"] == "LAUNCHED" != seen[server["sourceServerId"]]:
            yield f"{server['sourceServerId']} is recorded as launched, and is {seen[server['sourceServerId']]}"


def _at(one, name):
    return datetime.fromisoformat(one[name]) if name in one else None
