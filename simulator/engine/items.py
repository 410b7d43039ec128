"""The items of a Distributed Map: read from S3 through the seam, told apart by format, and put into batches."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from simulator.engine.failures import ExpressionError, StateFailure
from simulator.engine.json_text import decode, encode, size_bytes
from simulator.engine.machine import Batching, MapState, Reading
from simulator.engine.resources import Kind, Pattern, Resource
from simulator.engine.scope import Scope
from simulator.json_types import JsonObject, JsonValue

MAX_PAGES = 100_000
DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
GET_OBJECT = Resource("arn:aws:states:::s3:getObject", Kind.SERVICE, "s3", "getObject", Pattern.REQUEST_RESPONSE)
S3_URI = re.compile(r"\s*\"?s3://([^/]+)/([^\"]+?)\"?\s*")
Call = Callable[[JsonValue], Any]
"""Calls a reader's or writer's resource with parameters and gives its answer; raises `StateFailure`."""
Config = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """One of a Distributed Map's items: a value, its key if it is a member of an object, and where it was read."""

    value: JsonValue
    key: str | None = None
    source: str = "STATE_DATA"

    @property
    def given(self) -> JsonValue:
        """What its execution is given where there is no ItemSelector."""
        return self.value if self.key is None else {"Key": self.key, "Value": self.value}

    def in_context(self, index: int) -> JsonObject:
        """`Map.Item` of the context object."""
        key: JsonObject = {} if self.key is None else {"Key": self.key}
        return {"Index": index, **key, "Value": self.value, "Source": self.source}


def state_items(state: MapState, scope: Scope) -> list[Item]:
    """The items in the state's own data. Raises `ExpressionError` if they are neither an array nor an object."""
    try:
        return list(_members(state.items(scope)))
    except ValueError:
        raise ExpressionError(f'Reference path "{state.items_path}" must point to array.') from None


def read_items(reading: Reading, scope: Scope, caller: Callable[[Resource], Call]) -> list[Item]:
    """The items that an ItemReader names. Raises `StateFailure` (States.ItemReaderFailed) where they cannot be read."""
    parameters: Any = reading.arguments(scope)
    limit = reading.max_items(scope) if reading.max_items else 0
    if limit < 0:
        raise unreadable("field MaxItems must be positive")
    try:
        return list(islice(_read(reading, parameters, limit, caller), limit or None))
    except (ValueError, KeyError, IndexError, TypeError, csv.Error) as error:
        raise unreadable(f"Failed to read the items: {error}") from error


def unreadable(cause: str) -> StateFailure:
    """The error for items that cannot be had."""
    return StateFailure("States.ItemReaderFailed", cause)


def _read(reading: Reading, parameters: Any, limit: int, caller: Callable[[Resource], Call]) -> Iterator[Item]:
    config, call = reading.config, caller(reading.resource)
    bucket = parameters["Bucket"]
    if reading.resource.api == "listObjectsV2":
        flatten = config.get("Transformation") == "LOAD_AND_FLATTEN"
        listed = _listed(parameters, call, 0 if flatten else limit)
        if flatten:
            return _loaded(((bucket, found["Key"]) for found in listed), config, caller(GET_OBJECT))
        return (Item(found, source=f"S3://{bucket}") for found in listed)
    text = call(parameters)["Body"]
    if config.get("ManifestType") == "ATHENA_DATA":
        return _loaded(_athena_files(text), config, call)
    if config.get("ManifestType") == "S3_INVENTORY" or config.get("InputType") == "MANIFEST":
        return _inventory(decode(text), bucket, call)
    return _parse(text, config, f"S3://{bucket}/{parameters['Key']}")


def batches(batching: Batching, items: Sequence[JsonValue], scope: Scope) -> list[JsonValue]:
    """Items in batches, each `{"BatchInput": ..., "Items": [...]}`. Raises `StateFailure` if one alone is too big."""
    most = batching.max_items(scope) if batching.max_items else 0
    most_bytes = batching.max_bytes(scope) if batching.max_bytes else 0
    given: dict[str, JsonValue] = {"BatchInput": batching.batch_input(scope)} if batching.batch_input else {}
    room = most_bytes - size_bytes(encode({**given, "Items": []})) if most_bytes else 0
    grouped: list[list[JsonValue]] = []
    used = 0
    for item in items:
        size = size_bytes(encode(item)) + 1
        if most_bytes and size > room:
            raise unreadable(f"An item is larger than the batch limit of {most_bytes} bytes.")
        is_full = not grouped or (most and len(grouped[-1]) >= most) or (most_bytes and used + size > room)
        if is_full:
            grouped.append([])
            used = 0
        grouped[-1].append(item)
        used += size
    return [{**given, "Items": group} for group in grouped]


def _listed(parameters: Any, call: Call, limit: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(MAX_PAGES):
        page = call(parameters)
        found.extend(page.get("Contents", []))
        token = page.get("NextContinuationToken")
        if not token or (limit and len(found) >= limit):
            break
        parameters = {**parameters, "ContinuationToken": token}
    return found


def _loaded(objects: Iterable[tuple[str, str]], config: Config, call: Call) -> Iterator[Item]:
    """The items in each of the objects of S3, named by bucket and key."""
    for bucket, key in objects:
        yield from _parse(str(call({"Bucket": bucket, "Key": key})["Body"]), config, f"S3://{bucket}/{key}")


def _parse(text: str, config: Config, source: str) -> Iterator[Item]:
    match config.get("InputType", "JSON"):
        case "JSON":
            found = _pointed(decode(text), config.get("ItemsPointer", ""))
            if not isinstance(found, list | dict):
                raise unreadable("Attempting to map over non-iterable node.")
            return _members(found, source)
        case "JSONL":
            return (Item(decode(line), source=source) for line in text.splitlines() if line.strip())
        case "CSV":
            return (Item(row, source=source) for row in _csv_rows(text, config))
    raise ValueError(f"the simulation cannot read the format {config.get('InputType')}, only JSON, JSONL and CSV")


def _members(values: JsonValue, source: str = "STATE_DATA") -> Iterator[Item]:
    """The elements of an array, or the members of an object. Raises ValueError for anything else."""
    match values:
        case list() | tuple():
            return (Item(value, source=source) for value in values)
        case dict():
            return (Item(value, key, source) for key, value in values.items())
    raise ValueError("there is neither an array nor an object")


def _pointed(document: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document


def _csv_rows(text: str, config: Config) -> list[JsonValue]:
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=DELIMITERS[config.get("CSVDelimiter", "COMMA")]) if row]
    if config.get("CSVHeaderLocation", "FIRST_ROW") == "GIVEN":
        headers = config["CSVHeaders"]
    else:
        headers, rows = (rows[0], rows[1:]) if rows else ([], [])
    if len(set(headers)) < len(headers):
        raise unreadable("CSV headers cannot contain duplicates.")
    return [dict(zip(headers, [*row, *[""] * (len(headers) - len(row))], strict=False)) for row in rows]


def _inventory(manifest: Any, bucket: str, call: Call) -> Iterator[Item]:
    """An S3 inventory: CSV files without headers, whose columns the manifest names."""
    config = {
        "InputType": manifest.get("fileFormat", "CSV").upper(), "CSVHeaderLocation": "GIVEN",
        "CSVHeaders": [name.strip() for name in manifest["fileSchema"].split(",")],
    }  # fmt: skip
    return _loaded(((bucket, file["key"]) for file in manifest["files"]), config, call)


def _athena_files(manifest: str) -> list[tuple[str, str]]:
    """The bucket and key of each data file that Athena's manifest names, one a line."""
    matches = [S3_URI.fullmatch(line) for line in manifest.splitlines() if line.strip()]
    if not all(matches):
        raise ValueError("a line of the manifest is not the address of an object, s3://bucket/key")
    return [(match[1], match[2]) for match in matches if match]
