"""Runs a scenario once and judges it."""

import shlex
import time
from dataclasses import replace

from simulator.journal import FaultFired, Journal, RunEnded, StackMade
from simulator.runner.answers import check_answers
from simulator.runner.artefacts import digests_of
from simulator.runner.checks import check_all, check_hopes
from simulator.runner.cost import cost_of
from simulator.runner.coverage import cover
from simulator.runner.coverage_checks import check_coverage
from simulator.runner.definition_files import with_files
from simulator.runner.facts import Facts, read_facts
from simulator.runner.invariants import Terms, broken_invariants
from simulator.runner.placing import placed
from simulator.runner.result import Check, Objectives, Result, Verdict
from simulator.runner.skipping import judgeable, unfit
from simulator.runner.steady_state import check_not_aborted, check_steady_state
from simulator.runner.sweep import run_seeds
from simulator.scenario.expect import Expect
from simulator.scenario.model import Scenario
from simulator.scenario.system import function_name
from simulator.targets.embedded import Embedded
from simulator.targets.mocking import mock_id
from simulator.targets.recording import ABORTED, NOT_STEADY, Recording
from simulator.targets.target import Lacks, Target

EMBEDDED = Embedded()


def run_scenario(scenario: Scenario, seed: int | None = None, target: Target = EMBEDDED) -> Result:
    """Run a scenario on a target with one seed (default: the scenario's own) and check what happened.

    A scenario that fails is a Result, and one that the target cannot judge; raises UserError only for files that cannot be
    used.
    """
    used = scenario.run.seed if seed is None else seed
    blank = _blank(scenario, used, target)
    if reason := unfit(scenario, target.lacks):
        return replace(blank, error=f"the target {target.name} cannot judge it: {reason}")
    started = time.perf_counter()
    recording = target.run(scenario, used)
    wall_seconds = time.perf_counter() - started
    facts = _read(scenario, recording)
    is_alone = len(scenario.run.every_seed) == 1
    parted = judgeable(scenario, target.lacks)
    hopes = placed(check_hopes(parted.expect, facts), recording.journal)
    coverage = with_files(cover(recording.journal), scenario.system)
    across = [*hopes, *check_coverage(parted.expect.coverage, coverage)] if is_alone else []
    checks = (*placed(_checks(scenario, parted.expect, facts, across), recording.journal), *parted.skipped)
    verdict, error = _verdict(checks, facts.ended, target.lacks)
    return replace(
        blank,
        verdict=verdict,
        outcome=facts.outcome,
        recovery_ms=facts.recovery_ms,
        virtual_ms=recording.virtual_ms,
        wall_seconds=wall_seconds,
        waves=facts.waves,
        checks=checks,
        warnings=tuple(_warnings(scenario, facts, checks)),
        error=error,
        journal=recording.journal,
        rpo_ms=facts.rpo_ms,
        hopes=() if is_alone else tuple(hopes),
        cost=cost_of(recording.journal, parted.expect.cost),
        coverage=coverage,
    )


def run_every_seed(scenario: Scenario, target: Target = EMBEDDED) -> Result:
    """Run a scenario with each of its seeds; one result over all. Raises UserError for files that cannot be used."""
    return run_seeds(scenario, lambda one, seed: run_scenario(one, seed, target))


def _blank(scenario: Scenario, seed: int, target: Target) -> Result:
    """The result of a scenario that was not run: what is known of it all the same."""
    objectives = scenario.objectives
    return Result(
        name=scenario.title,
        path=scenario.path,
        seed=seed,
        verdict=Verdict.SKIPPED,
        outcome="",
        recovery_ms=None,
        rto_ms=scenario.expect.rto_ms or objectives.rto_ms,
        virtual_ms=0,
        wall_seconds=0.0,
        waves=(),
        checks=(),
        warnings=(),
        error=None,
        reproduce=_reproduce(scenario, seed, target.name),
        journal=Journal(lambda: 0),
        calibrated=scenario.fleet.profile.name if scenario.fleet.profile.calibrated else None,
        id=scenario.key,
        tags=scenario.tags,
        controls=scenario.controls,
        objectives=Objectives(objectives.rto_ms, objectives.rpo_ms, objectives.source),
        cell=scenario.cell,
        digests=digests_of(scenario.system),
        target=target.name,
        line=scenario.line,
    )


def _reproduce(scenario: Scenario, seed: int, target: str) -> str:
    """The command that runs just this again; a run of a matrix is chosen by its title."""
    chosen = f" -k {shlex.quote(scenario.title)}" if scenario.cell else ""
    elsewhere = "" if target == EMBEDDED.name else f" --target {target}"
    return f"drsim run {shlex.quote(str(scenario.path))} --seed {seed}{chosen}{elsewhere}"


def _read(scenario: Scenario, recording: Recording) -> Facts:
    waves = {wave.name: wave.server_names for wave in scenario.fleet.waves}
    record = scenario.system.record
    return read_facts(recording.journal, waves, recording.server_ids, record.status if record else None)


def _checks(scenario: Scenario, expect: Expect, facts: Facts, hopes: list[Check]) -> tuple[Check, ...]:
    """All that is judged. A run that was given up, or never started, is judged by that alone."""
    steady = check_steady_state(scenario.steady_state, facts)
    if facts.ended.reason in (ABORTED, NOT_STEADY):
        return (*check_not_aborted(facts), *steady)
    terms = Terms(
        {wave.name: wave.waits_for for wave in scenario.fleet.waves},
        frozenset(wave.name for wave in scenario.fleet.waves if wave.may_fail),
        _declared(scenario, facts),
        frozenset(scenario.expect.invariants.off),
        frozenset(wave.name for wave in scenario.fleet.waves if wave.run_if is not None),
    )
    return (
        *check_all(expect, facts),
        *check_answers(scenario.requests, facts),
        *hopes,
        *steady,
        *broken_invariants(facts, terms),
    )


def _declared(scenario: Scenario, facts: Facts) -> dict[str, frozenset[str]]:
    """The permissions of functions, where they are known: what the scenario says, or the roles of its stack."""
    said = {
        function_name(placeholder): frozenset(handler.may)
        for placeholder, handler in scenario.system.handlers.items()
        if handler.may is not None
    }
    stacks = (stack.allowed for _, stack in facts.journal.of(StackMade))
    return said | {name: frozenset(actions) for allowed in stacks for name, actions in allowed.items()}


def _verdict(checks: tuple[Check, ...], ended: RunEnded, lacks: Lacks) -> tuple[Verdict, str | None]:
    if ended.reason in (ABORTED, NOT_STEADY):
        return Verdict.ABORTED, None
    if ended.reason != "finished":
        return Verdict.ERROR, f"{ended.reason}: {ended.detail}"
    if lacks and checks and all(check.skipped for check in checks):
        return Verdict.SKIPPED, "the target cannot judge anything that is expected"
    return (Verdict.PASSED if all(check.passed for check in checks) else Verdict.FAILED), None


def _warnings(scenario: Scenario, facts: Facts, checks: tuple[Check, ...]) -> list[str]:
    """What makes a pass mean less than it seems."""
    fired = {event.fault for _, event in facts.journal.of(FaultFired)}
    warnings = [f"fault {fault.id} never fired" for fault in scenario.faults if fault.id not in fired]
    for _, stack in facts.journal.of(StackMade):
        warnings += [f"{kind} is not simulated: {name} is a name only" for name, kind in sorted(stack.inert.items())]
    mocked = () if scenario.mocks is None else scenario.mocks.responses
    warnings += [f"the mocks of {state} were never used" for state in mocked if mock_id(state) not in fired]
    warnings += [f"{check.name}: {check.idle}" for check in checks if check.idle is not None]
    if not any(not check.name.startswith("invariant: ") for check in checks) and not scenario.expect.sometimes:
        warnings.append("the scenario expects nothing: only the invariants were checked")
    return warnings
