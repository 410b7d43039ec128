"""Whatever is asked of failback and source networks in whatever order, every state follows from one that allows it."""

from collections.abc import Mapping
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from simulator.drs.networks import NETWORK_FAULTS, NetworkFault
from simulator.drs.settings import Quotas, Settings
from simulator.errors import ServiceError
from tests.drs.shapes import assert_fits, model
from tests.drs.world import ACCOUNT, REGION, World

ORIGIN = "us-east-1"
NAMES = ("aws-1", "aws-2", "home-1")
VPCS = ("vpc-00000001", "vpc-00000002")
QUOTAS = Quotas(replicating_servers=4, jobs_in_progress=4, source_networks=2)
OFF = {"FAILBACK_NOT_STARTED", "FAILBACK_ERROR"}
NEXT_FAILBACK = {
    None: {"FAILBACK_IN_PROGRESS"},
    "FAILBACK_NOT_STARTED": {"FAILBACK_IN_PROGRESS"},
    "FAILBACK_IN_PROGRESS": {"FAILBACK_READY_FOR_LAUNCH", "FAILBACK_NOT_READY_FOR_LAUNCH", *OFF},
    "FAILBACK_NOT_READY_FOR_LAUNCH": {
        "FAILBACK_IN_PROGRESS",
        "FAILBACK_READY_FOR_LAUNCH",
        "FAILBACK_COMPLETED",
        *OFF,
    },
    "FAILBACK_READY_FOR_LAUNCH": {"FAILBACK_NOT_READY_FOR_LAUNCH", "FAILBACK_COMPLETED", *OFF},
    "FAILBACK_ERROR": {"FAILBACK_IN_PROGRESS", "FAILBACK_COMPLETED", "FAILBACK_NOT_STARTED"},
    "FAILBACK_COMPLETED": {"FAILBACK_IN_PROGRESS", "FAILBACK_NOT_STARTED"},
}
NEXT_NETWORK = {
    None: {"IN_PROGRESS"},
    "STOPPED": {"IN_PROGRESS"},
    "IN_PROGRESS": {"PROTECTED", "ERROR", "STOPPED"},
    "PROTECTED": {"ERROR", "STOPPED"},
    "ERROR": {"IN_PROGRESS", "STOPPED"},
}
NEXT_INSTANCE = {
    None: {"PENDING"},
    "PENDING": {"RUNNING", "STOPPED", "TERMINATED"},
    "RUNNING": {"STOPPING", "SHUTTING-DOWN", "TERMINATED"},
    "STOPPING": {"STOPPED", "SHUTTING-DOWN", "TERMINATED"},
    "STOPPED": {"RUNNING", "SHUTTING-DOWN", "TERMINATED"},
    "SHUTTING-DOWN": {"TERMINATED"},
    "TERMINATED": {"NOT_FOUND"},
}
regions = st.sampled_from((REGION, ORIGIN))
place = st.integers(0, 2)


class TwoRegions(RuleBasedStateMachine):
    """Calls in two Regions, and what must hold whatever they are."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(Settings(quotas=QUOTAS, rates=None))
        self.regions = {name: self.world.service.region(ACCOUNT, name) for name in (REGION, ORIGIN)}
        self.regions[ORIGIN].initialize()
        self.read = 0
        self.steps: dict[tuple[str, str], str] = {}

    def ask(self, region: str, operation: str, **request: Any) -> Any:
        """A call, which may be refused only with an error that its model has."""
        try:
            answer = self.world.service.call(ACCOUNT, region, operation, request)
        except ServiceError as error:
            assert error.code in {shape.name for shape in model().operation_model(operation).error_shapes}  # noqa: PT017
            return None
        assert_fits(operation, answer)
        return answer

    def items(self, region: str, operation: str) -> list[Any]:
        found: list[Any] = self.ask(region, operation)["items"]
        return found

    @rule(seconds=st.sampled_from((100, 1000, 4000)))
    def pass_time(self, seconds: float) -> None:
        self.world.pass_seconds(seconds)

    def befall(self, happen: Any) -> None:
        """Something that may not be possible now, and then says so."""
        try:
            happen()
        except ValueError:
            return

    @invariant()
    def everything_that_shows_fits_the_model(self) -> None:
        for region in self.regions:
            jobs = self.items(region, "DescribeJobs")
            active = [job for job in jobs if job["status"] != "COMPLETED"]
            assert len(active) <= QUOTAS.jobs_in_progress
            networks = [
                one["participatingResourceID"]["sourceNetworkID"] for job in active for one in job["participatingResources"]
            ]
            assert len(networks) == len(set(networks))

    @invariant()
    def every_step_in_the_journal_is_legal(self) -> None:
        for index in range(self.read, len(self.world.journal)):
            event: Any = self.world.journal[index].event
            match event.kind:
                case "drs.failback":
                    self.step(NEXT_FAILBACK, ("failback", event.instance), event.state)
                case "drs.network":
                    self.step(NEXT_NETWORK, ("network", event.network), event.status)
                case "drs.instance":
                    self.step(NEXT_INSTANCE, ("instance", event.instance), event.state)
        self.read = len(self.world.journal)

    def step(self, table: Mapping[Any, set[str]], key: tuple[str, str], status: str) -> None:
        assert status in table[self.steps.get(key)], (key, self.steps.get(key), status)
        self.steps[key] = status


class Failbacks(TwoRegions):
    """Recovery instances that fail back, in AWS and to a client, with all that befalls them."""

    def __init__(self) -> None:
        super().__init__()
        for name in NAMES:
            (server,) = self.world.add(name, origin_region=ORIGIN if name.startswith("aws") else None)
            self.world.start(server)
        self.world.pass_seconds(4000)

    @rule(number=place)
    def fail_over(self, number: int) -> None:
        self.ask(REGION, "StartRecovery", sourceServers=[{"sourceServerID": self.server(REGION, number)}])
        self.world.pass_seconds(4000)

    @rule(region=regions, number=place)
    def reverse(self, region: str, number: int) -> None:
        self.ask(region, "ReverseReplication", recoveryInstanceID=self.instance(region, number))
        self.world.pass_seconds(4000)

    @rule(number=place)
    def fail_back(self, number: int) -> None:
        self.ask(ORIGIN, "StartRecovery", sourceServers=[{"sourceServerID": self.server(ORIGIN, number)}])
        self.world.pass_seconds(4000)

    def instance(self, region: str, number: int) -> str:
        instances = self.items(region, "DescribeRecoveryInstances")
        return instances[number % len(instances)]["recoveryInstanceID"] if instances else "i-0123456789abcdef0"

    def server(self, region: str, number: int) -> str:
        servers = self.items(region, "DescribeSourceServers")
        return servers[number % len(servers)]["sourceServerID"] if servers else "s-30000000000000000"

    @rule(region=regions, number=place, is_drill=st.booleans())
    def recover(self, region: str, number: int, is_drill: bool) -> None:
        entries = [{"sourceServerID": self.server(region, number)}]
        self.ask(region, "StartRecovery", sourceServers=entries, isDrill=is_drill)

    @rule(
        region=regions,
        number=place,
        operation=st.sampled_from(
            (
                "ReverseReplication",
                "ReverseReplication",
                "StopFailback",
                "DisconnectRecoveryInstance",
                "DeleteRecoveryInstance",
                "GetFailbackReplicationConfiguration",
            )
        ),
    )
    def act_on_an_instance(self, region: str, number: int, operation: str) -> None:
        self.ask(region, operation, recoveryInstanceID=self.instance(region, number))

    @rule(
        region=regions,
        number=place,
        operation=st.sampled_from(("TerminateRecoveryInstances", "StartFailbackLaunch", "StartFailbackLaunch")),
    )
    def act_in_a_job(self, region: str, number: int, operation: str) -> None:
        self.ask(region, operation, recoveryInstanceIDs=[self.instance(region, number)])

    @rule(
        region=regions,
        number=place,
        operation=st.sampled_from(("StopReplication", "StartReplication", "DisconnectSourceServer", "DeleteSourceServer")),
    )
    def act_on_a_server(self, region: str, number: int, operation: str) -> None:
        self.ask(region, operation, sourceServerID=self.server(region, number))

    @rule(number=place, throttling=st.sampled_from((0, 1, 100)))
    def throttle(self, number: int, throttling: int) -> None:
        instance = self.instance(REGION, number)
        operation = "UpdateFailbackReplicationConfiguration"
        self.ask(REGION, operation, recoveryInstanceID=instance, bandwidthThrottling=throttling)

    @rule(number=place, fails_at=st.sampled_from((None, None, "CONFIGURE_REPLICATION_SOFTWARE")))
    def boot_a_client(self, number: int, fails_at: str | None) -> None:
        self.befall(lambda: self.regions[REGION].boot_failback_client(self.instance(REGION, number), fails_at=fails_at))

    @rule(number=place, error=st.sampled_from(("FAILBACK_CLIENT_NOT_SEEN", "AGENT_NOT_SEEN")))
    def lose_a_client(self, number: int, error: str) -> None:
        self.befall(lambda: self.regions[REGION].lose_failback_client(self.instance(REGION, number), error))

    @rule(region=regions, number=place, state=st.sampled_from(("STOPPING", "STOPPED", "RUNNING", "TERMINATED")))
    def change_in_ec2(self, region: str, number: int, state: str) -> None:
        self.befall(lambda: self.regions[region].set_ec2_state(self.instance(region, number), state))

    @invariant()
    def no_region_replicates_more_than_it_may(self) -> None:
        for region in self.regions:
            states = [
                server["dataReplicationInfo"]["dataReplicationState"]
                for server in self.items(region, "DescribeSourceServers")
            ]
            assert len([state for state in states if state not in ("STOPPED", "DISCONNECTED")]) <= 4

    @invariant()
    def an_instance_that_fails_back_in_aws_has_a_server_for_it(self) -> None:
        servers = {
            server["sourceProperties"]["identificationHints"].get("awsInstanceID"): server
            for region in self.regions
            for server in self.items(region, "DescribeSourceServers")
        }
        for instance in self.items(REGION, "DescribeRecoveryInstances"):
            is_ready = instance["failback"]["state"] == "FAILBACK_READY_FOR_LAUNCH"
            if is_ready and instance["originEnvironment"] == "AWS":
                server = servers[instance["recoveryInstanceID"]]
                assert server["replicationDirection"] == "FAILBACK"
                assert server["dataReplicationInfo"]["dataReplicationState"] in ("CONTINUOUS", "BACKLOG")


class Networks(TwoRegions):
    """Source networks in any order."""

    def __init__(self) -> None:
        super().__init__()
        for vpc in VPCS:
            self.world.region.add_source_network(vpc, ORIGIN)
            self.steps["network", self.network(-1)] = "PROTECTED"

    @rule(vpc=st.sampled_from(VPCS))
    def create_a_network(self, vpc: str) -> None:
        self.ask(REGION, "CreateSourceNetwork", vpcID=vpc, originAccountID=ACCOUNT, originRegion=ORIGIN)

    @rule(
        number=place,
        operation=st.sampled_from(
            (
                "StartSourceNetworkReplication",
                "StartSourceNetworkReplication",
                "StopSourceNetworkReplication",
                "DeleteSourceNetwork",
                "ExportSourceNetworkCfnTemplate",
            )
        ),
    )
    def act_on_a_network(self, number: int, operation: str) -> None:
        self.ask(REGION, operation, sourceNetworkID=self.network(number))

    @rule(number=place, as_new=st.booleans())
    def recover_a_network(self, number: int, as_new: bool) -> None:
        entries = [{"sourceNetworkID": self.network(number)}]
        self.ask(REGION, "StartSourceNetworkRecovery", sourceNetworks=entries, deployAsNew=as_new)

    @rule(number=place, stack=st.sampled_from(("nowhere", "drs")))
    def associate_a_network(self, number: int, stack: str) -> None:
        network = self.network(number)
        name = f"drs-{network}" if stack == "drs" else stack
        self.ask(REGION, "AssociateSourceNetworkStack", sourceNetworkID=network, cfnStackName=name)

    @rule(number=place, kind=st.sampled_from(sorted(NETWORK_FAULTS)))
    def break_a_network(self, number: int, kind: str) -> None:
        fault = NetworkFault("fault", self.network(number), kind, "no permission", times=None)
        self.befall(lambda: self.regions[REGION].disturb_network(fault))

    def network(self, number: int) -> str:
        networks = self.items(REGION, "DescribeSourceNetworks")
        return networks[number % len(networks)]["sourceNetworkID"] if networks else "sn-50000000000000000"


TestFailbacks = Failbacks.TestCase
TestFailbacks.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestNetworks = Networks.TestCase
TestNetworks.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
