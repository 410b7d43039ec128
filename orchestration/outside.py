"""Tells the world outside of an execution: EventBridge's bus, people, metrics. Whether anybody hears it must not matter."""

import json
import os
from collections.abc import Sequence

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from botocore.exceptions import BotoCoreError, ClientError

from orchestration.clients import quick_client
from orchestration.happenings import Happening, happenings
from orchestration.logs import logger
from orchestration.record import Record

SOURCE = "recovery.orchestrator"
NAMESPACE = "Recovery"
_MAX_ENTRIES = 10  # of one PutEvents


def tell(before: Record | None, after: Record) -> None:
    """Tell what happened from one version of a record to the next, once that has been written."""
    happened = list(happenings(before, after))
    for start in range(0, len(happened), _MAX_ENTRIES):
        _put_events(happened[start : start + _MAX_ENTRIES])
    for happening in happened:
        measure(after, happening.measures, outcome=_outcome(happening))
        if happening.notify and happening.notify in after.get("notify", ()):
            notify(after, happening)


def notify(record: Record, happening: Happening) -> None:
    """Tell people of a happening."""
    kind = "Drill" if record["isDrill"] else "Recovery"
    try:
        quick_client("sns").publish(
            TopicArn=os.environ["NOTIFICATION_TOPIC_ARN"],
            Subject=f"{kind}: {happening.what.lower()}",
            Message=f"{kind} of plan {record['planName']}, execution {record['executionId']}: {happening.sentence}",
        )
    except (ClientError, BotoCoreError) as error:
        logger.warning("nobody could be notified", what=happening.what, error=str(error))


def measure(record: Record, measures: dict[str, tuple[str, float]], outcome: str = "") -> None:
    """Write metrics into the log, from which CloudWatch takes them; `record` says of which kind, plan and execution."""
    if not measures:
        return
    metrics = EphemeralMetrics(namespace=NAMESPACE, service="orchestrator")
    if "isDrill" in record:
        metrics.add_dimension("kind", "Drill" if record["isDrill"] else "Recovery")
    if outcome:
        metrics.add_dimension("outcome", outcome)
    for name, (unit, value) in measures.items():
        metrics.add_metric(name, MetricUnit[unit], value)
    for name in ("executionId", "planId"):
        if name in record:
            metrics.add_metadata(name, record[name])
    metrics.flush_metrics()


def _outcome(happening: Happening) -> str:
    return str(happening.detail.get("waveStatus", happening.detail["status"]))


def _put_events(happened: Sequence[Happening]) -> None:
    entries = [
        {"Source": SOURCE, "DetailType": f"Recovery {one.what}", "Detail": json.dumps(one.detail)} for one in happened
    ]
    try:
        answer = quick_client("events").put_events(Entries=entries)
    except (ClientError, BotoCoreError) as error:
        logger.warning("events cannot be put on the bus", error=str(error))
        return
    if answer.get("FailedEntryCount"):
        logger.warning("the bus has not taken all events", entries=answer["Entries"])
