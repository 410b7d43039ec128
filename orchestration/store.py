"""Execution records, their events and plans in DynamoDB. A record is changed only by whoever read its latest version.

Every write of a record carries the events that led to it, in one transaction: the history has no gap. Which executions are
under way stands in one item, written in the same transaction as a new record, so that two cannot claim a plan or a server.
"""

import json
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from orchestration import outside
from orchestration.clients import client, error_code
from orchestration.operators import paused_by_plan
from orchestration.places import HERE, Place, recorded
from orchestration.record import ENDED, Change, Record, instant
from orchestration.telling import events_between

MAX_TRIES = 10
MAX_EXECUTION = timedelta(days=50)  # the state machine's TimeoutSeconds
MAX_EVENTS = 50  # of one write; a record's change has a handful
_ACTIVE = "active"  # the registry's only item
_SERIALIZER, _DESERIALIZER = TypeSerializer(), TypeDeserializer()


class RecordMissing(LookupError):
    """There is no record of this execution."""


class RecordBusy(Exception):
    """The record was changed by others every time it was to be written."""


class AlreadyRecorded(Exception):
    """There is a record of this execution already."""


class Claimed(Exception):
    """Another execution that is under way has the plan, or some of the servers."""

    def __init__(self, execution_id: str, plan_id: str, servers: Sequence[str]) -> None:
        what = f"servers {', '.join(servers[:5])}{' and more' if len(servers) > 5 else ''}" if servers else f"plan {plan_id}"
        super().__init__(f"execution {execution_id} of plan {plan_id} is under way and has {what}")


def load(execution_id: str) -> Record:
    """The record of an execution. Raises RecordMissing."""
    record = find(execution_id)
    if record is None:
        raise RecordMissing(f"there is no execution {execution_id}")
    return record


def find(execution_id: str) -> Record | None:
    """The record of an execution, or None."""
    return _get(os.environ["EXECUTIONS_TABLE"], {"executionId": execution_id})


def find_plan(plan_id: str) -> Record | None:
    """A stored plan document, or None."""
    return _get(os.environ["PLANS_TABLE"], {"planId": plan_id})


def find_durations(plan_id: str) -> Record | None:
    """How long a plan's waves have taken, or None."""
    return _get(os.environ["DURATIONS_TABLE"], {"planId": plan_id})


def keep_durations(durations: Record) -> None:
    """Write how long a plan's waves have taken; of two at the same time the later one stays."""
    client("dynamodb").put_item(TableName=os.environ["DURATIONS_TABLE"], Item=_encode(durations))


def create(record: Record) -> None:
    """Write a new record and claim its plan and servers. Raises AlreadyRecorded, Claimed, RecordBusy."""
    for _ in range(MAX_TRIES):
        registry = _get(os.environ["CLAIMS_TABLE"], {"claim": _ACTIVE}) or {"claim": _ACTIVE, "version": 0, "executions": {}}
        claims = {id_: claim for id_, claim in registry["executions"].items() if id_ != record["executionId"]}
        _check_claims(record, claims)
        changed = registry | {
            "version": registry["version"] + 1,
            "executions": claims | {record["executionId"]: _claim(record)},
        }
        try:
            _write(
                _record_put(record, "attribute_not_exists(executionId)", {}),
                *_events(None, record),
                _registry_put(changed, registry["version"]),
            )
        except ClientError as error:
            if "ConditionalCheckFailed" in _reasons(error)[:1]:
                raise AlreadyRecorded(record["executionId"]) from error
            if error_code(error) not in ("TransactionCanceledException", "TransactionConflictException"):
                raise
        else:
            outside.tell(None, record)
            return
    raise RecordBusy(f"other executions were started {MAX_TRIES} times in a row")


def update(execution_id: str, change: Change, known: Record | None = None) -> Record:
    """Apply a change to the latest record and write it; the record as written. A pause that its plan asks for comes with it.

    `known` is the record as just read, if it was: if it is still the latest, it need not be read again. A change that leaves
    the record as it is writes nothing. An execution that has ended with it gives up its claims. Raises RecordMissing,
    RecordBusy.
    """
    for attempt in range(MAX_TRIES):
        record = known if known is not None and attempt == 0 else load(execution_id)
        changed = paused_by_plan(change(record), datetime.now(UTC))
        if changed == record:
            return record
        changed = changed | {"version": record["version"] + 1} | _expiry(changed)
        try:
            put = _record_put(changed, "version = :read", {":read": record["version"]})
            _write(put, *_events(record, changed))
        except ClientError as error:
            if error_code(error) not in (
                "ConditionalCheckFailedException", "TransactionCanceledException", "TransactionConflictException"
            ):  # fmt: skip
                raise
        else:
            if changed["status"] in ENDED:
                release(execution_id)
            outside.tell(record, changed)
            return changed
    raise RecordBusy(f"the record of {execution_id} was changed by others {MAX_TRIES} times in a row")


def release(execution_id: str) -> None:
    """Give up an execution's claims. One that cannot be given up now is passed over once its record has ended."""
    for _ in range(MAX_TRIES):
        registry = _get(os.environ["CLAIMS_TABLE"], {"claim": _ACTIVE})
        if registry is None or execution_id not in registry["executions"]:
            return
        claims = {id_: claim for id_, claim in registry["executions"].items() if id_ != execution_id}
        try:
            _write(_registry_put(registry | {"version": registry["version"] + 1, "executions": claims}, registry["version"]))
        except ClientError as error:
            if error_code(error) not in ("ConditionalCheckFailedException", "TransactionCanceledException"):
                raise
        else:
            return


def executions(limit: int, after: str | None) -> tuple[list[Record], str | None]:
    """A page of records, in no order, and the id to ask on from; None after the last."""
    more: dict[str, Any] = {} if after is None else {"ExclusiveStartKey": _encode({"executionId": after})}
    page = client("dynamodb").scan(TableName=os.environ["EXECUTIONS_TABLE"], Limit=limit, ConsistentRead=True, **more)
    last = page.get("LastEvaluatedKey")
    return [_decode(item) for item in page["Items"]], _decode(last)["executionId"] if last else None


def events(execution_id: str, limit: int, after: str | None) -> tuple[list[Record], str | None]:
    """A page of an execution's events, oldest first, and where to ask on from; None after the last."""
    more: dict[str, Any] = {}
    if after is not None:
        more["ExclusiveStartKey"] = _encode({"executionId": execution_id, "sequence": after})
    page = client("dynamodb").query(
        TableName=os.environ["EVENTS_TABLE"],
        KeyConditionExpression="executionId = :id",
        ExpressionAttributeValues=_encode({":id": execution_id}),
        ConsistentRead=True,
        Limit=limit,
        **more,
    )
    last = page.get("LastEvaluatedKey")
    return [_decode(item) for item in page["Items"]], _decode(last)["sequence"] if last else None


def _check_claims(record: Record, claims: Record) -> None:
    """Raises Claimed for what an execution that is really under way has; one whose record has ended lost its claims."""
    own = set(_claim(record)["servers"])
    for execution_id, claim in claims.items():
        shared = sorted(own & set(claim["servers"]))
        if claim["planId"] != record["planId"] and not shared:
            continue
        other = find(execution_id)
        if other is not None and other["status"] not in ENDED:
            raise Claimed(execution_id, claim["planId"], shared if claim["planId"] != record["planId"] else ())


def claimant_of(place: Place, server: str) -> Record | None:
    """The record of the execution under way that has a server, or None."""
    registry = _get(os.environ["CLAIMS_TABLE"], {"claim": _ACTIVE}) or {"executions": {}}
    claimed = _claimed(place, server)
    return next((find(id_) for id_, claim in registry["executions"].items() if claimed in claim["servers"]), None)


def _claim(record: Record) -> Record:
    claimed = [_claimed(recorded(wave), one["sourceServerId"]) for wave in record["waves"] for one in wave["servers"]]
    return {"planId": record["planId"], "servers": claimed}


def _claimed(place: Place, server: str) -> str:
    """What a server is claimed under: the same id may be a server of its own in another account or Region."""
    return server if place.key == HERE.key else f"{place.key}/{server}"


def _retention_seconds() -> int:
    """How long what is over is kept; 0 keeps it for good."""
    return int(os.environ["RETENTION_DAYS"]) * 86_400


def _expiry(record: Record) -> Record:
    """When DynamoDB may delete the record of an execution that has ended, if ever."""
    retention = _retention_seconds()
    if not retention or record["status"] not in ENDED:
        return {}
    return {"expiresAt": int(datetime.now(UTC).timestamp()) + retention}


def _events(before: Record | None, after: Record) -> Iterator[dict[str, Any]]:
    now, retention = datetime.now(UTC), _retention_seconds()
    # An event outlives its execution, however long that takes.
    expiry = {"expiresAt": int((now + MAX_EXECUTION).timestamp()) + retention} if retention else {}
    for index, event in enumerate([*events_between(before, after)][:MAX_EVENTS]):
        key = {"executionId": after["executionId"], "sequence": f"{after['version']:06d}.{index:03d}"}
        yield {
            "Put": {"TableName": os.environ["EVENTS_TABLE"], "Item": _encode(key | {"at": instant(now)} | event | expiry)}
        }


def _record_put(record: Record, condition: str, values: Record) -> dict[str, Any]:
    return _put(os.environ["EXECUTIONS_TABLE"], record, condition, values)


def _registry_put(registry: Record, read: int) -> dict[str, Any]:
    condition, values = ("version = :read", {":read": read}) if read else ("attribute_not_exists(claim)", {})
    return _put(os.environ["CLAIMS_TABLE"], registry, condition, values)


def _put(table: str, item: Record, condition: str, values: Record) -> dict[str, Any]:
    parameters = {"ExpressionAttributeValues": _encode(values)} if values else {}
    return {"Put": {"TableName": table, "Item": _encode(item), "ConditionExpression": condition, **parameters}}


def _write(*puts: dict[str, Any]) -> None:
    """Write items at once; a single one needs no transaction, which would cost twice as much."""
    if len(puts) == 1:
        client("dynamodb").put_item(**puts[0]["Put"])
    else:
        client("dynamodb").transact_write_items(TransactItems=list(puts))


def _reasons(error: ClientError) -> list[str]:
    return [reason.get("Code", "") for reason in error.response.get("CancellationReasons", [])]


def _get(table: str, key: Record) -> Record | None:
    found = client("dynamodb").get_item(TableName=table, Key=_encode(key), ConsistentRead=True)
    return _decode(found["Item"]) if "Item" in found else None


def _encode(document: Record) -> dict[str, Any]:
    exact = json.loads(json.dumps(document), parse_float=Decimal)  # DynamoDB takes no binary fractions
    return {name: _SERIALIZER.serialize(value) for name, value in exact.items()}


def _decode(item: dict[str, Any]) -> Record:
    return {name: _plain(_DESERIALIZER.deserialize(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value
