"""A recovery instance's failback and replication as the API shows them."""

from simulator.drs import failback_client, identifiers, recovery_instances
from simulator.drs.line import total_bytes, written_bytes
from simulator.drs.model import RecoveryInstance, SourceServer
from simulator.drs.operations.machine import disks
from simulator.drs.operations.replication import describe_replication
from simulator.drs.operations.source_servers import last_seen
from simulator.drs.operations.wire import Answer
from simulator.drs.state import RegionState

_UNSEEN = ("STALLED", "STOPPED", "DISCONNECTED")


def describe_failback(state: RegionState, instance: RecoveryInstance) -> Answer:
    """A recovery instance's `failback`."""
    failback, now_ms = instance.failback, state.clock.now_ms
    found = recovery_instances.reversed_server(state, instance)
    shown: Answer = {"state": state.stale.seen(("failback", instance.id), failback.state, now_ms)}
    if shown["state"] == "FAILBACK_NOT_STARTED":
        return shown
    if found is None and failback.reversed_arn is not None and failback.state != "FAILBACK_COMPLETED":
        shown["state"] = "FAILBACK_LAUNCH_STATE_NOT_AVAILABLE"  # its FAILBACK source server is gone
    if failback.client_id is not None:
        shown |= _client(state, instance)
    if failback.job_id is not None:
        shown["failbackJobID"] = failback.job_id
    if failback.launch_type is not None:
        shown["failbackLaunchType"] = failback.launch_type
    if failback.initiated_ms is not None:
        shown["failbackInitiationTime"] = state.instant(failback.initiated_ms)
    if found is not None:
        shown["agentLastSeenByServiceDateTime"] = last_seen(*found)
        shown["failbackToOriginalServer"] = _launches_into_source(instance.server, found[1])
    first_byte_ms = failback.first_byte_ms if found is None else found[1].replica.first_byte_ms
    if first_byte_ms is not None:
        shown["firstByteDateTime"] = state.instant(first_byte_ms)
        shown["elapsedReplicationDuration"] = identifiers.duration(now_ms - first_byte_ms)
    return shown


def describe_instance_replication(state: RegionState, instance: RecoveryInstance) -> Answer:
    """A recovery instance's `dataReplicationInfo`: to its FAILBACK source server, or to a failback client."""
    failback = instance.failback
    found = recovery_instances.reversed_server(state, instance)
    if found is not None and not failback.is_disconnected:
        shown = describe_replication(*found)
        if "dataReplicationInitiation" in shown:
            attempt = shown["dataReplicationInitiation"]
            shown["dataReplicationInitiation"] = {name: attempt[name] for name in ("startDateTime", "steps")}
        return shown
    if failback.replication == "NOT_STARTED":
        return {"dataReplicationState": "NOT_STARTED"}
    return _replication_to_client(state, instance)


def _client(state: RegionState, instance: RecoveryInstance) -> Answer:
    failback, now_ms = instance.failback, state.clock.now_ms
    seen_ms = failback.client_seen_ms if failback.replication in _UNSEEN else now_ms
    seen = state.instant(failback.initiated_ms or 0 if seen_ms is None else seen_ms)
    return {
        "failbackClientID": failback.client_id,
        "failbackClientLastSeenByServiceDateTime": seen,
        "agentLastSeenByServiceDateTime": seen,
        "failbackToOriginalServer": True,
    }


def _launches_into_source(server: SourceServer, opposite: SourceServer) -> bool:
    into = opposite.launch_configuration.get("launchIntoInstanceProperties", {}).get("launchIntoEC2InstanceID")
    return into is not None and into == server.source_instance_id


def _replication_to_client(state: RegionState, instance: RecoveryInstance) -> Answer:
    failback, now_ms = instance.failback, state.clock.now_ms
    is_attached = failback.replication not in ("STOPPED", "DISCONNECTED")
    shown: Answer = {
        "dataReplicationState": failback.replication,
        "replicatedDisks": [
            _disk(state, instance, name, size if is_attached else 0) for name, size in disks(instance.server)
        ],
    }
    if not is_attached:
        return shown
    if failback.replication not in ("INITIATING", "INITIAL_SYNC"):
        shown["lagDuration"] = identifiers.duration(failback.transfer.lag_at(now_ms))
    if failback.transfer.ends_ms is not None:
        shown["etaDateTime"] = state.instant(failback.transfer.ends_ms)
    if failback.initiation is not None:
        steps = [{"name": name, "status": status} for name, status in failback_client.steps(failback, now_ms)]
        shown["dataReplicationInitiation"] = {
            "startDateTime": state.instant(failback.initiation.started_ms),
            "steps": steps,
        }
    if failback.error is not None:
        shown["dataReplicationError"] = {"error": failback.error}
    return shown


def _disk(state: RegionState, instance: RecoveryInstance, name: str, size: int) -> Answer:
    failback, now_ms = instance.failback, state.clock.now_ms
    rescanned = failback.transfer.share_at(now_ms)
    waiting = failback.transfer.lag_at(now_ms) / 1000 * written_bytes(state, instance.server) / total_bytes(instance.server)
    return {
        "deviceName": name,
        "totalStorageBytes": size,
        "replicatedStorageBytes": int(size * (1.0 if failback.has_copy else rescanned)),
        "rescannedStorageBytes": int(size * rescanned),
        "backloggedStorageBytes": int(size * min(1.0, waiting)),
    }
