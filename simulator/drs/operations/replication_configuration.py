"""How a server is replicated: GetReplicationConfiguration, UpdateReplicationConfiguration."""

from copy import deepcopy

from simulator.drs import configurations, refusals, replication
from simulator.drs.operations.wire import Answer, Request, refuse_if_held, server_of
from simulator.drs.state import RegionState


def get_replication_configuration(state: RegionState, request: Request) -> Answer:
    """A server's replication configuration; of an extended server, that in the staging account."""
    server = server_of(state, request)
    if server.extension is not None and server.extension.error is not None:
        raise refusals.access_denied(server.extension.error)
    kept = state.staged(server).replication_configuration
    return deepcopy(kept) | {"sourceServerID": server.id, "name": server.name if server.extension else kept["name"]}


def update_replication_configuration(state: RegionState, request: Request) -> Answer:
    """Change the members that the request has, and of `replicatedDisks` the disks that it names."""
    server = server_of(state, request)
    refuse_if_held(state, [server])
    if server.extension is not None:
        raise refusals.conflict("The Source Server is replicated in its staging account", "SourceServer", server.id)
    kept = server.replication_configuration
    wrong = configurations.replication_mistakes(request, kept)
    if wrong:
        raise refusals.validation_error(wrong)
    given = deepcopy(dict(request))
    if "replicatedDisks" in given:
        given["replicatedDisks"] = configurations.merge_disks(kept["replicatedDisks"], given["replicatedDisks"])
    kept |= given
    if "pitPolicy" in given:
        configurations.change_rules(server, kept["pitPolicy"], state.clock.now_ms)
    if "bandwidthThrottling" in given:
        replication.rates_changed(state, server)
    return deepcopy(kept)
