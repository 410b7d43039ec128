"""States that run states: Parallel, and Map inside of the same execution."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from simulator.clock import Signal
from simulator.engine.distributed import run_distributed
from simulator.engine.failures import Cancelled, ExpressionError, StateFailure
from simulator.engine.frame import Frame
from simulator.engine.guard import guarded
from simulator.engine.json_text import Document
from simulator.engine.machine import Branch, MapState, ParallelState
from simulator.engine.scope import Scope
from simulator.engine.steps import Outcome
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


def items_of(state: MapState, scope: Scope) -> Sequence[JsonValue]:
    """The items of a Map. Raises `ExpressionError` if ItemsPath leads to something else than an array."""
    items = state.items(scope)
    if isinstance(items, list | tuple):
        return items
    raise ExpressionError('Reference path "$" must point to array.')


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
    running: dict[Frame, int] = field(default_factory=dict)

    def line(self, line: Frame) -> None:
        for index in self.indices:
            self._iteration(line, index)

    def _iteration(self, line: Frame, index: int) -> None:
        name = self.state.name
        details: JsonObject = {"name": name, "index": index}
        line.item = {"Index": index, "Value": self.items[index]}
        line.iteration = (name, index)
        line.emit("MapIterationStarted", name, details)
        try:
            result = self.frame.run.go(line, self.state.processor, self._input(index, line))
        except StateFailure:
            line.note("MapIterationFailed", name, details)
            raise
        finally:
            line.iteration = None
        self.last_id = line.note("MapIterationSucceeded", name, details)
        self.results[index] = result.value

    def _input(self, index: int, line: Frame) -> Document:
        if self.state.selector is None:
            return Document(self.items[index])
        scope = self.scope

        def context() -> dict[str, JsonValue]:
            return {**self.frame.context(), "Map": {"Item": line.item}}

        try:
            return Document(self.state.selector(replace(scope, context=context)))
        except ExpressionError as error:
            raise self.frame.failure(self.state.name, error) from None


def together(frame: Frame, name: str, bodies: Sequence[Callable[[Frame], None]]) -> None:
    """Run lines of control at the same time, until all have ended or one has failed, which ends the others.

    A single one needs no process of its own. Raises the `StateFailure` of the first that failed.
    """
    lines = [frame.branch() for _ in bodies]
    if len(lines) == 1:
        _alone(frame, lines[0], bodies[0])
    elif lines:
        _race(frame, name, lines, bodies)
    frame.children = []


def _alone(frame: Frame, line: Frame, body: Callable[[Frame], None]) -> None:
    try:
        body(line)
    except StateFailure:
        frame.children = []
        raise
    finally:
        frame.previous_id = line.previous_id


def _race(frame: Frame, name: str, lines: Sequence[Frame], bodies: Sequence[Callable[[Frame], None]]) -> None:
    clock, over, left, failures = frame.run.clock, Signal(frame.run.clock), len(lines), list[StateFailure]()

    def start(line: Frame, body: Callable[[Frame], None]) -> None:
        nonlocal left
        try:
            body(line)
        except Cancelled:
            return
        except StateFailure as failure:
            failures.append(failure)
        left -= 1
        if left == 0 or failures:
            frame.previous_id = line.previous_id
            frame.children.remove(line)
            for other in frame.children if failures else ():
                other.abort()
            over.set()

    for index, (line, body) in enumerate(zip(lines, bodies, strict=True)):
        line.process = clock.spawn(f"{frame.run.name}/{name}/{index}", partial(start, line, body))
    over.wait()
    if failures:
        raise failures[0]
