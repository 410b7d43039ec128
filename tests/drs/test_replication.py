"""Replication from the agent's arrival until the server is protected, and what happens to it afterwards."""

from typing import Any

import pytest

from simulator.drs.arrivals import Machine
from simulator.drs.model import SourceServer
from simulator.drs.replica import INITIATION_STEPS
from simulator.drs.replication_faults import ReplicationFault
from simulator.drs.settings import Distribution, Quotas, Replicating
from simulator.errors import ServiceError
from simulator.journal import ReplicationChanged
from tests.drs.world import HOUR, World, pinned

GIB = 1024**3
MINUTE = 60.0
# 100 s until the first byte; 8 GiB at 70 % of 1000 Mbit/s take 98.2 s; 30 s for the first snapshot.
KNOBS = Replicating(first_byte=Distribution(100), first_snapshot=Distribution(30), rescan=Distribution(240))


def states(world: World, server: SourceServer) -> list[tuple[float, str]]:
    """The changes of a server's replication: seconds of the run, and the state."""
    changes = world.journal.of(ReplicationChanged)
    return [(at_ms / 1000, change.state) for at_ms, change in changes if change.server == server.id]


def shown(world: World, server: SourceServer) -> Any:
    return world.server(server)["dataReplicationInfo"]


def steps(world: World, server: SourceServer) -> list[str]:
    return [step["status"] for step in shown(world, server)["dataReplicationInitiation"]["steps"]]


@pytest.fixture
def world() -> World:
    return World(pinned(replicating=KNOBS))


@pytest.fixture
def fresh(world: World) -> SourceServer:
    """A server whose agent was installed at the start of the run."""
    return world.region.install_agent(Machine("db-1"))


@pytest.fixture
def old(world: World) -> SourceServer:
    """A server that has replicated for days."""
    return world.add("db-1")[0]


def test_a_new_agents_server_goes_through_every_state_until_it_is_protected(world: World, fresh: SourceServer) -> None:
    world.pass_seconds(HOUR)
    passed = states(world, fresh)
    assert [state for _, state in passed] == ["INITIAL_SYNC", "BACKLOG", "CREATING_SNAPSHOT", "CONTINUOUS"]
    # What was written during the copy (1 MiB a second) is sent in 1.2 s, at what the line carries beyond what is written.
    assert [at for at, _ in passed] == [100.0, 198.171, 199.362, 229.362]


def test_the_first_server_of_a_replication_server_goes_through_all_steps(world: World, fresh: SourceServer) -> None:
    assert shown(world, fresh)["dataReplicationState"] == "INITIATING"
    assert [step["name"] for step in shown(world, fresh)["dataReplicationInitiation"]["steps"]] == list(INITIATION_STEPS)
    assert steps(world, fresh) == ["IN_PROGRESS"] + ["NOT_STARTED"] * 10
    world.pass_seconds(40)
    assert steps(world, fresh) == ["SUCCEEDED"] * 3 + ["IN_PROGRESS"] + ["NOT_STARTED"] * 7
    world.pass_seconds(60)
    assert steps(world, fresh) == ["SUCCEEDED"] * 11


def test_those_that_join_it_skip_the_steps_that_made_it(world: World, fresh: SourceServer) -> None:
    second = world.region.install_agent(Machine("db-2"))
    alone = world.region.install_agent(Machine("db-3", disks_gib=(8,) * 14))
    world.pass_seconds(HOUR)
    assert steps(world, second) == ["SUCCEEDED"] + ["SKIPPED"] * 5 + ["SUCCEEDED"] * 5
    assert steps(world, alone) == ["SUCCEEDED"] * 11  # a replication server has room for fifteen disks


def test_the_next_attempt_would_begin_half_an_hour_later_at_a_whole_minute(world: World) -> None:
    world.pass_seconds(45)
    server = world.region.install_agent(Machine("db-1"))
    initiation = shown(world, server)["dataReplicationInitiation"]
    assert initiation["startDateTime"] == "2026-03-01T02:00:45.000000+00:00"
    assert initiation["nextAttemptDateTime"] == "2026-03-01T02:30:00.000000+00:00"


def test_the_copy_gets_on_evenly_and_says_when_it_will_be_done(world: World, fresh: SourceServer) -> None:
    world.pass_seconds(100 + 98.174 / 2)
    told = shown(world, fresh)
    (disk,) = told["replicatedDisks"]
    assert disk["totalStorageBytes"] == 8 * GIB
    assert disk["replicatedStorageBytes"] == disk["rescannedStorageBytes"]
    assert abs(disk["replicatedStorageBytes"] / (4 * GIB) - 1) < 0.001
    assert abs(disk["backloggedStorageBytes"] / (49 * 1024**2) - 1) < 0.01  # a MiB for each second
    assert told["etaDateTime"] == "2026-03-01T02:03:18.171000+00:00"
    assert "lagDuration" not in told


def test_a_server_in_its_first_copy_has_no_snapshot_to_launch_from(world: World, fresh: SourceServer) -> None:
    world.pass_seconds(210)
    assert shown(world, fresh)["dataReplicationState"] == "CREATING_SNAPSHOT"
    assert world.call("DescribeRecoverySnapshots", sourceServerID=fresh.id)["items"] == []
    job = world.start(fresh)
    world.pass_seconds(10)
    assert world.trace(job) == ["JOB_START", "SERVER_SKIPPED db-1", "JOB_END"]


def test_a_server_that_has_become_protected_has_its_first_snapshot(world: World, fresh: SourceServer) -> None:
    world.pass_seconds(230)
    (first,) = world.call("DescribeRecoverySnapshots", sourceServerID=fresh.id)["items"]
    assert first["timestamp"] == "2026-03-01T02:03:49.362000+00:00"
    world.pass_seconds(HOUR)
    later = world.call("DescribeRecoverySnapshots", sourceServerID=fresh.id)["items"]
    assert [one["timestamp"][11:16] for one in later] == ["02:10", "02:20", "02:30", "02:40", "02:50", "03:00"]


def test_a_slower_line_takes_longer_and_throttling_makes_it_slower(world: World) -> None:
    slow = world.region.install_agent(Machine("slow", bandwidth_mbps=100))
    throttled = world.region.install_agent(Machine("throttled"))
    world.call("UpdateReplicationConfiguration", sourceServerID=throttled.id, bandwidthThrottling=200)
    world.pass_seconds(2 * HOUR)
    assert states(world, slow)[1] == (1081.707, "BACKLOG")
    assert states(world, throttled)[1] == (590.853, "BACKLOG")


def test_throttling_in_the_midst_of_the_copy_slows_what_is_left(world: World, fresh: SourceServer) -> None:
    world.pass_seconds(100 + 98.174 / 2)
    world.call("UpdateReplicationConfiguration", sourceServerID=fresh.id, bandwidthThrottling=100)
    world.pass_seconds(HOUR)
    assert states(world, fresh)[1] == (639.925, "BACKLOG")  # half of it at full speed, half at a tenth


def test_disks_are_shown_each_with_its_own_size(world: World) -> None:
    server = world.region.install_agent(Machine("db-1", disks_gib=(8, 100)))
    assert world.server(server)["sourceProperties"]["disks"] == [
        {"deviceName": "/dev/nvme0n1", "bytes": 8 * GIB},
        {"deviceName": "/dev/nvme1n1", "bytes": 100 * GIB},
    ]
    world.pass_seconds(HOUR)
    assert [disk["replicatedStorageBytes"] for disk in shown(world, server)["replicatedDisks"]] == [8 * GIB, 100 * GIB]
    world.recover(server)
    volumes = world.instances()[0]["recoveryInstanceProperties"]["disks"]
    assert [(volume["internalDeviceName"], volume["bytes"]) for volume in volumes] == [
        ("/dev/nvme0n1", 8 * GIB),
        ("/dev/nvme1n1", 100 * GIB),
    ]
    assert len({volume["ebsVolumeID"] for volume in volumes}) == 2
    kept = world.call("DescribeRecoverySnapshots", sourceServerID=server.id)["items"]
    assert {len(set(one["ebsSnapshots"])) for one in kept} == {2}


# Stopping, starting, retrying, letting go


def test_stopping_deletes_the_snapshots_and_starting_begins_anew(world: World, old: SourceServer) -> None:
    stopped = world.call("StopReplication", sourceServerID=old.id)["sourceServer"]
    assert stopped["dataReplicationInfo"]["dataReplicationState"] == "STOPPED"
    assert world.call("DescribeRecoverySnapshots", sourceServerID=old.id)["items"] == []
    assert world.statuses(world.recover(old)) == {"db-1": "FAILED"}
    started = world.call("StartReplication", sourceServerID=old.id)["sourceServer"]
    assert started["dataReplicationInfo"]["dataReplicationState"] == "INITIATING"
    assert "firstByteDateTime" not in started["lifeCycle"]
    world.pass_seconds(HOUR)
    passed = [state for _, state in states(world, old)]
    assert passed == ["STOPPED", "INITIATING", "INITIAL_SYNC", "BACKLOG", "CREATING_SNAPSHOT", "CONTINUOUS"]
    first = world.call("DescribeRecoverySnapshots", sourceServerID=old.id)["items"][0]
    assert first["timestamp"] > "2026-03-01T03:00"


@pytest.mark.parametrize(
    ("operation", "state"),
    [
        ("StartReplication", "CONTINUOUS"),
        ("StartReplication", "DISCONNECTED"),
        ("StopReplication", "STOPPED"),
        ("StopReplication", "DISCONNECTED"),
        ("DisconnectSourceServer", "DISCONNECTED"),
        ("DeleteSourceServer", "CONTINUOUS"),
        ("DeleteSourceServer", "STOPPED"),
    ],
)
def test_what_does_not_fit_the_state_is_refused(world: World, old: SourceServer, operation: str, state: str) -> None:
    world.region.set_replication_state("db-1", state)
    error = world.refusal(operation, sourceServerID=old.id)
    assert (error.code, error.status, error.members["resourceId"]) == ("ConflictException", 409, old.id)


@pytest.mark.parametrize("operation", ["StopReplication", "DisconnectSourceServer", "UpdateReplicationConfiguration"])
def test_a_server_in_a_job_is_left_alone(world: World, old: SourceServer, operation: str) -> None:
    world.start(old)
    assert world.refusal(operation, sourceServerID=old.id).code == "ConflictException"


@pytest.mark.parametrize(
    "operation",
    ["StartReplication", "StopReplication", "RetryDataReplication", "DisconnectSourceServer", "DeleteSourceServer",
     "GetReplicationConfiguration", "UpdateReplicationConfiguration"],
)  # fmt: skip
def test_an_unknown_server_is_not_found(world: World, operation: str) -> None:
    assert world.refusal(operation, sourceServerID="s-50000000000000000").code == "ResourceNotFoundException"


def test_a_disconnected_server_has_no_data_no_lag_and_no_error(world: World, old: SourceServer) -> None:
    world.region.set_replication_state("db-1", "STALLED", "AGENT_NOT_SEEN")
    told = world.call("DisconnectSourceServer", sourceServerID=old.id)["dataReplicationInfo"]
    assert told["dataReplicationState"] == "DISCONNECTED"
    assert [disk["totalStorageBytes"] for disk in told["replicatedDisks"]] == [0]
    assert not {"lagDuration", "dataReplicationError", "dataReplicationInitiation"} & set(told)


def test_a_server_with_a_recovery_instance_cannot_be_disconnected(world: World, old: SourceServer) -> None:
    world.recover(old)
    assert (
        world.refusal("DisconnectSourceServer", sourceServerID=old.id).message == "The Source Server has a Recovery Instance"
    )


def test_a_deleted_server_is_gone_and_its_name_can_come_back(world: World, old: SourceServer) -> None:
    before = world.recover(old, isDrill=True)
    world.call("TerminateRecoveryInstances", recoveryInstanceIDs=[world.instances()[0]["recoveryInstanceID"]])
    world.pass_seconds(HOUR)
    world.call("DisconnectSourceServer", sourceServerID=old.id)
    assert world.call("DeleteSourceServer", sourceServerID=old.id) == {}
    assert world.call("DescribeSourceServers")["items"] == []
    assert world.call("DescribeJobs", filters={"jobIDs": [before["jobID"]]})["items"] == [before]
    again = world.region.install_agent(Machine("db-1"))
    world.pass_seconds(HOUR)
    job = world.recover(again)
    assert world.statuses(job) == {"db-1": "LAUNCHED"}
    assert job["jobID"] != before["jobID"]


def test_an_agent_that_is_installed_again_brings_a_disconnected_server_back(world: World, old: SourceServer) -> None:
    world.call("DisconnectSourceServer", sourceServerID=old.id)
    assert world.region.install_agent(Machine("db-1")) is old
    world.pass_seconds(HOUR)
    assert shown(world, old)["dataReplicationState"] == "CONTINUOUS"


def test_retrying_does_not_wait_for_the_next_attempt(world: World) -> None:
    server = world.region.install_agent(Machine("db-1"))
    world.region.disturb(ReplicationFault("f", "db-1", "INITIATION", step="LAUNCH_REPLICATION_SERVER", times=1))
    world.call("DisconnectSourceServer", sourceServerID=server.id)
    world.call("RetryDataReplication", sourceServerID=server.id)
    world.pass_seconds(5 * MINUTE)
    assert shown(world, server)["dataReplicationState"] == "STALLED"
    world.call("RetryDataReplication", sourceServerID=server.id)
    world.pass_seconds(5 * MINUTE)
    assert shown(world, server)["dataReplicationState"] == "CONTINUOUS"


def test_only_what_stands_still_can_be_retried(world: World, old: SourceServer) -> None:
    error = world.refusal("RetryDataReplication", sourceServerID=old.id)
    assert (error.code, error.members["fieldList"][0]["name"]) == ("ValidationException", "sourceServerID")


def test_retrying_a_stalled_server_lets_it_rescan(world: World, old: SourceServer) -> None:
    world.region.set_replication_state("db-1", "STALLED", "AGENT_NOT_SEEN")
    world.call("RetryDataReplication", sourceServerID=old.id)
    assert shown(world, old)["dataReplicationState"] == "RESCAN"


# Quotas


def test_only_so_many_servers_may_replicate() -> None:
    small = World(pinned(quotas=Quotas(replicating_servers=2)))
    servers = [small.region.install_agent(Machine(name)) for name in ("a", "b")]
    with pytest.raises(ServiceError) as refused:
        small.region.install_agent(Machine("c"))
    assert (refused.value.code, refused.value.members["quotaCode"]) == ("ServiceQuotaExceededException", "L-C1D14A2B")
    small.call("StopReplication", sourceServerID=servers[0].id)
    small.region.install_agent(Machine("c"))
    error = small.refusal("StartReplication", sourceServerID=servers[0].id)
    assert (error.code, error.members["code"]) == ("ConflictException", "L-C1D14A2B")
    assert small.refusal("RetryDataReplication", sourceServerID=servers[0].id).code == "ValidationException"


def test_only_so_many_servers_may_be_there() -> None:
    small = World(pinned(quotas=Quotas(servers=1)))
    small.region.install_agent(Machine("a"))
    with pytest.raises(ServiceError) as refused:
        small.region.install_agent(Machine("b"))
    assert refused.value.members["quotaCode"] == "L-E28BE5E0"


# What goes wrong


def disturb(world: World, kind: str, **more: Any) -> None:
    world.region.disturb(ReplicationFault("a-fault", "db-1", kind, **more))


def test_a_lost_agent_stalls_its_server_which_rescans_when_it_is_back(world: World, old: SourceServer) -> None:
    disturb(world, "AGENT_NOT_SEEN", raw_error="no heartbeat", from_ms=60_000, for_ms=600_000)
    world.pass_seconds(360)
    told = shown(world, old)
    assert (told["dataReplicationState"], told["lagDuration"]) == ("STALLED", "PT5M")
    assert told["dataReplicationError"] == {"error": "AGENT_NOT_SEEN", "rawError": "no heartbeat"}
    assert told["replicatedDisks"][0]["backloggedStorageBytes"] == 300 * 1024**2
    world.pass_seconds(360)
    (disk,) = shown(world, old)["replicatedDisks"]
    assert (disk["replicatedStorageBytes"], disk["rescannedStorageBytes"]) == (8 * GIB, int(8 * GIB * 60 / 248))
    world.pass_seconds(HOUR)
    assert states(world, old) == [(60.0, "STALLED"), (660.0, "RESCAN"), (908.0, "CONTINUOUS")]
    assert shown(world, old)["lagDuration"] == "P0D"
    assert [(event.fault, event.effect) for event in world.events("fault.fired")] == [
        ("a-fault", "replication AGENT_NOT_SEEN")
    ]


def test_failing_snapshots_stall_a_server_that_is_still_seen_and_catches_up(world: World, old: SourceServer) -> None:
    disturb(world, "SNAPSHOTS_FAILURE", for_ms=600_000)
    world.pass_seconds(599)
    assert world.server(old)["lifeCycle"]["lastSeenByServiceDateTime"] > "2026-03-01T02:08"
    assert shown(world, old)["dataReplicationError"] == {"error": "SNAPSHOTS_FAILURE"}
    world.pass_seconds(HOUR)
    assert [state for _, state in states(world, old)] == ["STALLED", "BACKLOG", "CONTINUOUS"]


def test_a_recovery_from_a_stalled_server_uses_the_latest_snapshot(world: World, old: SourceServer) -> None:
    disturb(world, "SNAPSHOTS_FAILURE", from_ms=700_000)
    world.pass_seconds(HOUR)
    job = world.recover(old)
    assert world.trace(job["jobID"])[2:4] == ["SNAPSHOT_FAIL db-1", "USING_PREVIOUS_SNAPSHOT db-1"]
    assert world.instances()[0]["pointInTimeSnapshotDateTime"] == "2026-03-01T02:10:00.000000+00:00"


def test_a_server_that_writes_more_than_its_line_carries_is_behind_more_and_more(world: World, old: SourceServer) -> None:
    disturb(world, "NOT_CONVERGING", for_ms=900_000)
    lags = []
    for _ in range(3):
        world.pass_seconds(300)
        lags.append(shown(world, old)["lagDuration"])
    assert lags[:2] == ["PT1M40S", "PT3M20S"]  # a third of what is written does not get through
    assert states(world, old)[0] == (0.0, "BACKLOG")
    world.pass_seconds(HOUR)
    assert [state for _, state in states(world, old)] == ["BACKLOG", "BACKLOG", "CONTINUOUS"]


def test_a_line_that_is_too_slow_for_what_is_written_never_protects(world: World) -> None:
    server = world.region.install_agent(Machine("db-1", bandwidth_mbps=8, write_mib_per_second=2))
    world.pass_seconds(10 * HOUR)
    told = shown(world, server)
    assert (told["dataReplicationState"], told["dataReplicationError"]) == ("BACKLOG", {"error": "NOT_CONVERGING"})
    assert world.call("DescribeRecoverySnapshots", sourceServerID=server.id)["items"] == []


def test_an_unstable_network_goes_and_comes(world: World, old: SourceServer) -> None:
    disturb(world, "UNSTABLE_NETWORK", for_ms=650_000)
    world.pass_seconds(HOUR)
    passed = states(world, old)
    assert [(at, state) for at, state in passed if state == "STALLED"] == [
        (0.0, "STALLED"),
        (300.0, "STALLED"),
        (600.0, "STALLED"),
    ]
    assert passed[-1][1] == "CONTINUOUS"
    assert "RESCAN" not in [state for _, state in passed]


@pytest.mark.parametrize("step", INITIATION_STEPS[1:])
def test_a_step_of_the_initiation_can_fail_and_the_next_attempt_succeeds(world: World, step: str) -> None:
    world.add("db-1")
    world.call("StopReplication", sourceServerID=world.region.state.server_named("db-1").id)
    server = world.region.state.server_named("db-1")
    disturb(world, "INITIATION", step=step, raw_error="denied", times=1)
    world.call("StartReplication", sourceServerID=server.id)
    world.pass_seconds(100)
    told, place = shown(world, server), INITIATION_STEPS.index(step)
    assert told["dataReplicationState"] == "STALLED"
    assert told["dataReplicationError"] == {"error": f"FAILED_TO_{step}", "rawError": "denied"}
    assert steps(world, server) == ["SUCCEEDED"] * place + ["FAILED"] + ["NOT_STARTED"] * (10 - place)
    assert told["dataReplicationInitiation"]["nextAttemptDateTime"] == "2026-03-01T02:30:00.000000+00:00"
    world.pass_seconds(HOUR)
    assert [at for at, state in states(world, server) if state == "INITIATING"] == [0.0, 1800.0]
    assert shown(world, server)["dataReplicationState"] == "CONTINUOUS"


def test_a_later_attempt_finds_the_disks_that_an_earlier_one_made(world: World) -> None:
    world.add("other")
    server = world.region.install_agent(Machine("db-1"))
    world.call("DisconnectSourceServer", sourceServerID=server.id)
    disturb(world, "INITIATION", step="START_DATA_TRANSFER", times=1)
    world.region.install_agent(Machine("db-1"))
    world.pass_seconds(2000)
    assert steps(world, server) == ["SUCCEEDED"] + ["SKIPPED"] * 7 + ["SUCCEEDED"] * 3


def test_a_step_that_always_fails_is_tried_until_it_is_mended(world: World, old: SourceServer) -> None:
    world.call("StopReplication", sourceServerID=old.id)
    disturb(world, "INITIATION", step="CREATE_SECURITY_GROUP")
    world.call("StartReplication", sourceServerID=old.id)
    world.pass_seconds(5 * HOUR + 60)
    told = shown(world, old)
    assert told["dataReplicationState"] == "STALLED"
    assert told["dataReplicationInitiation"]["nextAttemptDateTime"] == "2026-03-01T07:30:00.000000+00:00"
    world.region.mend("db-1")
    world.pass_seconds(HOUR)
    assert [at for at, state in states(world, old) if state == "INITIATING"] == [0.0, 5.5 * HOUR]
    assert shown(world, old)["dataReplicationState"] == "CONTINUOUS"


def test_a_server_whose_agent_is_lost_during_initiation_begins_anew_with_it(world: World) -> None:
    server = world.region.install_agent(Machine("db-1"))
    disturb(world, "AGENT_NOT_SEEN", from_ms=50_000, for_ms=100_000)
    world.pass_seconds(HOUR)
    assert [state for _, state in states(world, server)][:3] == ["STALLED", "INITIATING", "INITIAL_SYNC"]
    assert shown(world, server)["dataReplicationState"] == "CONTINUOUS"


def test_replication_that_is_started_while_the_agent_is_lost_stalls_at_once(world: World, old: SourceServer) -> None:
    disturb(world, "AGENT_NOT_SEEN", for_ms=600_000)
    world.call("StopReplication", sourceServerID=old.id)
    world.call("StartReplication", sourceServerID=old.id)
    world.pass_seconds(300)
    assert shown(world, old)["dataReplicationError"] == {"error": "AGENT_NOT_SEEN"}
    world.pass_seconds(HOUR)
    assert shown(world, old)["dataReplicationState"] == "CONTINUOUS"


def test_of_two_things_that_are_wrong_one_goes_on_when_the_other_is_over(world: World, old: SourceServer) -> None:
    disturb(world, "AGENT_NOT_SEEN", for_ms=600_000)
    disturb(world, "SNAPSHOTS_FAILURE", from_ms=100_000, for_ms=900_000)
    world.pass_seconds(700)
    assert shown(world, old)["dataReplicationError"]["error"] == "SNAPSHOTS_FAILURE"
    world.pass_seconds(HOUR)
    assert shown(world, old)["dataReplicationState"] == "CONTINUOUS"


def test_a_lost_source_region_stalls_all_that_came_from_it(world: World) -> None:
    servers = world.add("a", "b", origin_region="us-east-1")
    world.add("c", origin_region="eu-west-1")
    world.region.lose_source_region("disaster", "us-east-1", from_ms=3_000_000)
    world.pass_seconds(HOUR)
    found = {one["tags"]["Name"]: one["dataReplicationInfo"] for one in world.call("DescribeSourceServers")["items"]}
    assert {name: told["dataReplicationState"] for name, told in found.items()} == {
        "a": "STALLED",
        "b": "STALLED",
        "c": "CONTINUOUS",
    }
    assert world.statuses(world.recover(*servers)) == {"a": "LAUNCHED", "b": "LAUNCHED"}


def test_faults_that_nothing_ends_let_the_world_come_to_rest(world: World, old: SourceServer) -> None:
    disturb(world, "AGENT_NOT_SEEN")
    disturb(world, "INITIATION", step="START_DATA_TRANSFER")
    world.call("StopReplication", sourceServerID=old.id)
    world.call("StartReplication", sourceServerID=old.id)
    world.clock.run(10_000_000)  # raises if something were still due by then


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (ReplicationFault("f", "db-1", "EARTHQUAKE"), "no replication fault 'EARTHQUAKE': AGENT_NOT_SEEN"),
        (ReplicationFault("f", "nobody", "AGENT_NOT_SEEN"), "no source server 'nobody'"),
        (ReplicationFault("f", "db-1", "INITIATION"), "a step goes with INITIATION"),
        (ReplicationFault("f", "db-1", "AGENT_NOT_SEEN", step="WAIT"), "a step goes with INITIATION"),
        (ReplicationFault("f", "db-1", "INITIATION", step="WAIT"), "no step 'WAIT' that can fail"),
        (ReplicationFault("f", "db-1", "UNSTABLE_NETWORK"), "an unstable network needs an end"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(world: World, old: SourceServer, fault: ReplicationFault, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        world.region.disturb(fault)


@pytest.mark.parametrize(
    ("machine", "told"),
    [(Machine("x", disks_gib=()), "1 to 60 disks, not 0"), (Machine("x", disks_gib=(0,)), "at least 1 GiB")],
)
def test_a_machine_that_cannot_be_is_refused(world: World, machine: Machine, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        world.region.install_agent(machine)
