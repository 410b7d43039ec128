"""The orchestration function: what the state machine asks for, one action an invocation.

An event is `{"action", "executionId", ...}`. Actions may be repeated: Lambda and Step Functions both retry, and a retry must
not start a recovery twice nor undo what was recorded. Where a state passes a `token`, it waits until somebody sends it
back.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from orchestration import experience, places, record, recovery, store, turns
from orchestration.cleaning import check_clean_up, clean_up, fail_clean_up
from orchestration.clients import named_errors
from orchestration.configuring import configure_wave
from orchestration.failing_back import fail_back, fail_failback
from orchestration.logs import about, logger
from orchestration.record import Record
from orchestration.stepping import take_steps
from orchestration.watching import check_wave_status, update_wave_status
from orchestration.waves import (
    PENDING,
    RUNNING,
    expected_seconds,
    next_poll_seconds,
)

Event = Mapping[str, Any]


def begin(event: Event) -> Record:
    """Mark the execution RUNNING; the names of its waves, each after all that it depends on."""
    started = store.update(event["executionId"], lambda current: record.begun(current, _now()))
    waves = [{"name": wave["name"]} for wave in started["waves"]]
    return _heading(started) | {"executionId": started["executionId"], "waves": waves}


def await_turn(event: Event) -> Record:
    """Let a wave wait for its turn, which may have come already."""
    _change(event, record.turn_asked, token=event["token"])
    turns.tell(event["executionId"], event["wave"])
    return {}


def await_approval(event: Event) -> Record:
    """Let a wave wait for a person's approval, which may have been given already."""
    _change(event, record.approval_asked, token=event["token"], now=_now())
    turns.tell(event["executionId"], event["wave"])
    return {}


def default_approval(event: Event) -> Record:
    """Nobody has decided in time on a wave that needs approval: what its plan says for that."""
    decided = _change(event, record.approval_defaulted)
    return {"approved": record.wave_of(decided, event["wave"])["approved"]}


def skip_wave(event: Event) -> Record:
    """Record that a wave is not recovered, and why; others may depend on it."""
    _change(event, record.wave_skipped, reason=event["reason"], now=_now())
    turns.tell(event["executionId"])
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
    expected = wave.get("expectedShare", 1) * expected_seconds(servers)
    return {
        "job": {
            "jobId": wave["jobId"],
            "startedAt": wave["jobStartedAt"],
            "timeoutMinutes": wave["timeoutMinutes"],
            "serverCount": servers,
            "pollSeconds": wave["pollSeconds"],
            "pollCeilingSeconds": wave["pollCeilingSeconds"],
            "expectedSeconds": round(expected),
            "isElsewhere": "place" in wave,
        },
        "waitSeconds": next_poll_seconds(0, expected, wave["pollSeconds"], wave["pollCeilingSeconds"]),
    }


def await_job(event: Event) -> Record:
    """Let a wave wait for its job's end: until an event of DRS tells of it, or its next poll is due."""
    store.keep_wake_token(event["executionId"], event["wave"], event["token"])
    return {}


def await_operator(event: Event) -> Record:
    """Let a failed wave wait for an operator's decision; in a cancelled execution there is none to wait for."""
    _change(event, record.operator_asked, token=event["token"])
    turns.tell(event["executionId"], event["wave"])
    return {}


def give_up_wave(event: Event) -> Record:
    """Record that a failed wave stays failed, as the execution is cancelled."""
    _change(event, record.wave_given_up, now=_now())
    return {}


def fail_wave(event: Event) -> Record:
    """Record that a wave broke off with an error of ours or of AWS, not of its servers."""
    error = event.get("state", {}).get("error", {"Error": "UnknownWaveStatus"})  # without an error, a Choice knew no way on
    _change(event, record.wave_broken_off, error=error, now=_now())
    turns.tell(event["executionId"])
    return {}


def finalize(event: Event) -> Record:
    """Close the record with the outcome of all waves. A closed record stays closed.

    The state machine does so at its end. What it cannot see, its own abort or timeout, is for whoever is told of it (an
    EventBridge rule on the execution's status) to pass on as `error`, `{"Error", "Cause"}`.
    """
    closed = store.update(event["executionId"], partial(record.closed, error=event.get("error"), now=_now()))
    experience.remember(closed)
    return _heading(closed) | {"status": closed["status"], "message": closed.get("error", {}).get("message", "")}


ACTIONS: Mapping[str, Callable[[Event], Record]] = {
    "begin": begin,
    "await_turn": await_turn,
    "await_approval": await_approval,
    "default_approval": default_approval,
    "skip_wave": skip_wave,
    "take_steps": take_steps,
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
    "fail_back": fail_back,
    "fail_failback": fail_failback,
    "finalize": finalize,
}


def handler(event: Event, context: Any) -> Record:
    """Lambda's entry point. Raises ValueError for an unknown action, and AWS's errors under their own names."""
    about(event.get("executionId"))
    action = ACTIONS.get(event.get("action", ""))
    if action is None:
        raise ValueError(f"unknown action {event.get('action')!r}: expected one of {', '.join(ACTIONS)}")
    with named_errors():
        result = action(event)
    logger.info(event["action"], wave=event.get("wave"), result=result)
    return result


def _change(event: Event, change: Callable[..., Record], **details: Any) -> Record:
    """Apply a change of a wave to the execution's record; the record as written."""
    return store.update_wave(event["executionId"], event["wave"], partial(change, name=event["wave"], **details))


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
    execution = store.update_wave(execution_id, name, partial(record.wave_requested, name=name, now=_now()), execution)
    since = datetime.fromisoformat(record.wave_of(execution, name)["requestedAt"])
    tags = recovery.tags_of(execution_id, name, record.wave_of(execution, name)["attempt"])
    place = places.recorded(wave)
    job_id = recovery.find_job(place, tags, since) if was_requested else None
    if job_id is None:
        servers = record.left_to_launch(wave)
        job_id = recovery.start_recovery(place, servers, tags, since, is_drill=execution["isDrill"])
    started = partial(record.wave_started, name=name, job_id=job_id, now=_now())
    return record.wave_of(store.update_wave(execution_id, name, started, execution), name)
