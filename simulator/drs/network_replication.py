"""Source networks as they come, are protected, and go."""

from collections.abc import Mapping
from functools import partial

from simulator.drs import identifiers
from simulator.drs.model import step
from simulator.drs.networks import NETWORK_FAULTS, NETWORK_STATUSES, NetworkFault, SourceNetwork
from simulator.drs.state import RegionState
from simulator.journal import FaultFired, NetworkChanged
from simulator.json_types import JsonObject, JsonValue


def add(
    state: RegionState, vpc_id: str, origin_account_id: str, origin_region: str, tags: Mapping[str, str]
) -> SourceNetwork:
    """A source network that is not replicated yet. Its id depends on where its VPC is, and how often that one came."""
    key = f"{origin_account_id}/{origin_region}/{vpc_id}"
    state.network_births[key] += 1
    own = identifiers.digits(f"network/{state.account_id}/{state.name}/{key}/{state.network_births[key]}", 16)
    identifier = f"sn-{state.digit}{own}"
    network = SourceNetwork(
        identifier,
        state.arn("source-network", identifier),
        next(state.numbers),
        vpc_id,
        origin_account_id,
        origin_region,
        dict(tags),
    )
    state.networks[identifier] = network
    return network


def start(state: RegionState, network: SourceNetwork) -> None:
    """Begin to read a network's configuration, and to keep up with it."""
    network.syncs += 1
    takes_ms = state.lag_ms(state.settings.networking.replication, "drs.network", f"{network.id}/sync/{network.syncs}")
    set_status(state, network, "IN_PROGRESS")
    network.pending = state.clock.call_after(takes_ms, partial(_end, state, network))


def stop(state: RegionState, network: SourceNetwork) -> None:
    """Let a network be unprotected: what is known of it is deleted."""
    if network.pending is not None:
        network.pending.cancel()
    network.is_known = False
    set_status(state, network, "STOPPED")


def protect(state: RegionState, network: SourceNetwork) -> None:
    """Let a network's configuration be known."""
    network.is_known = True
    set_status(state, network, "PROTECTED")


def remove(state: RegionState, network: SourceNetwork) -> None:
    """Forget a network; the servers in it are in none then."""
    if network.pending is not None:
        network.pending.cancel()
    for server in state.servers.values():
        if server.network_id == network.id:
            server.network_id = None
    del state.networks[network.id]


def disturb(state: RegionState, network: SourceNetwork, fault: NetworkFault) -> None:
    """Let a fault wait for a network; one that is protected fails at once. Raises ValueError for a kind that is none."""
    if fault.kind not in NETWORK_FAULTS:
        raise ValueError(f"there is no network fault {fault.kind!r}: {', '.join(NETWORK_FAULTS)}")
    network.faults.append(fault)
    if network.status == "PROTECTED":
        _fail_if(state, network)


def take_fault(state: RegionState, network: SourceNetwork, kind: str) -> str | None:
    """Why something fails with a network, if it is to fail now; uses the fault up once."""
    for fault in network.faults:
        if fault.kind == kind and (fault.times is None or network.fired[fault.id] < fault.times):
            network.fired[fault.id] += 1
            state.journal.record(FaultFired(fault.id, network.id, f"network {kind}"))
            return fault.raw_error
    return None


def set_status(state: RegionState, network: SourceNetwork, following: str, details: str | None = None) -> None:
    """Let a network's replication go on."""
    network.status, network.details = step(NETWORK_STATUSES, network.status, following), details
    state.tell(NetworkChanged(network.id, following, details))


def template(network: SourceNetwork) -> JsonObject:
    """The CloudFormation template that builds a network anew: made up, but of the form that CloudFormation takes."""
    second = int(identifiers.digits(f"cidr/{network.vpc_id}", 2), 16)
    tags: JsonValue = [{"Key": "drs.amazonaws.com-source-vpc", "Value": network.vpc_id}]
    subnet: JsonValue = {"VpcId": {"Ref": "Vpc"}, "CidrBlock": f"10.{second}.0.0/20", "Tags": tags}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Network of {network.vpc_id} in {network.origin_region}, account {network.origin_account_id}",
        "Resources": {
            "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": f"10.{second}.0.0/16", "Tags": tags}},
            "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": subnet},
        },
        "Outputs": {"VpcId": {"Value": {"Ref": "Vpc"}}, "SubnetId": {"Value": {"Ref": "Subnet"}}},
    }


def _end(state: RegionState, network: SourceNetwork) -> None:
    network.pending = None
    if not _fail_if(state, network):
        protect(state, network)


def _fail_if(state: RegionState, network: SourceNetwork) -> bool:
    reason = take_fault(state, network, "REPLICATION")
    if reason is not None:
        set_status(state, network, "ERROR", reason[:256])
    return reason is not None
