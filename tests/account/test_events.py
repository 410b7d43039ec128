"""EventBridge: what DRS, Step Functions and handlers emit, and how it reaches the targets of rules."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulator.account import moto_services
from simulator.account.around_drs.drs_events import DrsEvents
from simulator.account.events.faults import EventFault
from simulator.account.events.inputs import fill, find
from simulator.account.fault_gates import Gate
from simulator.account.faults import ApiFault, fault_error
from simulator.account.functions import Function
from simulator.account.sandbox import Code
from simulator.account.world import ACCOUNT_ID
from simulator.drs.faults import ServerFault
from simulator.drs.happenings import Happening
from simulator.journal import ApiCall, EventDelivered, EventEmitted, FaultFired, FunctionInvoked, Notified
from tests.account.conftest import FUNCTIONS, Stage, stage

OTHER = "222222222222"
LAUNCHES = {"source": ["aws.drs"], "detail-type": ["DRS Source Server Launch Result"]}


def client(service: str, account_id: str = ACCOUNT_ID, region: str = "us-east-1") -> Any:
    return moto_services.client(service, region, account_id)


def rule(staged: Stage, pattern: Any, *targets: dict[str, Any], name: str = "r", **more: Any) -> None:
    def put() -> None:
        client("events").put_rule(Name=name, EventPattern=json.dumps(pattern), **more)
        client("events").put_targets(Rule=name, Targets=[{"Id": str(n), **one} for n, one in enumerate(targets)])

    staged.run(put)


def queue(staged: Stage, name: str = "q") -> dict[str, Any]:
    staged.run(lambda: client("sqs").create_queue(QueueName=name))
    return {"Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT_ID}:{name}"}


def messages(staged: Stage, name: str = "q") -> list[Any]:
    url = f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT_ID}/{name}"
    (answer,) = staged.run(lambda: client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10))
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def put_event(staged: Stage, detail: Any, source: str = "plan", **more: Any) -> Any:
    entry = {"Source": source, "DetailType": "Step", "Detail": json.dumps(detail), **more}
    return staged.run(lambda: client("events").put_events(Entries=[entry]))[0]


def drill(staged: Stage, *names: str, is_drill: bool = True) -> list[str]:
    region = staged.world.drs.region(ACCOUNT_ID, "us-east-1")
    region.initialize()
    servers = [region.add_source_server(name).id for name in names]
    asked = [{"sourceServerID": server} for server in servers]
    staged.run(lambda: client("drs").start_recovery(sourceServers=asked, isDrill=is_drill))
    return servers


def emitted(staged: Stage) -> list[EventEmitted]:
    return [event for _, event in staged.world.journal.of(EventEmitted)]


def test_each_servers_launch_is_told_in_the_journal_even_without_rules(staged: Stage) -> None:
    staged.world.drs.region(ACCOUNT_ID, "us-east-1").initialize()
    bad, good = drill(staged, "bad", "good")
    told = {event.resources[0]: event for event in emitted(staged)}
    prefix = f"arn:aws:drs:us-east-1:{ACCOUNT_ID}:source-server/"
    assert set(told) == {prefix + bad, prefix + good}
    event = told[prefix + good]
    assert (event.source, event.detail_type) == ("aws.drs", "DRS Source Server Launch Result")
    assert isinstance(event.detail, dict)
    assert event.detail["state"] == "RECOVERY_LAUNCH_SUCCEEDED"
    assert event.detail["is-drill"] == "TRUE"
    assert not moto_services.uses("events")


def test_a_failed_recovery_is_told_as_such(staged: Stage) -> None:
    region = staged.world.drs.region(ACCOUNT_ID, "us-east-1")
    region.initialize()
    server = region.add_source_server("a").id
    region.inject(ServerFault("f", "a", "LAUNCH", "FAILED", "no capacity"))
    staged.run(lambda: client("drs").start_recovery(sourceServers=[{"sourceServerID": server}]))
    (event,) = emitted(staged)
    assert isinstance(event.detail, dict)
    assert (event.detail["state"], event.detail["is-drill"]) == ("RECOVERY_LAUNCH_FAILED", "FALSE")


def test_a_launch_reaches_a_function_whose_caller_is_the_rule(staged: Stage) -> None:
    rule(staged, LAUNCHES, {"Arn": staged.world.functions.arn("two")})
    (server,) = drill(staged, "a")
    (invoked,) = [event for _, event in staged.world.journal.of(FunctionInvoked)]
    assert isinstance(invoked.payload, dict)
    (job,) = staged.run(lambda: client("drs").describe_jobs()["items"][0]["jobID"])
    assert invoked.payload == {
        "version": "0",
        "id": emitted(staged)[0].event,
        "detail-type": "DRS Source Server Launch Result",
        "source": "aws.drs",
        "account": ACCOUNT_ID,
        "time": invoked.payload["time"],
        "region": "us-east-1",
        "resources": [f"arn:aws:drs:us-east-1:{ACCOUNT_ID}:source-server/{server}"],
        "detail": {"state": "RECOVERY_LAUNCH_SUCCEEDED", "job-id": job, "is-drill": "TRUE"},
    }
    (call,) = [event for _, event in staged.world.journal.of(ApiCall) if event.operation == "Invoke"]
    assert call.caller == "events:r"
    (delivered,) = [event for _, event in staged.world.journal.of(EventDelivered)]
    assert (delivered.rule, delivered.attempts, delivered.error) == ("r", 1, None)


def test_a_stall_and_its_end_are_told_once_each(staged: Stage) -> None:
    target = queue(staged)
    rule(staged, {"detail-type": ["DRS Source Server Data Replication Stalled Change"]}, target)
    region = staged.world.drs.region(ACCOUNT_ID, "us-east-1")
    region.initialize()
    region.add_source_server("a")

    def act() -> None:
        for state, error in [("STALLED", "AGENT_NOT_SEEN"), ("STALLED", "UNSTABLE_NETWORK"), ("RESCAN", None)]:
            region.set_replication_state("a", state, error)
            staged.world.clock.sleep_ms(60_000)
        region.set_replication_state("a", "CONTINUOUS")

    staged.run(act)
    assert [message["detail"] for message in messages(staged)] == [{"state": "STALLED"}, {"state": "NOT_STALLED"}]


@dataclass(frozen=True)
class Told:
    """What DRS tells its watchers of failback and source networks."""

    kind: str
    instance: str = "i-0123456789abcdef0"
    network: str = "sn-30123456789abcdef"
    job: str = "drsjob-30123456789abcdef"
    state: str = ""
    status: str = ""
    result: str = ""


@pytest.mark.parametrize(
    ("told", "detail_type", "resource", "detail"),
    [
        (
            Told("drs.failback", state="FAILBACK_COMPLETED"),
            "DRS Recovery Instance Failback State Change",
            "recovery-instance/i-0123456789abcdef0",
            {"state": "FAILBACK_COMPLETED"},
        ),
        (
            Told("drs.network", status="PROTECTED"),
            "DRS Source Network Protection Status Change",
            "source-network/sn-30123456789abcdef",
            {"status": "PROTECTED"},
        ),
        (
            Told("drs.network.recovery", result="SUCCESS"),
            "DRS Source Network Recovery Result",
            "source-network/sn-30123456789abcdef",
            {"result": "SUCCESS", "job-id": "drsjob-30123456789abcdef"},
        ),
    ],
    ids=["failback", "protection", "recovery"],
)
def test_failback_and_networks_are_told(
    staged: Stage, told: Any, detail_type: str, resource: str, detail: dict[str, str]
) -> None:
    DrsEvents(staged.world.events, staged.world.drs).observe(Happening(ACCOUNT_ID, "us-east-1", told))
    (event,) = emitted(staged)
    assert (event.detail_type, event.resources) == (detail_type, [f"arn:aws:drs:us-east-1:{ACCOUNT_ID}:{resource}"])
    assert event.detail == detail


def test_failback_states_on_the_way_are_not_told(staged: Stage) -> None:
    told: Any = Told("drs.failback", state="FAILBACK_READY_FOR_LAUNCH")
    DrsEvents(staged.world.events, staged.world.drs).observe(Happening(ACCOUNT_ID, "us-east-1", told))
    assert emitted(staged) == []


@pytest.mark.parametrize(("logs", "told"), [(True, ["InitializeService", "StartRecovery", "StartRecovery"]), (False, [])])
def test_calls_that_change_something_are_told_where_a_trail_logs_them(staged: Stage, logs: bool, told: list[str]) -> None:
    pattern = {"source": ["aws.drs"], "detail-type": ["AWS API Call via CloudTrail"]}
    rule(staged, pattern, queue(staged))
    if logs:
        staged.run(lambda: client("s3").create_bucket(Bucket="trails"))
        trail = {"Name": "everywhere", "S3BucketName": "trails", "IsMultiRegionTrail": True}
        staged.run(lambda: client("cloudtrail").create_trail(**trail))
        staged.run(lambda: client("cloudtrail").start_logging(Name="everywhere"))
    staged.run(lambda: client("drs").initialize_service())
    (server,) = drill(staged, "db-1")
    staged.run(lambda: client("drs").describe_jobs())

    def refused() -> None:
        with pytest.raises(ClientError):
            client("drs").start_recovery(sourceServers=[{"sourceServerID": "s-30000000000000000"}])

    staged.run(refused)
    details = [message["detail"] for message in messages(staged)]
    assert [detail["eventName"] for detail in details] == told
    if logs:
        (started,) = (one for one in details if one["eventName"] == "StartRecovery" and "errorCode" not in one)
        assert started["requestParameters"] == {"sourceServers": [{"sourceServerID": server}], "isDrill": True}
        assert started["responseElements"]["job"]["status"] == "PENDING"
        assert (started["eventSource"], started["awsRegion"]) == ("drs.amazonaws.com", "us-east-1")
        assert [one.get("errorCode") for one in details] == [None, None, "ConflictException"]


def test_snapshots_are_told_every_ten_minutes_while_the_world_lives(staged: Stage) -> None:
    rule(staged, {"detail-type": ["DRS PIT Snapshot Taken"]}, queue(staged))
    region = staged.world.drs.region(ACCOUNT_ID, "us-east-1")
    region.initialize()
    server = region.add_source_server("a")

    def act() -> Any:
        staged.world.clock.sleep_ms(25 * 60_000)
        kept = client("drs").describe_recovery_snapshots(sourceServerID=server.id)["items"]
        return {item["snapshotID"]: ",".join(item["ebsSnapshots"]) for item in kept}

    (kept,) = staged.run(act)
    assert staged.world.clock.now_ms < 26 * 60_000
    told = messages(staged)
    assert [message["time"] for message in told] == ["2026-03-01T02:10:00Z", "2026-03-01T02:20:00Z"]
    assert told[0]["resources"] == [server.arn]
    for message in told:
        assert message["detail"]["EbsSnapshotIDs"] == kept[message["detail"]["DrsSnapshotID"]]


@pytest.mark.parametrize("pattern", [LAUNCHES, {"source": ["plan"]}])
def test_snapshots_are_not_told_where_no_rule_is_for_them(staged: Stage, pattern: Any) -> None:
    rule(staged, pattern, queue(staged))
    drill(staged, "a")
    staged.run(lambda: staged.world.clock.sleep_ms(1_200_000))
    staged.run(lambda: client("drs").describe_jobs())
    assert {event.detail_type for event in emitted(staged)} == {"DRS Source Server Launch Result"}


def test_topics_and_machines_are_targets_too(staged: Stage) -> None:
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    role = f"arn:aws:iam::{ACCOUNT_ID}:role/m"
    create = client("stepfunctions").create_state_machine
    (topic,) = staged.run(lambda: client("sns").create_topic(Name="t")["TopicArn"])
    (machine,) = staged.run(lambda: create(name="m", definition=definition, roleArn=role)["stateMachineArn"])
    rule(staged, LAUNCHES, {"Arn": topic}, {"Arn": machine, "RoleArn": role})
    drill(staged, "a")
    (notified,) = [event for _, event in staged.world.journal.of(Notified)]
    assert json.loads(notified.message)["source"] == "aws.drs"
    (execution,) = staged.world.states.executions.values()
    assert json.loads(execution.input)["detail"]["state"] == "RECOVERY_LAUNCH_SUCCEEDED"
    assert str(execution.status) == "SUCCEEDED"


@pytest.mark.parametrize(
    ("shaping", "expected"),
    [
        ({"Input": '{"fixed":1}'}, {"fixed": 1}),
        ({"InputPath": "$.detail"}, {"wave": "db", "servers": [1, 2]}),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"wave": "$.detail.wave", "first": "$.detail.servers[0]"},
                    "InputTemplate": '{"n": <first>, "wave": <wave>, "text": "wave <wave> by <aws.events.rule-name>"}',
                }
            },
            {"n": 1, "wave": "db", "text": "wave db by r"},
        ),
        ({}, None),
    ],
    ids=["input", "path", "transformer", "whole"],
)
def test_a_target_gets_what_it_asks_for(staged: Stage, shaping: dict[str, Any], expected: Any) -> None:
    rule(staged, {"source": ["plan"]}, queue(staged) | shaping)
    put_event(staged, {"wave": "db", "servers": [1, 2]})
    (message,) = messages(staged)
    assert (message if expected else message["detail"]) == (expected or {"wave": "db", "servers": [1, 2]})


def test_events_of_handlers_take_the_same_way(staged: Stage) -> None:
    rule(staged, {"source": ["plan"], "detail": {"wave": ["db"]}}, {"Arn": staged.world.functions.arn("two")})
    answer = put_event(staged, {"wave": "db"})
    put_event(staged, {"wave": "web"})
    assert answer["FailedEntryCount"] == 0
    (invoked,) = [event for _, event in staged.world.journal.of(FunctionInvoked)]
    assert isinstance(invoked.payload, dict)
    assert invoked.payload["id"] == answer["Entries"][0]["EventId"]


def test_entries_that_are_wrong_are_refused_one_by_one(staged: Stage) -> None:
    good = {"Source": "plan", "DetailType": "Step", "Detail": "{}"}
    bad = [
        good | {"Detail": "{"},
        good | {"Detail": "[1]"},
        good | {"Source": "aws.drs"},
        {"Source": "plan", "Detail": "{}"},
    ]
    (answer,) = staged.run(lambda: client("events").put_events(Entries=[good, *bad]))
    assert answer["FailedEntryCount"] == 4
    codes = [entry.get("ErrorCode") for entry in answer["Entries"]]
    assert codes == [None, "MalformedDetail", "MalformedDetail", "NotAuthorizedForSourceException", "InvalidArgument"]


def test_disabled_rules_other_buses_and_other_regions_hear_nothing(staged: Stage) -> None:
    target = queue(staged)
    rule(staged, {"source": ["plan"]}, target, name="off", State="DISABLED")
    rule(staged, {"source": ["other"]}, target, name="other")
    staged.run(lambda: client("events", region="us-west-2").put_rule(Name="west", EventPattern='{"source":["plan"]}'))
    put_event(staged, {})
    put_event(staged, {}, EventBusName="somewhere")
    assert list(staged.world.journal.of(EventDelivered)) == []


def test_an_event_goes_on_to_the_bus_of_another_account_with_its_origin(staged: Stage) -> None:
    bus = f"arn:aws:events:us-west-2:{OTHER}:event-bus/default"
    rule(staged, {"source": ["plan"]}, {"Arn": bus})
    theirs = staged.world.at(OTHER, "us-west-2").functions
    theirs.deploy(Function("two", Code(FUNCTIONS / "two/index.py", "handler")))

    def listen() -> None:
        events = client("events", OTHER, "us-west-2")
        events.put_rule(Name="there", EventPattern=json.dumps({"source": ["plan"], "account": [ACCOUNT_ID]}))
        events.put_targets(Rule="there", Targets=[{"Id": "1", "Arn": theirs.arn("two")}])

    staged.run(listen)
    put_event(staged, {"n": 1})
    (invoked,) = [event for _, event in staged.world.journal.of(FunctionInvoked)]
    assert isinstance(invoked.payload, dict)
    assert (invoked.payload["account"], invoked.payload["region"]) == (ACCOUNT_ID, "us-east-1")


def throttle(code: str, times: int | None) -> ApiFault:
    return ApiFault("t", frozenset({"sqs:SendMessage"}), fault_error(code, None, {}), Gate(times=times))


def test_a_delivery_is_repeated_while_its_target_throttles(staged: Stage) -> None:
    rule(staged, {"source": ["plan"]}, queue(staged))
    staged.world.faults.arm([throttle("ServiceUnavailable", 3)])
    put_event(staged, {"n": 1})
    (delivered,) = [event for _, event in staged.world.journal.of(EventDelivered)]
    assert (delivered.attempts, delivered.error) == (4, None)
    assert [message["detail"] for message in messages(staged)] == [{"n": 1}]


def test_a_delivery_that_fails_for_good_goes_to_the_dead_letters(staged: Stage) -> None:
    letters = queue(staged, "letters")
    gone = {"Arn": f"arn:aws:lambda:us-east-1:{ACCOUNT_ID}:function:gone", "DeadLetterConfig": letters}
    rule(staged, {"source": ["plan"]}, gone)
    put_event(staged, {"n": 1})
    (delivered,) = [event for _, event in staged.world.journal.of(EventDelivered)]
    assert (delivered.attempts, delivered.error) == (1, "ResourceNotFoundException")
    assert [message["detail"] for message in messages(staged, "letters")] == [{"n": 1}]


def test_a_target_that_never_recovers_is_given_up_as_its_retry_policy_says(staged: Stage) -> None:
    policy = {"MaximumRetryAttempts": 5, "MaximumEventAgeInSeconds": 600}
    rule(staged, {"source": ["plan"]}, queue(staged) | {"RetryPolicy": policy})
    staged.world.faults.arm([throttle("ThrottlingException", None)])
    put_event(staged, {"n": 1})
    (delivered,) = [event for _, event in staged.world.journal.of(EventDelivered)]
    assert (delivered.attempts, delivered.error) == (6, "ThrottlingException")


def test_a_target_of_a_kind_that_is_not_simulated_says_so(staged: Stage) -> None:
    rule(staged, {"source": ["plan"]}, {"Arn": f"arn:aws:codebuild:us-east-1:{ACCOUNT_ID}:project/p"})
    put_event(staged, {})
    (delivered,) = [event for _, event in staged.world.journal.of(EventDelivered)]
    assert delivered.error == "this kind of target is not simulated"


@pytest.mark.parametrize(("outcome", "arrivals"), [("lost", 0), ("duplicated", 2)])
def test_a_services_event_may_get_lost_or_come_twice(staged: Stage, outcome: Any, arrivals: int) -> None:
    rule(staged, LAUNCHES, {"Arn": staged.world.functions.arn("two")})
    staged.world.events.inject(EventFault("F33", outcome, detail_type="DRS Source Server Launch Result"))
    drill(staged, "a")
    assert len(list(staged.world.journal.of(FunctionInvoked))) == arrivals
    (fired,) = [event for _, event in staged.world.journal.of(FaultFired)]
    assert (fired.fault, fired.target, fired.effect) == ("F33", "DRS Source Server Launch Result", outcome)


def test_what_somebody_puts_on_a_bus_does_not_get_lost(staged: Stage) -> None:
    rule(staged, {"source": ["plan"]}, queue(staged))
    staged.world.events.inject(EventFault("F33", "lost"))
    put_event(staged, {"n": 1})
    assert len(messages(staged)) == 1


def test_executions_tell_when_they_begin_and_end(staged: Stage) -> None:
    rule(staged, {"source": ["aws.states"]}, queue(staged))
    fails = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Oops", "Cause": "why"}}}
    waits = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}

    def act() -> None:
        boto = client("stepfunctions")
        for name, definition in (("f", fails), ("w", waits), ("s", waits)):
            arn = boto.create_state_machine(name=name, definition=json.dumps(definition), roleArn="arn:aws:iam::1:role/r")
            started = boto.start_execution(stateMachineArn=arn["stateMachineArn"], name="e", input='{"a":1}')
            if name == "s":
                boto.stop_execution(executionArn=started["executionArn"], error="Cancelled")

    staged.run(act)
    told = [event for event in emitted(staged) if event.source == "aws.states"]
    assert {event.detail_type for event in told} == {"Step Functions Execution Status Change"}
    details: list[Any] = [event.detail for event in told]
    seen = sorted((detail["stateMachineArn"].rsplit(":", 1)[-1], detail["status"]) for detail in details)
    assert seen == [
        ("f", "FAILED"), ("f", "RUNNING"), ("s", "ABORTED"), ("s", "RUNNING"), ("w", "RUNNING"), ("w", "SUCCEEDED"),
    ]  # fmt: skip
    (failed,) = [detail for detail in details if detail["status"] == "FAILED"]
    assert (failed["name"], failed["input"], failed["output"]) == ("e", '{"a":1}', None)
    assert (failed["error"], failed["cause"]) == ("Oops", "why")
    (running,) = [detail for detail in details if detail["status"] == "RUNNING" and detail["stateMachineArn"].endswith(":f")]
    assert isinstance(running["startDate"], int)
    assert running["stopDate"] is None


def test_the_calls_that_only_moto_knows_stay_motos(staged: Stage) -> None:
    rule(staged, {"source": ["plan"]}, queue(staged))
    (answer,) = staged.run(lambda: client("events").list_targets_by_rule(Rule="r"))
    assert answer["Targets"] == [{"Id": "0", "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT_ID}:q"}]


def test_an_archive_keeps_what_passes(staged: Stage) -> None:
    bus = f"arn:aws:events:us-east-1:{ACCOUNT_ID}:event-bus/default"
    staged.run(lambda: client("events").create_archive(ArchiveName="a", EventSourceArn=bus))
    put_event(staged, {"n": 1})
    (archive,) = staged.run(lambda: client("events").describe_archive(ArchiveName="a"))
    assert archive["EventCount"] == 1


def test_more_than_ten_entries_are_too_many(staged: Stage) -> None:
    entry = {"Source": "plan", "DetailType": "Step", "Detail": "{}"}

    def act() -> str:
        with pytest.raises(ClientError) as caught:
            client("events").put_events(Entries=[entry] * 11)
        return str(caught.value.response["Error"]["Code"])

    assert staged.run(act) == ["ValidationException"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", {"detail-type": "T", "detail": {"a": [{"b": 1}, {"b": 2}]}}),
        ("$.detail-type", "T"),
        ("$.detail.a[1].b", 2),
        ("$.detail.a[*].b", [1, 2]),
        ("$.detail.none", None),
        ("$.detail.a[7]", None),
    ],
)
def test_paths_find_what_eventbridges_find(path: str, value: Any) -> None:
    assert find(path, {"detail-type": "T", "detail": {"a": [{"b": 1}, {"b": 2}]}}) == value


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{"a": <text>, "b": <list>}', '{"a": "x \\"y\\"", "b": [1,"z"]}'),
        ('{"a": "<text> and <list>"}', '{"a": "x \\"y\\" and [1,z]"}'),
        ('"<text>"', '"x \\"y\\""'),
        ("<text> is plain", '"x \\"y\\" is plain"'),
        ('{"a": <nothing>, "b": "<nothing>"}', '{"a": null, "b": ""}'),
    ],
)
def test_templates_are_filled_in_as_json(template: str, text: str) -> None:
    assert fill(template, {"text": 'x "y"', "list": [1, "z"]}) == text


def test_deliveries_do_not_depend_on_other_rules() -> None:
    def delivered(*others: str) -> list[int]:
        with stage() as staged:
            target = queue(staged)
            for other in others:
                rule(staged, {"source": ["plan"]}, {"Arn": staged.world.functions.arn("two")}, name=other)
            rule(staged, {"source": ["plan"]}, target)
            began_ms = staged.world.clock.now_ms
            put_event(staged, {"n": 1})
            return [at_ms - began_ms for at_ms, event in staged.world.journal.of(EventDelivered) if event.rule == "r"]

    assert delivered() == delivered("before", "between")
