"""Coverage: what is counted as reached, and how it is merged."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulator import DrsWorld
from simulator.engine.elements import Kind
from simulator.runner.coverage import MachineCoverage, Share, cover, merged, share
from simulator.runner.coverage_lines import with_lines
from simulator.runner.result import Verdict
from simulator.runner.sweep import run_seeds
from simulator.scenario.loading import parse
from simulator.testing import drs_world
from tests.report.results import PASSED

ROLE = "arn:aws:iam::123456789012:role/states"
GREETING: dict[str, Any] = {
    "StartAt": "Which",
    "States": {
        "Which": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.n", "NumericEquals": 1, "Next": "One"},
                {"Variable": "$.n", "NumericEquals": 2, "Next": "One"},
            ],
            "Default": "Other",
        },
        "One": {"Type": "Pass", "Comment": "whatever", "Next": "Done"},
        "Other": {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:getItem",
            "Parameters": {"TableName": "none", "Key": {"k": {"S": "v"}}},
            "Retry": [
                {"ErrorEquals": ["Nothing.Known"], "MaxAttempts": 0},
                {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1},
            ],
            "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Done"}, {"ErrorEquals": ["States.ALL"], "Next": "One"}],
            "End": True,
        },
        "Done": {"Type": "Succeed"},
    },
}


def create(world: DrsWorld, definition: Mapping[str, Any], name: str = "greeting") -> str:
    created = world.client("stepfunctions").create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
    return str(created["stateMachineArn"])


def run(world: DrsWorld, machine: str, *inputs: Any) -> None:
    for given in inputs:
        world.client("stepfunctions").start_execution(stateMachineArn=machine, input=json.dumps(given))
        world.wait("1m")


def covered(definition: Mapping[str, Any], *inputs: Any) -> MachineCoverage:
    with drs_world() as world:
        run(world, create(world, definition), *inputs)
        (coverage,) = cover(world.journal)
    return coverage


def reached(coverage: MachineCoverage, kind: Kind) -> Sequence[str]:
    pairs = zip(coverage.elements, coverage.counts, strict=True)
    return [str(element) for element, count in pairs if element.kind is kind and count]


def test_rules_of_a_choice_are_told_apart_though_they_lead_to_the_same_state() -> None:
    coverage = covered(GREETING, {"n": 2}, {"n": 2})
    assert reached(coverage, Kind.CHOICES) == ["Which, rule 2 → One"]
    assert reached(coverage, Kind.TRANSITIONS) == ["Which → One", "One → Done"]
    assert coverage.executions == 2


def test_default_retrier_and_catcher_count_when_they_take_effect() -> None:
    coverage = covered(GREETING, {"n": 3})
    assert reached(coverage, Kind.CHOICES) == ["Which, Default → Other"]
    assert reached(coverage, Kind.RETRIERS) == ["Other, retrier 2 (States.ALL)"]
    assert reached(coverage, Kind.CATCHERS) == ["Other, catcher 2 (States.ALL) → One"]
    assert reached(coverage, Kind.STATES) == ["Which", "One", "Other", "Done"]
    assert reached(coverage, Kind.TRANSITIONS) == ["Which → Other", "One → Done", "Other → One"]


def test_a_retrier_that_may_not_retry_is_nothing_to_be_reached() -> None:
    assert covered(GREETING, {"n": 1}).of(Kind.RETRIERS) == Share(0, 1)


def test_states_inside_of_parallel_and_map_count() -> None:
    inner = {"StartAt": "In", "States": {"In": {"Type": "Pass", "Next": "Out"}, "Out": {"Type": "Succeed"}}}
    other = {"StartAt": "Else", "States": {"Else": {"Type": "Pass", "End": True}}}
    definition = {
        "StartAt": "Both",
        "States": {
            "Both": {"Type": "Parallel", "Branches": [inner, other], "Next": "Each"},
            "Each": {
                "Type": "Map",
                "ItemProcessor": {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}},
                "End": True,
            },
        },
    }
    coverage = covered(definition, [1])
    assert share([coverage]) == Share(8, 8)
    assert coverage.of(Kind.STATES) == Share(6, 6)
    assert reached(coverage, Kind.TRANSITIONS) == ["Both → Each", "In → Out"]


def test_children_of_a_distributed_map_count_for_its_machine() -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "First",
        "States": {"First": {"Type": "Pass", "Next": "Last"}, "Last": {"Type": "Succeed"}},
    }
    coverage = covered({"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": processor, "End": True}}}, [1, 2])
    assert share([coverage]) == Share(4, 4)
    assert coverage.executions == 1


def test_an_updated_definition_is_another_one() -> None:
    changed = {
        **GREETING,
        "States": {**GREETING["States"], "Done": {"Type": "Fail"}, "Which": {"Type": "Pass", "End": True}},
    }
    changed["States"] = {"Which": changed["States"]["Which"]}
    with drs_world() as world:
        machine = create(world, GREETING)
        run(world, machine, {"n": 1})
        world.client("stepfunctions").update_state_machine(stateMachineArn=machine, definition=json.dumps(changed))
        run(world, machine, {"n": 1})
        before, after = cover(world.journal)
    assert (before.of(Kind.STATES), after.of(Kind.STATES)) == (Share(3, 4), Share(1, 1))


def test_runs_are_merged_by_definition_whatever_its_comments() -> None:
    commented = {**GREETING, "Comment": "more words"}
    coverages = [covered(GREETING, {"n": 1}), covered(commented, {"n": 3}), covered(GREETING, {"n": 1})]
    (both,) = merged(coverages)
    assert both.executions == 3
    assert both.of(Kind.CHOICES) == Share(2, 3)
    assert dict(zip(map(str, both.elements), both.counts, strict=True))["One"] == 3
    assert [str(element) for element, _ in both.missed] == [
        "Which, rule 2 → One",
        "Other → Done",
        "Other, catcher 1 (States.Timeout) → Done",
    ]


def test_what_was_missed_is_named_with_file_and_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plan.asl.json").write_text(json.dumps(GREETING, indent=1), "utf-8")
    coverage = covered(GREETING, {"n": 1}, {"n": 2})
    found = with_lines(replace(coverage, source="plan.asl.json"))
    places = {str(element): place for element, place in found.missed}
    assert places["Which, Default → Other"] == "plan.asl.json:18"
    assert places["Other"] == "plan.asl.json:25"


def test_a_share_is_never_rounded_up_to_all() -> None:
    assert str(Share(1999, 2000)) == "1999 of 2000 (99.9%)"
    assert Share(0, 0).percent == 100


def expecting(coverage: str, seeds: str = "1..2") -> Any:
    text = "scenario: S\nfleet: {waves: [{name: a, servers: 1}]}\n"
    return parse(f"{text}run: {{seeds: {seeds}}}\nexpect: {{coverage: {coverage}}}\n", Path("s.yaml"))


def test_coverage_is_expected_over_all_seeds_together() -> None:
    by_seed = {1: covered(GREETING, {"n": 1}, {"n": 2}), 2: covered(GREETING, {"n": 3})}

    def result(_: object, seed: int) -> Any:
        return replace(PASSED, seed=seed, coverage=(by_seed[seed],))

    folded = run_seeds(expecting("{states: 100%, choices: 100%, catchers: 60%}"), result)
    assert folded.verdict is Verdict.FAILED
    failed = {check.name: check.happened for check in folded.checks if not check.passed}
    missed = "1 of 2 (50%) were reached; not reached: Other, catcher 1 (States.Timeout) → Done at greeting"
    assert failed == {"coverage of catchers 60%": missed}
    assert folded.coverage[0].executions == 3
