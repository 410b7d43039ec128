"""What must hold in every run of every scenario, whatever it expects."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from simulator.journal import OperatorActed
from simulator.runner import invariants_of_deeds as deeds
from simulator.runner.facts import Facts
from simulator.runner.invariants_of_deeds import broken
from simulator.runner.result import Check
from simulator.runner.wording import clock_time

# What a record may say when the state machine ended like this; an orchestrator may fail deliberately after a wave timed out.
_RECORD_FOR = {
    "SUCCEEDED": ("COMPLETED", "PARTIAL"),
    "FAILED": ("FAILED", "PARTIAL", "TIMED_OUT", "CANCELLED"),
    "TIMED_OUT": ("TIMED_OUT", "FAILED"),
    "ABORTED": ("CANCELLED", "ABORTED", "FAILED"),
}
# What operators decide so that waves start which depend on one that did not launch.
_GOING_ON = ("skip", "continue")
# How a wave ends in a record whose job never began, or may still run.
_GIVEN_UP = ("FAILED", "TIMED_OUT", "PARTIAL")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a scenario's plan and system lay down.

    `depends_on`: the waves that each wave waits for, of which those that `may_fail` need only have ended; `declared`: the
    permissions of functions, by name, where they are known; `off`: the invariants that need not hold, by their names.
    Waves that are `conditional` may be left out.
    """

    depends_on: Mapping[str, Sequence[str]]
    may_fail: frozenset[str] = frozenset()
    declared: Mapping[str, frozenset[str]] = field(default_factory=dict)
    off: frozenset[str] = frozenset()
    conditional: frozenset[str] = frozenset()


def broken_invariants(facts: Facts, terms: Terms) -> list[Check]:
    """The invariants that the run broke, as failed checks."""
    checks: Mapping[str, Iterator[Check]] = {
        "record-agrees-with-execution": _record_agrees(facts),
        "completed-means-launched": _completed_means_launched(facts, _left_out(facts, terms)),
        "no-wave-before-its-dependencies": _dependencies_first(facts, terms, _released(facts) | _left_out(facts, terms)),
        "cancel-never-succeeds": deeds.cancel_never_succeeds(facts),
        "polling-is-bounded": deeds.polling_is_bounded(facts),
        "no-server-recovered-twice": deeds.no_server_recovered_twice(facts),
        "only-declared-calls": deeds.only_declared_calls(facts, terms.declared),
        "no-token-lost": deeds.no_token_lost(facts),
        "nothing-after-the-end": deeds.nothing_after_the_end(facts),
    }
    return [check for name, found in checks.items() if name not in terms.off for check in found]


def _record_agrees(facts: Facts) -> Iterator[Check]:
    if facts.execution is None or facts.record_status is None:
        return
    status = "RUNNING" if facts.end is None else facts.end.status
    if facts.record_status not in _RECORD_FOR.get(status, ("RUNNING", "PENDING")):
        yield broken(
            facts,
            "record agrees with execution",
            "the orchestrator's record ends in the same outcome as its state machine",
            f"the record says {facts.record_status}, the state machine {status}",
            facts.recovery_ms,
        )


def _completed_means_launched(facts: Facts, left_out: frozenset[str]) -> Iterator[Check]:
    waves = [wave for wave in facts.waves if wave.name not in left_out]
    missing = [server for wave in waves for server in wave.servers if server.status != "LAUNCHED"]
    if facts.outcome == "COMPLETED" and missing:
        named = ", ".join(f"{server.name} is {server.status}" for server in missing[:5])
        yield broken(
            facts,
            "completed means launched",
            "a recovery that is reported COMPLETED has launched every server",
            f"{len(missing)} not launched: {named}",
            facts.recovery_ms,
        )


def _dependencies_first(facts: Facts, terms: Terms, released: frozenset[str]) -> Iterator[Check]:
    waves = {wave.name: wave for wave in facts.waves}
    given_up = _given_up(facts)
    for name, dependencies in terms.depends_on.items():
        started_ms = waves[name].started_ms
        for dependency in dependencies:
            ended_ms, status = waves[dependency].ended_ms, waves[dependency].status
            is_over = ended_ms is not None and started_ms is not None and ended_ms <= started_ms
            if started_ms is None or dependency in released or (is_over and status == "LAUNCHED"):
                continue
            if dependency in terms.may_fail and (is_over or dependency in given_up):
                continue
            state = (
                f"launched only at {clock_time(ended_ms)}"
                if status == "LAUNCHED" and ended_ms is not None
                else f"is {status}"
            )
            yield broken(
                facts,
                "no wave before its dependencies",
                f"wave {name} starts after {dependency}, which it depends on, has launched",
                f"{name} started at {clock_time(started_ms)}, but {dependency} {state}",
                started_ms,
                f"wave {name}",
            )


def _released(facts: Facts) -> frozenset[str]:
    """The waves that an operator has decided to go on without: skipped, or left as they failed."""
    acts = (act for _, act in facts.journal.of(OperatorActed) if act.refused is None and act.wave is not None)
    return frozenset(act.wave for act in acts if act.operation in _GOING_ON and act.wave is not None)


def _given_up(facts: Facts) -> frozenset[str]:
    """The waves that the orchestrator gave up, by its own record, as it may before they start or while their jobs run on."""
    return _recorded_as(facts, *_GIVEN_UP)


def _left_out(facts: Facts, terms: Terms) -> frozenset[str]:
    """The waves whose condition was not met, by the orchestrator's own record."""
    return terms.conditional & _recorded_as(facts, "SKIPPED")


def _recorded_as(facts: Facts, *statuses: str) -> frozenset[str]:
    """The waves that have one of these statuses in the orchestrator's own record."""
    waves = (facts.record or {}).get("waves")
    known = [wave for wave in waves if isinstance(wave, Mapping)] if isinstance(waves, Sequence) else []
    return frozenset(str(wave.get("name")) for wave in known if wave.get("status") in statuses)
