"""Who may start, what follows a wave's end, and how the whole ends: pure decisions over the execution's record.

Waves form a graph. A wave's turn comes when every wave before it has ended in a way its plan accepts, no operator holds the
execution back, and DRS has room for its servers.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestration.places import recorded
from orchestration.plan_steps import BEFORE, HEALTH, RED
from orchestration.waves import (
    AWAITING_OPERATOR,
    CONFIGURING,
    FAILED,
    LAUNCHED,
    PARTIAL,
    PENDING,
    PREPARING,
    RETRYING,
    RUNNING,
    SKIPPED,
    TIMED_OUT,
    VERIFYING,
)

Record = Mapping[str, Any]

# What an open turn comes to.
START, APPROVE, SKIP = "START", "APPROVE", "SKIP"
# What START is for a wave whose launch configuration or runbooks come first; what comes before a wave that pauses the plan.
CONFIGURE, PREPARE, PAUSED = "CONFIGURE", "PREPARE", "PAUSED"
# What a plan says of a wave that fails.
STOP, CONTINUE, PAUSE = "stop", "continue", "pause"

WAVE_ENDED = (LAUNCHED, PARTIAL, FAILED, TIMED_OUT, SKIPPED)
IN_JOBS = (PREPARING, CONFIGURING, PENDING, RUNNING, RETRYING)
# Quotas of DRS per account and Region: waves beyond them wait for others to end.
MAX_JOBS, MAX_SERVERS_IN_JOBS = 20, 500


def turn_of(record: Record, wave: Record) -> tuple[str, str] | None:
    """(START, APPROVE or SKIP, why) of a wave whose turn has come, or None while it must wait."""
    reason = _skipped_because(record, wave)
    if reason:
        return SKIP, reason
    if not is_ready(record, wave) or "paused" in record:
        return None
    if is_ruled_out(record, wave):
        return SKIP, _condition_not_met(record, wave)
    if wave.get("approval") and "approved" not in wave:
        return APPROVE, f"wave {wave['name']} needs approval"
    return (START, "") if _has_room(record["waves"], wave) else None


def answers(record: Record) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every task token that can be sent back now, whose it is and with what: turns, approvals, operators' decisions."""
    waves = list(record["waves"])
    for index, wave in enumerate(waves):
        turn = turn_of({**record, "waves": waves}, wave) if "turnToken" in wave else None
        if turn is not None:
            if turn[0] == START:  # two that start now share the room that DRS has
                waves[index] = {**wave, "status": PENDING}
            yield wave["name"], wave["turnToken"], _turn_answer(wave, *turn)
        if "pauseToken" in wave:
            yield wave["name"], wave["pauseToken"], _turn_answer(wave, PAUSED, f"the plan pauses before wave {wave['name']}")
        if "approvalToken" in wave and ("approved" in wave or _skipped_because(record, wave)):
            yield wave["name"], wave["approvalToken"], {}
        if "operatorToken" in wave and (decision := _decision(record, wave)):
            yield wave["name"], wave["operatorToken"], {"decision": decision}


def is_ready(record: Record, wave: Record) -> bool:
    """Whether every wave that a wave waits for has ended, those that it depends on in a way that lets it start."""
    if unmet_dependencies(wave, record["waves"]):
        return False
    return "runIf" not in wave or _wave(record, wave["runIf"]["wave"])["status"] in WAVE_ENDED


def is_ruled_out(record: Record, wave: Record) -> bool:
    """Whether a wave has a condition that is known not to be met."""
    if "runIf" not in wave:
        return False
    other, condition = _wave(record, wave["runIf"]["wave"]), wave["runIf"]
    if other["status"] not in WAVE_ENDED:
        return False
    if "health" in condition:
        return bool(health_of(other) != condition["health"])
    return other["status"] not in condition["outcome"]


def health_of(wave: Record) -> str | None:
    """GREEN or RED, by the checks of a wave that were made; None if none was, or not all."""
    made = [step["status"] for step in wave.get("steps", ()) if step["phase"] == HEALTH]
    if any(status in (FAILED, TIMED_OUT) for status in made):
        return RED
    return "GREEN" if made and all(status == "SUCCEEDED" for status in made) else None


def unmet_dependencies(wave: Record, waves: Sequence[Record]) -> list[str]:
    """The waves that `wave` depends on and that have not ended in a way that lets it start."""
    satisfied = {other["name"] for other in waves if is_satisfied(other)}
    return [name for name in wave["dependsOn"] if name not in satisfied]


def is_satisfied(wave: Record) -> bool:
    """Whether a wave has ended so that those after it may start."""
    match wave["status"]:
        case "LAUNCHED" | "PARTIAL":
            return True
        case "SKIPPED":
            return bool(wave.get("isSkippedByOperator") or wave.get("isRuledOut"))
        case "FAILED" | "TIMED_OUT":
            return bool(wave.get("isAccepted"))
    return False


def outcome_of(wave: Record, *, is_timed_out: bool) -> str:
    """The status of a wave whose job is over.

    LAUNCHED if every server has launched, and no step was passed over; PARTIAL if something has, and of the servers that are
    not optional at least the plan's minimum healthy share; else FAILED or TIMED_OUT.
    """
    launched = [server for server in wave["servers"] if server["launchStatus"] == LAUNCHED]
    if len(launched) == len(wave["servers"]):
        # Servers come before the steps after them, which only a wave that is past them can lack.
        lacks = [step for step in wave.get("steps", ()) if step["status"] != "SUCCEEDED"]
        is_past = wave["status"] == VERIFYING
        return PARTIAL if any(is_past or "isPassedOver" in step for step in lacks) else LAUNCHED
    critical = [server for server in wave["servers"] if not server.get("isOptional")]
    healthy = sum(server["launchStatus"] == LAUNCHED for server in critical)
    if launched and healthy >= wave["minimumHealthyShare"] * len(critical):
        return PARTIAL
    return TIMED_OUT if is_timed_out else FAILED


def following(wave: Record, outcome: str) -> str:
    """The status of a wave whose job has come to an outcome: that, or RETRYING what failed, or an operator decides.

    What has launched is VERIFYING while there are runbooks to run and health to check.
    """
    if outcome in (LAUNCHED, PARTIAL):
        return VERIFYING if any(step["phase"] != BEFORE for step in wave.get("steps", ())) else outcome
    if outcome == FAILED and wave.get("attempt", 1) <= wave["retries"]:
        return RETRYING
    return AWAITING_OPERATOR if wave.get("onFailure") == PAUSE else outcome


def settled(record: dict[str, Any], name: str) -> dict[str, Any]:
    """The record after a wave has failed for good: what its plan says of that."""
    wave = next(wave for wave in record["waves"] if wave["name"] == name)
    if is_satisfied(wave) or wave["status"] not in (FAILED, TIMED_OUT):
        return record
    if wave.get("onFailure") == CONTINUE:
        accepted = [{**one, "isAccepted": True} if one["name"] == name else one for one in record["waves"]]
        return {**record, "waves": accepted}
    return record if "stoppedBy" in record else {**record, "stoppedBy": name}


def outcome(record: Record) -> str:
    """How an execution ends whose waves have all ended: COMPLETED, PARTIAL, FAILED, CANCELLED or TIMED_OUT."""
    waves = record["waves"]
    if "cancelled" in record:
        return "CANCELLED"
    if all(wave["status"] == LAUNCHED or wave.get("isRuledOut") for wave in waves):
        return "COMPLETED"
    launched = any(server["launchStatus"] == LAUNCHED for wave in waves for server in wave["servers"])
    if launched and all(is_satisfied(wave) for wave in waves):
        return "PARTIAL"
    stopped = next((wave for wave in waves if wave["name"] == record.get("stoppedBy")), None)
    return "TIMED_OUT" if stopped and stopped["status"] == TIMED_OUT else "FAILED"


def _decision(record: Record, wave: Record) -> str | None:
    """What an operator has decided of a failed wave, None if nothing yet."""
    if wave["status"] == RETRYING:
        return "RETRY"
    if wave["status"] in (PREPARING, VERIFYING):
        return "STEPS"
    if wave["status"] == AWAITING_OPERATOR:
        return "GIVE_UP" if "cancelled" in record else None
    return "CONTINUE"


def _turn_answer(wave: Record, decision: str, reason: str) -> dict[str, Any]:
    if decision == START:
        has_runbooks = any(step["phase"] == BEFORE for step in wave.get("steps", ()))
        decision = PREPARE if has_runbooks else CONFIGURE if "launchConfiguration" in wave else START
    approval = wave.get("approval", {"timeoutMinutes": 0})["timeoutMinutes"]
    return {"decision": decision, "reason": reason, "approvalSeconds": round(approval * 60)}


def _condition_not_met(record: Record, wave: Record) -> str:
    other, condition = _wave(record, wave["runIf"]["wave"]), wave["runIf"]
    if "health" in condition:
        return f"it runs if the health of wave {other['name']} is {condition['health']}, not {health_of(other) or 'unknown'}"
    return f"it runs if wave {other['name']} is {' or '.join(condition['outcome'])}, not {other['status']}"


def _wave(record: Record, name: str) -> Record:
    found: Record = next(wave for wave in record["waves"] if wave["name"] == name)
    return found


def _said(record: Record, wave: Record, operation: str) -> str:
    """The reason that an operator gave with a decision on a wave, after a colon; nothing if there is none."""
    notes = [one for one in record.get("operations", []) if (one["operation"], one.get("wave")) == (operation, wave["name"])]
    reason = notes[-1].get("reason") if notes else None
    return f": {reason}" if reason else ""


def _skipped_because(record: Record, wave: Record) -> str:
    if "cancelled" in record:
        return "the execution was cancelled"
    if wave.get("isSkippedByOperator"):
        return f"an operator skipped it{_said(record, wave, 'skip')}"
    if wave.get("approved") is False:
        return f"its approval was refused{_said(record, wave, 'refuse')}"
    if "stoppedBy" in record:
        return f"wave {record['stoppedBy']} failed, which stops the plan"
    ended = {other["name"]: other for other in record["waves"] if other["status"] in WAVE_ENDED}
    lost = [name for name in wave["dependsOn"] if name in ended and not is_satisfied(ended[name])]
    return f"it depends on {', '.join(lost)}, which did not launch" if lost else ""


def _has_room(waves: Sequence[Record], wave: Record) -> bool:
    """Whether DRS can take one more job with the wave's servers beside those of this execution that run in its place."""
    place = recorded(wave).key
    running = [other for other in waves if other["status"] in IN_JOBS and recorded(other).key == place]
    servers = sum(len(other["servers"]) for other in running)
    return len(running) < MAX_JOBS and servers + len(wave["servers"]) <= MAX_SERVERS_IN_JOBS
