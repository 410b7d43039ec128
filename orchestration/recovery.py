"""Calls of AWS Elastic Disaster Recovery, as it really behaves.

A job is COMPLETED whatever became of its servers; only a server's launchStatus LAUNCHED means that it is recovered. The
reason of a failure stands in the job's log, the recovery instance in DescribeRecoveryInstances, neither in the job. Every
call goes to the account and Region that it is about.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from orchestration.clients import error_code, pages
from orchestration.places import Place, client_at
from orchestration.waves import failure_reasons

_MAX_IDS = 200  # the most server ids that one DescribeRecoveryInstances takes
_MAX_PER_JOB = 100  # servers that one job takes
_CLOCK_SKEW = timedelta(minutes=5)  # how far DRS's clock and ours may be apart


def start_recovery(place: Place, servers: Sequence[str], tags: Mapping[str, str], since: datetime, *, is_drill: bool) -> str:
    """Recover servers in one job; its id. Needs `drs:StartRecovery` and, for the job's tags, `drs:TagResource`.

    The SDK may repeat a request whose answer got lost; DRS then refuses the servers as busy, and the job that holds them, if
    it was started for this wave since `since`, is the answer. Raises botocore's ClientError.
    """
    try:
        answer = client_at("drs", place).start_recovery(
            sourceServers=[{"sourceServerID": server} for server in servers],
            isDrill=is_drill,
            tags=dict(tags),
        )
    except ClientError as error:
        own = find_job(place, tags, since) if error_code(error) == "ConflictException" else None
        if own is None:
            raise
        return own
    job_id: str = answer["job"]["jobID"]
    return job_id


def find_job(place: Place, tags: Mapping[str, str], since: datetime) -> str | None:
    """The newest job with these tags that was started since `since`, or None."""
    earliest = (since - _CLOCK_SKEW).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    for job in pages(client_at("drs", place).describe_jobs, "items", filters={"fromDate": earliest}):
        if tags.items() <= job.get("tags", {}).items():
            job_id: str = job["jobID"]
            return job_id
    return None


def in_jobs(instances: Mapping[Place, Sequence[str]]) -> list[tuple[Place, list[str]]]:
    """Recovery instances as the jobs that terminate them take them, always in the same order."""
    return [
        (place, list(some[start : start + _MAX_PER_JOB]))
        for place, some in instances.items()
        for start in range(0, len(some), _MAX_PER_JOB)
    ]


def terminate(place: Place, instances: Sequence[str]) -> str:
    """Terminate recovery instances in one job; its id. Raises botocore's ClientError."""
    job_id: str = client_at("drs", place).terminate_recovery_instances(recoveryInstanceIDs=list(instances))["job"]["jobID"]
    return job_id


def failback_states(place: Place, instances: Sequence[str]) -> dict[str, str]:
    """DRS's state of the failback of recovery instances, by their ids, as far as it lists them."""
    found = {}
    for start in range(0, len(instances), _MAX_IDS):
        filters = {"recoveryInstanceIDs": list(instances[start : start + _MAX_IDS])}
        for instance in pages(client_at("drs", place).describe_recovery_instances, "items", filters=filters):
            found[instance["recoveryInstanceID"]] = instance["failback"]["state"]
    return found


def reverse(place: Place, instance: str) -> None:
    """Replicate a recovery instance to where its source server came from. Raises botocore's ClientError."""
    client_at("drs", place).reverse_replication(recoveryInstanceID=instance)


def are_completed(place: Place, job_ids: Sequence[str]) -> bool:
    """Whether all jobs have ended."""
    jobs = pages(client_at("drs", place).describe_jobs, "items", filters={"jobIDs": list(job_ids)})
    return [job["status"] for job in jobs] == ["COMPLETED"] * len(job_ids)


def describe_job(place: Place, job_id: str) -> Mapping[str, Any] | None:
    """A job, or None where DRS does not (yet, or any more) return it."""
    items = client_at("drs", place).describe_jobs(filters={"jobIDs": [job_id]})["items"]
    return items[0] if items else None


def failed_because(place: Place, job_id: str) -> dict[str, str]:
    """Why servers of a job failed, by server id, as far as its log says."""
    return failure_reasons(list(pages(client_at("drs", place).describe_job_log_items, "items", jobID=job_id)))


def recovery_instances(place: Place, servers: Sequence[str], job_id: str) -> dict[str, str]:
    """The recovery instances that a job has launched for servers, by server id, as far as DRS lists them yet.

    An instance that an earlier drill left behind is none of them, though it may still be listed.
    """
    found = {}
    for start in range(0, len(servers), _MAX_IDS):
        filters = {"sourceServerIDs": list(servers[start : start + _MAX_IDS])}
        for instance in pages(client_at("drs", place).describe_recovery_instances, "items", filters=filters):
            if instance.get("jobID") == job_id:
                found[instance["sourceServerID"]] = instance["recoveryInstanceID"]
    return found


def tags_of(execution_id: str, wave: str, attempt: int) -> dict[str, str]:
    """What a wave's job is tagged with, so that it can be found again. A wave that is retried has another job."""
    return {"recovery:execution": execution_id, "recovery:wave": wave, "recovery:attempt": str(attempt)}
