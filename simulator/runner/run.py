"""Runs a scenario once and judges it."""

import shlex
import time
from collections.abc import Callable

from simulator.journal import FaultFired, RunEnded
from simulator.runner.artefacts import digests_of
from simulator.runner.checks import check_all, check_hopes
from simulator.runner.cost import cost_of
from simulator.runner.facts import Facts, read_facts
from simulator.runner.invariants import Terms, broken_invariants
from simulator.runner.result import Check, Objectives, Result, Verdict
from simulator.runner.steady_state import check_not_aborted, check_steady_state
from simulator.runner.sweep import run_seeds
from simulator.scenario.model import Scenario
from simulator.scenario.system import function_name
from simulator.targets import embedded
from simulator.targets.recording import ABORTED, NOT_STEADY, Recording

Target = Callable[[Scenario, int], Recording]


def run_scenario(scenario: Scenario, seed: int | None = None, target: Target = embedded.run) -> Result:
    """Run a scenario on a target with one seed (default: the scenario's own) and check what happened.

    A scenario that fails is a Result; raises UserError only for files that cannot be used.
    """
    used = scenario.run.seed if seed is None else seed
    started = time.perf_counter()
    recording = target(scenario, used)
    wall_seconds = time.perf_counter() - started
    facts = _read(scenario, recording)
    is_alone = len(scenario.run.every_seed) == 1
    hopes = check_hopes(scenario.expect, facts)
    checks = _checks(scenario, facts, hopes if is_alone else [])
    verdict, error = _verdict(checks, facts.ended)
    objectives = scenario.objectives
    return Result(
        name=scenario.title,
        path=scenario.path,
        seed=used,
        verdict=verdict,
        outcome=facts.outcome,
        recovery_ms=facts.recovery_ms,
        rto_ms=scenario.expect.rto_ms or objectives.rto_ms,
        virtual_ms=recording.virtual_ms,
        wall_seconds=wall_seconds,
        waves=facts.waves,
        checks=checks,
        warnings=tuple(_warnings(scenario, facts, checks)),
        error=error,
        reproduce=_reproduce(scenario, used),
        journal=recording.journal,
        calibrated=scenario.fleet.profile.name if scenario.fleet.profile.calibrated else None,
        id=scenario.key,
        tags=scenario.tags,
        controls=scenario.controls,
        objectives=Objectives(objectives.rto_ms, objectives.rpo_ms, objectives.source),
        cell=scenario.cell,
        rpo_ms=facts.rpo_ms,
        hopes=() if is_alone else tuple(hopes),
        digests=digests_of(scenario.system),
        cost=cost_of(recording.journal, scenario.expect.cost),
    )


def run_every_seed(scenario: Scenario, target: Target = embedded.run) -> Result:
    """Run a scenario with each of its seeds; one result over all. Raises UserError for files that cannot be used."""
    return run_seeds(scenario, lambda one, seed: run_scenario(one, seed, target))


def _reproduce(scenario: Scenario, seed: int) -> str:
    """The command that runs just this again; a run of a matrix is chosen by its title."""
    chosen = f" -k {shlex.quote(scenario.title)}" if scenario.cell else ""
    return f"drsim run {shlex.quote(str(scenario.path))} --seed {seed}{chosen}"


def _read(scenario: Scenario, recording: Recording) -> Facts:
    waves = {wave.name: wave.server_names for wave in scenario.fleet.waves}
    record = scenario.system.record
    return read_facts(recording.journal, waves, recording.server_ids, record.status if record else None)


def _checks(scenario: Scenario, facts: Facts, hopes: list[Check]) -> tuple[Check, ...]:
    """All that is judged. A run that was given up, or never started, is judged by that alone."""
    steady = check_steady_state(scenario.steady_state, facts)
    if facts.ended.reason in (ABORTED, NOT_STEADY):
        return (*check_not_aborted(facts), *steady)
    terms = Terms(
        {wave.name: wave.depends_on for wave in scenario.fleet.waves},
        frozenset(wave.name for wave in scenario.fleet.waves if wave.may_fail),
        {
            function_name(placeholder): frozenset(handler.may)
            for placeholder, handler in scenario.system.handlers.items()
            if handler.may is not None
        },
        frozenset(scenario.expect.invariants.off),
    )
    return (*check_all(scenario.expect, facts), *hopes, *steady, *broken_invariants(facts, terms))


def _verdict(checks: tuple[Check, ...], ended: RunEnded) -> tuple[Verdict, str | None]:
    if ended.reason in (ABORTED, NOT_STEADY):
        return Verdict.ABORTED, None
    if ended.reason != "finished":
        return Verdict.ERROR, f"{ended.reason}: {ended.detail}"
    return (Verdict.PASSED if all(check.passed for check in checks) else Verdict.FAILED), None


def _warnings(scenario: Scenario, facts: Facts, checks: tuple[Check, ...]) -> list[str]:
    """What makes a pass mean less than it seems."""
    fired = {event.fault for _, event in facts.journal.of(FaultFired)}
    warnings = [f"fault {fault.id} never fired" for fault in scenario.faults if fault.id not in fired]
    warnings += [f"{check.name}: {check.idle}" for check in checks if check.idle is not None]
    if not any(not check.name.startswith("invariant: ") for check in checks) and not scenario.expect.sometimes:
        warnings.append("the scenario expects nothing: only the invariants were checked")
    return warnings
