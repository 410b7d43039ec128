"""Failing over to another Region, back, and being protected again: the whole cycle within AWS, state by state."""

from typing import Any

import pytest

from simulator.drs.settings import Distribution, FailingBack, Replicating
from simulator.errors import ServiceError
from tests.drs.world import ACCOUNT, HOUR, REGION, World, pinned

ORIGIN = "us-east-1"
MINUTE = 60.0
SETTINGS = pinned(
    failing_back=FailingBack(initialising=Distribution(150), pairing=Distribution(60), client=Distribution(300)),
    replicating=Replicating(
        first_byte=Distribution(110), first_snapshot=Distribution(60), rescan=Distribution(240), rescan_seconds_per_gib=1
    ),
)


class Cycle(World):
    """A server `db-1` that runs in one Region and is protected in another."""

    def __init__(self) -> None:
        super().__init__(SETTINGS)
        self.origin = self.service.region(ACCOUNT, ORIGIN)
        self.origin.initialize()
        (self.forward,) = self.add("db-1", origin_region=ORIGIN)

    def there(self, operation: str, **request: Any) -> Any:
        """A call in the origin Region."""
        return self.ask(ACCOUNT, ORIGIN, operation, request)

    def fail_over(self) -> str:
        """Lose the source and recover it; the recovery instance's id."""
        self.region.set_replication_state("db-1", "STALLED", "AGENT_NOT_SEEN")
        job_id = self.start(self.forward)
        next(None for _ in self.moments(HOUR) if self.job(job_id)["status"] == "COMPLETED")
        (instance,) = self.instances()
        return str(instance["recoveryInstanceID"])

    def reverse(self, instance: str) -> str:
        """Reverse replication once that is possible; the FAILBACK source server's id."""
        self.pass_seconds(10 * MINUTE)
        answer = self.call("ReverseReplication", recoveryInstanceID=instance)
        return str(answer["reversedDirectionSourceServerArn"]).rpartition("/")[2]

    def failback_state(self) -> str:
        (instance,) = self.instances()
        return str(instance["failback"]["state"])

    def back_server(self) -> Any:
        (server,) = self.there("DescribeSourceServers")["items"]
        return server

    def forward_state(self) -> tuple[str, str | None]:
        info = self.server(self.forward)["dataReplicationInfo"]
        return info["dataReplicationState"], info.get("dataReplicationError", {}).get("error")

    def back_state(self) -> str:
        return str(self.back_server()["dataReplicationInfo"]["dataReplicationState"])

    def fail_back(self, server: str) -> str:
        """Recover the FAILBACK source server; the recovery instance's id in the origin Region."""
        self.there("StartRecovery", sourceServers=[{"sourceServerID": server}], isDrill=False)
        self.pass_seconds(HOUR)
        (instance,) = self.there("DescribeRecoveryInstances")["items"]
        return str(instance["recoveryInstanceID"])


@pytest.fixture
def cycle() -> Cycle:
    return Cycle()


def refusal_there(cycle: Cycle, operation: str, **request: Any) -> ServiceError:
    with pytest.raises(ServiceError) as raised:
        cycle.there(operation, **request)
    return raised.value


def test_the_whole_cycle_goes_through_its_states(cycle: Cycle) -> None:
    # 1. The source Region is lost, and the server recovered here.
    instance = cycle.fail_over()
    assert cycle.instances()[0]["failback"] == {"state": "FAILBACK_NOT_STARTED"}
    assert cycle.instances()[0]["dataReplicationInfo"] == {"dataReplicationState": "NOT_STARTED"}

    # 2. Reversing is refused while the agent in the new instance starts.
    early = cycle.refusal("ReverseReplication", recoveryInstanceID=instance)
    assert (early.code, early.status) == ("ConflictException", 409)
    assert "not finished initializing" in early.message
    cycle.pass_seconds(146)
    assert cycle.refusal("ReverseReplication", recoveryInstanceID=instance).code == "ConflictException"
    cycle.pass_seconds(4)
    answer = cycle.call("ReverseReplication", recoveryInstanceID=instance)

    # 3. A server of the other direction appears in the origin Region, and replicates.
    back = cycle.back_server()
    assert answer == {"reversedDirectionSourceServerArn": back["arn"]}
    assert back["arn"].startswith(f"arn:aws:drs:{ORIGIN}:{ACCOUNT}:source-server/s-3")
    assert back["replicationDirection"] == "FAILBACK"
    assert back["reversedDirectionSourceServerArn"] == cycle.forward.arn
    assert back["sourceProperties"]["identificationHints"]["awsInstanceID"] == instance
    assert back["sourceProperties"]["identificationHints"]["hostname"] == "db-1"
    assert back["sourceCloudProperties"]["originRegion"] == REGION
    assert cycle.server(cycle.forward)["reversedDirectionSourceServerArn"] == back["arn"]
    seen = [(cycle.back_state(), cycle.failback_state())]
    for _ in cycle.moments(600):
        if seen[-1] != (now := (cycle.back_state(), cycle.failback_state())):
            seen.append(now)
    assert seen == [
        ("INITIATING", "FAILBACK_IN_PROGRESS"),
        ("INITIAL_SYNC", "FAILBACK_IN_PROGRESS"),
        ("BACKLOG", "FAILBACK_IN_PROGRESS"),
        ("CREATING_SNAPSHOT", "FAILBACK_IN_PROGRESS"),
        ("CONTINUOUS", "FAILBACK_READY_FOR_LAUNCH"),
    ]
    shown = cycle.instances()[0]
    assert shown["dataReplicationInfo"]["dataReplicationState"] == "CONTINUOUS"
    assert shown["dataReplicationInfo"]["lagDuration"] == "P0D"
    assert len(shown["dataReplicationInfo"]["dataReplicationInitiation"]["steps"]) == 11

    # 4. Until the failback is over, the instance can neither be terminated nor replaced.
    locked = cycle.refusal("TerminateRecoveryInstances", recoveryInstanceIDs=[instance])
    assert (locked.code, locked.message) == (
        "ConflictException",
        "The Recovery Instance cannot be terminated during failback",
    )
    again = cycle.refusal("StartRecovery", sourceServers=[{"sourceServerID": cycle.forward.id}])
    assert again.code == "ConflictException"

    # 5. The machine is to go into its old instance, which has to be stopped first.
    source = "i-0123456789abcdef0"
    into = {"launchIntoEC2InstanceID": source}
    cycle.there("UpdateLaunchConfiguration", sourceServerID=back["sourceServerID"], launchIntoInstanceProperties=into)
    running = refusal_there(cycle, "StartRecovery", sourceServers=[{"sourceServerID": back["sourceServerID"]}])
    assert (running.code, running.members["resourceId"]) == ("ConflictException", source)
    cycle.origin.set_ec2_state(source, "STOPPED")
    assert cycle.fail_back(back["sourceServerID"]) == source
    assert cycle.failback_state() == "FAILBACK_COMPLETED"
    (failed_back,) = cycle.there("DescribeRecoveryInstances")["items"]
    assert (failed_back["ec2InstanceState"], failed_back["sourceServerID"]) == ("RUNNING", back["sourceServerID"])

    # 6. It is protected again by the server that protected it before, which only compares its data.
    answer = cycle.there("ReverseReplication", recoveryInstanceID=source)
    assert answer == {"reversedDirectionSourceServerArn": cycle.forward.arn}
    protected = [cycle.forward_state()]
    for _ in cycle.moments(400):
        if protected[-1] != (stands := cycle.forward_state()):
            protected.append(stands)
    assert protected == [("STALLED", "AGENT_NOT_SEEN"), ("RESCAN", None), ("CONTINUOUS", None)]
    forward = cycle.server(cycle.forward)
    assert forward["sourceProperties"]["identificationHints"]["awsInstanceID"] == source
    assert forward["replicationDirection"] == "FAILOVER"

    # 7. What the failback leaves behind is cleared away, in the one order that is possible.
    gone = {"sourceServerID": back["sourceServerID"]}
    assert cycle.refusal("TerminateRecoveryInstances", recoveryInstanceIDs=[instance]).code == "ConflictException"
    cycle.there("StopReplication", **gone)
    assert cycle.refusal("TerminateRecoveryInstances", recoveryInstanceIDs=[instance]).code == "ConflictException"
    assert cycle.call("StopFailback", recoveryInstanceID=instance) == {}
    assert cycle.failback_state() == "FAILBACK_NOT_STARTED"
    cycle.call("TerminateRecoveryInstances", recoveryInstanceIDs=[instance])
    cycle.pass_seconds(10 * MINUTE)
    assert cycle.instances() == []
    assert refusal_there(cycle, "DisconnectSourceServer", **gone).code == "ConflictException"
    cycle.there("DeleteRecoveryInstance", recoveryInstanceID=source)
    assert cycle.there("DescribeRecoveryInstances")["items"] == []
    cycle.there("DisconnectSourceServer", **gone)
    cycle.there("DeleteSourceServer", **gone)
    assert cycle.there("DescribeSourceServers")["items"] == []
    assert cycle.server(cycle.forward)["dataReplicationInfo"]["dataReplicationState"] == "CONTINUOUS"
    assert cycle.server(cycle.forward)["reversedDirectionSourceServerArn"] == back["arn"]  # although it is gone

    # 8. The journal tells of the failback, and that EC2's instance outlived the record.
    assert [event.state for event in cycle.events("drs.failback")] == [
        "FAILBACK_IN_PROGRESS",
        "FAILBACK_READY_FOR_LAUNCH",
        "FAILBACK_COMPLETED",
        "FAILBACK_NOT_STARTED",
    ]
    assert [event.instance for event in cycle.events("drs.instance.forgotten")] == [source]
    states = [event.state for event in cycle.events("drs.instance") if event.instance == source]
    assert states == ["PENDING", "RUNNING"]
