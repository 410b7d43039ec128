"""The items of a Distributed Map: read from S3 through the seam, told apart by format, and put into batches."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulator.engine.failures import StateFailure
from simulator.engine.json_text import decode, encode, size_bytes
from simulator.engine.machine import Batching, Reading
from simulator.engine.scope import Scope
from simulator.json_types import JsonValue

MAX_PAGES = 100_000
DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
Call = Callable[[JsonValue], Any]
"""Calls the reader's resource with parameters and gives its answer; raises `StateFailure`."""


def read_items(reading: Reading, scope: Scope, call: Call) -> list[JsonValue]:
    """The items that an ItemReader names. Raises `StateFailure` (States.ItemReaderFailed) where they cannot be read."""
    parameters: Any = reading.arguments(scope)
    limit = reading.max_items(scope) if reading.max_items else 0
    try:
        if reading.resource.api == "listObjectsV2":
            items = _listed(parameters, call, limit)
        else:
            items = _parse(call(parameters), reading.config, parameters, call)
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise StateFailure("States.ItemReaderFailed", f"Failed to read the items: {error}") from error
    return items[:limit] if limit else items


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


def _parse(answer: Any, config: Mapping[str, Any], parameters: Any, call: Call) -> list[JsonValue]:
    text = answer["Body"]
    match config.get("InputType", "JSON"):
        case "JSON":
            return _json_items(decode(text), config.get("ItemsPointer", ""))
        case "JSONL":
            return [decode(line) for line in text.splitlines() if line.strip()]
        case "CSV":
            return _csv_items(text, config)
        case "MANIFEST":
            return _manifest_items(decode(text), parameters, call)
    raise ValueError(f"InputType {config.get('InputType')} cannot be read")


def _json_items(document: Any, pointer: str) -> list[JsonValue]:
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        document = document[int(name)] if isinstance(document, list) else document[name]
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        return [{"Key": key, "Value": value} for key, value in document.items()]
    raise ValueError("the file has neither an array nor an object")


def _csv_items(text: str, config: Mapping[str, Any]) -> list[JsonValue]:
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=DELIMITERS[config.get("CSVDelimiter", "COMMA")]) if row]
    if config.get("CSVHeaderLocation", "FIRST_ROW") == "GIVEN":
        headers = config["CSVHeaders"]
    else:
        headers, rows = rows[0], rows[1:]
    return [dict(zip(headers, [*row, *[""] * (len(headers) - len(row))], strict=False)) for row in rows]


def _manifest_items(manifest: Any, parameters: Any, call: Call) -> list[JsonValue]:
    """An S3 inventory: CSV files without headers, whose columns the manifest names."""
    headers = [name.strip() for name in manifest["fileSchema"].split(",")]
    items: list[JsonValue] = []
    for file in manifest["files"]:
        answer = call({"Bucket": parameters["Bucket"], "Key": file["key"]})
        items.extend(_csv_items(answer["Body"], {"CSVHeaderLocation": "GIVEN", "CSVHeaders": headers}))
    return items
