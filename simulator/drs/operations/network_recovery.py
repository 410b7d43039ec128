"""Building source networks anew: StartSourceNetworkRecovery, AssociateSourceNetworkStack, ExportSourceNetworkCfnTemplate."""

from collections.abc import Sequence

from simulator.drs import network_recovery, refusals, timeline
from simulator.drs.network_replication import template
from simulator.drs.networks import ParticipatingNetwork, SourceNetwork
from simulator.drs.operations.jobs import describe_job
from simulator.drs.operations.recovery import check_account_quotas
from simulator.drs.operations.source_networks import network_of, refuse_if_recovering
from simulator.drs.operations.wire import Answer, Request
from simulator.drs.state import RegionState
from simulator.journal import NetworkTemplateExported


def start_source_network_recovery(state: RegionState, request: Request) -> Answer:
    """Deploy networks in one job, each with a stack of its own; a stack that is there is updated unless told otherwise."""
    as_new = request.get("deployAsNew", False)
    members = [
        network_recovery.plan(network, stack, as_new=as_new) for network, stack in _asked(state, request["sourceNetworks"])
    ]
    for member in members:
        refuse_if_recovering(state, member.network)
        _refuse_unknown(member.network)
        _refuse_taken_name(state, member, as_new=as_new)
    check_account_quotas(state, 0)
    are_updates = all(member.event == network_recovery.UPDATE for member in members)
    initiated_by = "UPDATE_NETWORK_RECOVERY" if are_updates else "CREATE_NETWORK_RECOVERY"
    job = network_recovery.new_job(state, initiated_by, members, request.get("tags", {}))
    timeline.start(state, job)
    return {"job": describe_job(state, job)}


def associate_source_network_stack(state: RegionState, request: Request) -> Answer:
    """Let a network use a stack that exists, as it did before; the job fails if there is none of that name."""
    network = network_of(state, request)
    refuse_if_recovering(state, network)
    check_account_quotas(state, 0)
    member = ParticipatingNetwork(network, request["cfnStackName"], None)
    job = network_recovery.new_job(state, "ASSOCIATE_NETWORK_RECOVERY", [member], {})
    timeline.start(state, job)
    return {"job": describe_job(state, job)}


def export_source_network_cfn_template(state: RegionState, request: Request) -> Answer:
    """Write a network's template to the bucket that the launch configuration template names."""
    network = network_of(state, request)
    _refuse_unknown(network)
    arns = [
        one.settings["exportBucketArn"] for one in state.launch_templates.values() if one.settings.get("exportBucketArn")
    ]
    if not arns:
        message = "needs a launch configuration template with an exportBucketArn"
        raise refusals.validation_error([("sourceNetworkID", message)])
    bucket = str(arns[0]).rpartition(":")[2]
    written = state.instant(state.clock.now_ms)[:19].replace(":", "-")
    key = f"{network.id}/{network.vpc_id}-{written}.json"
    state.tell(NetworkTemplateExported(network.id, bucket, key, template(network)))
    return {"s3DestinationUrl": f"s3://{bucket}/{key}"}


def _asked(state: RegionState, entries: Sequence[Request]) -> list[tuple[SourceNetwork, str | None]]:
    """The networks asked for, each with the name of its stack. Raises ServiceError for one unknown or repeated."""
    identifiers = [entry["sourceNetworkID"] for entry in entries]
    wrong = [
        (f"sourceNetworks[{place}].sourceNetworkID", "is there twice" if one in state.networks else "does not exist")
        for place, one in enumerate(identifiers)
        if one not in state.networks or one in identifiers[:place]
    ]
    if wrong:
        raise refusals.validation_error(wrong)
    return [(state.networks[entry["sourceNetworkID"]], entry.get("cfnStackName")) for entry in entries]


def _refuse_unknown(network: SourceNetwork) -> None:
    if not network.is_known:
        raise refusals.conflict("The Source Network has not been replicated", "SourceNetwork", network.id)


def _refuse_taken_name(state: RegionState, member: ParticipatingNetwork, *, as_new: bool) -> None:
    """Raises ServiceError if a stack's name is another network's, or a new stack is to have the name of an old one."""
    others = [network for network in state.networks.values() if network is not member.network]
    is_taken = any(member.stack in network.stacks for network in others)
    if is_taken or (as_new and member.stack in member.network.stacks):
        raise refusals.conflict(f"There is a stack {member.stack} already", "SourceNetwork", member.network.id)
