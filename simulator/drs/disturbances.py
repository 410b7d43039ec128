"""What faults of replication do to servers, from when they begin until they are over."""

from collections.abc import Callable, Mapping
from functools import partial

from simulator.drs import replication
from simulator.drs.model import SourceServer
from simulator.drs.replication_faults import ReplicationFault
from simulator.drs.state import RegionState
from simulator.journal import FaultFired

_EXCESS = 1.5  # what a server that does not converge writes, by what its line carries
_REPLICATING = frozenset({"INITIATING", "INITIAL_SYNC", "BACKLOG", "CREATING_SNAPSHOT", "CONTINUOUS", "RESCAN", "PAUSED"})


def begin(state: RegionState, server: SourceServer, fault: ReplicationFault) -> None:
    """Let a fault come over a server at its time. Raises ValueError if its replication is another account's."""
    if fault.kind != "EXTENSION":
        refuse_extended(server)
    over = end
    if fault.kind == "INITIATION":
        state.replication_faults.arm(server.id, fault)
        over = _let_initiate
    else:
        state.clock.call_at(fault.from_ms, partial(_strike, state, server, fault))
    if fault.for_ms is not None:
        ends_ms = max(fault.from_ms, state.clock.now_ms) + fault.for_ms
        state.clock.call_at(ends_ms, partial(over, state, server, fault))


def refuse_extended(server: SourceServer) -> None:
    """Raises ValueError for an extended server: what happens to its replication happens in the staging account."""
    if server.extension is not None:
        raise ValueError(f"{server.name!r} is replicated in account {server.extension.account_id}")


def end(state: RegionState, server: SourceServer, fault: ReplicationFault) -> None:
    """Let a fault that lasts be over, and the server go on if nothing else is wrong with it."""
    if fault not in state.replication_faults.lasting.get(server.id, ()):
        return
    state.replication_faults.end(server.id, fault)
    _ENDS.get(fault.kind, _go_on)(state, server, fault)


def mend(state: RegionState, server: SourceServer) -> None:
    """Let everything that is wrong with a server be over."""
    lasting = state.replication_faults.forget(server.id)
    for fault in lasting:
        _ENDS.get(fault.kind, _go_on)(state, server, fault)
    if server.extension is None:
        _retry(state, server)


def _let_initiate(state: RegionState, server: SourceServer, fault: ReplicationFault) -> None:
    """Let attempts at setting replication up fail no more."""
    state.replication_faults.disarm(server.id, fault)
    _retry(state, server)


def _retry(state: RegionState, server: SourceServer) -> None:
    """Let the next attempt come, if the last one failed for as long as its fault would last."""
    attempt = server.replica.initiation
    if attempt is not None and attempt.until_mended and server.replication.state == "STALLED":
        replication.retry_initiation(state, server)


def _strike(state: RegionState, server: SourceServer, fault: ReplicationFault) -> None:
    if state.servers.get(server.id) is not server:
        return
    state.replication_faults.begin(server.id, fault)
    _STRIKES.get(fault.kind, _stall)(state, server, fault)


def _stall(state: RegionState, server: SourceServer, fault: ReplicationFault) -> None:
    if server.replication.state in (*_REPLICATING, "STALLED"):
        _note(state, server, fault)
        replication.stall(state, server, fault.kind, fault.raw_error)


def _go_on(state: RegionState, server: SourceServer, fault: ReplicationFault) -> None:
    if server.replication.state != "STALLED":
        return
    still = state.replication_faults.stall_of(server.id)
    if still is not None:
        replication.stall(state, server, still.kind, still.raw_error)
    elif server.replication.error == fault.kind:
        replication.resume(state, server, loses_track=fault.kind == "AGENT_NOT_SEEN")


def _flap(state: RegionState, server: SourceServer, fault: ReplicationFault) -> None:
    """The network goes down, and up again after a while, as long as the fault lasts."""
    if fault not in state.replication_faults.lasting.get(server.id, ()):
        return
    knobs = state.settings.replicating
    _stall(state, server, fault)
    state.clock.call_after(round(knobs.flap_down_seconds * 1000), partial(_come_up, state, server, fault))


def _come_up(state: RegionState, server: SourceServer, fault: ReplicationFault) -> None:
    if fault not in state.replication_faults.lasting.get(server.id, ()):
        return
    if server.replication.state == "STALLED" and server.replication.error == fault.kind:
        replication.resume(state, server, loses_track=False)
    up_ms = round(state.settings.replicating.flap_up_seconds * 1000)
    state.clock.call_after(up_ms, partial(_flap, state, server, fault))


def _write_too_much(state: RegionState, server: SourceServer, fault: ReplicationFault) -> None:
    _note(state, server, fault)
    server.replica.write_excess = _EXCESS
    replication.rates_changed(state, server)


def _write_less(state: RegionState, server: SourceServer, _fault: ReplicationFault) -> None:
    if not any(fault.kind == "NOT_CONVERGING" for fault in state.replication_faults.lasting.get(server.id, ())):
        server.replica.write_excess = None
        replication.rates_changed(state, server)


def _break_extension(state: RegionState, server: SourceServer, fault: ReplicationFault) -> None:
    if server.extension is not None:
        _note(state, server, fault)
        server.extension.error = fault.raw_error or "The staging account cannot be accessed"


def _repair_extension(_state: RegionState, server: SourceServer, _fault: ReplicationFault) -> None:
    if server.extension is not None:
        server.extension.error = None


def _note(state: RegionState, server: SourceServer, fault: ReplicationFault) -> None:
    state.journal.record(FaultFired(fault.id, server.name, f"replication {fault.kind}"))


_Effect = Callable[[RegionState, SourceServer, ReplicationFault], None]
# How each kind begins and ends; the others stall replication and let it go on.
_STRIKES: Mapping[str, _Effect] = {
    "UNSTABLE_NETWORK": _flap,
    "NOT_CONVERGING": _write_too_much,
    "EXTENSION": _break_extension,
}
_ENDS: Mapping[str, _Effect] = {"NOT_CONVERGING": _write_less, "EXTENSION": _repair_extension}
