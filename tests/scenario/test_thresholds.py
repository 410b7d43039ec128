"""Seeds and thresholds, as they are written."""

from pathlib import Path

import pytest

from simulator.errors import ScenarioError
from simulator.scenario.loading import parse
from simulator.scenario.model import Scenario

SMALL = "scenario: Many seeds\nfleet: {waves: [{name: data, servers: 1}]}\n"


def read(text: str) -> Scenario:
    return parse(SMALL + text, Path("x.yaml"))


def test_seeds_are_a_range_or_a_list() -> None:
    assert list(read("run: {seeds: 3..6}").run.every_seed) == [3, 4, 5, 6]
    assert list(read("run: {seeds: [7, 1, 7]}").run.every_seed) == [7, 1]
    assert list(read("run: {seed: 5}").run.every_seed) == [5]
    assert list(read("").run.every_seed) == [1]


def test_bounds_are_read() -> None:
    thresholds = read(
        'run: {seeds: 1..60}\nthresholds: {rto: ["p(95) < 90m @ 95%", "mean <= 1h"], outcome: rate(COMPLETED) >= 99%}'
    ).thresholds
    assert [(bound.quantile, bound.is_strict, bound.limit_ms, bound.confidence) for bound in thresholds.rto] == [
        (0.95, True, 5_400_000, 0.95),
        (None, False, 3_600_000, None),
    ]
    assert [(bound.outcome, bound.sign, bound.share) for bound in thresholds.outcome] == [("COMPLETED", ">=", 0.99)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("run: {seeds: 9..1}", "3:14: expected seeds such as 1..500"),
        ("run: {seeds: 1..500, seed: 2}", "`seed` and `seeds` exclude each other"),
        ("thresholds: {rto: p95 < 90m}", "3:19: expected a bound such as `p(95) < 90m`"),
        ("thresholds: {rto: p(95) < 90}", "expected a duration such as 90s, 4m or 1h30m as the bound"),
        (
            "run: {seeds: 1..20}\nthresholds: {rto: p(95) < 90m @ 95%}",
            "4:19: 20 seeds cannot support p(95) @ 95%: that takes at least 59 (give `run: {seeds: 1..500}`)",
        ),
        ("thresholds: {outcome: rate(COMPLETE) > 0.5}", "there is no outcome COMPLETE (did you mean `COMPLETED`?)"),
        ("thresholds: {outcome: rate(COMPLETED) > 3}", "expected a share from 0 to 1"),
        (
            "thresholds: {drift: {baseline: nowhere.txt, allow: 5%}}",
            "expected the path of a baseline that `drsim baseline` writes",
        ),
    ],
)
def test_what_cannot_be_held_is_refused(text: str, message: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        read(text)
    assert message in str(raised.value)
