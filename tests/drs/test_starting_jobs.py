"""What StartRecovery and TerminateRecoveryInstances grant, and what they refuse."""

from typing import Any

import pytest

from simulator.drs.model import SourceServer
from simulator.drs.settings import Distribution, Quotas
from simulator.errors import ServiceError
from tests.drs.world import ACCOUNT, HOUR, REGION, World, pinned

BUSY = "One or more of the Source Servers included in API call are currently being processed by a Job"
NOWHERE = "s-50000000000000000"


@pytest.fixture
def world() -> World:
    return World()


def fleet(world: World, size: int, prefix: str = "app") -> list[SourceServer]:
    return world.add(*(f"{prefix}-{number:03}" for number in range(size)))


def asked(*servers: SourceServer) -> list[dict[str, str]]:
    return [{"sourceServerID": server.id} for server in servers]


def test_a_job_starts_pending_with_all_its_servers_pending(world: World) -> None:
    servers = world.add("db-1", "db-2")
    job = world.call("StartRecovery", sourceServers=asked(*servers), isDrill=True, tags={"plan": "p-1"})["job"]
    assert job == {
        "jobID": job["jobID"],
        "arn": f"arn:aws:drs:us-west-2:123456789012:job/{job['jobID']}",
        "type": "LAUNCH",
        "initiatedBy": "START_DRILL",
        "creationDateTime": "2026-03-01T02:00:00.000000+00:00",
        "status": "PENDING",
        "participatingServers": [
            {"sourceServerID": server.id, "launchStatus": "PENDING", "launchActionsStatus": {"runs": []}}
            for server in servers
        ],
        "participatingResources": [],
        "tags": {"plan": "p-1"},
    }
    assert job["jobID"].startswith("drsjob-5")  # a job's first digit tells its Region


def test_without_is_drill_it_is_a_recovery(world: World) -> None:
    job = world.call("StartRecovery", sourceServers=asked(*world.add("db-1")))["job"]
    assert job["initiatedBy"] == "START_RECOVERY"
    world.pass_seconds(HOUR)
    assert world.instances()[0]["isDrill"] is False


def test_a_job_goes_from_pending_to_started_to_completed(world: World) -> None:
    (server,) = world.add("db-1")
    job_id = world.start(server)
    world.pass_seconds(0.4)
    started = world.job(job_id)
    assert (started["status"], "endDateTime" in started) == ("STARTED", False)
    world.pass_seconds(HOUR)
    assert world.job(job_id)["status"] == "COMPLETED"
    assert [event.status for event in world.events("drs.job")] == ["PENDING", "STARTED", "COMPLETED"]


def test_a_job_shows_what_it_launched_until_it_has_completed(world: World) -> None:
    (server,) = world.add("db-1")
    job_id = world.start(server)
    world.pass_seconds(531)
    launched = world.job(job_id)
    instance = world.server(server)["recoveryInstanceId"]
    assert launched["status"] == "STARTED"
    assert launched["participatingServers"][0]["recoveryInstanceID"] == instance
    world.pass_seconds(60)
    completed = world.job(job_id)["participatingServers"][0]
    assert completed == {"sourceServerID": server.id, "launchStatus": "LAUNCHED", "launchActionsStatus": {"runs": []}}


def test_a_job_can_be_set_never_to_show_what_it_launched() -> None:
    world = World(pinned(shows_instances_while_started=False))
    (server,) = world.add("db-1")
    job_id = world.start(server)
    world.pass_seconds(531)
    assert world.statuses(world.job(job_id)) == {"db-1": "LAUNCHED"}
    assert "recoveryInstanceID" not in world.job(job_id)["participatingServers"][0]


def test_a_termination_can_be_set_to_keep_showing_its_servers() -> None:
    world = World(pinned(empties_terminate_jobs=False))
    world.recover(*world.add("db-1"))
    job = world.call("TerminateRecoveryInstances", recoveryInstanceIDs=[world.instances()[0]["recoveryInstanceID"]])["job"]
    world.pass_seconds(HOUR)
    assert world.statuses(world.job(job["jobID"])) == {"db-1": "TERMINATED"}


def test_a_launch_status_stays_pending_until_the_launch_has_ended(world: World) -> None:
    job_id = world.start(*world.add("db-1"))
    world.pass_seconds(500)
    assert world.trace(job_id)[-1] == "LAUNCH_START db-1"
    assert world.statuses(world.job(job_id)) == {"db-1": "PENDING"}


def test_a_launch_status_can_be_in_progress_while_it_launches() -> None:
    world = World(pinned(launch_status="fine"))
    job_id = world.start(*world.add("db-1"))
    world.pass_seconds(500)
    assert world.statuses(world.job(job_id)) == {"db-1": "IN_PROGRESS"}
    world.pass_seconds(HOUR)
    assert world.statuses(world.job(job_id)) == {"db-1": "LAUNCHED"}


def test_a_hundred_servers_fit_in_a_job(world: World) -> None:
    job = world.call("StartRecovery", sourceServers=asked(*fleet(world, 100)))["job"]
    assert len(job["participatingServers"]) == 100


def test_a_hundred_and_one_servers_exceed_the_quota_of_a_job(world: World) -> None:
    error = world.refusal("StartRecovery", sourceServers=asked(*fleet(world, 101)))
    assert (error.code, error.status) == ("ServiceQuotaExceededException", 402)
    assert error.members == {"serviceCode": "drs", "quotaCode": "L-B827C881", "resourceType": "Job"}
    assert world.events("drs.job") == []


def test_five_hundred_servers_fit_in_all_jobs_and_no_more(world: World) -> None:
    servers = fleet(world, 501)
    for place in range(0, 500, 100):
        world.start(*servers[place : place + 100])
    error = world.refusal("StartRecovery", sourceServers=asked(servers[500]))
    assert (error.code, error.members["quotaCode"]) == ("ServiceQuotaExceededException", "L-05AFA8C6")


def test_twenty_jobs_run_at_once_and_no_more(world: World) -> None:
    servers = fleet(world, 21)
    for server in servers[:20]:
        world.start(server)
    error = world.refusal("StartRecovery", sourceServers=asked(servers[20]))
    assert (error.code, error.members["quotaCode"]) == ("ServiceQuotaExceededException", "L-D88FAC3A")
    world.pass_seconds(HOUR)
    world.start(servers[20])


def test_terminations_count_as_jobs() -> None:
    world = World(pinned(quotas=Quotas(jobs_in_progress=1)))
    servers = world.add("db-1", "db-2")
    world.recover(servers[0])
    world.call("TerminateRecoveryInstances", recoveryInstanceIDs=[world.instances()[0]["recoveryInstanceID"]])
    assert world.refusal("StartRecovery", sourceServers=asked(servers[1])).code == "ServiceQuotaExceededException"


def test_a_server_in_a_job_is_refused_and_the_whole_call_with_it(world: World) -> None:
    servers = world.add("db-1", "db-2")
    world.start(servers[0])
    error = world.refusal("StartRecovery", sourceServers=asked(servers[1], servers[0]))
    assert (error.code, error.status, error.message) == ("ConflictException", 409, BUSY)
    assert error.members == {"resourceType": "SourceServer", "resourceId": servers[0].id}
    assert world.server(servers[1])["lastLaunchResult"] == "NOT_STARTED"
    assert len(world.call("DescribeJobs")["items"]) == 1


def test_of_two_calls_at_once_for_a_server_one_is_granted() -> None:
    world = World(pinned(write_latency=Distribution(0.35)))
    (server,) = world.add("db-1")
    answers: list[str] = []

    def ask() -> None:
        try:
            answers.append(world.ask(ACCOUNT, REGION, "StartRecovery", {"sourceServers": asked(server)})["job"]["status"])
        except ServiceError as error:
            answers.append(f"{error.status} {error.code}")

    world.clock.spawn("one", ask)
    world.clock.spawn("other", ask)
    world.pass_seconds(1)
    assert answers == ["PENDING", "409 ConflictException"]


def test_a_server_is_free_again_when_its_job_has_completed(world: World) -> None:
    (server,) = world.add("db-1")
    job_id = world.start(server)
    world.pass_seconds(531)
    assert world.refusal("StartRecovery", sourceServers=asked(server)).code == "ConflictException"
    world.pass_seconds(2)
    assert world.job(job_id)["status"] == "COMPLETED"
    world.start(server)


def test_a_termination_holds_its_servers_too(world: World) -> None:
    (server,) = world.add("db-1")
    world.recover(server)
    (instance,) = world.instances()
    world.call("TerminateRecoveryInstances", recoveryInstanceIDs=[instance["recoveryInstanceID"]])
    assert world.refusal("StartRecovery", sourceServers=asked(server)).message == BUSY
    again = world.refusal("TerminateRecoveryInstances", recoveryInstanceIDs=[instance["recoveryInstanceID"]])
    assert again.message == BUSY


def test_an_instance_that_is_being_deleted_shows_it(world: World) -> None:
    world.recover(*world.add("db-1"))
    (instance,) = world.instances()
    world.call("TerminateRecoveryInstances", recoveryInstanceIDs=[instance["recoveryInstanceID"]])
    world.pass_seconds(10)
    assert world.instances()[0]["ec2InstanceState"] == "SHUTTING-DOWN"
    world.pass_seconds(HOUR)
    assert world.instances() == []


def test_an_unknown_server_is_a_conflict(world: World) -> None:
    error = world.refusal("StartRecovery", sourceServers=[{"sourceServerID": NOWHERE}])
    assert (error.code, error.members["resourceId"]) == ("ConflictException", NOWHERE)


def test_an_unknown_server_can_be_not_found_instead() -> None:
    world = World(pinned(unknown_server="ResourceNotFoundException"))
    error = world.refusal("StartRecovery", sourceServers=[{"sourceServerID": NOWHERE}])
    assert (error.code, error.status) == ("ResourceNotFoundException", 404)


def test_an_unknown_instance_is_a_conflict(world: World) -> None:
    error = world.refusal("TerminateRecoveryInstances", recoveryInstanceIDs=["i-0123456789abcdef0"])
    assert (error.code, error.members["resourceId"]) == ("ConflictException", "i-0123456789abcdef0")


def test_a_server_named_twice_is_a_conflict(world: World) -> None:
    (server,) = world.add("db-1")
    error = world.refusal("StartRecovery", sourceServers=asked(server, server))
    assert (error.code, error.members["resourceId"]) == ("ConflictException", server.id)


def test_a_server_named_twice_can_be_counted_once() -> None:
    world = World(pinned(duplicate_servers="merge"))
    (server,) = world.add("db-1")
    job = world.call("StartRecovery", sourceServers=asked(server, server))["job"]
    assert len(job["participatingServers"]) == 1


def test_an_instance_named_twice_is_terminated_once(world: World) -> None:
    world.recover(*world.add("db-1"))
    instance = world.instances()[0]["recoveryInstanceID"]
    job = world.call("TerminateRecoveryInstances", recoveryInstanceIDs=[instance, instance])["job"]
    assert len(job["participatingServers"]) == 1


def test_a_server_without_a_snapshot_can_be_refused_at_the_call() -> None:
    world = World(pinned(unready_servers="refuse"))
    (young,) = world.add("young", replication_state="INITIAL_SYNC")
    assert world.refusal("StartRecovery", sourceServers=asked(young)).code == "ConflictException"


def snapshots(world: World, server: SourceServer) -> list[Any]:
    items: list[Any] = world.call("DescribeRecoverySnapshots", sourceServerID=server.id)["items"]
    return items


def test_a_snapshot_of_another_server_is_a_conflict(world: World) -> None:
    mine, other = world.add("db-1", "db-2")
    chosen = snapshots(world, other)[0]["snapshotID"]
    error = world.refusal("StartRecovery", sourceServers=[{"sourceServerID": mine.id, "recoverySnapshotID": chosen}])
    assert (error.code, error.members["resourceId"]) == ("ConflictException", chosen)


def test_a_snapshot_that_has_expired_is_a_conflict(world: World) -> None:
    (server,) = world.add("db-1")
    ten_minutes_old = snapshots(world, server)[-2]["snapshotID"]
    entry = {"sourceServerID": server.id, "recoverySnapshotID": ten_minutes_old}
    world.pass_seconds(2 * HOUR)
    assert world.refusal("StartRecovery", sourceServers=[entry]).members["resourceId"] == ten_minutes_old


def test_the_last_launch_shows_on_the_source_server(world: World) -> None:
    (server,) = world.add("db-1")
    before = world.server(server)
    assert (before["lastLaunchResult"], before["lifeCycle"]["lastLaunch"]) == ("NOT_STARTED", {"initiated": {}})
    job_id = world.start(server, isDrill=True)
    called = {"apiCallDateTime": "2026-03-01T02:00:00.000000+00:00", "jobID": job_id, "type": "DRILL"}
    pending = world.server(server)
    assert (pending["lastLaunchResult"], pending["lifeCycle"]["lastLaunch"]) == (
        "PENDING",
        {"initiated": called, "status": "PENDING"},
    )
    world.pass_seconds(HOUR)
    after = world.server(server)
    assert (after["lastLaunchResult"], after["lifeCycle"]["lastLaunch"]["status"]) == ("SUCCEEDED", "LAUNCHED")
    assert after["recoveryInstanceId"] == world.instances()[0]["recoveryInstanceID"]


def test_a_termination_leaves_the_last_launch_as_it_was(world: World) -> None:
    (server,) = world.add("db-1")
    world.recover(server)
    world.call("TerminateRecoveryInstances", recoveryInstanceIDs=[world.instances()[0]["recoveryInstanceID"]])
    world.pass_seconds(HOUR)
    after = world.server(server)
    assert (after["lastLaunchResult"], "recoveryInstanceId" in after) == ("SUCCEEDED", False)


def test_regions_and_accounts_are_worlds_of_their_own(world: World) -> None:
    (server,) = world.add("db-1")
    elsewhere = world.service.region(ACCOUNT, "us-east-1")
    elsewhere.initialize()
    twin = elsewhere.add_source_server("db-1")
    assert (server.id[:3], twin.id[:3]) == ("s-5", "s-3")
    world.start(server)
    world.ask(ACCOUNT, "us-east-1", "StartRecovery", {"sourceServers": asked(twin)})
    assert len(world.call("DescribeJobs")["items"]) == 1
    with pytest.raises(ServiceError, match="not initialized"):
        world.ask("999999999999", REGION, "StartRecovery", {"sourceServers": asked(server)})
