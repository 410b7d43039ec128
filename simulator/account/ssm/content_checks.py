"""What Systems Manager refuses in the content of a document when it is created, so that a misspelled action never runs."""

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.account.ssm.documents import parse_document
from simulator.account.wire import Decoded
from simulator.errors import ServiceError

_CREATES = ("CreateDocument", "UpdateDocument")
_AUTOMATION = frozenset(
    f"aws:{action}"
    for action in (
        "approve", "assertAwsResourceProperty", "branch", "changeInstanceState", "copyImage", "createImage", "createStack",
        "createTags", "deleteImage", "deleteStack", "executeAutomation", "executeAwsApi", "executeScript",
        "executeStateMachine", "invokeLambdaFunction", "invokeWebhook", "loop", "pause", "runCommand", "runInstances",
        "sleep", "updateVariable", "waitForAwsResourceProperty",
    )
)  # fmt: skip
_COMMAND = frozenset(
    f"aws:{plugin}"
    for plugin in (
        "applications", "cloudWatch", "configureDocker", "configurePackage", "domainJoin", "downloadContent", "psModule",
        "refreshAssociation", "runDockerAction", "runDocument", "runPowerShellScript", "runShellScript",
        "softwareInventory", "updateAgent", "updateSsmAgent",
    )
)  # fmt: skip
_ACTIONS: Mapping[str, frozenset[str]] = {"0.3": _AUTOMATION, "2.0": _COMMAND, "2.2": _COMMAND}


def check(request: Decoded) -> None:
    """Raises ServiceError (InvalidDocumentContent) for a document that cannot be, before it is kept."""
    asked = request.parameters
    if (
        request.operation not in _CREATES
        or not isinstance(asked.get("Content"), str)
        or asked.get("DocumentFormat") == "TEXT"
    ):
        return
    content = parse_document(str(asked.get("Name")), asked["Content"]).content
    actions = _ACTIONS.get(str(content.get("schemaVersion")))
    flaw = next(_flaws(content.get("mainSteps"), actions), None) if actions else None
    if flaw:
        raise ServiceError("InvalidDocumentContent", flaw)


def _flaws(steps: Any, actions: frozenset[str]) -> Iterator[str]:
    if not isinstance(steps, list) or not steps:
        yield "The document has no mainSteps"
        return
    names: set[str] = set()
    for step in steps:
        if not isinstance(step, Mapping) or not isinstance(step.get("name"), str):
            yield "Each of mainSteps must have a name"
            return
        if step["name"] in names:
            yield f"Two steps are called {step['name']}"
        names.add(step["name"])
        if step.get("action") not in actions:
            yield f"Step {step['name']} has an action that is not supported: {step.get('action')}"
    for step in steps:
        if "nextStep" in step and step["nextStep"] not in names:
            yield f"Step {step['name']} goes on with a step that there is not: {step['nextStep']}"
