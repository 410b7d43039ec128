"""Who runs the stack sees what it does: traces, logs that go some day, alarms and a dashboard of metrics that there are."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from simulator.account import moto_services
from simulator.account.around_drs.metrics import ACCOUNT_METRICS
from simulator.account.world import ACCOUNT_ID
from simulator.journal import LogLine
from simulator.packaging.package import contents
from simulator.scenario.loading import load_all
from tests.account.cloudformation.stacks import BUCKET, REGION, cloud
from tests.cfn.templates import of_type, template
from tests.shared_runs import SharedRuns

ROOT = Path(__file__).parents[2]
# What AWS has by itself, with the dimensions that it has it by.
OF_AWS = {
    ("AWS/States", "ExecutionsStarted"): {"StateMachineArn"},
    ("AWS/States", "ExecutionsSucceeded"): {"StateMachineArn"},
    ("AWS/States", "ExecutionsFailed"): {"StateMachineArn"},
    ("AWS/States", "ExecutionsTimedOut"): {"StateMachineArn"},
    ("AWS/States", "ExecutionsAborted"): {"StateMachineArn"},
    ("AWS/Lambda", "Errors"): {"FunctionName"},
    ("AWS/Lambda", "Throttles"): {"FunctionName"},
    ("AWS/Lambda", "Duration"): {"FunctionName"},
    ("AWS/ApiGateway", "5XXError"): {"ApiName"},
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): {"QueueName"},
    **{("AWS/DRS", name): set[str]() for name in ACCOUNT_METRICS},
}


def client(service: str) -> Any:
    return moto_services.client(service, REGION, ACCOUNT_ID)


@dataclass(frozen=True)
class Deployed:
    """The stack as the simulated account has it. `names` is what metrics are about, by their dimensions."""

    names: dict[str, set[str]]
    topics: list[str]
    alarms: list[dict[str, Any]]
    dashboard: dict[str, Any]
    log_groups: list[dict[str, Any]]
    rules: list[str]
    targets: list[dict[str, Any]]
    queue: dict[str, str]
    api_log_role: str


@pytest.fixture(scope="module")
def deployed() -> Deployed:
    files, _ = contents(ROOT)
    with cloud() as there:
        for name, data in files.items():
            there.put(name, data)
        there.create(files["root.yaml"].decode(), "recovery", ArtifactBucket=BUCKET)
        machines, functions = client("stepfunctions").list_state_machines(), client("lambda").list_functions()
        (queue,) = client("sqs").list_queues()["QueueUrls"]
        rules = client("events").list_rules()["Rules"]
        dashboard = client("cloudwatch").get_dashboard(DashboardName="recovery")["DashboardBody"]
        return Deployed(
            names={
                "StateMachineArn": {one["stateMachineArn"] for one in machines["stateMachines"]},
                "FunctionName": {one["FunctionName"] for one in functions["Functions"]},
                "ApiName": {one["name"] for one in client("apigateway").get_rest_apis()["items"]},
                "QueueName": {queue.rpartition("/")[2]},
            },
            topics=[one["TopicArn"] for one in client("sns").list_topics()["Topics"]],
            alarms=client("cloudwatch").describe_alarms()["MetricAlarms"],
            dashboard=json.loads(dashboard),
            log_groups=client("logs").describe_log_groups()["logGroups"],
            rules=[rule["Arn"] for rule in rules],
            targets=[one for rule in rules for one in client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]],
            queue=client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"],
            api_log_role=client("apigateway").get_account()["cloudwatchRoleArn"],
        )


@pytest.fixture(scope="module")
def measured(shared_runs: SharedRuns) -> dict[str, set[str]]:
    """What the functions measure, with the dimensions."""
    found: dict[str, set[str]] = {}
    for name in ("happy/three-wave-drill.yaml", "happy/plan-with-an-rto.yaml"):
        scenario = load_all(ROOT / "scenarios" / name)[0]
        for _, line in shared_runs.run(scenario, scenario.run.seed).journal.of(LogLine):
            for metrics in json.loads(line.text).get("_aws", {}).get("CloudWatchMetrics", []) if line.text[0] == "{" else []:
                assert metrics["Namespace"] == "Recovery"
                found |= {one["Name"]: set(metrics["Dimensions"][0]) for one in metrics["Metrics"]}
    return found


def watched(alarms: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The metrics that alarms watch."""
    for alarm in alarms:
        yield from [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", []) if "MetricStat" in one] or [alarm]


def shown(dashboard: dict[str, Any]) -> list[Any]:
    """The metrics of a dashboard, each as [namespace, name, dimension, value ...], and its expressions."""
    found: list[Any] = []
    for widget in dashboard["widgets"]:
        before: list[str] = []
        for metric in widget["properties"]["metrics"]:
            before = metric if isinstance(metric[0], dict) else _written_out(metric, before)
            found.append(before)
    return found


def _written_out(metric: list[str], before: list[str]) -> list[str]:
    """A metric whose dots stand for what stood in the one before: "." for one member, "..." for all up to the last."""
    if metric[0] == "...":
        return [*before[: len(before) - len(metric) + 1], *metric[1:]]
    return [before[place] if member == "." else member for place, member in enumerate(metric)]


def test_every_alarm_watches_a_metric_of_something_that_there_is(deployed: Deployed) -> None:
    metrics = list(watched(deployed.alarms))
    assert len(metrics) == 6
    for metric in metrics:
        dimensions = {one["Name"]: one["Value"] for one in metric["Dimensions"]}
        assert set(dimensions) == OF_AWS[metric["Namespace"], metric["MetricName"]]
        assert [name for name, value in dimensions.items() if value not in deployed.names[name]] == []


def test_every_alarm_tells_somebody(deployed: Deployed) -> None:
    assert len(deployed.topics) == 1
    assert [alarm["AlarmActions"] for alarm in deployed.alarms] == [deployed.topics] * 5


def test_the_dashboard_has_metrics_of_aws_about_what_there_is(deployed: Deployed) -> None:
    rows = [row for row in shown(deployed.dashboard) if not isinstance(row[0], dict)]
    assert len(rows) == 14
    for namespace, name, *dimensions in rows:
        given = dict(zip(dimensions[::2], dimensions[1::2], strict=True))
        assert set(given) == OF_AWS[namespace, name]
        assert [dimension for dimension, value in given.items() if value not in deployed.names[dimension]] == []


def test_the_dashboard_has_all_that_the_functions_measure(deployed: Deployed, measured: dict[str, set[str]]) -> None:
    assert set(measured) == {
        "Executions", "RecoveryTime", "OrchestrationTime", "RtoMet", "WaveDuration", "DetectionDelay",
    }  # fmt: skip
    found = {}
    for row in shown(deployed.dashboard):
        if isinstance(row[0], dict):
            search = re.fullmatch(
                r"SEARCH\('\{Recovery,([\w,]+)\} MetricName=\"(\w+)\"', '\w+', \d+\)", row[0]["expression"]
            )
            assert search is not None
            found[search[2]] = set(search[1].split(","))
    assert found == measured


def test_requests_are_traced_through_api_functions_and_state_machine() -> None:
    functions = of_type(template("functions"), "AWS::Lambda::Function")
    assert [one["TracingConfig"] for one in functions.values()] == [{"Mode": "Active"}] * 4
    assert of_type(template("machine"), "AWS::StepFunctions::StateMachine")["Machine"]["TracingConfiguration"] == {
        "Enabled": True
    }
    assert of_type(template("api"), "AWS::ApiGateway::Stage")["Stage"]["TracingEnabled"] is True
    for role in [
        *of_type(template("functions"), "AWS::IAM::Role").values(),
        *of_type(template("machine"), "AWS::IAM::Role").values(),
    ]:
        actions = {action for one in role["Policies"][0]["PolicyDocument"]["Statement"] for action in one["Action"]}
        assert actions >= {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}


def test_every_log_is_kept_for_as_long_as_the_stack_says(deployed: Deployed) -> None:
    assert {group["retentionInDays"] for group in deployed.log_groups} == {365}
    written = {
        one["LoggingConfig"]["LogGroup"]["Ref"] for one in of_type(template("functions"), "AWS::Lambda::Function").values()
    }
    assert written == set(of_type(template("functions"), "AWS::Logs::LogGroup"))
    assert len(deployed.log_groups) == len(written) + 2  # the state machine's, and the API's of requests


def test_the_api_may_write_its_log_before_there_is_a_stage_that_has_one(deployed: Deployed) -> None:
    """AWS refuses a stage with a log in an account whose API Gateway has no role for it."""
    assert deployed.api_log_role.startswith("arn:aws:iam::123456789012:role/recovery-Api-")
    stage = of_type(template("api"), "AWS::ApiGateway::Stage")["Stage"]
    assert "AccessLogSetting" in stage
    assert "LogSettings" in str(stage["Description"])  # which makes it wait


def test_state_machine_keeps_what_it_is_given_out_of_its_log() -> None:
    (machine,) = of_type(template("machine"), "AWS::StepFunctions::StateMachine").values()
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False


def test_what_expires_is_what_the_functions_write() -> None:
    tables = of_type(template("storage"), "AWS::DynamoDB::Table")
    expiring = {name: one["TimeToLiveSpecification"] for name, one in tables.items() if "TimeToLiveSpecification" in one}
    assert expiring == {name: {"AttributeName": "expiresAt", "Enabled": True} for name in ("ExecutionsTable", "EventsTable")}


def test_messages_are_encrypted_with_a_key_that_changes() -> None:
    root, functions = template("root"), template("functions")
    assert of_type(root, "AWS::KMS::Key")["Key"]["EnableKeyRotation"] is True
    assert of_type(root, "AWS::SNS::Topic")["Notifications"]["KmsMasterKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}
    assert of_type(functions, "AWS::SQS::Queue")["DeadLetters"]["KmsMasterKeyId"] == {"Ref": "KeyArn"}


def test_events_that_cannot_be_given_to_the_function_are_not_lost(deployed: Deployed) -> None:
    assert [one["DeadLetterConfig"] for one in deployed.targets] == [{"Arn": deployed.queue["QueueArn"]}] * 2
    (statement,) = json.loads(deployed.queue["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert set(statement["Condition"]["ArnEquals"]["aws:SourceArn"]) == set(deployed.rules)
