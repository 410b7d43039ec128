"""What of a scenario a target cannot judge: the checks that are skipped there, each with the reason."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from simulator.runner.result import Check
from simulator.scenario.expect import Expect, Metric, Notification, Retries, WaveExpectation
from simulator.scenario.expressions import After, Before, Form, Happens, Statement, Within
from simulator.scenario.model import Scenario
from simulator.scenario.triggers import At, CallIs, FaultFires, FunctionIs, OperatorDecides, Told, Trigger
from simulator.targets.target import Ability, Lacks


@dataclass(frozen=True, slots=True)
class Judgeable:
    """The expectations of a scenario that a target can judge, and the others as skipped checks."""

    expect: Expect
    skipped: tuple[Check, ...]


def unfit(scenario: Scenario, lacks: Lacks) -> str | None:
    """Why nothing of a scenario can be judged on a target; None if something can."""
    waves = scenario.fleet.waves
    seeds = len(scenario.run.every_seed)
    needs: Mapping[Ability, list[str]] = {
        Ability.FAULTS: [fault.id for fault in scenario.faults],
        Ability.MOCKS: [] if scenario.mocks is None else list(scenario.mocks.responses),
        Ability.OPERATORS: [operator.decide.operation for operator in scenario.operators]
        + [str(request.send) for request in scenario.requests],
        Ability.ACCOUNTS: [wave.name for wave in waves if wave.account is not None],
        Ability.PARTS: [] if scenario.system.template else ["no template"],
        Ability.SEEDS: [f"{seeds} of them"] if seeds > 1 else [],
        Ability.RECOVERIES: [] if scenario.fleet.drill else ["drill: false"],
    }
    reasons = [
        f"{ability} ({', '.join(named)}): {lacks[ability]}" for ability, named in needs.items() if named and ability in lacks
    ]
    return "; ".join(reasons) or None


def judgeable(scenario: Scenario, lacks: Lacks) -> Judgeable:
    """Part the expectations of a scenario into those that a target can judge and those that it cannot."""
    if not lacks:
        return Judgeable(scenario.expect, ())
    parting = _Parting(lacks)
    expect = parting.expect(scenario.expect)
    for probe in scenario.steady_state:
        parting.can(f"steady state: {probe.probe}", Ability.PROBES)
    for condition in scenario.abort_if:
        parting.can(f"abort condition: {condition.sentence}", Ability.ABORTS)
    return Judgeable(expect, tuple(parting.skipped))


class _Parting:
    def __init__(self, lacks: Lacks) -> None:
        self._lacks = lacks
        self.skipped: list[Check] = []

    def can(self, name: str, *needed: Ability) -> bool:
        """Whether the target has all that is needed; if not, the check of this name is skipped."""
        missing = [self._lacks[ability] for ability in dict.fromkeys(needed) if ability in self._lacks]
        if missing:
            self.skipped.append(Check(name, True, name, "it was not looked at", skipped="; ".join(missing)))
        return not missing

    def expect(self, expect: Expect) -> Expect:
        kept = {
            "rto_ms": expect.rto_ms if expect.rto_ms is None or self.can("rto", Ability.DURATIONS) else None,
            "rpo_ms": expect.rpo_ms
            if expect.rpo_ms is None or self.can("rpo", Ability.RECOVERY_POINTS, Ability.DURATIONS)
            else None,
            "cost": expect.cost if expect.cost is None or self.can("cost", Ability.CALLS, Ability.DURATIONS) else None,
            "coverage": expect.coverage if expect.coverage is None or self.can("coverage", Ability.COVERAGE) else None,
            "waves": {name: self._wave(name, wave) for name, wave in expect.waves.items()},
            "calls": {name: count for name, count in expect.calls.items() if self._can_count(name)},
            "retries": tuple(retries for retries in expect.retries if self._can_see(retries)),
            "notifications": tuple(one for one in expect.notifications if self._can_hear(one)),
            "metrics": {name: one for name, one in expect.metrics.items() if self._can_measure(name, one)},
            "check": tuple(
                code for code in expect.check if self.can(f"check {code.function}", Ability.CALLS, Ability.EXACT_WAITS)
            ),
        }
        for mode in ("always", "never", "sometimes"):
            kept[mode] = tuple(one for one in getattr(expect, mode) if self._can_tell(mode, one))
        return expect.model_copy(update=kept)

    def _wave(self, name: str, wave: WaveExpectation) -> WaveExpectation:
        if wave.within_ms is None or self.can(f"{name} within a time", Ability.DURATIONS):
            return wave
        return wave.model_copy(update={"within_ms": None})

    def _can_count(self, operation: str) -> bool:
        # Each job is the work of one accepted call, so that these can be counted even where calls are not seen.
        return operation == "drs:StartRecovery" or self.can(f"calls of {operation}", Ability.CALLS)

    def _can_see(self, retries: Retries) -> bool:
        needed = [Ability.EXACT_WAITS] if retries.intervals_ms is not None else []
        needed += [Ability.CALLS] if retries.call is not None else []
        return self.can(f"retries of {retries.state or retries.call}", *needed)

    def _can_hear(self, notification: Notification) -> bool:
        return self.can(f"{notification.count} notifications", Ability.NOTIFICATIONS)

    def _can_measure(self, name: str, _metric: Metric) -> bool:
        return self.can(f"metric {name}", Ability.METRICS)

    def _can_tell(self, mode: str, statement: Statement) -> bool:
        return self.can(f"{mode}: {statement.sentence}", *_needed(statement.form))


def _needed(form: Form) -> Iterator[Ability]:
    match form:
        case Happens(what=what):
            yield from _of(what)
        case Before(first=one, second=other) | After(later=one, earlier=other):
            yield from (*_of(one), *_of(other))
        case Within(cause=one, effect=other, limit_ms=limit_ms):
            yield from (*_of(one), *_of(other))
            if limit_ms is not None:
                yield Ability.DURATIONS


def _of(trigger: Trigger) -> Iterator[Ability]:
    match trigger.kind:
        case CallIs():
            yield Ability.CALLS
        case FunctionIs():
            yield Ability.FUNCTIONS
        case Told():
            yield Ability.NOTIFICATIONS
        case FaultFires():
            yield Ability.FAULTS
        case OperatorDecides():
            yield Ability.OPERATORS
        case At():
            yield Ability.DURATIONS
