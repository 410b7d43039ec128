"""The orchestration function: what the state machine asks for, one action an invocation.

An event is `{"action", "executionId", ...}`. Actions may be repeated: Lambda and Step Functions both retry, and a retry must
not start a recovery twice nor undo what was recorded. Where a state passes its `attempt`, from 0, the action insists for
PATIENCE attempts and then makes do with what it has.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from orchestration import record, recovery, store
from orchestration.clients import TRANSIENT, error_code, named_errors
from orchestration.record import Record
from orchestration.waves import FAILED, LAUNCHED, PENDING, launch_statuses, unmet_dependencies, wave_status

Event = Mapping[str, Any]
PATIENCE = 3
logger = Logger(service="orchestration")


class RecoveryInstanceNotListed(Exception):
    """A server has launched and DRS does not list its recovery instance yet."""


def begin(event: Event) -> Record:
    """Mark the execution RUNNING; the waves to process, in order, each with what the state machine needs of it."""
    started = store.update(event["executionId"], lambda current: record.begun(current, _now()))
    return _heading(started) | {
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
        wave = _started_once(execution, wave)
    return {
        "jobId": wave["jobId"],
        "startedAt": wave["startedAt"],
        "timeoutMinutes": wave["timeoutMinutes"],
        "serverCount": len(wave["servers"]),
    }


def check_wave_status(event: Event) -> Record:
    """How the wave stands: RUNNING, LAUNCHED, FAILED or TIMED_OUT. Called often, so it asks DRS once and nobody else."""
    job = event["job"]
    status = wave_status(
        _job_if_told(job["jobId"], event),
        job["serverCount"],
        datetime.fromisoformat(job["startedAt"]),
        _now(),
        timedelta(minutes=job["timeoutMinutes"]),
    )
    return {"status": status}


def update_wave_status(event: Event) -> Record:
    """Record how the wave ended, server by server, with its recovery instance or the reason of its failure."""
    execution = store.load(event["executionId"])
    wave = record.wave_of(execution, event["wave"])
    servers = [server["sourceServerId"] for server in wave["servers"]]
    if event["status"] == LAUNCHED:  # which says it of every server; to ask DRS again could only bring an older answer
        statuses = dict.fromkeys(servers, LAUNCHED)
    else:
        statuses = launch_statuses(recovery.describe_job(wave["jobId"]), servers)
    details: dict[str, Record] = {server: {"launchStatus": status} for server, status in statuses.items()}
    launched = [server for server, status in statuses.items() if status == LAUNCHED]
    for server, instance in _recovery_instances(launched, wave["jobId"], event).items():
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
    error = event.get("state", {}).get("error", {"Error": "UnknownWaveStatus"})  # without an error, a Choice knew no way on
    broken_off = partial(record.wave_broken_off, name=event["wave"], error=error, now=_now())
    store.update(event["executionId"], broken_off)
    return {"status": FAILED}


def finalize(event: Event) -> Record:
    """Close the record: COMPLETED if every wave has launched, else FAILED with the reason. A closed record stays closed.

    The state machine does so at its end. What it cannot see, its own abort or timeout, is for whoever is told of it (an
    EventBridge rule on the execution's status) to pass on as `error`, `{"Error", "Cause"}`.
    """
    closed = store.update(event["executionId"], partial(record.closed, error=event.get("error"), now=_now()))
    return _heading(closed) | {"status": closed["status"], "message": closed.get("error", {}).get("message", "")}


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


def _heading(execution: Record) -> Record:
    """What notifications begin with: an operator must not take a drill for the real thing."""
    return {"kind": "Drill" if execution["isDrill"] else "Recovery", "planName": execution["planName"]}


def _started_once(execution: Record, wave: Record) -> Record:
    """The wave with its job: the one that an earlier try started, if any did, else a new one.

    That a try is made is recorded before it is made. An answer that gets lost afterwards, even for so long that the job has
    ended, leaves that mark, and the job is found by its tags.
    """
    execution_id, name = execution["executionId"], wave["name"]
    was_requested = wave["status"] == PENDING
    execution = store.update(execution_id, partial(record.wave_requested, name=name, now=_now()), execution)
    since = datetime.fromisoformat(record.wave_of(execution, name)["requestedAt"])
    job_id = recovery.find_job(execution_id, name, since) if was_requested else None
    if job_id is None:
        servers = [server["sourceServerId"] for server in wave["servers"]]
        job_id = recovery.start_recovery(servers, execution_id, name, since, is_drill=execution["isDrill"])
    started = partial(record.wave_started, name=name, job_id=job_id, now=_now())
    return record.wave_of(store.update(execution_id, started, execution), name)


def _job_if_told(job_id: str, event: Event) -> Mapping[str, Any] | None:
    """The job; None if DRS is too busy to tell, however often it is asked: a later poll will, or the wave times out."""
    try:
        return recovery.describe_job(job_id)
    except (ClientError, BotoCoreError) as error:
        if error_code(error) not in TRANSIENT or not _is_last_attempt(event):
            raise
        logger.warning("the job cannot be read", job_id=job_id, error=str(error))
        return None


def _recovery_instances(servers: list[str], job_id: str, event: Event) -> dict[str, str]:
    """The instances, as far as they can be had: a wave that launched is recorded even where they are not listed in time."""
    try:
        found = recovery.recovery_instances(servers, job_id)
    except (ClientError, BotoCoreError) as error:
        if error_code(error) in TRANSIENT and not _is_last_attempt(event):
            raise
        logger.warning("the recovery instances cannot be listed", job_id=job_id, error=str(error))
        return {}
    missing = [server for server in servers if server not in found]
    if missing and not _is_last_attempt(event):
        raise RecoveryInstanceNotListed(f"no recovery instance of {job_id} is listed for {', '.join(missing)}")
    return found


def _reasons(job_id: str) -> dict[str, str]:
    """The reasons, as far as they can be had: a wave that failed is recorded even where the log cannot be read."""
    try:
        return recovery.failed_because(job_id)
    except (ClientError, BotoCoreError) as error:
        logger.warning("the job's log cannot be read", job_id=job_id, error=str(error))
        return {}


def _is_last_attempt(event: Event) -> bool:
    return bool(event.get("attempt", 0) >= PATIENCE)
