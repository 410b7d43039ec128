"""EC2 instances as DRS sees them: its own, when somebody else stops or terminates them, and those to launch into."""

from collections.abc import Callable

from simulator.drs import refusals
from simulator.drs.failback import OutsideInstance
from simulator.drs.model import INSTANCE_STATES, RecoveryInstance, SourceServer, step
from simulator.drs.state import RegionState
from simulator.journal import InstanceChanged

GONE = frozenset({"TERMINATED", "NOT_FOUND"})
NOT_STOPPED = "The instance to launch into must be stopped"
TAG = "AWSDRS=AllowLaunchingIntoThisInstance"


# Of an instance of which nobody told anything: whatever is not known to be stopped runs.
_UNKNOWN = OutsideInstance("RUNNING")


def changed(state: RegionState, instance_id: str, ec2_state: str, *, allows_launch: bool) -> None:
    """Take note that somebody else started, stopped or terminated an instance.

    Raises ValueError for a state that does not exist, or a step that a recovery instance cannot take.
    """
    if ec2_state not in INSTANCE_STATES:
        raise ValueError(f"there is no EC2 state {ec2_state!r}: {', '.join(INSTANCE_STATES)}")
    instance = state.instances.get(instance_id)
    if instance is None:
        state.outside[instance_id] = OutsideInstance(ec2_state, allows_launch)
        return
    if ec2_state not in INSTANCE_STATES[instance.state]:
        raise ValueError(f"{instance_id} is {instance.state} and cannot become {ec2_state}")
    if ec2_state == "RUNNING":
        instance.failback.booted_ms = state.clock.now_ms
    _go(state, instance, ec2_state)
    if ec2_state == "TERMINATED":
        shown_ms = round(state.settings.failing_back.terminated_seconds * 1000)
        state.clock.call_after(shown_ms, _unless_deleted(state, instance))


def launch_target(server: SourceServer) -> str | None:
    """The instance that a server is launched into, None: a new one."""
    target: str | None = server.launch_configuration.get("launchIntoInstanceProperties", {}).get("launchIntoEC2InstanceID")
    return target or None


def refuse_running_target(state: RegionState, server: SourceServer) -> None:
    """Raises ServiceError if a server is to be launched into an instance that is not stopped."""
    target = launch_target(server)
    if target is not None and seen(state, target).state not in ("STOPPED", *GONE):
        raise refusals.conflict(NOT_STOPPED, "Instance", target)


def target_problem(state: RegionState, server: SourceServer) -> str | None:
    """Why a server's launch into its instance fails, if it does."""
    target = launch_target(server)
    if target is None:
        return None
    found = seen(state, target)
    if found.state in GONE:
        return f"InvalidInstanceID.NotFound: The instance ID '{target}' does not exist"
    return None if found.allows_launch else f"The instance {target} does not have the tag {TAG}"


def seen(state: RegionState, instance_id: str) -> OutsideInstance:
    """What EC2 says of an instance here."""
    own = state.instances.get(instance_id)
    if own is not None:
        return OutsideInstance(own.state)
    return state.outside.get(instance_id, _UNKNOWN)


def _unless_deleted(state: RegionState, instance: RecoveryInstance) -> Callable[[], None]:
    def vanish() -> None:
        if state.instances.get(instance.id) is instance and instance.state == "TERMINATED":
            _go(state, instance, "NOT_FOUND")

    return vanish


def _go(state: RegionState, instance: RecoveryInstance, ec2_state: str) -> None:
    state.stale.note(("instance", instance.id), instance.state, state.clock.now_ms)
    instance.state = step(INSTANCE_STATES, instance.state, ec2_state)
    state.tell(InstanceChanged(instance.id, instance.server.id, instance.job_id, ec2_state))
