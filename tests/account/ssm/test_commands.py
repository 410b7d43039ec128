"""Run Command on managed instances, and the launch actions of DRS, through boto3."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from simulator.account import moto_services
from simulator.account.ssm.outcomes import Duration, Outcome
from simulator.account.world import ACCOUNT_ID, World
from simulator.drs.settings import Distribution, LaunchActions, Settings
from simulator.journal import CommandChanged
from tests.account.conftest import stage
from tests.account.ssm.test_automation import MINUTE, Ssm, step

WEB = "i-0000000000000001a"
DB = "i-0000000000000002b"
SCRIPT = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["uptime"]}}


@pytest.fixture
def ssm() -> Iterator[Ssm]:
    with stage() as ready:
        found = Ssm(ready)
        found.world.ssm().instances.add(WEB, 0, name="web-1", tags={"tier": "web"})
        found.world.ssm().instances.add(DB, 0, name="db-1", tags={"tier": "db"})
        yield found


def send(ssm: Ssm, wait_ms: int = 10 * MINUTE, **more: Any) -> dict[str, dict[str, Any]]:
    """Send the script and let some time pass; what each instance made of it."""

    def act() -> Any:
        command = ssm.boto.send_command(**{**SCRIPT, **more})["Command"]
        ssm.world.clock.sleep_ms(wait_ms)
        listed = ssm.boto.list_command_invocations(CommandId=command["CommandId"])["CommandInvocations"]
        instances = [one["InstanceId"] for one in listed]
        ask = ssm.boto.get_command_invocation
        return {one: ask(CommandId=command["CommandId"], InstanceId=one) for one in instances}

    found: dict[str, dict[str, Any]] = ssm.do(act)
    return found


def test_a_command_runs_on_each_instance_that_is_named(ssm: Ssm) -> None:
    ssm.world.ssm_outcomes.add(Outcome("AWS-RunShellScript", instance=WEB, output="up 3 days"))
    done = send(ssm, InstanceIds=[WEB, DB])
    assert {one: (found["Status"], found["ResponseCode"]) for one, found in done.items()} == {
        WEB: ("Success", 0),
        DB: ("Success", 0),
    }
    assert done[WEB]["StandardOutputContent"] == "up 3 days"
    statuses = [one.status for _, one in ssm.world.journal.of(CommandChanged) if one.instance == WEB]
    assert statuses == ["Pending", "InProgress", "Success"]


def test_targets_choose_instances_by_tag(ssm: Ssm) -> None:
    assert list(send(ssm, Targets=[{"Key": "tag:tier", "Values": ["db"]}])) == [DB]


@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [
        (Outcome(ending="Failed", message="exit 1"), "Failed", 1),
        (Outcome(ending="hang"), "TimedOut", -1),
        (Outcome(duration=Duration(7_200, 7_200)), "TimedOut", -1),
    ],
)
def test_a_command_fails_or_times_out_as_asked_for(ssm: Ssm, outcome: Outcome, status: str, code: int) -> None:
    ssm.world.ssm_outcomes.add(outcome)
    done = send(ssm, 61 * MINUTE, InstanceIds=[WEB])[WEB]
    assert (done["Status"], done["ResponseCode"]) == (status, code)


def test_an_instance_that_is_not_online_gets_nothing(ssm: Ssm) -> None:
    ssm.world.ssm().instances.by_id[WEB].ping = "ConnectionLost"
    done = send(ssm, InstanceIds=[WEB], TimeoutSeconds=60)[WEB]
    assert (done["Status"], done["StatusDetails"]) == ("TimedOut", "Delivery Timed Out")


def test_a_command_is_cancelled_where_it_has_not_ended(ssm: Ssm) -> None:
    ssm.world.ssm_outcomes.add(Outcome(duration=Duration(600, 600)))

    def act() -> Any:
        identifier = ssm.boto.send_command(**SCRIPT, InstanceIds=[WEB])["Command"]["CommandId"]
        ssm.world.clock.sleep_ms(MINUTE)
        ssm.boto.cancel_command(CommandId=identifier)
        return ssm.boto.list_commands(CommandId=identifier)["Commands"][0]["Status"]

    assert ssm.do(act) == "Cancelled"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"InstanceIds": ["i-00000000000000099"]}, "InvalidInstanceId"),
        ({"InstanceIds": [WEB], "DocumentName": "Nope"}, "InvalidDocument"),
        ({"InstanceIds": [WEB], "Parameters": {}}, "InvalidParameters"),
        ({"InstanceIds": [WEB], "Parameters": {"commands": ["x"], "y": ["1"]}}, "InvalidParameters"),
    ],
)
def test_refusals_have_awss_names(ssm: Ssm, parameters: dict[str, Any], code: str) -> None:
    assert ssm.refusal("send_command", **{**SCRIPT, **parameters}) == code


def test_managed_instances_are_listed(ssm: Ssm) -> None:
    def act() -> Any:
        filters = [{"Key": "InstanceIds", "Values": [WEB]}]
        return ssm.boto.describe_instance_information(Filters=filters)["InstanceInformationList"]

    (found,) = ssm.do(act)
    assert (found["InstanceId"], found["PingStatus"], found["ComputerName"]) == (WEB, "Online", "web-1")


def test_what_drs_recovered_is_managed_once_its_agent_has_reported(ssm: Ssm) -> None:
    region = ssm.world.drs.region(ACCOUNT_ID, "us-east-1")
    region.initialize()
    server = region.add_source_server("db-9", platform="windows").id
    drs = moto_services.client("drs", "us-east-1", ACCOUNT_ID)

    def managed() -> dict[str, tuple[str, str]]:
        found = ssm.boto.describe_instance_information()["InstanceInformationList"]
        return {one["ComputerName"]: (one["PingStatus"], one["PlatformType"]) for one in found}

    def act() -> Any:
        drs.start_recovery(sourceServers=[{"sourceServerID": server}])
        looks = [managed()]
        ssm.world.clock.sleep_ms(60 * MINUTE)
        looks.append(managed())
        chosen = [{"Key": "tag:Name", "Values": ["db-9"]}]
        command = ssm.boto.send_command(**SCRIPT, Targets=chosen)["Command"]["CommandId"]
        ssm.world.clock.sleep_ms(10 * MINUTE)
        (done,) = ssm.boto.list_command_invocations(CommandId=command)["CommandInvocations"]
        (instance,) = drs.describe_recovery_instances()["items"]
        drs.terminate_recovery_instances(recoveryInstanceIDs=[instance["recoveryInstanceID"]])
        ssm.world.clock.sleep_ms(60 * MINUTE)
        return *looks, (done["InstanceId"] == instance["recoveryInstanceID"], done["Status"]), managed()["db-9"]

    before, after, command, terminated = ssm.do(act)
    assert ("db-9" in before, after["db-9"]) == (False, ("Online", "Windows"))
    assert (command, terminated) == ((True, "Success"), ("ConnectionLost", "Windows"))


def test_how_long_agents_take_is_a_setting() -> None:
    settings = Settings(launch_actions=LaunchActions(discovery=Distribution(2400)), rates=None)
    world = World(1, datetime(2026, 3, 1, 2, tzinfo=UTC), "us-east-1", settings)
    world.drs.region(ACCOUNT_ID, "us-east-1").initialize()
    known, acted = (world.drs.region(ACCOUNT_ID, "us-east-1").add_source_server(name).id for name in ("known", "acted"))
    drs, boto = (moto_services.client(name, "us-east-1", ACCOUNT_ID) for name in ("drs", "ssm"))

    def act() -> Any:
        drs.update_launch_configuration(sourceServerID=acted, postLaunchEnabled=True)
        drs.put_launch_action(
            resourceId=acted, actionCode="AWS-RunShellScript", actionId="00000000-0000-4000-8000-000000000001",
            actionVersion="$DEFAULT", active=True, category="VALIDATION", description="", name="check", optional=True,
            order=2, parameters={"commands": {"type": "DYNAMIC", "value": "uptime"}},
        )  # fmt: skip
        drs.start_recovery(sourceServers=[{"sourceServerID": known}, {"sourceServerID": acted}])
        looks = []
        for minutes in (30, 60):
            world.clock.sleep_ms(minutes * MINUTE)
            looks.append(len(boto.describe_instance_information()["InstanceInformationList"]))
        return looks

    with world.installed():
        process = world.clock.spawn("test", act)
        world.clock.run()
    assert process.value == [0, 1]  # the agent of one was given up after twenty minutes


def test_a_runbook_runs_a_command_and_fails_with_it(ssm: Ssm) -> None:
    inputs = {"DocumentName": "AWS-RunShellScript", "InstanceIds": [WEB], "Parameters": {"commands": ["x"]}}
    ssm.document("Probe", step("probe", "aws:runCommand", inputs=inputs), outputs=["probe.Output"])
    ssm.world.ssm_outcomes.add(Outcome("AWS-RunShellScript", output="green", times=1))
    assert ssm.run("Probe")["Outputs"] == {"probe.Output": ["green"]}
    ssm.world.ssm_outcomes.add(Outcome("AWS-RunShellScript", ending="Failed"))
    assert ssm.run("Probe")["AutomationExecutionStatus"] == "Failed"


def test_instances_are_stopped_and_started_by_awss_own_runbooks(ssm: Ssm) -> None:
    ec2 = moto_services.client("ec2", "us-east-1", ACCOUNT_ID)
    image = ec2.describe_images()["Images"][0]["ImageId"]
    machine = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    assert ssm.run("AWS-StopEC2Instance", InstanceId=[machine])["AutomationExecutionStatus"] == "Success"
    state = ec2.describe_instances(InstanceIds=[machine])["Reservations"][0]["Instances"][0]["State"]["Name"]
    assert state == "stopped"


@pytest.mark.parametrize(("ending", "status"), [("Success", "LAUNCHED"), ("Failed", "FAILED")])
def test_a_launch_action_runs_on_what_drs_launched(ssm: Ssm, ending: Any, status: str) -> None:
    region = ssm.world.drs.region(ACCOUNT_ID, "us-east-1")
    region.initialize()
    server = region.add_source_server("web-1")
    ssm.world.ssm_outcomes.add(Outcome("AWS-RunShellScript", ending=ending))
    drs = moto_services.client("drs", "us-east-1", ACCOUNT_ID)

    def act() -> Any:
        drs.update_launch_configuration(sourceServerID=server.id, postLaunchEnabled=True)
        drs.put_launch_action(
            resourceId=server.id, actionCode="AWS-RunShellScript", actionId="00000000-0000-4000-8000-000000000001",
            actionVersion="$DEFAULT", active=True, category="VALIDATION", description="", name="check", optional=False,
            order=2, parameters={"commands": {"type": "DYNAMIC", "value": "uptime"}},
        )  # fmt: skip
        job = drs.start_recovery(sourceServers=[{"sourceServerID": server.id}], isDrill=True)["job"]["jobID"]
        ssm.world.clock.sleep_ms(60 * MINUTE)
        return drs.describe_jobs(filters={"jobIDs": [job]})["items"][0]

    (participant,) = ssm.do(act)["participatingServers"]
    assert participant["launchStatus"] == status
    (run,) = participant["launchActionsStatus"]["runs"]
    assert run["status"] == ("SUCCEEDED" if ending == "Success" else "FAILED")
    sent = [one for _, one in ssm.world.journal.of(CommandChanged)]
    assert {one.document for one in sent} == {"AWS-RunShellScript"}
