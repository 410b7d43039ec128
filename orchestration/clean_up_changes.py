"""The record of a clean-up: what there is to terminate, and how far that has come. Pure changes."""

from datetime import datetime

from orchestration.places import HERE, Place, recorded, to_record
from orchestration.record import Record, instant
from orchestration.waves import LAUNCHED, RUNNING


def launched_instances(record: Record) -> dict[Place, list[str]]:
    """The recovery instances that an execution has launched, as far as it knows them, by where they are."""
    found: dict[Place, list[str]] = {}
    for wave in record["waves"]:
        launched = [server for server in wave["servers"] if server["launchStatus"] == LAUNCHED]
        if instances := [server["recoveryInstanceId"] for server in launched if "recoveryInstanceId" in server]:
            found.setdefault(recorded(wave), []).extend(instances)
    return found


def clean_up_begun(record: Record, job_id: str, place: Place, now: datetime) -> Record:
    """Some of what was launched is being terminated again, by one more job."""
    job = {"jobId": job_id} | ({"place": to_record(place)} if place != HERE else {})
    started = {"cleanUpStartedAt": instant(now)} if "cleanUpStartedAt" not in record else {}
    return record | started | {"cleanUpJobs": [*record.get("cleanUpJobs", []), job]}


def clean_up_jobs(record: Record) -> dict[Place, list[str]]:
    """The jobs that terminate what was launched, by where they run."""
    found: dict[Place, list[str]] = {}
    for job in record["cleanUpJobs"]:
        found.setdefault(recorded(job), []).append(job["jobId"])
    return found


def clean_up_started(record: Record) -> Record:
    """All that was launched is being terminated."""
    return record | {"cleanUpStatus": RUNNING}


def clean_up_ended(record: Record, status: str, now: datetime) -> Record:
    """The clean-up is over: COMPLETED, or FAILED, which says nothing about the recovery itself."""
    return record | {"cleanUpStatus": status, "cleanUpEndedAt": instant(now)}
