"""The events function: what EventBridge tells of DRS and of the state machine.

DRS tells of each server that has launched or failed: the wave whose job that ends is woken before its next poll is due. Step
Functions tells of an execution that was stopped or ran out of time, which its state machine itself can record no more.
Events may come late, twice or never: polls and the closing action make up for those that are lost.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from orchestration import outside, places, record, recovery, store, turns
from orchestration.clients import named_errors
from orchestration.happenings import happenings
from orchestration.logs import about, logger
from orchestration.record import Record
from orchestration.waves import all_over

Event = Mapping[str, Any]
# What an execution's record is closed with, by how its state machine ended.
_ENDS = {"ABORTED": "ExecutionAborted", "TIMED_OUT": "ExecutionTimedOut", "FAILED": "ExecutionFailed"}


def server_launched(event: Event) -> Record:
    """A server of a recovery job has launched or failed: wake the wave whose job it is, if none of its servers is left.

    The event may have come here from another account or Region.
    """
    job_id, at = event["detail"]["job-id"], places.home()
    here = places.Place(
        None if event["account"] == at.account else event["account"],
        None if event["region"] == at.region else event["region"],
    )
    execution = store.claimant_of(here, event["resources"][0].rpartition("/")[2])
    wave = next((wave for wave in (execution or {"waves": ()})["waves"] if wave.get("jobId") == job_id), None)
    if execution is None or wave is None or wave["name"] not in execution["wakeTokens"]:
        return {"woken": None}  # not a job of ours, or not any more
    about(execution["executionId"])
    job = recovery.describe_job(places.recorded(wave), job_id)
    if job is None or not all_over(job):
        return {"woken": None}
    turns.wake(execution["wakeTokens"][wave["name"]], {})
    return {"woken": wave["name"]}


def execution_ended(event: Event) -> Record:
    """The state machine's execution has ended badly: close the record if it is still open."""
    detail = event["detail"]
    error = {"Error": _ENDS[detail["status"]], "Cause": detail.get("cause") or f"the execution ended as {detail['status']}"}
    known = store.find(detail["name"])
    if known is None:
        return {"status": None}  # not an execution of ours
    about(detail["name"])
    closed = store.update(detail["name"], partial(record.closed, error=error, now=datetime.now(UTC)), known)
    for happening in happenings(known, closed):
        if happening.what == "Execution Finished":  # of which its state machine has told nobody
            outside.notify(closed, happening)
    return {"status": closed["status"]}


KINDS: Mapping[str, Callable[[Event], Record]] = {
    "DRS Source Server Launch Result": server_launched,
    "Step Functions Execution Status Change": execution_ended,
}


def handler(event: Event, context: Any) -> Record:
    """Lambda's entry point. Raises KeyError for an event that no rule should send."""
    about(None)
    with named_errors():
        result = KINDS[event["detail-type"]](event)
    logger.info(event["detail-type"], detail=event["detail"], result=result)
    return result
