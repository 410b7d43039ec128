"""The items of a Distributed Map: read from S3 through the seam, told apart by format, and put into batches."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulator.engine.failures import StateFailure
from simulator.engine.json_text import decode, encode, size_bytes
from simulator.engine.machine import Batching, Reading
from simulator.engine.resources import Kind, Pattern, Resource
from simulator.engine.scope import Scope
from simulator.json_types import JsonValue

MAX_PAGES = 100_000
DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
GET_OBJECT = Resource("arn:aws:states:::s3:getObject", Kind.SERVICE, "s3", "getObject", Pattern.REQUEST_RESPONSE)
S3_URI = re.compile(r"\s*\"?s3://([^/]+)/([^\"]+?)\"?\s*")
Call = Callable[[JsonValue], Any]
"""Calls a reader's or writer's resource with parameters and gives its answer; raises `StateFailure`."""
Config = Mapping[str, Any]


def read_items(reading: Reading, scope: Scope, caller: Callable[[Resource], Call]) -> list[JsonValue]:
    """The items that an ItemReader names. Raises `StateFailure` (States.ItemReaderFailed) where they cannot be read."""
    parameters: Any = reading.arguments(scope)
    limit = reading.max_items(scope) if reading.max_items else 0
    try:
        items = _read(reading, parameters, limit, caller)
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise StateFailure("States.ItemReaderFailed", f"Failed to read the items: {error}") from error
    return items[:limit] if limit else items


def _read(reading: Reading, parameters: Any, limit: int, caller: Callable[[Resource], Call]) -> list[JsonValue]:
    config, call = reading.config, caller(reading.resource)
    if reading.resource.api == "listObjectsV2":
        flatten = config.get("Transformation") == "LOAD_AND_FLATTEN"
        listed = _listed(parameters, call, 0 if flatten else limit)
        return _loaded(parameters["Bucket"], listed, config, caller(GET_OBJECT), limit) if flatten else listed
    text = call(parameters)["Body"]
    if config.get("ManifestType") == "ATHENA_DATA":
        return [item for bucket, key in _athena_files(text) for item in _parse(_body(call, bucket, key), config)]
    if config.get("ManifestType") == "S3_INVENTORY" or config.get("InputType") == "MANIFEST":
        return _inventory(decode(text), parameters["Bucket"], call)
    return _parse(text, config)


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
            raise StateFailure("States.ItemReaderFailed", f"An item is larger than the batch limit of {most_bytes} bytes.")
        is_full = not grouped or (most and len(grouped[-1]) >= most) or (most_bytes and used + size > room)
        if is_full:
            grouped.append([])
            used = 0
        grouped[-1].append(item)
        used += size
    return [{**given, "Items": group} for group in grouped]


def _listed(parameters: Any, call: Call, limit: int) -> list[JsonValue]:
    found: list[JsonValue] = []
    for _ in range(MAX_PAGES):
        page = call(parameters)
        found.extend(page.get("Contents", []))
        token = page.get("NextContinuationToken")
        if not token or (limit and len(found) >= limit):
            break
        parameters = {**parameters, "ContinuationToken": token}
    return found


def _loaded(bucket: str, objects: Sequence[Any], config: Config, call: Call, limit: int) -> list[JsonValue]:
    """The items in all of the objects listed."""
    items: list[JsonValue] = []
    for found in objects:
        if limit and len(items) >= limit:
            break
        items.extend(_parse(_body(call, bucket, found["Key"]), config))
    return items


def _body(call: Call, bucket: str, key: str) -> str:
    return str(call({"Bucket": bucket, "Key": key})["Body"])


def _parse(text: str, config: Config) -> list[JsonValue]:
    match config.get("InputType", "JSON"):
        case "JSON":
            return _json_items(decode(text), config.get("ItemsPointer", ""))
        case "JSONL":
            return [decode(line) for line in text.splitlines() if line.strip()]
        case "CSV":
            return _csv_items(text, config)
    raise ValueError(f"the simulation cannot read the format {config.get('InputType')}, only JSON, JSONL and CSV")


def _json_items(document: Any, pointer: str) -> list[JsonValue]:
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        document = document[int(name)] if isinstance(document, list) else document[name]
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        return [{"Key": key, "Value": value} for key, value in document.items()]
    raise ValueError("the file has neither an array nor an object")


def _csv_items(text: str, config: Config) -> list[JsonValue]:
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=DELIMITERS[config.get("CSVDelimiter", "COMMA")]) if row]
    if config.get("CSVHeaderLocation", "FIRST_ROW") == "GIVEN":
        headers = config["CSVHeaders"]
    else:
        headers, rows = rows[0], rows[1:]
    return [dict(zip(headers, [*row, *[""] * (len(headers) - len(row))], strict=False)) for row in rows]


def _inventory(manifest: Any, bucket: str, call: Call) -> list[JsonValue]:
    """An S3 inventory: CSV files without headers, whose columns the manifest names."""
    config = {
        "InputType": manifest.get("fileFormat", "CSV").upper(), "CSVHeaderLocation": "GIVEN",
        "CSVHeaders": [name.strip() for name in manifest["fileSchema"].split(",")],
    }  # fmt: skip
    return [item for file in manifest["files"] for item in _parse(_body(call, bucket, file["key"]), config)]


def _athena_files(manifest: str) -> list[tuple[str, str]]:
    """The bucket and key of each data file that Athena's manifest names, one a line."""
    matches = [S3_URI.fullmatch(line) for line in manifest.splitlines() if line.strip()]
    if not all(matches):
        raise ValueError("a line of the manifest is not the address of an object, s3://bucket/key")
    return [(match[1], match[2]) for match in matches if match]
