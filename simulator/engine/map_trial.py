"""What TestState shows of a Map: its items at each step, its limits, and whether it fails too often."""

from collections.abc import Mapping
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

Seen = dict[str, str | float]
TOLERATED = ("toleratedFailureCount", "toleratedFailurePercentage")


def inspect_map(frame: Frame, state: MapState, scope: Scope, source: str | None, seen: Seen) -> int:
    """How many items a Map has; the steps to its iterations are noted as JSON texts, its limits as numbers.

    `source` is the text that an ItemReader finds. Raises `StateFailure` when it cannot be read.
    """
    items = _items(state, scope, source, seen)
    selected = [select(frame, state, scope, item.in_context(index), item.given) for index, item in enumerate(items)]
    if state.selector is not None:
        seen["afterItemSelector"] = encode(selected)
    seen["maxConcurrency"] = state.max_concurrency(scope) if state.max_concurrency else 0
    if state.distribution is not None:
        _note_tolerated(state.distribution, scope, seen)
        if state.distribution.batcher is not None:
            seen["afterItemBatcher"] = encode(batches(state.distribution.batcher, selected, scope))
    return len(items)


def check_tolerated(seen: Mapping[str, str | float], total: int, failed: int) -> None:
    """Raises `StateFailure` when more iterations fail than a Map says that it tolerates; one that says nothing takes all."""
    count, percentage = (float(seen.get(name, 0)) for name in TOLERATED)
    run = MapRun("", "", "", "", 0, int(count), percentage, 0, total=total, failed=failed)
    if (count or percentage) and run.fails_too_often:
        raise StateFailure(THRESHOLD, THRESHOLD_CAUSE)


def _items(state: MapState, scope: Scope, source: str | None, seen: Seen) -> list[Item]:
    reader = state.distribution.reader if state.distribution else None
    if reader is None:
        found = state.items(scope)
        items = state_items(state, scope) if state.distribution else [Item(value) for value in items_of(state, scope)]
        if not state.flow.is_jsonata:
            seen["afterItemsPath"] = encode(found)
        return items
    answer: Any = {"Body": source or "[]"}
    items = read_items(reader, scope, lambda resource: lambda parameters: answer)
    if "ItemsPointer" in reader.config:
        seen["afterItemsPointer"] = encode([item.given for item in items])
    return items


def _note_tolerated(distribution: Distribution, scope: Scope, seen: Seen) -> None:
    for name, read in zip(TOLERATED, (distribution.tolerated_count, distribution.tolerated_percentage), strict=True):
        if read is not None:
            seen[name] = read(scope)
