"""Recovery instances after their launch: let go by DRS, stopped or terminated by others, replaced, and seen late."""

from typing import Any

import pytest

from simulator.drs.settings import Distribution, FailingBack
from tests.drs.world import HOUR, World, pinned

FAILING_BACK = FailingBack(initialising=Distribution(150), terminated_seconds=3600)
UNKNOWN = "i-0123456789abcdef0"


class Recovered(World):
    """A server with a recovery instance."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(pinned(failing_back=FAILING_BACK, **changes))
        (self.source,) = self.add("db-1", origin_region="us-east-1")
        self.recovery = self.recover(self.source)
        self.instance = str(self.shown()["recoveryInstanceID"])

    def shown(self) -> Any:
        (instance,) = self.instances()
        return instance

    def state(self) -> str:
        return str(self.shown()["ec2InstanceState"])

    def replication(self) -> Any:
        return self.shown()["dataReplicationInfo"]

    def terminate(self) -> str:
        answer = self.call("TerminateRecoveryInstances", recoveryInstanceIDs=[self.instance])
        return str(answer["job"]["jobID"])


@pytest.fixture
def world() -> Recovered:
    return Recovered()


def test_a_recovery_instance_shows_every_member_that_the_service_shows(world: Recovered) -> None:
    assert set(world.shown()) == {
        "recoveryInstanceID",
        "ec2InstanceID",
        "ec2InstanceState",
        "arn",
        "jobID",
        "sourceServerID",
        "isDrill",
        "originEnvironment",
        "originAvailabilityZone",
        "pointInTimeSnapshotDateTime",
        "dataReplicationInfo",
        "failback",
        "recoveryInstanceProperties",
        "agentVersion",
        "tags",
    }
    assert set(world.shown()["recoveryInstanceProperties"]) == {
        "lastUpdatedDateTime",
        "identificationHints",
        "networkInterfaces",
        "disks",
        "cpus",
        "ramBytes",
        "os",
    }


def test_a_disconnected_instance_replicates_nothing(world: Recovered) -> None:
    assert world.call("DisconnectRecoveryInstance", recoveryInstanceID=world.instance) == {}
    replication = world.replication()
    assert replication["dataReplicationState"] == "DISCONNECTED"
    assert [disk["totalStorageBytes"] for disk in replication["replicatedDisks"]] == [0]
    assert "lagDuration" not in replication
    assert world.call("DisconnectRecoveryInstance", recoveryInstanceID=world.instance) == {}  # it is idempotent


def test_only_a_disconnected_instance_is_deleted_and_ec2_keeps_it(world: Recovered) -> None:
    early = world.refusal("DeleteRecoveryInstance", recoveryInstanceID=world.instance)
    assert (early.code, early.members["resourceId"]) == ("ConflictException", world.instance)
    world.call("DisconnectRecoveryInstance", recoveryInstanceID=world.instance)
    assert world.call("DeleteRecoveryInstance", recoveryInstanceID=world.instance) == {}
    assert world.instances() == []
    assert "recoveryInstanceId" not in world.server(world.source)
    assert [event.state for event in world.events("drs.instance")] == ["PENDING", "RUNNING"]
    assert [event.instance for event in world.events("drs.instance.forgotten")] == [world.instance]


def test_an_instance_whose_record_is_deleted_is_not_replaced_by_the_next_launch(world: Recovered) -> None:
    world.call("DisconnectRecoveryInstance", recoveryInstanceID=world.instance)
    world.call("DeleteRecoveryInstance", recoveryInstanceID=world.instance)
    job = world.recover(world.source)
    assert not [event for event in world.trace(job["jobID"]) if event.startswith("CLEANUP")]
    assert world.shown()["recoveryInstanceID"] != world.instance


def test_an_unknown_instance_cannot_be_deleted(world: Recovered) -> None:
    assert world.refusal("DeleteRecoveryInstance", recoveryInstanceID=UNKNOWN).code == "ConflictException"


@pytest.mark.parametrize("operation", ["DisconnectRecoveryInstance", "DeleteRecoveryInstance", "ReverseReplication"])
def test_an_instance_in_a_job_is_left_alone(world: Recovered, operation: str) -> None:
    world.pass_seconds(HOUR)
    world.terminate()
    error = world.refusal(operation, recoveryInstanceID=world.instance)
    assert (error.code, error.members["resourceType"]) == ("ConflictException", "SourceServer")


def test_an_instance_that_somebody_terminates_shows_terminated_and_then_not_found(world: Recovered) -> None:
    world.region.terminated_outside(world.instance)
    assert world.state() == "TERMINATED"
    world.pass_seconds(3599.9)
    assert world.state() == "TERMINATED"
    world.pass_seconds(0.1)
    assert world.state() == "NOT_FOUND"
    assert world.server(world.source)["recoveryInstanceId"] == world.instance  # the record is still there
    assert [event.state for event in world.events("drs.instance")][2:] == ["TERMINATED", "NOT_FOUND"]


@pytest.mark.parametrize("waits", [0, 2 * HOUR])
def test_terminating_what_is_gone_is_a_job_of_a_moment(world: Recovered, waits: float) -> None:
    world.region.terminated_outside(world.instance)
    world.pass_seconds(waits)
    job_id = world.terminate()
    world.pass_seconds(2 * HOUR)
    assert world.offsets(job_id) == [
        (0.357, "JOB_START"),
        (0.757, "CLEANUP_START db-1"),
        (1.757, "CLEANUP_END db-1"),
        (1.787, "JOB_END"),
    ]
    assert world.instances() == []


def test_the_next_launch_clears_away_what_is_left(world: Recovered) -> None:
    job = world.recover(world.source)
    assert world.trace(job["jobID"])[:3] == ["JOB_START", "CLEANUP_START db-1", "CLEANUP_END db-1"]
    assert world.shown()["recoveryInstanceID"] != world.instance
    world.region.terminated_outside(world.shown()["recoveryInstanceID"])
    job = world.recover(world.source)
    assert world.trace(job["jobID"])[:3] == ["JOB_START", "CLEANUP_START db-1", "CLEANUP_END db-1"]
    assert world.state() == "RUNNING"


def test_an_instance_can_be_stopped_and_started_outside(world: Recovered) -> None:
    for state in ("STOPPING", "STOPPED", "RUNNING"):
        world.region.set_ec2_state(world.instance, state)
        assert world.state() == state


def test_an_instance_takes_no_step_that_ec2_does_not_have(world: Recovered) -> None:
    world.region.terminated_outside(world.instance)
    with pytest.raises(ValueError, match="is TERMINATED and cannot become RUNNING"):
        world.region.set_ec2_state(world.instance, "RUNNING")


def test_an_instance_is_in_no_state_that_ec2_does_not_have(world: Recovered) -> None:
    with pytest.raises(ValueError, match="no EC2 state 'ASLEEP': PENDING, RUNNING"):
        world.region.set_ec2_state(UNKNOWN, "ASLEEP")


def test_an_instance_that_is_stopped_has_no_agent_to_reverse_replication(world: Recovered) -> None:
    world.service.region("123456789012", "us-east-1").initialize()
    world.region.set_ec2_state(world.instance, "STOPPING")
    world.region.set_ec2_state(world.instance, "STOPPED")
    assert world.refusal("ReverseReplication", recoveryInstanceID=world.instance).code == "ConflictException"
    world.region.set_ec2_state(world.instance, "RUNNING")
    assert world.refusal("ReverseReplication", recoveryInstanceID=world.instance).code == "ConflictException"
    world.pass_seconds(150)  # its agent starts anew
    world.call("ReverseReplication", recoveryInstanceID=world.instance)


def test_descriptions_can_lag_behind_the_log() -> None:
    world = World(pinned())
    (server,) = world.add("db-1")
    world.region.delay_reads(30)
    job_id = world.start(server)
    world.pass_seconds(20)
    assert (world.trace(job_id)[0], world.job(job_id)["status"]) == ("JOB_START", "PENDING")
    world.pass_seconds(11)
    assert world.job(job_id)["status"] == "STARTED"
    while "JOB_END" not in world.trace(job_id):
        world.pass_seconds(1)
    job = world.job(job_id)
    assert (job["status"], world.statuses(job), "endDateTime" in job) == ("STARTED", {"db-1": "PENDING"}, False)
    assert world.instances() == []
    world.pass_seconds(30)
    job = world.job(job_id)
    assert (job["status"], world.statuses(job), "endDateTime" in job) == ("COMPLETED", {"db-1": "LAUNCHED"}, True)
    assert len(world.instances()) == 1


def test_reads_are_stale_only_for_as_long_as_they_are_told(world: Recovered) -> None:
    world.region.delay_reads(60, for_ms=100_000)
    world.region.set_ec2_state(world.instance, "STOPPING")
    assert world.state() == "RUNNING"
    world.pass_seconds(60)
    assert world.state() == "STOPPING"
    world.pass_seconds(40)
    world.region.set_ec2_state(world.instance, "STOPPED")
    assert world.state() == "STOPPED"


def test_a_job_is_listed_no_more_after_its_time() -> None:
    world = Recovered(job_history_seconds=7200)
    job_id = world.recovery["jobID"]
    world.pass_seconds(4100)
    assert len(world.call("DescribeJobs", filters={"jobIDs": [job_id]})["items"]) == 1
    world.pass_seconds(100)
    world.pass_seconds(HOUR)
    assert world.call("DescribeJobs", filters={"jobIDs": [job_id]})["items"] == []
    assert world.refusal("DescribeJobLogItems", jobID=job_id).code == "ValidationException"
    assert world.refusal("DeleteJob", jobID=job_id).code == "ResourceNotFoundException"
    assert world.shown()["jobID"] == job_id


def test_a_job_can_vanish_once_it_has_ended(world: Recovered) -> None:
    running = world.start(*world.add("db-2"))
    world.region.forget_job(world.recovery["jobID"])
    assert [job["jobID"] for job in world.call("DescribeJobs")["items"]] == [running]
    with pytest.raises(ValueError, match=r"no job .* that has ended"):
        world.region.forget_job(running)


@pytest.mark.parametrize("method", ["boot_failback_client", "lose_failback_client"])
def test_there_is_nothing_to_do_to_an_instance_that_does_not_exist(world: Recovered, method: str) -> None:
    with pytest.raises(ValueError, match=f"no recovery instance '{UNKNOWN}'"):
        getattr(world.region, method)(UNKNOWN)
