"""What a run used of the services that bill by use, read from its journal."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from simulator.journal import ApiCall, FunctionInvoked, FunctionReturned, HistoryEvent, Journal, StateRetried

WRITE_UNIT_BYTES, READ_UNIT_BYTES = 1024, 4096
MIB_PER_GB = 1024
# DynamoDB charges for a write whose condition did not hold as for one that did; what it throttles is free.
_CHARGED_ERRORS = (None, "ConditionalCheckFailedException", "TransactionCanceledException")


@dataclass(frozen=True, slots=True)
class Usage:
    """How much was used: counts, but for `lambda_gb_seconds` and DynamoDB's request units.

    `state_transitions` are states entered and retries, of Standard executions; `api_requests` those that API Gateway handed
    to a function. A DynamoDB update counts by the item as it was last read, and by what its request tells if that was never.
    """

    state_transitions: float = 0
    express_executions: float = 0
    lambda_requests: float = 0
    lambda_gb_seconds: float = 0
    dynamodb_write_units: float = 0
    dynamodb_read_units: float = 0
    api_requests: float = 0
    notifications: float = 0
    bus_events: float = 0


def read_usage(journal: Journal) -> Usage:
    """Add up a journal. Calls of the world itself (a scenario's own preparations) count for nobody."""
    returned = [event for _, event in journal.of(FunctionReturned)]
    calls = [call for _, call in journal.of(ApiCall) if call.caller != "world"]
    return Usage(
        state_transitions=_transitions(journal),
        express_executions=len({event.execution for _, event in journal.of(HistoryEvent) if _is_express(event.execution)}),
        lambda_requests=len(returned),
        lambda_gb_seconds=sum(event.duration_ms * event.memory_mib for event in returned) / 1000 / MIB_PER_GB,
        dynamodb_write_units=_units(_with_items(calls), _WRITTEN),
        dynamodb_read_units=_units([(_parts(call), call) for call in calls], _READ),
        api_requests=sum(_is_api_request(event) for _, event in journal.of(FunctionInvoked)),
        notifications=sum(call.error is None for call in calls if (call.service, call.operation) == ("sns", "Publish")),
        bus_events=sum(_entries(call) for call in calls if (call.service, call.operation) == ("events", "PutEvents")),
    )


def item_bytes(item: Mapping[str, Any]) -> int:
    """The size of a DynamoDB item as AWS counts it: names and values; three bytes for a list or map and one an element."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    match value:
        case {"S": str(text)}:
            return len(text.encode())
        case {"N": str(number)}:
            return ceil(len(number.strip("-0.").replace(".", "")) / 2) + 1
        case {"M": dict(members)}:
            return 3 + len(members) + item_bytes(members)
        case {"L": list(elements)}:
            return 3 + sum(1 + _value_bytes(element) for element in elements)
        case {"BOOL": _} | {"NULL": _}:
            return 1
    return len(json.dumps(value))


def _transitions(journal: Journal) -> int:
    entered = sum(
        event.type.endswith("StateEntered") and not _is_express(event.execution) for _, event in journal.of(HistoryEvent)
    )
    return entered + sum(not _is_express(event.execution) for _, event in journal.of(StateRetried))


def _is_express(execution: str) -> bool:
    return ":express:" in execution


def _is_api_request(event: FunctionInvoked) -> bool:
    return isinstance(event.payload, dict) and "requestContext" in event.payload


def _entries(call: ApiCall) -> int:
    request = call.request if isinstance(call.request, dict) and call.error is None else {}
    return len(request.get("Entries", []))


Parts = tuple[Mapping[str, Any], Mapping[str, Any]]
Counted = Callable[[Mapping[str, Any], Mapping[str, Any]], float]


def _units(calls: Iterable[tuple[Parts, ApiCall]], table: Mapping[str, Counted]) -> float:
    """Request units of the calls to DynamoDB, by what `table` says of each operation's request and response."""
    return sum(
        table[call.operation](*parts)
        for parts, call in calls
        if call.service == "dynamodb" and call.operation in table and call.error in _CHARGED_ERRORS
    )


def _with_items(calls: Iterable[ApiCall]) -> Iterator[tuple[Parts, ApiCall]]:
    """Calls with, in each update's request, the item as it was last read: DynamoDB charges for the whole of it."""
    items: dict[tuple[str, str], Mapping[str, Any]] = {}
    for call in calls:
        request, response = _parts(call)
        if call.operation == "GetItem" and "Item" in response:
            items[_address(request)] = response["Item"]
        if "TransactItems" in request:
            actions = [{kind: _known(one, items) for kind, one in action.items()} for action in request["TransactItems"]]
            request = {**request, "TransactItems": actions}
        elif "UpdateExpression" in request:
            request = _known(request, items)
        yield (request, response), call


def _known(request: Mapping[str, Any], items: Mapping[tuple[str, str], Mapping[str, Any]]) -> Mapping[str, Any]:
    item = items.get(_address(request)) if "UpdateExpression" in request else None
    return request if item is None else {**request, "ExpressionAttributeValues": item}


def _address(request: Mapping[str, Any]) -> tuple[str, str]:
    return request.get("TableName", ""), json.dumps(request.get("Key"), sort_keys=True)


def _parts(call: ApiCall) -> Parts:
    request, response = call.request, call.response
    return (request if isinstance(request, dict) else {}, response if isinstance(response, dict) else {})


def _write_units(item: Mapping[str, Any]) -> int:
    return max(1, ceil(item_bytes(item) / WRITE_UNIT_BYTES))


def _updated(request: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**request.get("Key", {}), **request.get("ExpressionAttributeValues", {})}


def _transacted(request: Mapping[str, Any], _: Mapping[str, Any]) -> float:
    return 2 * sum(
        _write_units(one.get("Item") or _updated(one))
        for action in request.get("TransactItems", [])
        for one in action.values()
    )


def _batch_written(request: Mapping[str, Any], _: Mapping[str, Any]) -> float:
    actions = [action for some in request.get("RequestItems", {}).values() for action in some]
    return sum(_write_units(action.get("PutRequest", {}).get("Item", {})) for action in actions)


def _read_units(items: Iterable[Mapping[str, Any]], request: Mapping[str, Any]) -> float:
    """A read takes half a unit for 4 KiB, rounded up, and a whole one if it is strongly consistent."""
    return max(1, ceil(sum(map(item_bytes, items)) / READ_UNIT_BYTES)) * (1 if request.get("ConsistentRead") else 0.5)


def _batch_read(request: Mapping[str, Any], response: Mapping[str, Any]) -> float:
    asked = request.get("RequestItems", {})
    found = response.get("Responses", {})
    return sum(_read_units([item], asked.get(table, {})) for table, items in found.items() for item in items)


def _transaction_read(_: Mapping[str, Any], response: Mapping[str, Any]) -> float:
    return sum(2 * _read_units([found.get("Item", {})], {"ConsistentRead": True}) for found in response.get("Responses", []))


_WRITTEN: Mapping[str, Counted] = {
    "PutItem": lambda request, _: _write_units(request.get("Item", {})),
    "UpdateItem": lambda request, response: _write_units({**_updated(request), **response.get("Attributes", {})}),
    "DeleteItem": lambda _, response: _write_units(response.get("Attributes", {})),
    "TransactWriteItems": _transacted,
    "BatchWriteItem": _batch_written,
}
_READ: Mapping[str, Counted] = {
    "GetItem": lambda request, response: _read_units([response.get("Item", {})], request),
    "Query": lambda request, response: _read_units(response.get("Items", []), request),
    "Scan": lambda request, response: _read_units(response.get("Items", []), request),
    "BatchGetItem": _batch_read,
    "TransactGetItems": _transaction_read,
}
