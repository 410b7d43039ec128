"""The service as boto3 sees it, in process and over HTTP: its paginators, its exceptions."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulator.account.world import World
from tests.drs.ways import REGION, InProcess, OverHttp, Way
from tests.drs.world import HOUR, START, pinned


@pytest.fixture(params=["in process", "over HTTP"])
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    if request.param == "over HTTP":
        yield OverHttp(request.getfixturevalue("virtual_server"))
        return
    world = World(1, START, REGION, pinned())
    with world.installed():
        yield InProcess(world)


def add(way: Way, count: int) -> list[dict[str, str]]:
    return [{"sourceServerID": server} for server in way.add(*(f"app-{number:03}" for number in range(count)))]


def everything(client: Any, operation: str, member: str = "items", **request: Any) -> list[Any]:
    return [row for page in client.get_paginator(operation).paginate(**request) for row in page[member]]


def test_a_paginator_finds_all_of_250_servers(way: Way) -> None:
    added = [server["sourceServerID"] for server in add(way, 250)]
    found = way.ask(lambda client: everything(client, "describe_source_servers"))
    assert [server["sourceServerID"] for server in found] == added


def test_a_paginator_finds_the_whole_log_of_a_large_job(way: Way) -> None:
    servers = add(way, 100)
    job = way.ask(lambda client: client.start_recovery(sourceServers=servers, isDrill=True)["job"], 4 * HOUR)
    log = way.ask(lambda client: everything(client, "describe_job_log_items", jobID=job["jobID"]))
    assert len(log) == 602
    assert [item["event"] for item in log].count("LAUNCH_END") == 100  # not in the model, and yet it gets through
    (ended,) = way.ask(lambda client: everything(client, "describe_jobs", filters={"jobIDs": [job["jobID"]]}))
    assert ended["status"] == "COMPLETED"
    instances = way.ask(lambda client: everything(client, "describe_recovery_instances"))
    assert len(instances) == 100


def refusal(client: Any, servers: list[dict[str, str]]) -> Any:
    try:
        client.start_recovery(sourceServers=servers)
    except ClientError as error:
        return error.response
    return None


def test_a_quota_that_is_exceeded_reaches_boto3_with_its_members(way: Way) -> None:
    servers = add(way, 101)
    response = way.ask(lambda client: refusal(client, servers))
    assert response["Error"]["Code"] == "ServiceQuotaExceededException"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 402
    assert (response["serviceCode"], response["quotaCode"], response["resourceType"]) == ("drs", "L-B827C881", "Job")


def test_a_start_answers_202_and_the_second_one_409(way: Way) -> None:
    servers = add(way, 1)
    granted = way.ask(lambda client: client.start_recovery(sourceServers=servers))
    refused = way.ask(lambda client: refusal(client, servers))
    assert granted["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert refused["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert refused["resourceId"] == servers[0]["sourceServerID"]


def test_tags_go_the_way_of_an_arn_in_a_path(way: Way) -> None:
    add(way, 1)
    (server,) = way.ask(lambda client: everything(client, "describe_source_servers"))
    way.ask(lambda client: client.tag_resource(resourceArn=server["arn"], tags={"Role": "db", "Env": "test"}))
    way.ask(lambda client: client.untag_resource(resourceArn=server["arn"], tagKeys=["Env"]))
    tags = way.ask(lambda client: client.list_tags_for_resource(resourceArn=server["arn"])["tags"])
    assert tags == {"Name": "app-000", "Role": "db"}
