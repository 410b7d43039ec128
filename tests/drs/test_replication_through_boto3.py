"""Source servers as boto3 sees them: every operation on their replication, templates, actions and extensions once."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulator.account import moto_services
from simulator.account.world import ACCOUNT_ID, World
from simulator.drs.arrivals import Machine
from simulator.errors import HorizonReached
from tests.drs.world import HOUR, REGION, START, pinned

STAGING = "210987654321"
POLICY = [
    {"units": "MINUTE", "interval": 10, "retentionDuration": 60},
    {"units": "HOUR", "interval": 1, "retentionDuration": 24},
    {"units": "DAY", "interval": 1, "retentionDuration": 14},
]
ACTION = {
    "actionCode": "AWS-RunShellScript",
    "actionId": "00000000-0000-0000-0000-000000000001",
    "actionVersion": "$LATEST",
    "active": True,
    "category": "VALIDATION",
    "description": "checks",
    "name": "check",
    "optional": False,
    "order": 2,
    "parameters": {"Name": {"type": "DYNAMIC", "value": "x"}},
}


class Account:
    """A boto3 client of the service, each call in a process of its own."""

    def __init__(self, world: World) -> None:
        self.world = world

    def __getattr__(self, operation: str) -> Any:
        return lambda **request: self.ask(operation, request)

    def ask(self, operation: str, request: Any) -> Any:
        """A call's answer, or the error's code."""

        def call() -> Any:
            client = moto_services.client("drs", REGION, ACCOUNT_ID)
            try:
                return getattr(client, operation)(**request)
            except ClientError as error:
                return error.response

        process = self.world.clock.spawn("caller", call)
        self.pass_seconds(0)
        return process.value

    def pass_seconds(self, seconds: float) -> None:
        until_ms = self.world.clock.now_ms + round(seconds * 1000)
        self.world.clock.call_at(until_ms, lambda: None)
        with suppress(HorizonReached):
            self.world.clock.run(until_ms)


@pytest.fixture
def world() -> Iterator[World]:
    world = World(1, START, REGION, pinned())
    with world.installed():
        for account in (ACCOUNT_ID, STAGING):
            world.drs.region(account, REGION).initialize()
        yield world


@pytest.fixture
def drs(world: World) -> Account:
    return Account(world)


def test_a_server_from_its_agents_arrival_to_its_deletion(world: World, drs: Account) -> None:
    server = world.drs.region(ACCOUNT_ID, REGION).install_agent(Machine("db-1")).id
    drs.pass_seconds(HOUR)
    changed = drs.update_replication_configuration(sourceServerID=server, pitPolicy=POLICY, bandwidthThrottling=100)
    assert changed["pitPolicy"] == POLICY
    assert drs.get_replication_configuration(sourceServerID=server)["bandwidthThrottling"] == 100
    stopped = drs.stop_replication(sourceServerID=server)["sourceServer"]
    assert stopped["dataReplicationInfo"]["dataReplicationState"] == "STOPPED"
    started = drs.start_replication(sourceServerID=server)["sourceServer"]
    assert started["dataReplicationInfo"]["dataReplicationInitiation"]["steps"][0]["name"] == "WAIT"
    drs.pass_seconds(HOUR)
    refused = drs.retry_data_replication(sourceServerID=server)
    assert (refused["Error"]["Code"], refused["reason"]) == ("ValidationException", "fieldValidationFailed")
    refused = drs.delete_source_server(sourceServerID=server)
    assert (refused["Error"]["Code"], refused["resourceId"]) == ("ConflictException", server)
    drs.disconnect_source_server(sourceServerID=server)
    assert drs.delete_source_server(sourceServerID=server)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert drs.describe_source_servers()["items"] == []


def test_templates_and_launch_actions(drs: Account) -> None:
    made = drs.create_replication_configuration_template(
        stagingAreaSubnetId="subnet-0123456789abcdef0",
        replicationServersSecurityGroupsIDs=[],
        ebsEncryption="DEFAULT",
        bandwidthThrottling=0,
        stagingAreaTags={},
        pitPolicy=POLICY,
    )
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    identifier = made["replicationConfigurationTemplateID"]
    drs.update_replication_configuration_template(replicationConfigurationTemplateID=identifier, createPublicIP=True)
    assert drs.describe_replication_configuration_templates()["items"][0]["createPublicIP"] is True
    drs.delete_replication_configuration_template(replicationConfigurationTemplateID=identifier)
    made = drs.create_launch_configuration_template(recoveryMode="FAST")["launchConfigurationTemplate"]
    identifier = made["launchConfigurationTemplateID"]
    assert drs.create_launch_configuration_template()["quotaCode"] == "L-1F3FAE4D"
    drs.update_launch_configuration_template(launchConfigurationTemplateID=identifier, copyTags=True)
    assert drs.put_launch_action(resourceId=identifier, **ACTION)["type"] == "SSM_COMMAND"
    assert [one["name"] for one in drs.list_launch_actions(resourceId=identifier)["items"]] == ["check"]
    deleted = drs.delete_launch_action(resourceId=identifier, actionId=ACTION["actionId"])
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    drs.delete_launch_configuration_template(launchConfigurationTemplateID=identifier)
    assert drs.describe_launch_configuration_templates()["items"] == []


def test_servers_of_another_account(world: World, drs: Account) -> None:
    staging = world.drs.region(STAGING, REGION)
    for name in ("db-1", "db-2"):
        staging.add_source_server(name)
    found = drs.list_extensible_source_servers(stagingAccountID=STAGING, maxResults=1)
    extended = drs.create_extended_source_server(sourceServerArn=found["items"][0]["arn"])
    assert extended["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert extended["sourceServer"]["stagingArea"]["status"] == "EXTENDED"
    assert drs.list_staging_accounts(maxResults=1)["accounts"] == [{"accountID": STAGING}]
    staging.distrust(ACCOUNT_ID)
    refused = drs.create_extended_source_server(sourceServerArn=staging.state.server_named("db-2").arn)
    assert refused["Error"] == {"Code": "AccessDeniedException", "Message": "Error in Authorization"}
    assert drs.list_staging_accounts(maxResults=51)["Error"]["Code"] == "ValidationException"
