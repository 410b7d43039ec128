"""Source servers, recovery instances, launch configurations and tags, as callers see and change them."""

import pytest

from tests.drs.world import HOUR, World


@pytest.fixture
def world() -> World:
    return World()


def test_a_source_server_shows_what_a_healthy_one_shows(world: World) -> None:
    (server,) = world.add("db-1", tags={"Role": "DBServer"})
    shown = world.server(server)
    assert shown["arn"] == f"arn:aws:drs:us-west-2:123456789012:source-server/{server.id}"
    assert shown["tags"] == {"Name": "db-1", "Role": "DBServer"}
    assert shown["replicationDirection"] == "FAILOVER"
    assert shown["stagingArea"] == {"status": "NOT_EXTENDED"}
    assert set(shown["lifeCycle"]) == {
        "addedToServiceDateTime",
        "firstByteDateTime",
        "elapsedReplicationDuration",
        "lastSeenByServiceDateTime",
        "lastLaunch",
    }
    replication = shown["dataReplicationInfo"]
    assert (replication["dataReplicationState"], replication["lagDuration"]) == ("CONTINUOUS", "P0D")
    assert replication["replicatedDisks"] == [
        {
            "deviceName": "/dev/nvme0n1",
            "totalStorageBytes": 8 * 1024**3,
            "replicatedStorageBytes": 8 * 1024**3,
            "rescannedStorageBytes": 8 * 1024**3,
            "backloggedStorageBytes": 0,
        }
    ]
    steps = replication["dataReplicationInitiation"]["steps"]
    assert (len(steps), {step["status"] for step in steps}) == (11, {"SUCCEEDED"})


def test_a_server_has_replicated_for_as_long_as_it_was_told(world: World) -> None:
    (server,) = world.add("db-1", replicating_for_seconds=3 * 86_400 + 3_600 + 110)
    assert world.server(server)["lifeCycle"]["elapsedReplicationDuration"] == "P3DT1H"
    assert world.server(server)["lifeCycle"]["addedToServiceDateTime"] == "2026-02-26T00:58:10.000000+00:00"


def test_the_agent_is_seen_every_minute(world: World) -> None:
    (server,) = world.add("db-1")
    seen = []
    for _ in range(120):
        world.pass_seconds(1)
        seen.append(world.server(server)["lifeCycle"]["lastSeenByServiceDateTime"])
    assert len(set(seen)) == 3
    assert seen == sorted(seen)
    world.region.set_replication_state("db-1", "STALLED", "AGENT_NOT_SEEN")
    world.pass_seconds(HOUR)
    assert world.server(server)["lifeCycle"]["lastSeenByServiceDateTime"] == seen[-1]


def test_a_stalled_server_says_why_and_lags_more_and_more(world: World) -> None:
    (server,) = world.add("db-1")
    world.region.set_replication_state("db-1", "STALLED", "AGENT_NOT_SEEN", "no heartbeat")
    world.pass_seconds(65)
    replication = world.server(server)["dataReplicationInfo"]
    assert (replication["dataReplicationState"], replication["lagDuration"]) == ("STALLED", "PT1M5S")
    assert replication["dataReplicationError"] == {"error": "AGENT_NOT_SEEN", "rawError": "no heartbeat"}
    (change,) = world.events("drs.replication")
    assert (change.server, change.state, change.error) == (server.id, "STALLED", "AGENT_NOT_SEEN")


def test_a_failed_initiation_step_is_the_one_that_its_error_names(world: World) -> None:
    (server,) = world.add("db-1", replication_state="INITIATING")
    world.region.set_replication_state("db-1", "STALLED", "FAILED_TO_CREATE_STAGING_DISKS")
    steps = world.server(server)["dataReplicationInfo"]["dataReplicationInitiation"]["steps"]
    assert [step["status"] for step in steps] == ["SUCCEEDED"] * 6 + ["FAILED"] + ["NOT_STARTED"] * 4


@pytest.mark.parametrize("state", ["INITIATING", "INITIAL_SYNC", "BACKLOG", "CREATING_SNAPSHOT", "RESCAN", "PAUSED"])
def test_every_replication_state_can_be_shown(world: World, state: str) -> None:
    (server,) = world.add("db-1", replication_state=state)
    assert world.server(server)["dataReplicationInfo"]["dataReplicationState"] == state


@pytest.mark.parametrize("state", ["STOPPED", "DISCONNECTED"])
def test_a_detached_server_has_no_replicated_bytes_and_no_lag(world: World, state: str) -> None:
    (server,) = world.add("db-1", replication_state=state)
    replication = world.server(server)["dataReplicationInfo"]
    assert replication["replicatedDisks"][0]["totalStorageBytes"] == 0
    assert "lagDuration" not in replication


def test_a_server_in_ec2_tells_its_instance_and_region_and_one_outside_does_not(world: World) -> None:
    inside, outside = world.add("a", origin_region="us-east-1")[0], world.add("b")[0]
    assert world.server(inside)["sourceCloudProperties"]["originRegion"] == "us-east-1"
    assert "awsInstanceID" in world.server(inside)["sourceProperties"]["identificationHints"]
    assert "sourceCloudProperties" not in world.server(outside)
    assert "awsInstanceID" not in world.server(outside)["sourceProperties"]["identificationHints"]


def test_a_windows_profile_makes_a_windows_machine(world: World) -> None:
    (server,) = world.add("a", profile="windows-direct")
    assert "Windows" in world.server(server)["sourceProperties"]["os"]["fullString"]


def test_a_servers_id_depends_on_its_name_and_place_alone(world: World) -> None:
    (server,) = world.add("db-1")
    (twin,) = World(seed=99).add("db-1")
    assert server.id == twin.id == "s-56a6b3df4fe875057"


def test_a_name_is_taken_only_once(world: World) -> None:
    world.add("db-1")
    with pytest.raises(ValueError, match="'db-1' already"):
        world.add("db-1")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"profile": "solaris"}, "no latency profile 'solaris': linux-direct, windows-direct, extended"),
        ({"replication_state": "FINE"}, "no replication state 'FINE'"),
        ({"volume_gib": 0}, "at least 1 GiB"),
    ],
)
def test_a_server_that_cannot_be_is_refused(world: World, options: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        world.add("db-1", **options)


def test_a_drills_instance_shows_where_it_came_from(world: World) -> None:
    (server,) = world.add("db-1", origin_region="us-east-1")
    job = world.recover(server, isDrill=True)
    (instance,) = world.instances()
    assert instance["recoveryInstanceID"] == instance["ec2InstanceID"]
    assert instance["arn"] == f"arn:aws:drs:us-west-2:123456789012:recovery-instance/{instance['ec2InstanceID']}"
    assert (instance["jobID"], instance["sourceServerID"], instance["isDrill"]) == (job["jobID"], server.id, True)
    assert instance["originEnvironment"] == "AWS"
    assert instance["ec2InstanceState"] == "RUNNING"
    assert instance["failback"] == {"state": "FAILBACK_NOT_STARTED"}
    assert instance["dataReplicationInfo"] == {"dataReplicationState": "NOT_STARTED"}
    assert instance["pointInTimeSnapshotDateTime"] == "2026-03-01T02:00:00.947000+00:00"  # when its snapshot was taken
    assert instance["tags"]["AWSElasticDisasterRecoverySourceServerID"] == server.id


def test_an_instance_that_is_to_stay_stopped_is_stopped(world: World) -> None:
    (server,) = world.add("db-1")
    world.call("UpdateLaunchConfiguration", sourceServerID=server.id, launchDisposition="STOPPED")
    world.recover(server)
    assert world.instances()[0]["ec2InstanceState"] == "STOPPED"


def test_a_servers_tags_are_copied_to_its_instance_on_request(world: World) -> None:
    (server,) = world.add("db-1", tags={"Role": "db"})
    world.recover(server)
    assert "Role" not in world.instances()[0]["tags"]
    world.call("UpdateLaunchConfiguration", sourceServerID=server.id, copyTags=True)
    world.recover(server)
    assert world.instances()[0]["tags"]["Role"] == "db"


def test_a_launch_configuration_has_the_services_defaults(world: World) -> None:
    (server,) = world.add("db-1")
    configuration = world.call("GetLaunchConfiguration", sourceServerID=server.id)
    assert configuration == {
        "sourceServerID": server.id,
        "name": "db-1",
        "ec2LaunchTemplateID": f"lt-0{server.id[3:]}",
        "launchDisposition": "STARTED",
        "targetInstanceTypeRightSizingMethod": "BASIC",
        "copyPrivateIp": False,
        "copyTags": False,
        "licensing": {"osByol": False},
        "postLaunchEnabled": False,
        "recoveryMode": "OPTIMAL",
    }


def test_an_update_changes_what_it_names_and_nothing_else(world: World) -> None:
    (server,) = world.add("db-1")
    before = world.call("GetLaunchConfiguration", sourceServerID=server.id)
    changed = world.call("UpdateLaunchConfiguration", sourceServerID=server.id, copyPrivateIp=True, name="renamed")
    assert changed == before | {"copyPrivateIp": True, "name": "renamed"}
    assert world.call("GetLaunchConfiguration", sourceServerID=server.id) == changed


def test_an_answer_is_not_the_record_itself(world: World) -> None:
    (server,) = world.add("db-1")
    world.call("GetLaunchConfiguration", sourceServerID=server.id)["licensing"]["osByol"] = True
    world.server(server)["tags"]["Name"] = "changed"
    assert world.call("GetLaunchConfiguration", sourceServerID=server.id)["licensing"] == {"osByol": False}
    assert world.server(server)["tags"]["Name"] == "db-1"


def test_a_launch_configuration_cannot_change_while_a_job_holds_the_server(world: World) -> None:
    (server,) = world.add("db-1")
    world.start(server)
    assert world.refusal("UpdateLaunchConfiguration", sourceServerID=server.id, copyTags=True).code == "ConflictException"


@pytest.mark.parametrize("operation", ["GetLaunchConfiguration", "UpdateLaunchConfiguration"])
def test_the_launch_configuration_of_an_unknown_server_is_not_found(world: World, operation: str) -> None:
    error = world.refusal(operation, sourceServerID="s-50000000000000000")
    assert (error.code, error.status) == ("ResourceNotFoundException", 404)
    assert error.members == {"resourceType": "SourceServer", "resourceId": "s-50000000000000000"}


def test_the_snapshots_of_an_unknown_server_are_refused(world: World) -> None:
    error = world.refusal("DescribeRecoverySnapshots", sourceServerID="s-50000000000000000")
    assert error.code == "ValidationException"


def test_tags_can_be_added_overwritten_listed_and_removed(world: World) -> None:
    (server,) = world.add("db-1")
    world.call("TagResource", resourceArn=server.arn, tags={"Role": "db", "Name": "primary"})
    assert world.call("ListTagsForResource", resourceArn=server.arn) == {"tags": {"Name": "primary", "Role": "db"}}
    world.call("UntagResource", resourceArn=server.arn, tagKeys=["Role", "NotThere"])
    assert world.server(server)["tags"] == {"Name": "primary"}


def test_jobs_and_instances_have_tags_too(world: World) -> None:
    job = world.recover(*world.add("db-1"), tags={"plan": "p-1"})
    (instance,) = world.instances()
    for arn in (job["arn"], instance["arn"]):
        world.call("TagResource", resourceArn=arn, tags={"seen": "yes"})
    assert world.job(job["jobID"])["tags"] == {"plan": "p-1", "seen": "yes"}
    assert world.instances()[0]["tags"]["seen"] == "yes"


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:drs:us-west-2:123456789012:source-server/s-50000000000000000",
        "arn:aws:drs:us-west-2:123456789012:source-network/sn-50000000000000000",
        "arn:aws:drs:eu-west-1:123456789012:source-server/s-56a6b3df4fe875057",
        "arn:aws:ec2:us-west-2:123456789012:instance/i-0123456789abcdef0",
    ],
)
def test_an_unknown_resource_has_no_tags(world: World, arn: str) -> None:
    world.add("db-1")
    assert world.refusal("ListTagsForResource", resourceArn=arn).code == "ResourceNotFoundException"


def test_a_resource_has_at_most_fifty_tags(world: World) -> None:
    (server,) = world.add("db-1")
    world.call("TagResource", resourceArn=server.arn, tags={f"tag-{number}": "" for number in range(49)})
    error = world.refusal("TagResource", resourceArn=server.arn, tags={"one-more": ""})
    assert error.code == "ValidationException"
    world.call("TagResource", resourceArn=server.arn, tags={"tag-0": "overwritten"})


def test_tags_of_aws_are_reserved(world: World) -> None:
    (server,) = world.add("db-1")
    assert world.refusal("TagResource", resourceArn=server.arn, tags={"aws:x": "y"}).code == "ValidationException"
