"""The Systems Manager API, as far as it runs things; parameters and documents are moto's."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from simulator.account.account import caller
from simulator.account.ssm import automation
from simulator.account.ssm.actions import Answer, Failure, Surroundings
from simulator.account.ssm.automation import AutomationExecution, Stopped
from simulator.account.ssm.commands import Command, Commands, Invocation, details_of
from simulator.account.ssm.documents import Document, Documents
from simulator.account.ssm.instances import ManagedInstances
from simulator.account.ssm.outcomes import Outcomes
from simulator.account.wire import Decoded
from simulator.clock import Signal, VirtualClock
from simulator.errors import ServiceError
from simulator.journal import Journal
from simulator.rng import Chance

MAX_RUNNING = 100  # executions of runbooks at a time
_PAGE = 50
_SIGNALS = {"Approve": ("aws:approve",), "Reject": ("aws:approve",), "Resume": ("aws:pause",)}

Shown = Mapping[str, Any]

# What is answered here; every other operation of the service is moto's.
OPERATIONS = (
    "CancelCommand", "DescribeAutomationExecutions", "DescribeAutomationStepExecutions", "DescribeInstanceInformation",
    "GetAutomationExecution", "GetCommandInvocation", "ListCommandInvocations", "ListCommands", "SendAutomationSignal",
    "SendCommand", "StartAutomationExecution", "StopAutomationExecution",
)  # fmt: skip


class SsmApi:
    """Answers for one account and Region. `documents_given` and `outcomes` are the world's."""

    def __init__(
        self,
        clock: VirtualClock,
        chance: Chance,
        journal: Journal,
        account_id: str,
        region: str,
        documents_given: Mapping[str, Document],
        outcomes: Outcomes,
    ) -> None:
        self._clock, self._chance = clock, chance
        self._account_id, self._region = account_id, region
        self.documents = Documents(account_id, region, documents_given)
        self.instances = ManagedInstances()
        self.commands = Commands(clock, chance, journal, self.documents, self.instances, outcomes)
        self._around = Surroundings(
            account_id, region, clock, chance, journal, outcomes, self._command_step, self._automation_step
        )
        self.executions: dict[str, AutomationExecution] = {}
        self._tokens: dict[str, tuple[Any, str]] = {}
        self.operations: Mapping[str, Callable[[Mapping[str, Any]], Shown]] = {
            "CancelCommand": self._cancel_command,
            "DescribeAutomationExecutions": self._describe_executions,
            "DescribeAutomationStepExecutions": self._describe_steps,
            "DescribeInstanceInformation": self._describe_instances,
            "GetAutomationExecution": self._get_execution,
            "GetCommandInvocation": self._get_invocation,
            "ListCommandInvocations": self._list_invocations,
            "ListCommands": self._list_commands,
            "SendAutomationSignal": self._signal,
            "SendCommand": self._send_command,
            "StartAutomationExecution": self._start,
            "StopAutomationExecution": self._stop,
        }

    def call(self, request: Decoded) -> Shown:
        """Answer one request. Raises ServiceError."""
        return self.operations[request.operation](request.parameters)

    def start(self, name: str, given: Mapping[str, Sequence[str]], parent: str | None = None) -> AutomationExecution:
        """Start a runbook. Raises ServiceError."""
        document = self.documents.find(name)
        if document is None or document.kind != "Automation":
            raise ServiceError("AutomationDefinitionNotFoundException", f"Automation document {name} does not exist")
        if not isinstance(document.content.get("mainSteps"), list) or not document.content["mainSteps"]:
            raise ServiceError("InvalidDocumentContent", f"Document {name} has no mainSteps")
        if sum(one.status not in automation.ENDED for one in self.executions.values()) >= MAX_RUNNING:
            message = f"At most {MAX_RUNNING} automations run at a time"
            raise ServiceError("AutomationExecutionLimitExceededException", message)
        parameters = _parameters(document.content.get("parameters", {}), given)
        number = len(self.executions) + 1
        identifier = self._chance.stream("ssm.automation", str(number)).uuid()
        execution = AutomationExecution(
            identifier, document, parameters, caller(), self._clock.now_ms, Signal(self._clock), parent=parent
        )
        self.executions[identifier] = execution
        execution.process = self._clock.spawn(f"automation {name}", lambda: automation.run(execution, self._around))
        return execution

    def _start(self, asked: Mapping[str, Any]) -> Shown:
        token = asked.get("ClientToken")
        if token and token in self._tokens:
            known, identifier = self._tokens[token]
            if known != asked:
                raise ServiceError("IdempotentParameterMismatch", "The ClientToken was used for another request")
            return {"AutomationExecutionId": identifier}
        execution = self.start(asked["DocumentName"], asked.get("Parameters", {}))
        if token:
            self._tokens[token] = asked, execution.id
        return {"AutomationExecutionId": execution.id}

    def _stop(self, asked: Mapping[str, Any]) -> Shown:
        execution = self._execution(asked["AutomationExecutionId"])
        if execution.status in automation.ENDED:
            message = f"The automation has ended as {execution.status}"
            raise ServiceError("InvalidAutomationStatusUpdateException", message)
        if execution.process is not None:
            execution.process.interrupt(Stopped())
        return {}

    def _signal(self, asked: Mapping[str, Any]) -> Shown:
        execution, kind = self._execution(asked["AutomationExecutionId"]), asked["SignalType"]
        if kind not in _SIGNALS:
            raise ServiceError("InvalidAutomationSignalException", f"{kind} is not simulated")
        waiting = execution.steps[-1] if execution.steps else None
        if waiting is None or waiting.status != "Waiting" or waiting.action not in _SIGNALS[kind]:
            raise ServiceError("InvalidAutomationSignalException", f"No step waits for {kind}")
        assert execution.signals is not None
        execution.signals.sent.append((caller(), kind))
        execution.signals.changed.set()
        return {}

    def _get_execution(self, asked: Mapping[str, Any]) -> Shown:
        execution = self._execution(asked["AutomationExecutionId"])
        shown = self._row(execution) | {
            "Parameters": {name: _texts(value) for name, value in execution.parameters.items()},
            "Outputs": execution.outputs,
            "StepExecutions": [self._step(step) for step in execution.steps],
            "StepExecutionsTruncated": False,
        }
        return {"AutomationExecution": shown}

    def _describe_executions(self, asked: Mapping[str, Any]) -> Shown:
        wanted = {one["Key"]: one["Values"] for one in asked.get("Filters", ())}
        rows = [
            self._row(execution)
            for execution in reversed(self.executions.values())
            if execution.status in wanted.get("ExecutionStatus", [execution.status])
            and any(execution.document.name.startswith(name) for name in wanted.get("DocumentNamePrefix", [""]))
            and execution.id in wanted.get("ExecutionId", [execution.id])
        ]
        return _page("AutomationExecutionMetadataList", rows, asked)

    def _describe_steps(self, asked: Mapping[str, Any]) -> Shown:
        execution = self._execution(asked["AutomationExecutionId"])
        rows = [self._step(step) for step in execution.steps]
        return _page("StepExecutions", rows[::-1] if asked.get("ReverseOrder") else rows, asked)

    def _send_command(self, asked: Mapping[str, Any]) -> Shown:
        return {"Command": self._command(self.commands.send(asked))}

    def _cancel_command(self, asked: Mapping[str, Any]) -> Shown:
        self.commands.cancel(self.commands.get(asked["CommandId"]), asked.get("InstanceIds", ()))
        return {}

    def _get_invocation(self, asked: Mapping[str, Any]) -> Shown:
        command = self.commands.get(asked["CommandId"])
        invocation = command.invocations.get(asked["InstanceId"])
        if invocation is None:
            raise ServiceError("InvocationDoesNotExist", "The command was not sent to this instance")
        times = {
            "ExecutionStartDateTime": self._text(invocation.started_ms),
            "ExecutionEndDateTime": self._text(invocation.ended_ms),
        }
        return {
            "CommandId": command.id,
            "InstanceId": invocation.instance,
            "Comment": command.comment,
            "DocumentName": command.document,
            "Status": "TimedOut" if invocation.status == "DeliveryTimedOut" else invocation.status,
            "StatusDetails": details_of(invocation.status),
            "ResponseCode": invocation.exit_code,
            "StandardOutputContent": invocation.output,
            "StandardErrorContent": invocation.message,
        } | {name: text for name, text in times.items() if text}

    def _list_commands(self, asked: Mapping[str, Any]) -> Shown:
        commands = [
            command
            for command in reversed(self.commands.by_id.values())
            if command.id == asked.get("CommandId", command.id)
            and ("InstanceId" not in asked or asked["InstanceId"] in command.invocations)
        ]
        return _page("Commands", [self._command(command) for command in commands], asked)

    def _list_invocations(self, asked: Mapping[str, Any]) -> Shown:
        rows = [
            self._invocation(command, invocation)
            for command in reversed(self.commands.by_id.values())
            for invocation in command.invocations.values()
            if command.id == asked.get("CommandId", command.id)
            and invocation.instance == asked.get("InstanceId", invocation.instance)
        ]
        return _page("CommandInvocations", rows, asked)

    def _describe_instances(self, asked: Mapping[str, Any]) -> Shown:
        wanted = {one["Key"]: one["Values"] for one in asked.get("Filters", ())}
        rows = [
            {
                "InstanceId": one.id,
                "PingStatus": one.ping,
                "LastPingDateTime": self._instant(self._clock.now_ms),
                "AgentVersion": "3.3.0.0",
                "IsLatestVersion": True,
                "PlatformType": one.platform,
                "ResourceType": "EC2Instance",
                "ComputerName": one.name,
            }
            for one in self.instances.known().values()
            if one.id in wanted.get("InstanceIds", [one.id]) and one.ping in wanted.get("PingStatus", [one.ping])
        ]
        return _page("InstanceInformationList", rows, asked)

    def _command_step(self, inputs: Mapping[str, Any]) -> Answer:
        """The action aws:runCommand."""
        asked = {name: value for name, value in inputs.items() if name in ("DocumentName", "Targets", "Comment")}
        if "InstanceIds" in inputs:
            asked["InstanceIds"] = _as_list(inputs["InstanceIds"])
        asked["Parameters"] = {name: _as_list(value) for name, value in inputs.get("Parameters", {}).items()}
        try:
            command = self.commands.send(asked)
        except ServiceError as error:
            raise Failure(str(error)) from error
        try:
            self.commands.wait(command)
        except Stopped:
            self.commands.cancel(command, ())
            raise
        if command.status != "Success":
            raise Failure(f"Command {command.id} ended as {command.status}")
        output = "\n".join(invocation.output for invocation in command.invocations.values())
        return Answer({"CommandId": command.id, "Status": command.status, "ResponseCode": 0, "Output": output})

    def _automation_step(self, name: str, given: Mapping[str, Any], parent: str) -> Answer:
        """The action aws:executeAutomation."""
        try:
            execution = self.start(name, given, parent)
        except ServiceError as error:
            raise Failure(str(error)) from error
        try:
            execution.ended.wait()
        except Stopped:
            if execution.process is not None:
                execution.process.interrupt(Stopped())
            raise
        if execution.status != "Success":
            raise Failure(f"Automation {execution.id} ended as {execution.status}: {execution.message}")
        outputs = [text for texts in execution.outputs.values() for text in texts]
        return Answer({"ExecutionId": execution.id, "Status": execution.status, "Output": outputs})

    def _execution(self, identifier: str) -> AutomationExecution:
        if identifier not in self.executions:
            message = f"Automation execution {identifier} does not exist"
            raise ServiceError("AutomationExecutionNotFoundException", message)
        return self.executions[identifier]

    def _row(self, execution: AutomationExecution) -> dict[str, Any]:
        present = [step for step in execution.steps if step.status not in automation.ENDED]
        members = {
            "AutomationExecutionId": execution.id,
            "DocumentName": execution.document.name,
            "DocumentVersion": execution.document.version,
            "AutomationExecutionStatus": execution.status,
            "ExecutionStartTime": self._instant(execution.started_ms),
            "ExecutionEndTime": None if execution.ended_ms is None else self._instant(execution.ended_ms),
            "ExecutedBy": execution.by,
            "Mode": "Auto",
            "FailureMessage": execution.message or None,
            "ParentAutomationExecutionId": execution.parent,
            "CurrentStepName": present[-1].name if present else None,
            "CurrentAction": present[-1].action if present else None,
        }
        return {name: value for name, value in members.items() if value is not None}

    def _step(self, step: automation.StepRun) -> dict[str, Any]:
        members = {
            "StepExecutionId": step.id,
            "StepName": step.name,
            "Action": step.action,
            "StepStatus": step.status,
            "ExecutionStartTime": None if step.started_ms is None else self._instant(step.started_ms),
            "ExecutionEndTime": None if step.ended_ms is None else self._instant(step.ended_ms),
            "Inputs": {name: str(value) for name, value in step.inputs.items()},
            "Outputs": {name: _texts(value) for name, value in step.outputs.items()},
            "FailureMessage": step.message or None,
        }
        return {name: value for name, value in members.items() if value is not None}

    def _command(self, command: Command) -> dict[str, Any]:
        statuses = [one.status for one in command.invocations.values()]
        return {
            "CommandId": command.id,
            "DocumentName": command.document,
            "Comment": command.comment,
            "Parameters": {name: list(value) for name, value in command.parameters.items()},
            "InstanceIds": list(command.invocations),
            "RequestedDateTime": self._instant(command.asked_ms),
            "Status": command.status,
            "StatusDetails": details_of(command.status),
            "TargetCount": len(statuses),
            "CompletedCount": sum(status in ("Success", "Failed", "TimedOut", "Cancelled") for status in statuses),
            "ErrorCount": sum(status in ("Failed", "TimedOut") for status in statuses),
        }

    def _invocation(self, command: Command, invocation: Invocation) -> dict[str, Any]:
        return {
            "CommandId": command.id,
            "InstanceId": invocation.instance,
            "Comment": command.comment,
            "DocumentName": command.document,
            "RequestedDateTime": self._instant(command.asked_ms),
            "Status": "TimedOut" if invocation.status == "DeliveryTimedOut" else invocation.status,
            "StatusDetails": details_of(invocation.status),
        }

    def _instant(self, at_ms: int) -> float:
        return self._clock.start.timestamp() + at_ms / 1000

    def _text(self, at_ms: int | None) -> str:
        if at_ms is None:
            return ""
        return f"{self._clock.start + timedelta(milliseconds=at_ms):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def _parameters(declared: Mapping[str, Any], given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """A runbook's parameters: lists stay lists, everything else is its one value. Raises ServiceError."""
    unknown = [name for name in given if name not in declared]
    missing = [name for name, one in declared.items() if "default" not in one and name not in given]
    if unknown or missing:
        what = f"does not have the parameters {', '.join(unknown)}" if unknown else f"needs {', '.join(missing)}"
        raise ServiceError("InvalidAutomationExecutionParametersException", f"The document {what}")
    values: dict[str, Any] = {}
    for name, one in declared.items():
        value: Any = given.get(name, one.get("default"))
        is_list = "List" in str(one.get("type", "String"))
        values[name] = value if is_list or name not in given or len(given[name]) != 1 else given[name][0]
        allowed = one.get("allowedValues")
        if allowed and not is_list and values[name] not in allowed:
            message = f"{name} must be one of {', '.join(map(str, allowed))}"
            raise ServiceError("InvalidAutomationExecutionParametersException", message)
    return values


def _page(member: str, rows: Sequence[Shown], asked: Mapping[str, Any]) -> dict[str, Any]:
    token = asked.get("NextToken") or "0"
    if not (token.isascii() and token.isdigit()):
        raise ServiceError("InvalidNextToken", "The specified token is not valid.")
    end = int(token) + (asked.get("MaxResults") or _PAGE)
    return {member: rows[int(token) : end]} | ({"NextToken": str(end)} if end < len(rows) else {})


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
