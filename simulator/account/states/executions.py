"""Executions: start, stop, redrive, describe, list, history."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from simulator.account.states.activities import require_json
from simulator.account.states.machines import Machines, check_name
from simulator.account.states.records import Started, given, page
from simulator.clock import VirtualClock
from simulator.engine.elements import bare
from simulator.engine.execution import Execution
from simulator.engine.failures import NotRedrivable
from simulator.engine.history import numbered
from simulator.engine.integrations import Integrations
from simulator.engine.run import Child, MapRun
from simulator.engine.tokens import TaskTokens
from simulator.errors import ServiceError
from simulator.journal import DefinitionRun, Journal
from simulator.rng import Chance

MAX_INPUT_BYTES = 262_144
_INCLUDED = {"included": True}
_DATA = ("input", "output", "parameters")  # the members of an event's details that carry execution data

Answer = Mapping[str, Any]


class Executions:
    """The executions of one account and Region."""

    def __init__(
        self,
        clock: VirtualClock,
        chance: Chance,
        journal: Journal,
        prefix: str,
        machines: Machines,
        integrations: Integrations,
        tokens: TaskTokens,
    ) -> None:
        self._clock, self._chance, self._journal, self._prefix = clock, chance, journal, prefix
        self._machines, self._integrations, self._tokens = machines, integrations, tokens
        self.by_arn: dict[str, Execution] = {}
        self.started: dict[str, Started] = {}
        self._noted: dict[str, str] = {}

    def start(self, asked: Answer) -> Answer:
        """StartExecution."""
        started = self._start(asked)
        return {"executionArn": started.execution.arn, "startDate": self.instant(started.execution.started_ms)}

    def start_sync(self, asked: Answer) -> Answer:
        """StartSyncExecution: an Express workflow, to its end."""
        machine = self._machines.resolve(asked["stateMachineArn"], "type")[0]
        if not machine.is_express:
            raise _not_supported("StartSyncExecution", "STANDARD")
        execution = self._start(asked).execution
        execution.ended.wait()
        return self._outcome(execution) | given(
            executionArn=execution.arn,
            stateMachineArn=machine.arn,
            name=execution.name,
            startDate=self.instant(execution.started_ms),
            stopDate=self.instant(execution.ended_ms),
            status=str(execution.status),
            billingDetails={
                "billedMemoryUsedInMB": 64,
                "billedDurationInMilliseconds": _billed_ms((execution.ended_ms or 0) - execution.started_ms),
            },
        )

    def stop(self, asked: Answer) -> Answer:
        """StopExecution; what has ended already stays as it is."""
        execution = self.standard(asked["executionArn"], "StopExecution")
        execution.stop(asked.get("error"), asked.get("cause"))
        return {"stopDate": self.instant(self._clock.now_ms)}

    def redrive(self, asked: Answer) -> Answer:
        """RedriveExecution: go on where a Standard execution failed."""
        execution = self.standard(asked["executionArn"], "RedriveExecution")
        try:
            execution.redrive()
        except NotRedrivable as error:
            raise ServiceError("ExecutionNotRedrivable", str(error)) from error
        self._clock.spawn(f"execution {execution.name}", execution.run)
        return {"redriveDate": self.instant(self._clock.now_ms)}

    def describe(self, asked: Answer) -> Answer:
        """DescribeExecution, of a Standard execution or a child execution of a map run."""
        arn = asked["executionArn"]
        if child := self._child(arn):
            return self._described_child(*child)
        execution = self.standard(arn, "DescribeExecution")
        started = self.started[arn]
        return (
            self._summary(started)
            | self._outcome(execution)
            | self._redrives(execution)
            | given(traceHeader=started.trace_header)
        )

    def describe_machine(self, asked: Answer) -> Answer:
        """DescribeStateMachineForExecution."""
        execution = self.standard(asked["executionArn"], "DescribeStateMachineForExecution")
        started = self.started[execution.arn]
        return self._machines.shown(started.machine, started.revision) | {
            "stateMachineArn": started.machine.arn,
            "name": started.machine.name,
            "updateDate": started.machine.created_at,
        }

    def list_executions(self, asked: Answer) -> Answer:
        """ListExecutions of a state machine or of a map run, the last started first."""
        if ("stateMachineArn" in asked) == ("mapRunArn" in asked):
            raise ServiceError("ValidationException", "Either the state machine's ARN or the map run's must be given")
        rows = self._of_map_run(asked["mapRunArn"]) if "mapRunArn" in asked else self._of_machine(asked["stateMachineArn"])
        wanted, redriven = asked.get("statusFilter"), asked.get("redriveFilter")
        chosen = [
            row
            for row in rows
            if wanted in (None, row.status) and redriven in (None, "REDRIVEN" if row.redrives else "NOT_REDRIVEN")
        ]
        listed = page("executions", chosen, asked)
        return listed | {"executions": [row.show() | {"redriveCount": row.redrives} for row in listed["executions"]]}

    def history(self, asked: Answer) -> Answer:
        """GetExecutionHistory, of a Standard execution or a child execution of a map run."""
        arn = asked["executionArn"]
        if not self._child(arn):
            self.standard(arn, "GetExecutionHistory")
        numbers = self._journal.numbers(arn)
        paged = page("events", numbers[::-1] if asked.get("reverseOrder") else numbers, asked)
        rows = numbered(self._journal, paged["events"], self._clock.start)
        if asked.get("includeExecutionData") is False:
            rows = [_without_data(row) for row in rows]
        return paged | {"events": rows}

    def map_runs(self) -> Iterator[MapRun]:
        """Every run of a Distributed Map."""
        return (run for execution in self.by_arn.values() for run in execution.map_runs)

    def map_run(self, arn: str) -> MapRun:
        """A map run by its ARN. Raises ResourceNotFound."""
        for run in self.map_runs():
            if run.arn == arn:
                return run
        raise ServiceError("ResourceNotFound", f"Resource not found: '{arn}'", 400, {"resourceName": arn})

    def instant(self, at_ms: int | None) -> float:
        """An instant of the run in seconds since 1970."""
        return self._clock.start.timestamp() + (at_ms or 0) / 1000

    def _start(self, asked: Answer) -> Started:
        number = len(self.by_arn) + 1
        machine, revision, version_arn, alias_arn = self._machines.resolve(asked["stateMachineArn"], str(number))
        drawn = self._chance.stream("states.execution", f"{machine.name}#{number}")
        name = asked.get("name") or drawn.uuid()
        check_name(name)
        document = asked.get("input", "{}")
        if len(document.encode()) > MAX_INPUT_BYTES:
            raise ServiceError("InvalidExecutionInput", f"The input is longer than {MAX_INPUT_BYTES} bytes")
        require_json(document, "InvalidExecutionInput")
        kind, own = ("express", f"{name}:{drawn.uuid()}") if machine.is_express else ("execution", name)
        arn = f"{self._prefix}:{kind}:{machine.name}:{own}"
        existing = self.by_arn.get(arn)
        if existing is not None:
            if existing.status != "RUNNING" or existing.input != document:
                raise ServiceError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
            return self.started[arn]
        execution = Execution(
            revision.machine,
            arn=arn,
            name=name,
            input=document,
            role_arn=revision.role_arn,
            state_machine_arn=machine.arn,
            state_machine_name=machine.name,
            clock=self._clock,
            chance=self._chance,
            journal=self._journal,
            integrations=self._integrations,
            tokens=self._tokens,
            is_express=machine.is_express,
        )
        self._note_definition(arn, machine.arn, revision.definition)
        self.by_arn[arn] = execution
        self.started[arn] = Started(execution, machine, revision, version_arn, alias_arn, asked.get("traceHeader"))
        self._clock.spawn(f"execution {name}", execution.run)
        return self.started[arn]

    def _note_definition(self, execution: str, machine: str, definition: str) -> None:
        """Note what an execution runs, the text only where it is another than the machine's execution before had."""
        is_known = self._noted.get(machine) == definition
        self._noted[machine] = definition
        self._journal.record(DefinitionRun(execution, machine, "" if is_known else bare(definition)))

    def standard(self, arn: str, operation: str) -> Execution:
        """A Standard execution, for an operation that takes no others. Raises ExecutionDoesNotExist, InvalidArn."""
        if arn not in self.by_arn:
            raise ServiceError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        if self.started[arn].machine.is_express:
            raise ServiceError("InvalidArn", f"Invalid Arn: '{operation} does not take Express executions: {arn}'")
        return self.by_arn[arn]

    def _of_machine(self, arn: str) -> "list[_Row]":
        machine = self._machines.resolve(arn, "list")[0]
        if machine.is_express:
            raise _not_supported("ListExecutions", "EXPRESS")
        return [
            _Row(str(started.execution.status), started.execution.redrive_count, partial(self._summary, started))
            for started in reversed(self.started.values())
            if arn in (started.machine.arn, started.version_arn, started.alias_arn)
        ]

    def _of_map_run(self, arn: str) -> "list[_Row]":
        run = self.map_run(arn)
        return [_Row(str(child.status), 0, partial(self._child_summary, run, child)) for child in reversed(run.children)]

    def _summary(self, started: Started) -> dict[str, Any]:
        execution = started.execution
        return given(
            executionArn=execution.arn,
            stateMachineArn=started.machine.arn,
            name=execution.name,
            status=str(execution.status),
            startDate=self.instant(execution.started_ms),
            stopDate=None if execution.ended_ms is None else self.instant(execution.ended_ms),
            stateMachineVersionArn=started.version_arn,
            stateMachineAliasArn=started.alias_arn,
        )

    @staticmethod
    def _outcome(execution: Execution | Child) -> dict[str, Any]:
        return given(
            input=execution.input,
            inputDetails=_INCLUDED,
            output=execution.output,
            outputDetails=_INCLUDED if execution.output is not None else None,
            error=execution.error,
            cause=execution.cause,
        )

    def _redrives(self, execution: Execution) -> dict[str, Any]:
        is_possible = execution.status in ("FAILED", "TIMED_OUT", "ABORTED")
        return given(
            redriveCount=execution.redrive_count,
            redriveDate=None if execution.redriven_ms is None else self.instant(execution.redriven_ms),
            redriveStatus="REDRIVABLE" if is_possible else "NOT_REDRIVABLE",
            redriveStatusReason=None if is_possible else f"Execution is {execution.status} and cannot be redriven",
        )

    def _child(self, arn: str) -> tuple[MapRun, Child] | None:
        if arn in self.by_arn:
            return None
        return next(((run, child) for run in self.map_runs() for child in run.children if child.arn == arn), None)

    def _child_summary(self, run: MapRun, child: Child) -> dict[str, Any]:
        return given(
            executionArn=child.arn,
            stateMachineArn=f"{self.started[run.execution_arn].machine.arn}/{run.label}",
            name=child.name,
            status=str(child.status),
            startDate=self.instant(child.started_ms),
            stopDate=None if child.ended_ms is None else self.instant(child.ended_ms),
            mapRunArn=run.arn,
            redriveCount=0,
        )

    def _described_child(self, run: MapRun, child: Child) -> dict[str, Any]:
        return self._child_summary(run, child) | self._outcome(child) | {"redriveStatus": "REDRIVABLE_BY_MAP_RUN"}


class _Row(NamedTuple):
    """An execution of a list: what it is chosen by, and what is only made where it is shown."""

    status: str
    redrives: int
    show: Callable[[], dict[str, Any]]


def _billed_ms(took_ms: int) -> int:
    """Express workflows are billed in steps of 100 ms."""
    return -(-took_ms // 100) * 100


def _not_supported(operation: str, type_: str) -> ServiceError:
    message = f"{operation} does not support state machines of type {type_}"
    return ServiceError("StateMachineTypeNotSupported", message)


def _without_data(event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {key: part for key, part in value.items() if key not in _DATA} if isinstance(value, dict) else value
        for name, value in event.items()
    }


Operation = Callable[[Answer], Answer]
