"""DRS in one account and Region from the outside of its API: setting the stage, and breaking things."""

from collections.abc import Mapping, Sequence

from simulator.drs import (
    arrivals,
    disturbances,
    ec2_instances,
    extension,
    failback_client,
    network_replication,
    replication,
    reversal,
    timeline,
)
from simulator.drs.arrivals import Machine
from simulator.drs.faults import ActionFault, ServerFault
from simulator.drs.model import Platform, RecoveryInstance, SourceServer
from simulator.drs.networks import NetworkFault, SourceNetwork
from simulator.drs.replication_faults import ReplicationFault
from simulator.drs.state import RegionState

_DAY_SECONDS = 24 * 60 * 60


class Region:
    """What a scenario does to DRS without calling its API. `state` has the records."""

    def __init__(self, state: RegionState) -> None:
        self.state = state

    def initialize(self) -> None:
        """Set DRS up, as InitializeService does; doing it again changes nothing."""
        self.state.is_initialized = True

    def add_source_server(
        self,
        name: str,
        *,
        profile: str = "linux-direct",
        platform: Platform | None = None,
        tags: Mapping[str, str] | None = None,
        volume_gib: int = 8,
        volumes_gib: Sequence[int] = (),
        replication_state: str = "CONTINUOUS",
        origin_region: str | None = None,
        replicating_for_seconds: int = 8 * _DAY_SECONDS,
    ) -> SourceServer:
        """A server that already replicates: since so many seconds ago, with one volume or those of `volumes_gib`.

        Its id depends on account, Region and name only, and its name is its hostname and its Name tag. `origin_region` is
        where it runs in EC2, None for a machine outside AWS; `platform` goes by the profile's name if it is not given. No
        quota holds for it. Raises ValueError for a name that is taken, a size that is no size, or a profile or state that
        does not exist.
        """
        machine = Machine(name, profile, platform, tags or {}, tuple(volumes_gib) or (volume_gib,), origin_region)
        added_ms = self.state.clock.now_ms - replicating_for_seconds * 1000
        return arrivals.replicate(self.state, machine, replication_state, added_ms)

    def install_agent(self, machine: Machine) -> SourceServer:
        """A server whose agent was just installed, as its installer does it: its replication begins now.

        One that was disconnected comes back. Raises ValueError for a name that is taken, a size that is no size, or a
        profile that does not exist, and ServiceError if a quota does not allow one more.
        """
        return arrivals.install_agent(self.state, machine)

    def extend(self, staging: "Region", server: str, tags: Mapping[str, str] | None = None) -> SourceServer:
        """An extended server for one (by name or id) of another account, as CreateExtendedSourceServer makes it.

        Raises ServiceError as that does, and ValueError for a server that does not exist there.
        """
        return extension.extend(self.state, staging.state.server_named(server).arn, tags or {})

    def set_replication_state(
        self, server: str, replication_state: str, error: str | None = None, raw_error: str | None = None
    ) -> None:
        """Let the replication of a server (by name or id) go into another state, with what is wrong with it.

        Raises ValueError for a server or state that does not exist, or an extended server.
        """
        arrivals.check_state(replication_state)
        placed = self.state.server_named(server)
        disturbances.refuse_extended(placed)
        replication.place(self.state, placed, replication_state, error, raw_error)

    def disturb(self, fault: ReplicationFault) -> None:
        """Let a server's replication go wrong.

        Raises ValueError for a server, kind or step that does not exist, or an extended server, unless it is its extension.
        """
        fault.check()
        disturbances.begin(self.state, self.state.server_named(fault.server), fault)

    def set_up_anew(self, server: str) -> None:
        """Let a server's replication begin from nothing, as if it had been stopped and started.

        If it is being set up already, or stopped, or in a job, it stays as it is. Raises ValueError for a server that does
        not exist, or an extended server.
        """
        placed = self.state.server_named(server)
        disturbances.refuse_extended(placed)
        is_held = placed.id in self.state.holders
        if not is_held and placed.replication.state not in ("INITIATING", "STOPPED", "DISCONNECTED"):
            replication.stop(self.state, placed)
            replication.initiate(self.state, placed)

    def mend(self, server: str) -> None:
        """Let all that is wrong with a server's replication be over. Raises ValueError for a server that does not exist."""
        disturbances.mend(self.state, self.state.server_named(server))

    def lose_source_region(
        self, fault_id: str, origin_region: str | None = None, from_ms: int = 0, for_ms: int | None = None
    ) -> None:
        """Let all servers stall that come from a Region (None: from anywhere), from an instant of the run, for a time."""
        for server in self.state.servers.values():
            if origin_region in (None, server.origin_region) and server.extension is None:
                fault = ReplicationFault(fault_id, server.id, "AGENT_NOT_SEEN", None, from_ms, for_ms)
                disturbances.begin(self.state, server, fault)

    def distrust(self, account_id: str) -> None:
        """Let an account no longer extend servers from here: the role that it would take on is missing."""
        self.state.distrusted.add(account_id)

    def trust(self, account_id: str) -> None:
        """Let an account extend servers from here, as any may that was not distrusted."""
        self.state.distrusted.discard(account_id)

    def set_ec2_state(self, instance_id: str, ec2_state: str, *, allows_launch: bool = True) -> None:
        """Let somebody else than DRS have started, stopped or terminated an EC2 instance here: a recovery instance or any.

        `ec2_state` is RUNNING, STOPPING, STOPPED, SHUTTING-DOWN or TERMINATED. An instance of which nothing was told runs;
        `allows_launch` is whether one that is no recovery instance has the tag that lets DRS launch into it.

        Raises ValueError for a state that does not exist, or a step that a recovery instance cannot take.
        """
        ec2_instances.changed(self.state, instance_id, ec2_state, allows_launch=allows_launch)
        instance = self.state.instances.get(instance_id)
        if instance is not None:
            reversal.instance_changed(self.state, instance)

    def terminated_outside(self, instance_id: str) -> None:
        """Let somebody have terminated a recovery instance in EC2: its record stays, TERMINATED and later NOT_FOUND."""
        self.set_ec2_state(instance_id, "TERMINATED")

    def boot_failback_client(
        self, instance_id: str, client_id: str = "failback-client", fails_at: str | None = None
    ) -> None:
        """Let a failback client boot outside AWS and take a recovery instance's data in; it fails at a step if one is given.

        One that was lost goes on. Raises ValueError for an instance that does not exist or cannot fail back that way.
        """
        failback_client.boot(self.state, self._instance(instance_id), client_id, fails_at)

    def lose_failback_client(self, instance_id: str, error: str = "FAILBACK_CLIENT_NOT_SEEN") -> None:
        """Let the failback client of a recovery instance be seen no more, or with AGENT_NOT_SEEN the instance's agent.

        Raises ValueError for an instance that does not exist or does not fail back.
        """
        failback_client.lose(self.state, self._instance(instance_id), error)

    def add_source_network(
        self, vpc_id: str, origin_region: str, *, tags: Mapping[str, str] | None = None, servers: Sequence[str] = ()
    ) -> SourceNetwork:
        """A source network that is protected already, of this account; `servers` (by name or id) are in its VPC.

        Raises ValueError for a server that does not exist.
        """
        members = [self.state.server_named(server) for server in servers]
        network = network_replication.add(self.state, vpc_id, self.state.account_id, origin_region, tags or {})
        network.status, network.is_known = "PROTECTED", True
        for server in members:
            server.network_id = network.id
        return network

    def add_network_stack(self, network_id: str, stack: str, vpc_id: str) -> None:
        """Let a stack exist that a source network can be associated with. Raises ValueError for an unknown network."""
        self._network(network_id).stacks[stack] = vpc_id

    def disturb_network(self, fault: NetworkFault) -> None:
        """Let something go wrong with a source network. Raises ValueError for a network or kind that does not exist."""
        network_replication.disturb(self.state, self._network(fault.network), fault)

    def delay_reads(self, lag_seconds: float, from_ms: int = 0, for_ms: int | None = None) -> None:
        """Let descriptions of jobs and recovery instances lag behind the job log, for changes from an instant of the run on.

        That goes on for `for_ms`, None: for good.
        """
        begins_ms = max(from_ms, self.state.clock.now_ms)
        until_ms = None if for_ms is None else begins_ms + for_ms
        self.state.stale.begin(round(lag_seconds * 1000), begins_ms, until_ms)

    def forget_job(self, job_id: str) -> None:
        """Let a job that has ended be listed no more. Raises ValueError for one that does not exist or has not ended."""
        job = self.state.jobs.get(job_id)
        if job is None or job.is_active:
            raise ValueError(f"there is no job {job_id!r} that has ended")
        del self.state.jobs[job_id]

    def inject(self, fault: ServerFault) -> None:
        """Let a server's recovery go wrong. Raises ValueError for a server, phase or outcome that does not exist."""
        fault.check()
        self.state.faults.add(self.state.server_named(fault.server).id, fault)

    def inject_action(self, fault: ActionFault) -> None:
        """Let launch actions of a server fail. Raises ValueError for a server that does not exist."""
        self.state.action_faults.add(self.state.server_named(fault.server).id, fault)

    def occupy(self, server: str, from_ms: int, for_ms: int, fault_id: str) -> None:
        """Let another job hold a server (by name or id) from an instant of the run, for a time.

        If the server is in a job by then, nothing happens. Raises ValueError for a server that does not exist.
        """
        held = self.state.server_named(server)

        def begin() -> None:
            if held.id not in self.state.holders:
                job = self.state.new_job("LAUNCH", "DIAGNOSTIC", [(held, {})], {})
                job.fault = fault_id
                timeline.hold(self.state, job, for_ms)

        self.state.clock.call_at(from_ms, begin)

    def _instance(self, instance_id: str) -> RecoveryInstance:
        instance = self.state.instances.get(instance_id)
        if instance is None:
            raise ValueError(f"there is no recovery instance {instance_id!r}")
        return instance

    def _network(self, network_id: str) -> SourceNetwork:
        network = self.state.networks.get(network_id)
        if network is None:
            raise ValueError(f"there is no source network {network_id!r}")
        return network
