"""The scenario that says everything that can be said runs, with the files that it names."""

import json

import simulator
from tests.e2e.conftest import ROOT

FOLDER = ROOT / "examples"


def test_the_example_with_everything_runs_and_holds_with_each_of_its_seeds() -> None:
    (scenario,) = simulator.load(FOLDER / "everything.yaml")
    assert len(scenario.run.every_seed) == 60
    result = simulator.run(scenario, seed=2)
    assert (result.verdict, result.outcome) == ("PASSED", "COMPLETED"), simulator.report_text(result)
    assert [(wave.name, wave.status) for wave in result.waves] == [
        ("data", "LAUNCHED"),
        ("app", "LAUNCHED"),
        ("web", "LAUNCHED"),
    ]


def test_its_baseline_was_written_with_all_its_seeds() -> None:
    written = json.loads((FOLDER / "baselines/DR-2026-014.json").read_text("utf-8"))
    (entry,) = written["scenarios"]
    assert (entry["id"], [run["seed"] for run in entry["seeds"]]) == ("DR-2026-014", list(range(1, 61)))
