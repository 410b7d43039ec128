"""A source server's replication as the API shows it."""

from simulator.drs import identifiers, initiation
from simulator.drs.line import total_bytes, written_bytes
from simulator.drs.model import SourceServer
from simulator.drs.operations.machine import disks
from simulator.drs.operations.wire import Answer
from simulator.drs.replica import INITIATION_STEPS, Initiation
from simulator.drs.state import RegionState

_MINUTE_MS = 60_000
_FIRST_BYTE_MS = 110_000
_SETTLED = frozenset({"CONTINUOUS", "STOPPED", "DISCONNECTED"})
_DETACHED = frozenset({"STOPPED", "DISCONNECTED"})
_UNLAGGED = frozenset({"INITIATING", "INITIAL_SYNC"})  # there is nothing yet that could lag


def describe_replication(state: RegionState, server: SourceServer) -> Answer:
    """A source server's `dataReplicationInfo`: state, lag, disks, initiation and what is wrong; to be read only.

    While a server is protected, or not replicated, nothing of it changes: then it is worked out once.
    """
    now = (server.replication, server.replica.transfer, server.replica.initiation)
    then, shown = server.shown.get("replication", (None, None))
    if shown is None or then is None or any(one is not other for one, other in zip(now, then, strict=True)):
        shown = _describe(state, server)
        server.shown["replication"] = (now if _is_settled(state, server) else None, shown)
    return dict(shown)


def _is_settled(state: RegionState, server: SourceServer) -> bool:
    transfer, attempt = server.replica.transfer, server.replica.initiation
    return (
        (transfer.lag_ms, transfer.lag_growth, transfer.ends_ms) == (0, 0, None)
        and server.replication.state in _SETTLED
        and (attempt is None or attempt.ends_ms <= state.clock.now_ms)
    )


def _describe(state: RegionState, server: SourceServer) -> Answer:
    replication, transfer, now_ms = server.replication, server.replica.transfer, state.clock.now_ms
    is_attached = replication.state not in _DETACHED
    shown: Answer = {
        "dataReplicationState": replication.state,
        "replicatedDisks": _disks(state, server),
        "stagingAvailabilityZone": f"{state.name}a",
    }
    if is_attached:
        if replication.state not in _UNLAGGED:
            shown["lagDuration"] = identifiers.duration(transfer.lag_at(now_ms))
        if transfer.ends_ms is not None:
            shown["etaDateTime"] = state.instant(transfer.ends_ms)
        shown["dataReplicationInitiation"] = _initiation(state, server)
    if replication.error is not None:
        reason = {} if replication.raw_error is None else {"rawError": replication.raw_error}
        shown["dataReplicationError"] = {"error": replication.error, **reason}
    return shown


def _disks(state: RegionState, server: SourceServer) -> list[Answer]:
    """How far the data of each disk has got, as if all of them went along evenly."""
    if server.replication.state in _DETACHED:
        return [_disk(name, 0, 0, 0, 0) for name, _ in disks(server)]
    transfer, now_ms = server.replica.transfer, state.clock.now_ms
    rescanned = transfer.share_at(now_ms)
    replicated = 1.0 if server.replica.is_launchable else rescanned
    waiting = min(1.0, transfer.lag_at(now_ms) / 1000 * written_bytes(state, server) / total_bytes(server))
    return [
        _disk(name, size, int(size * replicated), int(size * rescanned), int(size * waiting)) for name, size in disks(server)
    ]


def _disk(name: str, total: int, replicated: int, rescanned: int, waiting: int) -> Answer:
    return {
        "deviceName": name,
        "totalStorageBytes": total,
        "replicatedStorageBytes": replicated,
        "rescannedStorageBytes": rescanned,
        "backloggedStorageBytes": waiting,
    }


def _initiation(state: RegionState, server: SourceServer) -> Answer:
    """The attempt at setting replication up; of a server that was put where it is, one that suits it."""
    attempt = server.replica.initiation
    if attempt is None:
        added_ms = state.staged(server).added_ms
        attempt, steps = Initiation(added_ms, added_ms + _FIRST_BYTE_MS), _placed_steps(server)
    else:
        steps = initiation.statuses(attempt, state.clock.now_ms)
    key = (attempt, tuple(steps))
    if server.shown.get("initiation key") != key or attempt.until_mended:
        server.shown["initiation key"], server.shown["initiation"] = (
            key,
            {
                "startDateTime": state.instant(attempt.started_ms),
                "nextAttemptDateTime": state.instant(initiation.next_attempt_ms(state, attempt)),
                "steps": [{"name": name, "status": status} for name, status in zip(INITIATION_STEPS, steps, strict=True)],
            },
        )
    shown: Answer = server.shown["initiation"]
    return shown


def _placed_steps(server: SourceServer) -> list[str]:
    """How each step stands: an error FAILED_TO_... names the one that failed."""
    failed = (server.replication.error or "").removeprefix("FAILED_TO_")
    if failed in INITIATION_STEPS:
        done, at_work = INITIATION_STEPS.index(failed), "FAILED"
    elif server.replication.state == "INITIATING":
        done, at_work = 1, "IN_PROGRESS"
    else:
        return ["SUCCEEDED"] * len(INITIATION_STEPS)
    return ["SUCCEEDED"] * done + [at_work] + ["NOT_STARTED"] * (len(INITIATION_STEPS) - done - 1)
