"""The steps by which replication is set up, as they follow from an attempt and the time."""

from collections.abc import Mapping

from simulator.drs.model import SourceServer
from simulator.drs.replica import DISK_STEPS, INITIATION_STEPS, SHARED_STEPS, Initiation
from simulator.drs.state import RegionState

_MINUTE_MS = 60_000
# What each step takes of an attempt at which none is skipped.
_SHARES: Mapping[str, float] = dict(
    zip(INITIATION_STEPS, (0.05, 0.05, 0.10, 0.35, 0.05, 0.10, 0.10, 0.05, 0.05, 0.05, 0.05), strict=True)
)
_DISKS_OF_A_SERVER = 15  # a replication server has room for so many staging disks


def begin(state: RegionState, server: SourceServer) -> frozenset[str]:
    """Find a replication server for an attempt that begins now; the steps of which nothing is left to do.

    The first server on a replication server goes through all of them, those that join it do not.
    """
    before = server.replica.initiation
    if before is None:
        return SHARED_STEPS if take_seats(state, server) else frozenset()
    done = INITIATION_STEPS[: INITIATION_STEPS.index(before.failed or "WAIT")]
    shared = SHARED_STEPS if {*done, *before.skipped} >= SHARED_STEPS else frozenset()
    return shared | (DISK_STEPS if {*done} >= DISK_STEPS else frozenset())


def take_seats(state: RegionState, server: SourceServer) -> bool:
    """Let a server's disks be attached to a shared replication server; whether that runs already."""
    disks = len(server.disks_gib) or 1
    if server.replication_configuration.get("useDedicatedReplicationServer", False):
        return False
    taken = state.shared_disks % _DISKS_OF_A_SERVER
    state.shared_disks += disks
    server.replica.seats = disks
    return 0 < taken <= _DISKS_OF_A_SERVER - disks


def leave_seats(state: RegionState, server: SourceServer) -> None:
    """Let a server's staging disks be deleted."""
    state.shared_disks -= server.replica.seats
    server.replica.seats = 0


def statuses(attempt: Initiation, now_ms: int) -> list[str]:
    """How each step stands."""
    found = []
    for name, begins_ms, ends_ms in _schedule(attempt):
        if name == attempt.failed and now_ms >= ends_ms:
            found.append("FAILED")
        elif name in attempt.skipped:
            found.append("SKIPPED" if now_ms >= begins_ms else "NOT_STARTED")
        elif now_ms >= ends_ms:
            found.append("SUCCEEDED")
        else:
            found.append("IN_PROGRESS" if now_ms >= begins_ms else "NOT_STARTED")
    if attempt.failed is None:
        return found
    last = INITIATION_STEPS.index(attempt.failed) + 1
    return found[:last] + ["NOT_STARTED"] * (len(found) - last)


def failure_ms(attempt: Initiation) -> int:
    """When an attempt fails that is to fail."""
    return next(ends_ms for name, _, ends_ms in _schedule(attempt) if name == attempt.failed)


def next_attempt_ms(state: RegionState, attempt: Initiation) -> int:
    """When the attempt after this one begins: at a whole minute of the calendar."""
    every_ms = state.settings.replicating.attempt_minutes * _MINUTE_MS
    epoch_ms = int(state.clock.start.timestamp() * 1000)
    following_ms = (epoch_ms + attempt.started_ms + every_ms) // _MINUTE_MS * _MINUTE_MS - epoch_ms
    if attempt.until_mended and following_ms <= state.clock.now_ms:  # it was in vain, and so were those after it
        following_ms += ((state.clock.now_ms - following_ms) // every_ms + 1) * every_ms
    return following_ms


def _schedule(attempt: Initiation) -> list[tuple[str, int, int]]:
    """Each step with when it begins and ends; one that is skipped takes no time."""
    shares = [0.0 if name in attempt.skipped else share for name, share in _SHARES.items()]
    takes_ms, whole, passed = attempt.ends_ms - attempt.started_ms, sum(shares), 0.0
    found = []
    for name, share in zip(INITIATION_STEPS, shares, strict=True):
        begins_ms = attempt.started_ms + round(takes_ms * passed / whole)
        passed += share
        found.append((name, begins_ms, attempt.started_ms + round(takes_ms * passed / whole)))
    return found
