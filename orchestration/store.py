"""Execution records and plans in DynamoDB. A record is changed only by whoever read its latest version."""

import json
import os
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from orchestration.clients import client, error_code
from orchestration.record import Change, Record

MAX_TRIES = 10
_SERIALIZER, _DESERIALIZER = TypeSerializer(), TypeDeserializer()


class RecordMissing(LookupError):
    """There is no record of this execution."""


class RecordBusy(Exception):
    """The record was changed by others every time it was to be written."""


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


def create(record: Record) -> None:
    """Write a new record. Raises DynamoDB's ConditionalCheckFailedException if the execution has one."""
    _put(record, "attribute_not_exists(executionId)", {})


def update(execution_id: str, change: Change, known: Record | None = None) -> Record:
    """Apply a change to the latest record and write it; the record as written.

    `known` is the record as just read, if it was: if it is still the latest, it need not be read again. A change that leaves
    the record as it is writes nothing. Raises RecordMissing, RecordBusy.
    """
    for attempt in range(MAX_TRIES):
        record = known if known is not None and attempt == 0 else load(execution_id)
        changed = change(record)
        if changed == record:
            return record
        changed = changed | {"version": record["version"] + 1}
        try:
            _put(changed, "version = :read", {":read": record["version"]})
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
        else:
            return changed
    raise RecordBusy(f"the record of {execution_id} was changed by others {MAX_TRIES} times in a row")


def _get(table: str, key: Record) -> Record | None:
    found = client("dynamodb").get_item(TableName=table, Key=_encode(key), ConsistentRead=True)
    return _decode(found["Item"]) if "Item" in found else None


def _put(record: Record, condition: str, values: Record) -> None:
    parameters = {"ExpressionAttributeValues": _encode(values)} if values else {}
    client("dynamodb").put_item(
        TableName=os.environ["EXECUTIONS_TABLE"], Item=_encode(record), ConditionExpression=condition, **parameters
    )


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
