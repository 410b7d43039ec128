"""What each phase of a job does to a server: when it begins, when it ends well, and when it fails."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from simulator.drs import ec2_instances, identifiers, recovery_instances, snapshots
from simulator.drs.faults import ServerFault
from simulator.drs.model import Job, Participant, RecoveryInstance, Snapshots, availability
from simulator.drs.state import RegionState
from simulator.journal import InstanceChanged


def begin(state: RegionState, job: Job, participant: Participant, phase: str, fault: ServerFault | None) -> None:
    """A phase begins for a server; with a fault it does so in the log, but touches nothing in EC2."""
    terminated = participant.instance_id if job.type == "TERMINATE" else None
    state.log(job, f"{phase}_START", participant, targetInstanceID=terminated)
    if phase == "CLEANUP" and fault is None and not recovery_instances.is_gone(state, participant.server):
        state.set_instance_state(_instance(state, participant), job, "SHUTTING-DOWN")
    elif phase == "LAUNCH" and state.settings.launch_status == "fine" and participant.launch_status == "PENDING":
        state.set_launch_status(job, participant, "IN_PROGRESS")


def succeed(state: RegionState, job: Job, participant: Participant, phase: str) -> bool:
    """A phase ends as it should; whether the server goes on to the next one."""
    return _ENDS[phase](state, job, participant)


def fail(
    state: RegionState, job: Job, participant: Participant, phase: str, fault: ServerFault, counted: Mapping[str, int]
) -> bool:
    """A phase ends with a fault, for good; whether the server goes on all the same. `counted` tells of attempts."""
    if fault.outcome == "SILENT":
        return _fail_silently(state, job, participant, phase)
    if phase == "SNAPSHOT":
        return _fall_back(state, job, participant, fault.raw_error, is_possible=fault.outcome != "NO_SNAPSHOT")
    log_failure(state, job, participant, phase, fault, counted)
    state.set_launch_status(job, participant, "FAILED")
    return False


def log_failure(
    state: RegionState, job: Job, participant: Participant, phase: str, fault: ServerFault, counted: Mapping[str, int]
) -> None:
    """The log tells of an attempt that failed."""
    event = "LAUNCH_FAILED" if phase == "LAUNCH" else f"{phase}_FAIL"
    state.log(job, event, participant, rawError=fault.raw_error, **counted)


def give_up(state: RegionState, job: Job, participant: Participant, event: str, raw_error: str | None) -> bool:
    """A server fails, with an event that says why; it does not go on."""
    state.log(job, event, participant, rawError=raw_error)
    state.set_launch_status(job, participant, "FAILED")
    return False


def has_instance(participant: Participant) -> bool:
    """Whether there is an instance to clean up: a new launch deletes the one before, unless it goes into that very one."""
    return participant.server.recovery_instance_id not in (None, ec2_instances.launch_target(participant.server))


def needs_conversion(participant: Participant) -> bool:
    """Whether a server's volumes are converted; a machine that runs in AWS already can do without, if so configured."""
    server = participant.server
    if server.extension is not None:
        return True
    return server.origin_region is None or server.launch_configuration.get("recoveryMode") != "FAST"


def launch_actions(participant: Participant) -> list[Mapping[str, Any]]:
    """The actions that are to run on a server's instance after its launch, in their order."""
    server = participant.server
    if not server.launch_configuration["postLaunchEnabled"]:
        return []
    return sorted((deepcopy(one) for one in server.launch_actions.values() if one["active"]), key=lambda one: one["order"])


def boot(state: RegionState, job: Job, participant: Participant) -> None:
    """The instance that a server's launch makes, or goes into, appears in EC2."""
    if job.is_failback or ec2_instances.target_problem(state, participant.server) is not None:
        return
    target = ec2_instances.launch_target(participant.server)
    own = identifiers.instance_id(state.chance, participant.server.key, participant.number)
    participant.instance_id = target or own
    state.tell(InstanceChanged(participant.instance_id, participant.server.id, job.id, "PENDING"))


def abandon(state: RegionState, job: Job, participant: Participant) -> None:
    """A cancelled job lets a server go: what was being launched or deleted in EC2 is deleted."""
    if participant.launch_status not in ("PENDING", "IN_PROGRESS"):
        return
    state.set_launch_status(job, participant, "FAILED")
    old = state.instances.get(participant.server.recovery_instance_id or "")
    if old is not None and old.state == "SHUTTING-DOWN":
        state.set_instance_state(old, job, "TERMINATED")
    has_launched = participant.instance_id in state.instances  # then only its launch actions had not ended
    is_made = job.type == "LAUNCH" and participant.instance_id != ec2_instances.launch_target(participant.server)
    if is_made and participant.instance_id is not None and not has_launched:
        state.tell(InstanceChanged(participant.instance_id, participant.server.id, job.id, "TERMINATED"))


def _instance(state: RegionState, participant: Participant) -> RecoveryInstance:
    return state.instances[participant.server.recovery_instance_id or ""]


def _end_cleanup(state: RegionState, job: Job, participant: Participant) -> bool:
    if recovery_instances.is_gone(state, participant.server):  # somebody else was faster
        recovery_instances.forget(state, _instance(state, participant))
    else:
        state.set_instance_state(_instance(state, participant), job, "TERMINATED")
    state.log(job, "CLEANUP_END", participant)
    if job.type == "TERMINATE":
        state.set_launch_status(job, participant, "TERMINATED")
    return True


def _end_snapshot(state: RegionState, job: Job, participant: Participant) -> bool:
    server = participant.server
    chosen = participant.data_ms is not None
    if not chosen and availability(server) is not Snapshots.FRESH:
        return _fall_back(state, job, participant, f"replication is {server.replication.state}", is_possible=True)
    if not chosen:
        now_ms = state.clock.now_ms
        participant.data_ms = now_ms - server.replica.transfer.lag_at(now_ms)
    state.log(job, "SNAPSHOT_END", participant)
    return True


def _fall_back(state: RegionState, job: Job, participant: Participant, raw_error: str | None, *, is_possible: bool) -> bool:
    """A snapshot of now cannot be taken: use the latest that is kept, if there is one."""
    state.log(job, "SNAPSHOT_FAIL", participant, rawError=raw_error)
    kept = snapshots.kept(state, participant.server) if is_possible else ()
    if not kept:
        return give_up(state, job, participant, "USING_PREVIOUS_SNAPSHOT_FAILED", raw_error)
    participant.data_ms = kept[-1].taken_ms
    state.log(job, "USING_PREVIOUS_SNAPSHOT", participant)
    return True


def _end_conversion(state: RegionState, job: Job, participant: Participant) -> bool:
    if job.is_failback:  # that is done on the failback client
        state.log(job, "CONVERSION_END", participant)
        return True
    converted = participant.staged or participant
    converter = identifiers.conversion_server_id(state.chance, converted.server.id, converted.number)
    state.log(job, "CONVERSION_END", participant, conversionServerID=converter)
    if job.type == "CREATE_CONVERTED_SNAPSHOT":
        state.set_launch_status(job, participant, "LAUNCHED")
    return True


def _end_launch(state: RegionState, job: Job, participant: Participant) -> bool:
    if job.is_failback:
        return _end_failback_launch(state, job, participant)
    problem = ec2_instances.target_problem(state, participant.server)
    if problem is not None:
        return give_up(state, job, participant, "LAUNCH_FAILED", problem)
    is_stopped = participant.server.launch_configuration["launchDisposition"] == "STOPPED"
    state.add_instance(job, participant, "STOPPED" if is_stopped else "RUNNING")
    if state.settings.logs_launch_end:
        state.log(job, "LAUNCH_END", participant, targetInstanceID=participant.instance_id)
    if not launch_actions(participant):
        state.set_launch_status(job, participant, "LAUNCHED")
    return True


def _end_failback_launch(state: RegionState, job: Job, participant: Participant) -> bool:
    """The machine outside AWS has booted from what was replicated to it."""
    if state.settings.logs_launch_end:
        state.log(job, "LAUNCH_END", participant)
    state.set_launch_status(job, participant, "LAUNCHED")
    return True


def _fail_silently(state: RegionState, job: Job, participant: Participant, phase: str) -> bool:
    """A server fails without an event: the phase looks as if it had ended well, except that nothing was launched."""
    if phase != "LAUNCH":
        state.log(job, f"{phase}_END", participant)
    state.set_launch_status(job, participant, "FAILED")
    return False


_ENDS: Mapping[str, Callable[[RegionState, Job, Participant], bool]] = {
    "CLEANUP": _end_cleanup,
    "SNAPSHOT": _end_snapshot,
    "CONVERSION": _end_conversion,
    "LAUNCH": _end_launch,
}
