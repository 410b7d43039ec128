"""What somebody who knows the service would try first, and what they would see: in its logs, and through boto3."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from statistics import median
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulator.account import moto_services
from simulator.account.world import ACCOUNT_ID
from simulator.account.world import World as Aws
from simulator.drs.settings import PROFILES, Distribution, FailingBack, Quotas, Replicating, Settings
from simulator.errors import HorizonReached
from tests.drs.test_extended_servers import EXTENDED, Worlds
from tests.drs.traces import assert_trace, reasons, seconds
from tests.drs.world import HOUR, PINNED, REGION, START, World, pinned

ORIGIN = "us-east-1"
BUSY = "One or more of the Source Servers included in API call are currently being processed by a Job"
DENIED = "An error occurred (UnauthorizedOperation) when calling the DeleteVolume operation: You are not authorized"
# Members that completed jobs, and servers in them, have shown only since the drill that was seen.
SINCE = {"participatingResources", "launchActionsStatus"}
SETTINGS = pinned(
    quotas=Quotas(servers_per_job=200),
    failing_back=FailingBack(initialising=Distribution(150), pairing=Distribution(60)),
    replicating=Replicating(first_byte=Distribution(110), first_snapshot=Distribution(60), rescan=Distribution(240)),
)


@pytest.fixture
def world() -> World:
    return World()


def test_a_two_drills_one_after_the_other_take_nine_minutes_each(world: World) -> None:
    observed = """
        0.36  JOB_START
        0.76  SNAPSHOT_START {0}
        0.79  SNAPSHOT_START {1}
        0.95  SNAPSHOT_END {0}
        0.98  SNAPSHOT_END {1}
       52.9   CONVERSION_START {0}
       52.9   CONVERSION_START {1}
      250.4   CONVERSION_END {0}
      250.5   CONVERSION_END {1}
      251.0   LAUNCH_START {0}
      251.2   LAUNCH_START {1}
      529     LAUNCH_END {0}
      531     LAUNCH_END {1}
      533     JOB_END
    """
    waves = [("db-1", "web-1"), ("app-1", "app-2")]
    for names in waves:
        job = world.recover(*world.add(*names), isDrill=True)
        assert_trace(world, job["jobID"], observed.format(*names), close=0.1)
        assert set(job) - SINCE == {
            "arn", "creationDateTime", "endDateTime", "initiatedBy", "jobID", "participatingServers", "status", "tags",
            "type",
        }  # fmt: skip
        assert [set(server) - SINCE for server in job["participatingServers"]] == [{"launchStatus", "sourceServerID"}] * 2
        assert world.statuses(job) == dict.fromkeys(names, "LAUNCHED")
        assert (job["status"], job["type"], job["initiatedBy"], job["tags"]) == ("COMPLETED", "LAUNCH", "START_DRILL", {})


def test_b_a_job_ends_minutes_after_its_first_server_is_up_with_the_other_one_failed(world: World) -> None:
    servers = world.add("db-1", "db-2")
    world.inject("db-2", "LAUNCH", "FAILED", raw_error=DENIED, after_ms=600_000)
    job = world.recover(*servers)
    assert_trace(
        world,
        job["jobID"],
        """
           0.357  JOB_START
           0.757  SNAPSHOT_START db-1
           0.782  SNAPSHOT_START db-2
           0.947  SNAPSHOT_END db-1
           0.972  SNAPSHOT_END db-2
          52.972  CONVERSION_START db-1
          52.997  CONVERSION_START db-2
         250.472  CONVERSION_END db-1
         250.532  CONVERSION_END db-2
         251.032  LAUNCH_START db-1
         251.232  LAUNCH_START db-2
         529.032  LAUNCH_END db-1
         851.232  LAUNCH_FAILED db-2
         854.062  JOB_END
    """,
    )
    assert reasons(world, job["jobID"]) == {"LAUNCH_FAILED db-2": DENIED}
    assert (job["status"], world.statuses(job)) == ("COMPLETED", {"db-1": "LAUNCHED", "db-2": "FAILED"})
    assert [world.server(server)["lastLaunchResult"] for server in servers] == ["SUCCEEDED", "FAILED"]
    assert [instance["sourceServerID"] for instance in world.instances()] == [servers[0].id]


def test_c_a_caller_without_rights_in_ec2_has_failed_within_a_second_and_nothing_says_why(world: World) -> None:
    (server,) = world.add("db-1")
    world.inject("db-1", "SNAPSHOT", "SILENT")
    job_id = world.start(server)
    world.pass_seconds(1)
    assert_trace(
        world,
        job_id,
        """
           0.357  JOB_START
           0.757  SNAPSHOT_START db-1
           0.947  SNAPSHOT_END db-1
           0.977  JOB_END
    """,
    )
    job = world.job(job_id)
    assert (job["status"], world.statuses(job), reasons(world, job_id)) == ("COMPLETED", {"db-1": "FAILED"}, {})


def test_d_a_conversion_that_hangs_locks_its_server_against_another_try(world: World) -> None:
    (server,) = world.add("db-1")
    world.inject("db-1", "CONVERSION", "HANG")
    job_id = world.start(server)
    world.pass_seconds(7 * 24 * HOUR)
    assert world.trace(job_id) == ["JOB_START", "SNAPSHOT_START db-1", "SNAPSHOT_END db-1", "CONVERSION_START db-1"]
    assert (world.job(job_id)["status"], world.statuses(world.job(job_id))) == ("STARTED", {"db-1": "PENDING"})
    error = world.refusal("StartRecovery", sourceServers=[{"sourceServerID": server.id}])
    assert (error.status, error.code, error.message) == (409, "ConflictException", BUSY)
    assert error.members["resourceId"] == server.id


def test_e_twenty_five_servers_take_half_an_hour_and_appear_in_ec2_within_a_minute_near_its_end() -> None:
    took, apart, before_the_end = [], [], []
    for seed in range(21):
        world = World(Settings(rates=None), seed)
        job_id = world.start(*world.add(*(f"app-{number}" for number in range(25)), profile="windows-direct"))
        world.pass_seconds(6 * HOUR)
        took.append(seconds(world.job(job_id)))
        starts = [entry.at_ms / 1000 for entry in world.journal if getattr(entry.event, "state", "") == "PENDING"]
        assert len(starts) == 25
        apart.append(max(starts) - min(starts))
        before_the_end.append(took[-1] - median(starts))
    assert median(took) == pytest.approx(1726, rel=0.1)
    assert median(apart) < 60
    assert 30 < median(before_the_end) < 110


def test_e_extended_servers_take_a_job_of_a_quarter_of_an_hour_and_one_of_more_than_half_an_hour() -> None:
    profiles = {**PROFILES, "linux-direct": PINNED, "extended": replace(EXTENDED, launch=Distribution(1270))}
    world = Worlds(profiles=profiles)
    job = world.recover(*world.extend("db-1", "db-2"))
    (there,) = world.there("DescribeJobs")["items"]
    assert (there["type"], job["type"]) == ("CREATE_CONVERTED_SNAPSHOT", "LAUNCH")
    assert seconds(there) == pytest.approx(14 * 60, rel=0.1)
    assert seconds(job) == pytest.approx(36 * 60, rel=0.1)
    assert {server["sourceServerID"] for server in there["participatingServers"]} == {
        server["sourceServerID"] for server in job["participatingServers"]
    }


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws(1, START, REGION, SETTINGS)
    with aws.installed():
        aws.drs.region(ACCOUNT_ID, REGION).initialize()
        yield aws


def drs(region: str = REGION) -> Any:
    return moto_services.client("drs", region, ACCOUNT_ID)


def let_pass(aws: Aws, duration_seconds: float) -> None:
    until_ms = aws.clock.now_ms + round(duration_seconds * 1000)
    aws.clock.call_at(until_ms, lambda: None)
    with suppress(HorizonReached):
        aws.clock.run(until_ms)


def add(aws: Aws, count: int, prefix: str = "app", **options: Any) -> list[dict[str, str]]:
    region = aws.drs.region(ACCOUNT_ID, REGION)
    return [{"sourceServerID": region.add_source_server(f"{prefix}-{number}", **options).id} for number in range(count)]


def status_of(call: Callable[[], Any]) -> tuple[int, str]:
    """The HTTP status of a call's answer, and the error's name."""
    try:
        return call()["ResponseMetadata"]["HTTPStatusCode"], ""
    except ClientError as error:
        response: Any = error.response
        return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_f_of_two_calls_at_once_for_a_server_one_is_granted_and_one_refused(aws: Aws) -> None:
    servers = add(aws, 1)
    answers: list[tuple[int, str]] = []
    for caller in ("one", "other"):
        aws.clock.spawn(caller, lambda: answers.append(status_of(lambda: drs().start_recovery(sourceServers=servers))))
    let_pass(aws, 1)
    assert answers == [(202, ""), (409, "ConflictException")]


def test_g_a_second_drill_deletes_the_first_ones_instance_from_ec2(aws: Aws) -> None:
    servers = add(aws, 1)
    jobs, instances = [], []
    for _ in range(2):
        jobs.append(drs().start_recovery(sourceServers=servers, isDrill=True)["job"]["jobID"])
        let_pass(aws, HOUR)
        instances.append(drs().describe_recovery_instances()["items"][0]["ec2InstanceID"])
    first, second = ([item["event"] for item in drs().describe_job_log_items(jobID=job)["items"]] for job in jobs)
    assert second == ["JOB_START", "CLEANUP_START", "CLEANUP_END", *first[1:]]
    reservations = moto_services.client("ec2", REGION, ACCOUNT_ID).describe_instances(InstanceIds=instances)["Reservations"]
    states = {one["Instances"][0]["InstanceId"]: one["Instances"][0]["State"]["Name"] for one in reservations}
    assert states == {instances[0]: "terminated", instances[1]: "running"}


@pytest.mark.parametrize("_way", ["straight"], indirect=True)  # it has an account of its own
def test_h_a_hundred_servers_fit_in_a_job_and_more_than_the_model_allows_are_no_request() -> None:
    aws = Aws(1, START, REGION, pinned())
    with aws.installed():
        aws.drs.region(ACCOUNT_ID, REGION).initialize()
        servers = add(aws, 201)
        answers = [
            status_of(lambda number=number: drs().start_recovery(sourceServers=servers[:number]))  # type: ignore[misc]
            for number in (201, 101, 100)
        ]
    assert answers == [(400, "ValidationException"), (402, "ServiceQuotaExceededException"), (202, "")]


def test_i_a_server_fails_over_and_back_and_is_protected_again(aws: Aws) -> None:
    aws.drs.region(ACCOUNT_ID, ORIGIN).initialize()
    (server,) = add(aws, 1, "db", origin_region=ORIGIN)
    aws.drs.region(ACCOUNT_ID, REGION).set_replication_state("db-0", "STALLED", "AGENT_NOT_SEEN")
    here, there = drs(), drs(ORIGIN)
    here.start_recovery(sourceServers=[server])
    for _ in range(600):
        let_pass(aws, 1)
        if found := here.describe_recovery_instances()["items"]:
            break
    instance = found[0]["recoveryInstanceID"]
    story = [status_of(lambda: here.reverse_replication(recoveryInstanceID=instance))]  # its agent still starts
    let_pass(aws, 300)
    story.append(status_of(lambda: here.reverse_replication(recoveryInstanceID=instance)))
    back = there.describe_source_servers()["items"][0]
    assert (back["replicationDirection"], back["sourceProperties"]["identificationHints"]["awsInstanceID"]) == (
        "FAILBACK",
        instance,
    )
    let_pass(aws, HOUR)
    story.append(status_of(lambda: here.terminate_recovery_instances(recoveryInstanceIDs=[instance])))  # it fails back
    source, returning = "i-0123456789abcdef0", {"sourceServerID": back["sourceServerID"]}
    into = {"launchIntoEC2InstanceID": source}
    there.update_launch_configuration(**returning, launchIntoInstanceProperties=into)
    story.append(status_of(lambda: there.start_recovery(sourceServers=[returning])))  # the old instance still runs
    aws.drs.region(ACCOUNT_ID, ORIGIN).set_ec2_state(source, "STOPPED")
    story.append(status_of(lambda: there.start_recovery(sourceServers=[returning])))
    let_pass(aws, HOUR)
    assert [one["failback"]["state"] for one in here.describe_recovery_instances()["items"]] == ["FAILBACK_COMPLETED"]
    story.append(status_of(lambda: there.reverse_replication(recoveryInstanceID=source)))
    let_pass(aws, HOUR)
    (forward,) = here.describe_source_servers()["items"]
    assert (forward["sourceServerID"], forward["dataReplicationInfo"]["dataReplicationState"]) == (
        server["sourceServerID"],
        "CONTINUOUS",
    )
    story += [
        status_of(lambda: there.stop_replication(**returning)),
        status_of(lambda: here.stop_failback(recoveryInstanceID=instance)),
        status_of(lambda: here.terminate_recovery_instances(recoveryInstanceIDs=[instance])),
        status_of(lambda: there.delete_recovery_instance(recoveryInstanceID=source)),
        status_of(lambda: there.disconnect_source_server(**returning)),
        status_of(lambda: there.delete_source_server(**returning)),
    ]
    assert story == [
        (409, "ConflictException"), (200, ""), (409, "ConflictException"), (409, "ConflictException"), (202, ""), (200, ""),
        (200, ""), (200, ""), (200, ""), (200, ""), (200, ""), (204, ""),
    ]  # fmt: skip


def rows(operation: str, **request: Any) -> list[Any]:
    return [row for page in drs().get_paginator(operation).paginate(**request) for row in page["items"]]


def test_j_paginators_find_250_servers_and_a_thousand_items_of_a_log(aws: Aws) -> None:
    servers = add(aws, 250)
    assert [row["sourceServerID"] for row in rows("describe_source_servers")] == [one["sourceServerID"] for one in servers]
    job_id = drs().start_recovery(sourceServers=servers[:167])["job"]["jobID"]
    let_pass(aws, HOUR)
    log = rows("describe_job_log_items", jobID=job_id)
    assert (len(log), log[0]["event"], log[-1]["event"]) == (1004, "JOB_START", "JOB_END")
    assert [item["logDateTime"] for item in log] == sorted(item["logDateTime"] for item in log)
    assert len(rows("describe_recovery_instances")) == 167


def test_k_a_region_that_is_not_set_up_says_so_until_it_is(aws: Aws) -> None:
    elsewhere = drs("eu-central-1")
    with pytest.raises(elsewhere.exceptions.UninitializedAccountException, match="not initialized") as raised:
        elsewhere.describe_source_servers()
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert status_of(elsewhere.describe_jobs) == (400, "UninitializedAccountException")
    assert status_of(elsewhere.initialize_service) == (204, "")
    assert elsewhere.describe_source_servers()["items"] == []
