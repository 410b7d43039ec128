"""Recovery snapshots: points in time that DRS keeps of a server's volumes.

They follow from time and the server's rules alone, so nothing is scheduled: by default one every 10 minutes is kept for an
hour, one every hour for a day, one every day for a week. While a server does not replicate, none is taken and none expires.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.drs import identifiers
from simulator.drs.model import Snapshots, SourceServer, availability
from simulator.drs.state import RegionState

_KEEP_EXTRA_MS = 60 * 60_000  # a snapshot at another instant than the rules say


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A point in time of a server. Snapshots are taken at round instants of the calendar."""

    id: str
    server: SourceServer
    taken_ms: int


def kept(state: RegionState, server: SourceServer) -> Sequence[Snapshot]:
    """The snapshots that exist of a server now, oldest first."""
    server = state.staged(server)
    match availability(server):
        case Snapshots.NOT_YET | Snapshots.DELETED:
            return ()
        case Snapshots.KEPT:
            latest_ms = server.replication.since_ms
        case Snapshots.FRESH:
            latest_ms = state.clock.now_ms
    epoch_ms = int(state.clock.start.timestamp() * 1000)
    instants = {extra_ms for extra_ms in server.replica.extra_snapshots if extra_ms > latest_ms - _KEEP_EXTRA_MS}
    for rule in server.replica.rules:
        from_ms = max(server.snapshots_from_ms, latest_ms - rule.keep_ms, *([rule.from_ms] if rule.from_ms else ()))
        moments = _multiples(rule.every_ms, epoch_ms + from_ms, epoch_ms + latest_ms)
        instants.update(moment_ms - epoch_ms for moment_ms in moments)
    return [_snapshot(state, server, taken_ms) for taken_ms in sorted(instants) if not _in_a_gap(server, taken_ms)]


def named(state: RegionState, server: SourceServer, identifier: str) -> Snapshot | None:
    """The snapshot of a server with an id, if it exists (still)."""
    return next((snapshot for snapshot in kept(state, server) if snapshot.id == identifier), None)


def volume_snapshots(state: RegionState, snapshot: Snapshot) -> Sequence[str]:
    """The EBS snapshots of a recovery snapshot: one for each volume."""
    first = f"ebs/{snapshot.server.id}/{snapshot.taken_ms}"
    further = [f"{first}/{place}" for place in range(1, len(snapshot.server.disks_gib))]
    return [f"snap-{state.digit}{identifiers.digits(key, 16)}" for key in (first, *further)]


def _snapshot(state: RegionState, server: SourceServer, taken_ms: int) -> Snapshot:
    return Snapshot(f"pit-{state.digit}{identifiers.digits(f'pit/{server.id}/{taken_ms}', 16)}", server, taken_ms)


def _in_a_gap(server: SourceServer, taken_ms: int) -> bool:
    return any(from_ms < taken_ms <= to_ms for from_ms, to_ms in server.snapshot_gaps)


def _multiples(every_ms: int, after_ms: int, until_ms: int) -> range:
    """Multiples of `every_ms` later than `after_ms`, up to and including `until_ms`."""
    return range((after_ms // every_ms + 1) * every_ms, until_ms + 1, every_ms)
