"""Operations on source servers, their launch configuration, recovery instances and tags."""

from collections.abc import Mapping
from typing import Any

from simulator.drs import refusals
from simulator.drs.identifiers import instant
from simulator.drs.model import RecoveryInstance, SourceServer
from simulator.drs.paging import page
from simulator.drs.region import Region

Request = Mapping[str, Any]
Answer = dict[str, Any]

MAX_TAGS = 50
INITIATION_STEPS = (
    "WAIT", "CREATE_SECURITY_GROUP", "LAUNCH_REPLICATION_SERVER", "BOOT_REPLICATION_SERVER", "AUTHENTICATE_WITH_SERVICE",
    "DOWNLOAD_REPLICATION_SOFTWARE", "CREATE_STAGING_DISKS", "ATTACH_STAGING_DISKS", "PAIR_REPLICATION_SERVER_WITH_AGENT",
    "CONNECT_AGENT_TO_REPLICATION_SERVER", "START_DATA_TRANSFER",
)  # fmt: skip
_LAUNCH_FIELDS = (
    "name", "launchDisposition", "targetInstanceTypeRightSizingMethod", "copyPrivateIp", "copyTags", "licensing",
    "postLaunchEnabled", "launchIntoInstanceProperties", "recoveryMode",
)  # fmt: skip


def initialize_service(region: Region, _request: Request) -> Answer:
    """Set DRS up in this account and Region."""
    region.initialize()
    return {}


def describe_source_servers(region: Region, request: Request) -> Answer:
    """Source servers, in the order in which they were added."""
    filters = request.get("filters", {})
    wanted, staging = filters.get("sourceServerIDs"), filters.get("stagingAccountIDs")
    rows = [
        _describe_server(region, server)
        for server in region.servers.values()
        if (not wanted or server.id in wanted)
        and (not staging or region.account_id in staging)
        and filters.get("hardwareId") in (None, server.id)
    ]
    return page("items", rows, request, region.settings.page_size)


def describe_recovery_instances(region: Region, request: Request) -> Answer:
    """Recovery instances, in the order in which they were launched."""
    filters = request.get("filters", {})
    ids, servers = filters.get("recoveryInstanceIDs"), filters.get("sourceServerIDs")
    rows = [
        _describe_instance(instance)
        for instance in region.instances.values()
        if (not ids or instance.id in ids) and (not servers or instance.server.id in servers)
    ]
    return page("items", rows, request, region.settings.page_size)


def get_launch_configuration(region: Region, request: Request) -> Answer:
    """A server's launch configuration."""
    return dict(_server(region, request).launch_configuration)


def update_launch_configuration(region: Region, request: Request) -> Answer:
    """Change a server's launch configuration; not while a job holds the server."""
    server = _server(region, request)
    if region.active_job_of(server.id) is not None:
        raise refusals.conflict(refusals.BUSY, "SourceServer", server.id)
    server.launch_configuration |= {name: request[name] for name in _LAUNCH_FIELDS if name in request}
    return dict(server.launch_configuration)


def tag_resource(region: Region, request: Request) -> Answer:
    """Add tags, or overwrite them."""
    tags = _tags_of(region, request["resourceArn"])
    if len(tags | request["tags"]) > MAX_TAGS:
        raise refusals.validation_error([("tags", f"a resource has at most {MAX_TAGS} tags")])
    tags.update(request["tags"])
    return {}


def untag_resource(region: Region, request: Request) -> Answer:
    """Remove tags; those that are not there do not matter."""
    tags = _tags_of(region, request["resourceArn"])
    for key in request["tagKeys"]:
        tags.pop(key, None)
    return {}


def list_tags_for_resource(region: Region, request: Request) -> Answer:
    """A resource's tags."""
    return {"tags": dict(_tags_of(region, request["resourceArn"]))}


def _server(region: Region, request: Request) -> SourceServer:
    server = region.servers.get(request["sourceServerID"])
    if server is None:
        raise refusals.not_found("SourceServer", request["sourceServerID"])
    return server


def _tags_of(region: Region, arn: str) -> dict[str, str]:
    for kept in (region.servers, region.jobs, region.instances):
        for resource in kept.values():
            if resource.arn == arn:
                return resource.tags
    raise refusals.not_found("Resource", arn)


def _describe_server(region: Region, server: SourceServer) -> Answer:
    size = server.volume_gib * 1024**3
    now = instant(region.clock.now())
    shown: Answer = {
        "sourceServerID": server.id,
        "arn": server.arn,
        "tags": dict(server.tags),
        "lastLaunchResult": server.last_launch_result,
        "dataReplicationInfo": _replication(server, size),
        "lifeCycle": {
            "addedToServiceDateTime": server.added_at,
            "firstByteDateTime": server.added_at,
            "elapsedReplicationDuration": "PT1H",
            "lastSeenByServiceDateTime": now,
            "lastLaunch": server.last_launch,
        },
        "sourceProperties": {
            "lastUpdatedDateTime": now,
            "recommendedInstanceType": "c5.large",
            "identificationHints": {"hostname": server.name, "fqdn": server.name},
            "disks": [{"deviceName": "/dev/xvda", "bytes": size}],
            "os": {"fullString": "Windows Server" if server.profile.startswith("windows") else "Linux"},
        },
        "stagingArea": {"status": "NOT_EXTENDED"},
        "replicationDirection": "FAILOVER",
    }
    return shown if server.recovery_instance_id is None else shown | {"recoveryInstanceId": server.recovery_instance_id}


def _replication(server: SourceServer, size: int) -> Answer:
    return {
        "dataReplicationState": server.replication_state,
        "lagDuration": "P0D",
        "dataReplicationInitiation": {
            "startDateTime": server.added_at,
            "steps": [{"name": step, "status": "SUCCEEDED"} for step in INITIATION_STEPS],
        },
        "replicatedDisks": [
            {
                "deviceName": "/dev/xvda",
                "totalStorageBytes": size,
                "replicatedStorageBytes": size,
                "rescannedStorageBytes": size,
                "backloggedStorageBytes": 0,
            }
        ],
    }


def _describe_instance(instance: RecoveryInstance) -> Answer:
    return {
        "recoveryInstanceID": instance.id,
        "ec2InstanceID": instance.id,
        "ec2InstanceState": instance.state,
        "arn": instance.arn,
        "jobID": instance.job_id,
        "sourceServerID": instance.server.id,
        "isDrill": instance.is_drill,
        "originEnvironment": "ON_PREMISES",
        "pointInTimeSnapshotDateTime": instance.point_in_time,
        "dataReplicationInfo": {"dataReplicationState": "NOT_STARTED"},
        "failback": {"state": "FAILBACK_NOT_STARTED"},
        "tags": dict(instance.tags),
    }
