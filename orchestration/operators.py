"""What operators may do to an execution under way: pure changes of its record, each recorded with who, when and why.

Doing the same thing again changes nothing. What cannot be done now is refused.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from orchestration import policy, steps
from orchestration.record import ENDED, Record, instant, wave_of
from orchestration.waves import AWAITING_APPROVAL, AWAITING_OPERATOR, FAILED, NOT_STARTED, RETRYING, RUNNING

THE_PLAN = "the plan"  # who pauses where the plan does


class NotPossible(Exception):
    """The operation makes no sense for the execution, or the wave, as it stands."""


def paused(record: Record, note: Record) -> Record:
    """No further wave starts; what runs goes on."""
    _must_run(record)
    return record if "paused" in record else _noted(record | {"paused": note}, note)


def resumed(record: Record, note: Record) -> Record:
    """Waves start again."""
    _must_run(record)
    if "paused" not in record:
        return record
    return _noted({key: value for key, value in record.items() if key != "paused"}, note)


def cancelled(record: Record, note: Record) -> Record:
    """No further wave starts, jobs that run come to their end, and the execution ends as CANCELLED.

    With `terminate` in the note, what it has launched is terminated at the end; that may be asked for later, too.
    """
    adds_nothing = record.get("cleanUp") or not note.get("terminate")
    if adds_nothing and (record["status"] == "CANCELLED" or "cancelled" in record):
        return record
    if record["status"] in ENDED or "cancelled" not in record:
        _must_run(record)
        return _noted(record | {"cancelled": note, "cleanUp": bool(note.get("terminate"))}, note)
    return _noted(record | {"cancelled": record["cancelled"] | {"terminate": True}, "cleanUp": True}, note)


def failback_stopped(record: Record, note: Record) -> Record:
    """Nobody waits any more for the failback to be ready; replication back goes on."""
    if record.get("failbackStatus") == "STOPPED":
        return record
    if record["status"] in ENDED or record.get("failbackStatus") != RUNNING:
        raise NotPossible(f"execution {record['executionId']} has no failback under way")
    return _noted(record | {"failbackStatus": "STOPPED", "failbackEndedAt": note["at"]}, note)


def approved(record: Record, note: Record) -> Record:
    """A wave that needs approval has it."""
    return _decided(record, note, is_approved=True)


def refused(record: Record, note: Record) -> Record:
    """A wave that needs approval is not approved, and skipped."""
    return _decided(record, note, is_approved=False)


def skipped(record: Record, note: Record) -> Record:
    """A wave that has not started is passed over; waves after it start all the same."""
    _must_run(record)
    wave = wave_of(record, note["wave"])
    if wave.get("isSkippedByOperator"):
        return record
    if wave["status"] not in (NOT_STARTED, AWAITING_APPROVAL):
        raise NotPossible(f"wave {wave['name']} is {wave['status']}; only one that has not started can be skipped")
    return _noted(_changed(record, wave, {"isSkippedByOperator": True}), note)


def retried(record: Record, note: Record) -> Record:
    """A failed wave that waits for a decision is tried again: what did not launch, or the step that it failed at."""
    return _settled(record, note, steps.again, {"status": RETRYING})


def continued(record: Record, note: Record) -> Record:
    """The execution goes on without what a failed wave did not launch, or the wave without the step that it failed at."""
    return _settled(record, note, steps.passed_over, {"status": FAILED, "isAccepted": True})


OPERATIONS: Mapping[str, Callable[[Record, Record], Record]] = {
    "pause": paused,
    "resume": resumed,
    "cancel": cancelled,
    "stop-failback": failback_stopped,
}
WAVE_OPERATIONS: Mapping[str, Callable[[Record, Record], Record]] = {
    "approve": approved,
    "refuse": refused,
    "skip": skipped,
    "retry": retried,
    "continue": continued,
}


def paused_by_plan(record: Record, now: datetime) -> Record:
    """The execution is paused if the turn has come of a wave before which its plan pauses. It does so once for each."""
    if record["status"] in ENDED:
        return record
    wave = next((one for one in record["waves"] if _pauses_before(record, one)), None)
    if wave is None:
        return record
    note = note_of("pause", THE_PLAN, now, wave=wave["name"], reason=f"before wave {wave['name']}")
    waiting = {name: value for name, value in wave.items() if name != "turnToken"}
    waiting |= {"pauseToken": wave["turnToken"], "pausedBeforeAt": instant(now)}
    waves = [waiting if one is wave else one for one in record["waves"]]
    return _noted({**record, "waves": waves, "paused": note}, note)


def _pauses_before(record: Record, wave: Record) -> bool:
    if "pauseBefore" not in wave or "pausedBeforeAt" in wave or "turnToken" not in wave:
        return False
    turn = policy.turn_of(record, wave)
    return turn is not None and turn[0] != policy.SKIP


def note_of(operation: str, by: str, now: datetime, **more: Any) -> Record:
    """Who did what, when, and what more there is to say: `reason`, `wave`, `terminate`; what is empty is left out."""
    note: dict[str, Any] = {"type": "operation", "operation": operation, "by": by, "at": instant(now)}
    return note | {name: value for name, value in more.items() if value}


def _decided(record: Record, note: Record, *, is_approved: bool) -> Record:
    _must_run(record)
    wave = wave_of(record, note["wave"])
    if "approval" not in wave:
        raise NotPossible(f"wave {wave['name']} needs no approval")
    if wave.get("approved") is is_approved:
        return record
    if "approved" in wave or wave["status"] not in (NOT_STARTED, AWAITING_APPROVAL):
        raise NotPossible(
            f"wave {wave['name']} was {'approved' if wave.get('approved') else 'refused'} and is {wave['status']}"
        )
    return _noted(_changed(record, wave, {"approved": is_approved}), note)


def _settled(record: Record, note: Record, of_step: Callable[[Record, int], Record], change: Record) -> Record:
    _must_run(record)
    wave = wave_of(record, note["wave"])
    if wave["status"] != AWAITING_OPERATOR:
        if _last_decision(record, wave) == note["operation"]:
            return record
        raise NotPossible(f"wave {wave['name']} is {wave['status']} and waits for no decision")
    held = steps.held_step(wave)
    change = change if held is None else of_step(wave, held)
    return _noted(_changed(record, wave, change), note)


def _last_decision(record: Record, wave: Record) -> str | None:
    """What was decided last on a wave. It is being done until the wave waits for a decision again."""
    decided = [one["operation"] for one in record.get("operations", ()) if one.get("wave") == wave["name"]]
    return decided[-1] if decided else None


def _must_run(record: Record) -> None:
    if record["status"] in ENDED:
        raise NotPossible(f"execution {record['executionId']} has ended as {record['status']}")
    if "cancelled" in record:
        raise NotPossible(f"execution {record['executionId']} is being cancelled")
    if "failbackStatus" in record:
        raise NotPossible(f"execution {record['executionId']} has recovered; its failback is {record['failbackStatus']}")


def _changed(record: Record, wave: Record, change: Record) -> Record:
    waves = [{**one, **change} if one["name"] == wave["name"] else one for one in record["waves"]]
    return {**record, "waves": waves}


def _noted(record: Record, note: Record) -> Record:
    return {**record, "operations": [*record.get("operations", []), note]}
