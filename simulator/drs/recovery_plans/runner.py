"""How an execution of a plan goes: its servers are validated, then one step follows the other, in virtual time.

A step with servers is a recovery job, the same that StartRecovery makes. It is judged when all its servers have finished: it
has failed if a critical one did not launch. Then the execution has failed too, until somebody retries the step or skips it.
"""

from collections.abc import Sequence
from functools import partial

from simulator.clock import Priority
from simulator.drs.model import Job, step
from simulator.drs.operations import recovery
from simulator.drs.recovery_plans import validation
from simulator.drs.recovery_plans.model import (
    EXECUTION_STATUSES,
    RUNNING,
    STEP_STATUSES,
    Detail,
    ExecutionStep,
    PlanExecution,
)
from simulator.drs.state import RegionState
from simulator.errors import ServiceError
from simulator.journal import PlanExecutionChanged, PlanStepChanged

_MINUTE_MS = 60_000
_SKIPPED = Detail("SKIPPED_STEPS", "Completed with skipped steps. View execution details for more information.")


def start(state: RegionState, execution: PlanExecution) -> None:
    """Let a new execution begin: its servers are validated before any is recovered."""
    _note(state, execution)
    _limit(state, execution)
    takes_ms = state.lag_ms(state.settings.recovery_plans.validation, "drs.plan.validation", execution.id)
    state.clock.call_after(takes_ms, partial(_validate, state, execution))


def cancel(state: RegionState, execution: PlanExecution) -> None:
    """Skip what has not started. What runs is waited for: a job cannot be ended, nor can the validation."""
    was_validating = execution.status == "CREATED"
    _set_status(state, execution, "CANCELLING")
    ends_waits = state.settings.recovery_plans.cancel_ends_waits
    for one in execution.steps:
        if one.status == "NOT_STARTED" or (one.status == "WAITING" and ends_waits):
            _set_step_status(state, execution, one, "SKIPPED")
    if not was_validating and _running(execution) is None:
        _end(state, execution, "CANCELLED")


def retry(state: RegionState, execution: PlanExecution, failed: ExecutionStep) -> None:
    """Recover again what a failed step did not launch, and go on from there."""
    failed.attempt += 1
    _resume(state, execution)
    _recover(state, execution, failed)


def skip(state: RegionState, execution: PlanExecution, skipped: ExecutionStep) -> None:
    """Leave a step out; an execution that failed with it goes on after it."""
    had_failed = skipped.status == "FAILED"
    _set_step_status(state, execution, skipped, "SKIPPED")
    if had_failed:
        _resume(state, execution)
        _go_on(state, execution)


def is_too_late(state: RegionState, execution: PlanExecution) -> bool:
    """Whether an execution cannot be taken up again, since it would be at its time limit already."""
    return state.settings.recovery_plans.limit_from == "start" and state.clock.now_ms >= execution.limit_ms


def _validate(state: RegionState, execution: PlanExecution) -> None:
    if execution.status == "CANCELLING":
        _end(state, execution, "CANCELLED")
    elif execution.status == "CREATED":
        try:
            validation.check_all(state, execution)
        except ServiceError as refused:
            _end(state, execution, "FAILED", Detail("VALIDATION_FAILED", _told(refused)))
        else:
            _set_status(state, execution, "IN_PROGRESS")
            _go_on(state, execution)


def _resume(state: RegionState, execution: PlanExecution) -> None:
    execution.ended_ms = execution.detail = None
    _limit(state, execution)
    _set_status(state, execution, "IN_PROGRESS")


def _go_on(state: RegionState, execution: PlanExecution) -> None:
    """Begin the next step, or end."""
    if execution.status == "CANCELLING":
        _end(state, execution, "CANCELLED")
        return
    following = next((one for one in execution.steps if one.status == "NOT_STARTED"), None)
    if following is None:
        has_skipped = any(one.status == "SKIPPED" for one in execution.steps)
        _end(state, execution, "COMPLETED", _SKIPPED if has_skipped else None)
    elif following.work.is_wait:
        _wait(state, execution, following)
    else:
        _recover(state, execution, following)


def _wait(state: RegionState, execution: PlanExecution, one: ExecutionStep) -> None:
    def end() -> None:
        if one.status == "WAITING":
            _set_step_status(state, execution, one, "COMPLETED")
            _go_on(state, execution)

    _set_step_status(state, execution, one, "WAITING")
    state.clock.call_after(one.work.wait_minutes * _MINUTE_MS, end)


def _recover(state: RegionState, execution: PlanExecution, one: ExecutionStep) -> None:
    """Start the recovery of a step's servers that have not launched yet, after one more look at them."""
    _set_step_status(state, execution, one, "EXECUTING")
    one.refusal = None
    servers = [server.id for server in one.work.servers if server.id not in one.launched]
    jobs = [[server] for server in servers] if state.settings.recovery_plans.job_per_server else [servers]
    try:
        validation.check(state, execution, servers)
        for members in jobs:
            _start_job(state, execution, one, members)
    except ServiceError as refused:
        one.refusal = Detail(refused.code, _told(refused))
    if not one.running:
        _judge(state, execution, one)


def _start_job(state: RegionState, execution: PlanExecution, one: ExecutionStep, servers: Sequence[str]) -> None:
    request = {"sourceServers": validation.asked(execution, servers), "isDrill": execution.mode == "DRILL"}
    job = state.jobs[recovery.start_recovery(state, request)["job"]["jobID"]]
    one.jobs.update(dict.fromkeys(servers, job.id))
    one.running.add(job.id)
    job.watchers.append(partial(_job_ended, state, execution, one, job))


def _job_ended(state: RegionState, execution: PlanExecution, one: ExecutionStep, job: Job) -> None:
    one.running.discard(job.id)
    one.launched |= {part.server.id for part in job.participants if part.launch_status == "LAUNCHED"}
    if not one.running:
        lag_ms = state.lag_ms(state.settings.recovery_plans.noticing, "drs.plan.noticing", f"{one.arn}/{one.attempt}")
        state.clock.call_after(lag_ms, partial(_judge, state, execution, one))


def _judge(state: RegionState, execution: PlanExecution, one: ExecutionStep) -> None:
    """All servers of a step have finished; the jobs of one that was timed out have no say any more."""
    if one.status != "EXECUTING":
        return
    lost = [server for server in one.work.servers if server.id not in one.launched]
    failure = one.refusal or _lost("Critical", [server.id for server in lost if server.is_critical])
    if failure is None:
        _set_step_status(state, execution, one, "COMPLETED", _lost("Optional", [server.id for server in lost]))
        _go_on(state, execution)
        return
    _set_step_status(state, execution, one, "FAILED", failure)
    if execution.status == "CANCELLING":
        _end(state, execution, "CANCELLED")
    else:
        told = f"Step {one.index} ({one.name}) failed: {failure.message}"
        _end(state, execution, "FAILED", Detail("STEP_FAILED", told))


def _limit(state: RegionState, execution: PlanExecution) -> None:
    """Let an execution be timed out if it goes on for too long: from its start, or from when it was taken up again."""
    settings = state.settings.recovery_plans
    begun_ms = execution.started_ms if settings.limit_from == "start" else state.clock.now_ms
    execution.limit_ms = begun_ms + round(settings.limit_seconds * 1000)
    execution.limit = state.clock.call_at(execution.limit_ms, partial(_time_out, state, execution), Priority.DEADLINE)


def _time_out(state: RegionState, execution: PlanExecution) -> None:
    """End an execution that goes on. Its jobs run to their ends; steps that have not started never will."""
    running = _running(execution)
    detail = Detail("TIMED_OUT", "The execution did not finish in time")
    if running is not None:
        _set_step_status(state, execution, running, "TIMED_OUT", detail)
    if execution.status == "CANCELLING":
        _end(state, execution, "CANCELLED")
    else:
        _end(state, execution, "TIMED_OUT", detail)


def _end(state: RegionState, execution: PlanExecution, status: str, detail: Detail | None = None) -> None:
    execution.ended_ms, execution.detail = state.clock.now_ms, detail
    if execution.limit is not None:
        execution.limit.cancel()
    _set_status(state, execution, status)


def _set_status(state: RegionState, execution: PlanExecution, status: str) -> None:
    execution.status = step(EXECUTION_STATUSES, execution.status, status)
    _note(state, execution)


def _set_step_status(
    state: RegionState, execution: PlanExecution, one: ExecutionStep, status: str, detail: Detail | None = None
) -> None:
    one.status, one.detail = step(STEP_STATUSES, one.status, status), detail
    one.updated_ms = state.clock.now_ms
    state.journal.record(PlanStepChanged(execution.arn, one.index, one.name, status, one.attempt))


def _note(state: RegionState, execution: PlanExecution) -> None:
    state.journal.record(PlanExecutionChanged(execution.arn, execution.plan.arn, execution.mode, execution.status))


def _running(execution: PlanExecution) -> ExecutionStep | None:
    return next((one for one in execution.steps if one.status in RUNNING), None)


def _lost(impact: str, servers: Sequence[str]) -> Detail | None:
    if not servers:
        return None
    return Detail("SERVER_LAUNCH_FAILED", f"{impact} source servers did not launch: {', '.join(servers)}")


def _told(refused: ServiceError) -> str:
    """An error's message, with the resource that it is about."""
    resource = refused.members.get("resourceId")
    return refused.message if resource is None else f"{refused.message} ({resource})"
