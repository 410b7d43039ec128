"""The execution record: how a recovery stands, as DynamoDB keeps it and operators read it.

Functions take a record and give a changed copy. `status` is PENDING, RUNNING, COMPLETED, PARTIAL, FAILED, CANCELLED or
TIMED_OUT. A wave's is NOT_STARTED, AWAITING_APPROVAL, PREPARING (runbooks run before it), CONFIGURING (how its servers are
launched is being changed), PENDING (DRS is being asked to recover it), RUNNING (its job runs), VERIFYING (its servers have
launched, runbooks run and its health is checked), AWAITING_OPERATOR (it failed, and a person decides), LAUNCHED, PARTIAL,
FAILED, TIMED_OUT or SKIPPED.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from orchestration import policy
from orchestration.places import HERE, to_record
from orchestration.plan import Plan, Wave
from orchestration.plan_steps import Condition, Step
from orchestration.telling import MAX_MESSAGE, caught, failure_of, timing, wave_timing
from orchestration.waves import (
    AWAITING_APPROVAL,
    AWAITING_OPERATOR,
    CONFIGURING,
    FAILED,
    LAUNCHED,
    MAX_REASON,
    NOT_STARTED,
    PARTIAL,
    PENDING,
    PREPARING,
    RETRYING,
    RUNNING,
    SKIPPED,
    VERIFYING,
)

Record = dict[str, Any]
Change = Callable[[Record], Record]
ENDED = ("COMPLETED", "PARTIAL", "FAILED", "CANCELLED", "TIMED_OUT")
STATUSES = ("PENDING", "RUNNING", *ENDED)
LISTED = "executions"  # the same in all records: what the index of them needs to have them in one order
MAX_BYTES = 400_000  # DynamoDB's limit for an item is 400 KB
MAX_REASONS_BYTES = 20_000  # of all servers together; what does not fit is told shorter
_TOKENS = ("turnToken", "pauseToken", "operatorToken", "approvalToken")
_FAILBACK_BYTES = 200  # what a server grows by, most of which is a reason that few have
_STEP_BYTES = MAX_REASON + 300  # what a step grows by: its instants, its reason, the id of what it started


class ExecutionEnded(Exception):
    """The record says that the execution is over, as when the API gave up on a start that was accepted after all."""


class ExecutionCancelled(Exception):
    """An operator has cancelled the execution, so nothing new starts."""


def new_record(execution_id: str, plan: Plan, *, is_drill: bool, now: datetime) -> Record:
    """The record of an execution that has not begun."""
    record: Record = {
        "executionId": execution_id,
        "planId": plan.plan_id,
        "planName": plan.name,
        "isDrill": is_drill,
        "status": "PENDING",
        "createdAt": instant(now),
        "listed": LISTED,
        "waves": [_new_wave(wave) for wave in plan.waves],
        "cleanUp": is_drill and plan.cleans_up_drill,
        "wakeTokens": {},
        "version": 1,
        "wholeVersion": 1,
    }
    if plan.failback_minutes is not None and not is_drill:
        record["failback"] = {"timeoutMinutes": plan.failback_minutes}
    if plan.notify:
        record["notify"] = list(plan.notify)
    return record if plan.rto_minutes is None else record | {"rtoMinutes": plan.rto_minutes}


def _new_wave(wave: Wave) -> Record:
    document: Record = {
        "name": wave.name,
        "version": 1,
        "status": NOT_STARTED,
        "dependsOn": list(wave.depends_on),
        "timeoutMinutes": wave.timeout_minutes,
        "pollSeconds": wave.poll_seconds,
        "pollCeilingSeconds": wave.poll_ceiling_seconds,
        "onFailure": wave.on_failure,
        "retries": wave.retries,
        "minimumHealthyShare": wave.minimum_healthy_share,
        "servers": [_new_server(server, wave) for server in wave.servers],
    }
    if wave.expected_share != 1:
        document["expectedShare"] = wave.expected_share
    if wave.place != HERE:
        document["place"] = to_record(wave.place)
    if wave.launch_configuration:
        document["launchConfiguration"] = dict(wave.launch_configuration)
    if wave.tags is not None:
        document["tags"] = dict(wave.tags)
    if wave.approval is not None:
        document["approval"] = {"timeoutMinutes": wave.approval.timeout_minutes, "default": wave.approval.is_default}
    if wave.pauses_before:
        document["pauseBefore"] = True
    if wave.rto_minutes is not None:
        document["rtoMinutes"] = wave.rto_minutes
    if wave.steps:
        document["steps"] = [_new_step(step) for step in wave.steps]
    if wave.condition is not None:
        document["runIf"] = _new_condition(wave.condition)
    return document


def _new_step(step: Step) -> Record:
    return {
        "phase": step.phase,
        step.kind: step.target,
        **step.detail,
        "timeoutMinutes": step.timeout_minutes,
        "onFailure": step.on_failure,
        "status": NOT_STARTED,
    }


def _new_condition(condition: Condition) -> Record:
    if condition.health is not None:
        return {"wave": condition.wave, "health": condition.health}
    return {"wave": condition.wave, "outcome": list(condition.outcomes)}


def _new_server(server: str, wave: Wave) -> Record:
    optional = {"isOptional": True} if server in wave.optional else {}
    return {"sourceServerId": server, "launchStatus": NOT_STARTED, **optional}


def full_bytes(record: Record) -> int:
    """The most bytes that a new record may grow to: servers with instances and reasons, every wave waiting with a token.

    A wave may have the token of its last poll besides. JSON takes no less room than DynamoDB counts.
    """
    servers = sum(len(wave["servers"]) for wave in record["waves"])
    configured = sum(
        (len(json.dumps(wave["launchConfiguration"])) + 60) * len(wave["servers"])
        for wave in record["waves"]
        if "launchConfiguration" in wave
    )
    failback = _FAILBACK_BYTES * servers if "failback" in record else 0
    waves = 2_200 * len(record["waves"]) + _STEP_BYTES * sum(len(wave.get("steps", ())) for wave in record["waves"])
    return len(json.dumps(record)) + 45 * servers + configured + MAX_REASONS_BYTES + 2 * MAX_MESSAGE + waves + failback


def begun(record: Record, now: datetime) -> Record:
    """The record of an execution that has begun. Raises ExecutionEnded."""
    must_be_open(record)
    return record | {"status": RUNNING, "startedAt": record.get("startedAt", instant(now))}


def turn_asked(record: Record, name: str, token: str) -> Record:
    """A wave that waits for its turn, with the token that tells it. Raises ExecutionEnded."""
    must_be_open(record)
    return with_wave(without(record, name, "pauseToken"), name, {"turnToken": token}, {})


def approval_asked(record: Record, name: str, token: str, now: datetime) -> Record:
    """A wave whose approval people were asked for."""
    change = {"status": AWAITING_APPROVAL, "approvalToken": token, "approvalAskedAt": instant(now)}
    return with_wave(record, name, change, {})


def approval_defaulted(record: Record, name: str) -> Record:
    """A wave that nobody decided on in time: its plan does."""
    wave = wave_of(record, name)
    if "approved" in wave:
        return record
    return with_wave(record, name, {"approved": wave["approval"]["default"], "status": NOT_STARTED}, {})


def wave_requested(record: Record, name: str, now: datetime) -> Record:
    """A wave that DRS is about to be asked to recover, from now on. Raises ExecutionEnded, ExecutionCancelled."""
    must_be_open(record)
    wave = wave_of(record, name)
    if wave["status"] in (PENDING, RUNNING):
        return record
    must_not_be_cancelled(record, name)
    attempt = wave.get("attempt", 0) + 1
    change = {"status": PENDING, "requestedAt": instant(now), "attempt": attempt}
    return with_wave(without(record, name, "jobId", "endedAt", "error"), name, change, {})


def wave_started(record: Record, name: str, job_id: str, now: datetime) -> Record:
    """A wave whose job was accepted, with those of its servers that have not launched yet."""
    servers = {server: {"launchStatus": PENDING} for server in left_to_launch(wave_of(record, name))}
    change = {"status": RUNNING, "jobId": job_id, "jobStartedAt": instant(now)}
    first = {"startedAt": instant(now)} if "startedAt" not in wave_of(record, name) else {}
    return with_wave(record, name, change | first, servers)


def wave_ended(record: Record, name: str, servers: Mapping[str, Record], now: datetime, *, is_timed_out: bool) -> Record:
    """A wave whose job is over, with what there is to say of each server; what its plan says of failures is applied."""
    told = with_wave(record, name, {}, shortened(record, servers))
    wave, at = wave_of(told, name), instant(now)
    outcome = policy.outcome_of(wave, is_timed_out=is_timed_out)
    status = policy.following(wave, outcome)
    launched = {"launchedAt": at} if outcome in (LAUNCHED, PARTIAL) else {}
    ended = {} if status == VERIFYING else {"endedAt": at}
    return policy.settled(with_wave(told, name, {"status": status} | launched | ended, {}), name)


def operator_asked(record: Record, name: str, token: str) -> Record:
    """A failed wave whose fate an operator decides, with the token that tells it."""
    return with_wave(record, name, {"operatorToken": token}, {})


def wave_given_up(record: Record, name: str, now: datetime) -> Record:
    """A failed wave that waited for an operator when the execution was cancelled."""
    return with_wave(record, name, {"status": FAILED, "endedAt": instant(now)}, {})


def wave_skipped(record: Record, name: str, reason: str, now: datetime) -> Record:
    """A wave that is not recovered; waves after it start all the same if that is for its condition."""
    ruled_out = {"isRuledOut": True} if policy.is_ruled_out(record, wave_of(record, name)) else {}
    change = {"status": SKIPPED, "skippedBecause": reason, "endedAt": instant(now)}
    return with_wave(record, name, change | ruled_out, {})


def wave_broken_off(record: Record, name: str, error: Mapping[str, Any], now: datetime) -> Record:
    """A wave that an error of ours or of AWS ended, not its servers; one that has ended otherwise stays as it is."""
    if wave_of(record, name)["status"] in policy.WAVE_ENDED:
        return record
    change = {"status": FAILED, "endedAt": instant(now), "error": caught(error)}
    return policy.settled(with_wave(record, name, change, {}), name)


def closed(record: Record, error: Mapping[str, Any] | None, now: datetime) -> Record:
    """The record of an execution that is over, with its outcome. A closed record stays as it is.

    What still ran has failed with it; what never started stays NOT_STARTED. With `error` the outcome is FAILED, or TIMED_OUT
    or CANCELLED if the state machine ended so.
    """
    if record["status"] in ENDED:
        return record
    broken_off = {"status": FAILED, "endedAt": instant(now)}
    waves = [_without_tokens(wave | broken_off if wave["status"] in _OPEN else wave) for wave in record["waves"]]
    status = policy.outcome(record) if error is None else _ENDS.get(str(error.get("Error")), "FAILED")
    over = record | {"status": status, "endedAt": instant(now), "waves": waves} | _unfollowed(record, now)
    over |= timing(over, now) | {"waves": [wave | wave_timing(over, wave) for wave in waves]}
    return over if status == "COMPLETED" else over | {"error": failure_of(record, error or {})}


def _unfollowed(record: Record, now: datetime) -> Record:
    """A clean-up or failback that still goes on has failed, as nobody will see its end."""
    return {
        name: value
        for phase in ("cleanUp", "failback")
        if record.get(f"{phase}Status") == RUNNING
        for name, value in ((f"{phase}Status", FAILED), (f"{phase}EndedAt", instant(now)))
    }


_OPEN = (PREPARING, CONFIGURING, PENDING, RUNNING, RETRYING, VERIFYING, AWAITING_APPROVAL, AWAITING_OPERATOR)
_ENDS = {"ExecutionTimedOut": "TIMED_OUT", "ExecutionAborted": "CANCELLED"}


def left_to_launch(wave: Record) -> list[str]:
    """The servers of a wave that have not launched, in its order."""
    return [server["sourceServerId"] for server in wave["servers"] if server["launchStatus"] != LAUNCHED]


def wave_of(record: Record, name: str) -> Record:
    """A wave of the record by its name."""
    wave: Record = next(wave for wave in record["waves"] if wave["name"] == name)
    return wave


def must_be_open(record: Record) -> None:
    """Raises ExecutionEnded for an execution that has ended."""
    if record["status"] in ENDED:
        raise ExecutionEnded(f"execution {record['executionId']} is recorded as {record['status']} already")


def must_not_be_cancelled(record: Record, name: str) -> None:
    """Raises ExecutionCancelled for a wave of an execution that was cancelled."""
    if "cancelled" in record:
        raise ExecutionCancelled(f"execution {record['executionId']} was cancelled before wave {name} started")


def shortened(record: Record, servers: Mapping[str, Record]) -> dict[str, Record]:
    """What there is to say of servers, with reasons that leave room for those of all others."""
    limit = _reason_limit(record)
    return {
        server: detail | {"reason": detail["reason"][:limit]} if "reason" in detail else detail
        for server, detail in servers.items()
    }


def _reason_limit(record: Record) -> int:
    return min(MAX_REASON, MAX_REASONS_BYTES // sum(len(wave["servers"]) for wave in record["waves"]))


def instant(now: datetime) -> str:
    """An instant as the record writes it: ISO 8601, UTC, milliseconds."""
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def without(record: Record, name: str, *members: str) -> Record:
    """The record without some members of a wave."""
    kept = [
        {key: value for key, value in wave.items() if wave["name"] != name or key not in members} for wave in record["waves"]
    ]
    return record | {"waves": kept}


def _without_tokens(wave: Record) -> Record:
    return {key: value for key, value in wave.items() if key not in _TOKENS}


def with_wave(record: Record, name: str, change: Record, servers: Mapping[str, Record]) -> Record:
    """The record with other members of a wave and, by their ids, of its servers; another status ends what it waits for."""

    def changed(wave: Record) -> Record:
        wave = _without_tokens(wave) if "status" in change else wave
        return (
            wave | change | {"servers": [server | servers.get(server["sourceServerId"], {}) for server in wave["servers"]]}
        )

    return record | {"waves": [changed(wave) if wave["name"] == name else wave for wave in record["waves"]]}
