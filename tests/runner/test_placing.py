"""A check that fails says what was expected, what happened, when, in which state and wave, and what came before."""

import pytest

from simulator.journal import FleetMade, OperatorActed
from simulator.report.terminal import result_text
from simulator.runner.invariants import Terms, broken_invariants
from simulator.runner.placing import placed
from simulator.runner.result import Check, Result, Verdict
from simulator.runner.run import run_scenario
from simulator.scenario.loading import parse
from tests.runner.story import IDS, WAVES, Story

EVERYTHING = """\
scenario: Nothing is as it should be
fleet: {waves: [{name: data, servers: 1}, {name: app, servers: 2, dependsOn: [data]}]}
faults:
  - {id: bad, server: app-2, phase: LAUNCH, outcome: FAILED, rawError: InsufficientInstanceCapacity}
  - {id: slow-down, api: drs:StartRecovery, error: ThrottlingException, times: 1}
expect:
  outcome: COMPLETED
  reason: the moon is full
  response: {status: 404, contains: nothing}
  rto: 1m
  rpo: 1ms
  order: [app, data]
  notStarted: [data]
  waves: {app: {status: LAUNCHED, within: 1s}}
  calls: {drs:StartRecovery: 9}
  cost: 0.000001 USD
  retries:
    - {state: AwaitJob, intervals: [1s], attempts: 7}
    - {call: drs:StartRecovery, intervals: [1h], attempts: 7}
  notifications: {subject: never sent, count: 3}
  metrics: {NoSuchMetric: {count: 2}}
  always: wave data starts after wave app starts
  never: wave app starts
  sometimes: operator decides cancel
  check: checks.py:object
  coverage: {states: 100%, transitions: 100%, choices: 100%, retriers: 100%, catchers: 100%}
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("scenarios")
    (folder / "checks.py").write_text("def object(run):\n    assert False, 'no'\n", "utf-8")
    return run_scenario(parse(EVERYTHING, folder / "everything.yaml"), seed=3)


def test_every_kind_of_expectation_that_breaks_tells_all(result: Result) -> None:
    broken = [check for check in result.checks if not check.passed]
    assert result.verdict is Verdict.FAILED
    assert len(broken) >= 26
    for check in broken:
        assert check.expected, check.name
        assert check.happened, check.name
        assert check.at_ms is not None, check.name
        assert str(check.where).startswith(("state ", "wave ")), check.name
        assert len(check.before) >= 1, check.name


def test_the_text_has_the_labels_the_seed_and_one_line_to_see_it_again(result: Result) -> None:
    text = result_text(result)
    broken = sum(not check.passed for check in result.checks)
    for label in ("expected  ", "happened  ", "at        ", "before    "):
        assert sum(line.strip().startswith(label) for line in text.splitlines()) == broken, label
    assert "seed 3" in text
    assert text.splitlines()[-1].strip() == f"reproduce: drsim run {result.path} --seed 3"


def test_servers_have_their_names_and_waves_their_states(result: Result) -> None:
    (launched,) = [check for check in result.checks if check.name == "app LAUNCHED"]
    assert launched.where == "state AwaitJob of wave app"
    assert launched.before[-1].endswith("  app-1 is LAUNCHED")
    (retried,) = [check for check in result.checks if check.name == "drs:StartRecovery retried 7x"]
    assert retried.where == "state StartWaveRecovery of wave data"


def test_broken_invariants_tell_where_they_broke() -> None:
    story = Story().record(FleetMade({wave: {name: IDS[name] for name in names} for wave, names in WAVES.items()}))
    story.history("ExecutionStarted").history("TaskStateEntered", "Launch", input='{"wave": "app"}')
    story.at(5).start_recovery("app-1").at(9).start_recovery("app-1").record(OperatorActed("cancel", None, 202, None))
    story.at(20).history("ExecutionSucceeded")
    facts = story.facts()
    terms = Terms({"data": [], "app": ["data"], "web": ["app"]})
    checks = placed(broken_invariants(facts, terms), facts.journal)
    assert {check.name for check in checks} >= {
        "invariant: no wave before its dependencies",
        "invariant: cancel never succeeds",
    }
    assert [check.name for check in checks if check.at_ms is None or not check.before] == []
    assert {check.where for check in checks} == {"state Launch of wave app"}


def test_what_never_came_is_told_of_the_end() -> None:
    journal = Story().at(3).history("TaskStateEntered", "Ask").at(7).history("ExecutionFailed").journal
    (check,) = placed([Check("x", False, "it comes", "it never came")], journal)
    assert (check.at_ms, check.where) == (7_000, "state Ask")
    assert check.before[-2:] == ("0:03  TaskStateEntered Ask", "0:07  ExecutionFailed")


def test_checks_that_hold_are_left_alone() -> None:
    check = Check("x", True, "it comes", "it came")
    assert placed([check], Story().journal) == (check,)
