"""Execution records, their events and plans in DynamoDB. Whatever a change was decided on still holds when it is written.

A change of the whole is written only by whoever read the record's latest version; one that concerns a single wave only by
whoever read that wave's, and the latest change of the whole, so that waves side by side do not stand in each other's way.
Every write of a record carries the events that led to it, in one transaction: the history has no gap. Which executions are
under way stands in one item, written in the same transaction as a new record, so that two cannot claim a plan or a server.
"""

import os
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from orchestration import items, outside
from orchestration.clients import client, error_code
from orchestration.items import Item
from orchestration.operators import paused_by_plan
from orchestration.places import HERE, Place, recorded
from orchestration.record import ENDED, LISTED, Change, Record, instant
from orchestration.renewal import is_renewed, renewed
from orchestration.telling import events_between

MAX_TRIES = 10
MAX_EXECUTION = timedelta(days=50)  # the state machine's TimeoutSeconds
MAX_EVENTS = 50  # of one write; a record's change has a handful
_ACTIVE = "active"  # the registry's only item
_FIRST_WAIT, _LONGEST_WAIT = 0.02, 0.5  # seconds at most before a write is tried again, twice as long each time
_OUTDATED = ("ConditionalCheckFailedException", "TransactionCanceledException", "TransactionConflictException")


class RecordMissing(LookupError):
    """There is no record of this execution."""


class RecordBusy(Exception):
    """The record was changed by others every time it was to be written."""


class AlreadyRecorded(Exception):
    """There is a record of this execution already."""


class NoSuchPage(ValueError):
    """No page told that there is one to ask for from here on."""


class Claimed(Exception):
    """Another execution that is under way has the plan, or some of the servers."""

    def __init__(self, execution_id: str, plan_id: str, servers: Sequence[str]) -> None:
        what = f"servers {', '.join(servers[:5])}{' and more' if len(servers) > 5 else ''}" if servers else f"plan {plan_id}"
        super().__init__(f"execution {execution_id} of plan {plan_id} is under way and has {what}")
        self.execution_id, self.plan_id, self.servers = execution_id, plan_id, list(servers)


def load(execution_id: str) -> Record:
    """The record of an execution. Raises RecordMissing."""
    record = find(execution_id)
    if record is None:
        raise RecordMissing(f"there is no execution {execution_id}")
    return record


def find(execution_id: str) -> Record | None:
    """The record of an execution, or None; one that an earlier release began is renewed first. Raises RecordBusy."""
    for _ in range(MAX_TRIES):
        record = _get(os.environ["EXECUTIONS_TABLE"], {"executionId": execution_id})
        if record is None or is_renewed(record):
            return record
        change = items.difference(record, renewed(record))
        if _is_written(execution_id, change, {("version",): record["version"]}, ()):
            return renewed(record)
    raise _busy(execution_id)


def find_plan(plan_id: str) -> Record | None:
    """A stored plan document, or None."""
    return _get(os.environ["PLANS_TABLE"], {"planId": plan_id})


def find_durations(plan_id: str) -> Record | None:
    """How long a plan's waves have taken, or None."""
    return _get(os.environ["DURATIONS_TABLE"], {"planId": plan_id})


def keep_durations(durations: Record) -> None:
    """Write how long a plan's waves have taken; of two at the same time the later one stays."""
    client("dynamodb").put_item(TableName=os.environ["DURATIONS_TABLE"], Item=items.encode(durations))


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
                {"Put": items.put(os.environ["EXECUTIONS_TABLE"], record, "attribute_not_exists(executionId)")},
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
    for record in _tries(execution_id, known):
        changed = paused_by_plan(change(record), datetime.now(UTC))
        if changed == record:
            return record
        version = record["version"] + 1
        changed = changed | {"version": version, "wholeVersion": version} | _expiry(changed)
        wanted = items.difference(record, changed)
        if _is_written(execution_id, wanted, {("version",): record["version"]}, _events(record, changed)):
            if changed["status"] in ENDED:
                release(execution_id)
            outside.tell(record, changed)
            return changed
    raise _busy(execution_id)


def update_wave(execution_id: str, name: str, change: Change, known: Record | None = None) -> Record:
    """The same for a change that only depends on a wave, what is said of the whole, and what is for good.

    It is written whatever becomes of other waves meanwhile, so what is returned of these may be out of date, and no pause of
    the plan comes with it: `turns.tell` sees to both.
    """
    for record in _tries(execution_id, known):
        changed = change(record)
        if changed == record:
            return record
        index = next(index for index, wave in enumerate(record["waves"]) if wave["name"] == name)
        if not _is_of_wave(record, changed, index):
            return update(execution_id, change, record)
        version = record["version"] + 1
        wave = changed["waves"][index] | {"version": version}
        changed = changed | {"version": version, "waves": [*record["waves"][:index], wave, *record["waves"][index + 1 :]]}
        expected = {
            ("wholeVersion",): record["wholeVersion"],
            ("waves", index, "version"): record["waves"][index]["version"],
        }
        wanted = items.Change({("waves", index): wave}, added={("version",): 1})
        if _is_written(execution_id, wanted, expected, _events(record, changed, index + 1)):
            outside.tell(record, changed)
            return changed
    raise _busy(execution_id)


def keep_wake_token(execution_id: str, name: str, token: str) -> None:
    """Keep the token that wakes a wave before its next poll. Nothing is decided on it, so the record's version stays."""
    change = items.Change({("wakeTokens", name): token})
    write = {"Update": _of_record(execution_id, change, {("executionId",): execution_id})}
    try:
        _write(write)
    except ClientError as error:
        if error_code(error) != "ValidationException" or not load(execution_id):  # which renews what has no room for tokens
            raise
        _write(write)


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


def executions(wanted: Mapping[str, str], limit: int, after: str | None) -> tuple[list[Record], str | None]:
    """A page of what an index has of executions, the latest first, and where to ask on from; None after the last.

    `wanted` are members that they have, by name. A page has fewer than `limit` where few of very many are wanted. Raises
    NoSuchPage.
    """
    page = client("dynamodb").query(TableName=os.environ["EXECUTIONS_TABLE"], **_listing(wanted, limit, after))
    found = [items.decode(item) for item in page["Items"]]
    last = items.decode(page["LastEvaluatedKey"]) if "LastEvaluatedKey" in page else None
    if len(found) > limit:
        found, last = found[:limit], found[limit - 1]
    return found, f"{last['createdAt']}/{last['executionId']}" if last else None


def _listing(wanted: Mapping[str, str], limit: int, after: str | None) -> dict[str, Any]:
    """The parameters of the query for a page. What is wanted is picked from all that one query reads, which is 1 MB."""
    names, values = {"#0": "listed"}, {":0": LISTED}
    names |= {f"#{number}": name for number, name in enumerate(wanted, 1)}
    values |= {f":{number}": value for number, value in enumerate(wanted.values(), 1)}
    asked: dict[str, Any] = {"IndexName": "newest", "ScanIndexForward": False, "KeyConditionExpression": "#0 = :0"}
    if wanted:
        asked["FilterExpression"] = " AND ".join(f"#{number} = :{number}" for number in range(1, len(names)))
    else:
        asked["Limit"] = limit
    if after is not None:
        created_at, _, execution_id = after.rpartition("/")
        if not (created_at and execution_id):
            raise NoSuchPage(after)
        asked["ExclusiveStartKey"] = items.encode({"listed": LISTED, "createdAt": created_at, "executionId": execution_id})
    return asked | {"ExpressionAttributeNames": names, "ExpressionAttributeValues": items.encode(values)}


def events(execution_id: str, limit: int, after: str | None) -> tuple[list[Record], str | None]:
    """A page of an execution's events, oldest first, and where to ask on from; None after the last."""
    more: dict[str, Any] = {}
    if after is not None:
        more["ExclusiveStartKey"] = items.encode({"executionId": execution_id, "sequence": after})
    page = client("dynamodb").query(
        TableName=os.environ["EVENTS_TABLE"],
        KeyConditionExpression="executionId = :id",
        ExpressionAttributeValues=items.encode({":id": execution_id}),
        ConsistentRead=True,
        Limit=limit,
        **more,
    )
    last = page.get("LastEvaluatedKey")
    return [items.decode(item) for item in page["Items"]], items.decode(last)["sequence"] if last else None


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


def _events(before: Record | None, after: Record, part: int = 0) -> Iterator[Item]:
    """What happened, to the whole (part 0) or to a wave (from 1): changes of several waves may have the same version."""
    now, retention = datetime.now(UTC), _retention_seconds()
    # An event outlives its execution, however long that takes.
    expiry = {"expiresAt": int((now + MAX_EXECUTION).timestamp()) + retention} if retention else {}
    for index, event in enumerate([*events_between(before, after)][:MAX_EVENTS]):
        key = {"executionId": after["executionId"], "sequence": f"{after['version']:06d}.{part:03d}.{index:03d}"}
        yield {
            "Put": {
                "TableName": os.environ["EVENTS_TABLE"],
                "Item": items.encode(key | {"at": instant(now)} | event | expiry),
            }
        }


def _busy(execution_id: str) -> RecordBusy:
    return RecordBusy(f"the record of {execution_id} was changed by others {MAX_TRIES} times in a row")


def _tries(execution_id: str, known: Record | None) -> Iterator[Record]:
    """The record for each try to change it, read again after every one that others were faster than."""
    for attempt in range(MAX_TRIES):
        if attempt:  # those who collided must not do so again
            time.sleep(random.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt)))
        yield known if known is not None and attempt == 0 else load(execution_id)


def _is_of_wave(before: Record, after: Record, index: int) -> bool:
    """Whether nothing differs but one wave."""
    waves = [*after["waves"][:index], before["waves"][index], *after["waves"][index + 1 :]]
    return before == after | {"waves": waves}


def _is_written(execution_id: str, change: items.Change, expected: Mapping[items.Path, Any], events: Iterable[Item]) -> bool:
    """Write a change and its events; False if what is expected of the record does not hold any more."""
    try:
        _write({"Update": _of_record(execution_id, change, expected)}, *events)
    except ClientError as error:
        if error_code(error) not in _OUTDATED:
            raise
        return False
    return True


def _of_record(execution_id: str, change: items.Change, expected: Mapping[items.Path, Any]) -> Item:
    return items.update(os.environ["EXECUTIONS_TABLE"], {"executionId": execution_id}, change, expected)


def _registry_put(registry: Record, read: int) -> Item:
    condition, values = ("version = :read", {":read": read}) if read else ("attribute_not_exists(claim)", {})
    return {"Put": items.put(os.environ["CLAIMS_TABLE"], registry, condition, values)}


def _write(*actions: Item) -> None:
    """Write items at once; a single one needs no transaction, which would cost twice as much."""
    match actions:
        case [{"Put": put}]:
            client("dynamodb").put_item(**put)
        case [{"Update": update}]:
            client("dynamodb").update_item(**update)
        case _:
            client("dynamodb").transact_write_items(TransactItems=list(actions))


def _reasons(error: ClientError) -> list[str]:
    return [reason.get("Code", "") for reason in error.response.get("CancellationReasons", [])]


def _get(table: str, key: Record) -> Record | None:
    found = client("dynamodb").get_item(TableName=table, Key=items.encode(key), ConsistentRead=True)
    return items.decode(found["Item"]) if "Item" in found else None
