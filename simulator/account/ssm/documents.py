"""Documents: those of AWS that orchestrations lean on, those of the account (kept by moto), and those a world is given."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import ServiceException

from simulator.account import moto_services
from simulator.errors import ScenarioError, ServiceError
from simulator.scenario.tree import read_tree


@dataclass(frozen=True, slots=True)
class Document:
    """A document: `kind` is Automation or Command, `content` its decoded text."""

    name: str
    kind: str
    version: str
    content: Mapping[str, Any]


class Documents:
    """The documents of one account and Region. Those that are `given` to the world are known everywhere."""

    def __init__(self, account_id: str, region: str, given: Mapping[str, Document]) -> None:
        self._account_id, self._region, self._given = account_id, region, given

    def find(self, name: str, version: str | None = None) -> Document | None:
        """A document by its name or ARN; None if there is none. Raises ServiceError for one that cannot be read."""
        name = name.rpartition("document/")[2] or name
        if name in self._given:
            return self._given[name]
        if name in OWNED:
            return OWNED[name]
        backend = moto_services.backend("ssm", self._account_id, self._region)  # it is no call of whoever runs the document
        try:
            found = backend.get_document(name, version, None, None)
        except ServiceException:
            return None
        return parse_document(name, found["Content"], found["DocumentType"], found["DocumentVersion"])


def parse_document(name: str, text: str, kind: str = "Automation", version: str = "1") -> Document:
    """A document from its JSON or YAML. Raises ServiceError (InvalidDocumentContent) for anything else."""
    try:
        content: Any = json.loads(text)
    except ValueError:
        try:
            content = read_tree(text, name).data
        except ScenarioError as error:
            raise ServiceError("InvalidDocumentContent", str(error)) from error
    if not isinstance(content, Mapping):
        raise ServiceError("InvalidDocumentContent", f"Document {name} is not an object")
    return Document(name, kind, version, content)


def _command(name: str, platform: str) -> Document:
    content = {
        "schemaVersion": "2.2",
        "parameters": {"commands": {"type": "StringList"}, "workingDirectory": {"type": "String", "default": ""},
                       "executionTimeout": {"type": "String", "default": "3600"}},
        "mainSteps": [{"action": "aws:runShellScript" if platform == "Linux" else "aws:runPowerShellScript", "name": "run"}],
    }  # fmt: skip
    return Document(name, "Command", "1", content)


def _instances(name: str, *states: str) -> Document:
    """One of AWS's runbooks that bring instances into a state."""
    steps = [
        {"name": state, "action": "aws:changeInstanceState",
         "inputs": {"InstanceIds": "{{ InstanceId }}", "DesiredState": state}}
        for state in states
    ]  # fmt: skip
    parameters = {"InstanceId": {"type": "StringList"}, "AutomationAssumeRole": {"type": "String", "default": ""}}
    return Document(name, "Automation", "1", {"schemaVersion": "0.3", "parameters": parameters, "mainSteps": steps})


OWNED: Mapping[str, Document] = {
    document.name: document
    for document in (
        _command("AWS-RunShellScript", "Linux"),
        _command("AWS-RunPowerShellScript", "Windows"),
        _instances("AWS-StartEC2Instance", "running"),
        _instances("AWS-StopEC2Instance", "stopped"),
        _instances("AWS-RestartEC2Instance", "stopped", "running"),
        _instances("AWS-TerminateEC2Instance", "terminated"),
    )
}
