"""Failing back within AWS: replication is reversed, so that a recovery instance is protected where it came from.

The source server of the other direction is an ordinary one in the origin Region, which goes through the same replication as
any (`replication`). If it exists already, as when a failed-back machine is protected again, its agent is paired anew and its
data is only compared. `follow` keeps a recovery instance's failback in step with its FAILBACK source server.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from simulator.drs import arrivals, failback_client, identifiers, recovery_instances, refusals, replication
from simulator.drs.arrivals import Machine
from simulator.drs.ec2_instances import seen
from simulator.drs.failback import Direction
from simulator.drs.happenings import Happening
from simulator.drs.model import RecoveryInstance, SourceServer
from simulator.drs.state import RegionState
from simulator.errors import ServiceError
from simulator.journal import LaunchStatusChanged, ReplicationChanged

_IDLE = ("STOPPED", "DISCONNECTED")
_BEHIND = frozenset({"STALLED", "RESCAN", "PAUSED", *_IDLE})  # states in which a launch would miss data


def reverse(state: RegionState, instance: RecoveryInstance) -> str:
    """Replicate a recovery instance to where its source server came from; the ARN of the server that stands for it there.

    Raises ServiceError if that Region is not set up or has no room for one more server.
    """
    server = instance.server
    there = _home(state, server)
    if state.account_id in there.distrusted:
        raise refusals.access_denied("Error in Authorization")
    if not there.is_initialized:
        raise refusals.uninitialized()
    found = recovery_instances.server_named_by(there, server.reversal.opposite_arn)
    opposite = _new_opposite(state, there, instance) if found is None else found[1]
    if found is not None:
        _refuse_busy(there, opposite)
    _begin(state, instance, there, opposite)
    if found is None:
        replication.initiate(there, opposite)
    else:
        _pair_anew(*_staged(there, opposite))
    return opposite.arn


def instance_changed(state: RegionState, instance: RecoveryInstance) -> None:
    """Let the server that replicates a recovery instance lose its agent, or find it again, as the instance stops or runs."""
    found = _replicating(state, instance)
    if found is None:
        return
    there, server = found
    is_running = instance.state == "RUNNING" and not instance.failback.is_disconnected
    if is_running and server.replication.error == "AGENT_NOT_SEEN":
        replication.resume(there, server, loses_track=True)
    elif not is_running and server.replication.state not in (*_IDLE, "STALLED"):
        replication.stall(there, server, "AGENT_NOT_SEEN")


def follow(reach: Callable[[str, str], RegionState], happening: Happening) -> None:
    """Let a recovery instance's failback go along with what happens to its FAILBACK source server."""
    event = happening.event
    if isinstance(event, ReplicationChanged | LaunchStatusChanged):
        there = reach(happening.account_id, happening.region)
        if isinstance(event, LaunchStatusChanged) and there.jobs[event.job].is_failback:
            _follow_client(there, event)
            return
        server = there.servers.get(event.server)
        if server is None or server.reversal.direction != "FAILBACK":
            return
        found = _replicated(there, server)
        if found is not None:
            _FOLLOWERS[type(event)](there, server, *found, event)


def _follow_client(state: RegionState, event: LaunchStatusChanged) -> None:
    """The job of StartFailbackLaunch has come to an end for one instance."""
    instance = state.instances.get(state.servers[event.server].recovery_instance_id or "")
    if instance is not None and event.status in ("LAUNCHED", "FAILED"):
        failback_client.complete(state, instance, has_launched=event.status == "LAUNCHED")


def _follow_replication(
    _there: RegionState, server: SourceServer, state: RegionState, instance: RecoveryInstance, event: ReplicationChanged
) -> None:
    if instance.failback.state not in ("FAILBACK_NOT_STARTED", "FAILBACK_COMPLETED", "FAILBACK_ERROR"):
        recovery_instances.set_failback_state(state, instance, _readiness(server, event.state))


def _follow_launch(
    there: RegionState, _server: SourceServer, state: RegionState, instance: RecoveryInstance, event: LaunchStatusChanged
) -> None:
    job = there.jobs[event.job]
    if job.type != "LAUNCH" or job.initiated_by not in ("START_RECOVERY", "START_DRILL"):
        return
    instance.failback.job_id = job.id
    instance.failback.launch_type = "DRILL" if job.is_drill else "RECOVERY"
    ended = {"LAUNCHED": "FAILBACK_COMPLETED", "FAILED": "FAILBACK_ERROR"}.get(event.status)
    if (
        ended is not None
        and not job.is_drill
        and instance.failback.state not in ("FAILBACK_NOT_STARTED", "FAILBACK_COMPLETED")
    ):
        recovery_instances.set_failback_state(state, instance, ended)


_FOLLOWERS: Mapping[type, Any] = {ReplicationChanged: _follow_replication, LaunchStatusChanged: _follow_launch}


def _readiness(server: SourceServer, replication_state: str) -> str:
    """The failback state of an instance whose FAILBACK source server replicates like that."""
    if replication_state in _BEHIND:
        return "FAILBACK_NOT_READY_FOR_LAUNCH"
    return "FAILBACK_READY_FOR_LAUNCH" if server.replica.is_launchable else "FAILBACK_IN_PROGRESS"


def _new_opposite(state: RegionState, there: RegionState, instance: RecoveryInstance) -> SourceServer:
    """A source server there for an instance here: of the other direction than the one that it was launched from."""
    server = instance.server
    direction: Direction = "FAILBACK" if server.reversal.direction == "FAILOVER" else "FAILOVER"
    try:
        arrivals.refuse_one_more(there)
    except ServiceError as error:  # the operation's model has no error for quotas
        raise refusals.conflict(error.message, "SourceServer", server.id) from None
    machine = Machine(
        f"{direction.lower()}/{server.name}",
        server.profile,
        server.platform,
        {**server.tags, "Name": server.name},
        server.disks_gib or (server.volume_gib,),
        state.name,
        server.replica.bandwidth_mbps,
        server.replica.write_mib_per_second,
    )
    _refuse_unfit_source(there, server)
    opposite = arrivals.arrive(there, machine, "INITIATING", there.clock.now_ms)
    opposite.name, opposite.reversal.direction = server.name, direction
    for configuration in (opposite.launch_configuration, opposite.replication_configuration):
        configuration["name"] = server.name
    if _launches_into_source(there):
        into = {"launchIntoEC2InstanceID": server.source_instance_id}
        opposite.launch_configuration["launchIntoInstanceProperties"] = into
    return opposite


def _launches_into_source(there: RegionState) -> bool:
    return any(template.settings.get("launchIntoSourceInstance") for template in there.launch_templates.values())


def _refuse_unfit_source(there: RegionState, server: SourceServer) -> None:
    """Raises ServiceError if a server is to be failed back into its source instance, and that does not allow it."""
    source = server.source_instance_id
    if source is not None and _launches_into_source(there) and not seen(there, source).allows_launch:
        raise refusals.conflict("The source instance does not allow launching into it", "Instance", source)


def _refuse_busy(there: RegionState, opposite: SourceServer) -> None:
    if opposite.id in there.holders:
        raise refusals.conflict(refusals.BUSY, "SourceServer", opposite.id)


def _begin(state: RegionState, instance: RecoveryInstance, there: RegionState, opposite: SourceServer) -> None:
    """Let the instance's agent work for the opposite server from now on."""
    server = instance.server
    server.reversal.opposite_arn, opposite.reversal.opposite_arn = opposite.arn, server.arn
    for server_of_it in (opposite, _staged(there, opposite)[1]):
        server_of_it.reversal.instance_id, server_of_it.origin_region = instance.id, state.name
        server_of_it.shown.pop("server", None)  # it is another machine now
    if opposite.reversal.direction == "FAILBACK":
        instance.failback.reversed_arn, instance.failback.initiated_ms = opposite.arn, state.clock.now_ms
        instance.failback.job_id = instance.failback.launch_type = None
        recovery_instances.set_failback_state(state, instance, "FAILBACK_IN_PROGRESS")
    else:  # a failed-back machine is a source again; its record may go
        instance.failback.replication, instance.failback.is_disconnected = "DISCONNECTED", True


def _pair_anew(there: RegionState, opposite: SourceServer) -> None:
    """Let another machine's agent go on for a server: unseen at first, then all data is compared."""
    there.replication_faults.forget(opposite.id)  # they were those of the machine that it had
    if opposite.replication.state in _IDLE:
        replication.initiate(there, opposite)
        return
    replication.stall(there, opposite, "AGENT_NOT_SEEN")
    key = f"{opposite.id}/{opposite.reversal.instance_id}/{there.clock.now_ms}"
    pairing_ms = there.lag_ms(there.settings.failing_back.pairing, "drs.pairing", key)
    there.clock.call_after(pairing_ms, partial(_go_on, there, opposite, opposite.replication))


def _go_on(there: RegionState, opposite: SourceServer, paired: object) -> None:
    if there.servers.get(opposite.id) is not opposite or opposite.replication is not paired:
        return
    again = replication.rescan if opposite.replica.is_launchable else replication.initiate
    again(there, opposite)


def _replicated(there: RegionState, server: SourceServer) -> tuple[RegionState, RecoveryInstance] | None:
    """The recovery instance that a source server replicates, and where it is."""
    if server.reversal.instance_id is None:
        return None
    state = _home(there, server)
    instance = state.instances.get(server.reversal.instance_id)
    return None if instance is None else (state, instance)


def _replicating(state: RegionState, instance: RecoveryInstance) -> tuple[RegionState, SourceServer] | None:
    """The source server that replicates a recovery instance, in either direction, and where it is."""
    found = recovery_instances.server_named_by(state, instance.server.reversal.opposite_arn)
    return _staged(*found) if found is not None and found[1].source_instance_id == instance.id else None


def _home(state: RegionState, server: SourceServer) -> RegionState:
    """Where a source server's machine runs: DRS in the account and Region that it came from."""
    if server.reversal.opposite_arn is not None:
        region, account_id, _ = identifiers.parts(server.reversal.opposite_arn)
        return state.elsewhere(account_id, region)
    assert server.origin_region is not None
    account_id = state.account_id if server.extension is None else server.extension.account_id
    return state.elsewhere(account_id, server.origin_region)


def _staged(there: RegionState, server: SourceServer) -> tuple[RegionState, SourceServer]:
    """The server that is really replicated, and where: of an extended one, that of the staging account."""
    if server.extension is None:
        return there, server
    return there.elsewhere(server.extension.account_id, there.name), there.staged(server)
