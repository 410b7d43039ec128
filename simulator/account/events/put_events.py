"""PutEvents: events that handlers, state machines and outsiders put on a bus."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from simulator.account.events.bus import EventBuses
from simulator.account.wire import Decoded
from simulator.errors import ServiceError

MAX_BYTES = 1024 * 1024


def put_events(buses: EventBuses, request: Decoded) -> Mapping[str, Any]:
    """Answer PutEvents: an id or an error for each entry."""
    entries = request.parameters["Entries"]
    if sum(len(json.dumps(entry, default=str)) for entry in entries) > MAX_BYTES:
        raise ServiceError("ValidationException", "Total size of the entries in the request is over the limit.", 400)
    results = [_put(buses, request, entry) for entry in entries]
    return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}


def _put(buses: EventBuses, request: Decoded, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            return _error("InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument.")
    if str(entry["Source"]).startswith("aws."):
        return _error("NotAuthorizedForSourceException", "Not authorized for the source.")
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return _error("MalformedDetail", "Detail is malformed.")
    account_id, region, bus = _bus(request, str(entry.get("EventBusName") or "default"))
    time, resources = _moment(entry.get("Time")), entry.get("Resources") or ()
    identifier = buses.emit(account_id, region, entry["Source"], entry["DetailType"], resources, detail, bus=bus, time=time)
    return {"EventId": identifier}


def _bus(request: Decoded, name: str) -> tuple[str, str, str]:
    """(account, Region, name) of a bus that is named by its name or its ARN."""
    if not name.startswith("arn:"):
        return request.account_id, request.region, name
    parts = name.split(":", 5)
    return parts[4], parts[3], parts[5].removeprefix("event-bus/")


def _moment(given: Any) -> datetime | None:
    if isinstance(given, int | float):
        return datetime.fromtimestamp(given, UTC)
    return given.astimezone(UTC) if isinstance(given, datetime) else None


def _error(code: str, message: str) -> Mapping[str, Any]:
    return {"ErrorCode": code, "ErrorMessage": message}
