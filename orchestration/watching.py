"""A wave's job is watched: how it stands, when to look again, and what became of its servers once it has ended.

Where a state passes its `attempt`, from 0, the action insists for PATIENCE attempts and then makes do with what it has.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from math import ceil
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from orchestration import outside, places, record, recovery, store, turns
from orchestration.clients import TRANSIENT, error_code
from orchestration.logs import logger
from orchestration.record import Record
from orchestration.waves import (
    LAUNCHED,
    PENDING,
    RUNNING,
    TIMED_OUT,
    all_over,
    job_status,
    launch_statuses,
    next_poll_seconds,
)

Event = Mapping[str, Any]
PATIENCE = 3
ENDING_SECONDS = 5  # from the last server's end to the job's own it is a few seconds


class RecoveryInstanceNotListed(Exception):
    """A server has launched and DRS does not list its recovery instance yet."""


def check_wave_status(event: Event) -> Record:
    """How the wave's job stands: RUNNING, LAUNCHED, FAILED or TIMED_OUT, and when to ask again.

    Called often, so it asks DRS once, and nobody else unless the job is in another account or Region.
    """
    job = event["job"]
    started, now = datetime.fromisoformat(job["startedAt"]), datetime.now(UTC)
    timeout = timedelta(minutes=job["timeoutMinutes"])
    described = _job_if_told(_place_of_job(job, event), job["jobId"], event)
    status = job_status(described, job["serverCount"], started, now, timeout)
    if status != RUNNING:
        _measure_detection(event, described, now)
        return {"status": status, "waitSeconds": 0}
    elapsed = (now - started).total_seconds()
    wait = next_poll_seconds(elapsed, job["expectedSeconds"], job["pollSeconds"], job["pollCeilingSeconds"])
    left = ceil((started + timeout - now).total_seconds())
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
    ended = partial(record.wave_ended, name=event["wave"], servers=details, now=datetime.now(UTC), is_timed_out=is_timed_out)
    execution = store.update_wave(event["executionId"], event["wave"], ended, execution)
    return _followed(execution, record.wave_of(execution, event["wave"]))


def _followed(execution: Record, wave: Record) -> Record:
    """What follows a wave's end. Waves that waited for it may have their turn now."""
    turns.tell(execution["executionId"])
    return {"status": wave["status"]}


def _measure_detection(event: Event, job: Mapping[str, Any] | None, now: datetime) -> None:
    """How long after a job's end it is noticed; not at all where it is noticed before DRS has ended the job."""
    ended = (job or {}).get("endDateTime")
    late = (now - datetime.fromisoformat(ended)).total_seconds() if ended else 0.0
    outside.measure({"executionId": event["executionId"]}, {"DetectionDelay": ("Seconds", max(0.0, late))})


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
