"""What a scenario says of runbooks and health, and what it finds wrong there."""

from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from simulator.account.sites import Sites
from simulator.errors import ScenarioError
from simulator.journal import ApiCall, AutomationChanged, FaultFired, HealthChanged
from simulator.runner.run import run_scenario
from simulator.scenario.loading import parse
from simulator.scenario.plan import plan_document

AROUND = """\
scenario: Around waves
id: around
fleet:
  waves:
    - {name: data, servers: [db], preWave: [{ssm: Freeze, timeout: 5m, onFailure: pause, parameters: {W: all}}], rto: 30m}
    - {name: web, servers: [web], dependsOn: [data], pauseBefore: true, healthCheck: {alarm: web-5xx, within: 10m}}
    - {name: sorry, servers: [sorry], runIf: {wave: web, outcome: [skipped, timed out]}}
    - {name: twin, servers: [twin], runIf: {wave: web, health: green}, healthCheck: [{url: "http://x.test/", status: 204}]}
"""


def test_the_plan_says_what_the_fleet_says() -> None:
    ids = {name: f"id-{name}" for name in ("db", "web", "sorry", "twin")}
    plan: Any = plan_document(parse(AROUND, Path("x.yaml")), ids)
    data, web, sorry, twin = plan["waves"]
    freeze = {"ssm": "Freeze", "parameters": {"W": "all"}, "timeoutMinutes": 5, "onFailure": "pause"}
    assert (data["preWave"], data["rtoMinutes"]) == ([freeze], 30)
    assert web == {
        "name": "web", "servers": ["id-web"], "dependsOn": ["data"], "pauseBefore": True,
        "healthCheck": [{"alarm": "web-5xx", "withinMinutes": 10}],
    }  # fmt: skip
    assert sorry["runIf"] == {"wave": "web", "outcome": ["SKIPPED", "TIMED_OUT"]}
    assert twin["runIf"] == {"wave": "web", "health": "GREEN"}
    assert twin["healthCheck"] == [{"url": "http://x.test/", "status": 204}]


@pytest.mark.parametrize(
    ("wave", "message"),
    [
        ("healthCheck: {within: 5m}", "a check of health needs one of `alarm`, `url` or `ssm`"),
        ("healthCheck: {alarm: a, status: 200}", "`status` and `contains` go with `url`"),
        ("healthCheck: {alarm: a, parameters: {x: y}}", "`parameters` go with `ssm`"),
        ("runIf: {wave: web}", "`runIf` needs either `outcome` or `health`"),
        ("runIf: {wave: wbe, health: red}", "no wave is named `wbe`"),
    ],
)
def test_what_does_not_go_together_is_told(wave: str, message: str) -> None:
    text = f"scenario: x\nfleet: {{waves: [{{name: web, servers: 1}}, {{name: a, servers: 1, {wave}}}]}}\n"
    with pytest.raises(ScenarioError, match=message):
        parse(text, Path("x.yaml"))


def test_a_fault_of_health_that_nobody_looks_at_is_refused() -> None:
    text = "scenario: x\nfleet: {waves: [{name: web, servers: 1, healthCheck: {alarm: web-5xx}}]}\n"
    fault = "faults: [{health: web-5x, outcome: RED}]\n"
    with pytest.raises(ScenarioError, match=r"x.yaml:3:11: no wave is judged by `web-5x` \(did you mean `web-5xx`\?\)"):
        run_scenario(parse(text + fault, Path("x.yaml")))


def test_runbooks_take_their_time_and_health_comes_after_it_and_both_are_in_the_journal() -> None:
    text = """\
scenario: x
fleet: {waves: [{name: web, servers: 1, preWave: [{ssm: Freeze}], healthCheck: {alarm: web-5xx}}]}
runbooks: {Freeze: 2m}
health: {web-5xx: 4m}
faults: [{id: blip, health: web-5xx, outcome: RED, during: {after: web-1 is launched, for: 6m}}]
expect: {outcome: COMPLETED}
"""
    journal = run_scenario(parse(text, Path("x.yaml"))).journal
    runs = [(at_ms, event.status) for at_ms, event in journal.of(AutomationChanged)]
    assert (runs[1][0] - runs[0][0], runs[1][1]) == (120_000, "Success")
    assert [event.fault for _, event in journal.of(FaultFired)] == ["blip"]
    (green,) = journal.of(HealthChanged)
    fired = next(at_ms for at_ms, _ in journal.of(FaultFired))
    assert (green[0] - fired, green[1]) == (360_000, HealthChanged("web-5xx", "GREEN"))


def test_addresses_of_the_world_answer_and_no_others() -> None:
    sites = Sites()
    sites.add("https://shop.example.com/health", lambda: (200, "fine"))
    sites.add("http://shop.example.com:8080/", lambda: (503, "no"))
    with sites.answering():
        with urlopen("https://shop.example.com/health?deep=1") as answer:
            assert (answer.status, answer.read()) == (200, b"fine")
        for url, status in (("http://shop.example.com:8080/", 503), ("https://shop.example.com/other", 404)):
            with pytest.raises(HTTPError) as refused:
                urlopen(url)
            assert refused.value.code == status
            refused.value.close()


def test_to_look_for_a_document_is_no_call_of_whoever_runs_it() -> None:
    text = """\
scenario: x
fleet: {waves: [{name: web, servers: 1, preWave: [{ssm: Freeze}]}]}
faults: [{runbook: Freeze, outcome: MISSING}]
"""
    calls = [call for _, call in run_scenario(parse(text, Path("x.yaml"))).journal.of(ApiCall) if call.service == "ssm"]
    assert [(call.operation, call.error) for call in calls] == [
        ("StartAutomationExecution", "AutomationDefinitionNotFoundException")
    ]
