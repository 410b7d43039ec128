"""Reversed replication: what it asks for, what disturbs it, and launching into instances that exist."""

from typing import Any

import pytest

from simulator.drs.settings import Distribution, FailingBack, Quotas
from tests.drs.test_failback_cycle import SETTINGS, Cycle, refusal_there
from tests.drs.world import ACCOUNT, HOUR, REGION, World, pinned

MINUTE = 60.0
SOURCE = "i-0123456789abcdef0"
STAGING = "210987654321"
NO_WAIT = FailingBack(initialising=Distribution(0), pairing=Distribution(60))


@pytest.fixture
def cycle() -> Cycle:
    return Cycle()


def test_the_origin_region_has_to_be_set_up(cycle: Cycle) -> None:
    (elsewhere,) = cycle.add("app-1", origin_region="eu-west-1")
    cycle.recover(elsewhere)
    instance = cycle.instances(sourceServerIDs=[elsewhere.id])[0]["recoveryInstanceID"]
    error = cycle.refusal("ReverseReplication", recoveryInstanceID=instance)
    assert (error.code, error.status) == ("UninitializedAccountException", 400)


def test_replication_is_reversed_once(cycle: Cycle) -> None:
    instance = cycle.fail_over()
    cycle.reverse(instance)
    error = cycle.refusal("ReverseReplication", recoveryInstanceID=instance)
    assert (error.code, error.message) == ("ConflictException", "The Recovery Instance is in failback already")


def test_a_disconnected_instance_is_not_reversed(cycle: Cycle) -> None:
    instance = cycle.fail_over()
    cycle.pass_seconds(HOUR)
    cycle.call("DisconnectRecoveryInstance", recoveryInstanceID=instance)
    assert cycle.refusal("ReverseReplication", recoveryInstanceID=instance).code == "ConflictException"


def test_a_quota_of_the_origin_region_is_a_conflict() -> None:
    world = World(pinned(failing_back=NO_WAIT, quotas=Quotas(replicating_servers=1)))
    origin = world.service.region(ACCOUNT, "us-east-1")
    origin.initialize()
    origin.add_source_server("other")
    world.recover(*world.add("db-1", origin_region="us-east-1"))
    error = world.refusal("ReverseReplication", recoveryInstanceID=world.instances()[0]["recoveryInstanceID"])
    assert error.code == "ConflictException"


def test_replication_between_zones_stays_in_its_region() -> None:
    world = World(pinned(failing_back=NO_WAIT))
    (server,) = world.add("db-1", origin_region="us-west-2")
    world.recover(server)
    instance = world.instances()[0]["recoveryInstanceID"]
    world.call("ReverseReplication", recoveryInstanceID=instance)
    world.pass_seconds(HOUR)
    forward, back = world.call("DescribeSourceServers")["items"]
    assert forward["sourceServerID"] == server.id != back["sourceServerID"]
    assert (forward["replicationDirection"], back["replicationDirection"]) == ("FAILOVER", "FAILBACK")
    assert back["dataReplicationInfo"]["dataReplicationState"] == "CONTINUOUS"
    assert forward["sourceProperties"]["identificationHints"]["hostname"] == "db-1"
    assert back["sourceProperties"]["identificationHints"]["hostname"] == "db-1"


def test_a_failback_server_has_what_the_server_has_that_it_stands_for(cycle: Cycle) -> None:
    (server,) = cycle.add("w-1", origin_region="us-east-1", volumes_gib=(30, 100), profile="windows-direct", tags={"t": "1"})
    cycle.recover(server)
    instance = cycle.instances()[0]["recoveryInstanceID"]
    cycle.reverse(instance)
    back = cycle.back_server()
    assert [disk["bytes"] // 1024**3 for disk in back["sourceProperties"]["disks"]] == [30, 100]
    assert "Windows" in back["sourceProperties"]["os"]["fullString"]
    assert back["tags"] == {"Name": "w-1", "t": "1"}
    configuration = cycle.there("GetLaunchConfiguration", sourceServerID=back["sourceServerID"])
    assert (configuration["name"], "launchIntoInstanceProperties" in configuration) == ("w-1", False)


def test_the_origins_template_sends_the_machine_into_its_source_instance(cycle: Cycle) -> None:
    cycle.there("CreateLaunchConfigurationTemplate", launchIntoSourceInstance=True)
    source = cycle.server(cycle.forward)["sourceProperties"]["identificationHints"]["awsInstanceID"]
    server = cycle.reverse(cycle.fail_over())
    configuration = cycle.there("GetLaunchConfiguration", sourceServerID=server)
    assert configuration["launchIntoInstanceProperties"] == {"launchIntoEC2InstanceID": source}
    assert cycle.instances()[0]["failback"]["failbackToOriginalServer"] is True
    cycle.pass_seconds(HOUR)
    assert refusal_there(cycle, "StartRecovery", sourceServers=[{"sourceServerID": server}]).code == "ConflictException"
    cycle.origin.set_ec2_state(source, "STOPPED")
    assert cycle.fail_back(server) == source


def test_a_source_instance_without_the_tag_prevents_reversing_to_it(cycle: Cycle) -> None:
    cycle.there("CreateLaunchConfigurationTemplate", launchIntoSourceInstance=True)
    source = cycle.server(cycle.forward)["sourceProperties"]["identificationHints"]["awsInstanceID"]
    cycle.origin.set_ec2_state(source, "STOPPED", allows_launch=False)
    instance = cycle.fail_over()
    cycle.pass_seconds(HOUR)
    error = cycle.refusal("ReverseReplication", recoveryInstanceID=instance)
    assert (error.code, error.members["resourceId"]) == ("ConflictException", source)
    assert cycle.there("DescribeSourceServers")["items"] == []
    assert cycle.failback_state() == "FAILBACK_NOT_STARTED"


@pytest.mark.parametrize(
    ("state", "allows_launch", "raw_error"),
    [
        ("TERMINATED", True, f"InvalidInstanceID.NotFound: The instance ID '{SOURCE}' does not exist"),
        ("STOPPED", False, f"The instance {SOURCE} does not have the tag AWSDRS=AllowLaunchingIntoThisInstance"),
    ],
)
def test_a_launch_into_an_instance_that_cannot_take_it_fails(state: str, allows_launch: bool, raw_error: str) -> None:
    world = World()
    (server,) = world.add("db-1")
    into = {"launchIntoEC2InstanceID": SOURCE}
    world.call("UpdateLaunchConfiguration", sourceServerID=server.id, launchIntoInstanceProperties=into)
    world.region.set_ec2_state(SOURCE, state, allows_launch=allows_launch)
    job = world.recover(server)
    assert world.statuses(job) == {"db-1": "FAILED"}
    failed = world.log(job["jobID"])[-2]
    assert (failed["event"], failed["eventData"]["rawError"]) == ("LAUNCH_FAILED", raw_error)
    assert world.events("drs.instance") == []


def test_a_second_launch_into_the_same_instance_deletes_nothing_before(cycle: Cycle) -> None:
    world = World()
    (server,) = world.add("db-1")
    into = {"launchIntoEC2InstanceID": SOURCE}
    world.call("UpdateLaunchConfiguration", sourceServerID=server.id, launchIntoInstanceProperties=into)
    world.region.set_ec2_state(SOURCE, "STOPPED")
    world.recover(server)
    entries = [{"sourceServerID": server.id}]
    assert world.refusal("StartRecovery", sourceServers=entries).code == "ConflictException"  # it runs
    world.region.set_ec2_state(SOURCE, "STOPPING")
    world.region.set_ec2_state(SOURCE, "STOPPED")
    job = world.recover(server)
    assert not [event for event in world.trace(job["jobID"]) if event.startswith("CLEANUP")]
    (instance,) = world.instances()
    assert (instance["recoveryInstanceID"], instance["jobID"]) == (SOURCE, job["jobID"])


def test_an_instance_that_stops_leaves_its_failback_server_without_an_agent(cycle: Cycle) -> None:
    instance = cycle.fail_over()
    cycle.reverse(instance)
    cycle.pass_seconds(HOUR)
    cycle.region.set_ec2_state(instance, "STOPPING")
    assert (cycle.back_state(), cycle.failback_state()) == ("STALLED", "FAILBACK_NOT_READY_FOR_LAUNCH")
    cycle.region.set_ec2_state(instance, "STOPPED")
    cycle.region.set_ec2_state(instance, "RUNNING")
    assert cycle.back_state() == "RESCAN"
    cycle.pass_seconds(HOUR)
    assert (cycle.back_state(), cycle.failback_state()) == ("CONTINUOUS", "FAILBACK_READY_FOR_LAUNCH")


def test_a_drill_of_a_failback_completes_nothing(cycle: Cycle) -> None:
    instance = cycle.fail_over()
    server = cycle.reverse(instance)
    cycle.pass_seconds(HOUR)
    cycle.there("StartRecovery", sourceServers=[{"sourceServerID": server}], isDrill=True)
    cycle.pass_seconds(HOUR)
    failback = cycle.instances()[0]["failback"]
    assert (failback["state"], failback["failbackLaunchType"]) == ("FAILBACK_READY_FOR_LAUNCH", "DRILL")
    assert failback["failbackToOriginalServer"] is False


def test_a_failed_launch_in_the_origin_region_is_an_error_of_the_failback(cycle: Cycle) -> None:
    server = cycle.reverse(cycle.fail_over())
    cycle.there("StartRecovery", sourceServers=[{"sourceServerID": server}])  # there is no snapshot yet: it is skipped
    cycle.pass_seconds(HOUR)
    assert cycle.failback_state() == "FAILBACK_ERROR"
    cycle.fail_back(server)
    assert cycle.failback_state() == "FAILBACK_COMPLETED"


def test_a_failback_whose_server_is_gone_has_no_launch_state(cycle: Cycle) -> None:
    instance = cycle.fail_over()
    server = cycle.reverse(instance)
    cycle.pass_seconds(HOUR)
    cycle.there("DisconnectSourceServer", sourceServerID=server)
    assert cycle.failback_state() == "FAILBACK_NOT_READY_FOR_LAUNCH"
    cycle.there("DeleteSourceServer", sourceServerID=server)
    assert cycle.failback_state() == "FAILBACK_LAUNCH_STATE_NOT_AVAILABLE"
    cycle.call("StopFailback", recoveryInstanceID=instance)
    assert cycle.instances()[0]["failback"] == {"state": "FAILBACK_NOT_STARTED"}
    cycle.call("TerminateRecoveryInstances", recoveryInstanceIDs=[instance])


def test_stopping_a_failback_alone_does_not_free_an_instance_that_is_replicated(cycle: Cycle) -> None:
    instance = cycle.fail_over()
    cycle.reverse(instance)
    cycle.call("StopFailback", recoveryInstanceID=instance)
    assert cycle.refusal("TerminateRecoveryInstances", recoveryInstanceIDs=[instance]).code == "ConflictException"


def test_disconnecting_an_instance_ends_its_failback(cycle: Cycle) -> None:
    instance = cycle.fail_over()
    cycle.reverse(instance)
    cycle.pass_seconds(HOUR)
    cycle.call("DisconnectRecoveryInstance", recoveryInstanceID=instance)
    assert cycle.failback_state() == "FAILBACK_NOT_STARTED"
    assert cycle.back_server()["dataReplicationInfo"]["dataReplicationError"] == {"error": "AGENT_NOT_SEEN"}
    assert cycle.instances()[0]["dataReplicationInfo"]["dataReplicationState"] == "DISCONNECTED"


def test_a_second_cycle_uses_the_failback_server_that_is_still_there(cycle: Cycle) -> None:
    first = cycle.fail_over()
    server = cycle.reverse(first)
    cycle.pass_seconds(HOUR)
    cycle.call("StopFailback", recoveryInstanceID=first)
    cycle.there("StopReplication", sourceServerID=server)
    second = cycle.recover(cycle.forward) and cycle.instances()[0]["recoveryInstanceID"]
    assert second != first
    assert cycle.reverse(second) == server
    assert cycle.back_server()["sourceProperties"]["identificationHints"]["awsInstanceID"] == second
    assert cycle.back_state() == "INITIATING"


def test_a_failed_over_machine_whose_protection_was_deleted_is_protected_anew(cycle: Cycle) -> None:
    instance = cycle.fail_over()
    server = cycle.reverse(instance)
    cycle.pass_seconds(HOUR)
    back = cycle.fail_back(server)
    cycle.there("StopReplication", sourceServerID=server)
    cycle.call("StopFailback", recoveryInstanceID=instance)
    cycle.call("TerminateRecoveryInstances", recoveryInstanceIDs=[instance])
    cycle.pass_seconds(HOUR)
    cycle.call("DisconnectSourceServer", sourceServerID=cycle.forward.id)
    cycle.call("DeleteSourceServer", sourceServerID=cycle.forward.id)
    cycle.there("ReverseReplication", recoveryInstanceID=back)
    cycle.pass_seconds(HOUR)
    (shown,) = cycle.call("DescribeSourceServers")["items"]
    assert shown["sourceServerID"] != cycle.forward.id
    assert (shown["replicationDirection"], shown["dataReplicationInfo"]["dataReplicationState"]) == (
        "FAILOVER",
        "CONTINUOUS",
    )


def test_the_initialising_window_is_the_same_whatever_else_there_is() -> None:
    def ends(*others: str) -> int:
        world = World(pinned(failing_back=FailingBack()), seed=5)
        world.service.region(ACCOUNT, "us-east-1").initialize()
        (server,) = world.add("db-1", origin_region="us-east-1")
        world.add(*others)
        world.start(*world.region.state.servers.values())
        next(None for _ in world.moments(HOUR) if world.instances(sourceServerIDs=[server.id]))
        (instance,) = world.instances(sourceServerIDs=[server.id])
        for second in range(7200):
            if _is_reversed(world, instance["recoveryInstanceID"]):
                return second
            world.pass_seconds(1)
        raise AssertionError

    assert abs(ends() - ends("a", "b")) <= 1


def _is_reversed(world: World, instance: str) -> bool:
    try:
        world.call("ReverseReplication", recoveryInstanceID=instance)
    except Exception as error:
        assert "not finished initializing" in str(error)  # noqa: PT017
        return False
    return True


def test_the_whole_story_is_the_same_for_the_same_seed() -> None:
    def story() -> str:
        cycle = Cycle()
        server = cycle.reverse(cycle.fail_over())
        cycle.pass_seconds(HOUR)
        cycle.fail_back(server)
        return cycle.journal.to_jsonl()

    assert SETTINGS is not None
    assert story() == story()


class TwoAccounts(World):
    """A server that runs and is replicated in one account, and is recovered in another."""

    def __init__(self) -> None:
        super().__init__(pinned(failing_back=NO_WAIT))
        self.staging = self.service.region(STAGING, REGION)
        self.home = self.service.region(STAGING, "us-east-1")
        for region in (self.staging, self.home):
            region.initialize()
        staged = self.staging.add_source_server("db-1", origin_region="us-east-1")
        self.call("CreateExtendedSourceServer", sourceServerArn=staged.arn)
        self.extended = self.region.state.server_named("db-1")
        self.recover(self.extended)
        self.instance = str(self.instances()[0]["recoveryInstanceID"])

    def at_home(self, operation: str, **request: Any) -> Any:
        return self.ask(STAGING, "us-east-1", operation, request)


def test_an_extended_server_fails_back_to_the_account_that_it_came_from() -> None:
    world = TwoAccounts()
    answer = world.call("ReverseReplication", recoveryInstanceID=world.instance)
    assert answer["reversedDirectionSourceServerArn"].startswith(f"arn:aws:drs:us-east-1:{STAGING}:source-server/")
    world.pass_seconds(HOUR)
    (back,) = world.at_home("DescribeSourceServers")["items"]
    assert back["sourceCloudProperties"]["originAccountID"] == ACCOUNT
    assert world.instances()[0]["failback"]["state"] == "FAILBACK_READY_FOR_LAUNCH"
    world.at_home("StartRecovery", sourceServers=[{"sourceServerID": back["sourceServerID"]}])
    world.pass_seconds(HOUR)
    assert world.instances()[0]["failback"]["state"] == "FAILBACK_COMPLETED"
    (failed_back,) = world.at_home("DescribeRecoveryInstances")["items"]
    answer = world.at_home("ReverseReplication", recoveryInstanceID=failed_back["recoveryInstanceID"])
    assert answer == {"reversedDirectionSourceServerArn": world.extended.arn}
    stalled = world.server(world.extended)["dataReplicationInfo"]
    assert (stalled["dataReplicationState"], stalled["dataReplicationError"]) == ("STALLED", {"error": "AGENT_NOT_SEEN"})
    world.pass_seconds(HOUR)
    shown = world.server(world.extended)
    assert shown["dataReplicationInfo"]["dataReplicationState"] == "CONTINUOUS"
    assert shown["sourceProperties"]["identificationHints"]["awsInstanceID"] == failed_back["recoveryInstanceID"]


def test_an_account_that_does_not_trust_the_other_takes_nothing_back() -> None:
    world = TwoAccounts()
    world.home.distrust(ACCOUNT)
    error = world.refusal("ReverseReplication", recoveryInstanceID=world.instance)
    assert (error.code, error.message) == ("AccessDeniedException", "Error in Authorization")


def test_a_machine_that_failed_back_into_its_instance_runs_there_even_without_a_record(cycle: Cycle) -> None:
    server = cycle.reverse(cycle.fail_over())
    cycle.pass_seconds(HOUR)
    into = {"launchIntoEC2InstanceID": SOURCE}
    cycle.there("UpdateLaunchConfiguration", sourceServerID=server, launchIntoInstanceProperties=into)
    cycle.origin.set_ec2_state(SOURCE, "STOPPED")
    cycle.fail_back(server)
    cycle.there("DisconnectRecoveryInstance", recoveryInstanceID=SOURCE)
    cycle.there("DeleteRecoveryInstance", recoveryInstanceID=SOURCE)
    assert refusal_there(cycle, "StartRecovery", sourceServers=[{"sourceServerID": server}]).code == "ConflictException"
