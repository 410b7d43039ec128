"""Recovery instances: DescribeRecoveryInstances."""

from simulator.drs import identifiers
from simulator.drs.model import RecoveryInstance
from simulator.drs.operations.machine import disks, machine_properties
from simulator.drs.operations.paging import page
from simulator.drs.operations.wire import Answer, Request
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


def describe(state: RegionState, instance: RecoveryInstance) -> Answer:
    """A recovery instance as the API shows it."""
    server = instance.server
    shown: Answer = {
        "recoveryInstanceID": instance.id,
        "ec2InstanceID": instance.id,
        "ec2InstanceState": instance.state,
        "arn": instance.arn,
        "jobID": instance.job_id,
        "sourceServerID": server.id,
        "isDrill": instance.is_drill,
        "originEnvironment": "ON_PREMISES" if server.origin_region is None else "AWS",
        "pointInTimeSnapshotDateTime": state.instant(instance.data_ms),
        "dataReplicationInfo": {"dataReplicationState": "NOT_STARTED"},
        "failback": {"state": "FAILBACK_NOT_STARTED"},
        "recoveryInstanceProperties": _properties(state, instance),
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
