"""The targets of rules: what each kind of resource is called with."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.account import moto_services


@dataclass(frozen=True, slots=True)
class Delivery:
    """One input on its way to one target of a rule."""

    event_id: str
    number: int
    rule_arn: str
    target: Mapping[str, Any]
    input: str
    epoch_ms: int

    @property
    def arn(self) -> list[str]:
        """The target's ARN in its six parts."""
        return str(self.target["Arn"]).split(":", 5)


def deliver(delivery: Delivery) -> bool:
    """Hand an input to its target; False where this kind of target is not simulated. Raises botocore's ClientError."""
    send = _KINDS.get(delivery.arn[2])
    return False if send is None else send(delivery)


def send_to_queue(queue_arn: str, body: str, **more: Any) -> None:
    """Put a message into a queue that is known by its ARN."""
    _, _, _, region, account_id, name = queue_arn.split(":", 5)
    url = f"https://sqs.{region}.amazonaws.com/{account_id}/{name}"
    moto_services.client("sqs", region, account_id).send_message(QueueUrl=url, MessageBody=body, **more)


def _client(service: str, delivery: Delivery) -> Any:
    _, _, _, region, account_id, _ = delivery.arn
    return moto_services.client(service, region, account_id)


def _invoke(delivery: Delivery) -> bool:
    _client("lambda", delivery).invoke(
        FunctionName=delivery.target["Arn"], InvocationType="Event", Payload=delivery.input.encode()
    )
    return True


def _start_execution(delivery: Delivery) -> bool:
    name = delivery.event_id if delivery.number == 1 else f"{delivery.event_id}_{delivery.number}"
    _client("stepfunctions", delivery).start_execution(
        stateMachineArn=delivery.target["Arn"], name=name, input=delivery.input
    )
    return True


def _publish(delivery: Delivery) -> bool:
    _client("sns", delivery).publish(TopicArn=delivery.target["Arn"], Message=delivery.input)
    return True


def _send_message(delivery: Delivery) -> bool:
    group = delivery.target.get("SqsParameters", {}).get("MessageGroupId")
    more = {"MessageGroupId": group, "MessageDeduplicationId": f"{delivery.event_id}-{delivery.number}"} if group else {}
    send_to_queue(delivery.target["Arn"], delivery.input, **more)
    return True


def _log(delivery: Delivery) -> bool:
    group = delivery.arn[5].removeprefix("log-group:").removesuffix(":*")
    logs = _client("logs", delivery)
    stream = f"{delivery.event_id}-{delivery.number}"
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    record = {"timestamp": delivery.epoch_ms, "message": delivery.input}
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[record])
    return True


def _run_document(delivery: Delivery) -> bool:
    """An SSM Automation; Run Command documents are not simulated as targets."""
    if not delivery.arn[5].startswith("automation-definition/"):
        return False
    name = delivery.arn[5].removeprefix("automation-definition/").split(":")[0]
    asked: Any = json.loads(delivery.input)
    given = asked.items() if isinstance(asked, dict) else ()
    parameters = {key: value if isinstance(value, list) else [str(value)] for key, value in given}
    _client("ssm", delivery).start_automation_execution(DocumentName=name, Parameters=parameters)
    return True


def _put_record(delivery: Delivery) -> bool:
    record = {"StreamName": delivery.arn[5].removeprefix("stream/"), "Data": delivery.input.encode()}
    _client("kinesis", delivery).put_record(PartitionKey=delivery.event_id, **record)
    return True


_KINDS: Mapping[str, Callable[[Delivery], bool]] = {
    "kinesis": _put_record,
    "lambda": _invoke,
    "logs": _log,
    "sns": _publish,
    "sqs": _send_message,
    "ssm": _run_document,
    "states": _start_execution,
}
