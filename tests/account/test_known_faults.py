"""Everything that is known to go wrong with DRS, by its name: it shows as the catalogue says."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulator.account import moto_services
from simulator.account.fault_arms import MINUTE_MS, Occurrence
from simulator.account.known_faults import KNOWN, inject
from simulator.account.world import ACCOUNT_ID
from simulator.drs.replica import INITIATION_STEPS
from simulator.journal import EventEmitted, FaultFired
from tests.account.conftest import Stage, stage

REGION = "us-east-1"
DOCUMENTATION = Path(__file__).parents[2] / "docs" / "scenarios.md"
DENIED = "An error occurred (UnauthorizedOperation) when"
YOU = (
    "You are not authorized to perform this operation. "
    "User: arn:aws:sts::123456789012:assumed-role/recovery/session is not authorized to perform"
)


class Drill:
    """A server, and what a drill of it comes to."""

    def __init__(self, staged: Stage) -> None:
        self.staged, self.world = staged, staged.world
        self.region = self.world.drs.region(ACCOUNT_ID, REGION)
        self.region.initialize()
        self.server = self.region.add_source_server("db-1")
        self.boto = moto_services.client("drs", REGION, ACCOUNT_ID)

    def happens(self, name: str, **more: Any) -> None:
        server = "db-1" if KNOWN[name].needs_server else None
        inject(self.world, name, Occurrence("it", server, **more))

    def do(self, act: Callable[[], Any]) -> Any:
        return self.staged.run(act)[0]

    def run(self, minutes: int = 60) -> tuple[str, list[str], str]:
        """Drill the server: its launchStatus, its events, the last reason in the log."""

        def act() -> Any:
            job = self.boto.start_recovery(sourceServers=[{"sourceServerID": self.server.id}], isDrill=True)["job"]["jobID"]
            self.world.clock.sleep_ms(minutes * MINUTE_MS)
            (found,) = self.boto.describe_jobs(filters={"jobIDs": [job]})["items"]
            log = self.boto.describe_job_log_items(jobID=job)["items"]
            reasons = [item["eventData"]["rawError"] for item in log if "rawError" in item["eventData"]]
            (participant,) = found["participatingServers"]
            return participant["launchStatus"], [item["event"] for item in log], reasons[-1] if reasons else ""

        status, events, reason = self.do(act)
        return status, events, reason

    def refusal(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """What a call is answered that is refused."""

        def act() -> Any:
            with pytest.raises(ClientError) as refused:
                getattr(self.boto, operation)(**parameters)
            return refused.value.response

        found: dict[str, Any] = self.do(act)
        return found

    def error(self, operation: str, **parameters: Any) -> str:
        """The name of the error that a call is answered with."""
        return str(self.refusal(operation, **parameters)["Error"]["Code"])

    def results(self) -> list[str]:
        """What DRS told EventBridge of launches."""
        return self._states("DRS Source Server Launch Result")

    def stalls(self) -> list[str]:
        """What DRS told EventBridge of replication."""
        return self._states("DRS Source Server Data Replication Stalled Change")

    def _states(self, detail_type: str) -> list[str]:
        told: list[Any] = [one.detail for _, one in self.world.journal.of(EventEmitted) if one.detail_type == detail_type]
        return [str(detail["state"]) for detail in told]

    def replication(self, minutes: int = 10) -> dict[str, Any]:
        def act() -> Any:
            self.world.clock.sleep_ms(minutes * MINUTE_MS)
            return self.boto.describe_source_servers()["items"][0]

        found: dict[str, Any] = self.do(act)
        return found


@pytest.fixture
def drill() -> Iterator[Drill]:
    with stage() as ready:
        yield Drill(ready)


@pytest.mark.parametrize(
    ("name", "event", "reason"),
    [
        ("clean-up-denied", "LAUNCH_FAILED", f"{DENIED} calling the DeleteVolume operation: {YOU}: ec2:DeleteVolume on"),
        ("launch-template-denied", "LAUNCH_FAILED", f"{DENIED} calling the CreateLaunchTemplateVersion operation: {YOU}"),
        ("launch-template-clean-up-denied", "LAUNCH_FAILED", "calling the DeleteLaunchTemplateVersions operation"),
        (
            "detaching-denied",
            "LAUNCH_FAILED",
            "not authorized to perform: ec2:DetachVolume on resource: arn:aws:ec2:us-east",
        ),
        ("starting-instance-denied", "LAUNCH_FAILED", "not authorized to perform: ec2:StartInstances on resource"),
        (
            "recovery-instance-denied",
            "LAUNCH_FAILED",
            "An error occurred (AccessDeniedException) when calling the CreateRecov",
        ),
        ("key-denied", "CONVERSION_FAIL", "Not authorized to use key"),
        ("conversion-fails", "CONVERSION_FAIL", "could not be converted"),
        ("no-capacity", "LAUNCH_FAILED", "InsufficientInstanceCapacity"),
        ("subnet-full", "LAUNCH_FAILED", "InsufficientFreeAddressesInSubnet"),
        ("address-in-use", "LAUNCH_FAILED", "InvalidIPAddress.InUse"),
        ("subnet-missing", "LAUNCH_FAILED", "InvalidSubnetID.NotFound"),
        ("security-group-missing", "LAUNCH_FAILED", "InvalidGroup.NotFound"),
        ("vcpu-limit", "LAUNCH_FAILED", "VcpuLimitExceeded"),
    ],
)
def test_a_server_fails_with_an_event_that_says_why(drill: Drill, name: str, event: str, reason: str) -> None:
    drill.happens(name)
    status, events, told = drill.run()
    assert (status, event in events, reason in told) == ("FAILED", True, True), told
    assert drill.results() == ["RECOVERY_LAUNCH_FAILED"]


def test_a_fault_of_a_phase_lasts_as_long_as_it_is_told_to(drill: Drill) -> None:
    drill.happens("no-capacity", from_ms=90 * MINUTE_MS, for_ms=60 * MINUTE_MS)
    assert [drill.run(90)[0] for _ in range(3)] == ["LAUNCHED", "FAILED", "LAUNCHED"]


def test_a_caller_without_ec2_permissions_fails_silently(drill: Drill) -> None:
    drill.happens("caller-lacks-ec2-permissions")
    assert drill.run(1) == ("FAILED", ["JOB_START", "SNAPSHOT_START", "SNAPSHOT_END", "JOB_END"], "")
    assert drill.results() == ["RECOVERY_LAUNCH_FAILED"]


def test_a_conversion_that_hangs_never_ends(drill: Drill) -> None:
    drill.happens("conversion-hangs")
    status, events, _ = drill.run(24 * 60)
    assert (status, events[-1]) == ("PENDING", "CONVERSION_START")


def test_snapshots_that_fail_stall_replication_and_an_earlier_one_is_used(drill: Drill) -> None:
    drill.happens("snapshots-fail")
    assert drill.replication()["dataReplicationInfo"]["dataReplicationError"]["error"] == "SNAPSHOTS_FAILURE"
    status, events, _ = drill.run()
    assert (status, "USING_PREVIOUS_SNAPSHOT" in events) == ("LAUNCHED", True)


@pytest.mark.parametrize(
    ("name", "state", "error"),
    [
        ("agent-not-seen", "STALLED", "AGENT_NOT_SEEN"),
        ("unstable-network", "STALLED", "UNSTABLE_NETWORK"),
        ("source-region-dead", "STALLED", "AGENT_NOT_SEEN"),
        ("not-converging", "BACKLOG", "NOT_CONVERGING"),
    ],
)
def test_replication_goes_wrong(drill: Drill, name: str, state: str, error: str) -> None:
    drill.happens(name)
    info = drill.replication(1)["dataReplicationInfo"]
    assert (info["dataReplicationState"], info["dataReplicationError"]["error"]) == (state, error)
    assert drill.stalls()[:1] == (["STALLED"] if state == "STALLED" else [])


@pytest.mark.parametrize("step", INITIATION_STEPS[1:])
def test_a_step_of_setting_replication_up_fails_until_it_is_tried_often_enough(drill: Drill, step: str) -> None:
    drill.happens(f"{step.lower().replace('_', '-')}-fails", times=1)
    info = drill.replication(20)["dataReplicationInfo"]
    assert (info["dataReplicationState"], info["dataReplicationError"]["error"]) == ("STALLED", f"FAILED_TO_{step}")
    assert {one["name"]: one["status"] for one in info["dataReplicationInitiation"]["steps"]}[step] == "FAILED"
    assert "dataReplicationError" not in drill.replication(60)["dataReplicationInfo"]
    assert drill.stalls() == ["STALLED", "NOT_STALLED"]


def test_setting_replication_up_fails_for_as_long_as_it_is_told_to(drill: Drill) -> None:
    drill.happens("initiation-fails", for_ms=70 * MINUTE_MS)
    errors = [drill.replication(minutes)["dataReplicationInfo"].get("dataReplicationError") for minutes in (60, 60)]
    assert errors == [{"error": "FAILED_TO_LAUNCH_REPLICATION_SERVER"}, None]


def test_a_server_that_is_not_set_up_is_skipped_by_its_job(drill: Drill) -> None:
    drill.happens("initiation-fails")
    assert drill.run()[:2] == ("FAILED", ["JOB_START", "SERVER_SKIPPED", "JOB_END"])


def test_setting_replication_up_again_can_fail_too(drill: Drill) -> None:
    drill.happens("initiation-fails", times=2)

    def error() -> Any:
        return drill.boto.describe_source_servers()["items"][0]["dataReplicationInfo"].get("dataReplicationError")

    def act() -> Any:
        drill.boto.stop_replication(sourceServerID=drill.server.id)
        drill.boto.start_replication(sourceServerID=drill.server.id)
        drill.world.clock.sleep_ms(20 * MINUTE_MS)
        before = error()
        drill.world.clock.sleep_ms(60 * MINUTE_MS)
        return before["error"], error()

    assert drill.do(act) == ("FAILED_TO_LAUNCH_REPLICATION_SERVER", None)


@pytest.mark.parametrize(
    ("name", "operation", "parameters", "code"),
    [
        ("server-busy", "start_recovery", "servers", "ConflictException"),
        ("start-denied", "start_recovery", "servers", "AccessDeniedException"),
        ("throttled", "describe_jobs", {}, "ThrottlingException"),
        ("throttled", "describe_source_networks", {}, "ThrottlingException"),
        ("servers-quota", "start_recovery", "servers", "ServiceQuotaExceededException"),
        ("extension-denied", "create_extended_source_server",
         {"sourceServerArn": "arn:aws:drs:us-east-1:210987654321:source-server/s-30000000000000000"},
         "AccessDeniedException"),
        ("job-quota", "start_recovery", "servers", "ServiceQuotaExceededException"),
        ("service-error", "describe_jobs", {}, "InternalServerException"),
        ("region-not-initialized", "describe_jobs", {}, "UninitializedAccountException"),
        ("launch-target-running", "start_recovery", "servers", "ConflictException"),
        ("reversal-too-early", "reverse_replication", {"recoveryInstanceID": "i-0123456789abcdef0"}, "ConflictException"),
        ("terminate-during-failback", "terminate_recovery_instances", {"recoveryInstanceIDs": ["i-0123456789abcdef0"]},
         "ConflictException"),
    ],
)  # fmt: skip
def test_a_call_is_refused(drill: Drill, name: str, operation: str, parameters: Any, code: str) -> None:
    drill.happens(name)
    asked = {"sourceServers": [{"sourceServerID": drill.server.id}]} if parameters == "servers" else parameters
    assert drill.error(operation, **asked) == code


@pytest.mark.parametrize(
    ("name", "operation", "members"),
    [
        ("server-busy", "start_recovery", {"resourceType": "SourceServer", "resourceId": "db-1"}),
        ("job-quota", "start_recovery", {"quotaCode": "L-D88FAC3A", "serviceCode": "drs", "resourceType": "Job"}),
        (
            "servers-quota",
            "start_recovery",
            {"quotaCode": "L-05AFA8C6", "serviceCode": "drs", "resourceType": "SourceServer"},
        ),
        ("throttled", "start_recovery", {"serviceCode": "drs", "retryAfterSeconds": "1"}),
        ("service-error", "start_recovery", {"retryAfterSeconds": 1}),
        ("launch-target-running", "start_recovery", {"resourceType": "Instance"}),
        ("start-denied", "start_recovery", {}),
    ],
)
def test_a_refusal_has_the_members_of_its_shape(drill: Drill, name: str, operation: str, members: dict[str, Any]) -> None:
    drill.happens(name)
    refused = drill.refusal(operation, sourceServers=[{"sourceServerID": drill.server.id}])
    found = {key: value for key, value in refused.items() if key not in ("Error", "ResponseMetadata", "message")}
    assert found == {key: drill.server.id if value == "db-1" else value for key, value in members.items()}


def test_without_the_right_to_tag_only_a_start_with_tags_is_denied(drill: Drill) -> None:
    drill.happens("tagging-denied")
    asked = [{"sourceServerID": drill.server.id}]
    refused = drill.refusal("start_recovery", sourceServers=asked, tags={"wave": "1"})
    assert (
        "not authorized to perform: drs:TagResource on resource: arn:aws:drs:us-east-1:1234" in refused["Error"]["Message"]
    )
    assert drill.do(lambda: drill.boto.start_recovery(sourceServers=asked))["job"]["status"] == "PENDING"


def test_an_account_that_is_not_trusted_extends_nothing(drill: Drill) -> None:
    staging = drill.world.drs.region("210987654321", REGION)
    staging.initialize()
    server = staging.add_source_server("far")
    inject(drill.world, "extension-denied", Occurrence("it"), staging)
    assert drill.error("create_extended_source_server", sourceServerArn=server.arn) == "AccessDeniedException"


def test_an_extension_breaks(drill: Drill) -> None:
    staging = drill.world.drs.region("210987654321", REGION)
    staging.initialize()
    server = staging.add_source_server("far")
    drill.do(lambda: drill.boto.create_extended_source_server(sourceServerArn=server.arn))
    inject(drill.world, "extension-broken", Occurrence("it", "far"))

    def areas() -> Any:
        drill.world.clock.sleep_ms(1_000)
        return [one["stagingArea"]["status"] for one in drill.boto.describe_source_servers()["items"]]

    assert "EXTENSION_ERROR" in drill.do(areas)


def test_an_assumed_role_is_denied(drill: Drill) -> None:
    drill.happens("assume-role-denied")
    sts = moto_services.client("sts", REGION, ACCOUNT_ID)

    def act() -> str:
        with pytest.raises(ClientError) as refused:
            sts.assume_role(RoleArn="arn:aws:iam::210987654321:role/recovery", RoleSessionName="session")
        return str(refused.value.response["Error"]["Code"])

    assert drill.do(act) == "AccessDenied"


def test_a_leftover_instance_is_deleted_by_the_next_launch(drill: Drill) -> None:
    drill.happens("leftover-instance")
    status, events, _ = drill.run()
    assert (status, events[1]) == ("LAUNCHED", "CLEANUP_START")


def test_an_instance_is_terminated_by_somebody_else(drill: Drill) -> None:
    drill.happens("terminated-outside", from_ms=61 * MINUTE_MS)

    def states() -> Any:
        drill.boto.start_recovery(sourceServers=[{"sourceServerID": drill.server.id}])
        drill.world.clock.sleep_ms(62 * MINUTE_MS)
        return [one["ec2InstanceState"] for one in drill.boto.describe_recovery_instances()["items"]]

    assert drill.do(states) == ["TERMINATED"]


@pytest.mark.parametrize(("name", "is_found"), [("launch-action-fails", True), ("ssm-agent-not-found", False)])
def test_launch_actions_go_wrong(drill: Drill, name: str, is_found: bool) -> None:
    drill.happens(name)

    def prepare() -> None:
        drill.boto.update_launch_configuration(sourceServerID=drill.server.id, postLaunchEnabled=True)
        drill.boto.put_launch_action(
            resourceId=drill.server.id, actionCode="AWS-RunShellScript", actionId="00000000-0000-4000-8000-000000000001",
            actionVersion="$DEFAULT", active=True, category="VALIDATION", description="", name="check", optional=False,
            order=2, parameters={"commands": {"type": "DYNAMIC", "value": "uptime"}},
        )  # fmt: skip

    drill.do(prepare)
    assert drill.run(24 * 60)[0] == "FAILED"
    (job,) = drill.do(lambda: drill.boto.describe_jobs()["items"])
    actions = job["participatingServers"][0]["launchActionsStatus"]
    assert ("ssmAgentDiscoveryDatetime" in actions) is is_found


def test_descriptions_lag_behind_the_log(drill: Drill) -> None:
    drill.happens("stale-reads")

    def act() -> Any:
        job = drill.boto.start_recovery(sourceServers=[{"sourceServerID": drill.server.id}])["job"]["jobID"]
        drill.world.clock.sleep_ms(30_000)
        log = [item["event"] for item in drill.boto.describe_job_log_items(jobID=job)["items"]]
        return drill.boto.describe_jobs(filters={"jobIDs": [job]})["items"][0]["status"], log[0]

    assert drill.do(act) == ("PENDING", "JOB_START")


def test_a_job_that_has_ended_vanishes(drill: Drill) -> None:
    drill.happens("job-vanishes", from_ms=61 * MINUTE_MS)
    drill.run()
    drill.do(lambda: drill.world.clock.sleep_ms(2 * MINUTE_MS))
    assert drill.do(lambda: drill.boto.describe_jobs()["items"]) == []


@pytest.mark.parametrize(("name", "told"), [("event-lost", 0), ("event-duplicated", 2)])
def test_events_get_lost_or_come_twice(drill: Drill, name: str, told: int) -> None:
    drill.happens(name)
    queue = moto_services.client("sqs", REGION, ACCOUNT_ID).create_queue(QueueName="q")["QueueUrl"]
    events = moto_services.client("events", REGION, ACCOUNT_ID)
    pattern = '{"detail-type": ["DRS Source Server Launch Result"]}'

    def watch() -> None:
        events.put_rule(Name="r", EventPattern=pattern)
        events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:q"}])

    drill.do(watch)
    drill.run()
    received = moto_services.client("sqs", REGION, ACCOUNT_ID).receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    assert len(received.get("Messages", [])) == told
    assert [one.detail_type for _, one in drill.world.journal.of(EventEmitted)] == ["DRS Source Server Launch Result"]
    assert "it" in {one.fault for _, one in drill.world.journal.of(FaultFired)}


def test_what_is_not_known_or_names_no_server_is_refused(drill: Drill) -> None:
    with pytest.raises(ValueError, match="there is no known fault 'gremlins': server-busy, "):
        inject(drill.world, "gremlins", Occurrence("it"))
    with pytest.raises(ValueError, match="no-capacity happens to a server, and none is named"):
        inject(drill.world, "no-capacity", Occurrence("it"))
    with pytest.raises(ValueError, match="no source server 'nobody'"):
        inject(drill.world, "no-capacity", Occurrence("it", "nobody"))


def test_the_documentation_has_the_whole_catalogue() -> None:
    told = re.findall(r"^\| `([a-z0-9-]+)` \| (.+?) \| (yes)? ?\|$", DOCUMENTATION.read_text(), re.MULTILINE)
    listed = {name: (shows, bool(needs_server)) for name, shows, needs_server in told if name in KNOWN}
    assert listed == {name: (known.shows, known.needs_server) for name, known in KNOWN.items()}
