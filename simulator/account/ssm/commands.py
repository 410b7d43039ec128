"""Run Command: documents that run on managed instances."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.account.ssm.documents import Documents
from simulator.account.ssm.instances import Managed, ManagedInstances
from simulator.account.ssm.outcomes import COMMAND, Outcomes
from simulator.clock import Signal, VirtualClock
from simulator.errors import ServiceError
from simulator.journal import CommandChanged, Journal
from simulator.rng import Chance

DELIVERY_MS = 500  # from the call until an agent begins
DELIVERY_TIMEOUT_SECONDS = 3_600
ENDED = ("Success", "Failed", "TimedOut", "Cancelled", "DeliveryTimedOut", "Undeliverable")
_DETAILS = {"InProgress": "In Progress", "TimedOut": "Execution Timed Out", "DeliveryTimedOut": "Delivery Timed Out"}


@dataclass(slots=True)
class Invocation:
    """A command on one instance. `ended` is set at its end; the exit code is -1 until then."""

    instance: str
    ended: Signal
    status: str = "Pending"
    output: str = ""
    message: str = ""
    started_ms: int | None = None
    ended_ms: int | None = None

    @property
    def exit_code(self) -> int:
        """What the script gave back, as far as it is over."""
        return {"Success": 0, "Failed": 1}.get(self.status, -1)


@dataclass(slots=True)
class Command:
    """A command and what it does on each instance."""

    id: str
    document: str
    parameters: Mapping[str, Sequence[str]]
    comment: str
    asked_ms: int
    invocations: dict[str, Invocation] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """Pending, InProgress, or how it ended on all instances."""
        statuses = [one.status for one in self.invocations.values()]
        if any(status not in ENDED for status in statuses):
            return "Pending" if set(statuses) == {"Pending"} else "InProgress"
        for status in ("Cancelled", "Failed", "TimedOut", "DeliveryTimedOut"):
            if status in statuses:
                return "TimedOut" if status == "DeliveryTimedOut" else status
        return "Success"


class Commands:
    """The commands of one account and Region."""

    def __init__(
        self,
        clock: VirtualClock,
        chance: Chance,
        journal: Journal,
        documents: Documents,
        instances: ManagedInstances,
        outcomes: Outcomes,
    ) -> None:
        self._clock, self._chance, self._journal = clock, chance, journal
        self._documents, self._instances, self._outcomes = documents, instances, outcomes
        self.by_id: dict[str, Command] = {}

    def send(self, asked: Mapping[str, Any]) -> Command:
        """SendCommand: begin on every instance that is named or chosen. Raises ServiceError."""
        document = self._documents.find(asked["DocumentName"], asked.get("DocumentVersion"))
        if document is None or document.kind != "Command":
            raise ServiceError("InvalidDocument", f"Document {asked['DocumentName']} does not exist.")
        _check_parameters(document.content, asked.get("Parameters", {}))
        named = list(asked.get("InstanceIds", ()))
        unknown = [instance for instance in named if instance not in self._instances.known()]
        if unknown:
            raise ServiceError("InvalidInstanceId", f"Instances {unknown} not in a valid state for account")
        chosen = named or self._instances.targeted(asked.get("Targets", ()))
        number = len(self.by_id) + 1
        identifier = self._chance.stream("ssm.command", str(number)).uuid()
        parameters = asked.get("Parameters", {})
        command = Command(identifier, document.name, parameters, asked.get("Comment", ""), self._clock.now_ms)
        self.by_id[identifier] = command
        script = document.content.get("parameters", {}).get("executionTimeout", {}).get("default", "3600")
        limit_ms = int((parameters.get("executionTimeout") or [script])[0]) * 1000
        for instance in dict.fromkeys(chosen):
            invocation = command.invocations[instance] = Invocation(instance, Signal(self._clock))
            self._note(command, invocation)
            self._deliver(command, invocation, limit_ms, asked.get("TimeoutSeconds", DELIVERY_TIMEOUT_SECONDS))
        return command

    def get(self, identifier: str) -> Command:
        """A command by its id. Raises ServiceError."""
        if identifier not in self.by_id:
            raise ServiceError("InvalidCommandId", f"Command {identifier} does not exist")
        return self.by_id[identifier]

    def cancel(self, command: Command, instances: Sequence[str]) -> None:
        """End a command where it has not ended; on all instances if none is named."""
        for invocation in list(command.invocations.values()):
            if invocation.status not in ENDED and (not instances or invocation.instance in instances):
                self._end(command, invocation, "Cancelled")

    def wait(self, command: Command) -> None:
        """Wait until a command is over, in a process of the clock."""
        for invocation in command.invocations.values():
            invocation.ended.wait()

    def _deliver(self, command: Command, invocation: Invocation, limit_ms: int, timeout_seconds: int) -> None:
        machine = self._instances.by_id[invocation.instance]
        if machine.ping != "Online":
            self._clock.call_after(timeout_seconds * 1000, lambda: self._end(command, invocation, "DeliveryTimedOut"))
            return
        self._clock.call_after(DELIVERY_MS, lambda: self._begin(command, invocation, machine, limit_ms))

    def _begin(self, command: Command, invocation: Invocation, machine: Managed, limit_ms: int) -> None:
        if invocation.status in ENDED:
            return
        invocation.status, invocation.started_ms = "InProgress", self._clock.now_ms
        self._note(command, invocation)
        outcome = self._outcomes.take(command.document, instance=machine.id)
        takes_ms = ((outcome and outcome.duration) or COMMAND).draw_ms(self._chance, f"{command.id}/{machine.id}")
        ending = outcome.ending if outcome else "Success"
        invocation.output = outcome.output if outcome else ""
        invocation.message = outcome.message if outcome else ""
        if ending == "hang" or takes_ms > limit_ms or ending == "TimedOut":
            self._clock.call_after(limit_ms, lambda: self._end(command, invocation, "TimedOut"))
        else:
            self._clock.call_after(takes_ms, lambda: self._end(command, invocation, ending))

    def _end(self, command: Command, invocation: Invocation, status: str) -> None:
        if invocation.status in ENDED:
            return
        invocation.status, invocation.ended_ms = status, self._clock.now_ms
        self._note(command, invocation)
        invocation.ended.set()

    def _note(self, command: Command, invocation: Invocation) -> None:
        self._journal.record(CommandChanged(command.id, command.document, invocation.instance, invocation.status))


def details_of(status: str) -> str:
    """A status as its details say it."""
    return _DETAILS.get(status, status)


def _check_parameters(content: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    declared = content.get("parameters", {})
    unknown = [name for name in given if name not in declared]
    missing = [name for name, one in declared.items() if "default" not in one and name not in given]
    if unknown or missing:
        what = f"does not have {', '.join(unknown)}" if unknown else f"needs {', '.join(missing)}"
        raise ServiceError("InvalidParameters", f"The document {what}")
