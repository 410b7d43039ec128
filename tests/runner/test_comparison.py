"""Two runs on two targets: what counts as a difference between them, and what does not."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulator.cli.main import exit_code
from simulator.cli.target_options import Where
from simulator.journal import HistoryEvent, Journal
from simulator.runner.comparison import NOTHING, compare
from simulator.runner.result import Result, Verdict
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load
from simulator.scenario.model import Scenario
from simulator.targets import embedded
from simulator.targets.recording import Recording
from simulator.targets.target import NOTHING as NOTHING_LACKING
from tests.report.results import PASSED

Row = tuple[int, int, str, str | None, dict[str, Any]]
SMALL = "scenario: small\nfleet: {waves: [{name: data, servers: 1}]}\nexpect: {outcome: COMPLETED}\n"


def result(*rows: Row, **changes: Any) -> Result:
    journal = Journal(lambda: 0)
    for number, previous, kind, state, details in rows:
        journal.record(HistoryEvent("arn", number, previous, kind, state, details))
    return replace(PASSED, journal=journal, **changes)


def entered(number: int, previous: int, state: str, **details: Any) -> Row:
    return number, previous, "TaskStateEntered", state, {"name": state, **details}


def differences(a: Result, b: Result) -> list[tuple[str, str, str, str, int]]:
    return [(one.about, one.where, one.a, one.b, one.count) for one in compare(a, b)]


def test_another_outcome_is_a_difference() -> None:
    assert differences(result(), result(verdict=Verdict.FAILED, outcome="FAILED")) == [
        ("outcome", "verdict", "PASSED", "FAILED", 1),
        ("outcome", "outcome", "COMPLETED", "FAILED", 1),
    ]


def test_outputs_are_compared_as_json() -> None:
    def ends(output: str) -> Result:
        return result((1, 0, "ExecutionSucceeded", None, {"output": output}))

    assert differences(ends('{"a": 1, "b": [1, 2]}'), ends('{"b":[1,2],"a":1}')) == []
    assert differences(ends('{"a": 1, "b": [1, 2]}'), ends('{"a":1,"b":[1,3,4]}')) == [
        ("output", "ExecutionSucceeded output.b[1]", "2", "3", 1),
        ("output", "ExecutionSucceeded output.b[2]", NOTHING, "4", 1),
    ]


def test_times_and_what_is_drawn_anew_are_no_difference() -> None:
    one = {"at": "2026-03-01T02:00:00Z", "elapsedSeconds": 12, "token": "a", "id": "b89f60ba-7144-4863-a35a-909657b6c479"}
    other = {"at": "2026-03-01T02:09:00Z", "elapsedSeconds": 99, "token": "b", "id": "00000000-7144-4863-a35a-909657b6c479"}
    assert differences(result(entered(1, 0, "A", **one)), result(entered(1, 0, "A", **other))) == []


def test_an_order_between_branches_is_no_difference() -> None:
    def started(number: int, index: int) -> Row:
        return number, 1, "MapIterationStarted", "M", {"name": "M", "index": index}

    begin: Row = (1, 0, "MapStateStarted", "M", {})
    one = result(begin, started(2, 0), started(3, 1), entered(4, 2, "A", input="0"), entered(5, 3, "A", input="1"))
    other = result(begin, started(2, 1), entered(3, 2, "A", input="1"), started(4, 0), entered(5, 4, "A", input="0"))
    assert differences(one, other) == []
    third = result(begin, started(2, 0), started(3, 1), entered(4, 2, "A", input="0"), entered(5, 3, "B", input="1"))
    assert differences(one, third) == [
        ("history", "M[1] A", "TaskStateEntered", NOTHING, 1),
        ("history", "M[1] B", NOTHING, "TaskStateEntered", 1),
    ]


def test_the_same_difference_at_many_places_is_told_once() -> None:
    one = result(*(entered(number, number - 1, f"S{number}", input='{"x": {"y": 1}}') for number in range(1, 5)))
    other = result(*(entered(number, number - 1, f"S{number}", input="{}") for number in range(1, 5)))
    assert differences(one, other) == [("history", "S1 TaskStateEntered input.x", '{"y": 1}', NOTHING, 4)]


def test_a_loop_that_went_round_more_often_is_told_by_its_states() -> None:
    rounds = [entered(number, number - 1, "Poll" if number % 2 else "Rest") for number in range(1, 7)]
    assert differences(result(*rounds), result(*rounds[:2])) == [
        ("history", "Poll", "TaskStateEntered", NOTHING, 2),
        ("history", "Rest", "TaskStateEntered", NOTHING, 2),
    ]


class Elsewhere:
    """Another target, which does the same or uses another seed."""

    name, lacks = "moto", NOTHING_LACKING

    def __init__(self, shift: int) -> None:
        self._shift = shift

    def run(self, scenario: Scenario, seed: int) -> Recording:
        return embedded.run(scenario, seed + self._shift)


@pytest.mark.parametrize(
    ("shift", "code", "said"), [(0, 0, "the same outcome, output and event history"), (1, 1, "history: ")]
)
def test_the_command_says_whether_there_are_differences(
    shift: int, code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "small.yaml").write_text(SMALL, "utf-8")

    def opened(where: Where) -> object:
        return Elsewhere(shift if where.name == "moto" else 0)

    monkeypatch.setattr("simulator.cli.targets.target_of", opened)
    assert exit_code(["compare", "--targets", "embedded,moto", str(tmp_path / "small.yaml")]) == code
    assert said in capsys.readouterr().out


def test_two_runs_of_a_seed_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, "utf-8")
    assert compare(run_scenario(load(path)), run_scenario(load(path))) == []
