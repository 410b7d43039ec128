"""The orchestration function: what the state machine asks for, one action an invocation.

An event is `{"action", "executionId", ...}`. Actions may be repeated: Lambda and Step Functions both retry, and a retry must
not start a recovery twice nor undo what was recorded.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from orchestration import record, recovery, store
from orchestration.clients import named_errors
from orchestration.record import Record
from orchestration.waves import FAILED, LAUNCHED, RUNNING, launch_statuses, unmet_dependencies, wave_status

Event = Mapping[str, Any]
logger = Logger(service="orchestration")


class ExecutionEnded(Exception):
    """The record says that the execution is over, as when the API gave up on a start that was accepted after all."""


def begin(event: Event) -> Record:
    """Mark the execution RUNNING; the waves to process, in order, each with what the state machine needs of it."""
    started = store.update(event["executionId"], lambda current: record.begun(current, _now()))
    if started["status"] != RUNNING:
        raise ExecutionEnded(f"execution {started['executionId']} is recorded as {started['status']} already")
    return {
        "executionId": started["executionId"],
        "waves": [{"name": wave["name"], "pollSeconds": wave["pollSeconds"]} for wave in started["waves"]],
    }


def check_dependencies(event: Event) -> Record:
    """Whether every wave that this one depends on has launched."""
    execution = store.load(event["executionId"])
    wave = record.wave_of(execution, event["wave"])
    waiting_for = unmet_dependencies(wave, execution["waves"])
    return {"ready": not waiting_for, "waitingFor": waiting_for}


def start_wave(event: Event) -> Record:
    """Start the recovery of a wave: one job with all its servers, once. What polling needs goes back with the job's id."""
    execution = store.load(event["executionId"])
    wave = record.wave_of(execution, event["wave"])
    if "jobId" not in wave:
        job_id = _start_once(execution, wave)
        started = partial(record.wave_started, name=event["wave"], job_id=job_id, now=_now())
        execution = store.update(event["executionId"], started)
        wave = record.wave_of(execution, event["wave"])
    return {
        "jobId": wave["jobId"],
        "startedAt": wave["startedAt"],
        "timeoutMinutes": wave["timeoutMinutes"],
        "serverCount": len(wave["servers"]),
    }


def _start_once(execution: Record, wave: Record) -> str:
    """The wave's job: the one that an earlier try started, if any did, else a new one.

    That a try was made is recorded before it is made. An answer that gets lost afterwards, even for so long that the job has
    ended, leaves that mark, and the job is found by its tags.
    """
    execution_id = execution["executionId"]
    if "requestedAt" in wave:
        earlier = recovery.find_job(execution_id, wave["name"])
        if earlier is not None:
            return earlier
    else:
        requested = partial(record.wave_requested, name=wave["name"], now=_now())
        store.update(execution_id, requested, execution)
    servers = [server["sourceServerId"] for server in wave["servers"]]
    return recovery.start_recovery(servers, execution_id, wave["name"], is_drill=execution["isDrill"])


def check_wave_status(event: Event) -> Record:
    """How the wave stands: RUNNING, LAUNCHED, FAILED or TIMED_OUT. Called often, so it asks DRS once and nobody else."""
    job = event["job"]
    status = wave_status(
        recovery.describe_job(job["jobId"]),
        job["serverCount"],
        datetime.fromisoformat(job["startedAt"]),
        _now(),
        timedelta(minutes=job["timeoutMinutes"]),
    )
    return {"status": status}


def update_wave_status(event: Event) -> Record:
    """Record how the wave ended, server by server, with the reason of each failure."""
    execution = store.load(event["executionId"])
    wave = record.wave_of(execution, event["wave"])
    servers = [server["sourceServerId"] for server in wave["servers"]]
    statuses = launch_statuses(recovery.describe_job(wave["jobId"]), servers)
    details: dict[str, Record] = {server: {"launchStatus": status} for server, status in statuses.items()}
    for server, instance in _recovery_instances([s for s, status in statuses.items() if status == LAUNCHED]).items():
        details[server]["recoveryInstanceId"] = instance
    if event["status"] != LAUNCHED:
        for server, reason in _reasons(wave["jobId"]).items():
            if statuses.get(server) != LAUNCHED:
                details[server]["reason"] = reason
    ended = partial(record.wave_ended, name=event["wave"], status=event["status"], servers=details, now=_now())
    store.update(event["executionId"], ended, execution)
    return {"status": event["status"]}


def fail_wave(event: Event) -> Record:
    """Record that a wave broke off with an error of ours or of AWS, not of its servers."""
    now = _now()
    details = {"status": FAILED, "endedAt": record.instant(now)}
    error = event.get("state", {}).get("error", {"Error": "UnknownWaveStatus"})  # without an error, a Choice knew no way on

    def change(current: Record) -> Record:
        wave = record.wave_of(current, event["wave"])
        if wave["status"] not in (RUNNING, "NOT_STARTED"):
            return current
        told = {"error": {"code": str(error.get("Error")), "message": str(error.get("Cause", ""))[:2_000]}}
        return current | {"waves": [w | details | told if w["name"] == wave["name"] else w for w in current["waves"]]}

    store.update(event["executionId"], change)
    return {"status": FAILED}


def finalize(event: Event) -> Record:
    """Close the record: COMPLETED if every wave has launched, else FAILED with the reason. A closed record stays closed."""
    error = event.get("error")
    now = _now()

    def close(current: Record) -> Record:
        if current["status"] in record.ENDED:
            return current
        if error is None and record.all_launched(current):
            return record.ended(current, "COMPLETED", None, now)
        return record.ended(current, "FAILED", record.failure(current, error or {}), now)

    closed = store.update(event["executionId"], close)
    return {"status": closed["status"], "error": closed.get("error", {}).get("message", "")}


ACTIONS: Mapping[str, Callable[[Event], Record]] = {
    "begin": begin,
    "check_dependencies": check_dependencies,
    "start_wave": start_wave,
    "check_wave_status": check_wave_status,
    "update_wave_status": update_wave_status,
    "fail_wave": fail_wave,
    "finalize": finalize,
}


def handler(event: Event, context: Any) -> Record:
    """Lambda's entry point. Raises ValueError for an unknown action, and AWS's errors under their own names."""
    action = ACTIONS.get(event.get("action", ""))
    if action is None:
        raise ValueError(f"unknown action {event.get('action')!r}: expected one of {', '.join(ACTIONS)}")
    with named_errors():
        result = action(event)
    logger.info(event["action"], execution_id=event.get("executionId"), wave=event.get("wave"), result=result)
    return result


def _now() -> datetime:
    return datetime.now(UTC)


def _reasons(job_id: str) -> dict[str, str]:
    """The reasons, as far as they can be had: a wave that failed is recorded even where the log cannot be read."""
    try:
        return recovery.failed_because(job_id)
    except ClientError as error:
        logger.warning("the job's log cannot be read", job_id=job_id, error=str(error))
        return {}


def _recovery_instances(servers: list[str]) -> dict[str, str]:
    """The instances, as far as they can be had: a wave that launched is recorded even where they cannot be listed."""
    try:
        return recovery.recovery_instances(servers)
    except ClientError as error:
        logger.warning("the recovery instances cannot be listed", error=str(error))
        return {}
