"""Replication configurations, the point-in-time policy, and the templates that new servers begin with."""

from typing import Any

import pytest

from simulator.drs.arrivals import Machine
from tests.drs.world import HOUR, World

DAY = 24 * HOUR
MADE: dict[str, Any] = {
    "stagingAreaSubnetId": "subnet-0123456789abcdef0",
    "replicationServersSecurityGroupsIDs": ["sg-0123456789abcdef0"],
    "ebsEncryption": "DEFAULT",
    "bandwidthThrottling": 0,
    "stagingAreaTags": {"team": "dr"},
}
MISSING = {"replication": "rct-50000000000000000", "launch": "lct-50000000000000000"}


def policy(days: int = 7, **changes: Any) -> list[dict[str, Any]]:
    rules = [
        {"ruleID": 1, "units": "MINUTE", "interval": 10, "retentionDuration": 60, "enabled": True},
        {"ruleID": 2, "units": "HOUR", "interval": 1, "retentionDuration": 24, "enabled": True},
        {"ruleID": 3, "units": "DAY", "interval": 1, "retentionDuration": days, "enabled": True},
    ]
    return [rule | changes.get(str(rule["units"]), {}) for rule in rules]


@pytest.fixture
def world() -> World:
    return World()


def test_a_replication_configuration_has_the_services_defaults(world: World) -> None:
    (server,) = world.add("db-1", volumes_gib=(8, 600))
    configuration = world.call("GetReplicationConfiguration", sourceServerID=server.id)
    disks = configuration.pop("replicatedDisks")
    assert [(disk["deviceName"], disk["isBootDisk"], disk["optimizedStagingDiskType"]) for disk in disks] == [
        ("/dev/nvme0n1", True, "GP3"),
        ("/dev/nvme1n1", False, "GP3"),
    ]
    assert configuration.pop("stagingAreaSubnetId").startswith("subnet-0")
    assert configuration == {
        "sourceServerID": server.id,
        "name": "db-1",
        "associateDefaultSecurityGroup": True,
        "replicationServersSecurityGroupsIDs": [],
        "replicationServerInstanceType": "t3.small",
        "useDedicatedReplicationServer": False,
        "defaultLargeStagingDiskType": "GP3",
        "ebsEncryption": "DEFAULT",
        "bandwidthThrottling": 0,
        "dataPlaneRouting": "PRIVATE_IP",
        "createPublicIP": False,
        "stagingAreaTags": {},
        "pitPolicy": policy(),
        "autoReplicateNewDisks": False,
        "internetProtocol": "IPV4",
    }


def test_an_update_changes_what_it_names_and_of_disks_only_those(world: World) -> None:
    (server,) = world.add("db-1", volumes_gib=(8, 100))
    before = world.call("GetReplicationConfiguration", sourceServerID=server.id)
    disk = {"deviceName": "/dev/nvme1n1", "stagingDiskType": "IO1", "iops": 500, "isBootDisk": True}
    changed = world.call("UpdateReplicationConfiguration", sourceServerID=server.id, name="new", replicatedDisks=[disk])
    assert changed.pop("replicatedDisks") == [
        before["replicatedDisks"][0],
        before["replicatedDisks"][1] | {"stagingDiskType": "IO1", "iops": 500},
    ]
    del before["replicatedDisks"]
    assert changed == before | {"name": "new"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"pitPolicy": policy(366)}, "pitPolicy[2].retentionDuration"),
        ({"pitPolicy": policy(HOUR={"retentionDuration": 48})}, "pitPolicy[1].retentionDuration"),
        ({"pitPolicy": policy(MINUTE={"interval": 5})}, "pitPolicy[0].interval"),
        ({"pitPolicy": policy(MINUTE={"units": "DAY", "interval": 1})}, "pitPolicy"),
        ({"ebsEncryption": "CUSTOM"}, "ebsEncryptionKeyArn"),
        ({"replicatedDisks": [{"deviceName": "/dev/sdz"}]}, "replicatedDisks[0].deviceName"),
    ],
)
def test_what_a_replication_configuration_cannot_be_is_refused(world: World, given: dict[str, Any], field: str) -> None:
    (server,) = world.add("db-1")
    error = world.refusal("UpdateReplicationConfiguration", sourceServerID=server.id, **given)
    assert (error.code, [one["name"] for one in error.members["fieldList"]]) == ("ValidationException", [field])


# The point-in-time policy


def snapshots(world: World, server_id: str) -> list[str]:
    items = world.call("DescribeRecoverySnapshots", sourceServerID=server_id)["items"]
    return [item["timestamp"] for item in items]


def test_the_policy_says_how_many_days_are_kept(world: World) -> None:
    (server,) = world.add("db-1")
    assert len(snapshots(world, server.id)) == 35  # 6 of ten minutes, 24 of hours, 7 of days, two of which coincide
    world.call("UpdateReplicationConfiguration", sourceServerID=server.id, pitPolicy=policy(2))
    assert len(snapshots(world, server.id)) == 30
    assert snapshots(world, server.id)[0] == "2026-02-28T00:00:00.000000+00:00"


def test_snapshots_that_a_policy_deleted_do_not_come_back(world: World) -> None:
    (server,) = world.add("db-1")
    world.call("UpdateReplicationConfiguration", sourceServerID=server.id, pitPolicy=policy(2))
    world.call("UpdateReplicationConfiguration", sourceServerID=server.id, pitPolicy=policy(30))
    assert snapshots(world, server.id)[0] == "2026-02-28T00:00:00.000000+00:00"
    world.pass_seconds(20 * DAY)
    assert snapshots(world, server.id)[0] == "2026-02-28T00:00:00.000000+00:00"
    world.pass_seconds(20 * DAY)
    assert snapshots(world, server.id)[0] == "2026-03-12T00:00:00.000000+00:00"


def test_a_rule_that_is_off_takes_none_until_it_is_on_again(world: World) -> None:
    (server,) = world.add("db-1")
    world.call("UpdateReplicationConfiguration", sourceServerID=server.id, pitPolicy=policy(MINUTE={"enabled": False}))
    assert {moment[14:16] for moment in snapshots(world, server.id)} == {"00"}
    world.pass_seconds(HOUR)
    world.call("UpdateReplicationConfiguration", sourceServerID=server.id, pitPolicy=policy())
    world.pass_seconds(1800)
    assert [moment[11:16] for moment in snapshots(world, server.id)][-4:] == ["03:00", "03:10", "03:20", "03:30"]


# Templates


def make(world: World, kind: str, **given: Any) -> Any:
    if kind == "replication":
        return world.call("CreateReplicationConfigurationTemplate", **{**MADE, "pitPolicy": policy(), **given})
    return world.call("CreateLaunchConfigurationTemplate", **given)["launchConfigurationTemplate"]


def operation(verb: str, kind: str) -> str:
    return f"{verb}{kind.capitalize()}ConfigurationTemplate" + ("s" if verb == "Describe" else "")


def identify(kind: str, identifier: str) -> dict[str, str]:
    return {f"{kind}ConfigurationTemplateID": identifier}


@pytest.fixture(params=["replication", "launch"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_template_can_be_made_described_changed_and_deleted(world: World, kind: str) -> None:
    made = make(world, kind, tags={"team": "dr"})
    identifier = made[f"{kind}ConfigurationTemplateID"]
    assert made["arn"] == f"arn:aws:drs:us-west-2:123456789012:{kind}-configuration-template/{identifier}"
    assert made["tags"] == {"team": "dr"}
    assert world.call(operation("Describe", kind))["items"] == [made]
    change: dict[str, Any] = {"bandwidthThrottling": 100} if kind == "replication" else {"copyTags": True}
    changed = world.call(operation("Update", kind), **identify(kind, identifier), **change)
    assert changed.get("launchConfigurationTemplate", changed) == made | change
    assert world.call(operation("Describe", kind), **{f"{kind}ConfigurationTemplateIDs": [identifier]})["items"] == [
        made | change
    ]
    assert world.call(operation("Delete", kind), **identify(kind, identifier)) == {}
    assert world.call(operation("Describe", kind))["items"] == []


@pytest.mark.parametrize("verb", ["Update", "Delete", "Describe"])
def test_a_template_that_is_not_there_is_not_found(world: World, kind: str, verb: str) -> None:
    asked: Any = identify(kind, MISSING[kind])
    if verb == "Describe":
        asked = {f"{kind}ConfigurationTemplateIDs": [MISSING[kind]]}
    error = world.refusal(operation(verb, kind), **asked)
    assert (error.code, error.members["resourceId"]) == ("ResourceNotFoundException", MISSING[kind])


def test_a_templates_tags_can_change(world: World, kind: str) -> None:
    arn = make(world, kind)["arn"]
    world.call("TagResource", resourceArn=arn, tags={"team": "dr"})
    assert world.call("ListTagsForResource", resourceArn=arn) == {"tags": {"team": "dr"}}
    assert world.call(operation("Describe", kind))["items"][0]["tags"] == {"team": "dr"}


def test_a_replication_template_that_cannot_be_is_refused(world: World) -> None:
    error = world.refusal("CreateReplicationConfigurationTemplate", **{**MADE, "pitPolicy": policy(400)})
    assert error.members["fieldList"][0]["name"] == "pitPolicy[2].retentionDuration"
    made = make(world, "replication")
    named = identify("replication", made["replicationConfigurationTemplateID"])
    error = world.refusal("UpdateReplicationConfigurationTemplate", **named, arn="arn:aws:drs:us-west-2:123456789012:x/y")
    assert error.members["fieldList"][0]["name"] == "arn"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"exportBucketArn": "arn:aws:sqs:us-west-2:123456789012:queue"}, "exportBucketArn"),
        ({"launchIntoSourceInstance": True, "copyTags": True}, "launchIntoSourceInstance"),
    ],
)
def test_a_launch_template_that_cannot_be_is_refused(world: World, given: dict[str, Any], field: str) -> None:
    error = world.refusal("CreateLaunchConfigurationTemplate", **given)
    assert (error.code, error.members["fieldList"][0]["name"]) == ("ValidationException", field)


def test_an_account_has_one_launch_template_at_most(world: World) -> None:
    make(world, "launch")
    error = world.refusal("CreateLaunchConfigurationTemplate")
    assert (error.code, error.members["quotaCode"]) == ("ServiceQuotaExceededException", "L-1F3FAE4D")


def test_many_replication_templates_come_in_pages(world: World) -> None:
    made = [make(world, "replication")["replicationConfigurationTemplateID"] for _ in range(5)]
    first = world.call("DescribeReplicationConfigurationTemplates", maxResults=3)
    second = world.call("DescribeReplicationConfigurationTemplates", maxResults=3, nextToken=first["nextToken"])
    assert [one["replicationConfigurationTemplateID"] for one in first["items"] + second["items"]] == made


def test_new_servers_begin_with_what_the_templates_say(world: World) -> None:
    (old,) = world.add("old")
    make(world, "replication", bandwidthThrottling=100, pitPolicy=policy(30))
    make(world, "launch", launchDisposition="STOPPED", recoveryMode="FAST", postLaunchEnabled=True)
    new = world.region.install_agent(Machine("new"))
    replicated = world.call("GetReplicationConfiguration", sourceServerID=new.id)
    assert {name: replicated[name] for name in MADE} == MADE | {"bandwidthThrottling": 100}
    assert replicated["pitPolicy"][2]["retentionDuration"] == 30
    launched = world.call("GetLaunchConfiguration", sourceServerID=new.id)
    assert (launched["launchDisposition"], launched["recoveryMode"]) == ("STOPPED", "FAST")
    assert launched["postLaunchEnabled"] is True
    assert world.call("GetLaunchConfiguration", sourceServerID=old.id)["launchDisposition"] == "STARTED"
    world.pass_seconds(40 * DAY)
    assert len(snapshots(world, new.id)) == 6 + 23 + 30 - 1


# The launch configuration


def test_an_instance_can_be_launched_into_if_nothing_is_copied_to_it(world: World) -> None:
    (server,) = world.add("db-1", origin_region="us-east-1")
    into = {"launchIntoInstanceProperties": {"launchIntoEC2InstanceID": "i-0123456789abcdef0"}}
    changed = world.call("UpdateLaunchConfiguration", sourceServerID=server.id, **into)
    assert changed["launchIntoInstanceProperties"] == into["launchIntoInstanceProperties"]
    error = world.refusal("UpdateLaunchConfiguration", sourceServerID=server.id, copyTags=True, copyPrivateIp=True)
    assert [one["name"] for one in error.members["fieldList"]] == ["copyPrivateIp", "copyTags"]


def test_the_size_of_the_source_instance_is_known_only_in_aws(world: World) -> None:
    inside, outside = world.add("a", origin_region="us-east-1")[0], world.add("b")[0]
    asked = {"targetInstanceTypeRightSizingMethod": "IN_AWS"}
    assert world.call("UpdateLaunchConfiguration", sourceServerID=inside.id, **asked) | asked
    assert world.refusal("UpdateLaunchConfiguration", sourceServerID=outside.id, **asked).code == "ValidationException"


def test_a_fast_recovery_of_a_server_in_aws_is_not_converted(world: World) -> None:
    (server,) = world.add("db-1", origin_region="us-east-1")
    world.call("UpdateLaunchConfiguration", sourceServerID=server.id, recoveryMode="FAST")
    trace = world.trace(world.recover(server)["jobID"])
    assert [item.split()[0] for item in trace] == [
        "JOB_START", "SNAPSHOT_START", "SNAPSHOT_END", "LAUNCH_START", "LAUNCH_END", "JOB_END",
    ]  # fmt: skip
