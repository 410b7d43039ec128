"""Replication as it goes through virtual time: set up, copied, kept up with, stalled, stopped and disconnected.

What is shown between two states follows from time alone (`Transfer`, `Initiation`); only changes of state are scheduled, and
none is once a server is protected. `REPLICATION_STEPS` says which changes there are.
"""

from collections.abc import Callable
from functools import partial

from simulator.drs import initiation
from simulator.drs.line import line_bytes, total_bytes, written_bytes
from simulator.drs.model import SourceServer
from simulator.drs.replica import REPLICATION_STEPS, Initiation, Transfer
from simulator.drs.replication_faults import ReplicationFault
from simulator.drs.settings import Distribution
from simulator.drs.state import RegionState
from simulator.journal import FaultFired


def place(state: RegionState, server: SourceServer, following: str, error: str | None, raw_error: str | None) -> None:
    """Put a server's replication into any state, where it stays until something else is done to it."""
    _cancel(server)
    server.replica.is_launchable = following not in ("INITIATING", "INITIAL_SYNC", "STOPPED")
    server.replica.initiation = None
    server.replica.transfer = placed_transfer(following, state.clock.now_ms)
    state.set_replication(server, following, error, raw_error)


def placed_transfer(replication_state: str, now_ms: int) -> Transfer:
    """How far the data of a server has got that was put into a state."""
    share = {"INITIATING": 0.0, "INITIAL_SYNC": 0.5, "RESCAN": 0.5}.get(replication_state, 1.0)
    grows = replication_state in ("INITIAL_SYNC", "RESCAN", "BACKLOG", "PAUSED", "STALLED")
    return Transfer(now_ms, share, lag_growth=1.0 if grows else 0.0)


def initiate(state: RegionState, server: SourceServer) -> None:
    """Begin an attempt at setting replication up: for a new agent, after a stop, or after a failure."""
    _cancel(server)
    replica, now_ms = server.replica, state.clock.now_ms
    replica.attempts += 1
    replica.is_launchable = False
    replica.extra_snapshots.clear()
    replica.first_byte_ms, replica.transfer = None, Transfer(now_ms, 0.0)
    fault = state.replication_faults.take_initiation(server.id)
    takes_ms = _drawn_ms(state, server, state.settings.replicating.first_byte, "first_byte")
    attempt = Initiation(
        now_ms,
        now_ms + takes_ms,
        initiation.begin(state, server),
        None if fault is None else fault.step,
        fault is not None and fault.times is None,
    )
    replica.initiation = attempt
    _go(state, server, "INITIATING", replica.transfer)
    lasting = state.replication_faults.stall_of(server.id)
    if lasting is not None:
        stall(state, server, lasting.kind, lasting.raw_error)
    elif fault is None:
        _later(state, server, attempt.ends_ms, _send_first_byte)
    else:
        _later(state, server, initiation.failure_ms(attempt), partial(_fail_initiation, fault=fault))


def stop(state: RegionState, server: SourceServer) -> None:
    """Stop replicating: snapshots and staging disks are deleted."""
    _cancel(server)
    _let_go(state, server)
    server.replica.is_launchable = False
    server.replica.extra_snapshots.clear()
    _go(state, server, "STOPPED", Transfer(state.clock.now_ms, 0.0))


def disconnect(state: RegionState, server: SourceServer) -> None:
    """Let the agent go: nothing is replicated any more."""
    _cancel(server)
    _let_go(state, server)
    _go(state, server, "DISCONNECTED", Transfer(state.clock.now_ms, 0.0))


def stall(state: RegionState, server: SourceServer, error: str, raw_error: str | None = None) -> None:
    """Let replication stall: nothing gets on, and the lag grows."""
    _cancel(server)
    _go(state, server, "STALLED", _carried(state, server), error, raw_error)


def resume(state: RegionState, server: SourceServer, *, loses_track: bool) -> None:
    """Let a stalled server go on from where it was; one that `loses_track` of what changed meanwhile has to rescan."""
    replica = server.replica
    if replica.first_byte_ms is None:
        initiate(state, server)
    elif not replica.is_launchable and replica.transfer.share < 1:
        _sync(state, server)
    elif replica.is_launchable and (loses_track or replica.transfer.share < 1):
        rescan(state, server)
    else:
        _flush(state, server)


def rescan(state: RegionState, server: SourceServer) -> None:
    """Compare all data with the copy: after a source's reboot, or when an agent is paired anew."""
    knobs = state.settings.replicating
    takes_ms = _drawn_ms(state, server, knobs.rescan, "rescan")
    takes_ms += round(server.volume_gib * knobs.rescan_seconds_per_gib * 1000)
    now_ms = state.clock.now_ms
    lag_ms = server.replica.transfer.lag_at(now_ms)
    if server.replica.first_byte_ms is None:
        server.replica.first_byte_ms = now_ms
    _go(state, server, "RESCAN", Transfer(now_ms, 0.0, now_ms + takes_ms, lag_ms, 1.0))
    _later(state, server, now_ms + takes_ms, _protect)


def rates_changed(state: RegionState, server: SourceServer) -> None:
    """Let a server's line, its throttling or its writes have changed."""
    match server.replication.state:
        case "INITIAL_SYNC" if server.replica.pending is not None:
            _sync(state, server)
        case "BACKLOG" if server.replica.pending is not None or server.replication.error is not None:
            _flush(state, server)
        case "CONTINUOUS" if line_bytes(state, server) <= written_bytes(state, server):
            _flush(state, server)


def _send_first_byte(state: RegionState, server: SourceServer) -> None:
    server.replica.first_byte_ms = state.clock.now_ms
    server.replica.transfer = Transfer(state.clock.now_ms, 0.0)
    _sync(state, server)


def _sync(state: RegionState, server: SourceServer) -> None:
    """Copy all data, or what is left of it; what is written meanwhile has to wait."""
    now = _carried(state, server)
    left = (1 - now.share) * total_bytes(server)
    ends_ms = now.from_ms + round(left / line_bytes(state, server) * 1000)
    _go(state, server, "INITIAL_SYNC", Transfer(now.from_ms, now.share, ends_ms, now.lag_ms, 1.0))
    _later(state, server, ends_ms, _flush)


def _flush(state: RegionState, server: SourceServer) -> None:
    """Send what waits; if more is written than the line carries, that never ends."""
    now = _carried(state, server)
    line, written = line_bytes(state, server), written_bytes(state, server)
    if line <= written:
        _go(state, server, "BACKLOG", Transfer(now.from_ms, 1.0, None, now.lag_ms, 1 - line / written), "NOT_CONVERGING")
        return
    waiting = min(now.lag_ms / 1000 * written, total_bytes(server))
    takes_ms = max(1, round(waiting / (line - written) * 1000))
    ends_ms = now.from_ms + takes_ms
    _go(state, server, "BACKLOG", Transfer(now.from_ms, 1.0, ends_ms, now.lag_ms, -now.lag_ms / takes_ms))
    _later(state, server, ends_ms, _protect if server.replica.is_launchable else _make_first_snapshot)


def _make_first_snapshot(state: RegionState, server: SourceServer) -> None:
    now_ms = state.clock.now_ms
    ends_ms = now_ms + _drawn_ms(state, server, state.settings.replicating.first_snapshot, "first_snapshot")
    _go(state, server, "CREATING_SNAPSHOT", Transfer(now_ms))
    _later(state, server, ends_ms, _protect)


def _protect(state: RegionState, server: SourceServer) -> None:
    now_ms, replica = state.clock.now_ms, server.replica
    if not replica.is_launchable:
        replica.is_launchable = True
        replica.extra_snapshots.append(now_ms)
        server.snapshots_from_ms = now_ms
    _go(state, server, "CONTINUOUS", Transfer(now_ms))
    rates_changed(state, server)


def _fail_initiation(state: RegionState, server: SourceServer, fault: ReplicationFault) -> None:
    attempt = server.replica.initiation
    assert attempt is not None
    state.journal.record(FaultFired(fault.id, server.name, f"FAILED_TO_{fault.step}"))
    _go(state, server, "STALLED", server.replica.transfer, f"FAILED_TO_{fault.step}", fault.raw_error)
    if not attempt.until_mended:
        retry_initiation(state, server)


def retry_initiation(state: RegionState, server: SourceServer) -> None:
    """Let the next attempt at setting replication up come at its time."""
    attempt = server.replica.initiation
    assert attempt is not None
    _later(state, server, initiation.next_attempt_ms(state, attempt), initiate)


def _let_go(state: RegionState, server: SourceServer) -> None:
    server.replica.initiation = None
    initiation.leave_seats(state, server)


def _carried(state: RegionState, server: SourceServer) -> Transfer:
    """How far the data has got by now, with nothing getting on."""
    now_ms, transfer = state.clock.now_ms, server.replica.transfer
    return Transfer(now_ms, transfer.share_at(now_ms), None, transfer.lag_at(now_ms), 1.0)


def _go(
    state: RegionState,
    server: SourceServer,
    following: str,
    transfer: Transfer,
    error: str | None = None,
    raw_error: str | None = None,
) -> None:
    before = server.replication
    assert following == before.state or following in REPLICATION_STEPS[before.state], f"{before.state} to {following}"
    server.replica.transfer = transfer
    if (before.state, before.error, before.raw_error) != (following, error, raw_error):
        state.set_replication(server, following, error, raw_error)


def _later(
    state: RegionState, server: SourceServer, at_ms: int, action: Callable[[RegionState, SourceServer], None]
) -> None:
    _cancel(server)

    def act() -> None:
        server.replica.pending = None
        action(state, server)

    server.replica.pending = state.clock.call_at(at_ms, act)


def _cancel(server: SourceServer) -> None:
    if server.replica.pending is not None:
        server.replica.pending.cancel()
        server.replica.pending = None


def _drawn_ms(state: RegionState, server: SourceServer, latency: Distribution, what: str) -> int:
    key = f"{server.id}/{server.replica.attempts}/{state.clock.now_ms}/{what}"
    luck = 0.0 if latency.is_constant else state.luck("drs.replication", key)
    return round(latency.at(luck) * 1000)
