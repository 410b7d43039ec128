"""Failing back: ReverseReplication, StartFailbackLaunch, StopFailback, and the configuration of its replication."""

from collections.abc import Mapping
from typing import Any

from simulator.drs import failback_client, recovery_instances, refusals, reversal, timeline
from simulator.drs.model import RecoveryInstance
from simulator.drs.operations.jobs import describe_job
from simulator.drs.operations.recovery import check_account_quotas, check_servers_per_job
from simulator.drs.operations.wire import Answer, Request, instance_of, refuse_if_held
from simulator.drs.state import RegionState

NOT_INITIALISED = "The Recovery Instance has not finished initializing"  # clients look for the last three words
_DEFAULTS: Mapping[str, Any] = {"bandwidthThrottling": 0, "usePrivateIP": False, "internetProtocol": "IPV4"}


def reverse_replication(state: RegionState, request: Request) -> Answer:
    """Replicate a recovery instance back to where its source server runs, or protect a failed-back machine again."""
    instance = instance_of(state, request)
    _refuse_irreversible(state, instance)
    refuse_if_held(state, [instance.server])
    return {"reversedDirectionSourceServerArn": reversal.reverse(state, instance)}


def start_failback_launch(state: RegionState, request: Request) -> Answer:
    """Launch, in one job, the machines outside AWS to which recovery instances have been replicated."""
    asked = list(dict.fromkeys(request["recoveryInstanceIDs"]))
    unknown = [
        (f"recoveryInstanceIDs[{place}]", "does not exist") for place, one in enumerate(asked) if not _has(state, one)
    ]
    if unknown:
        raise refusals.validation_error(unknown)
    instances = [state.instances[identifier] for identifier in asked]
    check_servers_per_job(state, len(instances))
    for instance in instances:
        _refuse_unready(instance)
    servers = [instance.server for instance in instances]
    refuse_if_held(state, servers)
    check_account_quotas(state, len(servers))
    members = [(instance.server, {"instance_id": instance.id}) for instance in instances]
    job = state.new_job("LAUNCH", "FAILBACK", members, request.get("tags", {}))
    for instance in instances:
        instance.failback.job_id, instance.failback.launch_type = job.id, "RECOVERY"
    timeline.start(state, job)
    return {"job": describe_job(state, job)}


def stop_failback(state: RegionState, request: Request) -> Answer:
    """Give a failback up; one that has not started stays so. A FAILBACK source server goes on replicating."""
    instance = instance_of(state, request)
    failback_client.stop(state, instance)
    recovery_instances.set_failback_state(state, instance, "FAILBACK_NOT_STARTED")
    return {}


def get_failback_replication_configuration(state: RegionState, request: Request) -> Answer:
    """How a recovery instance is replicated to a failback client."""
    instance = instance_of(state, request)
    named = {"recoveryInstanceID": instance.id, "name": instance.server.name}
    return {**named, **_DEFAULTS, **instance.failback.configuration}


def update_failback_replication_configuration(state: RegionState, request: Request) -> Answer:
    """Change the members that the request has; what is being copied goes on with the new bandwidth."""
    instance = instance_of(state, request)
    instance.failback.configuration |= {name: value for name, value in request.items() if name != "recoveryInstanceID"}
    failback_client.throttling_changed(state, instance)
    return {}


def _has(state: RegionState, identifier: str) -> bool:
    return identifier in state.instances


def _refuse_unready(instance: RecoveryInstance) -> None:
    if instance.failback.client_id is None or instance.failback.replication != "CONTINUOUS":
        raise refusals.conflict("The Recovery Instance is not ready for failback", "RecoveryInstance", instance.id)


def _refuse_irreversible(state: RegionState, instance: RecoveryInstance) -> None:
    """Raises ServiceError if a recovery instance cannot be replicated back now."""
    if instance.server.origin_region is None:
        message = "must be a Recovery Instance that originated in EC2"
        raise refusals.validation_error([("recoveryInstanceID", message)])
    if instance.failback.is_disconnected:
        raise refusals.conflict("The Recovery Instance is disconnected", "RecoveryInstance", instance.id)
    if instance.failback.state != "FAILBACK_NOT_STARTED":
        raise refusals.conflict("The Recovery Instance is in failback already", "RecoveryInstance", instance.id)
    if not recovery_instances.is_initialised(state, instance):
        raise refusals.conflict(NOT_INITIALISED, "RecoveryInstance", instance.id)
