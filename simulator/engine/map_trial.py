"""What TestState shows of a Map: its items at each step, its limits, and whether it fails too often."""

from typing import Any

from simulator.engine.distributed import THRESHOLD, THRESHOLD_CAUSE
from simulator.engine.failures import StateFailure
from simulator.engine.frame import Frame
from simulator.engine.items import Item, batches, read_items, state_items
from simulator.engine.json_text import encode
from simulator.engine.machine import Distribution, MapState
from simulator.engine.run import MapRun
from simulator.engine.scope import Scope
from simulator.engine.selection import items_of, select


def inspect_map(frame: Frame, state: MapState, scope: Scope, failed: int, source: str | None) -> dict[str, str | float]:
    """The steps from the state's input to its iterations, as JSON texts, and its limits as numbers.

    `source` is the text that an ItemReader finds. Raises `StateFailure` when `failed` iterations are more than the state
    tolerates, or `source` cannot be read.
    """
    seen: dict[str, str | float] = {}
    items = _items(state, scope, source, seen)
    selected = [select(frame, state, scope, item.in_context(index), item.given) for index, item in enumerate(items)]
    if state.selector is not None:
        seen["afterItemSelector"] = encode(selected)
    if state.max_concurrency:
        seen["maxConcurrency"] = state.max_concurrency(scope)
    count: float = 0
    percentage: float = 0
    if state.distribution is not None:
        count, percentage = _tolerated(state.distribution, scope, seen)
        if state.distribution.batcher is not None:
            seen["afterItemBatcher"] = encode(batches(state.distribution.batcher, selected, scope))
    run = MapRun("", "", state.name, "", 0, int(count), percentage, 0, total=len(items), failed=failed)
    if run.fails_too_often:
        raise StateFailure(THRESHOLD, THRESHOLD_CAUSE)
    return seen


def _items(state: MapState, scope: Scope, source: str | None, seen: dict[str, str | float]) -> list[Item]:
    reader = state.distribution.reader if state.distribution else None
    if reader is None:
        found = state.items(scope)
        items = state_items(state, scope) if state.distribution else [Item(value) for value in items_of(state, scope)]
        seen["afterItemsPath"] = encode(found)
        return items
    answer: Any = {"Body": source or "[]"}
    items = read_items(reader, scope, lambda resource: lambda parameters: answer)
    if "ItemsPointer" in reader.config:
        seen["afterItemsPointer"] = encode([item.given for item in items])
    return items


def _tolerated(distribution: Distribution, scope: Scope, seen: dict[str, str | float]) -> tuple[float, float]:
    if distribution.tolerated_count:
        seen["toleratedFailureCount"] = distribution.tolerated_count(scope)
    if distribution.tolerated_percentage:
        seen["toleratedFailurePercentage"] = distribution.tolerated_percentage(scope)
    return float(seen.get("toleratedFailureCount", 0)), float(seen.get("toleratedFailurePercentage", 0))
