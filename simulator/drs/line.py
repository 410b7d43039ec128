"""What there is to replicate of a server, and how fast that goes."""

from simulator.drs.model import SourceServer
from simulator.drs.state import RegionState

GIB = 1024**3
_MIB = 1024**2


def total_bytes(server: SourceServer) -> int:
    """The size of a server's disks."""
    return server.volume_gib * GIB


def line_bytes(state: RegionState, server: SourceServer) -> float:
    """What a server's line carries in a second."""
    throttled_mbps = server.replication_configuration.get("bandwidthThrottling") or server.replica.bandwidth_mbps
    mbps = min(throttled_mbps, server.replica.bandwidth_mbps)
    return mbps * 1e6 / 8 * state.settings.replicating.efficiency


def written_bytes(state: RegionState, server: SourceServer) -> float:
    """What a server writes in a second."""
    excess = server.replica.write_excess
    return server.replica.write_mib_per_second * _MIB if excess is None else excess * line_bytes(state, server)
