"""How an execution of a plan goes: one step after the other, in virtual time.

A step with servers is one recovery job. It has failed if a critical server did not launch, or if the job was refused;
then the execution has failed too, until somebody retries the step or skips it.
"""

from functools import partial

from simulator.drs.model import Job, step
from simulator.drs.operations import recovery
from simulator.drs.recovery_plans.model import EXECUTION_STATUSES, STEP_STATUSES, ExecutionStep, PlanExecution
from simulator.drs.state import RegionState
from simulator.errors import ServiceError
from simulator.journal import PlanExecutionChanged, PlanStepChanged

START_MS = 1_000  # from CREATED to the first step
_MINUTE_MS = 60_000


def start(state: RegionState, execution: PlanExecution) -> None:
    """Let a new execution begin."""
    _note(state, execution)
    state.clock.call_after(START_MS, partial(_begin, state, execution))


def cancel(state: RegionState, execution: PlanExecution) -> None:
    """Skip what has not started. A wait ends at once; a job cannot be ended and is waited for."""
    set_status(state, execution, "CANCELLING")
    for one in execution.steps:
        if one.status in ("NOT_STARTED", "WAITING"):
            set_step_status(state, execution, one, "SKIPPED")
    if not any(one.status == "EXECUTING" for one in execution.steps):
        _end(state, execution, "CANCELLED")


def retry(state: RegionState, execution: PlanExecution, failed: ExecutionStep) -> None:
    """Recover again what a failed step did not launch, and go on from there."""
    failed.attempt += 1
    _reopen(state, execution)
    _recover(state, execution, failed)


def skip(state: RegionState, execution: PlanExecution, skipped: ExecutionStep) -> None:
    """Leave a step out; an execution that failed with it goes on after it."""
    had_failed = skipped.status == "FAILED"
    set_step_status(state, execution, skipped, "SKIPPED")
    if had_failed:
        _reopen(state, execution)
        _go_on(state, execution)


def set_status(state: RegionState, execution: PlanExecution, status: str) -> None:
    """Let an execution go on in another status."""
    execution.status = step(EXECUTION_STATUSES, execution.status, status)
    _note(state, execution)


def set_step_status(state: RegionState, execution: PlanExecution, one: ExecutionStep, status: str) -> None:
    """Let a step go on in another status."""
    one.status = step(STEP_STATUSES, one.status, status)
    one.updated_ms = state.clock.now_ms
    one.error = one.error if status == "FAILED" else None
    state.journal.record(PlanStepChanged(execution.arn, one.index, one.name, status, one.attempt))


def _note(state: RegionState, execution: PlanExecution) -> None:
    state.journal.record(PlanExecutionChanged(execution.arn, execution.plan.arn, execution.mode, execution.status))


def _begin(state: RegionState, execution: PlanExecution) -> None:
    if execution.status == "CREATED":
        set_status(state, execution, "IN_PROGRESS")
        _go_on(state, execution)


def _reopen(state: RegionState, execution: PlanExecution) -> None:
    execution.ended_ms, execution.error = None, None
    set_status(state, execution, "IN_PROGRESS")


def _go_on(state: RegionState, execution: PlanExecution) -> None:
    """Begin the next step, or end."""
    following = next((one for one in execution.steps if one.status == "NOT_STARTED"), None)
    if following is None:
        _end(state, execution, "COMPLETED")
    elif following.is_wait:
        set_step_status(state, execution, following, "WAITING")
        state.clock.call_after(following.wait_minutes * _MINUTE_MS, partial(_waited, state, execution, following))
    else:
        _recover(state, execution, following)


def _waited(state: RegionState, execution: PlanExecution, one: ExecutionStep) -> None:
    if one.status == "WAITING":
        set_step_status(state, execution, one, "COMPLETED")
        _go_on(state, execution)


def _recover(state: RegionState, execution: PlanExecution, one: ExecutionStep) -> None:
    """Start the job of a step, with its servers that have not launched yet."""
    set_step_status(state, execution, one, "EXECUTING")
    servers = [server.id for server in one.servers if not _has_launched(state, one, server.id)]
    asked = [
        {"sourceServerID": server}
        | ({"recoverySnapshotID": execution.snapshots[server]} if server in execution.snapshots else {})
        for server in servers
    ]
    try:
        answer = recovery.start_recovery(state, {"sourceServers": asked, "isDrill": execution.mode == "DRILL"})
    except ServiceError as refused:
        _fail(state, execution, one, refused.code, refused.message)
        return
    job = state.jobs[answer["job"]["jobID"]]
    one.jobs.update(dict.fromkeys(servers, job.id))
    job.watchers.append(partial(_recovered, state, execution, one, job))


def _recovered(state: RegionState, execution: PlanExecution, one: ExecutionStep, job: Job) -> None:
    """The job of a step has ended."""
    critical = {server.id for server in one.servers if server.is_critical}
    lost = [
        participant.server.id
        for participant in job.participants
        if participant.launch_status != "LAUNCHED" and participant.server.id in critical
    ]
    if lost:
        _fail(state, execution, one, "SERVER_LAUNCH_FAILED", f"Critical source servers did not launch: {', '.join(lost)}")
        return
    set_step_status(state, execution, one, "COMPLETED")
    if execution.status == "CANCELLING":
        _end(state, execution, "CANCELLED")
    else:
        _go_on(state, execution)


def _fail(state: RegionState, execution: PlanExecution, one: ExecutionStep, code: str, message: str) -> None:
    one.error = (code, message)
    set_step_status(state, execution, one, "FAILED")
    if execution.status == "CANCELLING":
        _end(state, execution, "CANCELLED")
        return
    execution.error = ("STEP_FAILED", f"Step {one.index} ({one.name}) failed: {message}")
    _end(state, execution, "FAILED")


def _end(state: RegionState, execution: PlanExecution, status: str) -> None:
    execution.ended_ms = state.clock.now_ms
    set_status(state, execution, status)


def _has_launched(state: RegionState, one: ExecutionStep, server: str) -> bool:
    job = state.jobs.get(one.jobs.get(server, ""))
    return job is not None and any(
        participant.server.id == server and participant.launch_status == "LAUNCHED" for participant in job.participants
    )
