"""Failback and source networks as boto3 sees them, and what the rest of the account shows of them."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from simulator.account import moto_services
from simulator.account.world import ACCOUNT_ID, World
from simulator.errors import HorizonReached
from tests.drs.world import HOUR, REGION, START, pinned

ORIGIN = "us-east-1"


@pytest.fixture
def world() -> Iterator[World]:
    world = World(1, START, REGION, pinned())
    with world.installed():
        for region in (REGION, ORIGIN):
            world.drs.region(ACCOUNT_ID, region).initialize()
        yield world


def outcome(world: World, ask: Callable[[Any], Any], seconds: float = 1, region: str = REGION, service: str = "drs") -> Any:
    """What a process gets that asks something of a client, some time later."""
    process = world.clock.spawn("caller", lambda: ask(moto_services.client(service, region, ACCOUNT_ID)))
    until_ms = world.clock.now_ms + round(seconds * 1000)
    world.clock.call_at(until_ms, lambda: None)
    with suppress(HorizonReached):
        world.clock.run(until_ms)
    return process.value


def recover(world: World, server: str, region: str = REGION) -> str:
    """Recover a server; the recovery instance's id."""
    entries = [{"sourceServerID": server}]
    outcome(world, lambda client: client.start_recovery(sourceServers=entries), HOUR, region)
    (instance,) = outcome(world, lambda client: client.describe_recovery_instances()["items"], region=region)
    return str(instance["recoveryInstanceID"])


def ec2_states(world: World, region: str) -> dict[str, str]:
    found = outcome(world, lambda client: client.describe_instances()["Reservations"], region=region, service="ec2")
    return {one["InstanceId"]: one["State"]["Name"] for reservation in found for one in reservation["Instances"]}


def test_a_failed_back_machine_appears_in_the_origin_region_and_outlives_its_record(world: World) -> None:
    region = world.drs.region(ACCOUNT_ID, REGION)
    forward = region.add_source_server("db-1", origin_region=ORIGIN).id
    instance = recover(world, forward)
    answer = outcome(world, lambda client: client.reverse_replication(recoveryInstanceID=instance), HOUR)
    back = answer["reversedDirectionSourceServerArn"].rpartition("/")[2]
    failed_back = recover(world, back, ORIGIN)
    running = [found for found, state in ec2_states(world, REGION).items() if state == "running"]
    assert running == [instance]
    assert ec2_states(world, ORIGIN)[failed_back] == "running"
    (shown,) = outcome(world, lambda client: client.describe_recovery_instances()["items"])
    assert shown["failback"]["state"] == "FAILBACK_COMPLETED"
    outcome(world, lambda client: client.reverse_replication(recoveryInstanceID=failed_back), region=ORIGIN)
    outcome(world, lambda client: client.delete_recovery_instance(recoveryInstanceID=failed_back), region=ORIGIN)
    assert outcome(world, lambda client: client.describe_recovery_instances()["items"], region=ORIGIN) == []
    assert ec2_states(world, ORIGIN)[failed_back] == "running"


def test_a_conflict_is_the_exception_of_its_name(world: World) -> None:
    forward = world.drs.region(ACCOUNT_ID, REGION).add_source_server("db-1", origin_region=ORIGIN).id
    instance = recover(world, forward)
    outcome(world, lambda client: client.reverse_replication(recoveryInstanceID=instance))

    def terminate(client: Any) -> Any:
        with pytest.raises(client.exceptions.ConflictException) as raised:
            client.terminate_recovery_instances(recoveryInstanceIDs=[instance])
        return raised.value.response

    response = outcome(world, terminate)
    assert (response["resourceId"], response["ResponseMetadata"]["HTTPStatusCode"]) == (instance, 409)


def test_a_failback_launch_makes_no_servers_in_ec2(world: World) -> None:
    region = world.drs.region(ACCOUNT_ID, REGION)
    instance = recover(world, region.add_source_server("db-1").id)
    before = ec2_states(world, REGION)
    region.boot_failback_client(instance)
    outcome(world, lambda client: client.describe_jobs(), HOUR)
    job = outcome(world, lambda client: client.start_failback_launch(recoveryInstanceIDs=[instance])["job"], 100)
    during = ec2_states(world, REGION)
    outcome(world, lambda client: client.describe_jobs(), HOUR)
    assert before == during == ec2_states(world, REGION)
    (ended,) = outcome(world, lambda client: client.describe_jobs(filters={"jobIDs": [job["jobID"]]})["items"])
    assert [one["launchStatus"] for one in ended["participatingServers"]] == ["LAUNCHED"]


def test_a_failback_launch_is_no_recovery_for_eventbridge(world: World) -> None:
    region = world.drs.region(ACCOUNT_ID, REGION)
    queue = outcome(world, lambda sqs: sqs.create_queue(QueueName="told")["QueueUrl"], service="sqs")
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:told"

    def watch(events: Any) -> None:
        events.put_rule(Name="all", EventPattern='{"source": ["aws.drs"]}')
        events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn, "InputPath": "$.detail-type"}])

    instance = recover(world, region.add_source_server("db-1").id)
    outcome(world, watch, service="events")
    region.boot_failback_client(instance)
    outcome(world, lambda client: client.describe_jobs(), HOUR)
    outcome(world, lambda client: client.start_failback_launch(recoveryInstanceIDs=[instance]), HOUR)

    def read(sqs: Any) -> set[str]:
        told: set[str] = set()
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            told |= {message["Body"].strip('"') for message in messages}
            for message in messages:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return told

    told = outcome(world, read, service="sqs")
    assert "DRS Recovery Instance Failback State Change" in told
    assert "DRS Source Server Launch Result" not in told


def test_a_networks_recovery_has_a_true_timestamp(world: World) -> None:
    network = world.drs.region(ACCOUNT_ID, REGION).add_source_network("vpc-0123456789abcdef0", ORIGIN).id
    entries = [{"sourceNetworkID": network}]
    outcome(world, lambda client: client.start_source_network_recovery(sourceNetworks=entries), HOUR)
    (shown,) = outcome(world, lambda client: client.describe_source_networks()["items"])
    assert shown["lastRecovery"]["apiCallDateTime"] == datetime(2026, 3, 1, 2, tzinfo=UTC)
    assert shown["lastRecovery"]["lastRecoveryResult"] == "SUCCESS"


def test_a_paginator_finds_all_source_networks(world: World) -> None:
    region = world.drs.region(ACCOUNT_ID, REGION)
    added = [region.add_source_network(f"vpc-{number:08x}", ORIGIN).id for number in range(250)]

    def everything(client: Any) -> list[str]:
        pages = client.get_paginator("describe_source_networks").paginate()
        return [network["sourceNetworkID"] for page in pages for network in page["items"]]

    assert outcome(world, everything) == added


@pytest.mark.parametrize(
    ("operation", "request_", "field"),
    [
        ("reverse_replication", {"recoveryInstanceID": "i-not-an-instance"}, "recoveryInstanceID"),
        ("start_failback_launch", {"recoveryInstanceIDs": [f"i-{n:08x}" for n in range(201)]}, "recoveryInstanceIDs"),
        (
            "describe_source_networks",
            {"filters": {"sourceNetworkIDs": ["nonsense-nonsense-no"]}},
            "filters.sourceNetworkIDs",
        ),
        (
            "create_source_network",
            {"vpcID": "vpc-00000001", "originAccountID": ACCOUNT_ID, "originRegion": "mars-north-1"},
            "originRegion",
        ),
        (
            "associate_source_network_stack",
            {"sourceNetworkID": "sn-50000000000000000", "cfnStackName": "1st"},
            "cfnStackName",
        ),
        (
            "start_source_network_recovery",
            {"sourceNetworks": [{"sourceNetworkID": "sn-50000000000000000"}] * 101},
            "sourceNetworks",
        ),
    ],
)
def test_what_boto3_does_not_check_the_service_does(world: World, operation: str, request_: Any, field: str) -> None:
    def ask(client: Any) -> Any:
        with pytest.raises(client.exceptions.ValidationException) as raised:
            getattr(client, operation)(**request_)
        return raised.value.response

    response = outcome(world, ask)
    assert response["reason"] == "fieldValidationFailed"
    assert response["fieldList"][0]["name"].startswith(field)


def stop(world: World, region: str, instance: str) -> None:
    outcome(world, lambda ec2: ec2.stop_instances(InstanceIds=[instance]), region=region, service="ec2")


def test_drs_notices_what_others_do_to_its_instances_in_ec2(world: World) -> None:
    instance = recover(world, world.drs.region(ACCOUNT_ID, REGION).add_source_server("db-1").id)

    def state() -> str:
        (shown,) = outcome(world, lambda client: client.describe_recovery_instances()["items"])
        return str(shown["ec2InstanceState"])

    assert state() == "RUNNING"
    stop(world, REGION, instance)
    assert state() == "STOPPED"
    outcome(world, lambda ec2: ec2.start_instances(InstanceIds=[instance]), service="ec2")
    assert state() == "RUNNING"
    outcome(world, lambda ec2: ec2.terminate_instances(InstanceIds=[instance]), service="ec2")
    assert state() == "TERMINATED"
    assert ec2_states(world, REGION)[instance] == "terminated"
    outcome(world, lambda client: client.describe_jobs(), HOUR)
    assert state() == "NOT_FOUND"


def test_a_machine_goes_back_into_its_stopped_and_tagged_instance(world: World) -> None:
    image = outcome(world, lambda ec2: ec2.describe_images()["Images"][0]["ImageId"], region=ORIGIN, service="ec2")
    tag = {"Key": "AWSDRS", "Value": "AllowLaunchingIntoThisInstance"}
    source = outcome(
        world,
        lambda ec2: ec2.run_instances(
            ImageId=image,
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": [tag]}],
        )["Instances"][0]["InstanceId"],
        region=ORIGIN,
        service="ec2",
    )
    instance = recover(world, world.drs.region(ACCOUNT_ID, REGION).add_source_server("db-1", origin_region=ORIGIN).id)
    answer = outcome(world, lambda client: client.reverse_replication(recoveryInstanceID=instance), HOUR)
    server = answer["reversedDirectionSourceServerArn"].rpartition("/")[2]
    into = {"launchIntoEC2InstanceID": source}

    def start_too_early(client: Any) -> Any:
        client.update_launch_configuration(sourceServerID=server, launchIntoInstanceProperties=into)
        with pytest.raises(client.exceptions.ConflictException) as raised:
            client.start_recovery(sourceServers=[{"sourceServerID": server}])
        return raised.value.response["resourceId"]

    assert outcome(world, start_too_early, region=ORIGIN) == source
    stop(world, ORIGIN, source)
    assert recover(world, server, ORIGIN) == source
    assert ec2_states(world, ORIGIN)[source] == "running"


def test_nothing_is_launched_into_an_instance_without_the_tag(world: World) -> None:
    image = outcome(world, lambda ec2: ec2.describe_images()["Images"][0]["ImageId"], service="ec2")
    source = outcome(
        world,
        lambda ec2: ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"],
        service="ec2",
    )
    server = world.drs.region(ACCOUNT_ID, REGION).add_source_server("db-1").id
    into = {"launchIntoEC2InstanceID": source}
    stop(world, REGION, source)

    def start(client: Any) -> str:
        client.update_launch_configuration(sourceServerID=server, launchIntoInstanceProperties=into)
        return str(client.start_recovery(sourceServers=[{"sourceServerID": server}])["job"]["jobID"])

    job = outcome(world, start, HOUR)
    log = outcome(world, lambda client: client.describe_job_log_items(jobID=job)["items"])
    assert log[-2]["event"] == "LAUNCH_FAILED"
    assert "AWSDRS=AllowLaunchingIntoThisInstance" in log[-2]["eventData"]["rawError"]
    assert ec2_states(world, REGION)[source] == "stopped"
