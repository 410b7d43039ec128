"""One scenario over its seeds: a run each, and one verdict over all of them."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from simulator.runner.coverage import MachineCoverage, merged
from simulator.runner.coverage_checks import check_coverage
from simulator.runner.result import Check, Result, SeedRun, Verdict
from simulator.runner.thresholds import check_thresholds
from simulator.scenario.model import Scenario

Run = Callable[[Scenario, int], Result]
_WORST = (Verdict.ERROR, Verdict.ABORTED, Verdict.FAILED, Verdict.SKIPPED, Verdict.PASSED)


def run_seeds(scenario: Scenario, run: Run) -> Result:
    """Run a scenario with each of its seeds; what they come to. `run` runs one of them."""
    return folded(scenario, (run(scenario, seed) for seed in scenario.run.every_seed))


def folded(scenario: Scenario, results: Iterable[Result]) -> Result:
    """The results of all seeds, in their order, as one.

    It shows the first run that came to the worst verdict, whose journal alone is kept. A `sometimes` holds if it did
    with any seed; thresholds are over all. A warning stands if it does with every seed: a fault that fired once has fired.
    """
    runs: list[SeedRun] = []
    shown: Result | None = None
    hopes: dict[str, Check] = {}
    common: set[str] | None = None
    wall_seconds, virtual_ms = 0.0, 0
    coverage: tuple[MachineCoverage, ...] = ()
    for result in results:
        runs.append(_run_of(result))
        wall_seconds, virtual_ms = wall_seconds + result.wall_seconds, virtual_ms + result.virtual_ms
        coverage = merged([*coverage, *result.coverage])
        common = set(result.warnings) if common is None else common.intersection(result.warnings)
        for hope in result.hopes:
            if not hopes.get(hope.name, hope).passed or hope.name not in hopes:
                hopes[hope.name] = hope
        if shown is None or _WORST.index(result.verdict) < _WORST.index(shown.verdict):
            shown = result
    assert shown is not None
    assert common is not None
    if len(runs) == 1:
        return shown
    is_skipped = any(check.skipped and check.name == "coverage" for check in shown.checks)
    across = (
        *hopes.values(),
        *(() if is_skipped else check_coverage(scenario.expect.coverage, coverage)),
        *check_thresholds(scenario.thresholds, scenario.key, runs),
    )
    verdict = shown.verdict
    reproduce = shown.reproduce
    if verdict is Verdict.PASSED and not all(check.passed for check in across):
        verdict = Verdict.FAILED
        reproduce = reproduce.replace(f" --seed {shown.seed}", "", 1)  # no single seed shows it
    return replace(
        shown,
        verdict=verdict,
        reproduce=reproduce,
        checks=(*shown.checks, *across),
        warnings=tuple(warning for warning in shown.warnings if warning in common),
        seeds=tuple(runs),
        wall_seconds=wall_seconds,
        virtual_ms=virtual_ms,
        coverage=coverage,
    )


def _run_of(result: Result) -> SeedRun:
    failed = tuple(check.name for check in result.checks if not check.passed)
    return SeedRun(result.seed, result.verdict, result.outcome, result.recovery_ms, result.rpo_ms, failed)
