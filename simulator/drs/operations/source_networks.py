"""Source networks: creating, describing and deleting them, and their replication."""

from simulator.drs import network_recovery, network_replication, refusals
from simulator.drs.networks import SourceNetwork
from simulator.drs.operations.paging import page
from simulator.drs.operations.wire import Answer, Request
from simulator.drs.state import RegionState


def create_source_network(state: RegionState, request: Request) -> Answer:
    """Add a VPC; it is not protected until its replication is started."""
    place = (request["vpcID"], request["originAccountID"], request["originRegion"])
    for network in state.networks.values():
        if (network.vpc_id, network.origin_account_id, network.origin_region) == place:
            raise refusals.conflict("The VPC has a Source Network already", "SourceNetwork", network.id)
    limit = state.settings.quotas.source_networks
    if len(state.networks) >= limit:
        raise refusals.quota_exceeded("source_networks", limit)
    return {"sourceNetworkID": network_replication.add(state, *place, request.get("tags", {})).id}


def describe_source_networks(state: RegionState, request: Request) -> Answer:
    """Source networks in the order of their creation: all, or those that match every filter."""
    filters = request.get("filters", {})
    wanted = frozenset(filters.get("sourceNetworkIDs", ()))
    account_id, region = filters.get("originAccountID"), filters.get("originRegion")
    rows = [
        network
        for network in state.networks.values()
        if (not wanted or network.id in wanted)
        and account_id in (None, network.origin_account_id)
        and region in (None, network.origin_region)
    ]
    size = state.settings.page_size
    return page("networks", rows, lambda one: one.number, lambda one: describe(state, one), request, size)


def delete_source_network(state: RegionState, request: Request) -> Answer:
    """Forget a network whose replication is stopped; the stacks that it was deployed with stay."""
    network = network_of(state, request)
    refuse_if_recovering(state, network)
    if network.status in ("IN_PROGRESS", "PROTECTED") and not state.settings.networking.deletes_protected:
        raise refusals.conflict("Replication of the Source Network must be stopped first", "SourceNetwork", network.id)
    network_replication.remove(state, network)
    return {}


def start_source_network_replication(state: RegionState, request: Request) -> Answer:
    """Protect a network, or try again after an error."""
    network = network_of(state, request)
    if network.status in ("IN_PROGRESS", "PROTECTED"):
        raise refusals.conflict("The Source Network is replicating already", "SourceNetwork", network.id)
    network_replication.start(state, network)
    return {"sourceNetwork": describe(state, network)}


def stop_source_network_replication(state: RegionState, request: Request) -> Answer:
    """Protect a network no longer."""
    network = network_of(state, request)
    refuse_if_recovering(state, network)
    if network.status == "STOPPED":
        raise refusals.conflict("The Source Network is not replicating", "SourceNetwork", network.id)
    network_replication.stop(state, network)
    return {"sourceNetwork": describe(state, network)}


def network_of(state: RegionState, request: Request) -> SourceNetwork:
    """The source network that a request names. Raises ServiceError if it does not exist."""
    network = state.networks.get(request["sourceNetworkID"])
    if network is None:
        raise refusals.not_found("SourceNetwork", request["sourceNetworkID"])
    return network


def refuse_if_recovering(state: RegionState, network: SourceNetwork) -> None:
    """Raises ServiceError if a job works on a network."""
    if network_recovery.is_held(state, network):
        raise refusals.conflict("The Source Network is currently being processed by a Job", "SourceNetwork", network.id)


def describe(state: RegionState, network: SourceNetwork) -> Answer:
    """A source network as the API shows it."""
    optional = {
        "replicationStatusDetails": network.details,
        "cfnStackName": network.stack,
        "launchedVpcID": network.launched_vpc_id,
    }
    return {
        "sourceNetworkID": network.id,
        "arn": network.arn,
        "sourceVpcID": network.vpc_id,
        "sourceAccountID": network.origin_account_id,
        "sourceRegion": network.origin_region,
        "replicationStatus": network.status,
        "lastRecovery": _last_recovery(state, network),
        "tags": dict(network.tags),
        **{name: value for name, value in optional.items() if value is not None},
    }


def _last_recovery(state: RegionState, network: SourceNetwork) -> Answer:
    recovery = network.last_recovery
    if recovery is None:
        return {"lastRecoveryResult": "NOT_STARTED"}
    asked = state.instant(recovery.asked_ms).replace("+00:00", "Z")  # the one member that the model calls a timestamp
    return {"apiCallDateTime": asked, "jobID": recovery.job_id, "lastRecoveryResult": recovery.result}
