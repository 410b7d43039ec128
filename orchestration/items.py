"""Documents as DynamoDB items, and the writes that change as little of an item as has changed of its document."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

Document = dict[str, Any]
Item = dict[str, Any]
Path = tuple[str | int, ...]
_SERIALIZER, _DESERIALIZER = TypeSerializer(), TypeDeserializer()


def encode(document: Mapping[str, Any]) -> Item:
    """A document of JSON values as an item."""
    exact = json.loads(json.dumps(document), parse_float=Decimal)  # DynamoDB takes no binary fractions
    return {name: _SERIALIZER.serialize(value) for name, value in exact.items()}


def decode(item: Item) -> Document:
    """An item as the document it was made from."""
    return {name: _plain(_DESERIALIZER.deserialize(value)) for name, value in item.items()}


def put(table: str, document: Document, condition: str = "", values: Document | None = None) -> Document:
    """The parameters of a write of a whole item, under a condition in which `values` stand."""
    asked = {"TableName": table, "Item": encode(document)}
    if condition:
        asked["ConditionExpression"] = condition
    return asked | ({"ExpressionAttributeValues": encode(values)} if values else {})


def update(table: str, key: Document, change: "Change", expected: Mapping[Path, Any]) -> Document:
    """The parameters of a write of what changes of an item, if what is `expected`, by path, still holds.

    A path are the names of members, and the indexes of elements, on the way to what changes.
    """
    names, values = _Placeholders("#"), _Placeholders(":")
    parts = {
        "SET": [f"{_path(path, names)} = {values.of(value)}" for path, value in change.set.items()],
        "REMOVE": [_path(path, names) for path in change.removed],
        "ADD": [f"{_path(path, names)} {values.of(value)}" for path, value in change.added.items()],
    }
    conditions = [f"{_path(path, names)} = {values.of(value)}" for path, value in expected.items()]
    return {
        "TableName": table,
        "Key": encode(key),
        "UpdateExpression": " ".join(f"{verb} {', '.join(some)}" for verb, some in parts.items() if some),
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": names.known,
        "ExpressionAttributeValues": encode(values.known),
    }


@dataclass(frozen=True, slots=True)
class Change:
    """What changes of an item, by path: what is set, what is removed, and numbers that are added to."""

    set: Mapping[Path, Any]
    removed: tuple[Path, ...] = ()
    added: Mapping[Path, int] = field(default_factory=dict)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> Change:
    """What makes one document of another: of lists of the same length the elements that differ, else whole members."""
    changed = {path: value for name in after for path, value in _member_difference(name, before.get(name), after[name])}
    return Change(changed, tuple((name,) for name in before if name not in after))


def _member_difference(name: str, before: Any, after: Any) -> Iterator[tuple[Path, Any]]:
    if before == after:
        return
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        different = [index for index, element in enumerate(after) if element != before[index]]
        if len(different) == 1:  # more would make expressions that have no bound, which DynamoDB has: 4 KB
            yield (name, different[0]), after[different[0]]
            return
    yield (name,), after


class _Placeholders:
    """What stands in expressions for names and values, by placeholder."""

    def __init__(self, sign: str) -> None:
        self.known: dict[str, Any] = {}
        self._sign = sign

    def of(self, what: Any) -> str:
        """A new placeholder."""
        placeholder = f"{self._sign}{len(self.known)}"
        self.known[placeholder] = what
        return placeholder


def _path(path: Path, names: _Placeholders) -> str:
    """A path with placeholders for its names, some of which are reserved words."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{names.of(part)}" for part in path)[1:]


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
