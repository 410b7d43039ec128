"""The launch actions of DRS, run by the account's Systems Manager."""

from collections.abc import Callable, Mapping
from typing import Any

from simulator.account.ssm.api import SsmApi
from simulator.clock import VirtualClock
from simulator.drs.action_runner import Target
from simulator.errors import ServiceError

_TYPES = {"Automation": "SSM_AUTOMATION", "Command": "SSM_COMMAND"}


class LaunchActionRunner:
    """What DRS asks of Systems Manager. `at` gives that of an account and Region."""

    def __init__(self, clock: VirtualClock, at: Callable[[str, str], SsmApi]) -> None:
        self._clock, self._at = clock, at

    def document_type(self, account_id: str, region: str, document: str) -> str | None:
        """SSM_AUTOMATION or SSM_COMMAND, None for a document that is not known."""
        found = self._at(account_id, region).documents.find(document)
        return None if found is None else _TYPES.get(found.kind)

    def discovered(self, target: Target) -> None:
        """An instance's agent has reported."""
        managed = self._at(target.account_id, target.region).instances
        managed.add(target.instance_id, self._clock.now_ms)
        managed.recovered.add(target.instance_id)

    def run(self, target: Target, action: Mapping[str, Any], ended: Callable[[str | None], None]) -> None:
        """Begin an action on an instance, and tell how it ended."""
        self._clock.spawn(f"launch action {action['name']}", lambda: ended(self._run(target, action)))

    def _run(self, target: Target, action: Mapping[str, Any]) -> str | None:
        """Run an action to its end, in a process of the clock; None, or why it failed."""
        run = self._run_command if action["type"] == "SSM_COMMAND" else self._run_automation
        values = {name: _value(parameter) for name, parameter in action.get("parameters", {}).items()}
        try:
            return run(target, action["actionCode"], values)
        except ServiceError as error:
            return str(error)

    def _run_command(self, target: Target, document: str, values: Mapping[str, str]) -> str | None:
        commands = self._at(target.account_id, target.region).commands
        asked = {"DocumentName": document, "InstanceIds": [target.instance_id]}
        command = commands.send(asked | {"Parameters": {name: [value] for name, value in values.items()}})
        commands.wait(command)
        return None if command.status == "Success" else f"Command {command.id} ended as {command.status}"

    def _run_automation(self, target: Target, document: str, values: Mapping[str, str]) -> str | None:
        ssm = self._at(target.account_id, target.region)
        found = ssm.documents.find(document)
        is_asked_for = found is not None and "InstanceId" in found.content.get("parameters", {})
        own = {"InstanceId": target.instance_id} if is_asked_for else {}
        execution = ssm.start(document, {name: [value] for name, value in {**own, **values}.items()})
        execution.ended.wait()
        return None if execution.status == "Success" else execution.message or f"it ended as {execution.status}"


def _value(parameter: Any) -> str:
    return str(parameter.get("value", "")) if isinstance(parameter, Mapping) else str(parameter)
