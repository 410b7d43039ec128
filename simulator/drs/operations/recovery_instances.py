"""Recovery instances: DescribeRecoveryInstances, DisconnectRecoveryInstance, DeleteRecoveryInstance."""

from simulator.drs import failback_client, identifiers, recovery_instances, refusals, reversal
from simulator.drs.model import RecoveryInstance
from simulator.drs.operations.failback_shown import describe_failback, describe_instance_replication
from simulator.drs.operations.machine import disks, machine_properties
from simulator.drs.operations.paging import page
from simulator.drs.operations.source_servers import AGENT_VERSION
from simulator.drs.operations.wire import Answer, Request, instance_of, refuse_if_held
from simulator.drs.state import RegionState


def describe_recovery_instances(state: RegionState, request: Request) -> Answer:
    """Recovery instances in the order in which they were launched: all, or those that match every filter."""
    filters = request.get("filters", {})
    wanted, servers = (frozenset(filters.get(name, ())) for name in ("recoveryInstanceIDs", "sourceServerIDs"))
    rows = [
        instance
        for instance in state.instances.values()
        if (not wanted or instance.id in wanted)
        and (not servers or instance.server.id in servers)
        and instance.visible_ms <= state.clock.now_ms
    ]
    size = state.settings.page_size
    return page("instances", rows, lambda one: one.number, lambda one: describe(state, one), request, size)


def disconnect_recovery_instance(state: RegionState, request: Request) -> Answer:
    """Let a recovery instance's agent go: its failback ends, and nothing replicates it any more."""
    instance = instance_of(state, request)
    refuse_if_held(state, [instance.server])
    failback_client.stop(state, instance, "DISCONNECTED")
    instance.failback.is_disconnected = True
    reversal.instance_changed(state, instance)
    recovery_instances.set_failback_state(state, instance, "FAILBACK_NOT_STARTED")
    return {}


def delete_recovery_instance(state: RegionState, request: Request) -> Answer:
    """Delete the record of a recovery instance that was disconnected, or is a source again; EC2 keeps the instance."""
    instance = state.instances.get(request["recoveryInstanceID"])
    if instance is None:  # the operation's model has no error for what is not found
        raise refusals.conflict("The Recovery Instance does not exist", "RecoveryInstance", request["recoveryInstanceID"])
    refuse_if_held(state, [instance.server])
    if not instance.failback.is_disconnected:
        raise refusals.conflict("The Recovery Instance must be disconnected first", "RecoveryInstance", instance.id)
    recovery_instances.forget(state, instance)
    return {}


def describe(state: RegionState, instance: RecoveryInstance) -> Answer:
    """A recovery instance as the API shows it."""
    server = instance.server
    shown: Answer = {
        "recoveryInstanceID": instance.id,
        "ec2InstanceID": instance.id,
        "ec2InstanceState": state.stale.seen(("instance", instance.id), instance.state, state.clock.now_ms),
        "arn": instance.arn,
        "jobID": instance.job_id,
        "sourceServerID": server.id,
        "isDrill": instance.is_drill,
        "originEnvironment": "ON_PREMISES" if server.origin_region is None else "AWS",
        "pointInTimeSnapshotDateTime": state.instant(instance.data_ms),
        "dataReplicationInfo": describe_instance_replication(state, instance),
        "failback": describe_failback(state, instance),
        "recoveryInstanceProperties": _properties(state, instance),
        "agentVersion": AGENT_VERSION,
        "tags": dict(instance.tags),
    }
    if server.origin_region is not None:
        shown["originAvailabilityZone"] = f"{server.origin_region}a"
    return shown


def _properties(state: RegionState, instance: RecoveryInstance) -> Answer:
    server = instance.server
    volumes = [
        {"internalDeviceName": name, "bytes": size, "ebsVolumeID": _volume_id(instance, place)}
        for place, (name, size) in enumerate(disks(server))
    ]
    return {
        **machine_properties(state, server),
        "lastUpdatedDateTime": state.instant(instance.launched_ms),
        "identificationHints": {"hostname": server.name, "fqdn": server.name, "awsInstanceID": instance.id},
        "disks": volumes,
    }


def _volume_id(instance: RecoveryInstance, place: int) -> str:
    key = f"volume/{instance.id}" if place == 0 else f"volume/{instance.id}/{place}"
    return f"vol-0{identifiers.digits(key, 16)}"
