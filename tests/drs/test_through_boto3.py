"""The service as boto3 sees it: its paginators, its exceptions."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulator.account import moto_services
from simulator.account.world import ACCOUNT_ID, World
from simulator.errors import HorizonReached
from tests.drs.world import HOUR, START, pinned

REGION = "us-west-2"


@pytest.fixture
def world() -> Iterator[World]:
    world = World(1, START, REGION, pinned())
    with world.installed():
        world.drs.region(ACCOUNT_ID, REGION).initialize()
        yield world


def outcome(world: World, ask: Callable[[Any], Any], seconds: float = 1) -> Any:
    """What a process gets that asks something of a client, some time later."""
    process = world.clock.spawn("caller", lambda: ask(moto_services.client("drs", REGION, ACCOUNT_ID)))
    until_ms = world.clock.now_ms + round(seconds * 1000)
    world.clock.call_at(until_ms, lambda: None)
    with suppress(HorizonReached):
        world.clock.run(until_ms)
    return process.value


def add(world: World, count: int) -> list[dict[str, str]]:
    region = world.drs.region(ACCOUNT_ID, REGION)
    return [{"sourceServerID": region.add_source_server(f"app-{number:03}").id} for number in range(count)]


def everything(client: Any, operation: str, member: str = "items", **request: Any) -> list[Any]:
    return [row for page in client.get_paginator(operation).paginate(**request) for row in page[member]]


def test_a_paginator_finds_all_of_250_servers(world: World) -> None:
    added = [server["sourceServerID"] for server in add(world, 250)]
    found = outcome(world, lambda client: everything(client, "describe_source_servers"))
    assert [server["sourceServerID"] for server in found] == added


def test_a_paginator_finds_the_whole_log_of_a_large_job(world: World) -> None:
    servers = add(world, 100)
    job = outcome(world, lambda client: client.start_recovery(sourceServers=servers, isDrill=True)["job"], HOUR)
    log = outcome(world, lambda client: everything(client, "describe_job_log_items", jobID=job["jobID"]))
    assert len(log) == 602
    assert [item["event"] for item in log].count("LAUNCH_END") == 100  # not in the model, and yet it gets through
    (ended,) = outcome(world, lambda client: everything(client, "describe_jobs", filters={"jobIDs": [job["jobID"]]}))
    assert ended["status"] == "COMPLETED"
    instances = outcome(world, lambda client: everything(client, "describe_recovery_instances"))
    assert len(instances) == 100


def refusal(client: Any, servers: list[dict[str, str]]) -> Any:
    try:
        client.start_recovery(sourceServers=servers)
    except ClientError as error:
        return error.response
    return None


def test_a_quota_that_is_exceeded_reaches_boto3_with_its_members(world: World) -> None:
    servers = add(world, 101)
    response = outcome(world, lambda client: refusal(client, servers))
    assert response["Error"]["Code"] == "ServiceQuotaExceededException"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 402
    assert (response["serviceCode"], response["quotaCode"], response["resourceType"]) == ("drs", "L-B827C881", "Job")


def test_a_start_answers_202_and_the_second_one_409(world: World) -> None:
    servers = add(world, 1)
    granted = outcome(world, lambda client: client.start_recovery(sourceServers=servers))
    refused = outcome(world, lambda client: refusal(client, servers))
    assert granted["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert refused["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert refused["resourceId"] == servers[0]["sourceServerID"]


def test_tags_go_the_way_of_an_arn_in_a_path(world: World) -> None:
    add(world, 1)
    (server,) = outcome(world, lambda client: everything(client, "describe_source_servers"))
    outcome(world, lambda client: client.tag_resource(resourceArn=server["arn"], tags={"Role": "db", "Env": "test"}))
    outcome(world, lambda client: client.untag_resource(resourceArn=server["arn"], tagKeys=["Env"]))
    tags = outcome(world, lambda client: client.list_tags_for_resource(resourceArn=server["arn"])["tags"])
    assert tags == {"Name": "app-000", "Role": "db"}
