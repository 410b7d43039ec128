"""Only what is new of another engine's history is read, whatever of its request the engine heeds."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from simulator.account.world import World
from simulator.targets.outside.connection import Connection
from simulator.targets.outside.executions import OutsideExecution, OutsideStates
from simulator.targets.outside.history import HistoryReader
from simulator.targets.outside.times import Times


class Engine:
    """An engine with so many events, which heeds some of what it is asked for, and counts what it tells."""

    def __init__(self, events: int, heeds: frozenset[str]) -> None:
        self._rows = [{"id": number} for number in range(1, events + 1)]
        self._heeds = heeds
        self.told = 0

    def call(self, operation: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        assert operation == "GetExecutionHistory"
        rows = self._rows[::-1] if asked.get("reverseOrder") and "reverseOrder" in self._heeds else self._rows
        first = int(asked.get("nextToken", 0))
        end = first + asked["maxResults"] if "maxResults" in self._heeds else len(rows)
        self.told += len(rows[first:end])
        return {"events": rows[first:end]} | ({"nextToken": str(end)} if end < len(rows) else {})


def fetched(engine: Engine, known: int) -> list[int]:
    execution = OutsideExecution("arn", "e", HistoryReader("arn", "{}", lambda _: 0))
    execution.reader.last_id = known
    states = OutsideStates(cast(World, SimpleNamespace(clock=None)), cast(Connection, engine), cast(Times, None))
    return [row["id"] for row in states.fetch(execution).rows]


ALL = frozenset({"maxResults", "reverseOrder"})


@pytest.mark.parametrize("heeds", [ALL, frozenset({"maxResults"}), frozenset({"reverseOrder"}), frozenset()])
@pytest.mark.parametrize(
    ("events", "known"), [(0, 0), (1, 0), (3, 3), (4, 1), (5, 0), (7, 3), (60, 58), (60, 20), (2_500, 3)]
)
def test_all_that_is_new_is_read_once_and_in_order(heeds: frozenset[str], events: int, known: int) -> None:
    assert fetched(Engine(events, heeds), known) == list(range(known + 1, events + 1))


def test_an_engine_that_heeds_both_tells_little_more_than_is_new() -> None:
    engine = Engine(2_500, ALL)
    assert fetched(engine, 2_497) == [2_498, 2_499, 2_500]
    assert engine.told == 5
