"""Distributed Map: each item, or batch of items, is an execution of its own, under a map run that counts failures."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from simulator.engine.failures import Cancelled, NotRedrivable, StateFailure, TaskFailure
from simulator.engine.frame import Frame
from simulator.engine.integrations import TaskCall
from simulator.engine.intrinsic_functions import uuid_from
from simulator.engine.items import Call, Item, batches, read_items, state_items
from simulator.engine.json_text import Document
from simulator.engine.machine import Distribution, MapState
from simulator.engine.map_results import collected, export
from simulator.engine.resources import Resource
from simulator.engine.run import Child, MapRun
from simulator.engine.scope import Scope
from simulator.engine.selection import select
from simulator.engine.together import together
from simulator.errors import TooLarge
from simulator.json_types import JsonObject, JsonValue

MAX_CONCURRENCY = 10_000
MAX_ITEMS = 100_000
"""Step Functions takes a hundred million; each is an execution with a history of its own, which the journal keeps."""
THRESHOLD = "States.ExceedToleratedFailureThreshold"
THRESHOLD_CAUSE = "The specified tolerated failure threshold was exceeded"


def run_distributed(frame: Frame, state: MapState, scope: Scope) -> JsonValue:
    """The map run's result. Raises `StateFailure` when it cannot be read, written, or fails too often."""
    distribution = state.distribution
    assert distribution is not None
    seen = scope.with_input(state.flow.take(scope))
    work = _again(frame) or _begin(frame, state, distribution, seen)
    record = work.record
    frame.has_map_run = True
    try:
        result = _run(frame, state, distribution, seen, work)
    except StateFailure as failure:
        record.end("FAILED", frame.run.clock.now_ms)
        if not failure.is_terminal:
            frame.emit("MapRunFailed", state.name, {"error": failure.error or "", "cause": failure.cause or ""})
        raise
    except Cancelled:
        record.end("ABORTED", frame.run.clock.now_ms)
        raise
    finally:
        frame.has_map_run = False
    frame.done = None
    record.end("SUCCEEDED", frame.run.clock.now_ms)
    succeeded_id = frame.note("MapRunSucceeded", state.name, {})  # passed over, as observed since the end of 2024
    frame.note("MapStateSucceeded", state.name, {}, succeeded_id)
    return result


def _begin(frame: Frame, state: MapState, distribution: Distribution, scope: Scope) -> "_Children":
    items = [] if distribution.reader else state_items(state, scope)
    limit = state.max_concurrency(scope) if state.max_concurrency else 0
    if distribution.reader and distribution.reader.max_items:
        distribution.reader.max_items(scope)  # what is no number fails before the map begins
    frame.emit("MapStateStarted", state.name, {"length": len(items)})
    record = _record(frame, state, distribution, scope, limit)
    frame.emit("MapRunStarted", state.name, {"mapRunArn": record.arn})
    frame.run.map_runs.append(record)
    return _Children(frame, state, record, distribution.is_express, items)


def _again(frame: Frame) -> "_Children | None":
    """The map run of a redriven execution, None if there is none to go on with."""
    kept: Any = frame.finished()
    if not kept:
        return None
    work: _Children = kept[0][0]
    work.record.redrive()
    details: JsonObject = {"mapRunArn": work.record.arn, "redriveCount": work.record.redrive_count}
    frame.emit("MapRunRedriven", work.state.name, details)
    return work


def _record(frame: Frame, state: MapState, distribution: Distribution, scope: Scope, limit: int) -> MapRun:
    run = frame.run
    stream = run.stream("maprun")
    label = distribution.label or uuid_from(stream.hex(32))
    region, account = run.arn.split(":")[3:5]
    count = distribution.tolerated_count(scope) if distribution.tolerated_count else 0
    percentage = distribution.tolerated_percentage(scope) if distribution.tolerated_percentage else 0
    arn = f"arn:aws:states:{region}:{account}:mapRun:{run.machine_name}/{label}:{uuid_from(stream.hex(32))}"
    return MapRun(arn, run.arn, state.name, label, limit, count, percentage, run.clock.now_ms)


def _run(frame: Frame, state: MapState, distribution: Distribution, scope: Scope, work: "_Children") -> JsonValue:
    record = work.record
    if work.inputs is None:
        work.inputs = _inputs(frame, state, distribution, scope, work)
        work.children = [None] * len(work.inputs)
    left = [index for index, child in enumerate(work.children) if child is None or child.status != "SUCCEEDED"]
    work.indices = iter(left)
    frame.done = [work], []
    lines = [frame.branch() for _ in range(min(len(left), record.max_concurrency or MAX_CONCURRENCY, MAX_CONCURRENCY))]
    try:
        together(frame, state.name, [work.line] * len(lines), lines)
    except StateFailure as failure:
        if failure.error == THRESHOLD:  # what the children came to is written all the same
            _results(frame, state, scope, work)
        raise
    return _results(frame, state, scope, work)


def _results(frame: Frame, state: MapState, scope: Scope, work: "_Children") -> JsonValue:
    """What the children came to, or where that is written."""
    children = [child for child in work.children if child is not None]
    writer = state.distribution.writer if state.distribution else None
    if writer and writer.resource:
        call = _caller(frame, state, writer.resource)
        return export(children, writer, scope, frame.run, work.record.arn, call)
    return collected(children, writer, frame.run)


def _inputs(
    frame: Frame, state: MapState, distribution: Distribution, scope: Scope, work: "_Children"
) -> Sequence[JsonValue]:
    items = work.items
    if distribution.reader:
        items = read_items(distribution.reader, scope, partial(_caller, frame, state))
    work.record.total = len(items)
    if len(items) > MAX_ITEMS:
        raise TooLarge(f"the Map '{state.name}' has {len(items)} items; a simulation runs at most {MAX_ITEMS}")
    inputs = [select(frame, state, scope, item.in_context(index), item.given) for index, item in enumerate(items)]
    return batches(distribution.batcher, inputs, scope) if distribution.batcher else inputs


@dataclass(slots=True)
class _Children:
    """The child executions of one map run, shared by the lines of control that start them in order."""

    frame: Frame
    state: MapState
    record: MapRun
    is_express: bool
    items: Sequence[Item]
    inputs: Sequence[JsonValue] | None = None
    indices: Iterator[int] = field(default_factory=lambda: iter(()))
    children: list[Child | None] = field(default_factory=list)

    def line(self, line: Frame) -> None:
        for index in self.indices:
            child = self._started(index)
            child.run()
            if child.status == "SUCCEEDED":
                self.record.succeeded += self._weight(index)
            else:
                self.record.failed += self._weight(index)
                self._check()

    def _started(self, index: int) -> Child:
        """A new child for an input, or the one that failed before, to go on where it was."""
        before = self.children[index]
        if before is not None:
            with suppress(NotRedrivable):
                before.redrive()
                return before
        child = self.children[index] = self._child(index)
        self.record.children.append(child)
        return child

    def _child(self, index: int) -> Child:
        assert self.inputs is not None
        run = self.frame.run
        name = uuid_from(run.stream("child").hex(32))
        region, account = run.arn.split(":")[3:5]
        kind = "express" if self.is_express else "execution"
        arn = f"arn:aws:states:{region}:{account}:{kind}:{run.machine_name}/{self.record.label}:{name}"
        return run.child(
            self.state.processor, arn, name, Document(self.inputs[index]).text, self.record.label, self.is_express
        )

    def _weight(self, index: int) -> int:
        """How many items a child stands for."""
        assert self.inputs is not None
        given: Any = self.inputs[index]
        distribution = self.state.distribution
        return len(given["Items"]) if distribution and distribution.batcher else 1

    def _check(self) -> None:
        if self.record.fails_too_often:
            deque(self.indices, maxlen=0)  # no further child starts
            raise StateFailure(THRESHOLD, THRESHOLD_CAUSE)


def _caller(frame: Frame, state: MapState, resource: Resource) -> Call:
    """Calls S3 for a reader or writer, in the parent's name."""
    run = frame.run
    region, account = run.arn.split(":")[3:5]
    blank = TaskCall(resource, None, None, run.arn, run.machine_arn, run.role_arn, region, account, state.name, 0)
    error = "States.ResultWriterFailed" if resource.api == "putObject" else "States.ItemReaderFailed"

    def call(parameters: JsonValue) -> Any:
        try:
            return run.integrations.call(replace(blank, parameters=parameters))
        except TaskFailure as failure:
            raise StateFailure(error, failure.cause or failure.error) from failure

    return call
