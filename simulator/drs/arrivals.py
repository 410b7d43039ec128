"""Source servers as they come to DRS: already replicating, or with an agent that was just installed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simulator.drs import configurations, initiation, refusals, replication
from simulator.drs.model import REPLICATION_STATES, Platform, Replication, SourceServer
from simulator.drs.operations.machine import device_names
from simulator.drs.replica import Replica
from simulator.drs.state import RegionState

_FIRST_BYTE_MS = 110_000  # from an agent's arrival, for a server of which nothing more is known
MAX_DISKS = 60


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine to be protected.

    `disks_gib` are the sizes of its disks, the one that it boots from first. `platform` goes by the profile's name if it is
    None; `origin_region` is where it runs in EC2, None for a machine outside AWS. `bandwidth_mbps` and
    `write_mib_per_second` are the settings' if they are None.
    """

    name: str
    profile: str = "linux-direct"
    platform: Platform | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    disks_gib: Sequence[int] = (8,)
    origin_region: str | None = None
    bandwidth_mbps: float | None = None
    write_mib_per_second: float | None = None


def arrive(state: RegionState, machine: Machine, replication_state: str, added_ms: int) -> SourceServer:
    """A server that DRS has known since an instant of the run (before it, if negative), in some state of replication.

    Raises ValueError for a name that is taken, a size that is no size, or a profile or state that does not exist.
    """
    identifier = state.server_id(machine.name)
    if identifier in state.servers:
        raise ValueError(f"there is a source server {machine.name!r} already")
    if machine.profile not in state.settings.profiles:
        raise ValueError(f"there is no latency profile {machine.profile!r}: {', '.join(state.settings.profiles)}")
    check_state(replication_state)
    _check_disks(machine.disks_gib)
    server = SourceServer(
        identifier,
        state.arn("source-server", identifier),
        next(state.numbers),
        machine.name,
        machine.profile,
        machine.platform or ("windows" if machine.profile.startswith("windows") else "linux"),
        sum(machine.disks_gib),
        machine.origin_region,
        added_ms,
        Replication(replication_state, state.clock.now_ms),
        {"Name": machine.name, **machine.tags},
        {},
        added_ms,
        disks_gib=tuple(machine.disks_gib),
        replica=_replica(state, machine),
    )
    server.replica.transfer = replication.placed_transfer(replication_state, state.clock.now_ms)
    server.replica.is_launchable = replication_state not in ("INITIATING", "INITIAL_SYNC", "STOPPED")
    server.replica.first_byte_ms = added_ms + _FIRST_BYTE_MS
    configurations.configure(state, server, device_names(server))
    state.add_server(server)
    return server


def replicate(state: RegionState, machine: Machine, replication_state: str, added_ms: int) -> SourceServer:
    """The same for a server whose disks have their place in the staging area. Raises ValueError."""
    server = arrive(state, machine, replication_state, added_ms)
    if server.id in state.replicating:
        initiation.take_seats(state, server)
    return server


def install_agent(state: RegionState, machine: Machine) -> SourceServer:
    """A server whose agent was just installed: its replication begins now. One that was disconnected comes back.

    Raises ValueError as `arrive` does, and ServiceError if a quota does not allow one more.
    """
    refuse_one_more(state)
    known = state.servers.get(state.server_id(machine.name))
    if known is None:
        known = arrive(state, machine, "INITIATING", state.clock.now_ms)
    elif known.replication.state != "DISCONNECTED":
        raise ValueError(f"there is a source server {machine.name!r} already")
    replication.initiate(state, known)
    return known


def refuse_one_more(state: RegionState) -> None:
    """Raises ServiceError if no further server may be replicated here."""
    quotas = state.settings.quotas
    if len(state.servers) >= quotas.servers:
        raise refusals.quota_exceeded("servers", quotas.servers)
    if len(state.replicating) >= quotas.replicating_servers:
        raise refusals.quota_exceeded("replicating_servers", quotas.replicating_servers)


def check_state(replication_state: str) -> None:
    """Raises ValueError for a state of replication that does not exist."""
    if replication_state not in REPLICATION_STATES:
        raise ValueError(f"there is no replication state {replication_state!r}: {', '.join(REPLICATION_STATES)}")


def _check_disks(disks_gib: Sequence[int]) -> None:
    if not 1 <= len(disks_gib) <= MAX_DISKS:
        raise ValueError(f"a server has 1 to {MAX_DISKS} disks, not {len(disks_gib)}")
    for size in disks_gib:
        if size < 1:
            raise ValueError(f"a volume has at least 1 GiB, not {size}")


def _replica(state: RegionState, machine: Machine) -> Replica:
    knobs = state.settings.replicating
    bandwidth, writes = machine.bandwidth_mbps, machine.write_mib_per_second
    return Replica(
        bandwidth_mbps=knobs.bandwidth_mbps if bandwidth is None else bandwidth,
        write_mib_per_second=knobs.write_mib_per_second if writes is None else writes,
    )
