"""How known failures are brought about: in a server's phase or replication, an API's answer, an event, a trust."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.account.events.faults import EventFault, Outcome
from simulator.account.fault_gates import Gate
from simulator.account.faults import ApiFault
from simulator.drs import identifiers, refusals
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

    @property
    def target(self) -> str:
        """The server, as what needs one names it."""
        return self.server or ""


Arm = Callable[["World", Region, Occurrence], None]
Reason = Callable[[Region, Occurrence], str]
"""What the log of a job says of a failure in some place."""
Refusal = Callable[[Region], ServiceError]
"""What calls are answered in some place."""


def phase(name: str, outcome: str, reason: Reason | str | None = None, after_ms: int | None = None) -> Arm:
    """A phase of the server's jobs ends that way, `after_ms` after its beginning (None: when it would have ended)."""

    def arm(_world: "World", region: Region, one: Occurrence) -> None:
        told = reason(region, one) if callable(reason) else reason
        fault = ServerFault(one.id, one.target, name, outcome, told, one.times, after_ms, one.from_ms, one.for_ms)
        region.inject(fault)

    return arm


def replication(kind: str, least_ms: int | None = None) -> Arm:
    """The server's replication goes wrong, for `least_ms` where nothing says for how long."""

    def arm(world: "World", region: Region, one: Occurrence) -> None:
        for_ms = one.for_ms if one.for_ms is not None else least_ms
        place, server = (region, one.target) if kind == "EXTENSION" else _replicating(world, region, one)
        place.disturb(ReplicationFault(one.id, server, kind, None, one.from_ms, for_ms))

    return arm


def initiation(step: str) -> Arm:
    """A step of setting the server's replication up fails. If it replicates already, it is set up anew for that."""

    def arm(world: "World", region: Region, one: Occurrence) -> None:
        place, server = _replicating(world, region, one)
        place.disturb(ReplicationFault(one.id, server, "INITIATION", None, one.from_ms, one.for_ms, step, one.times))
        world.clock.call_at(one.from_ms, lambda: place.set_up_anew(server))

    return arm


def api(operations: tuple[str, ...], refusal: Refusal, asking: str | None = None) -> Arm:
    """Calls of some operations are refused, with `asking` only those whose request has that member."""

    def arm(world: "World", region: Region, one: Occurrence) -> None:
        until_ms = None if one.for_ms is None else one.from_ms + one.for_ms
        gate = Gate(times=one.times, window_ms=lambda: (one.from_ms, until_ms))
        world.faults.arm([ApiFault(one.id, frozenset(operations), refusal(region), gate, asking=asking)])

    return arm


def event(outcome: Outcome) -> Arm:
    """An event of DRS gets lost, or comes twice."""

    def arm(world: "World", _region: Region, one: Occurrence) -> None:
        world.events.inject(EventFault(one.id, outcome, "aws.drs", times=one.times))

    return arm


def action(name: str | None, reason: str) -> Arm:
    """A launch action of the server fails, whichever if there is no name."""

    def arm(_world: "World", region: Region, one: Occurrence) -> None:
        region.inject_action(ActionFault(one.id, one.target, name, reason, one.times))

    return arm


def later(do: Arm) -> Arm:
    """Do something at the occurrence's instant."""

    def arm(world: "World", region: Region, one: Occurrence) -> None:
        world.clock.call_at(one.from_ms, lambda: at_once(do)(world, region, one))

    return arm


def at_once(do: Arm) -> Arm:
    """Do something now; it takes effect by being done."""

    def arm(world: "World", region: Region, one: Occurrence) -> None:
        do(world, region, one)
        world.journal.record(FaultFired(one.id, one.server or "drs", "what was arranged"))

    return arm


def fail_snapshots(world: "World", region: Region, one: Occurrence) -> None:
    """At the source replication stalls; in a job the snapshot fails and an earlier one is used."""
    replication("SNAPSHOTS_FAILURE")(world, region, one)
    phase("SNAPSHOT", "FAILED", denied("CreateSnapshot", "snapshot/*"))(world, region, one)


def uninitialise(world: "World", region: Region, one: Occurrence) -> None:
    """DRS is no longer set up, for a time or for good."""
    region.state.is_initialized = False
    if one.for_ms is not None:
        world.clock.call_after(one.for_ms, region.initialize)


def lose_source_region(world: "World", region: Region, one: Occurrence) -> None:
    """Every server stalls, in whatever account it is; told of an account other than the home one, only those there."""
    is_home = region.state.account_id == world.account.account_id
    for place in world.drs.regions if is_home else (region,):
        place.lose_source_region(one.id, None, one.from_ms, one.for_ms)


def deny_extension(world: "World", region: Region, one: Occurrence) -> None:
    """A staging account does not trust the home account; told of the home account itself, none does."""
    if region.state.account_id != world.account.account_id:
        at_once(lambda *_: region.distrust(world.account.account_id))(world, region, one)
        return
    operations = ("drs:CreateExtendedSourceServer", "drs:ListExtensibleSourceServers")
    api(operations, lambda _: refusals.access_denied("Error in Authorization"))(world, region, one)


def terminate_outside(_world: "World", region: Region, one: Occurrence) -> None:
    """Somebody terminates the server's recovery instance in EC2, if it has one."""
    instance = _instance_of(region, one)
    if instance is not None:
        region.terminated_outside(instance.id)


def forget_jobs(_world: "World", region: Region, one: Occurrence) -> None:
    """Jobs that have ended are listed no more: those of the server, or all."""
    for job in [job for job in region.state.jobs.values() if not job.is_active]:
        names = {name for part in job.participants for name in (part.server.id, part.server.name)}
        if one.server is None or one.server in names:
            region.forget_job(job.id)


def leave_instance(_world: "World", region: Region, one: Occurrence) -> None:
    """The server has an instance that an earlier drill has left."""
    state = region.state
    server = state.server_named(one.target)
    job = state.new_job("LAUNCH", "START_DRILL", [(server, {"data_ms": state.clock.now_ms})], {})
    (participant,) = job.participants
    participant.instance_id = identifiers.instance_id(state.chance, server.id, participant.number)
    state.set_job_status(job, "STARTED")
    state.set_launch_status(job, participant, "LAUNCHED")
    state.add_instance(job, participant, "RUNNING")
    state.set_job_status(job, "COMPLETED")


def denied(operation: str, resource: str, service: str = "ec2") -> Reason:
    """What AWS says in a job's log of a call that DRS made as its caller, whom no policy allows it."""
    code = "UnauthorizedOperation" if service == "ec2" else "AccessDeniedException"
    preface = "You are not authorized to perform this operation. " if service == "ec2" else ""

    def told(region: Region, one: Occurrence) -> str:
        digits = identifiers.digits(f"{resource}/{one.target}", 16)
        who = not_allowed(region, f"{service}:{operation}", resource.format(id=f"0{digits}"))
        return f"An error occurred ({code}) when calling the {operation} operation: {preface}{who}"

    return told


def not_allowed(region: Region, allowed: str, resource: str) -> str:
    """What IAM says to a caller whom no policy allows an action on a resource."""
    state, (service, _, _) = region.state, allowed.partition(":")
    who = f"User: arn:aws:sts::{state.account_id}:assumed-role/recovery/session is not authorized to perform: {allowed}"
    arn = f"arn:aws:{service}:{state.name}:{state.account_id}:{resource}"
    return f"{who} on resource: {arn} because no identity-based policy allows the {allowed} action"


def _replicating(world: "World", region: Region, one: Occurrence) -> tuple[Region, str]:
    """Where the server is replicated, and its id there: an extended one's is in its staging account."""
    server = region.state.server_named(one.target)
    if server.extension is None:
        return region, server.id
    return world.drs.region(server.extension.account_id, region.state.name), server.extension.server_id


def _instance_of(region: Region, one: Occurrence) -> RecoveryInstance | None:
    server = region.state.server_named(one.target)
    return region.state.instances.get(server.recovery_instance_id or "")
