"""The shipped scenarios reach all of the bundled state machine."""

import pytest

from simulator.engine.elements import Kind
from simulator.runner.coverage import MachineCoverage, merged
from tests.shared_runs import SharedRuns, shipped


@pytest.fixture(scope="module")
def covered(pytestconfig: pytest.Config, shared_runs: SharedRuns) -> MachineCoverage:
    runs = [
        shared_runs.run(scenario, scenario.run.seed) for scenario in shipped(pytestconfig) if not scenario.system.template
    ]
    machines = {one.source: one for one in merged(one for run in runs for one in run.coverage)}
    return machines["asl/recovery_plan.asl.json"]


@pytest.mark.parametrize("kind", list(Kind))
def test_the_shipped_scenarios_reach_all_of_the_bundled_state_machine(kind: Kind, covered: MachineCoverage) -> None:
    missed = [f"{place} {element}" for element, place in covered.missed if element.kind is kind]
    assert missed == []
    assert covered.of(kind).total > 0
