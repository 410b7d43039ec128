"""Launch actions: how they are kept, and how they run on what was launched."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import pytest

from simulator.drs.action_runner import Target
from simulator.drs.faults import ActionFault
from simulator.drs.model import SourceServer
from simulator.drs.settings import Distribution, LaunchActions, Quotas
from tests.drs.world import ACCOUNT, HOUR, REGION, World, pinned

KNOBS = LaunchActions(discovery=Distribution(120), run=Distribution(30))
LAUNCHED_SECONDS = 528.947  # when the launch of one server ends, with every latency pinned


def action(number: int, **more: Any) -> dict[str, Any]:
    return {
        "actionCode": "AWS-RunShellScript",
        "actionId": str(UUID(int=number)),
        "actionVersion": "$DEFAULT",
        "active": True,
        "category": "VALIDATION",
        "description": "",
        "name": f"check {number}",
        "optional": False,
        "order": number + 2,
        "parameters": {},
        **more,
    }


@pytest.fixture
def world() -> World:
    return World(pinned(launch_actions=KNOBS))


@pytest.fixture
def server(world: World) -> SourceServer:
    (server,) = world.add("db-1")
    world.call("UpdateLaunchConfiguration", sourceServerID=server.id, postLaunchEnabled=True)
    return server


def put(world: World, server: SourceServer, number: int, **more: Any) -> Any:
    return world.call("PutLaunchAction", resourceId=server.id, **action(number, **more))


def listed(world: World, resource: str, **more: Any) -> list[str]:
    return [one["name"] for one in world.call("ListLaunchActions", resourceId=resource, **more)["items"]]


def runs(job: Any) -> list[tuple[str, str]]:
    (member,) = job["participatingServers"]
    return [(run["action"]["name"], run["status"]) for run in member["launchActionsStatus"]["runs"]]


def test_actions_are_listed_in_their_order(world: World, server: SourceServer) -> None:
    for number in (3, 1, 2):
        put(world, server, number)
    assert listed(world, server.id) == ["check 1", "check 2", "check 3"]
    assert listed(world, server.id, filters={"actionIds": [str(UUID(int=2))]}) == ["check 2"]
    first = world.call("ListLaunchActions", resourceId=server.id, maxResults=2)
    rest = world.call("ListLaunchActions", resourceId=server.id, maxResults=2, nextToken=first["nextToken"])
    assert [len(page["items"]) for page in (first, rest)] == [2, 1]


def test_an_action_tells_what_it_was_given_and_its_type(world: World, server: SourceServer) -> None:
    given = action(1, parameters={"Version": {"value": "5", "type": "DYNAMIC"}})
    assert world.call("PutLaunchAction", resourceId=server.id, **given) == {
        "resourceId": server.id,
        "type": "SSM_COMMAND",
        **given,
    }
    assert put(world, server, 2, actionCode="MyCompany-Warm-Up")["type"] == "SSM_AUTOMATION"


def test_putting_an_action_again_replaces_it(world: World, server: SourceServer) -> None:
    put(world, server, 1)
    put(world, server, 1, name="renamed")
    assert listed(world, server.id) == ["renamed"]


def test_two_actions_cannot_have_the_same_order(world: World, server: SourceServer) -> None:
    put(world, server, 1)
    assert world.refusal("PutLaunchAction", resourceId=server.id, **action(2, order=3)).code == "ConflictException"


def test_an_action_can_be_deleted_once(world: World, server: SourceServer) -> None:
    identifier = put(world, server, 1)["actionId"]
    assert world.call("DeleteLaunchAction", resourceId=server.id, actionId=identifier) == {}
    assert listed(world, server.id) == []
    error = world.refusal("DeleteLaunchAction", resourceId=server.id, actionId=identifier)
    assert (error.code, error.members["resourceType"]) == ("ResourceNotFoundException", "LaunchAction")


@pytest.mark.parametrize("resource", ["s-50000000000000000", "lct-50000000000000000"])
def test_an_unknown_resource_has_no_actions(world: World, resource: str) -> None:
    assert world.refusal("ListLaunchActions", resourceId=resource).code == "ResourceNotFoundException"
    assert world.refusal("PutLaunchAction", resourceId=resource, **action(1)).code == "ResourceNotFoundException"


def test_a_resource_has_so_many_actions_at_most() -> None:
    world = World(pinned(quotas=Quotas(launch_actions=2)))
    (server,) = world.add("db-1")
    for number in (1, 2):
        put(world, server, number)
    put(world, server, 2, name="again")
    error = world.refusal("PutLaunchAction", resourceId=server.id, **action(3))
    assert (error.code, error.members["code"]) == ("ConflictException", "L-0588D03B")


def test_actions_do_not_change_while_a_job_holds_the_server(world: World, server: SourceServer) -> None:
    world.start(server)
    assert world.refusal("PutLaunchAction", resourceId=server.id, **action(1)).code == "ConflictException"


def test_new_servers_have_the_actions_of_the_launch_template(world: World) -> None:
    template = world.call("CreateLaunchConfigurationTemplate")["launchConfigurationTemplate"]
    resource = template["launchConfigurationTemplateID"]
    world.call("PutLaunchAction", resourceId=resource, **action(1))
    (server,) = world.add("new")
    world.call("DeleteLaunchAction", resourceId=resource, actionId=str(UUID(int=1)))
    assert (listed(world, server.id), listed(world, resource)) == (["check 1"], [])


# Runs


def test_a_launch_is_over_when_its_last_mandatory_action_has_ended(world: World, server: SourceServer) -> None:
    put(world, server, 1)
    put(world, server, 2, optional=True)
    put(world, server, 3)
    put(world, server, 4, optional=True)
    put(world, server, 5, active=False)
    job = world.start(server)
    world.pass_seconds(LAUNCHED_SECONDS + 119)
    assert "LAUNCH_END db-1" in world.trace(job)
    assert world.job(job)["participatingServers"][0]["launchActionsStatus"] == {"runs": []}
    world.pass_seconds(31 + 30)
    assert runs(world.job(job)) == [("check 1", "SUCCEEDED"), ("check 2", "SUCCEEDED"), ("check 3", "IN_PROGRESS")]
    assert world.statuses(world.job(job)) == {"db-1": "PENDING"}
    world.pass_seconds(30)
    assert world.statuses(world.job(job)) == {"db-1": "LAUNCHED"}
    world.pass_seconds(HOUR)
    ended = world.job(job)
    assert ended["status"] == "COMPLETED"
    assert runs(ended) == [(f"check {number}", "SUCCEEDED") for number in (1, 2, 3, 4)]
    found = ended["participatingServers"][0]["launchActionsStatus"]["ssmAgentDiscoveryDatetime"]
    assert found.startswith("2026-03-01T02:10:4")


@pytest.mark.parametrize("more", [{"postLaunchEnabled": False}, {"postLaunchEnabled": True}])
def test_without_actions_that_are_on_nothing_runs(world: World, server: SourceServer, more: Mapping[str, Any]) -> None:
    put(world, server, 1, active=not more["postLaunchEnabled"])
    world.call("UpdateLaunchConfiguration", sourceServerID=server.id, **more)
    job = world.recover(server)
    assert (job["status"], runs(job)) == ("COMPLETED", [])
    assert world.statuses(job) == {"db-1": "LAUNCHED"}


def test_a_mandatory_action_that_fails_fails_the_launch_and_leaves_the_instance(world: World, server: SourceServer) -> None:
    put(world, server, 1)
    put(world, server, 2)
    world.region.inject_action(ActionFault("broken", "db-1", "check 1", "exit status 1"))
    job = world.recover(server)
    assert (world.statuses(job), runs(job)) == ({"db-1": "FAILED"}, [("check 1", "FAILED")])
    (run,) = job["participatingServers"][0]["launchActionsStatus"]["runs"]
    assert run["failureReason"] == "exit status 1"
    assert world.trace(job["jobID"])[-3:] == ["LAUNCH_END db-1", "LAUNCH_FAILED db-1", "JOB_END"]
    assert world.log(job["jobID"])[-2]["eventData"]["rawError"] == "Launch action check 1 failed: exit status 1"
    assert [instance["ec2InstanceState"] for instance in world.instances()] == ["RUNNING"]
    assert world.server(server)["lastLaunchResult"] == "FAILED"
    assert [(event.fault, event.effect) for event in world.events("fault.fired")] == [
        ("broken", "launch action AWS-RunShellScript")
    ]


def test_an_optional_action_that_fails_fails_nothing_else(world: World, server: SourceServer) -> None:
    put(world, server, 1, optional=True)
    put(world, server, 2)
    world.region.inject_action(ActionFault("broken", "db-1", "check 1", times=1))
    job = world.recover(server)
    assert (world.statuses(job), runs(job)) == ({"db-1": "LAUNCHED"}, [("check 1", "FAILED"), ("check 2", "SUCCEEDED")])
    assert runs(world.recover(server)) == [("check 1", "SUCCEEDED"), ("check 2", "SUCCEEDED")]


def test_where_the_agent_is_never_found_what_had_to_run_has_failed(world: World, server: SourceServer) -> None:
    put(world, server, 1)
    world.region.inject_action(ActionFault("silent", "db-1", "DISCOVERY"))
    job = world.recover(server)
    assert world.statuses(job) == {"db-1": "FAILED"}
    assert job["participatingServers"][0]["launchActionsStatus"] == {"runs": []}
    assert world.log(job["jobID"])[-2]["eventData"]["rawError"] == "The SSM agent was not found on the launched instance"


def test_an_agent_that_is_found_after_it_was_given_up_runs_nothing() -> None:
    world = World(pinned(launch_actions=LaunchActions(Distribution(1300), 1200, Distribution(30))))
    (server,) = world.add("db-1")
    world.call("UpdateLaunchConfiguration", sourceServerID=server.id, postLaunchEnabled=True)
    put(world, server, 1)
    job = world.recover(server)
    assert world.statuses(job) == {"db-1": "FAILED"}
    assert job["participatingServers"][0]["launchActionsStatus"] == {"runs": []}


def test_with_optional_actions_alone_the_launch_waits_for_nothing(world: World, server: SourceServer) -> None:
    put(world, server, 1, optional=True)
    world.region.inject_action(ActionFault("silent", "db-1", "DISCOVERY"))
    assert world.statuses(world.recover(server)) == {"db-1": "LAUNCHED"}


def test_a_knob_lets_the_launch_be_good_whatever_its_actions_do() -> None:
    world = World(pinned(launch_actions=LaunchActions(Distribution(120), 1200, Distribution(30), holds_launch=False)))
    (server,) = world.add("db-1")
    world.call("UpdateLaunchConfiguration", sourceServerID=server.id, postLaunchEnabled=True)
    put(world, server, 1)
    world.region.inject_action(ActionFault("broken", "db-1"))
    job = world.start(server)
    world.pass_seconds(LAUNCHED_SECONDS + 1)
    assert world.statuses(world.job(job)) == {"db-1": "LAUNCHED"}
    world.pass_seconds(HOUR)
    assert runs(world.job(job)) == [("check 1", "FAILED")]


def test_the_other_servers_of_the_job_wait_for_no_actions_but_the_job_does(world: World, server: SourceServer) -> None:
    put(world, server, 1)
    (other,) = world.add("other")
    job = world.start(server, other)
    world.pass_seconds(LAUNCHED_SECONDS + 10)
    assert world.statuses(world.job(job)) == {"db-1": "PENDING", "other": "LAUNCHED"}
    assert world.job(job)["status"] == "STARTED"


def test_a_job_that_is_cancelled_while_actions_run_leaves_the_instance(world: World, server: SourceServer) -> None:
    put(world, server, 1)
    (other,) = world.add("other")
    world.inject("other", "LAUNCH", "CANCELLED", after_ms=400_000)
    job = world.recover(server, other)
    assert world.statuses(job) == {"db-1": "FAILED", "other": "FAILED"}
    assert [instance["sourceServerID"] for instance in world.instances()] == [server.id]


class Runner:
    """Somebody who runs actions at once."""

    def __init__(self, world: World, outcome: str | None) -> None:
        self.world, self.outcome = world, outcome
        self.asked: list[tuple[Target, str]] = []
        self.found: list[Target] = []

    def document_type(self, account_id: str, region: str, document: str) -> str | None:
        return {"Warm": "SSM_COMMAND"}.get(document)

    def discovered(self, target: Target) -> None:
        self.found.append(target)

    def run(self, target: Target, action: Mapping[str, Any], ended: Callable[[str | None], None]) -> None:
        self.asked.append((target, action["actionCode"]))
        self.world.clock.call_after(1_000, lambda: ended(self.outcome))


@pytest.mark.parametrize(("outcome", "status"), [(None, "LAUNCHED"), ("timed\nout", "FAILED")])
def test_somebody_else_can_run_the_actions(world: World, server: SourceServer, outcome: str | None, status: str) -> None:
    runner = Runner(world, outcome)
    world.service.run_actions_with(runner)
    assert put(world, server, 1, actionCode="Warm")["type"] == "SSM_COMMAND"
    job = world.recover(server)
    (instance,) = world.instances()
    target = Target(ACCOUNT, REGION, instance["ec2InstanceID"], server.id, job["jobID"])
    assert (runner.found, runner.asked) == ([target], [(target, "Warm")])
    assert world.statuses(job) == {"db-1": status}
    (run,) = job["participatingServers"][0]["launchActionsStatus"]["runs"]
    assert run.get("failureReason") == (None if outcome is None else "timed out")
