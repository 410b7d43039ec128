"""Executions that run on an engine of somebody else's: started and stopped through the world, read back into its journal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.account.elsewhere import Ran
from simulator.account.wire import Decoded
from simulator.account.world import World
from simulator.clock import Signal
from simulator.errors import Problem, ServiceError, UserError
from simulator.journal import HistoryEvent
from simulator.targets.outside.connection import Connection
from simulator.targets.outside.history import HistoryReader
from simulator.targets.outside.times import Times

_PAGE, _LATEST = 1000, (5, 50)  # events
_STATUSES = {
    "ExecutionSucceeded": "SUCCEEDED",
    "ExecutionFailed": "FAILED",
    "ExecutionTimedOut": "TIMED_OUT",
    "ExecutionAborted": "ABORTED",
}


@dataclass(slots=True)
class OutsideExecution:
    """An execution as far as its history has been read."""

    arn: str
    name: str
    reader: HistoryReader
    status: str = "RUNNING"
    ended_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of an execution's history that were fetched and are not yet in the journal."""

    execution: OutsideExecution
    rows: Sequence[Mapping[str, Any]]


class EngineIsNeeded(Exception):
    """Somebody wants to start an execution, and nobody follows the engine."""


class OutsideStates:
    """Passes Step Functions requests of the world on to an engine, and follows the executions that they start.

    `instants` has the virtual instant of each entry of the journal that tells of the engine, by its number there.
    """

    def __init__(self, world: World, engine: Connection, times: Times) -> None:
        self._world, self._engine, self._times = world, engine, times
        self._executions: dict[str, OutsideExecution] = {}
        self._definitions: dict[str, str] = {}
        self._is_followed = Signal(world.clock)
        self.instants: dict[int, int] = {}

    def follow(self) -> None:
        """From now on the engine is followed, and can call the world."""
        self._is_followed.set()

    def leave(self) -> None:
        """From now on it is not: who starts an execution waits for that, while the clock's run ends in EngineIsNeeded."""
        self._is_followed = Signal(self._world.clock)

    @property
    def executions(self) -> Sequence[Ran]:
        """Every execution that was started, in the order of their starts."""
        return list(self._executions.values())

    def running(self) -> list[OutsideExecution]:
        """The executions whose end is not yet in the journal."""
        return [execution for execution in self._executions.values() if execution.ended_ms is None]

    def deploy(self, name: str, definition: str, role: str, kind: str) -> str:
        """Create a state machine on the engine; its ARN there. Raises ServiceError as the engine refuses it."""
        asked = {"name": name, "definition": definition, "roleArn": role, "type": kind}
        arn = str(self._engine.call("CreateStateMachine", asked)["stateMachineArn"])
        self._definitions[arn] = definition
        return arn

    def call(self, request: Decoded) -> Mapping[str, Any]:
        """Answer one request of the world, in whose thread it waits for the engine. Raises ServiceError."""
        if request.operation == "StartSyncExecution":  # it would keep the world from answering the very execution
            raise ServiceError("NotImplemented", "StartSyncExecution cannot be passed on to another engine", 501)
        if request.operation == "StartExecution" and not self._is_followed.is_set:
            self._world.clock.call_after(0, _need)  # comes before any other process runs, so that nobody else asks for it
            self._is_followed.wait()
        answer = self._passed_on(request)
        if request.operation == "StartExecution":
            self._started(str(answer["executionArn"]), str(request.parameters["stateMachineArn"]))
        told: Mapping[str, Any] = self._times.told(answer)
        return told

    def _passed_on(self, request: Decoded) -> Mapping[str, Any]:
        try:
            return self._engine.call(request.operation, request.parameters)
        except ServiceError as refusal:
            if refusal.code == "ExecutionAlreadyExists" and not self._executions:
                hint = "restart it, or use another --seed: the same seed gives executions the same names"
                raise UserError([Problem(self._engine.url, "an earlier run's execution is still there", hint)]) from None
            raise

    def _started(self, arn: str, machine: str) -> None:
        definition = self._definitions.get(machine) or self._definitions.get(machine.rpartition(":")[0], "{}")
        reader = HistoryReader(arn, definition, self._times.virtual_ms)
        self._executions.setdefault(arn, OutsideExecution(arn, arn.rsplit(":", 1)[-1], reader))

    def fetch(self, execution: OutsideExecution) -> Page:
        """The rows of a history that were not read before; from any thread. Raises ServiceError, UserError."""
        rows = next(filter(None, (self._latest(execution, count) for count in _LATEST)), None) or self._all(execution)
        return Page(execution, [row for row in rows if row["id"] > execution.reader.last_id])

    def _latest(self, execution: OutsideExecution, count: int) -> Sequence[Mapping[str, Any]]:
        """The last rows, if they go back to what was read before: most are asked for often, and only few of them are new."""
        asked = {"executionArn": execution.arn, "maxResults": count, "reverseOrder": True}
        answered = self._engine.call("GetExecutionHistory", asked).get("events", [])
        rows = sorted(answered, key=lambda row: int(row["id"]))
        if len(rows) > count:  # an engine that always answers with everything
            return rows
        is_latest = answered == rows[::-1]  # where the order is not heeded, these are the first ones
        return rows if rows and is_latest and rows[0]["id"] <= execution.reader.last_id + 1 else ()

    def _all(self, execution: OutsideExecution) -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = []
        asked: dict[str, Any] = {"executionArn": execution.arn, "maxResults": _PAGE}
        while True:
            answer = self._engine.call("GetExecutionHistory", asked)
            rows += answer.get("events", [])
            if not answer.get("nextToken"):
                return rows
            asked["nextToken"] = answer["nextToken"]

    def record(self, page: Page) -> None:
        """Write fetched rows into the journal; in the world's thread."""
        for happened in page.execution.reader.read(page.rows):
            self.instants[len(self._world.journal)] = happened.at_ms
            if isinstance(happened.event, HistoryEvent) and happened.event.type in _STATUSES:
                page.execution.status, page.execution.ended_ms = _STATUSES[happened.event.type], happened.at_ms
            self._world.journal.record(happened.event)


def _need() -> None:
    raise EngineIsNeeded
