"""Operations that start and follow jobs: StartRecovery, TerminateRecoveryInstances, DescribeJobs, DescribeJobLogItems."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from simulator.drs import refusals
from simulator.drs.identifiers import instant
from simulator.drs.model import Job, Participant, SourceServer
from simulator.drs.paging import page
from simulator.drs.region import Region
from simulator.journal import FaultFired

Request = Mapping[str, Any]
Answer = dict[str, Any]


def start_recovery(region: Region, request: Request) -> Answer:
    """Recover servers in one job, or none of them.

    An unknown, repeated or busy server is a ConflictException for the whole call: the operation models no
    ResourceNotFoundException.
    """
    asked = request["sourceServers"]
    _within_job_quota(region, len(asked))
    servers = [_known(region, entry["sourceServerID"]) for entry in asked]
    if len({server.id for server in servers}) < len(servers):
        raise refusals.conflict("A Source Server is included more than once in the API call", "SourceServer")
    _all_free(region, servers)
    _within_account_quotas(region, len(servers))
    for entry in asked:
        if "recoverySnapshotID" in entry:
            raise refusals.conflict("The recovery snapshot does not exist", "RecoverySnapshot", entry["recoverySnapshotID"])
    is_drill = request.get("isDrill", False)
    participants = [Participant(server) for server in servers]
    initiated_by = "START_DRILL" if is_drill else "START_RECOVERY"
    job = region.new_job("LAUNCH", initiated_by, participants, dict(request.get("tags", {})))
    for server in servers:
        server.launches += 1
        server.last_launch_result = "PENDING"
        call = {"apiCallDateTime": job.created_at, "jobID": job.id, "type": "DRILL" if is_drill else "RECOVERY"}
        server.last_launch = {"initiated": call, "status": "PENDING"}
    answer = {"job": describe(job)}
    region.runner.start(job)
    return answer


def terminate_recovery_instances(region: Region, request: Request) -> Answer:
    """Terminate recovery instances in one job. An unknown instance is a ConflictException."""
    identifiers = list(dict.fromkeys(request["recoveryInstanceIDs"]))
    for identifier in identifiers:
        if identifier not in region.instances:
            raise refusals.conflict("The recovery instance does not exist", "RecoveryInstance", identifier)
    instances = [region.instances[identifier] for identifier in identifiers]
    _within_job_quota(region, len(instances))
    _all_free(region, [instance.server for instance in instances])
    _within_account_quotas(region, len(instances))
    participants = [Participant(instance.server, instance_id=instance.id) for instance in instances]
    job = region.new_job("TERMINATE", "TERMINATE_RECOVERY_INSTANCES", participants, {})
    answer = {"job": describe(job)}
    region.runner.start(job)
    return answer


def describe_jobs(region: Region, request: Request) -> Answer:
    """Jobs, newest first, optionally of certain ids or created between `fromDate` and `toDate`."""
    filters = request.get("filters", {})
    wanted = filters.get("jobIDs")
    earliest, latest = (_boundary(filters.get(name)) for name in ("fromDate", "toDate"))
    rows = [
        describe(job)
        for job in reversed(region.jobs.values())
        if (not wanted or job.id in wanted)
        and (earliest is None or job.created_at >= earliest)
        and (latest is None or job.created_at <= latest)
    ]
    return page("items", rows, request, region.settings.page_size)


def describe_job_log_items(region: Region, request: Request) -> Answer:
    """A job's log, oldest first."""
    job = region.jobs.get(request["jobID"])
    if job is None:
        raise refusals.validation_error([("jobID", "does not exist")])
    return page("items", job.log, request, region.settings.page_size)


def delete_job(region: Region, request: Request) -> Answer:
    """Forget a job that has ended."""
    job = region.jobs.get(request["jobID"])
    if job is None:
        raise refusals.not_found("Job", request["jobID"])
    if job.is_active:
        raise refusals.conflict("The job has not completed", "Job", job.id)
    del region.jobs[job.id]
    return {}


def describe(job: Job) -> Answer:
    """A job as the API shows it."""
    shown: Answer = {
        "jobID": job.id,
        "arn": job.arn,
        "type": job.type,
        "initiatedBy": job.initiated_by,
        "creationDateTime": job.created_at,
        "status": job.status,
        "participatingServers": [_describe_participant(participant) for participant in job.participants],
        "participatingResources": [],
        "tags": dict(job.tags),
    }
    return shown if job.ended_at is None else shown | {"endDateTime": job.ended_at}


def _describe_participant(participant: Participant) -> Answer:
    shown: Answer = {
        "sourceServerID": participant.server.id,
        "launchStatus": participant.launch_status,
        "launchActionsStatus": {"runs": []},
    }
    return shown if participant.instance_id is None else shown | {"recoveryInstanceID": participant.instance_id}


def _known(region: Region, server_id: str) -> SourceServer:
    server = region.servers.get(server_id)
    if server is None:
        raise refusals.conflict("The Source Server does not exist", "SourceServer", server_id)
    return server


def _all_free(region: Region, servers: Sequence[SourceServer]) -> None:
    for server in servers:
        job = region.active_job_of(server.id)
        if job is not None:
            if job.fault:
                region.journal.record(FaultFired(job.fault, server.name, "ConflictException"))
            raise refusals.conflict(refusals.BUSY, "SourceServer", server.id)


def _within_job_quota(region: Region, servers: int) -> None:
    limit = region.settings.quotas.servers_per_job
    if servers > limit:
        raise refusals.quota_exceeded("servers_per_job", limit)


def _within_account_quotas(region: Region, servers: int) -> None:
    quotas, active = region.settings.quotas, list(region.active_jobs())
    if sum(len(job.participants) for job in active) + servers > quotas.servers_in_jobs:
        raise refusals.quota_exceeded("servers_in_jobs", quotas.servers_in_jobs)
    if len(active) >= quotas.jobs_in_progress:
        raise refusals.quota_exceeded("jobs_in_progress", quotas.jobs_in_progress)


def _boundary(text: str | None) -> str | None:
    """A filter's instant in the form that jobs carry, so that the two compare as text."""
    return None if text is None else instant(datetime.fromisoformat(text))
