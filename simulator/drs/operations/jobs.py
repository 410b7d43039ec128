"""Jobs as callers follow them: DescribeJobs, DescribeJobLogItems, DeleteJob."""

from bisect import bisect_right
from collections.abc import Mapping

from simulator.drs import refusals
from simulator.drs.action_runner import ActionRun
from simulator.drs.model import Job, LogItem, Participant
from simulator.drs.networks import ParticipatingNetwork
from simulator.drs.operations.paging import page
from simulator.drs.operations.wire import Answer, Request, boundary_ms, is_between, is_forgotten, job_of
from simulator.drs.state import RegionState


def describe_jobs(state: RegionState, request: Request) -> Answer:
    """Jobs, newest first: all, or those with certain ids, or created between `fromDate` and `toDate`."""
    filters = request.get("filters", {})
    wanted = frozenset(filters.get("jobIDs", ()))
    from_ms, to_ms = boundary_ms(state, filters, "fromDate"), boundary_ms(state, filters, "toDate")
    rows = [
        job
        for job in reversed(state.jobs.values())
        if (not wanted or job.id in wanted) and is_between(job.created_ms, from_ms, to_ms) and not is_forgotten(state, job)
    ]
    size = state.settings.page_size
    return page("jobs", rows, lambda job: -job.number, lambda job: describe_job(state, job), request, size)


def describe_job_log_items(state: RegionState, request: Request) -> Answer:
    """A job's log as far as it can be seen yet, oldest first."""
    job = job_of(state, request)
    if job is None:
        raise refusals.validation_error([("jobID", "does not exist")])
    seen = bisect_right(job.log, state.clock.now_ms, key=lambda item: item.visible_ms)
    names = state.settings.log_events.get(job.type, {})
    rows = [(place, item) for place, item in enumerate(job.log[:seen]) if names.get(item.event) != ""]
    size = state.settings.page_size
    return page(f"log/{job.id}", rows, lambda row: row[0], lambda row: _describe_item(state, row[1], names), request, size)


def delete_job(state: RegionState, request: Request) -> Answer:
    """Forget a job that has ended."""
    job = job_of(state, request)
    if job is None:
        raise refusals.not_found("Job", request["jobID"])
    if job.is_active:
        raise refusals.conflict("The job has not completed", "Job", job.id)
    del state.jobs[job.id]
    return {}


def describe_job(state: RegionState, job: Job) -> Answer:
    """A job as the API shows it."""
    status = state.stale.seen(("job", job.id), job.status, state.clock.now_ms)
    has_ended = status == "COMPLETED"
    is_emptied = job.type == "TERMINATE" and has_ended and state.settings.empties_terminate_jobs
    shown: Answer = {
        "jobID": job.id,
        "arn": job.arn,
        "type": job.type,
        "initiatedBy": job.initiated_by,
        "creationDateTime": state.instant(job.created_ms),
        "status": status,
        "participatingServers": [] if is_emptied else [_describe(state, job, one) for one in job.participants],
        "participatingResources": [_describe_network(one) for one in job.networks],
        "tags": dict(job.tags),
    }
    return shown if job.ended_ms is None or not has_ended else shown | {"endDateTime": state.instant(job.ended_ms)}


def _describe(state: RegionState, job: Job, participant: Participant) -> Answer:
    what = ("launch", job.id, participant.server.id)
    shown: Answer = {
        "sourceServerID": participant.server.id,
        "launchStatus": state.stale.seen(what, participant.launch_status, state.clock.now_ms),
        "launchActionsStatus": _actions_status(state, participant),
    }
    return shown | {"recoveryInstanceID": participant.instance_id} if _shows_instance(state, job, participant) else shown


def _describe_network(participant: ParticipatingNetwork) -> Answer:
    identifier = {"sourceNetworkID": participant.network.id}
    return {"participatingResourceID": identifier, "launchStatus": participant.launch_status}


def _actions_status(state: RegionState, participant: Participant) -> Answer:
    runs = [_describe_run(run) for run in participant.runs]
    if participant.agent_found_ms is None:
        return {"runs": runs}
    return {"ssmAgentDiscoveryDatetime": state.instant(participant.agent_found_ms), "runs": runs}


def _describe_run(run: ActionRun) -> Answer:
    shown: Answer = {"action": dict(run.action), "runId": run.id, "status": run.status}
    return shown if run.failure is None else shown | {"failureReason": run.failure}


def _shows_instance(state: RegionState, job: Job, participant: Participant) -> bool:
    """A launched instance shows only while its job goes on: a completed job has to be asked for through its servers."""
    if participant.instance_id is None:
        return False
    if job.type == "TERMINATE" or job.is_failback:
        return True
    return job.is_active and participant.launch_status == "LAUNCHED" and state.settings.shows_instances_while_started


def _describe_item(state: RegionState, item: LogItem, names: Mapping[str, str]) -> Answer:
    event = names.get(item.event, item.event)
    return {"logDateTime": state.instant(item.at_ms), "event": event, "eventData": dict(item.data)}
