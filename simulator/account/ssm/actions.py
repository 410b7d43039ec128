"""What the steps of a runbook do. Actions that are not here are modelled: they take some seconds and succeed."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError

from simulator.account import moto_services
from simulator.account.ssm.outcomes import Outcomes
from simulator.account.ssm.values import select
from simulator.account.wire import plain
from simulator.clock import Signal, VirtualClock
from simulator.journal import Journal
from simulator.rng import Chance

POLL_MS = 5_000
MAX_POLLS = 100_000
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


class Failure(Exception):
    """A step has failed, and why."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What actions work with: one account and Region. The callables run other runbooks and commands."""

    account_id: str
    region: str
    clock: VirtualClock
    chance: Chance
    journal: Journal
    outcomes: Outcomes
    run_command: Callable[[Mapping[str, Any]], "Answer"]
    run_automation: Callable[[str, Mapping[str, Any], str], "Answer"]

    def client(self, service: str) -> Any:
        """A boto3 client of this account and Region."""
        return moto_services.client(service, self.region, self.account_id)

    def globals(self) -> dict[str, str]:
        """The references that every runbook may use."""
        now = self.clock.now()
        return {
            "global:DATE": f"{now:%Y-%m-%d}",
            "global:DATE_TIME": f"{now:%Y-%m-%d_%H.%M.%S}",
            "global:REGION": self.region,
            "global:ACCOUNT_ID": self.account_id,
        }


@dataclass(slots=True)
class Signals:
    """The signals that came for a step: who sent them, and whether they approve. `changed` is set with each."""

    changed: Signal
    sent: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Step:
    """A step as its action sees it, references filled in."""

    execution: str
    inputs: Mapping[str, Any]
    signals: Signals | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What an action gives: outputs by name, the whole response for selectors, and the step that a branch chose."""

    outputs: dict[str, Any] = field(default_factory=dict)
    response: Any = None
    next_step: str | None = None


def _sleep(around: Surroundings, step: Step) -> Answer:
    if "Timestamp" in step.inputs:
        at = datetime.fromisoformat(step.inputs["Timestamp"])
        around.clock.sleep_ms(max(0, round((at - around.clock.now()).total_seconds() * 1000)))
        return Answer()
    match = _DURATION.fullmatch(str(step.inputs.get("Duration", "")))
    if match is None or not any(match.groups()):
        raise Failure(f"{step.inputs.get('Duration')!r} is no duration such as PT10M")
    days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
    around.clock.sleep_ms((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000)
    return Answer()


def _approve(around: Surroundings, step: Step) -> Answer:
    """Wait for so many people, as the runbook wants, to approve; one who rejects is enough."""
    if "NotificationArn" in step.inputs:
        around.client("sns").publish(
            TopicArn=step.inputs["NotificationArn"],
            Subject="Automation approval needed",
            Message=str(step.inputs.get("Message", f"Automation {step.execution} waits for approval")),
        )
    needed = int(step.inputs.get("MinRequiredApprovals", 1))
    people: set[str] = set()
    while len(people) < needed:
        who, what = _next_signal(around, step)
        if what == "Reject":
            raise Failure(f"The approval was rejected by {who}")
        if what == "Approve":
            people.add(who)
    return Answer({"ApprovalStatus": "Approved", "ApproverDecisions": sorted(people)})


def _pause(around: Surroundings, step: Step) -> Answer:
    while _next_signal(around, step)[1] != "Resume":
        pass
    return Answer()


def _next_signal(around: Surroundings, step: Step) -> tuple[str, str]:
    assert step.signals is not None
    if not step.signals.sent:
        step.signals.changed.wait()
        step.signals.changed = Signal(around.clock)
    return step.signals.sent.pop(0)


def _branch(_around: Surroundings, step: Step) -> Answer:
    for choice in step.inputs.get("Choices", []):
        try:
            holds = _holds(choice)
        except (TypeError, ValueError) as error:
            raise Failure(f"{choice.get('Variable')!r} cannot be compared: {error}") from error
        if holds:
            return Answer(next_step=choice["NextStep"])
    if "Default" in step.inputs:
        return Answer(next_step=step.inputs["Default"])
    raise Failure("No choice holds and there is no Default")


def _holds(rule: Mapping[str, Any]) -> bool:
    if "And" in rule:
        return all(_holds(part) for part in rule["And"])
    if "Or" in rule:
        return any(_holds(part) for part in rule["Or"])
    if "Not" in rule:
        return not _holds(rule["Not"])
    value = rule.get("Variable")
    return any(test(value, rule[name]) for name, test in _COMPARISONS.items() if name in rule)


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "StringEquals": lambda value, other: str(value) == str(other),
    "EqualsIgnoreCase": lambda value, other: str(value).lower() == str(other).lower(),
    "StartsWith": lambda value, other: str(value).startswith(str(other)),
    "EndsWith": lambda value, other: str(value).endswith(str(other)),
    "Contains": lambda value, other: str(other) in str(value),
    "NumericEquals": lambda value, other: float(value) == float(other),
    "NumericGreater": lambda value, other: float(value) > float(other),
    "NumericLesser": lambda value, other: float(value) < float(other),
    "NumericGreaterOrEquals": lambda value, other: float(value) >= float(other),
    "NumericLesserOrEquals": lambda value, other: float(value) <= float(other),
    "BooleanEquals": lambda value, other: str(value).lower() == str(other).lower(),
}


def _call(around: Surroundings, inputs: Mapping[str, Any]) -> Any:
    """An AWS call as a runbook writes it: `Service`, `Api`, and the call's own parameters beside them."""
    parameters = {name: value for name, value in inputs.items() if name not in _NOT_PARAMETERS}
    try:
        answer = getattr(around.client(inputs["Service"]), xform_name(inputs["Api"]))(**parameters)
    except (ClientError, BotoCoreError, AttributeError) as error:
        raise Failure(str(error)) from error
    answer.pop("ResponseMetadata", None)
    return plain(answer)


_NOT_PARAMETERS = ("Service", "Api", "PropertySelector", "DesiredValues")


def _execute_api(around: Surroundings, step: Step) -> Answer:
    return Answer(response=_call(around, step.inputs))


def _assert_property(around: Surroundings, step: Step) -> Answer:
    value = select(_call(around, step.inputs), step.inputs["PropertySelector"])
    if str(value) not in [str(wanted) for wanted in step.inputs["DesiredValues"]]:
        raise Failure(f"{step.inputs['PropertySelector']} is {value}, not one of {step.inputs['DesiredValues']}")
    return Answer()


def _wait_for_property(around: Surroundings, step: Step) -> Answer:
    for _ in range(MAX_POLLS):
        try:
            return _assert_property(around, step)
        except Failure:
            around.clock.sleep_ms(POLL_MS)
    raise Failure("The property never came to a desired value")


def _run_command(around: Surroundings, step: Step) -> Answer:
    return around.run_command(step.inputs)


def _invoke_function(around: Surroundings, step: Step) -> Answer:
    payload = step.inputs.get("Payload", step.inputs.get("InputPayload", {}))
    text = payload if isinstance(payload, str) else json.dumps(payload)
    try:
        answer = around.client("lambda").invoke(FunctionName=step.inputs["FunctionName"], Payload=text.encode())
    except (ClientError, BotoCoreError) as error:
        raise Failure(str(error)) from error
    body = answer["Payload"].read().decode()
    if answer.get("FunctionError"):
        raise Failure(f"The function failed: {body}")
    outputs = {"StatusCode": answer["StatusCode"], "Payload": body}
    return Answer(outputs, {**outputs, "Payload": _decoded(body)})


def _execute_state_machine(around: Surroundings, step: Step) -> Answer:
    states = around.client("stepfunctions")
    more = {name: step.inputs[name] for name in ("input", "name") if name in step.inputs}
    try:
        arn = states.start_execution(stateMachineArn=step.inputs["stateMachineArn"], **more)["executionArn"]
    except (ClientError, BotoCoreError) as error:
        raise Failure(str(error)) from error
    for _ in range(MAX_POLLS):
        described = states.describe_execution(executionArn=arn)
        if described["status"] != "RUNNING":
            break
        around.clock.sleep_ms(POLL_MS)
    if described["status"] != "SUCCEEDED":
        raise Failure(f"Execution {arn} ended as {described['status']}")
    return Answer({"executionArn": arn, "output": described.get("output", "")}, plain(described))


def _execute_automation(around: Surroundings, step: Step) -> Answer:
    given = {name: _as_list(value) for name, value in step.inputs.get("RuntimeParameters", {}).items()}
    return around.run_automation(step.inputs["DocumentName"], given, step.execution)


def _change_state(around: Surroundings, step: Step) -> Answer:
    """Start, stop or terminate instances, and wait until they are in that state."""
    ec2, wanted = around.client("ec2"), step.inputs["DesiredState"]
    instances = _as_list(step.inputs["InstanceIds"])
    change = {"running": "start_instances", "stopped": "stop_instances", "terminated": "terminate_instances"}
    if wanted not in change:
        raise Failure(f"DesiredState must be one of {', '.join(change)}")
    try:
        getattr(ec2, change[wanted])(InstanceIds=instances)
        for _ in range(MAX_POLLS):
            described = ec2.describe_instances(InstanceIds=instances)["Reservations"]
            states = [one["State"]["Name"] for reservation in described for one in reservation["Instances"]]
            if set(states) == {wanted}:
                return Answer({"InstanceStates": states})
            around.clock.sleep_ms(POLL_MS)
    except (ClientError, BotoCoreError) as error:
        raise Failure(str(error)) from error
    raise Failure(f"The instances never came to be {wanted}")


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


ACTIONS: Mapping[str, Callable[[Surroundings, Step], Answer]] = {
    "aws:approve": _approve,
    "aws:assertAwsResourceProperty": _assert_property,
    "aws:branch": _branch,
    "aws:changeInstanceState": _change_state,
    "aws:executeAutomation": _execute_automation,
    "aws:executeAwsApi": _execute_api,
    "aws:executeStateMachine": _execute_state_machine,
    "aws:invokeLambdaFunction": _invoke_function,
    "aws:pause": _pause,
    "aws:runCommand": _run_command,
    "aws:sleep": _sleep,
    "aws:waitForAwsResourceProperty": _wait_for_property,
}
