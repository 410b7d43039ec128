"""Thresholds: what the runs of all seeds say together."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from simulator.runner.result import Check, SeedRun
from simulator.runner.wording import clock_time
from simulator.scenario.thresholds import Drift, RateBound, Thresholds, TimeBound, shown_share

_NEVER = math.inf  # what never ended took longer than anything


def check_thresholds(thresholds: Thresholds, key: str, runs: Sequence[SeedRun]) -> list[Check]:
    """Every threshold of a scenario (its `key` names it in baselines) over the runs of its seeds."""
    recoveries = sorted(_NEVER if run.recovery_ms is None else run.recovery_ms for run in runs)
    ages = sorted(_NEVER if run.rpo_ms is None else run.rpo_ms for run in runs)
    checks = [_time_check("rto", bound, recoveries) for bound in thresholds.rto]
    checks += [_time_check("rpo", bound, ages) for bound in thresholds.rpo]
    checks += [_rate_check(bound, runs) for bound in thresholds.outcome]
    if thresholds.drift is not None:
        checks += _drift_checks(thresholds.drift, key, recoveries)
    return checks


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest of the ordered values that at least this share of them does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]


def upper_bound(ordered: Sequence[float], share: float, confidence: float) -> float:
    """A value that the quantile of all runs there could be does not exceed, with this much confidence.

    The k-th smallest of n values is one if a binomial of n draws, each below the quantile with the probability `share`, has
    fewer than k with at least the probability `confidence`. Infinity if even the largest is not.
    """
    below = 0.0
    for index, value in enumerate(ordered):
        below += _binomial(len(ordered), index, share)
        if below >= confidence:
            return value
    return _NEVER


def rate_bound(hits: int, count: int, confidence: float, *, is_lower: bool) -> float:
    """The one-sided Clopper-Pearson bound of a share of which `hits` of `count` were seen."""
    if not is_lower:
        return 1.0 - rate_bound(count - hits, count, confidence, is_lower=True)
    low, high = 0.0, hits / count
    for _ in range(60):
        middle = (low + high) / 2
        at_least = sum(_binomial(count, number, middle) for number in range(hits, count + 1))
        low, high = (middle, high) if at_least <= 1 - confidence else (low, middle)
    return low


def _binomial(count: int, number: int, share: float) -> float:
    if share in (0.0, 1.0):
        return 1.0 if number == round(share * count) else 0.0
    chosen = math.lgamma(count + 1) - math.lgamma(number + 1) - math.lgamma(count - number + 1)
    return math.exp(chosen + number * math.log(share) + (count - number) * math.log1p(-share))


def _time_check(name: str, bound: TimeBound, ordered: Sequence[float]) -> Check:
    if bound.quantile is None:
        value = ordered[-1] if bound.statistic == "max" else sum(ordered) / len(ordered)
    elif bound.confidence is None:
        value = quantile(ordered, bound.quantile)
    else:
        value = upper_bound(ordered, bound.quantile, bound.confidence)
    holds = value < bound.limit_ms if bound.is_strict else value <= bound.limit_ms
    sure = f", with {shown_share(bound.confidence)} confidence" if bound.confidence is not None else ""
    happened = f"over {_seeds(len(ordered))} it is {_shown(value)}{sure}"
    return Check(f"threshold {name} {bound.written}", holds, f"{name}: {bound.written}", happened)


_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda seen, bound: seen < bound,
    "<=": lambda seen, bound: seen <= bound,
    ">": lambda seen, bound: seen > bound,
    ">=": lambda seen, bound: seen >= bound,
}


def _rate_check(bound: RateBound, runs: Sequence[SeedRun]) -> Check:
    hits = [run for run in runs if run.outcome == bound.outcome]
    rate = len(hits) / len(runs)
    happened = f"{len(hits)} of {_seeds(len(runs))} ended {bound.outcome}: {shown_share(rate)}"
    if bound.confidence is not None:
        rate = rate_bound(len(hits), len(runs), bound.confidence, is_lower=bound.sign.startswith(">"))
        side = "at least" if bound.sign.startswith(">") else "at most"
        happened += f"; {side} {rate:.2%} with {shown_share(bound.confidence)} confidence"
    others = ", ".join(f"{run.seed} ({run.outcome})" for run in runs if run.outcome != bound.outcome)
    happened += f"; the others: seeds {others[:200]}" if others else ""
    holds = _SIGNS[bound.sign](rate, bound.share)
    return Check(f"threshold outcome {bound.written}", holds, f"outcome: {bound.written}", happened)


def _drift_checks(drift: Drift, key: str, ordered: Sequence[float]) -> Iterator[Check]:
    name = f"drift against {drift.baseline.name}"
    earlier = baseline_times(drift.baseline, key)
    if earlier is None:
        lack = f"has no scenario {key!r}" if drift.baseline.is_file() else "is not there"
        happened = f"{drift.baseline} {lack}: `drsim baseline` writes it"
        yield Check(name, False, "the baseline knows the scenario", happened)
        return
    for share in (0.5, 0.95):
        now, then = quantile(ordered, share), quantile(earlier, share)
        expected = f"the p({share * 100:g}) of the recovery time is at most {shown_share(drift.allow)} above {_shown(then)}"
        holds = now <= then * (1 + drift.allow)
        yield Check(f"{name}: p({share * 100:g})", holds, expected, f"it is {_shown(now)}")


def baseline_times(path: Path, key: str) -> list[float] | None:
    """The recovery times of a scenario in a baseline or an earlier report, ordered; None if there are none."""
    try:
        report: Any = json.loads(path.read_text("utf-8"))
        found = [one for one in report["scenarios"] if one.get("id") == key]
        runs = [run for one in found for run in one.get("seeds") or [one]]
        times = [run["recoveryMs"] for run in runs]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return sorted(_NEVER if time is None else float(time) for time in times) or None


def _shown(value: float) -> str:
    return "without end" if math.isinf(value) else clock_time(round(value))


def _seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count} seeds"
