"""What is known to go wrong with Elastic Disaster Recovery, each by a name of its own: what it shows as, what arms it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.account import fault_arms
from simulator.account.fault_arms import (
    MINUTE_MS,
    Arm,
    Occurrence,
    Refusal,
    action,
    api,
    at_once,
    denied,
    event,
    initiation,
    later,
    not_allowed,
    phase,
    replication,
)
from simulator.drs import ec2_instances, recovery_instances, refusals
from simulator.drs.operations.failback import NOT_INITIALISED
from simulator.drs.region import Region
from simulator.drs.replica import INITIATION_STEPS
from simulator.errors import ServiceError

if TYPE_CHECKING:
    from simulator.account.world import World


@dataclass(frozen=True, slots=True)
class Known:
    """A known failure: what it shows as, and how it comes about. `needs_server` says whether it happens to one server."""

    shows: str
    arm: Arm
    needs_server: bool = True


def inject(world: "World", name: str, occurrence: Occurrence, region: Region | None = None) -> None:
    """Let a known failure happen, in the home account unless another `region` is given.

    Raises ValueError for a name or server that does not exist, or a server missing where one is needed.
    """
    if name not in KNOWN:
        raise ValueError(f"there is no known fault {name!r}: {', '.join(KNOWN)}")
    known = KNOWN[name]
    if known.needs_server and occurrence.server is None:
        raise ValueError(f"{name} happens to a server, and none is named")
    known.arm(world, region or world.drs.region(world.account.account_id, world.region), occurrence)


def _refused(operation: str, resource: str) -> Refusal:
    """AccessDeniedException, as IAM words it."""
    return lambda region: refusals.access_denied(not_allowed(region, operation, resource))


def _quota(name: str) -> Refusal:
    return lambda region: refusals.quota_exceeded(name, getattr(region.state.settings.quotas, name))


def _conflict(message: str, resource_type: str) -> Refusal:
    """A conflict about a resource that the call names."""
    return lambda _: ServiceError("ConflictException", message, 409, {"resourceType": resource_type})


def _key(region: Region, _one: Occurrence) -> str:
    key = f"arn:aws:kms:{region.state.name}:{region.state.account_id}:key/00000000-0000-0000-0000-000000000000"
    return (
        "An error occurred (AuthFailure) when calling the ModifySnapshotAttribute operation: "
        f"Not authorized to use key {key}"
    )


_ALL, _START, _TERMINATE = ("drs:*",), ("drs:StartRecovery",), ("drs:TerminateRecoveryInstances",)
_SERVERS = "source-server/*"
_NO_ROLE = "User is not authorized to perform: sts:AssumeRole"
_VOLUME, _TEMPLATE = "volume/vol-{id}", "launch-template/lt-{id}"

KNOWN: Mapping[str, Known] = {
    "server-busy": Known(
        "StartRecovery answers ConflictException: another job holds the server",
        lambda _, region, one: region.occupy(one.target, one.from_ms, one.for_ms or 15 * MINUTE_MS, one.id),
    ),
    "caller-lacks-ec2-permissions": Known(
        "the job completes within seconds, the server has failed, and no event says why", phase("SNAPSHOT", "SILENT")
    ),
    "clean-up-denied": Known(
        "LAUNCH_FAILED some ten minutes in: the caller may not delete volumes",
        phase("LAUNCH", "FAILED", denied("DeleteVolume", _VOLUME), 10 * MINUTE_MS),
    ),
    "launch-template-denied": Known(
        "LAUNCH_FAILED: the caller may not make a version of the launch template",
        phase("LAUNCH", "FAILED", denied("CreateLaunchTemplateVersion", _TEMPLATE)),
    ),
    "launch-template-clean-up-denied": Known(
        "LAUNCH_FAILED: the caller may not delete versions of the launch template",
        phase("LAUNCH", "FAILED", denied("DeleteLaunchTemplateVersions", _TEMPLATE)),
    ),
    "detaching-denied": Known(
        "LAUNCH_FAILED: the caller may not detach volumes", phase("LAUNCH", "FAILED", denied("DetachVolume", _VOLUME))
    ),
    "starting-instance-denied": Known(
        "LAUNCH_FAILED: the caller may not start instances",
        phase("LAUNCH", "FAILED", denied("StartInstances", "instance/i-{id}")),
    ),
    "recovery-instance-denied": Known(
        "LAUNCH_FAILED: the caller lacks drs:CreateRecoveryInstanceForDrs",
        phase("LAUNCH", "FAILED", denied("CreateRecoveryInstanceForDrs", _SERVERS, "drs")),
    ),
    "start-denied": Known(
        "StartRecovery answers AccessDeniedException",
        api(_START, _refused("drs:StartRecovery", _SERVERS)),
        needs_server=False,
    ),
    "tagging-denied": Known(
        "StartRecovery with tags answers AccessDeniedException: the caller lacks drs:TagResource",
        api(_START, _refused("drs:TagResource", _SERVERS), asking="tags"),
        needs_server=False,
    ),
    "key-denied": Known("CONVERSION_FAIL: the key of a snapshot may not be used", phase("CONVERSION", "FAILED", _key)),
    "conversion-hangs": Known("no event after CONVERSION_START; the job stays STARTED", phase("CONVERSION", "HANG")),
    "conversion-fails": Known(
        "CONVERSION_FAIL: the machine cannot be made to boot in EC2",
        phase("CONVERSION", "FAILED", "The boot volume could not be converted: unsupported operating system or drivers"),
    ),
    "no-capacity": Known(
        "LAUNCH_FAILED with InsufficientInstanceCapacity",
        phase("LAUNCH", "FAILED", "InsufficientInstanceCapacity: there is no capacity of this type in the zone"),
    ),
    "subnet-full": Known(
        "LAUNCH_FAILED with InsufficientFreeAddressesInSubnet",
        phase("LAUNCH", "FAILED", "InsufficientFreeAddressesInSubnet: the subnet has no free addresses"),
    ),
    "address-in-use": Known(
        "LAUNCH_FAILED with InvalidIPAddress.InUse",
        phase("LAUNCH", "FAILED", "InvalidIPAddress.InUse: the private address that was copied is taken"),
    ),
    "subnet-missing": Known(
        "LAUNCH_FAILED with InvalidSubnetID.NotFound",
        phase("LAUNCH", "FAILED", "InvalidSubnetID.NotFound: the launch template's subnet does not exist"),
    ),
    "security-group-missing": Known(
        "LAUNCH_FAILED with InvalidGroup.NotFound",
        phase("LAUNCH", "FAILED", "InvalidGroup.NotFound: the launch template's security group does not exist"),
    ),
    "vcpu-limit": Known(
        "LAUNCH_FAILED with VcpuLimitExceeded",
        phase("LAUNCH", "FAILED", "VcpuLimitExceeded: more vCPU capacity was asked for than the account's limit"),
    ),
    "snapshots-fail": Known(
        "STALLED with SNAPSHOTS_FAILURE; SNAPSHOT_FAIL in a job, which uses an earlier one", fault_arms.fail_snapshots
    ),
    "agent-not-seen": Known("STALLED with AGENT_NOT_SEEN, and RESCAN afterwards", replication("AGENT_NOT_SEEN")),
    "not-converging": Known("BACKLOG with NOT_CONVERGING, and a lag that grows", replication("NOT_CONVERGING")),
    "unstable-network": Known(
        "STALLED with UNSTABLE_NETWORK, again and again", replication("UNSTABLE_NETWORK", least_ms=60 * MINUTE_MS)
    ),
    "initiation-fails": Known(
        "STALLED: a step of setting replication up has FAILED, until the next attempt",
        initiation("LAUNCH_REPLICATION_SERVER"),
    ),
    **{
        f"{step.lower().replace('_', '-')}-fails": Known(f"STALLED with FAILED_TO_{step}", initiation(step))
        for step in INITIATION_STEPS[1:]
    },
    "throttled": Known("calls answer ThrottlingException", api(_ALL, lambda _: refusals.throttled()), needs_server=False),
    "job-quota": Known(
        "StartRecovery answers ServiceQuotaExceededException: too many jobs",
        api(_START, _quota("jobs_in_progress")),
        needs_server=False,
    ),
    "servers-quota": Known(
        "StartRecovery answers ServiceQuotaExceededException: too many servers in jobs",
        api(_START, _quota("servers_in_jobs")),
        needs_server=False,
    ),
    "service-error": Known(
        "calls answer InternalServerException", api(_ALL, lambda _: refusals.internal()), needs_server=False
    ),
    "region-not-initialized": Known(
        "every call answers UninitializedAccountException", later(fault_arms.uninitialise), needs_server=False
    ),
    "extension-denied": Known(
        "CreateExtendedSourceServer answers AccessDeniedException: this account's staging role is missing",
        fault_arms.deny_extension,
        needs_server=False,
    ),
    "extension-broken": Known("stagingArea.status is EXTENSION_ERROR", replication("EXTENSION")),
    "reversal-too-early": Known(
        "ReverseReplication answers ConflictException: the instance is not finished initializing",
        api(("drs:ReverseReplication",), _conflict(NOT_INITIALISED, "RecoveryInstance")),
        needs_server=False,
    ),
    "launch-target-running": Known(
        "StartRecovery answers ConflictException: the instance to launch into is not stopped",
        api(_START, _conflict(ec2_instances.NOT_STOPPED, "Instance")),
        needs_server=False,
    ),
    "terminate-during-failback": Known(
        "TerminateRecoveryInstances answers ConflictException",
        api(_TERMINATE, _conflict(recovery_instances.FAILS_BACK.format("terminated"), "RecoveryInstance")),
        needs_server=False,
    ),
    "terminated-outside": Known("the recovery instance is TERMINATED, later NOT_FOUND", later(fault_arms.terminate_outside)),
    "leftover-instance": Known(
        "the server has a recovery instance already; the next launch deletes it", at_once(fault_arms.leave_instance)
    ),
    "launch-action-fails": Known("a run of launchActionsStatus is FAILED", action(None, "The document execution failed")),
    "ssm-agent-not-found": Known(
        "launchActionsStatus has no discovery time, and no action runs", action("DISCOVERY", "The SSM agent was not found")
    ),
    "stale-reads": Known(
        "descriptions lag a minute behind the job's log",
        at_once(lambda _, region, one: region.delay_reads(60, one.from_ms, one.for_ms)),
        needs_server=False,
    ),
    "job-vanishes": Known(
        "DescribeJobs returns nothing for a job that has ended", later(fault_arms.forget_jobs), needs_server=False
    ),
    "event-lost": Known("an EventBridge event of DRS never comes", event("lost"), needs_server=False),
    "event-duplicated": Known("an EventBridge event of DRS comes twice", event("duplicated"), needs_server=False),
    "assume-role-denied": Known(
        "AssumeRole answers AccessDenied, as with a wrong external id",
        api(("sts:AssumeRole",), lambda _: ServiceError("AccessDenied", _NO_ROLE, 403)),
        needs_server=False,
    ),
    "source-region-dead": Known(
        "every server is STALLED: recoveries use the snapshots that there are",
        fault_arms.lose_source_region,
        needs_server=False,
    ),
}
