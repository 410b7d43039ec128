"""What is known to go wrong with Elastic Disaster Recovery, each by a name of its own.

Every entry says what it shows as, and arms it: in a server's phase or replication, an API's answer, an event, a trust.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.account.events.faults import EventFault, Outcome
from simulator.account.fault_gates import Gate
from simulator.account.faults import ApiFault
from simulator.drs import identifiers
from simulator.drs.faults import ActionFault, ServerFault
from simulator.drs.model import RecoveryInstance
from simulator.drs.region import Region
from simulator.drs.replication_faults import ReplicationFault
from simulator.errors import ServiceError
from simulator.journal import FaultFired

if TYPE_CHECKING:
    from simulator.account.world import World

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One thing that is to go wrong: its id in reports, the server it happens to (a name or an id), when and how often.

    `server` is None for what happens to no server in particular. It begins `from_ms` into the run and lasts `for_ms`, None:
    for good; `times` bounds how often, None: always.
    """

    id: str
    server: str | None = None
    from_ms: int = 0
    for_ms: int | None = None
    times: int | None = None


Arm = Callable[["World", Region, Occurrence], None]


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


def _phase(phase: str, outcome: str, raw_error: str | None = None, after_ms: int | None = None) -> Arm:
    def arm(_world: "World", region: Region, one: Occurrence) -> None:
        region.inject(ServerFault(one.id, one.server or "", phase, outcome, raw_error, one.times, after_ms))

    return arm


def _replication(kind: str, step: str | None = None, least_ms: int | None = None) -> Arm:
    def arm(_world: "World", region: Region, one: Occurrence) -> None:
        for_ms = one.for_ms if one.for_ms is not None else least_ms
        times = one.times if step else None
        region.disturb(ReplicationFault(one.id, one.server or "", kind, None, one.from_ms, for_ms, step, times))

    return arm


def _api(operations: tuple[str, ...], code: str, status: int, message: str) -> Arm:
    error = ServiceError(code, message, status)

    def arm(world: "World", _region: Region, one: Occurrence) -> None:
        until_ms = None if one.for_ms is None else one.from_ms + one.for_ms
        gate = Gate(times=one.times, window_ms=lambda: (one.from_ms, until_ms))
        fault = ApiFault(one.id, frozenset(operations), error, gate)
        world.faults.arm([fault])

    return arm


def _snapshots_fail(world: "World", region: Region, one: Occurrence) -> None:
    """At the source replication stalls; in a job the snapshot fails and an earlier one is used."""
    _replication("SNAPSHOTS_FAILURE")(world, region, one)
    _phase("SNAPSHOT", "FAILED", "You are not authorized to perform this operation: ec2:CreateSnapshot")(world, region, one)


def _event(outcome: Outcome) -> Arm:
    def arm(world: "World", _region: Region, one: Occurrence) -> None:
        world.events.inject(EventFault(one.id, outcome, "aws.drs", times=one.times))

    return arm


def _later(do: Arm) -> Arm:
    """Do something at the occurrence's instant."""

    def arm(world: "World", region: Region, one: Occurrence) -> None:
        world.clock.call_at(one.from_ms, lambda: _noted(do)(world, region, one))

    return arm


def _noted(do: Arm) -> Arm:  # it takes effect by being done
    def arm(world: "World", region: Region, one: Occurrence) -> None:
        do(world, region, one)
        world.journal.record(FaultFired(one.id, one.server or "drs", "what was arranged"))

    return arm


def _uninitialise(world: "World", region: Region, one: Occurrence) -> None:
    region.state.is_initialized = False
    if one.for_ms is not None:
        world.clock.call_after(one.for_ms, region.initialize)


def _action(action: str | None) -> Arm:
    def arm(_world: "World", region: Region, one: Occurrence) -> None:
        reason = "The document execution failed" if action is None else "The SSM agent was not found"
        region.inject_action(ActionFault(one.id, one.server or "", action, reason, one.times))

    return arm


def _instance_of(region: Region, one: Occurrence) -> RecoveryInstance | None:
    server = region.state.server_named(one.server or "")
    return region.state.instances.get(server.recovery_instance_id or "")


def _terminate_outside(_world: "World", region: Region, one: Occurrence) -> None:
    instance = _instance_of(region, one)
    if instance is not None:
        region.terminated_outside(instance.id)


def _forget_jobs(_world: "World", region: Region, one: Occurrence) -> None:
    for job in [job for job in region.state.jobs.values() if not job.is_active]:
        names = {name for part in job.participants for name in (part.server.id, part.server.name)}
        if one.server is None or one.server in names:
            region.forget_job(job.id)


def _leave_instance(_world: "World", region: Region, one: Occurrence) -> None:
    """An instance that an earlier drill has left."""
    state = region.state
    server = state.server_named(one.server or "")
    job = state.new_job("LAUNCH", "START_DRILL", [(server, {"data_ms": state.clock.now_ms})], {})
    (participant,) = job.participants
    participant.instance_id = identifiers.instance_id(state.chance, server.id, participant.number)
    state.set_job_status(job, "STARTED")
    state.set_launch_status(job, participant, "LAUNCHED")
    state.add_instance(job, participant, "RUNNING")
    state.set_job_status(job, "COMPLETED")


def _denied(action: str) -> str:
    """What EC2 says to a caller without a permission."""
    who = "User: arn:aws:sts::123456789012:assumed-role/recovery/session is not authorized to perform"
    return f"An error occurred (UnauthorizedOperation): You are not authorized to perform this operation. {who}: {action}"


_START, _TERMINATE = ("drs:StartRecovery",), ("drs:TerminateRecoveryInstances",)
_CALLS = ("drs:StartRecovery", "drs:DescribeJobs", "drs:DescribeJobLogItems", "drs:DescribeRecoveryInstances")
_KEY = (
    "An error occurred (AuthFailure) when calling the ModifySnapshotAttribute operation: "
    "Not authorized to use key arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
)

KNOWN: Mapping[str, Known] = {
    "server-busy": Known(
        "StartRecovery answers ConflictException: another job holds the server",
        lambda _, region, one: region.occupy(one.server or "", one.from_ms, one.for_ms or 15 * MINUTE_MS, one.id),
    ),
    "caller-lacks-ec2-permissions": Known(
        "the job completes within seconds, the server has failed, and no event says why", _phase("SNAPSHOT", "SILENT")
    ),
    "clean-up-denied": Known(
        "LAUNCH_FAILED some ten minutes in: the caller may not delete volumes",
        _phase("LAUNCH", "FAILED", _denied("ec2:DeleteVolume"), 10 * MINUTE_MS),
    ),
    "launch-template-denied": Known(
        "LAUNCH_FAILED: the caller may not make a version of the launch template",
        _phase("LAUNCH", "FAILED", _denied("ec2:CreateLaunchTemplateVersion")),
    ),
    "recovery-instance-denied": Known(
        "LAUNCH_FAILED: the caller lacks drs:CreateRecoveryInstanceForDrs",
        _phase("LAUNCH", "FAILED", _denied("drs:CreateRecoveryInstanceForDrs")),
    ),
    "start-denied": Known(
        "StartRecovery answers AccessDeniedException",
        _api(_START, "AccessDeniedException", 403, "User is not authorized to perform: drs:StartRecovery"),
        needs_server=False,
    ),
    "key-denied": Known("CONVERSION_FAIL: the key of a snapshot may not be used", _phase("CONVERSION", "FAILED", _KEY)),
    "conversion-hangs": Known("no event after CONVERSION_START; the job stays STARTED", _phase("CONVERSION", "HANG")),
    "conversion-fails": Known(
        "CONVERSION_FAIL: the machine cannot be made to boot in EC2",
        _phase("CONVERSION", "FAILED", "The boot volume could not be converted: unsupported operating system or drivers"),
    ),
    "no-capacity": Known(
        "LAUNCH_FAILED with InsufficientInstanceCapacity",
        _phase("LAUNCH", "FAILED", "InsufficientInstanceCapacity: there is no capacity of this type in the zone"),
    ),
    "subnet-full": Known(
        "LAUNCH_FAILED with InsufficientFreeAddressesInSubnet",
        _phase("LAUNCH", "FAILED", "InsufficientFreeAddressesInSubnet: the subnet has no free addresses"),
    ),
    "vcpu-limit": Known(
        "LAUNCH_FAILED with VcpuLimitExceeded",
        _phase("LAUNCH", "FAILED", "VcpuLimitExceeded: more vCPU capacity was asked for than the account's limit"),
    ),
    "snapshots-fail": Known(
        "STALLED with SNAPSHOTS_FAILURE; SNAPSHOT_FAIL in a job, which uses an earlier one", _snapshots_fail
    ),
    "agent-not-seen": Known("STALLED with AGENT_NOT_SEEN, and RESCAN afterwards", _replication("AGENT_NOT_SEEN")),
    "not-converging": Known("BACKLOG with NOT_CONVERGING, and a lag that grows", _replication("NOT_CONVERGING")),
    "unstable-network": Known(
        "STALLED with UNSTABLE_NETWORK, again and again", _replication("UNSTABLE_NETWORK", least_ms=60 * MINUTE_MS)
    ),
    "initiation-fails": Known(
        "STALLED: a step of setting replication up has FAILED, until the next attempt",
        _replication("INITIATION", "LAUNCH_REPLICATION_SERVER"),
    ),
    "throttled": Known(
        "calls answer ThrottlingException", _api(_CALLS, "ThrottlingException", 429, "Rate exceeded"), needs_server=False
    ),
    "job-quota": Known(
        "StartRecovery answers ServiceQuotaExceededException",
        _api(_START, "ServiceQuotaExceededException", 402, "At most 20 concurrent jobs in progress"),
        needs_server=False,
    ),
    "service-error": Known(
        "calls answer InternalServerException",
        _api(_CALLS, "InternalServerException", 500, "An internal error has occurred."),
        needs_server=False,
    ),
    "region-not-initialized": Known(
        "every call answers UninitializedAccountException", _later(_uninitialise), needs_server=False
    ),
    "extension-denied": Known(
        "CreateExtendedSourceServer answers AccessDeniedException: this account's staging role is missing",
        _noted(lambda world, region, _: region.distrust(world.account.account_id)),
        needs_server=False,
    ),
    "extension-broken": Known("stagingArea.status is EXTENSION_ERROR", _replication("EXTENSION")),
    "reversal-too-early": Known(
        "ReverseReplication answers ConflictException: the instance is not finished initializing",
        _api(("drs:ReverseReplication",), "ConflictException", 409, "The Recovery Instance is not finished initializing"),
        needs_server=False,
    ),
    "launch-target-running": Known(
        "StartRecovery answers ConflictException: the instance to launch into is not stopped",
        _api(_START, "ConflictException", 409, "The target instance must be stopped before launching into it"),
        needs_server=False,
    ),
    "terminate-during-failback": Known(
        "TerminateRecoveryInstances answers ConflictException",
        _api(_TERMINATE, "ConflictException", 409, "A Recovery Instance cannot be terminated during failback"),
        needs_server=False,
    ),
    "terminated-outside": Known("the recovery instance is TERMINATED, later NOT_FOUND", _later(_terminate_outside)),
    "leftover-instance": Known(
        "the server has a recovery instance already; the next launch deletes it", _noted(_leave_instance)
    ),
    "launch-action-fails": Known("a run of launchActionsStatus is FAILED", _action(None)),
    "ssm-agent-not-found": Known("launchActionsStatus has no discovery time, and no action runs", _action("DISCOVERY")),
    "stale-reads": Known(
        "descriptions lag a minute behind the job's log",
        _noted(lambda _, region, one: region.delay_reads(60, one.from_ms, one.for_ms)),
        needs_server=False,
    ),
    "job-vanishes": Known("DescribeJobs returns nothing for a job that has ended", _later(_forget_jobs), needs_server=False),
    "event-lost": Known("an EventBridge event of DRS never comes", _event("lost"), needs_server=False),
    "event-duplicated": Known("an EventBridge event of DRS comes twice", _event("duplicated"), needs_server=False),
    "assume-role-denied": Known(
        "AssumeRole answers AccessDenied, as with a wrong external id",
        _api(("sts:AssumeRole",), "AccessDenied", 403, "User is not authorized to perform: sts:AssumeRole"),
        needs_server=False,
    ),
    "source-region-dead": Known(
        "every server is STALLED: recoveries use the snapshots that there are",
        lambda _, region, one: region.lose_source_region(one.id, None, one.from_ms, one.for_ms),
        needs_server=False,
    ),
}
