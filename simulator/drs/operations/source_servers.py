"""Source servers: DescribeSourceServers."""

from simulator.drs import identifiers
from simulator.drs.model import LAUNCH_RESULTS, SourceServer
from simulator.drs.operations.machine import hardware_ids, source_properties
from simulator.drs.operations.paging import page
from simulator.drs.operations.replication import describe_replication
from simulator.drs.operations.wire import Answer, Request
from simulator.drs.state import RegionState

_FIRST_BYTE_MS = 110_000  # from the agent's arrival to the first byte
_HEARTBEAT_MS = 60_000
_UNSEEN = frozenset({"STALLED", "DISCONNECTED"})  # states in which the agent does not report


def describe_source_servers(state: RegionState, request: Request) -> Answer:
    """Source servers in the order in which they were added: all, or those that match every filter."""
    filters = request.get("filters", {})
    wanted, accounts = frozenset(filters.get("sourceServerIDs", ())), filters.get("stagingAccountIDs")
    hardware = filters.get("hardwareId")
    rows = [
        server
        for server in state.servers.values()
        if (not wanted or server.id in wanted)
        and (not accounts or state.account_id in accounts)
        and (not hardware or hardware in hardware_ids(server))
    ]
    size = state.settings.page_size
    return page("servers", rows, lambda server: server.number, lambda server: describe(state, server), request, size)


def describe(state: RegionState, server: SourceServer) -> Answer:
    """A source server as the API shows it."""
    launch = server.last_launch
    shown: Answer = {
        "sourceServerID": server.id,
        "arn": server.arn,
        "tags": dict(server.tags),
        "lastLaunchResult": "NOT_STARTED" if launch is None else LAUNCH_RESULTS[launch.status],
        "dataReplicationInfo": describe_replication(state, server),
        "lifeCycle": _life_cycle(state, server),
        "sourceProperties": source_properties(state, server),
        "stagingArea": {"status": "NOT_EXTENDED"},
        "replicationDirection": "FAILOVER",
    }
    if server.origin_region is not None:
        shown["sourceCloudProperties"] = {
            "originAccountID": state.account_id,
            "originRegion": server.origin_region,
            "originAvailabilityZone": f"{server.origin_region}a",
        }
    if server.recovery_instance_id is not None:
        shown["recoveryInstanceId"] = server.recovery_instance_id
    return shown


def _life_cycle(state: RegionState, server: SourceServer) -> Answer:
    first_byte_ms = server.added_ms + _FIRST_BYTE_MS
    shown: Answer = {
        "addedToServiceDateTime": state.instant(server.added_ms),
        "lastSeenByServiceDateTime": state.instant(_last_seen_ms(state, server)),
        "lastLaunch": _last_launch(state, server),
    }
    if first_byte_ms <= state.clock.now_ms and server.replication.state != "INITIATING":
        shown["firstByteDateTime"] = state.instant(first_byte_ms)
        shown["elapsedReplicationDuration"] = identifiers.duration(state.clock.now_ms - first_byte_ms)
    return shown


def _last_launch(state: RegionState, server: SourceServer) -> Answer:
    launch = server.last_launch
    if launch is None:
        return {"initiated": {}}
    called = {"apiCallDateTime": state.instant(launch.asked_ms), "jobID": launch.job_id, "type": launch.type}
    return {"initiated": called, "status": launch.status}


def _last_seen_ms(state: RegionState, server: SourceServer) -> int:
    """The last of the agent's heartbeats, each server's at its own second of the minute."""
    now_ms, replication = state.clock.now_ms, server.replication
    heard_ms = replication.since_ms if replication.state in _UNSEEN else now_ms
    own_ms = int(identifiers.digits(f"heartbeat/{server.id}", 8), 16) % _HEARTBEAT_MS
    return max(server.added_ms, (heard_ms - own_ms) // _HEARTBEAT_MS * _HEARTBEAT_MS + own_ms)
