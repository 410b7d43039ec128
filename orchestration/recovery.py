"""Calls of AWS Elastic Disaster Recovery, as it really behaves.

A job is COMPLETED whatever became of its servers; only a server's launchStatus LAUNCHED means that it is recovered. The
reason of a failure stands in the job's log, the recovery instance in DescribeRecoveryInstances, neither in the job.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from orchestration.clients import client, error_code, pages
from orchestration.waves import failure_reasons

_EXECUTION_TAG, _WAVE_TAG = "recovery:execution", "recovery:wave"
_MAX_IDS = 200  # the most server ids that one DescribeRecoveryInstances takes


def start_recovery(servers: Sequence[str], execution_id: str, wave: str, *, is_drill: bool) -> str:
    """Recover servers in one job; its id.

    If an earlier try for the same wave was accepted but its answer got lost, DRS refuses the servers as busy: then that
    earlier job, known by its tags, is the answer. Raises botocore's ClientError.
    """
    tags = {_EXECUTION_TAG: execution_id, _WAVE_TAG: wave}
    try:
        answer = client("drs").start_recovery(
            sourceServers=[{"sourceServerID": server} for server in servers], isDrill=is_drill, tags=tags
        )
    except ClientError as error:
        if error_code(error) != "ConflictException":
            raise
        earlier = _job_tagged(tags)
        if earlier is None:
            raise
        return earlier
    job_id: str = answer["job"]["jobID"]
    return job_id


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


def _job_tagged(tags: Mapping[str, str]) -> str | None:
    """The newest job that carries these tags."""
    for job in pages(client("drs").describe_jobs, "items", filters={}):
        if tags.items() <= job.get("tags", {}).items():
            job_id: str = job["jobID"]
            return job_id
    return None
