"""Runbooks of a plan: Systems Manager Automation, in the account and Region of the wave."""

from typing import Any
from uuid import UUID, uuid5

from botocore.exceptions import BotoCoreError, ClientError

from orchestration import looks, places
from orchestration.logs import logger
from orchestration.looks import Look
from orchestration.places import Place, client_at
from orchestration.record import Record
from orchestration.waves import FAILED

_TOKENS = UUID("b7f0c7c4-8f3c-4f57-9f6b-2f6d0f8f6a11")  # the namespace of client tokens
# How an execution of a runbook may end. Any other status is one of an execution that goes on.
_ENDS = {"Success": "SUCCEEDED", "CompletedWithSuccess": "SUCCEEDED"} | dict.fromkeys(
    ("Failed", "TimedOut", "Cancelled", "Rejected", "CompletedWithFailure", "Exited"), FAILED
)


def look(execution: Record, wave: Record, place: int) -> Look:
    """Start a wave's runbook, or see how it stands. Asked again it starts nothing: the token says so.

    Needs `ssm:StartAutomationExecution`, `ssm:GetAutomationExecution`, and `iam:PassRole` where its parameters name the role
    that it runs with. Raises botocore's ClientError.
    """
    step, ssm = wave["steps"][place], client_at("ssm", places.recorded(wave))
    if "runId" not in step:
        token = uuid5(_TOKENS, f"{execution['executionId']}/{wave['name']}/{place}/{step['attempt']}")
        given: dict[str, Any] = {"DocumentName": step["ssm"], "ClientToken": str(token)}
        if parameters := looks.parameters(execution, wave, step):  # which SSM does not take empty
            given["Parameters"] = parameters
        return Look(None, note={"runId": ssm.start_automation_execution(**given)["AutomationExecutionId"]})
    found = ssm.get_automation_execution(AutomationExecutionId=step["runId"])["AutomationExecution"]
    status = found["AutomationExecutionStatus"]
    reason = "" if _ENDS.get(status) == "SUCCEEDED" else found.get("FailureMessage") or status
    return Look(_ENDS.get(status), reason)


def stop(place: Place, step: Record) -> None:
    """Stop a runbook whose time is up. One that cannot be stopped is left to itself."""
    if "runId" not in step:
        return
    try:
        client_at("ssm", place).stop_automation_execution(AutomationExecutionId=step["runId"], Type="Cancel")
    except (ClientError, BotoCoreError) as error:
        logger.warning("a runbook cannot be stopped", run_id=step["runId"], error=str(error))
