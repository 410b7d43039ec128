"""How an execution comes about: from a request to a record, its claims, and a state machine that runs."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4, uuid5

from botocore.exceptions import BotoCoreError, ClientError

from orchestration import experience, membership, places, record, store
from orchestration.clients import client, error_code
from orchestration.logs import logger
from orchestration.plan import InvalidPlan, Plan, check, read_plan
from orchestration.plan_checks import Flaw
from orchestration.record import Record

Request = Mapping[str, Any]
MAX_PLAN_BYTES = 256 * 1024  # what Step Functions and SNS pass on at most; nothing that people plan comes near
MAX_KEY = 255  # characters
# After which what has not begun never will: the API function's time is up after half a minute.
BROKEN_OFF = timedelta(minutes=15)
MAX_BROKEN_OFF = 5  # executions that one start passes over
_KEYS = UUID("5f0f6a6c-7f0e-4d43-9d0a-3f2a1f6c9b1e")  # the namespace of the ids that are made from idempotency keys
_NOT_STARTED = "NotStarted"


class Refused(Exception):
    """A request that is answered with a problem document; `more` are members of it beside those that all have."""

    def __init__(
        self, status: int, title: str, detail: str, flaws: tuple[Flaw, ...] = (), more: Record | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail, self.flaws, self.more = status, title, detail, flaws, more or {}


def started(request: Request, key: str | None) -> Record:
    """The record of the execution that a request asks for: a new one that has been started, or the one with the same key.

    Raises Refused, and AWS's errors.
    """
    identity = _identity(request, key)
    execution = _repeated(identity) or _create(_new_execution(request, _plan(request), identity))
    if execution["status"] == "PENDING":
        _start(execution)
    return execution


def _plan(request: Request) -> Plan:
    document: Any = request["plan"] if "plan" in request else store.find_plan(request["planId"])
    if document is None and "plan" not in request:
        raise Refused(404, "Not found", f"there is no plan {request['planId']!r}")
    if len(json.dumps(document)) > MAX_PLAN_BYTES:
        raise Refused(400, "Plan too large", f"a plan may have at most {MAX_PLAN_BYTES} bytes")
    try:
        check(document)
        at = places.home()
        return read_plan(document, membership.resolve(document, at), at, experience.recall(document["planId"]))
    except InvalidPlan as invalid:
        raise Refused(400, "Invalid plan", str(invalid), invalid.flaws) from invalid


def _new_execution(request: Request, plan: Plan, identity: Record) -> Record:
    # A recovery by mistake costs more than a drill by mistake.
    execution = record.new_record(str(uuid4()), plan, is_drill=request.get("isDrill", True), now=datetime.now(UTC))
    if record.full_bytes(execution) > record.MAX_BYTES:
        raise Refused(400, "Plan too large", f"the record of an execution may grow to at most {record.MAX_BYTES} bytes")
    return execution | identity


def _identity(request: Request, key: str | None) -> Record:
    """What an Idempotency-Key makes of an execution: the same request with the same key has the same id and digest."""
    if key is None:
        return {}
    if not 0 < len(key) <= MAX_KEY:
        raise Refused(400, "Invalid request", f"an Idempotency-Key has 1 to {MAX_KEY} characters")
    digest = sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    return {"executionId": str(uuid5(_KEYS, key)), "requestDigest": digest}


def _repeated(identity: Record) -> Record | None:
    """The execution of an earlier request with the same key, whatever has become of its plan and its servers since."""
    earlier = store.find(identity["executionId"]) if identity else None
    return None if earlier is None else _same(earlier, identity["requestDigest"])


def _create(execution: Record) -> Record:
    """Write a new execution's record; the record of the earlier one if this request was sent, or written, before."""
    try:
        _claim(execution)
    except store.Claimed as claimed:
        earlier = store.find(execution["executionId"])
        if earlier is None:
            more = {"executionId": claimed.execution_id, "planId": claimed.plan_id, "servers": claimed.servers}
            raise Refused(409, "Under way already", str(claimed), more=more) from claimed
    except store.AlreadyRecorded:
        pass
    else:
        return execution
    return _same(store.load(execution["executionId"]), execution.get("requestDigest"))


def _claim(execution: Record) -> None:
    """Write a new execution's record, past those that will not begin any more. Raises what store.create does."""
    for _ in range(MAX_BROKEN_OFF):
        try:
            return store.create(execution)
        except store.Claimed as claimed:
            if not _has_broken_off(claimed.execution_id):
                raise
    return store.create(execution)


def _has_broken_off(execution_id: str) -> bool:
    """Whether an execution's start broke off between its record and its state machine; then its record is closed.

    It is not started instead: whoever asked for it got no answer, and may not want it any more. Should its state machine
    begin after all, it will find its record closed and stop.
    """
    other = store.load(execution_id)
    age = datetime.now(UTC) - datetime.fromisoformat(other["createdAt"])
    if other["status"] != "PENDING" or age < BROKEN_OFF:
        return False
    reason = {"Error": _NOT_STARTED, "Cause": f"it had not begun {age.total_seconds():.0f} seconds after its request"}
    closed = store.update(execution_id, lambda now: now if now["status"] != "PENDING" else _closed(now, reason))
    logger.warning("an execution that had not begun was closed", execution=execution_id, status=closed["status"])
    return True


def _closed(current: Record, reason: Record) -> Record:
    return record.closed(current, reason, datetime.now(UTC))


def _same(earlier: Record, digest: str | None) -> Record:
    """The earlier execution, if it was asked for by the same request and did start."""
    if earlier.get("requestDigest") != digest:
        raise Refused(422, "Idempotency key reused", "another request was sent with this Idempotency-Key before")
    if earlier.get("error", {}).get("code") == _NOT_STARTED:
        message = f"execution {earlier['executionId']} of this Idempotency-Key could not be started; use another key"
        raise Refused(409, "Not started", message)
    return earlier


def _start(execution: Record) -> None:
    """Start the state machine. If that fails, the record says so: nothing may stay PENDING that will never run.

    Should it have started although its answer got lost, it will find its record closed and stop.
    """
    execution_id = execution["executionId"]
    try:
        client("stepfunctions").start_execution(
            stateMachineArn=os.environ["STATE_MACHINE_ARN"],
            name=execution_id,
            input=json.dumps({"executionId": execution_id}),
        )
    except (ClientError, BotoCoreError) as error:
        if error_code(error) == "ExecutionAlreadyExists":  # an earlier try was accepted, and it has ended since
            return
        reason = {"Error": _NOT_STARTED, "Cause": str(error)}
        store.update(execution_id, lambda current: _closed(current, reason))
        raise
