"""Listings: their order, filters, pages and timestamps."""

from typing import Any

import pytest

from simulator.drs.settings import Rate
from tests.drs.world import HOUR, World, pinned


@pytest.fixture
def world() -> World:
    return World()


def pages(world: World, operation: str, **request: Any) -> list[list[Any]]:
    """All pages of a listing."""
    found: list[list[Any]] = []
    token: dict[str, str] = {}
    while True:
        answer = world.call(operation, **request, **token)
        found.append(answer["items"])
        if "nextToken" not in answer:
            return found
        token = {"nextToken": answer["nextToken"]}


def test_two_hundred_and_fifty_servers_come_in_pages_of_a_hundred_by_default(world: World) -> None:
    names = [f"app-{number:03}" for number in range(250)]
    world.add(*names)
    found = pages(world, "DescribeSourceServers")
    assert [len(page) for page in found] == [100, 100, 50]
    assert [server["tags"]["Name"] for page in found for server in page] == names


def test_a_page_is_as_large_as_the_request_wants(world: World) -> None:
    world.add(*(f"app-{number}" for number in range(7)))
    assert [len(page) for page in pages(world, "DescribeSourceServers", maxResults=3)] == [3, 3, 1]
    assert [len(page) for page in pages(world, "DescribeSourceServers", maxResults=7)] == [7]


def test_a_listing_of_nothing_is_one_empty_page(world: World) -> None:
    assert pages(world, "DescribeSourceServers") == [[]]
    assert pages(world, "DescribeJobs") == [[]]
    assert pages(world, "DescribeRecoveryInstances") == [[]]


def test_jobs_come_newest_first(world: World) -> None:
    started = [world.start(server) for server in world.add("a", "b", "c")]
    assert [job["jobID"] for job in world.call("DescribeJobs")["items"]] == started[::-1]


def test_a_new_job_neither_repeats_nor_hides_one_between_two_pages(world: World) -> None:
    servers = world.add("a", "b", "c", "d")
    started = [world.start(server) for server in servers[:3]]
    first = world.call("DescribeJobs", maxResults=2)
    world.start(servers[3])
    second = world.call("DescribeJobs", maxResults=2, nextToken=first["nextToken"])
    assert [job["jobID"] for job in first["items"] + second["items"]] == started[::-1]


def test_a_deleted_job_hides_none_between_two_pages(world: World) -> None:
    started = [world.start(server) for server in world.add("a", "b", "c")]
    world.pass_seconds(HOUR)
    first = world.call("DescribeJobs", maxResults=2)
    world.call("DeleteJob", jobID=started[2])
    second = world.call("DescribeJobs", maxResults=2, nextToken=first["nextToken"])
    assert [job["jobID"] for job in second["items"]] == [started[0]]


@pytest.mark.parametrize("token", ["2", "nonsense", "%%%", "bm8gbnVtYmVy", "am9iczp4"])
def test_a_token_that_the_service_did_not_give_out_is_refused(world: World, token: str) -> None:
    error = world.refusal("DescribeJobs", nextToken=token)
    assert (error.code, error.members["reason"]) == ("ValidationException", "other")


def test_a_token_of_another_listing_is_refused(world: World) -> None:
    world.add("a", "b")
    token = world.call("DescribeSourceServers", maxResults=1)["nextToken"]
    assert world.refusal("DescribeJobs", nextToken=token).code == "ValidationException"


def test_a_jobs_log_comes_oldest_first_in_pages(world: World) -> None:
    job = world.recover(*world.add(*(f"app-{number}" for number in range(100))))
    found = pages(world, "DescribeJobLogItems", jobID=job["jobID"])
    assert [len(page) for page in found] == [100] * 6 + [2]
    items = [item for page in found for item in page]
    assert [items[0]["event"], items[-1]["event"]] == ["JOB_START", "JOB_END"]
    assert items == sorted(items, key=lambda item: item["logDateTime"])


def test_jobs_are_found_by_id_and_by_when_they_were_created(world: World) -> None:
    servers = world.add("a", "b", "c")
    started = []
    for server in servers:
        started.append(world.start(server))
        world.pass_seconds(60)

    def found(**filters: Any) -> list[str]:
        return [job["jobID"] for job in world.call("DescribeJobs", filters=filters)["items"]]

    assert found(jobIDs=[started[1]]) == [started[1]]
    assert found(jobIDs=[]) == started[::-1]
    assert found(jobIDs=["drsjob-50000000000000000"]) == []
    assert found(fromDate="2026-03-01T02:01:00.000Z") == [started[2], started[1]]
    assert found(toDate="2026-03-01T02:01:00Z") == [started[1], started[0]]
    assert found(fromDate="2026-03-01T02:00:30Z", toDate="2026-03-01T02:01:30Z") == [started[1]]


def test_a_day_that_no_month_has_is_refused(world: World) -> None:
    error = world.refusal("DescribeJobs", filters={"fromDate": "2026-02-31T00:00:00Z"})
    assert error.code == "ValidationException"
    assert [field["name"] for field in error.members["fieldList"]] == ["filters.fromDate"]


def test_servers_are_found_by_id_account_and_hardware(world: World) -> None:
    first, second = world.add("a", "b", origin_region="us-east-1")

    def found(**filters: Any) -> list[str]:
        return [server["sourceServerID"] for server in world.call("DescribeSourceServers", filters=filters)["items"]]

    assert found(sourceServerIDs=[second.id]) == [second.id]
    assert found(stagingAccountIDs=["999999999999"]) == []
    assert found(stagingAccountIDs=["123456789012"]) == [first.id, second.id]
    instance = world.server(second)["sourceProperties"]["identificationHints"]["awsInstanceID"]
    assert found(hardwareId=instance) == [second.id]
    assert found(hardwareId="i-0000000000000000f") == []


def test_instances_are_found_by_id_and_by_server(world: World) -> None:
    servers = world.add("a", "b")
    world.recover(*servers)
    first, second = world.instances()
    assert world.instances(recoveryInstanceIDs=[second["recoveryInstanceID"]]) == [second]
    assert world.instances(sourceServerIDs=[servers[0].id]) == [first]
    assert world.instances(sourceServerIDs=[servers[0].id], recoveryInstanceIDs=[second["recoveryInstanceID"]]) == []


def test_timestamps_have_microseconds_and_a_numeric_offset(world: World) -> None:
    world.pass_seconds(1.5)
    job = world.recover(*world.add("a"))
    assert job["creationDateTime"] == "2026-03-01T02:00:01.500000+00:00"
    assert job["endDateTime"].endswith("+00:00")
    assert world.log(job["jobID"])[0]["logDateTime"] == "2026-03-01T02:00:01.857000+00:00"


def test_the_log_of_an_unknown_job_is_refused(world: World) -> None:
    error = world.refusal("DescribeJobLogItems", jobID="drsjob-50000000000000000")
    assert (error.code, error.members["fieldList"][0]["name"]) == ("ValidationException", "jobID")


def test_a_job_that_goes_on_cannot_be_deleted_and_a_completed_one_can(world: World) -> None:
    job_id = world.start(*world.add("a"))
    assert world.refusal("DeleteJob", jobID=job_id).code == "ConflictException"
    world.pass_seconds(HOUR)
    world.call("DeleteJob", jobID=job_id)
    assert world.call("DescribeJobs")["items"] == []
    assert world.refusal("DeleteJob", jobID=job_id).code == "ResourceNotFoundException"


def test_a_job_after_a_deleted_one_has_an_id_of_its_own(world: World) -> None:
    (server,) = world.add("a")
    first = world.recover(server)["jobID"]
    world.call("DeleteJob", jobID=first)
    assert world.recover(server)["jobID"] != first


def test_snapshots_are_kept_for_an_hour_a_day_and_a_week(world: World) -> None:
    (server,) = world.add("a")
    found = pages(world, "DescribeRecoverySnapshots", sourceServerID=server.id, maxResults=10)
    taken = [snapshot["timestamp"] for page in found for snapshot in page]
    assert taken == sorted(set(taken))
    assert [text[:16] for text in taken] == [
        *(f"2026-02-{day}T00:00" for day in (23, 24, 25, 26, 27)),
        *(f"2026-02-28T{hour:02}:00" for hour in (0, *range(3, 24))),
        "2026-03-01T00:00",
        "2026-03-01T01:00",
        *(f"2026-03-01T01:{minute}" for minute in (10, 20, 30, 40, 50)),
        "2026-03-01T02:00",
    ]


def test_snapshots_come_newest_first_on_request_and_between_two_instants(world: World) -> None:
    (server,) = world.add("a")
    newest = world.call("DescribeRecoverySnapshots", sourceServerID=server.id, order="DESC", maxResults=2)
    assert [one["timestamp"][11:16] for one in newest["items"]] == ["02:00", "01:50"]
    more = world.call(
        "DescribeRecoverySnapshots", sourceServerID=server.id, order="DESC", maxResults=1, nextToken=newest["nextToken"]
    )
    assert more["items"][0]["timestamp"][11:16] == "01:40"
    filters = {"fromDateTime": "2026-03-01T01:15:00Z", "toDateTime": "2026-03-01T01:40:00Z"}
    between = world.call("DescribeRecoverySnapshots", sourceServerID=server.id, filters=filters)["items"]
    assert [one["timestamp"][11:16] for one in between] == ["01:20", "01:30", "01:40"]


def test_snapshots_have_ids_that_stay_and_one_volume_each(world: World) -> None:
    (server,) = world.add("a")
    before = world.call("DescribeRecoverySnapshots", sourceServerID=server.id, order="DESC")["items"]
    world.pass_seconds(600)
    after = world.call("DescribeRecoverySnapshots", sourceServerID=server.id, order="DESC")["items"]
    assert after[1] == before[0]
    assert len({snapshot["snapshotID"] for snapshot in after}) == len(after)
    assert [len(snapshot["ebsSnapshots"]) for snapshot in after] == [1] * len(after)


def test_a_server_that_does_not_replicate_takes_no_snapshots_and_loses_none(world: World) -> None:
    (server,) = world.add("a")

    def taken() -> list[str]:
        items = world.call("DescribeRecoverySnapshots", sourceServerID=server.id)["items"]
        return [snapshot["timestamp"] for snapshot in items]

    before = taken()
    world.region.set_replication_state("a", "STALLED", "AGENT_NOT_SEEN")
    world.pass_seconds(48 * HOUR)
    assert taken() == before
    world.region.set_replication_state("a", "CONTINUOUS")
    world.pass_seconds(600)
    assert taken()[-1] == "2026-03-03T02:10:00.000000+00:00"
    assert not [text for text in taken() if "2026-03-01T02:00:00" < text < "2026-03-03T02:00:00"]


def test_stopping_replication_deletes_the_snapshots(world: World) -> None:
    (server,) = world.add("a")
    world.region.set_replication_state("a", "STOPPED")
    assert world.call("DescribeRecoverySnapshots", sourceServerID=server.id)["items"] == []
    world.pass_seconds(3600)
    world.region.set_replication_state("a", "CONTINUOUS")
    world.pass_seconds(600)
    assert len(world.call("DescribeRecoverySnapshots", sourceServerID=server.id)["items"]) == 1


def test_requests_are_throttled_when_their_bucket_is_empty() -> None:
    world = World(pinned(rates={"read": Rate(10, 20), "recover": Rate(1, 3)}))
    servers = world.add("a", "b", "c", "d")
    for server in servers[:3]:
        world.start(server)
    error = world.refusal("StartRecovery", sourceServers=[{"sourceServerID": servers[3].id}])
    assert (error.code, error.status, error.message) == ("ThrottlingException", 429, "Rate exceeded")
    assert error.headers == {"Retry-After": "1"}
    for _ in range(20):
        world.call("DescribeJobs")
    assert world.refusal("DescribeJobs").code == "ThrottlingException"
    world.pass_seconds(0.1)
    world.call("DescribeJobs")
    assert world.refusal("DescribeJobs").code == "ThrottlingException"
    world.pass_seconds(0.9)
    world.start(servers[3])


def test_tags_are_not_throttled_without_a_rate_for_them() -> None:
    world = World(pinned(rates={"read": Rate(1, 1)}))
    (server,) = world.add("a")
    for number in range(10):
        world.call("TagResource", resourceArn=server.arn, tags={"n": str(number)})
