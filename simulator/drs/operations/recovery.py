"""Starting jobs: StartRecovery and TerminateRecoveryInstances. Either the whole call is granted, or nothing happens."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.drs import ec2_instances, recovery_instances, refusals, snapshots, timeline
from simulator.drs.model import Job, LastLaunch, RecoveryInstance, Snapshots, SourceServer, availability
from simulator.drs.operations.jobs import describe_job
from simulator.drs.operations.wire import Answer, Request, refuse_if_held
from simulator.drs.state import RegionState


def start_recovery(state: RegionState, request: Request) -> Answer:
    """Recover servers in one job, or drill their recovery. Tags go on the job."""
    members = recoverable(state, request["sourceServers"])
    servers = [server for server, _ in members]
    check_account_quotas(state, len(servers))
    is_drill = request.get("isDrill", False)
    job = state.new_job("LAUNCH", "START_DRILL" if is_drill else "START_RECOVERY", members, request.get("tags", {}))
    for server in servers:
        server.last_launch = LastLaunch(job.created_ms, job.id, "DRILL" if is_drill else "RECOVERY")
    timeline.start(state, job)
    return {"job": describe_job(state, job)}


def recoverable(state: RegionState, asked: Sequence[Mapping[str, str]]) -> Sequence[tuple[SourceServer, Mapping[str, Any]]]:
    """The servers of a request, each with what its `Participant` says of the snapshot that it is recovered from.

    Raises ServiceError if one of them cannot be recovered now, or if they are too many for a job.
    """
    servers = [_known_server(state, entry["sourceServerID"]) for entry in asked]
    chosen = {server.id: entry.get("recoverySnapshotID") for server, entry in zip(servers, asked, strict=True)}
    servers = _distinct(state, servers)
    check_servers_per_job(state, len(servers))
    for server in servers:
        _check_readiness(state, server)
    members = [(server, _with_snapshot(state, server, chosen[server.id])) for server in servers]
    refuse_if_held(state, servers)
    for server in servers:
        ec2_instances.refuse_running_target(state, server)
        _refuse_failing_back(state, server)
    return members


def terminate_recovery_instances(state: RegionState, request: Request) -> Answer:
    """Terminate recovery instances in one job."""
    instances = [_known_instance(state, identifier) for identifier in dict.fromkeys(request["recoveryInstanceIDs"])]
    servers = [instance.server for instance in instances]
    check_servers_per_job(state, len(instances))
    refuse_if_held(state, servers)
    for instance in instances:
        recovery_instances.refuse_failing_back(state, instance, "terminated")
    if state.settings.counts_terminations:
        check_account_quotas(state, len(instances))
    members = [(instance.server, {"instance_id": instance.id}) for instance in instances]
    job = state.new_job("TERMINATE", "TERMINATE_RECOVERY_INSTANCES", members, {})
    timeline.start(state, job)
    return {"job": describe_job(state, job)}


def _known_server(state: RegionState, server_id: str) -> SourceServer:
    server = state.servers.get(server_id)
    if server is not None:
        return server
    if state.settings.unknown_server == "ResourceNotFoundException":
        raise refusals.not_found("SourceServer", server_id)
    raise refusals.conflict("The Source Server does not exist", "SourceServer", server_id)


def _known_instance(state: RegionState, identifier: str) -> RecoveryInstance:
    instance = state.instances.get(identifier)
    if instance is None:
        raise refusals.conflict("The Recovery Instance does not exist", "RecoveryInstance", identifier)
    return instance


def _distinct(state: RegionState, servers: Sequence[SourceServer]) -> list[SourceServer]:
    distinct = {server.id: server for server in servers}
    if len(distinct) < len(servers) and state.settings.duplicate_servers == "refuse":
        repeated = next(server for place, server in enumerate(servers) if server in servers[:place])
        raise refusals.conflict("A Source Server is included more than once in API call", "SourceServer", repeated.id)
    return list(distinct.values())


def _check_readiness(state: RegionState, server: SourceServer) -> None:
    is_ready = availability(server) is not Snapshots.NOT_YET
    if not is_ready and state.settings.unready_servers == "refuse":
        raise refusals.conflict("The Source Server is not ready for recovery", "SourceServer", server.id)


def _refuse_failing_back(state: RegionState, server: SourceServer) -> None:
    instance = state.instances.get(server.recovery_instance_id or "")
    if instance is not None:
        recovery_instances.refuse_failing_back(state, instance, "replaced")


def _with_snapshot(state: RegionState, server: SourceServer, snapshot_id: str | None) -> Mapping[str, Any]:
    if snapshot_id is None:
        return {}
    snapshot = snapshots.named(state, server, snapshot_id)
    if snapshot is None:
        if state.settings.unknown_snapshot == "ValidationException":
            raise refusals.validation_error([("sourceServers.recoverySnapshotID", "is no snapshot of the source server")])
        raise refusals.conflict("The Source Server has no such recovery snapshot", "RecoverySnapshot", snapshot_id)
    return {"data_ms": snapshot.taken_ms}


def check_servers_per_job(state: RegionState, servers: int) -> None:
    """Raises ServiceError if one job would hold too many servers."""
    limit = state.settings.quotas.servers_per_job
    if servers > limit:
        raise refusals.quota_exceeded("servers_per_job", limit)


def check_account_quotas(state: RegionState, servers: int) -> None:
    """Raises ServiceError if one more job, with so many servers, would be too much for the account."""
    quotas, jobs = state.settings.quotas, _counted_jobs(state)
    if len(jobs) >= quotas.jobs_in_progress:
        raise refusals.quota_exceeded("jobs_in_progress", quotas.jobs_in_progress)
    if sum(len(job.participants) for job in jobs) + servers > quotas.servers_in_jobs:
        raise refusals.quota_exceeded("servers_in_jobs", quotas.servers_in_jobs)


def _counted_jobs(state: RegionState) -> list[Job]:
    counts_all = state.settings.counts_terminations
    return [job for job in state.active_jobs.values() if counts_all or job.type != "TERMINATE"]
