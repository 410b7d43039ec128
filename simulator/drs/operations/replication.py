"""A source server's replication as the API shows it."""

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.drs import identifiers
from simulator.drs.model import SourceServer
from simulator.drs.operations.machine import GIB, device_name
from simulator.drs.operations.wire import Answer
from simulator.drs.state import RegionState

INITIATION_STEPS = (
    "WAIT", "CREATE_SECURITY_GROUP", "LAUNCH_REPLICATION_SERVER", "BOOT_REPLICATION_SERVER", "AUTHENTICATE_WITH_SERVICE",
    "DOWNLOAD_REPLICATION_SOFTWARE", "CREATE_STAGING_DISKS", "ATTACH_STAGING_DISKS", "PAIR_REPLICATION_SERVER_WITH_AGENT",
    "CONNECT_AGENT_TO_REPLICATION_SERVER", "START_DATA_TRANSFER",
)  # fmt: skip
_MINUTE_MS = 60_000
_NEXT_ATTEMPT_MS = 30 * _MINUTE_MS


@dataclass(frozen=True, slots=True)
class _Traits:
    """What shows in a state: shares of the disk that are replicated, rescanned and waiting, and whether there is a lag."""

    replicated: float = 1.0
    rescanned: float = 1.0
    waiting: float = 0.0
    has_lag: bool = False
    is_attached: bool = True


_DETACHED = _Traits(0, 0, is_attached=False)
_STATES: Mapping[str, _Traits] = {
    "INITIATING": _Traits(0, 0),
    "INITIAL_SYNC": _Traits(0.5, 0.5, 0.5),
    "BACKLOG": _Traits(waiting=0.05, has_lag=True),
    "CREATING_SNAPSHOT": _Traits(),
    "CONTINUOUS": _Traits(),
    "RESCAN": _Traits(rescanned=0.5, has_lag=True),
    "PAUSED": _Traits(has_lag=True),
    "STALLED": _Traits(has_lag=True),
    "DISCONNECTED": _DETACHED,
    "STOPPED": _DETACHED,
}


def describe_replication(state: RegionState, server: SourceServer) -> Answer:
    """A source server's `dataReplicationInfo`: state, lag, disks, initiation and what is wrong."""
    replication, traits = server.replication, _STATES[server.replication.state]
    shown: Answer = {
        "dataReplicationState": replication.state,
        "replicatedDisks": [_disk(server, traits)],
        "stagingAvailabilityZone": f"{state.name}a",
    }
    if traits.has_lag:
        shown["lagDuration"] = identifiers.duration(state.clock.now_ms - replication.since_ms)
    elif replication.state in ("CONTINUOUS", "CREATING_SNAPSHOT"):
        shown["lagDuration"] = identifiers.duration(0)
    if traits.is_attached:
        shown["dataReplicationInitiation"] = _initiation(state, server)
    if replication.error is not None:
        reason = {} if replication.raw_error is None else {"rawError": replication.raw_error}
        shown["dataReplicationError"] = {"error": replication.error, **reason}
    return shown


def _disk(server: SourceServer, traits: _Traits) -> Answer:
    size = server.volume_gib * GIB if traits.is_attached else 0
    return {
        "deviceName": device_name(server),
        "totalStorageBytes": size,
        "replicatedStorageBytes": int(size * traits.replicated),
        "rescannedStorageBytes": int(size * traits.rescanned),
        "backloggedStorageBytes": int(size * traits.waiting),
    }


def _initiation(state: RegionState, server: SourceServer) -> Answer:
    return {
        "startDateTime": state.instant(server.added_ms),
        "nextAttemptDateTime": state.instant((server.added_ms + _NEXT_ATTEMPT_MS) // _MINUTE_MS * _MINUTE_MS),
        "steps": [
            {"name": name, "status": status} for name, status in zip(INITIATION_STEPS, _progress(server), strict=True)
        ],
    }


def _progress(server: SourceServer) -> list[str]:
    """How each step of the initiation stands: an error FAILED_TO_... names the one that failed."""
    failed = (server.replication.error or "").removeprefix("FAILED_TO_")
    if failed in INITIATION_STEPS:
        done, at_work = INITIATION_STEPS.index(failed), "FAILED"
    elif server.replication.state == "INITIATING":
        done, at_work = 1, "IN_PROGRESS"
    else:
        return ["SUCCEEDED"] * len(INITIATION_STEPS)
    return ["SUCCEEDED"] * done + [at_work] + ["NOT_STARTED"] * (len(INITIATION_STEPS) - done - 1)
