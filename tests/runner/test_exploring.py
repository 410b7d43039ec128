"""What is explored: sets of faults that depend on the seed only, are valid scenarios, and reach every kind."""

from dataclasses import replace
from pathlib import Path

import pytest

from simulator.errors import UserError
from simulator.journal import ApiCall, FunctionInvoked
from simulator.runner.exploring import Seen, cases, ground
from simulator.runner.result import Check, Result, Verdict
from simulator.scenario.loading import parse
from simulator.scenario.model import Scenario
from tests.report.results import PASSED
from tests.runner.story import good_story

CHECK = Check("invariant: something", False, "it holds", "it does not")


def run(_scenario: Scenario, _seed: int) -> Result:
    """A run that calls StartRecovery from a function, and passes."""
    story = good_story().record(FunctionInvoked("OrchestrationFunction", "r", False, {}))
    story.record(ApiCall("dynamodb", "PutItem", "us-east-1", "f", "c", 1, 0, {}, {}, 200, None, None, None))
    return replace(PASSED, journal=story.journal)


def test_the_same_seed_draws_the_same_set() -> None:
    field = ground(None, Path("explored"), run)
    drawn = [[case.data for case in cases(field, range(40))] for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert len({str(data) for data in drawn[0]}) == 40


def test_many_seeds_reach_every_kind() -> None:
    field = ground(None, Path("explored"), run)
    faults = [fault for case in cases(field, range(400)) for fault in case.faults]
    drawn = {fault.id.rpartition(" ")[0] for fault in faults}
    acts = {"operator acts", "operator acts twice", "operators hold and resume", "abort"}
    assert set(field.pack.kinds) - drawn == acts
    decided = {operator.decide.operation for case in cases(field, range(400)) for operator in case.operators}
    assert decided == {"pause", "resume", "cancel", "approve", "refuse", "skip", "retry", "continue", "abort"}


def test_no_fault_is_drawn_that_would_be_the_callers_own_mistake() -> None:
    pack = ground(None, Path("explored"), run).pack
    assert "ValidationException" not in pack.errors["drs:StartRecovery"]
    assert "ConflictException" in pack.errors["drs:StartRecovery"]
    assert "ConditionalCheckFailedException" not in pack.errors["dynamodb:PutItem"]
    assert "AccessDeniedException" not in pack.errors["dynamodb:PutItem"]


def test_a_scenario_keeps_its_fleet_and_gets_faults_and_last_calls(tmp_path: Path) -> None:
    text = "scenario: s\nfleet: {waves: [{name: only, servers: 3, onFailure: pause}]}\nexpect: {outcome: COMPLETED}\n"
    scenario = parse(text, tmp_path / "s.yaml")
    (case,) = cases(ground(scenario, tmp_path, run, only=("no-capacity",)), [5])
    assert case.fleet.waves == scenario.fleet.waves
    assert {fault.id.rpartition(" ")[0] for fault in case.faults} == {"no-capacity"}
    assert [str(operator.reason) for operator in case.operators] == ["last call"] * 6
    assert case.expect.outcome is None
    (strict,) = cases(ground(scenario, tmp_path, run, only=("no-capacity",), keeps_expectations=True), [5])
    assert strict.expect.outcome == "COMPLETED"


def test_what_fails_without_faults_is_not_explored(tmp_path: Path) -> None:
    def fails(_scenario: Scenario, _seed: int) -> Result:
        return replace(PASSED, verdict=Verdict.FAILED, checks=(CHECK,))

    with pytest.raises(UserError, match="it fails without any added fault: invariant: something"):
        ground(None, tmp_path, fails)


def test_a_word_that_no_kind_has_is_refused() -> None:
    with pytest.raises(UserError, match="no kind of fault has earthquake in its name"):
        ground(None, Path("explored"), run, only=("earthquake",))


def test_the_same_way_to_fail_is_one_finding_with_all_its_seeds() -> None:
    field = ground(None, Path("explored"), run)
    seen = Seen()
    for case in cases(field, [1, 2]):
        failed = replace(PASSED, seed=case.run.seed, verdict=Verdict.FAILED, checks=(CHECK, CHECK))
        seen.add(case, failed)
    ((failure, finding),) = seen.findings.items()
    assert (failure.check, finding.seeds, seen.runs) == ("invariant: something", [1, 2], 2)
