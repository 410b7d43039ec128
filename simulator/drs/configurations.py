"""The replication and launch configuration of a server: what they are at first, and which changes the service takes.

A new server's come from the account's templates where there are any, otherwise from the service's defaults.
"""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

from simulator.drs import identifiers
from simulator.drs.model import SourceServer
from simulator.drs.replica import DEFAULT_RULES, SnapshotRule
from simulator.drs.state import RegionState

Fields = list[tuple[str, str]]  # members of a request, each with what is wrong with it

_UNIT_MS: Mapping[str, int] = {"MINUTE": 60_000, "HOUR": 60 * 60_000, "DAY": 24 * 60 * 60_000}
# The rules of a point-in-time policy: (interval, retention) in their unit; only how many days are kept can be chosen.
_FIXED: Mapping[str, tuple[int, int | None]] = {"MINUTE": (10, 60), "HOUR": (1, 24), "DAY": (1, None)}
_MAX_DAYS = 365
_BUCKET = re.compile(r"arn:aws[a-z-]*:s3:::[a-z0-9.-]{3,63}")
_LARGE_GIB = 500  # disks beyond this have the default type for large ones
_INHERITED = ("launchDisposition", "targetInstanceTypeRightSizingMethod", "copyPrivateIp", "copyTags", "licensing",
              "postLaunchEnabled", "recoveryMode")  # fmt: skip

DEFAULT_POLICY: Sequence[Mapping[str, Any]] = (
    {"ruleID": 1, "units": "MINUTE", "interval": 10, "retentionDuration": 60, "enabled": True},
    {"ruleID": 2, "units": "HOUR", "interval": 1, "retentionDuration": 24, "enabled": True},
    {"ruleID": 3, "units": "DAY", "interval": 1, "retentionDuration": 7, "enabled": True},
)

# What a launch configuration template says where its creation did not.
LAUNCH_DEFAULTS: Mapping[str, Any] = {
    "launchDisposition": "STARTED",
    "targetInstanceTypeRightSizingMethod": "BASIC",
    "copyPrivateIp": False,
    "copyTags": False,
    "licensing": {"osByol": False},
    "postLaunchEnabled": False,
    "recoveryMode": "OPTIMAL",
}

# The same for replication.
REPLICATION_DEFAULTS: Mapping[str, Any] = {
    "associateDefaultSecurityGroup": True,
    "replicationServersSecurityGroupsIDs": [],
    "replicationServerInstanceType": "t3.small",
    "useDedicatedReplicationServer": False,
    "defaultLargeStagingDiskType": "GP3",
    "ebsEncryption": "DEFAULT",
    "bandwidthThrottling": 0,
    "dataPlaneRouting": "PRIVATE_IP",
    "createPublicIP": False,
    "stagingAreaTags": {},
    "pitPolicy": list(DEFAULT_POLICY),
    "autoReplicateNewDisks": False,
    "internetProtocol": "IPV4",
}


def configure(state: RegionState, server: SourceServer, devices: Sequence[str]) -> None:
    """Give a new server its configurations and launch actions; `devices` are the names of its disks."""
    server.launch_configuration = launch_configuration(state, server)
    server.replication_configuration = replication_configuration(state, server, devices)
    server.replica.rules = rules(server.replication_configuration["pitPolicy"])
    for template in state.launch_templates.values():
        server.launch_actions = deepcopy(template.launch_actions)


def launch_configuration(state: RegionState, server: SourceServer) -> dict[str, Any]:
    """How a new server is to be launched."""
    template = next(iter(state.launch_templates.values()), None)
    given = LAUNCH_DEFAULTS if template is None else template.settings
    named = {"sourceServerID": server.id, "name": server.name, "ec2LaunchTemplateID": f"lt-0{server.id[3:]}"}
    found = named | deepcopy({name: given[name] for name in _INHERITED})
    goes_into_source = template is not None and template.settings.get("launchIntoSourceInstance")
    if goes_into_source and server.origin_region == state.name:  # an instance of another Region is out of reach
        found["launchIntoInstanceProperties"] = {"launchIntoEC2InstanceID": server.source_instance_id}
    return found


def replication_configuration(state: RegionState, server: SourceServer, devices: Sequence[str]) -> dict[str, Any]:
    """How a new server is to be replicated."""
    template = next(iter(state.replication_templates.values()), None)
    subnet = f"subnet-0{identifiers.digits(f'staging/{state.account_id}/{state.name}', 16)}"
    given = {"stagingAreaSubnetId": subnet, **REPLICATION_DEFAULTS} if template is None else template.settings
    large = given["defaultLargeStagingDiskType"]
    sizes = server.disks_gib or (server.volume_gib,)
    disks = [_disk(name, place, size, large) for place, (name, size) in enumerate(zip(devices, sizes, strict=True))]
    return {"sourceServerID": server.id, "name": server.name, **deepcopy(dict(given)), "replicatedDisks": disks}


def rules(policy: Sequence[Mapping[str, Any]]) -> tuple[SnapshotRule, ...]:
    """A point-in-time policy's rules that are in force."""
    if list(policy) == list(DEFAULT_POLICY):
        return DEFAULT_RULES
    return tuple(
        SnapshotRule(rule["interval"] * _UNIT_MS[rule["units"]], rule["retentionDuration"] * _UNIT_MS[rule["units"]])
        for rule in policy
        if rule.get("enabled", True)
    )


def change_rules(server: SourceServer, policy: Sequence[Mapping[str, Any]], now_ms: int) -> None:
    """Let another policy be in force from now on; what the old one has deleted does not come back."""
    before = {rule.every_ms: rule for rule in server.replica.rules}
    changed = []
    for rule in rules(policy):
        old = before.get(rule.every_ms)
        if old is None:
            changed.append(replace(rule, from_ms=now_ms))
        elif rule.keep_ms <= old.keep_ms:
            changed.append(replace(rule, from_ms=old.from_ms))
        else:
            from_ms = now_ms - old.keep_ms
            changed.append(replace(rule, from_ms=from_ms if old.from_ms is None else max(old.from_ms, from_ms)))
    server.replica.rules = tuple(changed)


def replication_mistakes(given: Mapping[str, Any], kept: Mapping[str, Any]) -> Fields:
    """What is wrong with members of a replication configuration or template that is to replace some of `kept`."""
    whole = {**kept, **given}
    found = _policy_mistakes(given.get("pitPolicy", ()))
    if whole.get("ebsEncryption") == "CUSTOM" and not whole.get("ebsEncryptionKeyArn"):
        found.append(("ebsEncryptionKeyArn", "must be given for CUSTOM encryption"))
    devices = {disk["deviceName"] for disk in kept.get("replicatedDisks", ())}
    for place, disk in enumerate(given.get("replicatedDisks", ())):
        if disk.get("deviceName") not in devices:
            found.append((f"replicatedDisks[{place}].deviceName", "is not a disk of the source server"))
    return found


def launch_mistakes(given: Mapping[str, Any], kept: Mapping[str, Any], origin_region: str | None) -> Fields:
    """What is wrong with members of a launch configuration that is to replace some of `kept`."""
    whole = {**kept, **given}
    found = []
    if whole.get("launchIntoInstanceProperties", {}).get("launchIntoEC2InstanceID"):
        found += [(name, "must be off to launch into an instance") for name in ("copyPrivateIp", "copyTags") if whole[name]]
    if given.get("targetInstanceTypeRightSizingMethod") == "IN_AWS" and origin_region is None:
        found.append(("targetInstanceTypeRightSizingMethod", "can be IN_AWS only for a source server in AWS"))
    return found


def launch_template_mistakes(given: Mapping[str, Any], kept: Mapping[str, Any]) -> Fields:
    """What is wrong with members of a launch configuration template that are to replace some of `kept`."""
    whole = {**kept, **given}
    if whole.get("launchIntoSourceInstance") and (whole["copyPrivateIp"] or whole["copyTags"]):
        return [("launchIntoSourceInstance", "needs copyPrivateIp and copyTags to be off")]
    if "exportBucketArn" in given and not _BUCKET.fullmatch(given["exportBucketArn"]):
        return [("exportBucketArn", "must be the ARN of an S3 bucket")]
    return []


def merge_disks(kept: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A server's disks with some members of some replaced; which one it boots from cannot change."""
    changes = {disk["deviceName"]: {name: disk[name] for name in disk if name != "isBootDisk"} for disk in given}
    return [{**disk, **changes.get(disk["deviceName"], {})} for disk in kept]


def _policy_mistakes(policy: Sequence[Mapping[str, Any]]) -> Fields:
    units = [rule["units"] for rule in policy]
    if policy and sorted(units) != sorted(_FIXED):
        return [("pitPolicy", "must have one rule each in MINUTE, HOUR and DAY")]
    found = []
    for place, rule in enumerate(policy):
        interval, retention = _FIXED[rule["units"]]
        if rule["interval"] != interval:
            found.append((f"pitPolicy[{place}].interval", f"must be {interval}"))
        if retention is None and rule["retentionDuration"] > _MAX_DAYS:
            found.append((f"pitPolicy[{place}].retentionDuration", f"must be at most {_MAX_DAYS}"))
        elif retention is not None and rule["retentionDuration"] != retention:
            found.append((f"pitPolicy[{place}].retentionDuration", f"must be {retention}"))
    return found


def _disk(device: str, place: int, size_gib: int, large: str) -> dict[str, Any]:
    optimized = {"AUTO": "ST1"}.get(large, large) if size_gib > _LARGE_GIB else "GP3"
    return {
        "deviceName": device,
        "isBootDisk": place == 0,
        "stagingDiskType": "AUTO",
        "iops": 0,
        "throughput": 0,
        "optimizedStagingDiskType": optimized,
    }
