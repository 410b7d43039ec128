"""A wave's health after its servers have launched: an alarm, a command on its instances, or an answer over HTTP.

Health is looked at until it is green or its time is up: what has just started is red for a while.
"""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from orchestration import looks, places
from orchestration.clients import client, pages
from orchestration.looks import Look
from orchestration.places import client_at
from orchestration.record import Record

GREEN = "SUCCEEDED"
_MAX_INSTANCES = 50  # that one command is sent to
_GOES_ON = ("Pending", "InProgress", "Delayed", "Cancelling")


def look(execution: Record, wave: Record, place: int) -> Look:
    """How a check of health stands. Raises botocore's ClientError for what AWS refuses."""
    step = wave["steps"][place]
    if "alarm" in step:
        return _alarm(wave, step["alarm"])
    if "url" in step:
        return _answer(step)
    return _command(execution, wave, step)


def _alarm(wave: Record, name: str) -> Look:
    """Green is OK; an alarm without data says nothing of what has just launched. Needs `cloudwatch:DescribeAlarms`."""
    answer = client_at("cloudwatch", places.recorded(wave)).describe_alarms(AlarmNames=[name])
    found = [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]
    if not found:
        return Look(None, f"there is no alarm {name}")
    state = found[0]["StateValue"]
    return Look(GREEN) if state == "OK" else Look(None, f"alarm {name} is {state}")


def _answer(step: Record) -> Look:
    """Ask the probe function, which can be where the address is reachable from. Needs `lambda:InvokeFunction`."""
    members = {"url": "url", "httpStatus": "status", "contains": "contains"}
    asked = {name: step[member] for member, name in members.items() if member in step}
    answer = client("lambda").invoke(FunctionName=os.environ["PROBE_FUNCTION_ARN"], Payload=json.dumps(asked).encode())
    told = json.loads(answer["Payload"].read() or b"null")
    return probed(told, answer.get("FunctionError"))


def probed(told: Any, error: str | None) -> Look:
    """What the probe function's answer comes to. Pure."""
    if error or not isinstance(told, Mapping):
        return Look(None, f"the probe failed: {told}")
    return Look(GREEN) if told.get("isHealthy") is True else Look(None, str(told.get("reason", "not healthy")))


def _command(execution: Record, wave: Record, step: Record) -> Look:
    """Send a command to the wave's instances, see what became of it, and send it again where it failed.

    Needs `ssm:SendCommand` and `ssm:ListCommandInvocations`.
    """
    ssm, instances = client_at("ssm", places.recorded(wave)), looks.instances(wave)
    if not instances:
        return Look(None, "no recovery instance is known")
    if not step.get("commandIds"):
        given: dict[str, Any] = {"DocumentName": step["ssm"]}
        if parameters := looks.parameters(execution, wave, step):
            given["Parameters"] = parameters
        some = [instances[start : start + _MAX_INSTANCES] for start in range(0, len(instances), _MAX_INSTANCES)]
        sent = [ssm.send_command(InstanceIds=few, **given)["Command"]["CommandId"] for few in some]
        return Look(None, "the command runs", {"commandIds": sent})
    found = [
        one
        for command in step["commandIds"]
        for one in pages(ssm.list_command_invocations, "CommandInvocations", "NextToken", CommandId=command)
    ]
    return commanded({one["InstanceId"]: one["Status"] for one in found}, instances)


def commanded(statuses: Mapping[str, str], instances: Sequence[str]) -> Look:
    """What a command comes to whose invocations have these statuses, by instance. Pure."""
    if any(statuses.get(instance, "Pending") in _GOES_ON for instance in instances):
        return Look(None, "the command runs")
    failed = [f"{instance}: {statuses[instance]}" for instance in instances if statuses[instance] != "Success"]
    return Look(None, f"the command failed on {', '.join(failed)}", {"commandIds": []}) if failed else Look(GREEN)
