"""What nobody outside AWS knows can be set either way."""

from collections import Counter
from typing import Any

import pytest

from simulator.drs.settings import Background, Quotas
from simulator.errors import ServiceError
from tests.drs.world import ACCOUNT, HOUR, REGION, World, pinned


def test_an_unready_server_can_fail_for_want_of_a_snapshot() -> None:
    world = World(pinned(unready_servers="accept"))
    job = world.recover(*world.add("young", replication_state="INITIAL_SYNC"))
    assert world.trace(job["jobID"]) == [
        "JOB_START",
        "SNAPSHOT_START young",
        "SNAPSHOT_FAIL young",
        "USING_PREVIOUS_SNAPSHOT_FAILED young",
        "JOB_END",
    ]
    assert world.statuses(job) == {"young": "FAILED"}


def test_an_unknown_snapshot_can_be_a_validation_error() -> None:
    world = World(pinned(unknown_snapshot="ValidationException"))
    (server,) = world.add("db-1")
    asked = [{"sourceServerID": server.id, "recoverySnapshotID": "pit-50000000000000000"}]
    error = world.refusal("StartRecovery", sourceServers=asked)
    assert (error.code, error.status) == ("ValidationException", 400)


def attempts_of(world: World, job_id: str) -> list[tuple[str, Any, Any]]:
    data = [(item["event"], item["eventData"]) for item in world.log(job_id)]
    return [(event, one.get("attemptCount"), one.get("maxAttemptsCount")) for event, one in data if "rawError" in one]


@pytest.mark.parametrize(("phase", "event"), [("CONVERSION", "CONVERSION_FAIL"), ("LAUNCH", "LAUNCH_FAILED")])
@pytest.mark.parametrize("launch_status", ["coarse", "fine"])
def test_a_job_can_try_again_and_counts(phase: str, event: str, launch_status: str) -> None:
    world = World(pinned(attempts=3, launch_status=launch_status))
    servers = world.add("db-1", "db-2")
    world.inject("db-1", phase, "FAILED", raw_error="no room", times=2)
    job = world.recover(*servers)
    assert attempts_of(world, job["jobID"]) == [(event, 1, 3), (event, 2, 3)]
    assert world.trace(job["jobID"]).count(f"{phase}_START db-1") == 3
    assert world.statuses(job) == {"db-1": "LAUNCHED", "db-2": "LAUNCHED"}


def test_the_last_attempt_that_fails_fails_the_server() -> None:
    world = World(pinned(attempts=2))
    world.inject(world.add("db-1")[0].name, "CONVERSION", "FAILED", raw_error="no room")
    job = world.recover(world.region.state.server_named("db-1"))
    assert attempts_of(world, job["jobID"]) == [("CONVERSION_FAIL", 1, 2), ("CONVERSION_FAIL", 2, 2)]
    assert world.statuses(job) == {"db-1": "FAILED"}


def test_with_one_attempt_nothing_is_counted() -> None:
    world = World()
    world.inject(world.add("db-1")[0].name, "CONVERSION", "FAILED", raw_error="no room")
    job = world.recover(world.region.state.server_named("db-1"))
    assert attempts_of(world, job["jobID"]) == [("CONVERSION_FAIL", None, None)]


@pytest.mark.parametrize("counts", [True, False])
def test_terminations_can_be_left_out_of_the_quotas(counts: bool) -> None:
    world = World(pinned(quotas=Quotas(jobs_in_progress=1, servers_in_jobs=1), counts_terminations=counts))
    first, second = world.add("db-1", "db-2")
    world.recover(first)
    ended = [instance["recoveryInstanceID"] for instance in world.instances()]
    world.call("TerminateRecoveryInstances", recoveryInstanceIDs=ended)
    asked = [{"sourceServerID": second.id}]
    if counts:
        assert world.refusal("StartRecovery", sourceServers=asked).code == "ServiceQuotaExceededException"
    else:
        world.call("StartRecovery", sourceServers=asked)
    world.pass_seconds(HOUR)
    assert len(world.call("DescribeJobs")["items"]) == (2 if counts else 3)


def test_a_termination_that_does_not_count_is_granted_beside_as_many_jobs_as_there_may_be() -> None:
    world = World(pinned(quotas=Quotas(jobs_in_progress=1), counts_terminations=False))
    first, second = world.add("db-1", "db-2")
    world.recover(first)
    world.start(second)
    ended = [instance["recoveryInstanceID"] for instance in world.instances()]
    job = world.call("TerminateRecoveryInstances", recoveryInstanceIDs=ended)["job"]
    assert job["status"] == "PENDING"


def test_instants_can_end_in_the_z_of_the_model() -> None:
    world = World(pinned(instants="zulu"))
    (server,) = world.add("db-1")
    asked = {"sourceServers": [{"sourceServerID": server.id}]}
    job = world.service.call(ACCOUNT, REGION, "StartRecovery", asked)["job"]  # unchecked: the service's own way is the other
    assert job["creationDateTime"] == "2026-03-01T02:00:00.000000Z"


def test_errors_can_have_codes() -> None:
    world = World(pinned(error_codes={"ConflictException": "409"}))
    (server,) = world.add("db-1")
    world.start(server)
    error = world.refusal("StartRecovery", sourceServers=[{"sourceServerID": server.id}])
    assert error.members == {"code": "409", "resourceType": "SourceServer", "resourceId": server.id}
    assert "code" not in world.refusal("DescribeJobs", nextToken="x").members


def test_events_of_a_kind_of_job_can_be_called_otherwise_or_not_be_there() -> None:
    names = {"TERMINATE": {"CLEANUP_START": "", "CLEANUP_END": "TERMINATED"}}
    world = World(pinned(log_events=names))
    launch = world.recover(*world.add("db-1"))
    ended = [instance["recoveryInstanceID"] for instance in world.instances()]
    job = world.service.call(ACCOUNT, REGION, "TerminateRecoveryInstances", {"recoveryInstanceIDs": ended})["job"]
    world.pass_seconds(HOUR)
    asked = {"jobID": job["jobID"], "maxResults": 2}  # unchecked: the service's model does not list every name
    page = world.service.call(ACCOUNT, REGION, "DescribeJobLogItems", asked)
    rest = world.service.call(ACCOUNT, REGION, "DescribeJobLogItems", {**asked, "nextToken": page["nextToken"]})
    assert [item["event"] for item in (*page["items"], *rest["items"])] == ["JOB_START", "TERMINATED", "JOB_END"]
    assert world.instances() == []
    assert "SNAPSHOT_START db-1" in world.trace(launch["jobID"])


def test_ids_of_a_region_can_begin_with_another_digit() -> None:
    world = World(pinned(region_digits={REGION: "9"}))
    (server,) = world.add("db-1")
    job_id = world.start(server)
    (snapshot, *_) = world.call("DescribeRecoverySnapshots", sourceServerID=server.id)["items"]
    ids = (server.id, job_id, snapshot["snapshotID"])
    assert [identifier.partition("-")[2][0] for identifier in ids] == ["9", "9", "9"]
    assert world.region.state.server_named("db-1") is server


@pytest.mark.parametrize("_way", ["straight"], indirect=True)
def test_things_go_wrong_as_often_as_they_are_said_to() -> None:
    rates = Background(launch_failures=0.1, conversion_failures=0.2, hangs=0.3, throttling=0.4, errors=0.5)
    world = World(pinned(background=rates))
    world.add(*(f"app-{number}" for number in range(200)))
    refused: Counter[str] = Counter()
    jobs = []
    for number in range(200):
        servers = [{"sourceServerID": world.region.state.server_named(f"app-{number}").id}]
        try:
            jobs.append(world.call("StartRecovery", sourceServers=servers)["job"]["jobID"])
        except ServiceError as error:
            refused[error.code] += 1
        world.pass_seconds(HOUR)
    assert refused["ThrottlingException"] == pytest.approx(200 * 0.4, abs=25)
    assert refused["InternalServerException"] == pytest.approx(200 * 0.6 * 0.5, abs=25)
    state = world.region.state
    fates = Counter(
        log[-1].event if log[-1].event != "JOB_END" else log[-2].event for job in jobs if (log := state.jobs[job].log)
    )
    assert set(fates) <= {"LAUNCH_END", "CONVERSION_START", "CONVERSION_FAIL", "LAUNCH_FAILED"}
    assert fates["CONVERSION_START"] == pytest.approx(len(jobs) * 0.3, abs=15)
    assert min(fates["CONVERSION_FAIL"], fates["LAUNCH_FAILED"]) > 0
