"""Shrinking, on a runner that only pretends: it fails exactly when a condition on the scenario holds."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.errors import UserError
from simulator.runner.result import Check, Result, Verdict
from simulator.runner.shrinking import Shrunk, shrink
from simulator.scenario.loading import parse
from simulator.scenario.model import Scenario
from tests.report.results import PASSED

BIG = """\
scenario: Everything at once
tags: [a, b]
run: {seed: 7}
fleet:
  latency: {launch: 6m}
  waves:
    - {name: data, servers: [db-01, db-02, db-03], timeout: 1h}
    - {name: app, servers: 9, dependsOn: [data]}
    - {name: web, servers: [web-01, web-02], dependsOn: [app]}
faults:
  - {id: burst, api: drs:StartRecovery, error: ThrottlingException, during: {after: wave app starts, for: 4m}}
  - {id: full, server: web-02, phase: LAUNCH, outcome: FAILED}
  - {id: lost, known: event-lost, times: 3}
operators:
  - {when: wave app starts, decide: pause, delay: 1m13s}
  - {when: wave data is launched, decide: resume, delay: 12m37s}
expect:
  outcome: COMPLETED
  order: [data, app, web]
  waves: {app: {status: LAUNCHED}}
"""
FAILING = Check("invariant: something", False, "it holds", "it does not")
Condition = Callable[[Scenario], bool]


def pretending(condition: Condition) -> Callable[[Scenario, int], Result]:
    def run(scenario: Scenario, seed: int) -> Result:
        if not condition(scenario):
            return replace(PASSED, seed=seed)
        return replace(PASSED, seed=seed, verdict=Verdict.FAILED, checks=(FAILING,))

    return run


def shrunk(condition: Condition, tmp_path: Path, text: str = BIG, max_runs: int = 300) -> tuple[Shrunk, Scenario]:
    path = tmp_path / "big.yaml"
    result = shrink(parse(text, path), 7, pretending(condition), tmp_path / "small.yaml", max_runs=max_runs)
    return result, parse(result.text, tmp_path / "small.yaml")


def has_fault(known: str) -> Condition:
    return lambda scenario: any(getattr(fault, "known", None) == known for fault in scenario.faults)


def test_what_the_failure_does_not_need_goes(tmp_path: Path) -> None:
    result, _ = shrunk(has_fault("event-lost"), tmp_path)
    assert result.text.splitlines()[1:] == [
        "# expected: it holds",
        "# happened: it does not",
        "scenario: Everything at once",
        "",
        "fleet:",
        "  waves:",
        "    - {name: web, servers: [web-02]}",
        "",
        "faults:",
        "  - {known: event-lost}",
    ]


def test_the_seed_stays_if_the_failure_needs_it(tmp_path: Path) -> None:
    _, small = shrunk(lambda scenario: scenario.run.seed == 7, tmp_path)
    assert small.run.seed == 7


def test_a_wave_takes_along_what_names_it(tmp_path: Path) -> None:
    _, small = shrunk(lambda scenario: "web-01" in scenario.fleet.server_names, tmp_path)
    assert [(wave.name, wave.server_names) for wave in small.fleet.waves] == [("web", ("web-01",))]
    assert (small.faults, small.operators, small.expect.order) == ((), (), None)


def test_waves_that_stay_depend_on_each_other_across_those_that_go(tmp_path: Path) -> None:
    def needs(scenario: Scenario) -> bool:
        waves = {wave.name: wave for wave in scenario.fleet.waves}
        return "data" in waves and "web" in waves and bool(waves["web"].depends_on)

    _, small = shrunk(needs, tmp_path)
    assert [(wave.name, wave.depends_on) for wave in small.fleet.waves] == [("data", ()), ("web", ("data",))]


def test_the_fewest_servers_that_fail_are_found(tmp_path: Path) -> None:
    result, small = shrunk(lambda scenario: len(scenario.fleet.server_names) >= 5, tmp_path)
    assert len(small.fleet.server_names) == 5
    assert result.is_smallest


def test_times_get_as_short_as_they_may(tmp_path: Path) -> None:
    _, small = shrunk(lambda scenario: any(one.delay.parameters_ms[0] >= 90_000 for one in scenario.operators), tmp_path)
    assert [operator.delay.parameters_ms[0] for operator in small.operators] == [180_000]


def test_a_dependency_circle_is_no_obstacle(tmp_path: Path) -> None:
    circle = "scenario: c\nfleet:\n  waves:\n" + "".join(
        f"    - {{name: {one}, servers: 1, dependsOn: [{other}]}}\n" for one, other in ("ab", "bc", "ca")
    )
    _, small = shrunk(lambda scenario: any(wave.name == "b" for wave in scenario.fleet.waves), tmp_path, circle)
    assert [wave.name for wave in small.fleet.waves] == ["b"]


def test_the_number_of_runs_has_a_bound(tmp_path: Path) -> None:
    result, _ = shrunk(has_fault("event-lost"), tmp_path, max_runs=4)
    assert not result.is_smallest
    assert result.runs <= 5  # the last one makes sure of the result


def test_another_failure_is_not_the_same(tmp_path: Path) -> None:
    def run(scenario: Scenario, seed: int) -> Result:
        name = "invariant: one" if len(scenario.fleet.waves) == 3 else "invariant: other"
        return replace(PASSED, verdict=Verdict.FAILED, checks=(replace(FAILING, name=name),))

    result = shrink(parse(BIG, tmp_path / "big.yaml"), 1, run, tmp_path / "small.yaml")
    assert len(parse(result.text, tmp_path / "small.yaml").fleet.waves) == 3


def test_what_passes_cannot_be_shrunk(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing to shrink: with seed 7 it is PASSED"):
        shrunk(lambda _: False, tmp_path)
