"""The clean-up at the end: what an execution has launched is terminated again, if its plan or its cancellation says so."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from orchestration import clean_up_changes, failback_changes, recovery, store
from orchestration.record import Record
from orchestration.waves import RUNNING

Event = Mapping[str, Any]
MAX_CLEAN_UP = timedelta(hours=2)


def clean_up(event: Event) -> Record:
    """Terminate what the execution has launched, if its plan or its cancellation says so: NONE, RUNNING or COMPLETED.

    FAILBACK where nothing is to be terminated, but replicated back.
    """
    execution = store.load(event["executionId"])
    if not execution["cleanUp"] or not (instances := clean_up_changes.launched_instances(execution)):
        return {"status": "FAILBACK" if failback_changes.is_wanted(execution) else "NONE"}
    begun = len(execution.get("cleanUpJobs", ()))  # an earlier try may have come so far
    for place, some in recovery.in_jobs(instances)[begun:]:
        change = partial(
            clean_up_changes.clean_up_begun, job_id=recovery.terminate(place, some), place=place, now=datetime.now(UTC)
        )
        execution = store.update(event["executionId"], change, execution)
    if "cleanUpStatus" not in execution:
        execution = store.update(event["executionId"], clean_up_changes.clean_up_started, execution)
    return {"status": execution["cleanUpStatus"]}


def check_clean_up(event: Event) -> Record:
    """How the clean-up stands: RUNNING, COMPLETED, or FAILED when it takes too long."""
    execution = store.load(event["executionId"])
    status = RUNNING
    if all(recovery.are_completed(place, jobs) for place, jobs in clean_up_changes.clean_up_jobs(execution).items()):
        status = "COMPLETED"
    elif datetime.now(UTC) - datetime.fromisoformat(execution["cleanUpStartedAt"]) > MAX_CLEAN_UP:
        status = "FAILED"
    if status != RUNNING:
        store.update(
            event["executionId"], partial(clean_up_changes.clean_up_ended, status=status, now=datetime.now(UTC)), execution
        )
    return {"status": status}


def fail_clean_up(event: Event) -> Record:
    """Record that what was launched could not be terminated; somebody has to look after it."""
    store.update(event["executionId"], partial(clean_up_changes.clean_up_ended, status="FAILED", now=datetime.now(UTC)))
    return {"status": "FAILED"}
