"""Source servers: DescribeSourceServers."""

from simulator.drs import identifiers
from simulator.drs.model import LAUNCH_RESULTS, SourceServer
from simulator.drs.operations.machine import hardware_ids, source_properties
from simulator.drs.operations.paging import page
from simulator.drs.operations.replication import describe_replication
from simulator.drs.operations.wire import Answer, Request
from simulator.drs.state import RegionState

_HEARTBEAT_MS = 60_000
AGENT_VERSION = "5.3.1"


def describe_source_servers(state: RegionState, request: Request) -> Answer:
    """Source servers in the order in which they were added: all, or those that match every filter."""
    filters = request.get("filters", {})
    wanted, accounts = frozenset(filters.get("sourceServerIDs", ())), filters.get("stagingAccountIDs")
    hardware = filters.get("hardwareId")
    rows = [
        server
        for server in state.servers.values()
        if (not wanted or server.id in wanted)
        and (not accounts or _staging_account(state, server) in accounts)
        and (not hardware or hardware in hardware_ids(server))
    ]
    size = state.settings.page_size
    return page("servers", rows, lambda server: server.number, lambda server: describe(state, server), request, size)


def describe(state: RegionState, server: SourceServer) -> Answer:
    """A source server as the API shows it. What does not change is shared between answers: they are to be read only."""
    launch = server.last_launch
    shown: Answer = {
        **(server.shown.get("server") or _unchanging(state, server)),
        "tags": dict(server.tags),
        "lastLaunchResult": "NOT_STARTED" if launch is None else LAUNCH_RESULTS[launch.status],
        "dataReplicationInfo": describe_replication(state, server),
        "lifeCycle": _life_cycle(state, server),
        "stagingArea": _staging_area(server),
        "replicationDirection": server.reversal.direction,
    }
    if server.reversal.opposite_arn is not None:
        shown["reversedDirectionSourceServerArn"] = server.reversal.opposite_arn
    if server.network_id is not None:
        shown["sourceNetworkID"] = server.network_id
    if server.recovery_instance_id is not None:
        shown["recoveryInstanceId"] = server.recovery_instance_id
    return shown


def _unchanging(state: RegionState, server: SourceServer) -> Answer:
    machine = state.staged(server)
    shown: Answer = {
        "sourceServerID": server.id,
        "arn": server.arn,
        "sourceProperties": source_properties(state, machine),
        "agentVersion": AGENT_VERSION,
    }
    if server.origin_region is not None:
        shown["sourceCloudProperties"] = {
            "originAccountID": _origin_account(state, server),
            "originRegion": server.origin_region,
            "originAvailabilityZone": f"{server.origin_region}a",
        }
    server.shown["server"] = shown
    server.shown["added"] = state.instant(server.added_ms)
    return shown


def _origin_account(state: RegionState, server: SourceServer) -> str:
    if server.reversal.direction == "FAILBACK" and server.reversal.opposite_arn is not None:
        return identifiers.parts(server.reversal.opposite_arn)[1]
    return _staging_account(state, server)


def _staging_account(state: RegionState, server: SourceServer) -> str:
    return state.account_id if server.extension is None else server.extension.account_id


def _staging_area(server: SourceServer) -> Answer:
    extension = server.extension
    if extension is None:
        return {"status": "NOT_EXTENDED"}
    whence = {"stagingAccountID": extension.account_id, "stagingSourceServerArn": extension.arn}
    if extension.error is None:
        return {"status": "EXTENDED", **whence}
    return {"status": "EXTENSION_ERROR", **whence, "errorMessage": extension.error}


def _life_cycle(state: RegionState, server: SourceServer) -> Answer:
    first_byte_ms, now_ms = server.replica.first_byte_ms, state.clock.now_ms
    shown: Answer = {
        "addedToServiceDateTime": server.shown["added"],
        "lastSeenByServiceDateTime": last_seen(state, server),
        "lastLaunch": _last_launch(state, server),
    }
    if first_byte_ms is not None and first_byte_ms <= now_ms and server.replication.state != "INITIATING":
        shown["firstByteDateTime"] = _kept(state, server, "first byte", first_byte_ms)
        shown["elapsedReplicationDuration"] = identifiers.duration(now_ms - first_byte_ms)
    return shown


def _last_launch(state: RegionState, server: SourceServer) -> Answer:
    launch = server.last_launch
    if launch is None:
        return {"initiated": {}}
    called = {"apiCallDateTime": state.instant(launch.asked_ms), "jobID": launch.job_id, "type": launch.type}
    return {"initiated": called, "status": launch.status}


def last_seen(state: RegionState, server: SourceServer) -> str:
    """The last of the agent's heartbeats, each server's at its own second of the minute."""
    heard_ms = server.replication.since_ms if _is_silent(server) else state.clock.now_ms
    own_ms = server.shown.get("heartbeat")
    if own_ms is None:
        own_ms = server.shown["heartbeat"] = int(identifiers.digits(f"heartbeat/{server.id}", 8), 16) % _HEARTBEAT_MS
    seen_ms = max(server.added_ms, (heard_ms - own_ms) // _HEARTBEAT_MS * _HEARTBEAT_MS + own_ms)
    return _kept(state, server, "last seen", seen_ms)


def _is_silent(server: SourceServer) -> bool:
    """Whether the agent does not report: it is gone, or nothing else explains the stall."""
    replication = server.replication
    return replication.state == "DISCONNECTED" or (
        replication.state == "STALLED" and replication.error in (None, "AGENT_NOT_SEEN", "UNSTABLE_NETWORK")
    )


def _kept(state: RegionState, server: SourceServer, what: str, at_ms: int) -> str:
    """An instant as it is shown, worked out only when it has changed."""
    known: tuple[int, str] | None = server.shown.get(what)
    if known is None or known[0] != at_ms:
        known = server.shown[what] = (at_ms, state.instant(at_ms))
    return known[1]
