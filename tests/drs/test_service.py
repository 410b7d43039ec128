"""The front door: initialisation, unknown operations, faults from outside the API, and those who watch."""

import pytest

from simulator.drs.faults import ServerFault
from simulator.drs.happenings import Happening
from simulator.drs.refusals import validation_error
from simulator.errors import ServiceError
from simulator.journal import FaultFired, InstanceChanged, JobLogged, LaunchStatusChanged
from tests.drs.shapes import model
from tests.drs.world import ACCOUNT, HOUR, REGION, World

BUSY = "One or more of the Source Servers included in API call are currently being processed by a Job"
WITHOUT_SETUP = {"InitializeService", "ListTagsForResource", "TagResource", "UntagResource"}


@pytest.fixture
def world() -> World:
    return World()


def test_every_operation_that_is_answered_exists_in_the_services_model(world: World) -> None:
    assert set(world.service.operations) <= set(model().operation_names)


def test_an_operation_that_is_not_simulated_says_so_by_name(world: World) -> None:
    with pytest.raises(ServiceError) as refused:
        world.service.call(ACCOUNT, REGION, "MakeCoffee", {})
    assert (refused.value.code, refused.value.message) == ("NotImplemented", "drs:MakeCoffee is not simulated")


def test_a_region_where_drs_is_not_set_up_refuses_everything_but_tags_and_setting_it_up(world: World) -> None:
    def refusal(place: int, operation: str) -> str | None:
        try:
            asked = {"resourceArn": "arn:aws:x", "tags": {}, "tagKeys": []}
            world.service.call(ACCOUNT, f"eu-west-{place}", operation, asked)
        except ServiceError as error:
            return f"{error.status} {error}"
        return None

    told = {operation: refusal(place, operation) for place, operation in enumerate(world.service.operations)}
    refused = {name for name, text in told.items() if text == "400 UninitializedAccountException: Account not initialized"}
    assert refused == set(world.service.operations) - WITHOUT_SETUP


def test_initialising_sets_a_region_up_and_can_be_repeated(world: World) -> None:
    for _ in range(2):
        assert world.ask(ACCOUNT, "eu-west-2", "InitializeService", {}) == {}
    assert world.ask(ACCOUNT, "eu-west-2", "DescribeJobs", {}) == {"items": []}


def test_a_request_that_breaks_its_shape_is_told_field_by_field() -> None:
    error = validation_error([("sourceServers", "must not be null"), ("isDrill", "must be a boolean")])
    assert (error.code, error.status) == ("ValidationException", 400)
    assert error.members == {
        "reason": "fieldValidationFailed",
        "fieldList": [
            {"name": "sourceServers", "message": "must not be null"},
            {"name": "isDrill", "message": "must be a boolean"},
        ],
    }


def test_a_fault_that_takes_effect_is_in_the_journal(world: World) -> None:
    servers = world.add("db-1", "db-2")
    world.inject("db-2", "LAUNCH", "FAILED")
    world.recover(*servers)
    assert world.events("fault.fired") == [FaultFired("a-fault", "db-2", "LAUNCH FAILED")]


def test_a_fault_hits_as_many_jobs_as_it_is_told(world: World) -> None:
    (server,) = world.add("db-1")
    world.inject("db-1", "CONVERSION", "FAILED", times=2)
    results = [world.statuses(world.recover(server))["db-1"] for _ in range(3)]
    assert results == ["FAILED", "FAILED", "LAUNCHED"]


def test_faults_with_the_same_id_count_for_themselves(world: World) -> None:
    servers = world.add("db-1", "db-2")
    for server in servers:
        world.inject(server.id, "LAUNCH", "FAILED", times=1)
    assert world.statuses(world.recover(*servers)) == {"db-1": "FAILED", "db-2": "FAILED"}


def test_a_fault_in_a_phase_that_never_comes_never_fires(world: World) -> None:
    world.inject(world.add("db-1")[0].id, "CLEANUP", "FAILED")
    world.recover(world.region.state.server_named("db-1"))
    assert world.events("fault.fired") == []


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (ServerFault("f", "nobody", "LAUNCH", "FAILED"), "no source server 'nobody' among the 1 in us-west-2"),
        (ServerFault("f", "db-1", "BOOT", "FAILED"), "no phase 'BOOT': CLEANUP, SNAPSHOT, CONVERSION, LAUNCH"),
        (ServerFault("f", "db-1", "LAUNCH", "SLOW"), "no outcome 'SLOW': FAILED, NO_SNAPSHOT, SILENT, HANG, CANCELLED"),
        (ServerFault("f", "db-1", "LAUNCH", "NO_SNAPSHOT"), "a LAUNCH cannot end NO_SNAPSHOT"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(world: World, fault: ServerFault, told: str) -> None:
    world.add("db-1")
    with pytest.raises(ValueError, match=told):
        world.region.inject(fault)


def test_a_server_that_another_job_holds_is_refused_until_that_job_ends(world: World) -> None:
    (server,) = world.add("db-1")
    world.region.occupy("db-1", from_ms=60_000, for_ms=300_000, fault_id="busy")
    world.pass_seconds(60)
    (other,) = world.call("DescribeJobs")["items"]
    assert (other["initiatedBy"], other["status"]) == ("DIAGNOSTIC", "STARTED")
    error = world.refusal("StartRecovery", sourceServers=[{"sourceServerID": server.id}])
    assert (error.code, error.message) == ("ConflictException", BUSY)
    assert world.events("fault.fired") == [FaultFired("busy", "db-1", "ConflictException")]
    world.pass_seconds(300)
    world.start(server)
    assert world.job(other["jobID"])["status"] == "COMPLETED"
    world.pass_seconds(1)
    assert world.trace(other["jobID"]) == ["JOB_START", "JOB_END"]


def test_occupying_a_server_leaves_no_trace_on_it(world: World) -> None:
    (server,) = world.add("db-1")
    world.region.occupy("db-1", 0, 60_000, "busy")
    world.pass_seconds(HOUR)
    assert world.server(server)["lifeCycle"]["lastLaunch"] == {"initiated": {}}
    assert world.events("drs.launch", "drs.instance") == []
    assert world.instances() == []


def test_a_server_that_is_in_a_job_by_then_is_not_occupied(world: World) -> None:
    (server,) = world.add("db-1")
    world.region.occupy("db-1", 10_000, 60_000, "busy")
    world.recover(server)
    assert len(world.call("DescribeJobs")["items"]) == 1


def test_occupying_a_server_changes_nobodys_luck_or_ids(world: World) -> None:
    def recovered(occupied: bool) -> object:
        fresh = World()
        (server,) = fresh.add("db-1")
        if occupied:
            fresh.region.occupy("db-1", 0, 60_000, "busy")
        fresh.pass_seconds(120)
        return fresh.recover(server)

    assert recovered(occupied=True) == recovered(occupied=False)


def test_occupying_an_unknown_server_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="no source server 'nobody'"):
        world.region.occupy("nobody", 0, 1, "busy")


def test_those_who_watch_are_told_what_happens_as_it_happens(world: World) -> None:
    (server,) = world.add("db-1")
    told: list[Happening] = []
    world.service.subscribe(told.append)
    world.recover(server, isDrill=True)
    (instance,) = world.instances()
    assert {(one.account_id, one.region) for one in told} == {(ACCOUNT, REGION)}
    kinds = ("drs.job", "drs.log", "drs.launch", "drs.instance", "drs.recovery_point", "drs.replication")
    assert [one.event for one in told] == world.events(*kinds)
    states = [one.event.state for one in told if isinstance(one.event, InstanceChanged)]
    assert states == ["PENDING", "RUNNING"]
    launched = [one.event for one in told if isinstance(one.event, LaunchStatusChanged)][-1]
    assert (launched.server, launched.status) == (server.id, "LAUNCHED")
    ended = [one.event for one in told if isinstance(one.event, JobLogged) and one.event.event == "LAUNCH_END"]
    assert ended[0].data["targetInstanceID"] == instance["ec2InstanceID"]


def test_an_instance_appears_in_ec2_before_its_launch_ends(world: World) -> None:
    world.recover(*world.add("db-1"))
    pending, running = [entry.at_ms for entry in world.journal if entry.event.kind == "drs.instance"]
    assert running - pending == 45_000


def test_an_instance_of_a_cancelled_launch_disappears_from_ec2(world: World) -> None:
    servers = world.add("db-1", "db-2")
    world.inject("db-2", "LAUNCH", "CANCELLED", after_ms=240_000)
    world.recover(*servers)
    assert [(event.server, event.state) for event in world.events("drs.instance")] == [
        (servers[0].id, "PENDING"),
        (servers[0].id, "TERMINATED"),
    ]
    assert world.instances() == []
