"""What requests and answers are made of: plain JSON with the API's own member names."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.drs import refusals
from simulator.drs.model import Job, RecoveryInstance, SourceServer
from simulator.drs.state import RegionState
from simulator.journal import FaultFired

# Requests have been checked against their shapes when they get here, and answers are checked on their way out.
Request = Mapping[str, Any]
Answer = dict[str, Any]
Operation = Callable[[RegionState, Request], Answer]


def server_of(state: RegionState, request: Request) -> SourceServer:
    """The source server that a request names. Raises ServiceError if it does not exist."""
    server = state.servers.get(request["sourceServerID"])
    if server is None:
        raise refusals.not_found("SourceServer", request["sourceServerID"])
    return server


def instance_of(state: RegionState, request: Request) -> RecoveryInstance:
    """The recovery instance that a request names. Raises ServiceError if it does not exist."""
    instance = state.instances.get(request["recoveryInstanceID"])
    if instance is None:
        raise refusals.not_found("RecoveryInstance", request["recoveryInstanceID"])
    return instance


def job_of(state: RegionState, request: Request) -> Job | None:
    """The job that a request names, if it exists (still)."""
    job = state.jobs.get(request["jobID"])
    return None if job is None or is_forgotten(state, job) else job


def is_forgotten(state: RegionState, job: Job) -> bool:
    """Whether a job ended so long ago that it is listed no more."""
    kept_seconds = state.settings.job_history_seconds
    return kept_seconds is not None and job.ended_ms is not None and state.clock.now_ms >= job.ended_ms + kept_seconds * 1000


def refuse_if_held(state: RegionState, servers: Sequence[SourceServer]) -> None:
    """Raises ServiceError if a job holds one of the servers."""
    for server in servers:
        job = state.holders.get(server.id)
        if job is None:
            continue
        if job.fault is not None:
            state.journal.record(FaultFired(job.fault, server.name, "ConflictException"))
        raise refusals.conflict(refusals.BUSY, "SourceServer", server.id)


def boundary_ms(state: RegionState, filters: Request, member: str) -> float | None:
    """The instant in a filter, in milliseconds of the run. Raises ServiceError for a day that no month has."""
    text = filters.get(member)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refusals.validation_error([(f"filters.{member}", "must be an instant of the calendar")]) from None
    since = moment.replace(tzinfo=moment.tzinfo or UTC) - state.clock.start
    return since / timedelta(milliseconds=1)


def is_between(at_ms: int, from_ms: float | None, to_ms: float | None) -> bool:
    """Whether an instant lies within a filter's bounds, both included."""
    return (from_ms is None or at_ms >= from_ms) and (to_ms is None or at_ms <= to_ms)
