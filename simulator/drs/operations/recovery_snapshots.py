"""Points in time to recover to: DescribeRecoverySnapshots."""

from simulator.drs import refusals, snapshots
from simulator.drs.model import SourceServer
from simulator.drs.operations.paging import page
from simulator.drs.operations.wire import Answer, Request, boundary_ms, is_between
from simulator.drs.snapshots import Snapshot
from simulator.drs.state import RegionState


def describe_recovery_snapshots(state: RegionState, request: Request) -> Answer:
    """The snapshots that are kept of a server: oldest first, or with `order` DESC newest first."""
    server = state.servers.get(request["sourceServerID"])
    if server is None:
        raise refusals.validation_error([("sourceServerID", "does not exist")])
    filters = request.get("filters", {})
    from_ms, to_ms = boundary_ms(state, filters, "fromDateTime"), boundary_ms(state, filters, "toDateTime")
    rows = [kept for kept in snapshots.kept(state, server) if is_between(kept.taken_ms, from_ms, to_ms)]
    order = request.get("order", "ASC")
    sign = -1 if order == "DESC" else 1
    return page(
        f"snapshots/{server.id}/{order}",
        rows[::sign],
        lambda snapshot: sign * snapshot.taken_ms,
        lambda snapshot: _describe(state, server, snapshot),
        request,
        state.settings.page_size,
    )


def _describe(state: RegionState, server: SourceServer, snapshot: Snapshot) -> Answer:
    taken = state.instant(snapshot.taken_ms)
    return {
        "snapshotID": snapshot.id,
        "sourceServerID": server.id,
        "expectedTimestamp": taken,
        "timestamp": taken,
        "ebsSnapshots": list(snapshots.volume_snapshots(state, snapshot)),
    }
