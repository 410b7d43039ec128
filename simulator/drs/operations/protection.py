"""Whether a source server is replicated: StartReplication, StopReplication, RetryDataReplication, and letting it go."""

from simulator.drs import extension, initiation, refusals, replication
from simulator.drs.model import SourceServer
from simulator.drs.operations.source_servers import describe
from simulator.drs.operations.wire import Answer, Request, refuse_if_held, server_of
from simulator.drs.state import RegionState

_IDLE = ("STOPPED", "DISCONNECTED")


def start_replication(state: RegionState, request: Request) -> Answer:
    """Replicate a server again that was stopped."""
    server = _own_server(state, request)
    if server.replication.state != "STOPPED":
        raise refusals.conflict("Replication of the Source Server is not stopped", "SourceServer", server.id)
    limit = state.settings.quotas.replicating_servers
    if len(state.replicating) >= limit:
        raise refusals.quota_conflict("replicating_servers", limit)
    replication.initiate(state, server)
    return {"sourceServer": describe(state, server)}


def stop_replication(state: RegionState, request: Request) -> Answer:
    """Stop replicating a server, and delete its snapshots."""
    server = _own_server(state, request)
    if server.replication.state in _IDLE:
        raise refusals.conflict("The Source Server is not replicating", "SourceServer", server.id)
    replication.stop(state, server)
    return {"sourceServer": describe(state, server)}


def retry_data_replication(state: RegionState, request: Request) -> Answer:
    """Let replication of a stalled, stopped or disconnected server begin anew, without waiting for the next attempt."""
    server = server_of(state, request)
    if server.extension is not None or server.replication.state not in ("STALLED", *_IDLE):
        raise refusals.validation_error([("sourceServerID", "must be stalled, stopped or disconnected")])
    if server.replication.state in _IDLE and len(state.replicating) >= state.settings.quotas.replicating_servers:
        raise refusals.validation_error([("sourceServerID", "would be one replicating source server too many")])
    if server.replication.state in _IDLE or server.replica.first_byte_ms is None:
        replication.initiate(state, server)
    elif state.replication_faults.stall_of(server.id) is None:
        replication.resume(state, server, loses_track=True)
    return describe(state, server)


def disconnect_source_server(state: RegionState, request: Request) -> Answer:
    """Let a server's agent go; refused while it has a recovery instance."""
    server = server_of(state, request)
    refuse_if_held(state, [server])
    if server.recovery_instance_id is not None:
        raise refusals.conflict("The Source Server has a Recovery Instance", "SourceServer", server.id)
    if server.replication.state == "DISCONNECTED":
        raise refusals.conflict("The Source Server is disconnected already", "SourceServer", server.id)
    extension.let_go(state, server)
    replication.disconnect(state, server)
    return describe(state, server)


def delete_source_server(state: RegionState, request: Request) -> Answer:
    """Forget a server that was disconnected."""
    server = server_of(state, request)
    refuse_if_held(state, [server])
    if server.replication.state != "DISCONNECTED":
        raise refusals.conflict("The Source Server must be disconnected first", "SourceServer", server.id)
    if server.recovery_instance_id is not None:
        raise refusals.conflict("The Source Server has a Recovery Instance", "SourceServer", server.id)
    plan = state.plans.with_server(server.id)
    if plan is not None:
        raise refusals.conflict(f"The Source Server belongs to recovery plan {plan.id}", "SourceServer", server.id)
    state.replication_faults.forget(server.id)
    initiation.leave_seats(state, server)
    extension.orphan(state, server)
    state.remove_server(server)
    return {}


def _own_server(state: RegionState, request: Request) -> SourceServer:
    """The server, if its replication is this account's and no job holds it. Raises ServiceError."""
    server = server_of(state, request)
    refuse_if_held(state, [server])
    if server.extension is not None:
        raise refusals.conflict("The Source Server is replicated in its staging account", "SourceServer", server.id)
    return server
