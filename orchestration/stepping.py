"""The steps of a wave are taken: runbooks before and after its servers, then checks of its health, one after the other.

An invocation begins or looks at as many steps as go by without a wait; the state machine asks again until none is left.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from orchestration import health, places, record, runbooks, steps, store, turns
from orchestration.clients import TRANSIENT, error_code
from orchestration.logs import logger
from orchestration.looks import Look
from orchestration.plan_steps import HEALTH, subject
from orchestration.record import Record
from orchestration.waves import FAILED, NOT_STARTED, PREPARING, RUNNING, TIMED_OUT, VERIFYING

Event = Mapping[str, Any]
WAITING, PREPARED = "WAITING", "PREPARED"
# What time may mend besides: too many runbooks, no agent yet on a machine that has just been launched.
_LATER = TRANSIENT | {"AutomationExecutionLimitExceededException", "InvalidInstanceId", "InvocationDoesNotExist"}


def take_steps(event: Event) -> Record:
    """Take what steps of a wave there are now: WAITING while one goes on, PREPARED if its recovery may start.

    Any other status is the wave's own.
    """
    execution = store.load(event["executionId"])
    while True:
        wave = record.wave_of(execution, event["wave"])
        place = steps.due(wave)
        if wave["status"] not in (NOT_STARTED, PREPARING, VERIFYING):
            return _answer(wave["status"])
        if place is None or _is_called_off(execution, wave, place):
            return _done(execution, wave)
        execution = _taken(execution, wave, place)
        wave = record.wave_of(execution, event["wave"])
        if steps.due(wave) == place and wave["steps"][place]["status"] == RUNNING:
            return _answer(WAITING, steps.wait_seconds(wave, _now()))


def _is_called_off(execution: Record, wave: Record, place: int) -> bool:
    """Whether the execution was cancelled before a step began; what has begun comes to its end."""
    return "cancelled" in execution and wave["steps"][place]["status"] == NOT_STARTED


def _done(execution: Record, wave: Record) -> Record:
    """What follows the last step of a wave, before or after its servers."""
    if wave["status"] != VERIFYING:
        if "cancelled" not in execution:
            return _answer(PREPARED)
        change: Callable[..., Record] = partial(record.wave_skipped, reason="the execution was cancelled")
    else:
        change = steps.steps_done
    execution = store.update_wave(
        execution["executionId"], wave["name"], partial(change, name=wave["name"], now=_now()), execution
    )
    turns.tell(execution["executionId"])
    return _answer(record.wave_of(execution, wave["name"])["status"])


def _taken(execution: Record, wave: Record, place: int) -> Record:
    """The record after a step was begun, or looked at."""
    change: Callable[..., Record] = partial(steps.step_started, name=wave["name"], place=place, now=_now())
    execution = store.update_wave(execution["executionId"], wave["name"], change, execution)
    wave = record.wave_of(execution, wave["name"])
    step = wave["steps"][place]
    look = _look(execution, wave, place)
    if look.status is None and steps.is_late(step, _now()):
        look = _given_up(wave, step, look)
    if look.status is not None:
        change = partial(steps.step_ended, place=place, status=look.status, reason=look.reason, now=_now())
    else:
        change = partial(steps.step_noted, place=place, note=look.note)
    changed = store.update_wave(execution["executionId"], wave["name"], partial(change, name=wave["name"]), execution)
    if look.status is not None:
        turns.tell(execution["executionId"])
    return changed


def _look(execution: Record, wave: Record, place: int) -> Look:
    """How a step stands. What AWS refuses for good has failed; what it cannot say now is asked again."""
    step = wave["steps"][place]
    look = health.look if step["phase"] == HEALTH else runbooks.look
    try:
        return look(execution, wave, place)
    except (ClientError, BotoCoreError) as error:
        logger.warning("a step cannot be taken now", step=subject(step), error=str(error))
        if error_code(error) in _LATER or step["phase"] == HEALTH:
            return Look(None, str(error))
        return Look(FAILED, str(error))


def _given_up(wave: Record, step: Record, look: Look) -> Look:
    """A step whose time is up: a runbook is stopped, health is red."""
    if step["phase"] == HEALTH:
        return Look(FAILED, f"not green within {step['timeoutMinutes']} minutes: {look.reason}")
    runbooks.stop(places.recorded(wave), step)
    return Look(TIMED_OUT, f"not over within {step['timeoutMinutes']} minutes")


def _answer(status: str, wait_seconds: int = 0) -> Record:
    return {"status": status, "waitSeconds": wait_seconds}


def _now() -> datetime:
    return datetime.now(UTC)
