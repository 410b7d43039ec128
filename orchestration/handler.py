"""The orchestration function: what the state machine asks for, one action an invocation.

An event is `{"action", "executionId", ...}`. Actions may be repeated: Lambda and Step Functions both retry, and a retry must
not start a recovery twice nor undo what was recorded. Where a state passes its `attempt`, from 0, the action insists for
PATIENCE attempts and then makes do with what it has. Where it passes a `token`, it waits until somebody sends it back.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from orchestration import places, record, recovery, store, turns
from orchestration.cleaning import check_clean_up, clean_up, fail_clean_up
from orchestration.clients import TRANSIENT, error_code, named_errors
from orchestration.configuring import configure_wave
from orchestration.record import Record
from orchestration.waves import (
    LAUNCHED,
    PENDING,
    RUNNING,
    TIMED_OUT,
    all_over,
    expected_seconds,
    job_status,
    launch_statuses,
    next_poll_seconds,
)

Event = Mapping[str, Any]
PATIENCE = 3
ENDING_SECONDS = 5  # from the last server's end to the job's own it is a few seconds
logger = Logger(service="orchestration")


class RecoveryInstanceNotListed(Exception):
    """A server has launched and DRS does not list its recovery instance yet."""


def begin(event: Event) -> Record:
    """Mark the execution RUNNING; the names of its waves, each after all that it depends on."""
    started = store.update(event["executionId"], lambda current: record.begun(current, _now()))
    waves = [{"name": wave["name"]} for wave in started["waves"]]
    return _heading(started) | {"executionId": started["executionId"], "waves": waves}


def await_turn(event: Event) -> Record:
    """Let a wave wait for its turn, which may have come already."""
    turns.tell(_change(event, record.turn_asked, token=event["token"]))
    return {}


def await_approval(event: Event) -> Record:
    """Let a wave wait for a person's approval, which may have been given already."""
    turns.tell(_change(event, record.approval_asked, token=event["token"], now=_now()))
    return {}


def default_approval(event: Event) -> Record:
    """Nobody has decided in time on a wave that needs approval: what its plan says for that."""
    decided = _change(event, record.approval_defaulted)
    return {"approved": record.wave_of(decided, event["wave"])["approved"]}


def skip_wave(event: Event) -> Record:
    """Record that a wave is not recovered, and why; others may depend on it."""
    turns.tell(_change(event, record.wave_skipped, reason=event["reason"], now=_now()))
    return {}


def start_wave(event: Event) -> Record:
    """Start the recovery of a wave: one job with all its servers that have not launched, once.

    What polling needs goes back with the job's id; how to get into another account does not leave the record.
    """
    execution = store.load(event["executionId"])
    wave = record.wave_of(execution, event["wave"])
    if wave["status"] != RUNNING:
        wave = _started_once(execution, wave)
    servers = len(record.left_to_launch(wave))
    return {
        "job": {
            "jobId": wave["jobId"],
            "startedAt": wave["jobStartedAt"],
            "timeoutMinutes": wave["timeoutMinutes"],
            "serverCount": servers,
            "pollSeconds": wave["pollSeconds"],
            "pollCeilingSeconds": wave["pollCeilingSeconds"],
            "isElsewhere": "place" in wave,
        },
        "waitSeconds": next_poll_seconds(0, expected_seconds(servers), wave["pollSeconds"], wave["pollCeilingSeconds"]),
    }


def await_job(event: Event) -> Record:
    """Let a wave wait for its job's end: until an event of DRS tells of it, or its next poll is due."""
    _change(event, record.wave_waits, token=event["token"])
    return {}


def check_wave_status(event: Event) -> Record:
    """How the wave's job stands: RUNNING, LAUNCHED, FAILED or TIMED_OUT, and when to ask again.

    Called often, so it asks DRS once, and nobody else unless the job is in another account or Region.
    """
    job = event["job"]
    started, now = datetime.fromisoformat(job["startedAt"]), _now()
    timeout = timedelta(minutes=job["timeoutMinutes"])
    described = _job_if_told(_place_of_job(job, event), job["jobId"], event)
    status = job_status(described, job["serverCount"], started, now, timeout)
    elapsed, expected = (now - started).total_seconds(), expected_seconds(job["serverCount"])
    wait = next_poll_seconds(elapsed, expected, job["pollSeconds"], job["pollCeilingSeconds"])
    left = max(1, round((started + timeout - now).total_seconds()))
    ending = ENDING_SECONDS if described and all_over(described) else wait
    return {"status": status, "waitSeconds": min(wait, left, ending)}


def update_wave_status(event: Event) -> Record:
    """Record how the wave's job ended, server by server, with its recovery instance or the reason of its failure.

    Its status says what follows: RETRYING starts it again, AWAITING_OPERATOR asks for a decision, all others end it.
    """
    execution = store.load(event["executionId"])
    wave = record.wave_of(execution, event["wave"])
    if wave["status"] not in (PENDING, RUNNING):  # recorded by an earlier try whose answer got lost
        return _followed(execution, wave)
    place = places.recorded(wave)
    servers = [server["sourceServerId"] for server in wave["servers"]]
    left = record.left_to_launch(wave)
    if event["status"] == LAUNCHED:  # which says it of every server; to ask DRS again could only bring an older answer
        statuses = dict.fromkeys(left, LAUNCHED)
    else:
        statuses = launch_statuses(recovery.describe_job(place, wave["jobId"]), left)
    details: dict[str, Record] = {server: {"launchStatus": status} for server, status in statuses.items()}
    launched = [server for server in servers if statuses.get(server) == LAUNCHED]
    for server, instance in _recovery_instances(place, launched, wave["jobId"], event).items():
        details[server]["recoveryInstanceId"] = instance
    if event["status"] != LAUNCHED:
        for server, reason in _reasons(place, wave["jobId"]).items():
            if statuses.get(server, LAUNCHED) != LAUNCHED:
                details[server]["reason"] = reason
    is_timed_out = event["status"] == TIMED_OUT
    ended = partial(record.wave_ended, name=event["wave"], servers=details, now=_now(), is_timed_out=is_timed_out)
    execution = store.update(event["executionId"], ended, execution)
    return _followed(execution, record.wave_of(execution, event["wave"]))


def await_operator(event: Event) -> Record:
    """Let a failed wave wait for an operator's decision; in a cancelled execution there is none to wait for."""
    turns.tell(_change(event, record.operator_asked, token=event["token"]))
    return {}


def give_up_wave(event: Event) -> Record:
    """Record that a failed wave stays failed, as the execution is cancelled."""
    _change(event, record.wave_given_up, now=_now())
    return {}


def fail_wave(event: Event) -> Record:
    """Record that a wave broke off with an error of ours or of AWS, not of its servers."""
    error = event.get("state", {}).get("error", {"Error": "UnknownWaveStatus"})  # without an error, a Choice knew no way on
    turns.tell(_change(event, record.wave_broken_off, error=error, now=_now()))
    return {}


def finalize(event: Event) -> Record:
    """Close the record with the outcome of all waves. A closed record stays closed.

    The state machine does so at its end. What it cannot see, its own abort or timeout, is for whoever is told of it (an
    EventBridge rule on the execution's status) to pass on as `error`, `{"Error", "Cause"}`.
    """
    closed = store.update(event["executionId"], partial(record.closed, error=event.get("error"), now=_now()))
    return _heading(closed) | {"status": closed["status"], "message": closed.get("error", {}).get("message", "")}


ACTIONS: Mapping[str, Callable[[Event], Record]] = {
    "begin": begin,
    "await_turn": await_turn,
    "await_approval": await_approval,
    "default_approval": default_approval,
    "skip_wave": skip_wave,
    "configure_wave": configure_wave,
    "start_wave": start_wave,
    "await_job": await_job,
    "check_wave_status": check_wave_status,
    "update_wave_status": update_wave_status,
    "await_operator": await_operator,
    "give_up_wave": give_up_wave,
    "fail_wave": fail_wave,
    "clean_up": clean_up,
    "check_clean_up": check_clean_up,
    "fail_clean_up": fail_clean_up,
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


def _change(event: Event, change: Callable[..., Record], **details: Any) -> Record:
    """Apply a change of a wave to the execution's record; the record as written."""
    return store.update(event["executionId"], lambda current: change(current, event["wave"], **details))


def _followed(execution: Record, wave: Record) -> Record:
    """What follows a wave's end. Waves that waited for it may have their turn now."""
    turns.tell(execution)
    return {"status": wave["status"]}


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
    tags = recovery.tags_of(execution_id, name, record.wave_of(execution, name)["attempt"])
    place = places.recorded(wave)
    job_id = recovery.find_job(place, tags, since) if was_requested else None
    if job_id is None:
        servers = record.left_to_launch(wave)
        job_id = recovery.start_recovery(place, servers, tags, since, is_drill=execution["isDrill"])
    started = partial(record.wave_started, name=name, job_id=job_id, now=_now())
    return record.wave_of(store.update(execution_id, started, execution), name)


def _place_of_job(job: Mapping[str, Any], event: Event) -> places.Place:
    if not job["isElsewhere"]:
        return places.HERE
    return places.recorded(record.wave_of(store.load(event["executionId"]), event["wave"]))


def _job_if_told(place: places.Place, job_id: str, event: Event) -> Mapping[str, Any] | None:
    """The job; None if DRS is too busy to tell, however often it is asked: a later poll will, or the wave times out."""
    try:
        return recovery.describe_job(place, job_id)
    except (ClientError, BotoCoreError) as error:
        if error_code(error) not in TRANSIENT or not _is_last_attempt(event):
            raise
        logger.warning("the job cannot be read", job_id=job_id, error=str(error))
        return None


def _recovery_instances(place: places.Place, servers: list[str], job_id: str, event: Event) -> dict[str, str]:
    """The instances, as far as they can be had: a wave that launched is recorded even where they are not listed in time."""
    try:
        found = recovery.recovery_instances(place, servers, job_id)
    except (ClientError, BotoCoreError) as error:
        if error_code(error) in TRANSIENT and not _is_last_attempt(event):
            raise
        logger.warning("the recovery instances cannot be listed", job_id=job_id, error=str(error))
        return {}
    missing = [server for server in servers if server not in found]
    if missing and not _is_last_attempt(event):
        raise RecoveryInstanceNotListed(f"no recovery instance of {job_id} is listed for {', '.join(missing)}")
    return found


def _reasons(place: places.Place, job_id: str) -> dict[str, str]:
    """The reasons, as far as they can be had: a wave that failed is recorded even where the log cannot be read."""
    try:
        return recovery.failed_because(place, job_id)
    except (ClientError, BotoCoreError) as error:
        logger.warning("the job's log cannot be read", job_id=job_id, error=str(error))
        return {}


def _is_last_attempt(event: Event) -> bool:
    return bool(event.get("attempt", 0) >= PATIENCE)
