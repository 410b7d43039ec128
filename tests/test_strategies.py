"""The Hypothesis strategies: what they draw can be run, shrinks to little, and is of the kinds that are asked for."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import simulator
from simulator import strategies
from simulator.journal import ApiCall, Journal
from simulator.scenario.model import Scenario

FLEET: dict[str, Any] = {"waves": [{"name": "data", "servers": 2}, {"name": "app", "servers": 1, "dependsOn": ["data"]}]}
FEW = settings(
    max_examples=20, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)  # fmt: skip


@FEW
@given(strategies.fleets(max_waves=3, max_servers=2))
def test_a_fleet_is_a_scenarios(fleet: dict[str, Any]) -> None:
    (scenario,) = simulator.parse({"scenario": "drawn", "fleet": fleet})
    assert 1 <= len(scenario.fleet.waves) <= 3
    assert all(1 <= len(wave.server_names) <= 2 for wave in scenario.fleet.waves)


def test_a_fleet_shrinks_to_one_server_in_one_wave() -> None:
    few = settings(database=None, derandomize=True, deadline=None, max_examples=30)
    (wave,) = find(strategies.fleets(), lambda fleet: True, settings=few)["waves"]
    assert (wave["name"], wave["servers"]) == ("data", 1)


@FEW
@given(strategies.plans(max_waves=3))
def test_a_plan_is_read_by_a_scenario_with_its_servers(plan: dict[str, Any]) -> None:
    waves = [{"name": wave["name"], "servers": wave["servers"]} for wave in plan["waves"]]
    (scenario,) = simulator.parse({"scenario": "drawn", "fleet": {"waves": waves}, "plan": plan})
    assert [wave.name for wave in scenario.fleet.waves] == [wave["name"] for wave in plan["waves"]]


@FEW
@given(st.data())
def test_only_the_kinds_that_are_asked_for_are_drawn(data: st.DataObject) -> None:
    journal = Journal(lambda: 60_000)
    journal.record(
        ApiCall("drs", "StartRecovery", "us-east-1", "F", "call-1", 1, 0, {}, {}, 202, None, None, None, "1", False)
    )
    drawn = data.draw(strategies.fault_sets(FLEET, journal=journal, only=["refused", "resume"], most=2))
    assert {fault["api"] for fault in drawn["faults"]} <= {"drs:StartRecovery"}
    assert {operator["decide"] for operator in drawn["operators"]} <= {"pause", "resume"}
    assert drawn["faults"] or drawn["operators"]


def test_a_word_that_no_kind_has_is_refused() -> None:
    with pytest.raises(ValueError, match="no kind of fault has nonsense in its name"):
        strategies.fault_sets(FLEET, only=["nonsense"])


BASE = {"scenario": "Held", "fleet": FLEET, "run": {"horizon": "4d"}}


@settings(max_examples=2, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
@given(strategies.scenarios(BASE, only=["throttled", "event-duplicated"], most=1))
def test_a_scenario_runs_and_breaks_no_invariant(scenario: Scenario) -> None:
    result = simulator.run(scenario)
    assert not [check.name for check in result.checks if not check.passed], simulator.report_text(result)
