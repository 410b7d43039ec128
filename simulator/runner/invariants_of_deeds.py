"""What must hold of what an orchestrator does: whom it calls, how often it asks, whom it recovers, and when it stops."""

from collections import Counter
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from simulator.journal import (
    ApiCall,
    FunctionInvoked,
    HistoryEvent,
    InstanceChanged,
    JobChanged,
    LaunchStatusChanged,
    OperatorActed,
)
from simulator.runner.facts import ENDINGS, Facts, accepted_calls
from simulator.runner.result import Check
from simulator.runner.wording import clock_time, last_before
from simulator.targets.occurrences import asked_servers

MAX_VISITS = 3_000  # of one state in one execution; a day of polling every half minute
MAX_LATE_POLLS, LATE_MS = 20, 15 * 60_000
# Permissions that are not called after the call that needs them.
_NEEDS = {
    "dynamodb:TransactWriteItems": ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
    "dynamodb:TransactGetItems": ("dynamodb:GetItem",),
    "lambda:Invoke": ("lambda:InvokeFunction",),
    "s3:ListObjectsV2": ("s3:ListBucket",),
    "s3:ListObjects": ("s3:ListBucket",),
    "s3:HeadObject": ("s3:GetObject",),
    "monitoring:PutMetricData": ("cloudwatch:PutMetricData",),
    "monitoring:DescribeAlarms": ("cloudwatch:DescribeAlarms",),
    "monitoring:GetMetricData": ("cloudwatch:GetMetricData",),
}
_LASTING = frozenset({"drs:StartRecovery", "drs:TerminateRecoveryInstances"})


def cancel_never_succeeds(facts: Facts) -> Iterator[Check]:
    """What an operator has cancelled does not end as if nothing had been."""
    ended_ms = None if facts.end is None else facts.end.at_ms
    cancelled = [
        at_ms
        for at_ms, deed in facts.journal.of(OperatorActed)
        if deed.operation == "cancel" and deed.refused is None and (ended_ms is None or at_ms < ended_ms)
    ]
    is_success = facts.outcome == "COMPLETED" or (facts.end is not None and facts.end.status == "SUCCEEDED")
    if cancelled and is_success:
        state = "COMPLETED" if facts.outcome == "COMPLETED" else "SUCCEEDED"
        happened = f"it was cancelled at {clock_time(cancelled[0])} and ended {state}"
        yield broken(facts, "cancel never succeeds", "what was cancelled does not end as completed", happened, ended_ms)


def polling_is_bounded(facts: Facts) -> Iterator[Check]:
    """No state is entered without end, and nobody goes on asking for a job that ended long ago."""
    visits = Counter(
        (event.execution, event.state)
        for _, event in facts.journal.of(HistoryEvent)
        if event.state is not None and event.type.endswith("StateEntered")
    )
    for (_, state), count in visits.items():
        if count > MAX_VISITS:
            expected = f"no state is entered more than {MAX_VISITS} times in an execution"
            yield broken(facts, "polling is bounded", expected, f"{state} was entered {count} times", None, f"state {state}")
    yield from _late_polls(facts)


def _late_polls(facts: Facts) -> Iterator[Check]:
    ended = {job.job: at_ms for at_ms, job in facts.journal.of(JobChanged) if job.status == "COMPLETED"}
    late: dict[str, list[int]] = {}
    for _, call in facts.journal.of(ApiCall):
        for job in _asked_jobs(call):
            if job in ended and call.started_ms > ended[job] + LATE_MS:
                late.setdefault(job, []).append(call.started_ms)
    for job, instants in late.items():
        if len(instants) > MAX_LATE_POLLS:
            asked = f"{len(instants)} times, until {clock_time(instants[-1])}"
            happened = f"{job} ended at {clock_time(ended[job])} and was asked for {asked}"
            expected = "nobody goes on asking for a job that ended long ago"
            yield broken(facts, "polling is bounded", expected, happened, instants[0])


def _asked_jobs(call: ApiCall) -> list[str]:
    """The jobs that a call was told of: who gets no answer cannot know that a job has ended, and may ask again."""
    if call.error is not None:
        return []
    request = call.request if isinstance(call.request, Mapping) else {}
    filters = request.get("filters") if call.operation == "DescribeJobs" else None
    jobs = filters.get("jobIDs") if isinstance(filters, Mapping) else None
    return [str(job) for job in jobs] if isinstance(jobs, list) else []


def no_server_recovered_twice(facts: Facts) -> Iterator[Check]:
    """No server is in two jobs at once, and none that has launched is recovered again while its instance is there."""
    yield from _in_two_jobs(facts)
    yield from _launched_already(facts)


def _in_two_jobs(facts: Facts) -> Iterator[Check]:
    held: dict[str, str] = {}
    for at_ms, job in facts.journal.of(JobChanged):
        if job.status == "COMPLETED":
            held = {server: other for server, other in held.items() if other != job.job}
        elif (job.type, job.status) == ("LAUNCH", "PENDING"):
            for server in job.servers:
                if held.setdefault(server, job.job) != job.job:
                    yield _twice(facts, f"{server} was in {held[server]} when {job.job} began", at_ms)


def _launched_already(facts: Facts) -> Iterator[Check]:
    asked: set[str] = set()  # what was there before the run is not of its making
    launched: dict[str, int] = {}
    for entry in facts.journal:
        match entry.event:
            case LaunchStatusChanged(status="LAUNCHED", server=server) if server in asked:
                launched[server] = entry.at_ms
            case InstanceChanged(state="TERMINATED" | "SHUTTING-DOWN", server=server):
                launched.pop(server, None)
            case ApiCall(service="drs", operation="StartRecovery", error=None, caller=caller) as call if caller != "world":
                servers = asked_servers(call.request)
                for server in sorted(server for server in servers & launched.keys() if launched[server] < call.started_ms):
                    since = clock_time(launched[server])
                    yield _twice(facts, f"{server} had launched at {since} and was recovered again", call.started_ms)
                asked |= servers


def _twice(facts: Facts, happened: str, at_ms: int) -> Check:
    return broken(facts, "no server recovered twice", "no server is recovered while it is, or has been", happened, at_ms)


def only_declared_calls(facts: Facts, declared: Mapping[str, frozenset[str]]) -> Iterator[Check]:
    """No function calls what its role does not allow, where the system says what that is."""
    told: set[tuple[str, str]] = set()
    for _, call in facts.journal.of(ApiCall):
        name = f"{call.service}:{call.operation}"
        allowed = declared.get(call.caller)
        if allowed is None or (call.caller, name) in told or _is_allowed(name, allowed):
            continue
        told.add((call.caller, name))
        expected = f"{call.caller} calls only what its role allows: {', '.join(sorted(allowed))}"
        yield broken(facts, "only declared calls", expected, f"it called {name}", call.started_ms, call.caller)


def _is_allowed(name: str, allowed: frozenset[str]) -> bool:
    return any(fnmatchcase(needed, pattern) for needed in _NEEDS.get(name, (name,)) for pattern in allowed)


def no_token_lost(facts: Facts) -> Iterator[Check]:
    """No execution waits for good for what nobody will send."""
    if facts.execution is not None and facts.end is None and facts.ended.reason == "finished":
        waiting = facts.ended.detail or "something"
        happened = f"nothing is left to happen, and it still waits: {waiting}"
        yield broken(facts, "no token lost", "an execution does not wait for what never comes", happened, None)


def nothing_after_the_end(facts: Facts) -> Iterator[Check]:
    """An execution that has ended does nothing more, and nobody starts or terminates anything in its name."""
    ended: dict[str, int] = {}
    for at_ms, event in facts.journal.of(HistoryEvent):
        if event.execution in ended:
            happened = f"{event.type} came after its end at {clock_time(ended[event.execution])}"
            yield _after_end(facts, happened, at_ms)
            return
        if event.type in ENDINGS:
            ended[event.execution] = at_ms
    started = {event.execution for _, event in facts.journal.of(HistoryEvent)}
    if ended.keys() == started and ended:
        yield from _late_deeds(facts, max(ended.values()))


def _late_deeds(facts: Facts, end_ms: int) -> Iterator[Check]:
    """Calls with lasting effect, by functions that were invoked after the end."""
    invoked = [(at_ms, event.function) for at_ms, event in facts.journal.of(FunctionInvoked)]
    for operation in sorted(_LASTING):
        for _, call in accepted_calls(facts.journal, operation):
            began = [at_ms for at_ms, function in invoked if function == call.caller and at_ms <= call.started_ms]
            if began and began[-1] > end_ms:
                happened = f"{call.caller} called {operation}, the last execution having ended at {clock_time(end_ms)}"
                yield _after_end(facts, happened, call.started_ms)


def _after_end(facts: Facts, happened: str, at_ms: int) -> Check:
    return broken(facts, "nothing after the end", "nothing happens in an execution's name after its end", happened, at_ms)


def broken(facts: Facts, name: str, expected: str, happened: str, at_ms: int | None, where: str | None = None) -> Check:
    """A broken invariant as a failed check."""
    before = last_before(facts.journal, facts.journal[-1].at_ms if at_ms is None else at_ms)
    return Check(f"invariant: {name}", False, expected, happened, at_ms, where, before)
