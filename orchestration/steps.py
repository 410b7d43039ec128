"""The steps of a wave as its record keeps them: runbooks before and after its servers, checks of its health. Pure.

A step is NOT_STARTED, RUNNING, SUCCEEDED, FAILED or TIMED_OUT. One that has not succeeded holds its wave, unless it is
passed over: because the plan says so, or an operator.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from orchestration import policy
from orchestration.plan_steps import BEFORE, HEALTH, subject
from orchestration.record import Record, instant, wave_of, with_wave, without
from orchestration.waves import (
    AWAITING_OPERATOR,
    FAILED,
    MAX_REASON,
    NOT_STARTED,
    PREPARING,
    RUNNING,
    TIMED_OUT,
    VERIFYING,
    next_poll_seconds,
)

SUCCEEDED = "SUCCEEDED"
OVER = (SUCCEEDED, FAILED, TIMED_OUT)


def due(wave: Record) -> int | None:
    """The place of the step that a wave is at: of those before its servers, or once they have launched of the others.

    None if all of them are over.
    """
    is_before = wave["status"] != VERIFYING
    for place, step in enumerate(wave.get("steps", ())):
        if (step["phase"] == BEFORE) is is_before and not _is_behind(step):
            return place
    return None


def is_late(step: Mapping[str, Any], now: datetime) -> bool:
    """Whether a step has had all the time that its plan gives it."""
    return now - datetime.fromisoformat(step["startedAt"]) >= timedelta(minutes=step["timeoutMinutes"])


def wait_seconds(wave: Record, now: datetime) -> int:
    """When to look again at a step that goes on: ever less often the longer it takes, and not after its time is up."""
    place = due(wave)
    step = wave["steps"][place] if place is not None else {}
    if "startedAt" not in step:
        return int(wave["pollSeconds"])
    elapsed = (now - datetime.fromisoformat(step["startedAt"])).total_seconds()
    left = max(0, ceil(float(step["timeoutMinutes"]) * 60 - elapsed))
    return min(left, next_poll_seconds(elapsed, 0, wave["pollSeconds"], wave["pollCeilingSeconds"]))


def step_started(record: Record, name: str, place: int, now: datetime) -> Record:
    """A wave of which a step begins. One that has begun stays as it is."""
    wave = wave_of(record, name)
    if wave["steps"][place]["status"] != NOT_STARTED:
        return record
    status = VERIFYING if wave["status"] == VERIFYING else PREPARING
    begun = {"status": RUNNING, "startedAt": instant(now), "attempt": wave["steps"][place].get("attempt", 0) + 1}
    cleared = without(record, name, "endedAt", "error")
    return with_wave(cleared, name, {"status": status, "steps": _changed(wave, place, begun)}, {})


def step_noted(record: Record, name: str, place: int, note: Mapping[str, Any]) -> Record:
    """A wave of which a step goes on, with what is to be remembered of it until it is looked at again."""
    return with_wave(record, name, {"steps": _changed(wave_of(record, name), place, note)}, {})


def step_ended(record: Record, name: str, place: int, status: str, reason: str, now: datetime) -> Record:
    """A wave of which a step is over. Where it has not succeeded, the plan's word on that is applied."""
    wave = wave_of(record, name)
    step = wave["steps"][place]
    if step["status"] in OVER:
        return record
    told: Record = {"status": status, "endedAt": instant(now)}
    if reason:
        told["reason"] = reason[:MAX_REASON]
    if status != SUCCEEDED and step["onFailure"] == policy.CONTINUE:
        told["isPassedOver"] = True
    changed = step_noted(record, name, place, told)
    return changed if status == SUCCEEDED or "isPassedOver" in told else _wave_failed(changed, name, step, told, now)


def steps_done(record: Record, name: str, now: datetime) -> Record:
    """A wave that has launched, and all of whose steps are over: it has ended."""
    wave = wave_of(record, name)
    if wave["status"] != VERIFYING:
        return record
    status = policy.outcome_of(wave, is_timed_out=False)
    return with_wave(record, name, {"status": status, "endedAt": instant(now)}, {})


def held_step(wave: Mapping[str, Any]) -> int | None:
    """The place of the step that a failed wave failed at, or None if that was something else."""
    for place, step in enumerate(wave.get("steps", ())):
        if step["status"] in (FAILED, TIMED_OUT) and "isPassedOver" not in step:
            return place
    return None


def again(wave: Record, place: int) -> Record:
    """What changes in a wave whose failed step is taken again."""
    kept = {name: value for name, value in wave["steps"][place].items() if name not in _OF_A_TRY}
    steps = [kept | {"status": NOT_STARTED} if at == place else one for at, one in enumerate(wave["steps"])]
    return {"status": _resumed(wave, place), "steps": steps}


def passed_over(wave: Record, place: int) -> Record:
    """What changes in a wave that goes on without a step that failed."""
    return {"status": _resumed(wave, place), "steps": _changed(wave, place, {"isPassedOver": True})}


_OF_A_TRY = ("status", "startedAt", "endedAt", "reason", "runId", "commandIds")


def _resumed(wave: Record, place: int) -> str:
    return PREPARING if wave["steps"][place]["phase"] == BEFORE else VERIFYING


def _is_behind(step: Record) -> bool:
    return step["status"] == SUCCEEDED or "isPassedOver" in step


def _changed(wave: Record, place: int, change: Mapping[str, Any]) -> list[Record]:
    return [{**one, **change} if at == place else one for at, one in enumerate(wave["steps"])]


def _wave_failed(record: Record, name: str, step: Record, told: Record, now: datetime) -> Record:
    """A wave that fails at a step: for good, or until an operator has decided."""
    wave = wave_of(record, name)
    code = "HealthCheckFailed" if step["phase"] == HEALTH else "RunbookFailed"
    how = "timed out" if told["status"] == TIMED_OUT else "failed"
    message = f"{subject(step)} {how}{': ' if 'reason' in told else ''}{told.get('reason', '')}"
    pauses = policy.PAUSE in (step["onFailure"], wave["onFailure"])
    change = {
        "status": AWAITING_OPERATOR if pauses else FAILED,
        "endedAt": instant(now),
        "error": {"code": code, "message": message},
    }
    return policy.settled(with_wave(record, name, change, {}), name)
