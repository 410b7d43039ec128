"""The failback at the end of a recovery: what was launched is replicated back, until it can be launched where it came from.

Whether and when that is done is a decision of people, and a plan of its own. DRS takes some two reversals a second, and none
of an instance that has just started: each invocation does what it can, and the state machine asks again.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from orchestration import failback_changes, recovery, store
from orchestration.clean_up_changes import launched_instances
from orchestration.clients import TRANSIENT, error_code
from orchestration.logs import logger
from orchestration.places import Place
from orchestration.record import Record
from orchestration.waves import FAILED, RUNNING, next_poll_seconds

Event = Mapping[str, Any]
BEGUN = "BEGUN"
MAX_TIME = timedelta(seconds=25)  # of an invocation
FLOOR_SECONDS, CEILING_SECONDS = 60, 1800
_LATER = TRANSIENT | {"ConflictException"}  # the last one: the instance is not finished initializing


def fail_back(event: Event) -> Record:
    """Begin and follow the failback: BEGUN, RUNNING, or how it has ended, and when to ask again."""
    execution = store.load(event["executionId"])
    is_new = "failbackStatus" not in execution
    execution = store.update(event["executionId"], partial(failback_changes.failback_begun, now=_now()), execution)
    if execution["failbackStatus"] == RUNNING:
        states, refused = _reversed(execution)
        seen = store.update(
            event["executionId"],
            lambda now: failback_changes.failback_judged(failback_changes.failback_seen(now, states, refused), _now()),
            execution,
        )
        execution = seen
    status = execution["failbackStatus"]
    elapsed = (_now() - failback_changes.started_at(execution)).total_seconds()
    wait = next_poll_seconds(elapsed, 0, FLOOR_SECONDS, CEILING_SECONDS)
    return {"status": BEGUN if is_new and status == RUNNING else status, "waitSeconds": wait}


def fail_failback(event: Event) -> Record:
    """Record that the failback could not be followed to its end; somebody has to look after it."""
    store.update(event["executionId"], partial(failback_changes.failback_ended, status=FAILED, now=_now()))
    return {"status": FAILED}


def _reversed(execution: Record) -> tuple[dict[str, str], dict[str, str]]:
    """Reverse the replication of what is not reversed yet: DRS's state of each instance, why it refuses some for good."""
    states: dict[str, str] = {}
    refused: dict[str, str] = {}
    until = _now() + MAX_TIME
    for place, instances in launched_instances(execution).items():
        found = recovery.failback_states(place, instances)
        states |= found
        for instance in [one for one in instances if found.get(one) == failback_changes.NOT_BEGUN]:
            if _now() >= until:
                break
            if reason := _reverse(place, instance):
                refused[instance] = reason
    return states, refused


def _reverse(place: Place, instance: str) -> str:
    """Why DRS refuses for good to replicate an instance back; empty if it does not."""
    try:
        recovery.reverse(place, instance)
    except (ClientError, BotoCoreError) as error:
        if error_code(error) not in _LATER:
            return str(error)
        logger.info("an instance cannot be replicated back yet", instance=instance, error=str(error))
    return ""


def _now() -> datetime:
    return datetime.now(UTC)
