"""Failing back to a machine outside AWS, with the failback client."""

from typing import Any

import pytest

from simulator.drs.settings import Distribution, FailingBack, Replicating
from tests.drs.world import HOUR, World, pinned

MINUTE = 60.0
SETTINGS = pinned(
    failing_back=FailingBack(initialising=Distribution(150), client=Distribution(300)),
    replicating=Replicating(rescan=Distribution(240), rescan_seconds_per_gib=1),
)


class OutsideAws(World):
    """A server outside AWS that was recovered."""

    def __init__(self) -> None:
        super().__init__(SETTINGS)
        (self.source,) = self.add("db-1")
        self.recover(self.source)
        self.instance = str(self.shown()["recoveryInstanceID"])

    def shown(self) -> Any:
        (instance,) = self.instances()
        return instance

    def states(self) -> tuple[str, str]:
        shown = self.shown()
        return shown["failback"]["state"], shown["dataReplicationInfo"]["dataReplicationState"]

    def watch(self, seconds: int) -> list[tuple[str, str]]:
        """Every pair of states that shows in the seconds to come."""
        seen = [self.states()]
        for _ in self.moments(seconds):
            if seen[-1] != self.states():
                seen.append(self.states())
        return seen

    def ready(self) -> "OutsideAws":
        """Boot the client, and wait until the machine can be launched."""
        self.region.boot_failback_client(self.instance)
        self.pass_seconds(HOUR)
        return self

    def launch(self) -> str:
        job = self.call("StartFailbackLaunch", recoveryInstanceIDs=[self.instance])["job"]
        return str(job["jobID"])


@pytest.fixture
def world() -> OutsideAws:
    return OutsideAws()


def test_a_client_takes_the_data_in_until_the_machine_can_be_launched(world: OutsideAws) -> None:
    assert world.states() == ("FAILBACK_NOT_STARTED", "NOT_STARTED")
    world.region.boot_failback_client(world.instance, "client-1")
    assert world.watch(600) == [
        ("FAILBACK_IN_PROGRESS", "INITIATING"),
        ("FAILBACK_IN_PROGRESS", "INITIAL_SYNC"),
        ("FAILBACK_IN_PROGRESS", "BACKLOG"),
        ("FAILBACK_READY_FOR_LAUNCH", "CONTINUOUS"),
    ]
    failback = world.shown()["failback"]
    assert failback["failbackClientID"] == "client-1"
    assert failback["failbackInitiationTime"] == "2026-03-01T03:00:00.000000+00:00"
    assert failback["firstByteDateTime"] == "2026-03-01T03:05:00.000000+00:00"
    assert failback["elapsedReplicationDuration"] == "PT5M"
    assert failback["failbackToOriginalServer"] is True


def test_the_client_goes_through_seven_steps(world: OutsideAws) -> None:
    world.region.boot_failback_client(world.instance)
    world.pass_seconds(150)  # of 300
    attempt = world.shown()["dataReplicationInfo"]["dataReplicationInitiation"]
    assert attempt["startDateTime"] == "2026-03-01T03:00:00.000000+00:00"
    assert [(step["name"], step["status"]) for step in attempt["steps"]] == [
        ("LINK_FAILBACK_CLIENT_WITH_RECOVERY_INSTANCE", "SUCCEEDED"),
        ("COMPLETE_VOLUME_MAPPING", "SUCCEEDED"),
        ("ESTABLISH_RECOVERY_INSTANCE_COMMUNICATION", "SUCCEEDED"),
        ("DOWNLOAD_REPLICATION_SOFTWARE_TO_FAILBACK_CLIENT", "IN_PROGRESS"),
        ("CONFIGURE_REPLICATION_SOFTWARE", "NOT_STARTED"),
        ("PAIR_AGENT_WITH_REPLICATION_SOFTWARE", "NOT_STARTED"),
        ("ESTABLISH_AGENT_REPLICATOR_SOFTWARE_COMMUNICATION", "NOT_STARTED"),
    ]
    world.pass_seconds(HOUR)
    attempt = world.shown()["dataReplicationInfo"]["dataReplicationInitiation"]
    assert {step["status"] for step in attempt["steps"]} == {"SUCCEEDED"}


def test_a_step_that_fails_is_an_error_until_the_client_boots_again(world: OutsideAws) -> None:
    world.region.boot_failback_client(world.instance, fails_at="PAIR_AGENT_WITH_REPLICATION_SOFTWARE")
    world.pass_seconds(HOUR)
    assert world.states() == ("FAILBACK_ERROR", "STALLED")
    replication = world.shown()["dataReplicationInfo"]
    assert replication["dataReplicationError"] == {"error": "FAILED_TO_PAIR_AGENT_WITH_REPLICATION_SOFTWARE"}
    steps = [step["status"] for step in replication["dataReplicationInitiation"]["steps"]]
    assert steps == ["SUCCEEDED"] * 5 + ["FAILED", "NOT_STARTED"]
    assert world.ready().states() == ("FAILBACK_READY_FOR_LAUNCH", "CONTINUOUS")


@pytest.mark.parametrize("step", ["COMPLETE_VOLUME_MAPPING", "REBOOT"])
def test_only_the_steps_with_an_error_of_their_own_can_fail(world: OutsideAws, step: str) -> None:
    with pytest.raises(ValueError, match="that can fail: ESTABLISH_RECOVERY_INSTANCE_COMMUNICATION"):
        world.region.boot_failback_client(world.instance, fails_at=step)


def test_the_launch_is_a_job_that_converts_and_boots_the_machine(world: OutsideAws) -> None:
    asked = {"recoveryInstanceIDs": [world.ready().instance], "tags": {"plan": "home"}}
    job = world.call("StartFailbackLaunch", **asked)["job"]
    assert (job["type"], job["initiatedBy"], job["status"]) == ("LAUNCH", "FAILBACK", "PENDING")
    assert job["tags"] == {"plan": "home"}
    (server,) = job["participatingServers"]
    assert (server["sourceServerID"], server["recoveryInstanceID"]) == (world.source.id, world.instance)
    world.pass_seconds(HOUR)
    assert world.offsets(job["jobID"]) == [
        (0.357, "JOB_START"),
        (0.757, "CONVERSION_START db-1"),
        (198.257, "CONVERSION_END db-1"),
        (198.757, "LAUNCH_START db-1"),
        (476.757, "LAUNCH_END db-1"),
        (479.587, "JOB_END"),
    ]
    ended = world.job(job["jobID"])
    assert (ended["status"], world.statuses(ended)) == ("COMPLETED", {"db-1": "LAUNCHED"})
    assert world.states() == ("FAILBACK_COMPLETED", "STOPPED")
    failback = world.shown()["failback"]
    assert (failback["failbackJobID"], failback["failbackLaunchType"]) == (job["jobID"], "RECOVERY")


def test_the_launch_makes_nothing_in_ec2(world: OutsideAws) -> None:
    world.ready().launch()
    world.pass_seconds(HOUR)
    assert [event.state for event in world.events("drs.instance")] == ["PENDING", "RUNNING"]  # those of the recovery
    assert world.server(world.source)["recoveryInstanceId"] == world.instance


def test_a_failback_that_has_completed_lets_its_instance_be_terminated(world: OutsideAws) -> None:
    world.ready()
    assert world.refusal("TerminateRecoveryInstances", recoveryInstanceIDs=[world.instance]).code == "ConflictException"
    world.launch()
    world.pass_seconds(HOUR)
    world.call("TerminateRecoveryInstances", recoveryInstanceIDs=[world.instance])
    world.pass_seconds(HOUR)
    assert world.instances() == []


@pytest.mark.parametrize("phase", ["CONVERSION", "LAUNCH"])
def test_a_launch_that_fails_is_an_error_and_can_be_tried_again(world: OutsideAws, phase: str) -> None:
    world.ready().inject("db-1", phase, "FAILED", raw_error="no boot disk", times=1)
    job_id = world.launch()
    world.pass_seconds(HOUR)
    assert world.statuses(world.job(job_id)) == {"db-1": "FAILED"}
    assert world.states() == ("FAILBACK_ERROR", "CONTINUOUS")
    world.launch()
    world.pass_seconds(HOUR)
    assert world.states() == ("FAILBACK_COMPLETED", "STOPPED")


def test_a_machine_is_not_launched_before_all_data_is_there(world: OutsideAws) -> None:
    assert world.refusal("StartFailbackLaunch", recoveryInstanceIDs=[world.instance]).code == "ConflictException"
    world.region.boot_failback_client(world.instance)
    world.pass_seconds(310)
    error = world.refusal("StartFailbackLaunch", recoveryInstanceIDs=[world.instance])
    assert (error.code, error.members["resourceType"]) == ("ConflictException", "RecoveryInstance")


def test_a_launch_holds_its_server_like_any_job(world: OutsideAws) -> None:
    world.ready().launch()
    assert world.refusal("StartFailbackLaunch", recoveryInstanceIDs=[world.instance]).code == "ConflictException"
    entries = [{"sourceServerID": world.source.id}]
    assert world.refusal("StartRecovery", sourceServers=entries).code == "ConflictException"


def test_an_unknown_instance_cannot_be_failed_back(world: OutsideAws) -> None:
    error = world.refusal("StartFailbackLaunch", recoveryInstanceIDs=["i-0123456789abcdef0"])
    assert (error.code, error.members["fieldList"]) == (
        "ValidationException",
        [{"name": "recoveryInstanceIDs[0]", "message": "does not exist"}],
    )


def test_a_client_that_is_lost_makes_the_machine_unfit_until_it_is_back(world: OutsideAws) -> None:
    world.ready().region.lose_failback_client(world.instance)
    assert world.states() == ("FAILBACK_NOT_READY_FOR_LAUNCH", "STALLED")
    error = world.shown()["dataReplicationInfo"]["dataReplicationError"]
    assert error == {"error": "FAILBACK_CLIENT_NOT_SEEN"}
    world.pass_seconds(90)
    assert world.shown()["dataReplicationInfo"]["lagDuration"] == "PT1M30S"
    world.region.boot_failback_client(world.instance)
    assert world.watch(400) == [
        ("FAILBACK_NOT_READY_FOR_LAUNCH", "RESCAN"),
        ("FAILBACK_READY_FOR_LAUNCH", "CONTINUOUS"),
    ]


def test_a_client_that_is_lost_on_the_way_goes_on_where_it_was(world: OutsideAws) -> None:
    world.region.boot_failback_client(world.instance)
    world.pass_seconds(349)  # 49 of 98.2 seconds of copying
    world.region.lose_failback_client(world.instance, "AGENT_NOT_SEEN")
    world.pass_seconds(100)
    (disk,) = world.shown()["dataReplicationInfo"]["replicatedDisks"]
    assert 0.49 < disk["replicatedStorageBytes"] / disk["totalStorageBytes"] < 0.51
    world.region.boot_failback_client(world.instance)
    assert world.watch(120) == [
        ("FAILBACK_IN_PROGRESS", "INITIAL_SYNC"),
        ("FAILBACK_IN_PROGRESS", "BACKLOG"),
        ("FAILBACK_READY_FOR_LAUNCH", "CONTINUOUS"),
    ]


def test_stopping_takes_a_failback_back_to_its_start(world: OutsideAws) -> None:
    world.ready()
    assert world.call("StopFailback", recoveryInstanceID=world.instance) == {}
    assert world.states() == ("FAILBACK_NOT_STARTED", "STOPPED")
    assert world.shown()["failback"] == {"state": "FAILBACK_NOT_STARTED"}
    assert world.shown()["dataReplicationInfo"]["replicatedDisks"][0]["totalStorageBytes"] == 0
    assert world.call("StopFailback", recoveryInstanceID=world.instance) == {}  # it is idempotent
    assert world.ready().states() == ("FAILBACK_READY_FOR_LAUNCH", "CONTINUOUS")


def test_a_failback_that_is_stopped_on_the_way_goes_no_further(world: OutsideAws) -> None:
    world.region.boot_failback_client(world.instance)
    world.pass_seconds(MINUTE)
    world.call("StopFailback", recoveryInstanceID=world.instance)
    assert world.watch(900) == [("FAILBACK_NOT_STARTED", "STOPPED")]


def test_the_configuration_has_defaults_and_keeps_what_it_is_given(world: OutsideAws) -> None:
    asked = {"recoveryInstanceID": world.instance}
    defaults = {
        "recoveryInstanceID": world.instance,
        "name": "db-1",
        "bandwidthThrottling": 0,
        "usePrivateIP": False,
        "internetProtocol": "IPV4",
    }
    assert world.call("GetFailbackReplicationConfiguration", **asked) == defaults
    assert world.call("UpdateFailbackReplicationConfiguration", **asked, usePrivateIP=True, name="home") == {}
    changed = world.call("GetFailbackReplicationConfiguration", **asked)
    assert changed == {**defaults, "usePrivateIP": True, "name": "home"}


def test_throttling_slows_what_is_being_copied(world: OutsideAws) -> None:
    world.region.boot_failback_client(world.instance)
    world.pass_seconds(301)
    asked = {"recoveryInstanceID": world.instance}
    assert world.shown()["dataReplicationInfo"]["etaDateTime"] == "2026-03-01T03:06:38.171000+00:00"
    world.call("UpdateFailbackReplicationConfiguration", **asked, bandwidthThrottling=100)
    assert world.shown()["dataReplicationInfo"]["etaDateTime"] == "2026-03-01T03:21:12.707000+00:00"


@pytest.mark.parametrize(
    "operation",
    [
        "StopFailback",
        "GetFailbackReplicationConfiguration",
        "UpdateFailbackReplicationConfiguration",
        "DisconnectRecoveryInstance",
        "ReverseReplication",
    ],
)
def test_an_unknown_instance_is_not_found(world: OutsideAws, operation: str) -> None:
    error = world.refusal(operation, recoveryInstanceID="i-0123456789abcdef0")
    assert (error.code, error.status) == ("ResourceNotFoundException", 404)
    assert error.members == {"resourceType": "RecoveryInstance", "resourceId": "i-0123456789abcdef0"}


def test_replication_is_reversed_only_within_aws(world: OutsideAws) -> None:
    error = world.refusal("ReverseReplication", recoveryInstanceID=world.instance)
    assert (error.code, error.members["reason"]) == ("ValidationException", "fieldValidationFailed")


def test_only_a_machine_outside_aws_has_a_failback_client(world: OutsideAws) -> None:
    (inside,) = world.add("app-1", origin_region="us-east-1")
    world.recover(inside)
    instance = world.instances(sourceServerIDs=[inside.id])[0]["recoveryInstanceID"]
    with pytest.raises(ValueError, match="fails back with ReverseReplication"):
        world.region.boot_failback_client(instance)


def test_the_journal_tells_of_every_state(world: OutsideAws) -> None:
    world.ready().launch()
    world.pass_seconds(HOUR)
    assert [(event.instance, event.state) for event in world.events("drs.failback")] == [
        (world.instance, "FAILBACK_IN_PROGRESS"),
        (world.instance, "FAILBACK_READY_FOR_LAUNCH"),
        (world.instance, "FAILBACK_COMPLETED"),
    ]
    assert [event.state for event in world.events("drs.failback.replication")] == [
        "INITIATING",
        "INITIAL_SYNC",
        "BACKLOG",
        "CONTINUOUS",
        "STOPPED",
    ]
