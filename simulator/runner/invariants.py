"""What must hold in every run of every scenario, whatever it expects."""

from collections.abc import Iterator, Mapping, Sequence

from simulator.runner.facts import Facts
from simulator.runner.result import Check
from simulator.runner.wording import clock_time, last_before

# What a record may say when the state machine ended like this; an orchestrator may fail deliberately after a wave timed out.
_RECORD_FOR = {
    "SUCCEEDED": ("COMPLETED", "PARTIAL"),
    "FAILED": ("FAILED", "PARTIAL", "TIMED_OUT", "CANCELLED"),
    "TIMED_OUT": ("TIMED_OUT", "FAILED"),
    "ABORTED": ("CANCELLED", "ABORTED", "FAILED"),
}


def broken_invariants(
    facts: Facts, depends_on: Mapping[str, Sequence[str]], may_fail: frozenset[str] = frozenset()
) -> list[Check]:
    """The invariants that the run broke, as failed checks. Waves that `may_fail` need only have ended."""
    return [*_record_agrees(facts), *_completed_means_launched(facts), *_dependencies_first(facts, depends_on, may_fail)]


def _record_agrees(facts: Facts) -> Iterator[Check]:
    if facts.execution is None or facts.record_status is None:
        return
    status = "RUNNING" if facts.end is None else facts.end.status
    if facts.record_status not in _RECORD_FOR.get(status, ("RUNNING", "PENDING")):
        yield _broken(
            facts,
            "record agrees with execution",
            "the orchestrator's record ends in the same outcome as its state machine",
            f"the record says {facts.record_status}, the state machine {status}",
            facts.recovery_ms,
        )


def _completed_means_launched(facts: Facts) -> Iterator[Check]:
    missing = [server for wave in facts.waves for server in wave.servers if server.status != "LAUNCHED"]
    if facts.outcome == "COMPLETED" and missing:
        named = ", ".join(f"{server.name} is {server.status}" for server in missing[:5])
        yield _broken(
            facts,
            "completed means launched",
            "a recovery that is reported COMPLETED has launched every server",
            f"{len(missing)} not launched: {named}",
            facts.recovery_ms,
        )


def _dependencies_first(facts: Facts, depends_on: Mapping[str, Sequence[str]], may_fail: frozenset[str]) -> Iterator[Check]:
    waves = {wave.name: wave for wave in facts.waves}
    for name, dependencies in depends_on.items():
        started_ms = waves[name].started_ms
        for dependency in dependencies:
            ended_ms, status = waves[dependency].ended_ms, waves[dependency].status
            is_over = ended_ms is not None and started_ms is not None and ended_ms <= started_ms
            if started_ms is None or (is_over and (status == "LAUNCHED" or dependency in may_fail)):
                continue
            state = (
                f"launched only at {clock_time(ended_ms)}"
                if status == "LAUNCHED" and ended_ms is not None
                else f"is {status}"
            )
            yield _broken(
                facts,
                "no wave before its dependencies",
                f"wave {name} starts after {dependency}, which it depends on, has launched",
                f"{name} started at {clock_time(started_ms)}, but {dependency} {state}",
                started_ms,
                f"wave {name}",
            )


def _broken(facts: Facts, name: str, expected: str, happened: str, at_ms: int | None, where: str | None = None) -> Check:
    before = last_before(facts.journal, facts.journal[-1].at_ms if at_ms is None else at_ms)
    return Check(f"invariant: {name}", False, expected, happened, at_ms, where, before)
