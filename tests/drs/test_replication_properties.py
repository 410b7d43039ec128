"""Whatever is done to source servers of two accounts in whatever order, replication never shows what cannot be."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from simulator.drs.arrivals import Machine
from simulator.drs.faults import ActionFault
from simulator.drs.happenings import Happening
from simulator.drs.region import Region
from simulator.drs.replica import INITIATION_STEPS
from simulator.drs.replication_faults import ReplicationFault
from simulator.drs.settings import Quotas, Settings
from simulator.errors import ServiceError
from simulator.journal import ReplicationChanged
from tests.drs.shapes import assert_fits, model
from tests.drs.world import ACCOUNT, REGION, World

STAGING = "210987654321"
NAMES = ("a", "b", "c", "d")
QUOTAS = Quotas(servers_per_job=3, servers_in_jobs=4, jobs_in_progress=3, replicating_servers=3, servers=5, launch_actions=2)
GONE = ("STALLED", "STOPPED", "DISCONNECTED")
NEXT = {
    "INITIATING": ("INITIAL_SYNC", *GONE),
    "INITIAL_SYNC": ("BACKLOG", *GONE),
    "BACKLOG": ("BACKLOG", "CREATING_SNAPSHOT", "CONTINUOUS", *GONE),  # BACKLOG again, with another error
    "CREATING_SNAPSHOT": ("CONTINUOUS", *GONE),
    "CONTINUOUS": ("BACKLOG", "RESCAN", *GONE),
    "RESCAN": ("CONTINUOUS", "BACKLOG", *GONE),
    "STALLED": ("INITIATING", "INITIAL_SYNC", "BACKLOG", "RESCAN", *GONE),  # STALLED again, with another error
    "STOPPED": ("INITIATING", "DISCONNECTED"),
    "DISCONNECTED": ("INITIATING",),
}
names = st.sampled_from(NAMES)
accounts = st.sampled_from((ACCOUNT, STAGING))


class Servers(RuleBasedStateMachine):
    """Random calls and mishaps in an account that replicates and recovers, and in one that replicates for it."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(Settings(quotas=QUOTAS, rates=None))
        self.regions = {account: self.world.service.region(account, REGION) for account in (ACCOUNT, STAGING)}
        self.regions[STAGING].initialize()
        self.world.region.add_source_server("a")
        self.world.region.install_agent(Machine("b"))
        for name in ("c", "d"):
            server = self.regions[STAGING].add_source_server(name)
            self.world.call("CreateExtendedSourceServer", sourceServerArn=server.arn)
        self.before: dict[tuple[str, str], str] = {}
        self.wrong: list[Any] = []
        self.read = 0
        self.world.service.subscribe(self.watch)

    def ask(self, account: str, operation: str, **request: Any) -> Any:
        """A call that may be refused, but only with an error that the service's model has for it."""
        try:
            answer = self.world.service.call(account, REGION, operation, request)
        except ServiceError as error:
            modelled = {shape.name for shape in model().operation_model(operation).error_shapes}
            assert error.code in modelled, f"{operation}: {error}"  # noqa: PT017
            return None
        assert_fits(operation, answer)
        return answer

    def show(self, account: str, operation: str, **request: Any) -> list[Any]:
        items: list[Any] = self.ask(account, operation, **request)["items"]
        return items

    def id_of(self, account: str, name: str) -> str:
        found = [server.id for server in self.regions[account].state.servers.values() if server.name == name]
        return found[0] if found else "s-50000000000000000"

    @rule(account=accounts, name=names, disks=st.sampled_from(((8,), (1, 100))), writes=st.sampled_from((0.0, 1.0, 200.0)))
    def install(self, account: str, name: str, disks: tuple[int, ...], writes: float) -> None:
        try:
            self.regions[account].install_agent(Machine(name, disks_gib=disks, write_mib_per_second=writes))
        except ServiceError as error:
            assert error.code == "ServiceQuotaExceededException"  # noqa: PT017
        except ValueError as error:
            assert "already" in str(error)  # noqa: PT017

    @rule(
        account=accounts,
        name=names,
        operation=st.sampled_from(
            ("StartReplication", "StopReplication", "RetryDataReplication", "DisconnectSourceServer", "DeleteSourceServer")
        ),
    )
    def control(self, account: str, name: str, operation: str) -> None:
        self.ask(account, operation, sourceServerID=self.id_of(account, name))

    @rule(name=names)
    def extend(self, name: str) -> None:
        arn = f"arn:aws:drs:{REGION}:{STAGING}:source-server/{self.id_of(STAGING, name)}"
        self.ask(ACCOUNT, "CreateExtendedSourceServer", sourceServerArn=arn)

    @rule(account=accounts, asked=st.lists(names, min_size=1, max_size=3, unique=True), is_drill=st.booleans())
    def recover(self, account: str, asked: list[str], is_drill: bool) -> None:
        entries = [{"sourceServerID": self.id_of(account, name)} for name in asked]
        self.ask(account, "StartRecovery", sourceServers=entries, isDrill=is_drill)

    @rule(account=accounts)
    def terminate(self, account: str) -> None:
        instances = [one["recoveryInstanceID"] for one in self.show(account, "DescribeRecoveryInstances")]
        if instances:
            self.ask(account, "TerminateRecoveryInstances", recoveryInstanceIDs=instances[:2])

    @rule(account=accounts, name=names, mbps=st.sampled_from((0, 1, 100)), days=st.sampled_from((1, 30)))
    def configure(self, account: str, name: str, mbps: int, days: int) -> None:
        policy = [
            {"units": unit, "interval": interval, "retentionDuration": retention}
            for unit, interval, retention in (("MINUTE", 10, 60), ("HOUR", 1, 24), ("DAY", 1, days))
        ]
        server = self.id_of(account, name)
        self.ask(
            account, "UpdateReplicationConfiguration", sourceServerID=server, bandwidthThrottling=mbps, pitPolicy=policy
        )
        self.ask(account, "GetReplicationConfiguration", sourceServerID=server)

    @rule(account=accounts, name=names, number=st.integers(1, 3), optional=st.booleans())
    def act(self, account: str, name: str, number: int, optional: bool) -> None:
        server = self.id_of(account, name)
        self.ask(account, "UpdateLaunchConfiguration", sourceServerID=server, postLaunchEnabled=True)
        self.ask(
            account,
            "PutLaunchAction",
            resourceId=server,
            actionCode="AWS-RunShellScript",
            actionId=f"00000000-0000-0000-0000-00000000000{number}",
            actionVersion="$LATEST",
            active=True,
            category="OTHER",
            description="",
            name=f"action {number}",
            optional=optional,
            order=number + 1,
        )

    @rule(
        account=accounts,
        name=names,
        kind=st.sampled_from(("AGENT_NOT_SEEN", "SNAPSHOTS_FAILURE", "UNSTABLE_NETWORK", "NOT_CONVERGING", "EXTENSION")),
        for_ms=st.sampled_from((0, 60_000, 2_000_000)),
    )
    def disturb(self, account: str, name: str, kind: str, for_ms: int) -> None:
        self.here(account, name, lambda region: region.disturb(ReplicationFault("f", name, kind, for_ms=for_ms)))

    @rule(account=accounts, name=names, step=st.sampled_from(INITIATION_STEPS[1:]), times=st.sampled_from((1, 2, None)))
    def fail_a_step(self, account: str, name: str, step: str, times: int | None) -> None:
        fault = ReplicationFault("f", name, "INITIATION", step=step, times=times)
        self.here(account, name, lambda region: region.disturb(fault))

    @rule(account=accounts, name=names, action=st.sampled_from((None, "DISCOVERY")))
    def fail_an_action(self, account: str, name: str, action: str | None) -> None:
        self.here(account, name, lambda region: region.inject_action(ActionFault("f", name, action, times=1)))

    @rule(account=accounts, name=names)
    def mend(self, account: str, name: str) -> None:
        self.here(account, name, lambda region: region.mend(name))

    @rule()
    def distrust(self) -> None:
        self.regions[STAGING].distrust(ACCOUNT)

    @rule()
    def trust(self) -> None:
        self.regions[STAGING].trust(ACCOUNT)

    @rule(seconds=st.sampled_from((1, 20, 90, 400, 400, 2000, 4000, 90_000)))
    def pass_time(self, seconds: float) -> None:
        self.world.pass_seconds(seconds)

    def here(self, account: str, name: str, action: Callable[[Region], None]) -> None:
        if any(server.name == name for server in self.regions[account].state.servers.values()):
            with suppress(ValueError):  # an extended server is replicated in the other account
                action(self.regions[account])

    def watch(self, happening: Happening) -> None:
        event = happening.event
        if isinstance(event, ReplicationChanged):
            key = (happening.account_id, event.server)
            before = self.before.get(key, "INITIATING")
            self.wrong += [(key, before, event.state)] if event.state not in NEXT[before] else []
            self.before[key] = event.state

    @invariant()
    def replication_goes_only_where_it_can(self) -> None:
        assert self.wrong == []
        for index in range(max(1, self.read), len(self.world.journal)):
            assert self.world.journal[index - 1].at_ms <= self.world.journal[index].at_ms
        self.read = len(self.world.journal)

    @invariant()
    def servers_are_as_they_can_be(self) -> None:
        for account in self.regions:
            shown = self.show(account, "DescribeSourceServers")
            assert self.show(account, "DescribeSourceServers") == shown  # looking changes nothing
            assert len(shown) <= QUOTAS.servers
            states = [one["dataReplicationInfo"]["dataReplicationState"] for one in shown if is_own(one)]
            assert sum(state not in ("STOPPED", "DISCONNECTED") for state in states) <= QUOTAS.replicating_servers
            for one in shown:
                self.before[account, one["sourceServerID"]] = one["dataReplicationInfo"]["dataReplicationState"]
                check_replication(one["dataReplicationInfo"])
                kept = self.show(account, "DescribeRecoverySnapshots", sourceServerID=one["sourceServerID"])
                if one["dataReplicationInfo"]["dataReplicationState"] in ("STOPPED", "INITIATING", "INITIAL_SYNC"):
                    assert kept == []

    @invariant()
    def no_server_is_in_two_jobs_of_an_account(self) -> None:
        for account in self.regions:
            jobs = [job for job in self.show(account, "DescribeJobs") if job["status"] != "COMPLETED"]
            held = [one["sourceServerID"] for job in jobs for one in job["participatingServers"]]
            assert len(held) == len(set(held)) <= QUOTAS.servers_in_jobs
            assert len(jobs) <= QUOTAS.jobs_in_progress

    @invariant()
    def ended_jobs_have_decided_about_every_server(self) -> None:
        for account in self.regions:
            for job in self.show(account, "DescribeJobs"):
                statuses = {one["launchStatus"] for one in job["participatingServers"]}
                if job["status"] == "COMPLETED":
                    assert statuses <= {"LAUNCHED", "FAILED"}


def is_own(server: Any) -> bool:
    return bool(server["stagingArea"]["status"] == "NOT_EXTENDED")


def check_replication(told: Any) -> None:
    state = told["dataReplicationState"]
    assert ("dataReplicationError" in told) == (
        state == "STALLED" or told.get("dataReplicationError") == {"error": "NOT_CONVERGING"}
    )
    assert ("dataReplicationInitiation" in told) == (state not in ("STOPPED", "DISCONNECTED"))
    for disk in told["replicatedDisks"]:
        total = disk["totalStorageBytes"]
        parts = [disk[name] for name in ("replicatedStorageBytes", "rescannedStorageBytes", "backloggedStorageBytes")]
        assert all(0 <= part <= total for part in parts)
        if state == "CONTINUOUS":
            assert parts == [total, total, 0]
    if state == "CONTINUOUS":
        assert told["lagDuration"] == "P0D"
    if state in ("STOPPED", "DISCONNECTED", "INITIATING", "INITIAL_SYNC"):
        assert "lagDuration" not in told


TestServers = Servers.TestCase
TestServers.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_gives_the_same_journal(seed: int) -> None:
    def journal() -> str:
        world = World(Settings(rates=None), seed)
        for name in NAMES:
            world.region.install_agent(Machine(name, disks_gib=(8, 20)))
        world.region.disturb(ReplicationFault("f", "b", "INITIATION", step="BOOT_REPLICATION_SERVER", times=2))
        world.region.disturb(ReplicationFault("f", "c", "UNSTABLE_NETWORK", from_ms=500_000, for_ms=900_000))
        world.pass_seconds(20_000)
        return world.journal.to_jsonl()

    assert journal() == journal()
