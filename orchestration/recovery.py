"""Calls of AWS Elastic Disaster Recovery, as it really behaves.

A job is COMPLETED whatever became of its servers; only a server's launchStatus LAUNCHED means that it is recovered. The
reason of a failure stands in the job's log, the recovery instance in DescribeRecoveryInstances, neither in the job.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from orchestration.clients import client, error_code, pages
from orchestration.waves import failure_reasons

_MAX_IDS = 200  # the most server ids that one DescribeRecoveryInstances takes
_MAX_PER_JOB = 100  # servers that one job takes
_CLOCK_SKEW = timedelta(minutes=5)  # how far DRS's clock and ours may be apart


def start_recovery(servers: Sequence[str], tags: Mapping[str, str], since: datetime, *, is_drill: bool) -> str:
    """Recover servers in one job; its id. Needs `drs:StartRecovery` and, for the job's tags, `drs:TagResource`.

    The SDK may repeat a request whose answer got lost; DRS then refuses the servers as busy, and the job that holds them, if
    it was started for this wave since `since`, is the answer. Raises botocore's ClientError.
    """
    try:
        answer = client("drs").start_recovery(
            sourceServers=[{"sourceServerID": server} for server in servers],
            isDrill=is_drill,
            tags=dict(tags),
        )
    except ClientError as error:
        own = find_job(tags, since) if error_code(error) == "ConflictException" else None
        if own is None:
            raise
        return own
    job_id: str = answer["job"]["jobID"]
    return job_id


def find_job(tags: Mapping[str, str], since: datetime) -> str | None:
    """The newest job with these tags that was started since `since`, or None."""
    earliest = (since - _CLOCK_SKEW).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    for job in pages(client("drs").describe_jobs, "items", filters={"fromDate": earliest}):
        if tags.items() <= job.get("tags", {}).items():
            job_id: str = job["jobID"]
            return job_id
    return None


def terminate(instances: Sequence[str]) -> list[str]:
    """Terminate recovery instances, as many jobs as it takes; their ids. Raises botocore's ClientError."""
    jobs = []
    for start in range(0, len(instances), _MAX_PER_JOB):
        chunk = list(instances[start : start + _MAX_PER_JOB])
        jobs.append(client("drs").terminate_recovery_instances(recoveryInstanceIDs=chunk)["job"]["jobID"])
    return jobs


def are_completed(job_ids: Sequence[str]) -> bool:
    """Whether all jobs have ended."""
    jobs = pages(client("drs").describe_jobs, "items", filters={"jobIDs": list(job_ids)})
    return [job["status"] for job in jobs] == ["COMPLETED"] * len(job_ids)


def describe_job(job_id: str) -> Mapping[str, Any] | None:
    """A job, or None where DRS does not (yet, or any more) return it."""
    items = client("drs").describe_jobs(filters={"jobIDs": [job_id]})["items"]
    return items[0] if items else None


def failed_because(job_id: str) -> dict[str, str]:
    """Why servers of a job failed, by server id, as far as its log says."""
    return failure_reasons(list(pages(client("drs").describe_job_log_items, "items", jobID=job_id)))


def recovery_instances(servers: Sequence[str], job_id: str) -> dict[str, str]:
    """The recovery instances that a job has launched for servers, by server id, as far as DRS lists them yet.

    An instance that an earlier drill left behind is none of them, though it may still be listed.
    """
    found = {}
    for start in range(0, len(servers), _MAX_IDS):
        filters = {"sourceServerIDs": list(servers[start : start + _MAX_IDS])}
        for instance in pages(client("drs").describe_recovery_instances, "items", filters=filters):
            if instance.get("jobID") == job_id:
                found[instance["sourceServerID"]] = instance["recoveryInstanceID"]
    return found


def tags_of(execution_id: str, wave: str, attempt: int) -> dict[str, str]:
    """What a wave's job is tagged with, so that it can be found again. A wave that is retried has another job."""
    return {"recovery:execution": execution_id, "recovery:wave": wave, "recovery:attempt": str(attempt)}
