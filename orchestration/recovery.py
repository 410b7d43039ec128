"""Calls of AWS Elastic Disaster Recovery, as it really behaves.

A job is COMPLETED whatever became of its servers; only a server's launchStatus LAUNCHED means that it is recovered. The
reason of a failure stands in the job's log, the recovery instance in DescribeRecoveryInstances, neither in the job.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from orchestration.clients import client, error_code, pages
from orchestration.waves import failure_reasons

_MAX_IDS = 200  # the most server ids that one DescribeRecoveryInstances takes


def start_recovery(servers: Sequence[str], execution_id: str, wave: str, *, is_drill: bool) -> str:
    """Recover servers in one job; its id.

    The SDK may repeat a request whose answer got lost; DRS then refuses the servers as busy, and the job that holds them, if
    it has this wave's tags, is the answer. Raises botocore's ClientError.
    """
    try:
        answer = client("drs").start_recovery(
            sourceServers=[{"sourceServerID": server} for server in servers],
            isDrill=is_drill,
            tags=_tags(execution_id, wave),
        )
    except ClientError as error:
        own = find_job(execution_id, wave) if error_code(error) == "ConflictException" else None
        if own is None:
            raise
        return own
    job_id: str = answer["job"]["jobID"]
    return job_id


def find_job(execution_id: str, wave: str) -> str | None:
    """The newest job that was started for a wave of an execution, or None."""
    tags = _tags(execution_id, wave)
    for job in pages(client("drs").describe_jobs, "items", filters={}):
        if tags.items() <= job.get("tags", {}).items():
            job_id: str = job["jobID"]
            return job_id
    return None


def _tags(execution_id: str, wave: str) -> dict[str, str]:
    return {"recovery:execution": execution_id, "recovery:wave": wave}


def describe_job(job_id: str) -> Mapping[str, Any] | None:
    """A job, or None where DRS does not (yet, or any more) return it."""
    items = client("drs").describe_jobs(filters={"jobIDs": [job_id]})["items"]
    return items[0] if items else None


def failed_because(job_id: str) -> dict[str, str]:
    """Why servers of a job failed, by server id, as far as its log says."""
    return failure_reasons(list(pages(client("drs").describe_job_log_items, "items", jobID=job_id)))


def recovery_instances(servers: Sequence[str]) -> dict[str, str]:
    """The recovery instances that exist for servers, by server id."""
    found = {}
    for start in range(0, len(servers), _MAX_IDS):
        filters = {"sourceServerIDs": list(servers[start : start + _MAX_IDS])}
        for instance in pages(client("drs").describe_recovery_instances, "items", filters=filters):
            found[instance["sourceServerID"]] = instance["recoveryInstanceID"]
    return found
