"""States that run states: Parallel, and Map inside of the same execution."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.engine.distributed import run_distributed
from simulator.engine.failures import StateFailure
from simulator.engine.frame import Frame
from simulator.engine.guard import guarded
from simulator.engine.json_text import Document
from simulator.engine.machine import MapState, ParallelState
from simulator.engine.scope import Scope
from simulator.engine.selection import items_of, select
from simulator.engine.steps import Outcome
from simulator.engine.together import together
from simulator.json_types import JsonObject, JsonValue

MAX_INLINE_CONCURRENCY = 40
UNDONE: Any = object()
"""Stands for the result of a branch or iteration that has not ended well."""


def run_parallel(frame: Frame, state: ParallelState, document: Document) -> Outcome:
    """Parallel: all branches at once; the first failure ends the others."""
    return guarded(frame, "Parallel", state, document, lambda scope: _parallel(frame, state, scope), "ParallelStateFailed")


def run_map(frame: Frame, state: MapState, document: Document) -> Outcome:
    """Map: the processor for each item."""
    work = run_distributed if state.distribution else _map
    return guarded(frame, "Map", state, document, lambda scope: work(frame, state, scope), "MapStateFailed")


def _parallel(frame: Frame, state: ParallelState, scope: Scope) -> JsonValue:
    given = Document(state.flow.take(scope))
    results, lines = frame.finished() or _begin_parallel(frame, state)

    def body(index: int) -> Callable[[Frame], None]:
        def run(line: Frame) -> None:
            results[index] = frame.run.go(line, state.branches[index], given).value

        return run

    left = [index for index, result in enumerate(results) if result is UNDONE]
    frame.done = results, lines
    together(frame, state.name, [body(index) for index in left], [lines[index] for index in left])
    frame.done = None
    frame.note("ParallelStateSucceeded", state.name, {})
    return results


def _begin_parallel(frame: Frame, state: ParallelState) -> tuple[list[JsonValue], list[Frame]]:
    frame.emit("ParallelStateStarted", state.name, {})
    return [UNDONE] * len(state.branches), [frame.branch() for _ in state.branches]


def _map(frame: Frame, state: MapState, scope: Scope) -> JsonValue:
    seen = scope.with_input(state.flow.take(scope))
    items = items_of(state, seen)
    limit = (state.max_concurrency(seen) if state.max_concurrency else 0) or MAX_INLINE_CONCURRENCY
    results, lines = frame.finished() or _begin_map(frame, state, items)
    again = [line for line in lines if line.is_resuming]
    begun = {_index(line) for line in again}
    left = [index for index, result in enumerate(results) if result is UNDONE and index not in begun]
    work = _Iterations(frame, state, seen, items, iter(left), results, open=again)
    frame.done = results, work.open
    new = min(len(left), max(0, min(limit, MAX_INLINE_CONCURRENCY) - len(again)))
    running = [*again, *(frame.branch() for _ in range(new))]
    together(frame, state.name, [work.line] * len(running), running)
    frame.done = None
    if work.last_id:
        frame.previous_id = work.last_id
    frame.note("MapStateSucceeded", state.name, {})
    return results


def _begin_map(frame: Frame, state: MapState, items: Sequence[JsonValue]) -> tuple[list[JsonValue], list[Frame]]:
    frame.emit("MapStateStarted", state.name, {"length": len(items)})
    return [UNDONE] * len(items), []


@dataclass(slots=True)
class _Iterations:
    """The iterations of one Map, shared by the lines of control that work them off in order.

    `open` are the lines with an iteration that has begun and not ended: a redriven execution goes on with these.
    """

    frame: Frame
    state: MapState
    scope: Scope
    items: Sequence[JsonValue]
    indices: Iterator[int]
    results: list[JsonValue]
    open: list[Frame]
    last_id: int = 0

    def line(self, line: Frame) -> None:
        if line.is_resuming:
            self._run(line, _index(line), line.position[1] if line.position else Document(None))
        for index in self.indices:
            self._begin(line, index)

    def _begin(self, line: Frame, index: int) -> None:
        name = self.state.name
        item: JsonObject = {"Index": index, "Value": self.items[index]}
        line.item = item
        line.iteration = (name, index)
        line.variables = dict(self.frame.variables)
        line.position = None
        self.open.append(line)
        line.emit("MapIterationStarted", name, {"name": name, "index": index})
        self._run(line, index, Document(select(self.frame, self.state, self.scope, item, self.items[index])))

    def _run(self, line: Frame, index: int, given: Document) -> None:
        name = self.state.name
        details: JsonObject = {"name": name, "index": index}
        line.iteration = (name, index)
        try:
            result = self.frame.run.go(line, self.state.processor, given)
        except StateFailure:
            deque(self.indices, maxlen=0)  # no further iteration begins
            raise
        line.iteration = None
        self.open.remove(line)
        self.last_id = line.note("MapIterationSucceeded", name, details)
        self.results[index] = result.value


def _index(line: Frame) -> int:
    """The index of the iteration that a line of control is in."""
    item: Any = line.item
    return int(item["Index"])
