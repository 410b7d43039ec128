"""States that run states: Parallel, and Map inside of the same execution."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from simulator.engine.distributed import run_distributed
from simulator.engine.failures import StateFailure
from simulator.engine.frame import Frame
from simulator.engine.guard import guarded
from simulator.engine.json_text import Document
from simulator.engine.machine import Branch, MapState, ParallelState
from simulator.engine.scope import Scope
from simulator.engine.selection import items_of, select
from simulator.engine.steps import Outcome
from simulator.engine.together import together
from simulator.json_types import JsonObject, JsonValue

MAX_INLINE_CONCURRENCY = 40


def run_parallel(frame: Frame, state: ParallelState, document: Document) -> Outcome:
    """Parallel: all branches at once; the first failure ends the others."""
    return guarded(frame, "Parallel", state, document, lambda scope: _parallel(frame, state, scope), "ParallelStateFailed")


def run_map(frame: Frame, state: MapState, document: Document) -> Outcome:
    """Map: the processor for each item."""
    work = run_distributed if state.distribution else _map
    return guarded(frame, "Map", state, document, lambda scope: work(frame, state, scope), "MapStateFailed")


def _parallel(frame: Frame, state: ParallelState, scope: Scope) -> JsonValue:
    given = Document(state.flow.take(scope))
    frame.emit("ParallelStateStarted", state.name, {})
    results: list[JsonValue] = [None] * len(state.branches)

    def body(index: int, branch: Branch) -> Callable[[Frame], None]:
        def run(line: Frame) -> None:
            results[index] = frame.run.go(line, branch, given).value

        return run

    together(frame, state.name, [body(index, branch) for index, branch in enumerate(state.branches)])
    frame.note("ParallelStateSucceeded", state.name, {})
    return results


def _map(frame: Frame, state: MapState, scope: Scope) -> JsonValue:
    seen = scope.with_input(state.flow.take(scope))
    items = items_of(state, seen)
    limit = state.max_concurrency(seen) if state.max_concurrency else 0
    frame.emit("MapStateStarted", state.name, {"length": len(items)})
    work = _Iterations(frame, state, seen, items, iter(range(len(items))), [None] * len(items))
    together(frame, state.name, [work.line] * min(len(items), limit or MAX_INLINE_CONCURRENCY, MAX_INLINE_CONCURRENCY))
    if work.last_id:
        frame.previous_id = work.last_id
    frame.note("MapStateSucceeded", state.name, {})
    return work.results


@dataclass(slots=True)
class _Iterations:
    """The iterations of one Map, shared by the lines of control that work them off in order."""

    frame: Frame
    state: MapState
    scope: Scope
    items: Sequence[JsonValue]
    indices: Iterator[int]
    results: list[JsonValue]
    last_id: int = 0

    def line(self, line: Frame) -> None:
        for index in self.indices:
            self._iteration(line, index)

    def _iteration(self, line: Frame, index: int) -> None:
        name = self.state.name
        details: JsonObject = {"name": name, "index": index}
        line.item = {"Index": index, "Value": self.items[index]}
        line.iteration = (name, index)
        line.emit("MapIterationStarted", name, details)
        given = select(self.frame, self.state, self.scope, index, self.items[index])
        try:
            result = self.frame.run.go(line, self.state.processor, Document(given))
        except StateFailure as failure:
            if not failure.is_terminal:
                line.note("MapIterationFailed", name, details)
            raise
        finally:
            line.iteration = None
        self.last_id = line.note("MapIterationSucceeded", name, details)
        self.results[index] = result.value
