"""Recovery snapshots: points in time that DRS keeps of a server's volumes.

They follow from time alone, so nothing is scheduled: one every 10 minutes is kept for an hour, one every hour for a day, one
every day for a week. While a server does not replicate, none is taken and none expires.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.drs import identifiers
from simulator.drs.model import REPLICATION_STATES, Snapshots, SourceServer
from simulator.drs.state import RegionState

_MINUTE_MS = 60_000
# (how often one is taken, how long it is kept), in milliseconds.
POLICY = (
    (10 * _MINUTE_MS, 60 * _MINUTE_MS),
    (60 * _MINUTE_MS, 24 * 60 * _MINUTE_MS),
    (24 * 60 * _MINUTE_MS, 7 * 24 * 60 * _MINUTE_MS),
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A point in time of a server. Snapshots are taken at round instants of the calendar."""

    id: str
    server: SourceServer
    taken_ms: int


def kept(state: RegionState, server: SourceServer) -> Sequence[Snapshot]:
    """The snapshots that exist of a server now, oldest first."""
    match REPLICATION_STATES[server.replication.state]:
        case Snapshots.NOT_YET | Snapshots.DELETED:
            return ()
        case Snapshots.KEPT:
            latest_ms = server.replication.since_ms
        case Snapshots.FRESH:
            latest_ms = state.clock.now_ms
    epoch_ms = int(state.clock.start.timestamp() * 1000)
    instants = {
        moment_ms - epoch_ms
        for every_ms, keep_ms in POLICY
        for moment_ms in _multiples(
            every_ms, epoch_ms + max(server.snapshots_from_ms, latest_ms - keep_ms), epoch_ms + latest_ms
        )
    }
    return [_snapshot(state, server, taken_ms) for taken_ms in sorted(instants) if not _in_a_gap(server, taken_ms)]


def named(state: RegionState, server: SourceServer, identifier: str) -> Snapshot | None:
    """The snapshot of a server with an id, if it exists (still)."""
    return next((snapshot for snapshot in kept(state, server) if snapshot.id == identifier), None)


def volume_snapshots(state: RegionState, snapshot: Snapshot) -> Sequence[str]:
    """The EBS snapshots of a recovery snapshot: one for each volume."""
    digit = identifiers.region_digit(state.name)
    return [f"snap-{digit}{identifiers.digits(f'ebs/{snapshot.server.id}/{snapshot.taken_ms}', 16)}"]


def _snapshot(state: RegionState, server: SourceServer, taken_ms: int) -> Snapshot:
    digit = identifiers.region_digit(state.name)
    return Snapshot(f"pit-{digit}{identifiers.digits(f'pit/{server.id}/{taken_ms}', 16)}", server, taken_ms)


def _in_a_gap(server: SourceServer, taken_ms: int) -> bool:
    return any(from_ms < taken_ms <= to_ms for from_ms, to_ms in server.snapshot_gaps)


def _multiples(every_ms: int, after_ms: int, until_ms: int) -> range:
    """Multiples of `every_ms` later than `after_ms`, up to and including `until_ms`."""
    return range((after_ms // every_ms + 1) * every_ms, until_ms + 1, every_ms)
