"""Variations on the golden traces: how jobs of other servers, in other states, with other faults go."""

import pytest

from simulator.drs.model import SourceServer
from tests.drs.world import HOUR, World, pinned

CALLER_DENIED = "An error occurred (UnauthorizedOperation) when calling the DeleteVolume operation: You are not authorized"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def servers(world: World) -> list[SourceServer]:
    return world.add("db-1", "db-2")


def test_the_log_names_conversion_servers_and_launched_instances(world: World, servers: list[SourceServer]) -> None:
    job = world.recover(*servers)
    data = {(item["event"], item["eventData"].get("sourceServerID")): item["eventData"] for item in world.log(job["jobID"])}
    assert data["JOB_START", None] == {}
    assert data["JOB_END", None] == {}
    assert set(data["SNAPSHOT_START", servers[0].id]) == {"sourceServerID"}
    converters = {data["CONVERSION_END", server.id]["conversionServerID"] for server in servers}
    launched = [data["LAUNCH_END", server.id]["targetInstanceID"] for server in servers]
    assert len(converters) == 2
    assert [instance["recoveryInstanceID"] for instance in world.instances()] == launched


@pytest.mark.parametrize("state", ["STALLED", "DISCONNECTED", "PAUSED", "RESCAN"])
def test_a_source_out_of_reach_is_launched_from_its_latest_snapshot(world: World, state: str) -> None:
    (server,) = world.add("db-1", replication_state=state)
    latest = world.call("DescribeRecoverySnapshots", sourceServerID=server.id, order="DESC")["items"][0]
    job = world.recover(server)
    assert world.trace(job["jobID"])[:5] == [
        "JOB_START",
        "SNAPSHOT_START db-1",
        "SNAPSHOT_FAIL db-1",
        "USING_PREVIOUS_SNAPSHOT db-1",
        "CONVERSION_START db-1",
    ]
    assert world.statuses(job) == {"db-1": "LAUNCHED"}
    assert world.instances()[0]["pointInTimeSnapshotDateTime"] == latest["timestamp"]


def test_a_chosen_snapshot_needs_no_source(world: World) -> None:
    (server,) = world.add("db-1", replication_state="STALLED")
    kept = world.call("DescribeRecoverySnapshots", sourceServerID=server.id)["items"]
    asked = [{"sourceServerID": server.id, "recoverySnapshotID": kept[0]["snapshotID"]}]
    job_id = world.call("StartRecovery", sourceServers=asked)["job"]["jobID"]
    world.pass_seconds(HOUR)
    assert "SNAPSHOT_FAIL db-1" not in world.trace(job_id)
    assert world.statuses(world.job(job_id)) == {"db-1": "LAUNCHED"}


def test_a_server_whose_snapshots_are_deleted_fails(world: World) -> None:
    job = world.recover(*world.add("db-1", replication_state="STOPPED"))
    assert world.trace(job["jobID"]) == [
        "JOB_START",
        "SNAPSHOT_START db-1",
        "SNAPSHOT_FAIL db-1",
        "USING_PREVIOUS_SNAPSHOT_FAILED db-1",
        "JOB_END",
    ]
    assert (job["status"], world.statuses(job)) == ("COMPLETED", {"db-1": "FAILED"})


def test_a_failed_launch_leaves_a_completed_job_with_one_failed_server(world: World, servers: list[SourceServer]) -> None:
    world.inject("db-2", "LAUNCH", "FAILED", raw_error=CALLER_DENIED, after_ms=600_000)
    job = world.recover(*servers)
    assert world.trace(job["jobID"])[9:] == [
        "LAUNCH_START db-1",
        "LAUNCH_START db-2",
        "LAUNCH_END db-1",
        "LAUNCH_FAILED db-2",
        "JOB_END",
    ]
    assert (job["status"], world.statuses(job)) == ("COMPLETED", {"db-1": "LAUNCHED", "db-2": "FAILED"})
    failed = world.log(job["jobID"])[-2]
    assert failed["eventData"] == {"sourceServerID": servers[1].id, "rawError": CALLER_DENIED}
    assert [world.server(server)["lastLaunchResult"] for server in servers] == ["SUCCEEDED", "FAILED"]
    assert [instance["sourceServerID"] for instance in world.instances()] == [servers[0].id]


def test_a_caller_without_ec2_rights_gets_a_job_that_fails_within_a_second_and_does_not_say_why(world: World) -> None:
    (server,) = world.add("db-1")
    world.inject("db-1", "SNAPSHOT", "SILENT")
    job_id = world.start(server)
    world.pass_seconds(1)
    assert world.trace(job_id) == ["JOB_START", "SNAPSHOT_START db-1", "SNAPSHOT_END db-1", "JOB_END"]
    job = world.job(job_id)
    assert (job["status"], world.statuses(job)) == ("COMPLETED", {"db-1": "FAILED"})


@pytest.mark.parametrize(
    ("phase", "last"), [("CONVERSION", "CONVERSION_END db-1"), ("LAUNCH", "LAUNCH_START db-1")], ids=["conversion", "launch"]
)
def test_a_silent_failure_leaves_no_event_and_no_instance(world: World, phase: str, last: str) -> None:
    world.add("db-1")
    world.inject("db-1", phase, "SILENT")
    job = world.recover(world.region.state.server_named("db-1"))
    assert world.trace(job["jobID"])[-2:] == [last, "JOB_END"]
    assert world.statuses(job) == {"db-1": "FAILED"}
    assert world.instances() == []


@pytest.mark.parametrize("state", ["INITIATING", "INITIAL_SYNC"])
def test_a_server_without_a_first_snapshot_is_skipped(world: World, servers: list[SourceServer], state: str) -> None:
    (young,) = world.add("young", replication_state=state)
    job = world.recover(young, servers[0])
    assert world.trace(job["jobID"])[:3] == ["JOB_START", "SERVER_SKIPPED young", "SNAPSHOT_START db-1"]
    assert world.statuses(job) == {"young": "FAILED", "db-1": "LAUNCHED"}


def test_a_job_whose_servers_are_all_skipped_ends_at_once(world: World) -> None:
    job_id = world.start(*world.add("young", replication_state="INITIAL_SYNC"))
    world.pass_seconds(1)
    assert world.trace(job_id) == ["JOB_START", "SERVER_SKIPPED young", "JOB_END"]


def test_a_conversion_that_hangs_keeps_its_job_started_and_its_servers_held(
    world: World, servers: list[SourceServer]
) -> None:
    world.inject("db-2", "CONVERSION", "HANG")
    job_id = world.start(*servers)
    world.pass_seconds(24 * HOUR)
    assert world.trace(job_id)[5:] == ["CONVERSION_START db-1", "CONVERSION_START db-2", "CONVERSION_END db-1"]
    job = world.job(job_id)
    assert (job["status"], "endDateTime" in job) == ("STARTED", False)
    assert world.statuses(job) == {"db-1": "PENDING", "db-2": "PENDING"}
    assert world.refusal("StartRecovery", sourceServers=[{"sourceServerID": servers[0].id}]).code == "ConflictException"


def test_a_job_cancelled_in_the_middle_of_a_phase_goes_no_further(world: World, servers: list[SourceServer]) -> None:
    world.inject("db-1", "CONVERSION", "CANCELLED")
    job = world.recover(*servers)
    assert world.trace(job["jobID"])[5:] == ["CONVERSION_START db-1", "JOB_CANCEL", "JOB_END"]
    assert world.statuses(job) == {"db-1": "FAILED", "db-2": "FAILED"}
    assert world.statuses(world.recover(*servers)) == {"db-1": "FAILED", "db-2": "FAILED"}  # the fault hits each job


def test_a_job_cancelled_during_clean_up_has_still_deleted_what_ec2_was_deleting(
    world: World, servers: list[SourceServer]
) -> None:
    world.recover(*servers)
    world.inject("db-2", "CLEANUP", "CANCELLED", after_ms=1000, times=1)
    world.recover(*servers)
    assert [instance["sourceServerID"] for instance in world.instances()] == [servers[1].id]
    assert world.statuses(world.recover(*servers)) == {"db-1": "LAUNCHED", "db-2": "LAUNCHED"}


def test_a_termination_that_fails_keeps_the_instance(world: World, servers: list[SourceServer]) -> None:
    world.recover(servers[0])
    (instance,) = world.instances()
    world.inject("db-1", "CLEANUP", "FAILED", raw_error="OperationNotPermitted")
    job = world.call("TerminateRecoveryInstances", recoveryInstanceIDs=[instance["recoveryInstanceID"]])["job"]
    world.pass_seconds(HOUR)
    assert world.trace(job["jobID"]) == ["JOB_START", "CLEANUP_START db-1", "CLEANUP_FAIL db-1", "JOB_END"]
    assert world.instances() == [instance]


def test_a_machine_in_aws_can_skip_conversion(world: World) -> None:
    (server,) = world.add("web-1", origin_region="us-east-1")
    (elsewhere,) = world.add("web-2")
    for one in (server, elsewhere):
        world.call("UpdateLaunchConfiguration", sourceServerID=one.id, recoveryMode="FAST")
    job = world.recover(server, elsewhere)
    assert world.trace(job["jobID"])[5:9] == [
        "CONVERSION_START web-2",
        "CONVERSION_END web-2",
        "LAUNCH_START web-1",
        "LAUNCH_START web-2",
    ]


def test_without_the_barrier_each_server_goes_its_own_way() -> None:
    world = World(pinned(phase_barrier=False))
    servers = world.add("db-1", "db-2")
    world.inject("db-1", "CONVERSION", "FAILED", after_ms=900_000)
    job = world.recover(*servers)
    assert world.trace(job["jobID"])[-5:] == [
        "CONVERSION_END db-2",
        "LAUNCH_START db-2",
        "LAUNCH_END db-2",
        "CONVERSION_FAIL db-1",
        "JOB_END",
    ]


def test_the_end_of_a_launch_can_be_left_out_of_the_log() -> None:
    world = World(pinned(logs_launch_end=False))
    job = world.recover(*world.add("db-1"))
    assert world.trace(job["jobID"])[-2:] == ["LAUNCH_START db-1", "JOB_END"]
    assert world.statuses(job) == {"db-1": "LAUNCHED"}
