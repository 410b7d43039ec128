"""Runs a scenario once and judges it."""

import shlex
import time
from collections.abc import Callable

from simulator.journal import FaultFired, RunEnded
from simulator.runner.artefacts import digests_of
from simulator.runner.checks import check_all
from simulator.runner.facts import Facts, read_facts
from simulator.runner.invariants import broken_invariants
from simulator.runner.result import Check, Objectives, Result, Verdict
from simulator.runner.sweep import run_seeds
from simulator.scenario.model import Scenario
from simulator.targets import embedded
from simulator.targets.recording import Recording

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
    checks = (*check_all(scenario.expect, facts), *_invariants(scenario, facts))
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
        warnings=tuple(_warnings(scenario, facts)),
        error=error,
        reproduce=_reproduce(scenario, used),
        journal=recording.journal,
        calibrated=scenario.fleet.profile.name if scenario.fleet.profile.calibrated else None,
        id=scenario.key,
        tags=scenario.tags,
        controls=scenario.controls,
        objectives=Objectives(objectives.rto_ms, objectives.rpo_ms, objectives.source),
        cell=scenario.cell,
        digests=digests_of(scenario.system),
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


def _invariants(scenario: Scenario, facts: Facts) -> list[Check]:
    waves = scenario.fleet.waves
    may_fail = frozenset(wave.name for wave in waves if wave.may_fail)
    return broken_invariants(facts, {wave.name: wave.depends_on for wave in waves}, may_fail)


def _verdict(checks: tuple[Check, ...], ended: RunEnded) -> tuple[Verdict, str | None]:
    if ended.reason != "finished":
        return Verdict.ERROR, f"{ended.reason}: {ended.detail}"
    return (Verdict.PASSED if all(check.passed for check in checks) else Verdict.FAILED), None


def _warnings(scenario: Scenario, facts: Facts) -> list[str]:
    """What makes a pass mean less than it seems."""
    fired = {event.fault for _, event in facts.journal.of(FaultFired)}
    warnings = [f"fault {fault.id} never fired" for fault in scenario.faults if fault.id not in fired]
    if not check_all(scenario.expect, facts):
        warnings.append("the scenario expects nothing: only the invariants were checked")
    return warnings
