"""Many seeds, one verdict; thresholds over them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.runner.result import Check, Result, Verdict
from simulator.runner.run import run_every_seed
from simulator.runner.sweep import run_seeds
from simulator.runner.thresholds import quantile, rate_bound, upper_bound
from simulator.scenario.loading import load, parse
from simulator.scenario.model import Scenario
from tests.report.results import PASSED

MINUTE_MS = 60_000
HOPE = Check("sometimes: X is retried", False, "in some run X is retried", "never")


def scenario(rest: str, seeds: str = "1..100") -> Scenario:
    return parse(
        f"scenario: S\nfleet: {{waves: [{{name: a, servers: 1}}]}}\nrun: {{seeds: {seeds}}}\n{rest}", Path("s.yaml")
    )


def in_minutes(_: Scenario, seed: int) -> Result:
    """Seed 7 takes seven minutes."""
    return replace(PASSED, seed=seed, recovery_ms=seed * MINUTE_MS, rpo_ms=1000)


def failing(*seeds: int) -> Result:
    def run(_: Scenario, seed: int) -> Result:
        result = in_minutes(_, seed)
        broken = (Check("outcome", False, "COMPLETED", "FAILED"),)
        return replace(result, verdict=Verdict.FAILED, outcome="FAILED", checks=broken) if seed in seeds else result

    return run_seeds(scenario(""), run)


def broken(result: Result) -> dict[str, str]:
    return {check.name: check.happened for check in result.checks if not check.passed}


def test_one_seed_that_fails_fails_all_and_is_the_one_that_is_shown() -> None:
    result = failing(7, 31)
    assert (result.verdict, result.seed, len(result.seeds)) == (Verdict.FAILED, 7, 100)
    assert [run.seed for run in result.seeds if run.failed] == [7, 31]


def test_a_warning_stands_only_if_every_seed_has_it() -> None:
    def run(_: Scenario, seed: int) -> Result:
        fired = () if seed == 3 else ("fault f never fired",)
        return replace(in_minutes(_, seed), warnings=("g never fired", *fired))

    assert run_seeds(scenario("", "1..3"), run).warnings == ("g never fired",)
    assert run_seeds(scenario("", "1..2"), run).warnings == ("g never fired", "fault f never fired")


def test_bounds_on_times_are_over_all_seeds() -> None:
    result = run_seeds(scenario("thresholds: {rto: [p(95) < 95m, p(95) <= 95m, mean < 51m, max < 1h40m]}"), in_minutes)
    assert result.verdict is Verdict.FAILED
    assert broken(result) == {
        "threshold rto p(95) < 95m": "over 100 seeds it is 1:35:00",
        "threshold rto max < 1h40m": "over 100 seeds it is 1:40:00",
    }


def test_confidence_asks_for_more_than_these_seeds_show() -> None:
    result = run_seeds(scenario('thresholds: {rto: ["p(90) < 92m", "p(90) < 92m @ 95%"]}'), in_minutes)
    assert broken(result) == {"threshold rto p(90) < 92m @ 95%": "over 100 seeds it is 1:36:00, with 95% confidence"}


def test_a_rate_names_the_seeds_that_spoil_it() -> None:
    def run(one: Scenario, seed: int) -> Result:
        return replace(in_minutes(one, seed), outcome="PARTIAL" if seed in (3, 5) else "COMPLETED")

    result = run_seeds(scenario("thresholds: {outcome: rate(COMPLETED) >= 0.99}"), run)
    assert broken(result) == {
        "threshold outcome rate(COMPLETED) >= 0.99": (
            "98 of 100 seeds ended COMPLETED: 98%; the others: seeds 3 (PARTIAL), 5 (PARTIAL)"
        )
    }


def test_what_is_to_happen_sometimes_needs_one_seed() -> None:
    def run(one: Scenario, seed: int) -> Result:
        return replace(in_minutes(one, seed), hopes=(replace(HOPE, passed=seed == 42),))

    assert run_seeds(scenario(""), run).verdict is Verdict.PASSED
    never = run_seeds(scenario("", "1..9"), run)
    assert (never.verdict, list(broken(never))) == (Verdict.FAILED, ["sometimes: X is retried"])


def test_recovery_times_drift_away_from_an_earlier_report(tmp_path: Path) -> None:
    runs = [{"recoveryMs": minutes * MINUTE_MS} for minutes in range(1, 91)]
    (tmp_path / "then.json").write_text(json.dumps({"scenarios": [{"id": "s", "seeds": runs}]}), "utf-8")
    path = tmp_path / "s.yaml"
    text = "scenario: S\nfleet: {waves: [{name: a, servers: 1}]}\nrun: {seeds: 1..100}\nthresholds: {drift: {baseline: "
    path.write_text(text + "then.json, allow: 12%}}\n", "utf-8")
    assert run_seeds(load(path), in_minutes).verdict is Verdict.PASSED
    path.write_text(text + "then.json, allow: 5%}}\n", "utf-8")
    assert broken(run_seeds(load(path), in_minutes)) == {
        "drift against then.json: p(50)": "it is 50:00",
        "drift against then.json: p(95)": "it is 1:35:00",
    }


def test_the_statistics_agree_with_the_tables() -> None:
    assert quantile([1, 2, 3, 4], 0.5) == 2
    assert upper_bound(range(1, 60), 0.95, 0.95) == 59  # the smallest sample that can bound p95 at 95 %
    assert upper_bound(range(1, 59), 0.95, 0.95) == float("inf")
    assert rate_bound(300, 300, 0.95, is_lower=True) == pytest.approx(0.95**0 * 0.05 ** (1 / 300), abs=1e-9)
    assert rate_bound(0, 300, 0.95, is_lower=False) == pytest.approx(1 - 0.05 ** (1 / 300), abs=1e-9)
    assert rate_bound(95, 100, 0.95, is_lower=True) == pytest.approx(0.8977, abs=1e-3)


def test_each_seed_is_a_run_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "seeds.yaml"
    path.write_text("scenario: S\nfleet: {waves: [{name: a, servers: 1}]}\nrun: {seeds: [1, 2]}\n", "utf-8")
    result = run_every_seed(load(path))
    assert (result.verdict, [run.seed for run in result.seeds]) == (Verdict.PASSED, [1, 2])
    assert result.seeds[0].recovery_ms != result.seeds[1].recovery_ms
