"""The Step Functions API of the simulated account: state machines, executions and task tokens, run by our engine."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.account.wire import Decoded
from simulator.clock import VirtualClock
from simulator.engine.definition import parse, refusal_message
from simulator.engine.execution import Execution
from simulator.engine.failures import TokenError
from simulator.engine.history import events
from simulator.engine.integrations import Integrations
from simulator.engine.machine import Machine
from simulator.engine.tokens import TaskTokens
from simulator.errors import DefinitionError, ServiceError
from simulator.journal import Journal
from simulator.rng import Chance

_DEFAULT_PAGE = 100
_INVALID_NAME = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class StateMachine:
    """A created state machine."""

    arn: str
    name: str
    role_arn: str
    type: str
    definition: str
    machine: Machine
    created_at: float


class StatesApi:
    """Answers Step Functions requests for one account and Region."""

    def __init__(
        self,
        clock: VirtualClock,
        chance: Chance,
        journal: Journal,
        account_id: str,
        region: str,
        integrations: Integrations,
    ) -> None:
        self._clock, self._chance, self._journal, self._integrations = clock, chance, journal, integrations
        self._prefix = f"arn:aws:states:{region}:{account_id}"
        self._machines: dict[str, StateMachine] = {}
        self.executions: dict[str, Execution] = {}
        self._started_from: dict[str, StateMachine] = {}
        self.tokens = TaskTokens(clock, chance)
        self._operations: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            "CreateStateMachine": self._create,
            "DescribeStateMachine": self._describe_machine,
            "ListStateMachines": self._list_machines,
            "DeleteStateMachine": self._delete,
            "StartExecution": self._start,
            "StopExecution": self._stop,
            "DescribeExecution": self._describe_execution,
            "ListExecutions": self._list_executions,
            "GetExecutionHistory": self._history,
            "SendTaskSuccess": self._send_success,
            "SendTaskFailure": self._send_failure,
            "SendTaskHeartbeat": self._send_heartbeat,
        }

    def call(self, request: Decoded) -> Mapping[str, Any]:
        """Answer one request. Raises ServiceError."""
        operation = self._operations.get(request.operation)
        if operation is None:
            raise ServiceError("NotImplemented", f"states:{request.operation} is not simulated", 501)
        return operation(request.parameters)

    def deploy(self, name: str, definition: str, machine: Machine, role_arn: str, type_: str = "STANDARD") -> str:
        """Add a state machine that is already parsed; its ARN."""
        arn = self.machine_arn(name)
        self._machines[arn] = StateMachine(arn, name, role_arn, type_, definition, machine, self._now())
        return arn

    def machine_arn(self, name: str) -> str:
        """The ARN a state machine of this name has."""
        return f"{self._prefix}:stateMachine:{name}"

    def _create(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        name, definition = asked["name"], asked["definition"]
        if _INVALID_NAME.search(name):
            raise ServiceError("InvalidName", f"Invalid Name: '{name}'")
        try:
            machine = parse(definition, is_express=asked.get("type") == "EXPRESS")
        except DefinitionError as error:
            raise ServiceError("InvalidDefinition", refusal_message(error)) from error
        existing = self._machines.get(self.machine_arn(name))
        if existing is not None and existing.definition != definition:
            message = f"State Machine Already Exists: '{existing.arn}'"
            raise ServiceError("StateMachineAlreadyExists", message, 400)
        arn = (
            existing.arn
            if existing
            else self.deploy(name, definition, machine, asked["roleArn"], asked.get("type", "STANDARD"))
        )
        return {"stateMachineArn": arn, "creationDate": self._machines[arn].created_at}

    def _describe_machine(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        machine = self._machine(asked["stateMachineArn"])
        return {
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "status": "ACTIVE",
            "definition": machine.definition,
            "roleArn": machine.role_arn,
            "type": machine.type,
            "creationDate": machine.created_at,
        }

    def _list_machines(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        rows = [
            {"stateMachineArn": machine.arn, "name": machine.name, "type": machine.type, "creationDate": machine.created_at}
            for machine in self._machines.values()
        ]
        return _page("stateMachines", rows, asked)

    def _delete(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        self._machines.pop(asked["stateMachineArn"], None)
        return {}

    def _start(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        machine = self._machine(asked["stateMachineArn"])
        number = len(self.executions) + 1
        name = asked.get("name") or self._chance.stream("states.execution", f"{machine.name}#{number}").uuid()
        if len(name) > 80 or _INVALID_NAME.search(name):
            raise ServiceError("InvalidName", f"Invalid Name: '{name}'")
        document = asked.get("input", "{}")
        _require_json(document)
        arn = f"{self._prefix}:execution:{machine.name}:{name}"
        existing = self.executions.get(arn)
        if existing is not None:
            if existing.status != "RUNNING" or existing.input != document:
                raise ServiceError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
            return {"executionArn": arn, "startDate": self._instant(existing.started_ms)}
        execution = Execution(
            machine.machine,
            arn=arn,
            name=name,
            input=document,
            role_arn=machine.role_arn,
            state_machine_arn=machine.arn,
            state_machine_name=machine.name,
            clock=self._clock,
            chance=self._chance,
            journal=self._journal,
            integrations=self._integrations,
            tokens=self.tokens,
            is_express=machine.type == "EXPRESS",
        )
        self.executions[arn] = execution
        self._started_from[arn] = machine
        self._clock.spawn(f"execution {name}", execution.run)
        return {"executionArn": arn, "startDate": self._now()}

    def _stop(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        self._execution(asked["executionArn"]).stop(asked.get("error"), asked.get("cause"))
        return {"stopDate": self._now()}

    def _describe_execution(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        execution = self._execution(asked["executionArn"])
        return self._summary(execution) | {
            key: value
            for key, value in {
                "input": execution.input,
                "output": execution.output,
                "error": execution.error,
                "cause": execution.cause,
            }.items()
            if value is not None
        }

    def _list_executions(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        machine, status = asked.get("stateMachineArn"), asked.get("statusFilter")
        rows = [
            self._summary(execution)
            for execution in reversed(self.executions.values())
            if machine in (None, self._started_from[execution.arn].arn) and status in (None, execution.status)
        ]
        return _page("executions", rows, asked)

    def _history(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        execution = self._execution(asked["executionArn"])
        rows = events(self._journal, execution.arn, self._clock.start)
        return _page("events", rows[::-1] if asked.get("reverseOrder") else rows, asked)

    def _send_success(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        _require_json(asked["output"], "InvalidOutput")
        return self._token(lambda: self.tokens.succeed(asked["taskToken"], asked["output"]))

    def _send_failure(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._token(lambda: self.tokens.fail(asked["taskToken"], asked.get("error"), asked.get("cause")))

    def _send_heartbeat(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._token(lambda: self.tokens.heartbeat(asked["taskToken"]))

    @staticmethod
    def _token(action: Callable[[], object]) -> Mapping[str, Any]:
        try:
            action()
        except TokenError as error:
            raise ServiceError(type(error).__name__, str(error)) from error
        return {}

    def _machine(self, arn: str) -> StateMachine:
        if arn not in self._machines:
            raise ServiceError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        return self._machines[arn]

    def _execution(self, arn: str) -> Execution:
        if arn not in self.executions:
            raise ServiceError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return self.executions[arn]

    def _summary(self, execution: Execution) -> dict[str, Any]:
        stopped = {} if execution.ended_ms is None else {"stopDate": self._instant(execution.ended_ms)}
        return {
            "executionArn": execution.arn,
            "stateMachineArn": self._started_from[execution.arn].arn,
            "name": execution.name,
            "status": execution.status,
            "startDate": self._instant(execution.started_ms),
        } | stopped

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _instant(self, at_ms: int | None) -> float:
        return self._clock.start.timestamp() + (at_ms or 0) / 1000


def _require_json(text: str, code: str = "InvalidExecutionInput") -> None:
    try:
        json.loads(text)
    except ValueError as error:
        raise ServiceError(code, f"{code}: '{error}'") from error


def _page(member: str, rows: Sequence[Mapping[str, Any]], asked: Mapping[str, Any]) -> dict[str, Any]:
    """One page of rows; the token is the index of the next row."""
    token = asked.get("nextToken") or "0"
    if not token.isdigit():
        raise ServiceError("InvalidToken", f"Invalid Token: '{token}'")
    size = asked.get("maxResults") or _DEFAULT_PAGE
    end = int(token) + size
    return {member: rows[int(token) : end]} | ({"nextToken": str(end)} if end < len(rows) else {})
