"""The records of recovery instances: when they may be let go, and how their failback goes from state to state."""

from simulator.drs import identifiers, refusals
from simulator.drs.ec2_instances import GONE
from simulator.drs.failback import FAILBACK_STATES, Failback
from simulator.drs.model import RecoveryInstance, SourceServer, step
from simulator.drs.state import RegionState
from simulator.journal import FailbackChanged, InstanceForgotten

# What it means that a recovery instance fails back.
_FAILING_BACK = frozenset({
    "FAILBACK_IN_PROGRESS", "FAILBACK_NOT_READY_FOR_LAUNCH", "FAILBACK_READY_FOR_LAUNCH", "FAILBACK_ERROR",
})  # fmt: skip
_IDLE = ("STOPPED", "DISCONNECTED")
FAILS_BACK = "The Recovery Instance cannot be {} during failback"


def set_failback_state(state: RegionState, instance: RecoveryInstance, following: str) -> None:
    """Let a recovery instance's failback go on; into the state that it is in, nothing happens."""
    if instance.failback.state != following:
        state.stale.note(("failback", instance.id), instance.failback.state, state.clock.now_ms)
        instance.failback.state = step(FAILBACK_STATES, instance.failback.state, following)
        state.tell(FailbackChanged(instance.id, instance.server.id, following))


def reversed_server(state: RegionState, instance: RecoveryInstance) -> tuple[RegionState, SourceServer] | None:
    """The FAILBACK source server that replicates a recovery instance, and where it is; None if there is none (any more)."""
    found = server_named_by(state, instance.failback.reversed_arn)
    if found is None or found[1].source_instance_id != instance.id:
        return None
    return found


def server_named_by(state: RegionState, arn: str | None) -> tuple[RegionState, SourceServer] | None:
    """The source server with an ARN, and where it is; None if there is none."""
    if arn is None:
        return None
    region, account_id, identifier = identifiers.parts(arn)
    is_here = (account_id, region) == (state.account_id, state.name)
    there = state if is_here else state.elsewhere(account_id, region)
    server = there.servers.get(identifier)
    return None if server is None else (there, server)


def is_failing_back(state: RegionState, instance: RecoveryInstance) -> bool:
    """Whether a recovery instance must be left alone: until StopFailback, and until nothing replicates it any more.

    A failback to a machine outside AWS is over when it has completed.
    """
    failback = instance.failback
    if failback.state in _FAILING_BACK or (failback.state == "FAILBACK_COMPLETED" and failback.reversed_arn is not None):
        return True
    found = reversed_server(state, instance)
    return found is not None and found[1].replication.state not in _IDLE


def refuse_failing_back(state: RegionState, instance: RecoveryInstance, action: str) -> None:
    """Raises ServiceError if a recovery instance fails back; `action` is what cannot be done to it meanwhile."""
    if is_failing_back(state, instance):
        raise refusals.conflict(FAILS_BACK.format(action), "RecoveryInstance", instance.id)


def is_initialised(state: RegionState, instance: RecoveryInstance) -> bool:
    """Whether the agent in a recovery instance is up, some time after the instance was started."""
    if instance.state != "RUNNING":
        return False
    latency = state.settings.failing_back.initialising
    takes_ms = state.lag_ms(latency, "drs.initialising", instance.id)
    started_ms = instance.launched_ms if instance.failback.booted_ms is None else instance.failback.booted_ms
    return state.clock.now_ms >= started_ms + takes_ms


def is_gone(state: RegionState, server: SourceServer) -> bool:
    """Whether somebody else has terminated a server's recovery instance."""
    instance = state.instances.get(server.recovery_instance_id or "")
    return instance is not None and instance.state in GONE


def forget(state: RegionState, instance: RecoveryInstance) -> None:
    """Delete a recovery instance's record, whatever becomes of it in EC2."""
    _cancel(instance.failback)
    state.forget_instance(instance)
    state.tell(InstanceForgotten(instance.id, instance.server.id))


def _cancel(failback: Failback) -> None:
    if failback.pending is not None:
        failback.pending.cancel()
        failback.pending = None
