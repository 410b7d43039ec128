"""Whether servers of a plan can be recovered now: checked for all when an execution starts, and for each step as it begins.

It is all or nothing: one server that cannot be recovered stops all, however little it matters to its step.
"""

from collections.abc import Iterable, Mapping, Sequence

from simulator.drs import refusals
from simulator.drs.model import Snapshots, SourceServer, availability
from simulator.drs.operations import recovery
from simulator.drs.recovery_plans.model import PlanExecution
from simulator.drs.state import RegionState

# A plan is stricter than StartRecovery, which recovers a disconnected server from the snapshots that are left.
_LET_GO = ("DISCONNECTED", "STOPPED")


def asked(execution: PlanExecution, servers: Iterable[str]) -> Sequence[Mapping[str, str]]:
    """The `sourceServers` of the StartRecovery that recovers servers, each from the snapshot that was chosen for it."""
    chosen = execution.snapshots
    return [
        {"sourceServerID": server} | ({"recoverySnapshotID": chosen[server]} if server in chosen else {})
        for server in servers
    ]


def check_all(state: RegionState, execution: PlanExecution) -> None:
    """Raises ServiceError if a server of any step that is to run cannot be recovered now."""
    for one in execution.steps:
        if one.status == "NOT_STARTED" and not one.work.is_wait:
            check(state, execution, [server.id for server in one.work.servers])


def check(state: RegionState, execution: PlanExecution, servers: Sequence[str]) -> None:
    """Raises ServiceError if one of some servers, by id, cannot be recovered now."""
    for server, _ in recovery.recoverable(state, asked(execution, servers)):
        _check_replication(state, server)


def _check_replication(state: RegionState, server: SourceServer) -> None:
    replication = server.replication.state
    if replication in _LET_GO or (replication == "STALLED" and state.settings.recovery_plans.refuses_stalled):
        raise refusals.conflict(f"The Source Server cannot be recovered: {replication}", "SourceServer", server.id)
    if availability(server) is Snapshots.NOT_YET:
        raise refusals.conflict("The Source Server has no consistent recovery point yet", "SourceServer", server.id)
