"""Failing back to a machine outside AWS: a failback client boots there, and takes the recovery instance's data in.

Other than a source server's replication, this one has no staging area: its states are those of
`CLIENT_REPLICATION_STATES`, and what lies between two of them follows from time (`Transfer`, `ClientInitiation`).
"""

from collections.abc import Callable
from functools import partial

from simulator.drs import recovery_instances
from simulator.drs.ec2_instances import GONE
from simulator.drs.failback import (
    CLIENT_REPLICATION_STATES,
    CLIENT_STEPS,
    FALLIBLE_STEPS,
    ClientInitiation,
    Failback,
)
from simulator.drs.line import total_bytes, written_bytes
from simulator.drs.model import RecoveryInstance, step
from simulator.drs.replica import Transfer
from simulator.drs.state import RegionState
from simulator.journal import FailbackReplicationChanged

_LOSSES = frozenset({"FAILBACK_CLIENT_NOT_SEEN", "AGENT_NOT_SEEN"})


def boot(state: RegionState, instance: RecoveryInstance, client_id: str, fails_at: str | None) -> None:
    """A failback client boots and is linked with a recovery instance; one that was lost goes on where it was.

    Raises ValueError if the instance cannot fail back that way, or a step cannot fail.
    """
    failback = instance.failback
    _check(instance, fails_at)
    failback.client_id, failback.client_seen_ms = client_id, state.clock.now_ms
    if failback.replication == "STALLED" and failback.error in _LOSSES and failback.first_byte_ms is not None:
        _come_back(state, instance)
        return
    failback.attempts += 1
    failback.initiated_ms, failback.first_byte_ms, failback.has_copy = state.clock.now_ms, None, False
    takes_ms = state.lag_ms(state.settings.failing_back.client, "drs.failback", f"{instance.id}/{failback.attempts}")
    started_ms = state.clock.now_ms
    failback.initiation = ClientInitiation(started_ms, started_ms + takes_ms, fails_at)
    _go(state, instance, "INITIATING", Transfer(started_ms, 0.0))
    recovery_instances.set_failback_state(state, instance, "FAILBACK_IN_PROGRESS")
    if fails_at is None:
        _later(state, instance, started_ms + takes_ms, _send_first_byte)
    else:
        _later(state, instance, _end_of(failback.initiation, fails_at), _fail)


def lose(state: RegionState, instance: RecoveryInstance, error: str) -> None:
    """The failback client, or the agent in the instance, is not seen any more. Raises ValueError if nothing replicates."""
    failback = instance.failback
    if error not in _LOSSES:
        raise ValueError(f"there is no {error!r}: {', '.join(sorted(_LOSSES))}")
    if "STALLED" not in CLIENT_REPLICATION_STATES[failback.replication]:
        raise ValueError(f"{instance.id} does not fail back: its replication is {failback.replication}")
    _cancel(failback)
    _go(state, instance, "STALLED", _carried(state, failback), error)
    if failback.state == "FAILBACK_READY_FOR_LAUNCH":
        recovery_instances.set_failback_state(state, instance, "FAILBACK_NOT_READY_FOR_LAUNCH")


def stop(state: RegionState, instance: RecoveryInstance, replication: str = "STOPPED") -> None:
    """Let the client go: nothing is replicated to it any more."""
    _cancel(instance.failback)
    if replication in CLIENT_REPLICATION_STATES[instance.failback.replication]:
        _go(state, instance, replication, Transfer(state.clock.now_ms, 0.0))


def complete(state: RegionState, instance: RecoveryInstance, *, has_launched: bool) -> None:
    """The job that launches the client's machine has ended, well or not."""
    if has_launched:
        stop(state, instance)
    following = "FAILBACK_COMPLETED" if has_launched else "FAILBACK_ERROR"
    recovery_instances.set_failback_state(state, instance, following)


def throttling_changed(state: RegionState, instance: RecoveryInstance) -> None:
    """Let what is on its way go on with another bandwidth."""
    goes_on = {"INITIAL_SYNC": _sync, "BACKLOG": _flush}.get(instance.failback.replication)
    if goes_on is not None:
        goes_on(state, instance)


def steps(failback: Failback, now_ms: int) -> list[tuple[str, str]]:
    """Each of the client's steps with its status."""
    attempt = failback.initiation
    if attempt is None:
        return []
    names, begins_ms = list(CLIENT_STEPS), attempt.started_ms
    last = len(names) if attempt.failed is None else names.index(attempt.failed)
    found = []
    for place, name in enumerate(names):
        ends_ms = _end_of(attempt, name)
        if place > last or now_ms < begins_ms:
            found.append((name, "NOT_STARTED"))
        elif now_ms < ends_ms:
            found.append((name, "IN_PROGRESS"))
        else:
            found.append((name, "FAILED" if place == last else "SUCCEEDED"))
        begins_ms = ends_ms
    return found


def _check(instance: RecoveryInstance, fails_at: str | None) -> None:
    if fails_at is not None and fails_at not in FALLIBLE_STEPS:
        raise ValueError(f"there is no step {fails_at!r} that can fail: {', '.join(FALLIBLE_STEPS)}")
    if instance.server.origin_region is not None:
        raise ValueError(f"{instance.id} comes from EC2: it fails back with ReverseReplication")
    if instance.state in GONE or instance.failback.is_disconnected:
        raise ValueError(f"{instance.id} is not there any more, or disconnected")
    if instance.failback.replication not in ("NOT_STARTED", "STOPPED", "STALLED"):
        raise ValueError(f"{instance.id} fails back already: its replication is {instance.failback.replication}")


def _send_first_byte(state: RegionState, instance: RecoveryInstance) -> None:
    instance.failback.first_byte_ms = state.clock.now_ms
    instance.failback.transfer = Transfer(state.clock.now_ms, 0.0)
    _sync(state, instance)


def _sync(state: RegionState, instance: RecoveryInstance) -> None:
    """Copy all data, or what is left of it."""
    now = _carried(state, instance.failback)
    left = (1 - now.share) * total_bytes(instance.server)
    ends_ms = now.from_ms + round(left / _line_bytes(state, instance) * 1000)
    _go(state, instance, "INITIAL_SYNC", Transfer(now.from_ms, now.share, ends_ms, now.lag_ms, 1.0))
    _later(state, instance, ends_ms, _flush)


def _flush(state: RegionState, instance: RecoveryInstance) -> None:
    """Send what was written meanwhile; if more is written than the line carries, that never ends."""
    now = _carried(state, instance.failback)
    line, written = _line_bytes(state, instance), written_bytes(state, instance.server)
    if line <= written:
        _go(state, instance, "BACKLOG", Transfer(now.from_ms, 1.0, None, now.lag_ms, 1.0), "NOT_CONVERGING")
        return
    takes_ms = max(1, round(now.lag_ms * written / (line - written)))
    ends_ms = now.from_ms + takes_ms
    _go(state, instance, "BACKLOG", Transfer(now.from_ms, 1.0, ends_ms, now.lag_ms, -now.lag_ms / takes_ms))
    _later(state, instance, ends_ms, _catch_up)


def _catch_up(state: RegionState, instance: RecoveryInstance) -> None:
    instance.failback.has_copy = True
    _go(state, instance, "CONTINUOUS", Transfer(state.clock.now_ms))
    if instance.failback.state != "FAILBACK_ERROR":
        recovery_instances.set_failback_state(state, instance, "FAILBACK_READY_FOR_LAUNCH")


def _come_back(state: RegionState, instance: RecoveryInstance) -> None:
    """A client that was lost compares all data, or copies what was missing."""
    now = _carried(state, instance.failback)
    if not instance.failback.has_copy:
        _sync(state, instance)
        return
    knobs = state.settings.replicating
    takes_ms = state.lag_ms(knobs.rescan, "drs.failback", f"{instance.id}/rescan/{now.from_ms}")
    ends_ms = now.from_ms + takes_ms + round(instance.server.volume_gib * knobs.rescan_seconds_per_gib * 1000)
    _go(state, instance, "RESCAN", Transfer(now.from_ms, 0.0, ends_ms, now.lag_ms, 1.0))
    _later(state, instance, ends_ms, _catch_up)


def _fail(state: RegionState, instance: RecoveryInstance) -> None:
    attempt = instance.failback.initiation
    assert attempt is not None
    _go(state, instance, "STALLED", instance.failback.transfer, f"FAILED_TO_{attempt.failed}")
    recovery_instances.set_failback_state(state, instance, "FAILBACK_ERROR")


def _carried(state: RegionState, failback: Failback) -> Transfer:
    """How far the data has got by now, with nothing getting on."""
    now_ms, transfer = state.clock.now_ms, failback.transfer
    return Transfer(now_ms, transfer.share_at(now_ms), None, transfer.lag_at(now_ms), 1.0)


def _go(
    state: RegionState, instance: RecoveryInstance, following: str, transfer: Transfer, error: str | None = None
) -> None:
    failback = instance.failback
    failback.transfer = transfer
    if failback.replication != following:
        step(CLIENT_REPLICATION_STATES, failback.replication, following)
    if (failback.replication, failback.error) != (following, error):
        failback.replication, failback.error = following, error
        state.tell(FailbackReplicationChanged(instance.id, instance.server.id, following, error))


def _later(
    state: RegionState, instance: RecoveryInstance, at_ms: int, action: Callable[[RegionState, RecoveryInstance], None]
) -> None:
    _cancel(instance.failback)
    instance.failback.pending = state.clock.call_at(at_ms, partial(_act, state, instance, action))


def _act(state: RegionState, instance: RecoveryInstance, action: Callable[[RegionState, RecoveryInstance], None]) -> None:
    instance.failback.pending = None
    if state.instances.get(instance.id) is instance:
        action(state, instance)


def _cancel(failback: Failback) -> None:
    if failback.pending is not None:
        failback.pending.cancel()
        failback.pending = None


def _line_bytes(state: RegionState, instance: RecoveryInstance) -> float:
    """What the line to the client carries in a second."""
    bandwidth = instance.server.replica.bandwidth_mbps
    mbps = min(instance.failback.configuration.get("bandwidthThrottling") or bandwidth, bandwidth)
    return mbps * 1e6 / 8 * state.settings.replicating.efficiency


def _end_of(attempt: ClientInitiation, name: str) -> int:
    """When one of a client's steps ends."""
    places = list(CLIENT_STEPS)
    passed = sum(list(CLIENT_STEPS.values())[: places.index(name) + 1])
    return attempt.started_ms + round((attempt.ends_ms - attempt.started_ms) * passed)
