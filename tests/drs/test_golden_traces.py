"""The golden traces: for each way in which a job can go, its log event by event, and what becomes of its servers.

The latencies are those of a drill that was once seen; the first trace holds them against it.
"""

import pytest

from simulator.drs.model import SourceServer
from simulator.drs.settings import Distribution, FailingBack, Networking, Replicating
from tests.drs.test_extended_servers import Worlds as TwoAccounts
from tests.drs.traces import assert_offsets, assert_trace, offsets, reasons, seconds
from tests.drs.world import HOUR, World, pinned

PREVIOUS = "An error occurred (SnapshotCreationPerVolumeRateExceeded) when calling the CreateSnapshot operation"
NO_SPACE = "less than 2 GB free on the boot volume"
DENIED = "An error occurred (UnauthorizedOperation) when calling the DeleteVolume operation: You are not authorized"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def servers(world: World) -> list[SourceServer]:
    return world.add("db-1", "db-2")


def test_g1_a_first_launch_goes_as_the_observed_one_went(world: World, servers: list[SourceServer]) -> None:
    observed = """
        0.357  JOB_START
        0.761  SNAPSHOT_START db-1
        0.787  SNAPSHOT_START db-2
        0.952  SNAPSHOT_END db-1
        0.978  SNAPSHOT_END db-2
       52.920  CONVERSION_START db-1
       52.946  CONVERSION_START db-2
      250.434  CONVERSION_END db-1
      250.496  CONVERSION_END db-2
      251.008  LAUNCH_START db-1
      251.197  LAUNCH_START db-2
      529.126  LAUNCH_END db-1
      530.528  LAUNCH_END db-2
      533.335  JOB_END
    """
    job = world.recover(*servers, isDrill=True)
    assert_trace(world, job["jobID"], observed)
    assert world.offsets(job["jobID"])[-1][0] - seconds(job) == pytest.approx(0.03)
    assert world.statuses(job) == {"db-1": "LAUNCHED", "db-2": "LAUNCHED"}


def test_g2_a_server_that_has_an_instance_loses_it_first(world: World, servers: list[SourceServer]) -> None:
    world.recover(servers[0], isDrill=True)
    (before,) = world.instances()
    job = world.recover(*servers, isDrill=True)
    assert_trace(
        world,
        job["jobID"],
        """
           0.357  JOB_START
           0.757  CLEANUP_START db-1
          75.757  CLEANUP_END db-1
          76.157  SNAPSHOT_START db-1
          76.182  SNAPSHOT_START db-2
          76.347  SNAPSHOT_END db-1
          76.372  SNAPSHOT_END db-2
         128.372  CONVERSION_START db-1
         128.397  CONVERSION_START db-2
         325.872  CONVERSION_END db-1
         325.932  CONVERSION_END db-2
         326.432  LAUNCH_START db-1
         326.632  LAUNCH_START db-2
         604.432  LAUNCH_END db-1
         604.632  LAUNCH_END db-2
         607.462  JOB_END
    """,
    )
    assert world.statuses(job) == {"db-1": "LAUNCHED", "db-2": "LAUNCHED"}
    assert before["recoveryInstanceID"] not in {instance["recoveryInstanceID"] for instance in world.instances()}


def test_g3_a_chosen_snapshot_is_logged_like_a_fresh_one(world: World, servers: list[SourceServer]) -> None:
    kept = world.call("DescribeRecoverySnapshots", sourceServerID=servers[0].id)["items"]
    asked = [{"sourceServerID": servers[0].id, "recoverySnapshotID": kept[3]["snapshotID"]}]
    job_id = world.call("StartRecovery", sourceServers=asked)["job"]["jobID"]
    world.pass_seconds(HOUR)
    assert_trace(
        world,
        job_id,
        """
           0.357  JOB_START
           0.757  SNAPSHOT_START db-1
           0.947  SNAPSHOT_END db-1
          52.947  CONVERSION_START db-1
         250.447  CONVERSION_END db-1
         250.947  LAUNCH_START db-1
         528.947  LAUNCH_END db-1
         531.777  JOB_END
    """,
    )
    (instance,) = world.instances()
    assert instance["pointInTimeSnapshotDateTime"] == kept[3]["timestamp"]


def test_g4_a_snapshot_that_fails_is_replaced_by_the_one_before(world: World, servers: list[SourceServer]) -> None:
    world.inject("db-1", "SNAPSHOT", "FAILED", raw_error=PREVIOUS)
    latest = world.call("DescribeRecoverySnapshots", sourceServerID=servers[0].id, order="DESC")["items"][0]
    job = world.recover(*servers)
    assert_trace(
        world,
        job["jobID"],
        """
           0.357  JOB_START
           0.757  SNAPSHOT_START db-1
           0.782  SNAPSHOT_START db-2
           0.947  SNAPSHOT_FAIL db-1
           0.947  USING_PREVIOUS_SNAPSHOT db-1
           0.972  SNAPSHOT_END db-2
          52.972  CONVERSION_START db-1
          52.997  CONVERSION_START db-2
         250.472  CONVERSION_END db-1
         250.532  CONVERSION_END db-2
         251.032  LAUNCH_START db-1
         251.232  LAUNCH_START db-2
         529.032  LAUNCH_END db-1
         529.232  LAUNCH_END db-2
         532.062  JOB_END
    """,
    )
    assert reasons(world, job["jobID"]) == {"SNAPSHOT_FAIL db-1": PREVIOUS}
    assert world.statuses(job) == {"db-1": "LAUNCHED", "db-2": "LAUNCHED"}
    (instance,) = world.instances(sourceServerIDs=[servers[0].id])
    assert instance["pointInTimeSnapshotDateTime"] == latest["timestamp"]


def test_g5_a_server_without_a_usable_snapshot_fails_and_the_others_go_on(world: World, servers: list[SourceServer]) -> None:
    world.inject("db-1", "SNAPSHOT", "NO_SNAPSHOT", raw_error=PREVIOUS)
    job = world.recover(*servers)
    assert_trace(
        world,
        job["jobID"],
        """
           0.357  JOB_START
           0.757  SNAPSHOT_START db-1
           0.782  SNAPSHOT_START db-2
           0.947  SNAPSHOT_FAIL db-1
           0.947  USING_PREVIOUS_SNAPSHOT_FAILED db-1
           0.972  SNAPSHOT_END db-2
          52.972  CONVERSION_START db-2
         250.472  CONVERSION_END db-2
         250.972  LAUNCH_START db-2
         528.972  LAUNCH_END db-2
         531.802  JOB_END
    """,
    )
    assert reasons(world, job["jobID"]) == {
        "SNAPSHOT_FAIL db-1": PREVIOUS,
        "USING_PREVIOUS_SNAPSHOT_FAILED db-1": PREVIOUS,
    }
    assert world.statuses(job) == {"db-1": "FAILED", "db-2": "LAUNCHED"}


def test_g6_a_conversion_that_fails_fails_its_server_alone(world: World, servers: list[SourceServer]) -> None:
    world.inject("db-2", "CONVERSION", "FAILED", raw_error=NO_SPACE)
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
         250.532  CONVERSION_FAIL db-2
         251.032  LAUNCH_START db-1
         529.032  LAUNCH_END db-1
         531.862  JOB_END
    """,
    )
    assert reasons(world, job["jobID"]) == {"CONVERSION_FAIL db-2": NO_SPACE}
    assert (job["status"], world.statuses(job)) == ("COMPLETED", {"db-1": "LAUNCHED", "db-2": "FAILED"})


def test_g7_a_launch_that_fails_fails_its_server_alone(world: World, servers: list[SourceServer]) -> None:
    world.inject("db-2", "LAUNCH", "FAILED", raw_error=DENIED)
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
         529.232  LAUNCH_FAILED db-2
         532.062  JOB_END
    """,
    )
    assert reasons(world, job["jobID"]) == {"LAUNCH_FAILED db-2": DENIED}
    assert (job["status"], world.statuses(job)) == ("COMPLETED", {"db-1": "LAUNCHED", "db-2": "FAILED"})
    assert [instance["sourceServerID"] for instance in world.instances()] == [servers[0].id]


def test_g8_a_caller_without_rights_in_ec2_gets_a_job_that_fails_without_a_word(
    world: World, servers: list[SourceServer]
) -> None:
    for name in ("db-1", "db-2"):
        world.inject(name, "SNAPSHOT", "SILENT")
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
           1.002  JOB_END
    """,
    )
    assert reasons(world, job["jobID"]) == {}
    assert (job["status"], world.statuses(job)) == ("COMPLETED", {"db-1": "FAILED", "db-2": "FAILED"})


def test_g9_a_server_that_is_not_ready_is_skipped_and_the_others_go_on(world: World, servers: list[SourceServer]) -> None:
    (young,) = world.add("young", replication_state="INITIAL_SYNC")
    job = world.recover(young, servers[0])
    assert_trace(
        world,
        job["jobID"],
        """
           0.357  JOB_START
           0.357  SERVER_SKIPPED young
           0.757  SNAPSHOT_START db-1
           0.947  SNAPSHOT_END db-1
          52.947  CONVERSION_START db-1
         250.447  CONVERSION_END db-1
         250.947  LAUNCH_START db-1
         528.947  LAUNCH_END db-1
         531.777  JOB_END
    """,
    )
    assert reasons(world, job["jobID"]) == {"SERVER_SKIPPED young": "replication is INITIAL_SYNC: no snapshot yet"}
    assert world.statuses(job) == {"young": "FAILED", "db-1": "LAUNCHED"}


def test_g10_a_conversion_that_hangs_keeps_the_job_started_and_its_server_locked(world: World) -> None:
    (server,) = world.add("db-1")
    world.inject("db-1", "CONVERSION", "HANG")
    job_id = world.start(server)
    world.pass_seconds(24 * HOUR)
    assert_trace(
        world,
        job_id,
        """
           0.357  JOB_START
           0.757  SNAPSHOT_START db-1
           0.947  SNAPSHOT_END db-1
          52.947  CONVERSION_START db-1
    """,
    )
    job = world.job(job_id)
    assert (job["status"], "endDateTime" in job) == ("STARTED", False)
    assert world.statuses(job) == {"db-1": "PENDING"}
    assert world.refusal("StartRecovery", sourceServers=[{"sourceServerID": server.id}]).code == "ConflictException"


def test_g11_a_clean_up_that_fails_fails_the_server_and_keeps_its_instance(
    world: World, servers: list[SourceServer]
) -> None:
    world.recover(servers[0])
    before = world.instances()
    world.inject("db-1", "CLEANUP", "FAILED", raw_error=DENIED)
    job = world.recover(servers[0])
    assert_trace(
        world,
        job["jobID"],
        """
           0.357  JOB_START
           0.757  CLEANUP_START db-1
          75.757  CLEANUP_FAIL db-1
          75.787  JOB_END
    """,
    )
    assert reasons(world, job["jobID"]) == {"CLEANUP_FAIL db-1": DENIED}
    assert world.statuses(job) == {"db-1": "FAILED"}
    assert world.instances() == before


def test_g12_a_job_that_the_service_cancels_fails_what_has_not_launched(world: World, servers: list[SourceServer]) -> None:
    world.inject("db-2", "LAUNCH", "CANCELLED", after_ms=300_000)
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
         551.232  JOB_CANCEL
         551.262  JOB_END
    """,
    )
    assert (job["status"], world.statuses(job)) == ("COMPLETED", {"db-1": "LAUNCHED", "db-2": "FAILED"})


def test_g13_a_termination_names_its_instances_and_is_empty_when_completed(
    world: World, servers: list[SourceServer]
) -> None:
    world.recover(*servers)
    instances = [instance["recoveryInstanceID"] for instance in world.instances()]
    job = world.call("TerminateRecoveryInstances", recoveryInstanceIDs=instances)["job"]
    assert (job["type"], job["initiatedBy"], job["status"]) == ("TERMINATE", "TERMINATE_RECOVERY_INSTANCES", "PENDING")
    assert [one["recoveryInstanceID"] for one in job["participatingServers"]] == instances
    world.pass_seconds(HOUR)
    assert_trace(
        world,
        job["jobID"],
        """
           0.357  JOB_START
           0.757  CLEANUP_START db-1
           0.782  CLEANUP_START db-2
         150.757  CLEANUP_END db-1
         150.782  CLEANUP_END db-2
         150.812  JOB_END
    """,
    )
    begun = [item["eventData"]["targetInstanceID"] for item in world.log(job["jobID"]) if item["event"] == "CLEANUP_START"]
    assert begun == instances
    ended = world.job(job["jobID"])
    assert (ended["status"], ended["participatingServers"]) == ("COMPLETED", [])
    terminated = [(event.server, event.status) for event in world.events("drs.launch") if event.job == job["jobID"]]
    assert terminated == [(server.id, status) for status in ("PENDING", "TERMINATED") for server in servers]
    assert world.instances() == []


def test_g14_the_staging_accounts_job_converts_and_launches_nothing() -> None:
    world = TwoAccounts()
    job_id = world.start(*world.extend("db-1", "db-2"))
    world.pass_seconds(HOUR)
    (there,) = world.there("DescribeJobs")["items"]
    assert (there["type"], there["initiatedBy"]) == ("CREATE_CONVERTED_SNAPSHOT", "TARGET_ACCOUNT")
    assert_offsets(
        offsets(there, world.there("DescribeJobLogItems", jobID=there["jobID"])["items"], world.name),
        """
           0.357  JOB_START
           0.757  SNAPSHOT_START db-1
           0.782  SNAPSHOT_START db-2
           0.947  SNAPSHOT_END db-1
           0.972  SNAPSHOT_END db-2
          52.972  CONVERSION_START db-1
          52.997  CONVERSION_START db-2
         892.972  CONVERSION_END db-1
         893.032  CONVERSION_END db-2
         893.062  JOB_END
    """,
    )
    assert_trace(
        world,
        job_id,
        """
           0.357  JOB_START
           0.757  SNAPSHOT_START db-1
           0.782  SNAPSHOT_START db-2
           0.947  SNAPSHOT_END db-1
           0.972  SNAPSHOT_END db-2
          52.972  CONVERSION_START db-1
          52.997  CONVERSION_START db-2
         893.389  CONVERSION_END db-1
         893.389  CONVERSION_END db-2
         893.889  LAUNCH_START db-1
         894.089  LAUNCH_START db-2
        1793.889  LAUNCH_END db-1
        1794.089  LAUNCH_END db-2
        1796.919  JOB_END
    """,
    )


class Outside(World):
    """A server outside AWS that has failed over, and whose machine is ready to be failed back to."""

    def __init__(self) -> None:
        super().__init__(
            pinned(
                failing_back=FailingBack(initialising=Distribution(150), client=Distribution(300)),
                replicating=Replicating(rescan=Distribution(240)),
            )
        )
        self.recover(*self.add("db-1"))
        self.instance = str(self.instances()[0]["recoveryInstanceID"])
        self.region.boot_failback_client(self.instance)
        self.pass_seconds(HOUR)


def test_g15_a_failback_launch_converts_and_launches_on_the_machine_itself() -> None:
    world = Outside()
    job = world.call("StartFailbackLaunch", recoveryInstanceIDs=[world.instance])["job"]
    assert (job["type"], job["initiatedBy"]) == ("LAUNCH", "FAILBACK")
    world.pass_seconds(HOUR)
    assert_trace(
        world,
        job["jobID"],
        """
           0.357  JOB_START
           0.757  CONVERSION_START db-1
         198.257  CONVERSION_END db-1
         198.757  LAUNCH_START db-1
         476.757  LAUNCH_END db-1
         479.587  JOB_END
    """,
    )
    assert world.statuses(world.job(job["jobID"])) == {"db-1": "LAUNCHED"}


def test_g15_a_failback_launch_can_fail() -> None:
    world = Outside()
    world.inject("db-1", "LAUNCH", "FAILED", raw_error=DENIED)
    job = world.call("StartFailbackLaunch", recoveryInstanceIDs=[world.instance])["job"]
    world.pass_seconds(HOUR)
    assert_trace(
        world,
        job["jobID"],
        """
           0.357  JOB_START
           0.757  CONVERSION_START db-1
         198.257  CONVERSION_END db-1
         198.757  LAUNCH_START db-1
         476.757  LAUNCH_FAILED db-1
         479.587  JOB_END
    """,
    )
    assert world.statuses(world.job(job["jobID"])) == {"db-1": "FAILED"}


class Networks(World):
    """A source network that is protected."""

    def __init__(self) -> None:
        super().__init__(
            pinned(
                networking=Networking(
                    replication=Distribution(120), deployment=Distribution(180), launch_templates=Distribution(10)
                )
            )
        )
        self.network = self.region.add_source_network("vpc-0123456789abcdef0", "us-east-1").id

    def rebuild(self) -> str:
        job = self.call("StartSourceNetworkRecovery", sourceNetworks=[{"sourceNetworkID": self.network}])["job"]
        self.pass_seconds(HOUR)
        return str(job["jobID"])

    def result(self, job_id: str) -> str:
        (resource,) = self.job(job_id)["participatingResources"]
        return str(resource["launchStatus"])


def test_g16_a_networks_first_recovery_deploys_a_later_one_updates() -> None:
    world = Networks()
    first, second = world.rebuild(), world.rebuild()
    assert_trace(
        world,
        first,
        """
           0.357  JOB_START
           0.357  DEPLOY_NETWORK_CONFIGURATION_START
         180.357  DEPLOY_NETWORK_CONFIGURATION_END
         180.357  UPDATE_LAUNCH_TEMPLATE_START
         190.357  UPDATE_LAUNCH_TEMPLATE_END
         190.387  JOB_END
    """,
    )
    assert_trace(
        world,
        second,
        """
           0.357  JOB_START
           0.357  UPDATE_NETWORK_CONFIGURATION_START
         180.357  UPDATE_NETWORK_CONFIGURATION_END
         180.357  UPDATE_LAUNCH_TEMPLATE_START
         190.357  UPDATE_LAUNCH_TEMPLATE_END
         190.387  JOB_END
    """,
    )
    assert [world.job(job)["initiatedBy"] for job in (first, second)] == [
        "CREATE_NETWORK_RECOVERY",
        "UPDATE_NETWORK_RECOVERY",
    ]
    assert [world.result(job) for job in (first, second)] == ["LAUNCHED", "LAUNCHED"]


def test_g17_a_machine_in_aws_can_be_launched_without_conversion(world: World) -> None:
    (server,) = world.add("web-1", origin_region="us-east-1")
    world.call("UpdateLaunchConfiguration", sourceServerID=server.id, recoveryMode="FAST")
    job = world.recover(server)
    assert_trace(
        world,
        job["jobID"],
        """
           0.357  JOB_START
           0.757  SNAPSHOT_START web-1
           0.947  SNAPSHOT_END web-1
           1.447  LAUNCH_START web-1
         279.447  LAUNCH_END web-1
         282.277  JOB_END
    """,
    )
    assert world.statuses(job) == {"web-1": "LAUNCHED"}
