"""Runbooks, checks of health, conditions and planned pauses: what a plan may say, what follows, what is recorded."""

from datetime import timedelta
from typing import Any

import pytest

from orchestration import health, looks, operators, policy, steps, store
from orchestration.plan import InvalidPlan, read_plan
from orchestration.record import Record, closed, new_record, wave_ended, wave_of
from orchestration.telling import events_between, failure_of, timing
from tests.orchestration.conftest import NOW, SERVERS, Account

AT = "2026-03-01T02:{:02d}:00.000Z"
FREEZE = {"ssm": "FreezeWrites"}
GREEN = {"phase": "healthCheck", "alarm": "web-5xx", "status": "SUCCEEDED"}
RED = {"phase": "healthCheck", "alarm": "web-5xx", "status": "FAILED"}
BOTH = {server: {"launchStatus": "LAUNCHED"} for server in SERVERS[:2]}


def plan(*waves: dict[str, Any]) -> dict[str, Any]:
    named = [{"name": f"w{at}", "servers": [SERVERS[at]], **wave} for at, wave in enumerate(waves)]
    return {"planId": "erp", "waves": named}


def record(**wave: Any) -> Record:
    """An execution under way of one wave with two servers."""
    document = {"planId": "erp", "waves": [{"name": "web", "servers": list(SERVERS[:2]), **wave}]}
    return new_record("e-1", read_plan(document), is_drill=True, now=NOW) | {"status": "RUNNING"}


def launched(**wave: Any) -> Record:
    """The same once its servers have launched, ten minutes in."""
    asked = record(**wave)
    return wave_ended(asked, "web", BOTH, NOW + timedelta(minutes=10), is_timed_out=False)


def web(execution: Record) -> Record:
    return wave_of(execution, "web")


@pytest.mark.parametrize(
    ("wave", "pointer", "message"),
    [
        ({"preWave": {}}, "preWave", "preWave must be a list of runbooks, at most 10"),
        ({"preWave": ["x"]}, "preWave/0", "preWave has JSON objects"),
        ({"preWave": [{}]}, "preWave/0/ssm", "ssm must be the name or ARN of a Systems Manager document"),
        ({"postWave": [FREEZE | {"within": 1}]}, "postWave/0/within",
         "a runbook has no field 'within'; it has onFailure, parameters, ssm, timeoutMinutes"),
        ({"postWave": [FREEZE | {"parameters": {"a": 1}}]}, "postWave/0/parameters",
         "parameters must be an object of texts and lists of texts"),
        ({"postWave": [FREEZE | {"parameters": {"a": "x" * 4000}}]}, "postWave/0/parameters",
         "parameters may have at most 4000 characters"),
        ({"preWave": [FREEZE | {"timeoutMinutes": 0}]}, "preWave/0/timeoutMinutes",
         "timeoutMinutes must be a number from 0.1 to 1440"),
        ({"preWave": [FREEZE | {"onFailure": "x"}]}, "preWave/0/onFailure",
         "onFailure must be one of stop, continue, pause"),
        ({"healthCheck": {"alarm": "a", "url": "http://b"}}, "healthCheck", "a check of health has one of alarm, url, ssm"),
        ({"healthCheck": 3}, "healthCheck", "healthCheck must be a check or a list of them, at most 10"),
        ({"healthCheck": {"alarm": ""}}, "healthCheck/alarm", "alarm must be the name of a CloudWatch alarm"),
        ({"healthCheck": {"url": "ftp://x"}}, "healthCheck/url",
         "url must be an address that begins with http:// or https://"),
        ({"healthCheck": {"url": "http://x.y", "status": 99}}, "healthCheck/status",
         "status must be a number from 100 to 599"),
        ({"healthCheck": [{"url": "http://x.y", "contains": 1}]}, "healthCheck/0/contains", "contains must be a text"),
        ({"pauseBefore": "yes"}, "pauseBefore", "pauseBefore must be true or false"),
        ({"rtoMinutes": 0}, "rtoMinutes", "rtoMinutes must be a number from 0.1 to 10080"),
        ({"runIf": {"wave": "w1"}}, "runIf", "runIf is an object with wave, and either outcome or health"),
        ({"runIf": {"wave": "w1", "outcome": "UP"}}, "runIf/outcome",
         "outcome must be one or a list of LAUNCHED, PARTIAL, FAILED, TIMED_OUT, SKIPPED"),
        ({"runIf": {"wave": "w1", "health": "UP"}}, "runIf/health", "health must be GREEN or RED"),
        ({"runIf": {"wave": 3, "health": "RED"}}, "runIf/wave", "wave must be the name of a wave"),
        ({"preWave": [{"ssm": "Move", "parameters": {"Ids": "${instances}"}}]}, "preWave/0/parameters",
         "no instances are known before the wave has launched"),
    ],
)  # fmt: skip
def test_what_is_wrong_around_a_wave_is_told(wave: dict[str, Any], pointer: str, message: str) -> None:
    with pytest.raises(InvalidPlan) as refused:
        read_plan(plan(wave, {}))
    assert [(flaw.pointer, flaw.message) for flaw in refused.value.flaws] == [(f"/waves/0/{pointer}", message)]


@pytest.mark.parametrize(
    ("other", "condition", "flaw"),
    [
        ({}, {"wave": "none", "outcome": "LAUNCHED"}, "wave 'w1' runs if 'none' ..., which is no wave"),
        ({}, {"wave": "w0", "health": "GREEN"}, "wave 'w0' has no healthCheck"),
        ({}, {"wave": "w0", "outcome": ["FAILED", "TIMED_OUT"]},
         "wave 'w0' stops the plan if it fails; it needs another onFailure"),
        ({"healthCheck": {"alarm": "a"}}, {"wave": "w0", "health": "RED"},
         "wave 'w0' stops the plan if its health is RED; it needs another onFailure"),
        ({"runIf": {"wave": "w1", "outcome": "SKIPPED"}}, {"wave": "w0", "outcome": "SKIPPED"},
         "the waves depend on each other in a cycle: w0 -> w1 -> w0"),
    ],
)  # fmt: skip
def test_a_condition_that_can_never_be_met_is_refused(other: dict[str, Any], condition: Any, flaw: str) -> None:
    with pytest.raises(InvalidPlan) as refused:
        read_plan(plan(other, {"runIf": condition}))
    assert [one.message for one in refused.value.flaws] == [flaw]


def test_a_list_of_more_than_fifty_servers_does_not_fit_into_a_runbook_s_parameter() -> None:
    servers = [f"s-{number:017d}" for number in range(51)]
    told = {"ssm": "Move", "parameters": {"Ids": "${sourceServers}"}}
    with pytest.raises(InvalidPlan, match="a parameter takes at most 50 values, and the wave has 51 servers"):
        read_plan(plan({"servers": servers, "postWave": [told]}))


@pytest.mark.parametrize(
    ("other", "condition", "expected"),
    [
        ({"status": "RUNNING"}, {"outcome": ["FAILED"]}, None),
        ({"status": "FAILED", "isAccepted": True}, {"outcome": ["FAILED"]}, "START"),
        ({"status": "LAUNCHED"}, {"outcome": ["FAILED"]}, "SKIP"),
        ({"status": "VERIFYING", "steps": [RED]}, {"health": "RED"}, None),
        ({"status": "FAILED", "steps": [RED]}, {"health": "RED"}, "START"),
        ({"status": "LAUNCHED", "steps": [GREEN]}, {"health": "RED"}, "SKIP"),
        ({"status": "LAUNCHED", "steps": [GREEN]}, {"health": "GREEN"}, "START"),
        ({"status": "SKIPPED", "steps": [GREEN | {"status": "NOT_STARTED"}]}, {"health": "GREEN"}, "SKIP"),
    ],
)
def test_a_condition_decides_once_the_other_wave_has_ended(
    other: dict[str, Any], condition: dict[str, Any], expected: str | None
) -> None:
    first = {"name": "web", "dependsOn": [], "servers": [], **other}
    second = {
        "name": "sorry",
        "dependsOn": [],
        "servers": [],
        "status": "NOT_STARTED",
        "runIf": {"wave": "web", **condition},
    }
    turn = policy.turn_of({"waves": [first, second]}, second)
    assert (turn and turn[0]) == expected


def test_a_plan_of_which_a_condition_left_a_wave_out_has_completed() -> None:
    waves = [{"status": "LAUNCHED", "servers": []}, {"status": "SKIPPED", "isRuledOut": True, "servers": []}]
    assert policy.outcome({"waves": waves}) == "COMPLETED"


def test_a_wave_whose_servers_have_launched_is_verified_before_it_ends() -> None:
    verifying = web(launched(postWave=[FREEZE], healthCheck={"alarm": "web-5xx"}))
    assert (verifying["status"], verifying["launchedAt"], "endedAt" in verifying) == ("VERIFYING", AT.format(10), False)
    assert [step["phase"] for step in verifying["steps"]] == ["postWave", "healthCheck"]


def test_the_same_step_is_not_begun_twice() -> None:
    begun = steps.step_started(record(preWave=[FREEZE]), "web", 0, NOW)
    assert steps.step_started(begun, "web", 0, NOW + timedelta(minutes=1)) == begun
    assert (web(begun)["status"], web(begun)["steps"][0]["attempt"]) == ("PREPARING", 1)


@pytest.mark.parametrize(
    ("of_step", "of_wave", "status", "is_passed_over"),
    [
        ("stop", "stop", "FAILED", False),
        ("stop", "pause", "AWAITING_OPERATOR", False),
        ("pause", "stop", "AWAITING_OPERATOR", False),
        ("continue", "pause", "PREPARING", True),
        ("stop", "continue", "FAILED", False),
    ],
)
def test_what_follows_a_failed_step_is_for_the_plan_to_say(
    of_step: str, of_wave: str, status: str, is_passed_over: bool
) -> None:
    begun = steps.step_started(record(preWave=[FREEZE | {"onFailure": of_step}], onFailure=of_wave), "web", 0, NOW)
    ended = web(steps.step_ended(begun, "web", 0, "FAILED", "no such host", NOW))
    assert (ended["status"], "isPassedOver" in ended["steps"][0]) == (status, is_passed_over)
    if not is_passed_over:
        assert ended["error"] == {"code": "RunbookFailed", "message": "runbook FreezeWrites failed: no such host"}


@pytest.mark.parametrize(
    ("operation", "step", "decision"), [("retry", "NOT_STARTED", "STEPS"), ("continue", "FAILED", "STEPS")]
)
def test_an_operator_decides_on_the_step_that_a_wave_failed_at(operation: str, step: str, decision: str) -> None:
    begun = steps.step_started(launched(healthCheck={"alarm": "web-5xx", "onFailure": "pause"}), "web", 0, NOW)
    failed = steps.step_ended(begun, "web", 0, "FAILED", "red", NOW)
    waiting = failed | {"waves": [web(failed) | {"operatorToken": "t"}]}
    decided = operators.WAVE_OPERATIONS[operation](waiting, operators.note_of(operation, "ops", NOW, wave="web"))
    assert (web(decided)["status"], web(decided)["steps"][0]["status"]) == ("VERIFYING", step)
    assert [told for _, *told in policy.answers(decided)] == [["t", {"decision": decision}]]
    if operation == "continue":
        assert web(steps.steps_done(decided, "web", NOW))["status"] == "PARTIAL"


def test_the_plan_pauses_once_before_a_wave_whose_turn_has_come(account: Account) -> None:
    account.started(plan={"waves": [{"name": "data", "servers": [SERVERS[0]], "pauseBefore": True}]})
    wait = {"turnToken": "t"}
    paused = store.update("e-1", lambda current: current | {"waves": [current["waves"][0] | wait]})
    assert {name: paused["paused"][name] for name in ("by", "reason")} == {"by": "the plan", "reason": "before wave data"}
    told = {"decision": "PAUSED", "reason": "the plan pauses before wave data", "approvalSeconds": 0}
    assert [answer for _, *answer in policy.answers(paused)] == [["t", told]]
    note = operators.note_of("resume", "ops", NOW)
    resumed = store.update(
        "e-1", lambda current: operators.resumed(current | {"waves": [paused["waves"][0] | {"turnToken": "u"}]}, note)
    )
    assert "paused" not in resumed


def test_orchestration_ends_where_health_is_only_waited_for() -> None:
    step = GREEN | {"startedAt": AT.format(12), "endedAt": AT.format(20)}
    wave = {"name": "web", "status": "LAUNCHED", "dependsOn": [], "servers": [], "startedAt": AT.format(1)}
    ended = wave | {"endedAt": AT.format(20), "steps": [step], "rtoMinutes": 15}
    execution = {"createdAt": AT.format(0), "status": "COMPLETED", "rtoMinutes": 30, "waves": [ended]}
    assert timing(execution, NOW) == {
        "orchestrationSeconds": 720.0, "recoverySeconds": 1200.0, "criticalPath": ["web"], "rtoMet": True
    }  # fmt: skip


@pytest.mark.parametrize(("outcome", "is_met"), [("LAUNCHED", True), ("FAILED", False)])
def test_what_did_not_recover_meets_no_rto(outcome: str, is_met: bool) -> None:
    statuses = {server: {"launchStatus": outcome} for server in SERVERS[:2]}
    ended = wave_ended(record(rtoMinutes=20), "web", statuses, NOW + timedelta(minutes=10), is_timed_out=False)
    over = closed(ended | {"rtoMinutes": 20}, None, NOW + timedelta(minutes=11))
    assert (over["rtoMet"], web(over)["rtoMet"], web(over)["recoverySeconds"]) == (is_met, is_met, 600.0)


def test_a_recovery_in_part_says_what_is_missing() -> None:
    statuses = {SERVERS[0]: {"launchStatus": "LAUNCHED"}, SERVERS[1]: {"launchStatus": "FAILED", "reason": "no room"}}
    asked = record(minimumHealthyShare=0.5, preWave=[FREEZE | {"onFailure": "continue"}])
    begun = steps.step_ended(steps.step_started(asked, "web", 0, NOW), "web", 0, "TIMED_OUT", "slow", NOW)
    over = closed(wave_ended(begun, "web", statuses, NOW, is_timed_out=False), None, NOW)
    missing = f"wave web: 1 of 2 servers did not launch: {SERVERS[1]} FAILED: no room; runbook FreezeWrites TIMED_OUT: slow"
    assert (over["status"], over["error"]) == ("PARTIAL", {"code": "Partial", "message": missing})
    assert failure_of(over, {"Error": "X", "Cause": "y"}) == {"code": "X", "message": "y"}


def test_the_history_has_every_step() -> None:
    before = record(preWave=[FREEZE])
    after = steps.step_started(before, "web", 0, NOW)
    assert [event for event in events_between(before, after) if event["type"] == "step"] == [
        {"type": "step", "wave": "web", "step": "runbook FreezeWrites", "phase": "preWave", "status": "RUNNING"}
    ]


def test_parameters_are_filled_in() -> None:
    wave = launched()["waves"][0]
    known = [server | {"recoveryInstanceId": f"i-{at}"} for at, server in enumerate(wave["servers"])]
    given = {"Ids": "${instances}", "From": ["${sourceServers}", "x"], "Text": "${kind} ${executionId} ${wave} ${other}"}
    assert looks.parameters(record(), wave | {"servers": known}, {"parameters": given}) == {
        "Ids": ["i-0", "i-1"], "From": [*SERVERS[:2], "x"], "Text": ["Drill e-1 web ${other}"]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("statuses", "status", "reason"),
    [
        ({"i-1": "Success", "i-2": "Success"}, "SUCCEEDED", ""),
        ({"i-1": "Success"}, None, "the command runs"),
        ({"i-1": "Failed", "i-2": "InProgress"}, None, "the command runs"),
        ({"i-1": "Failed", "i-2": "Success"}, None, "the command failed on i-1: Failed"),
    ],
)
def test_a_command_has_to_succeed_everywhere(statuses: dict[str, str], status: str | None, reason: str) -> None:
    look = health.commanded(statuses, ["i-1", "i-2"])
    assert (look.status, look.reason) == (status, reason)


@pytest.mark.parametrize(
    ("answer", "error", "status", "reason"),
    [
        ({"isHealthy": True}, None, "SUCCEEDED", ""),
        ({"isHealthy": False, "reason": "it answers 503"}, None, None, "it answers 503"),
        ({"errorMessage": "x"}, "Unhandled", None, "the probe failed: {'errorMessage': 'x'}"),
        (None, None, None, "the probe failed: None"),
    ],
)
def test_a_probe_that_fails_is_not_green(answer: Any, error: str | None, status: str | None, reason: str) -> None:
    look = health.probed(answer, error)
    assert (look.status, look.reason) == (status, reason)


def test_a_hundred_waves_with_runbooks_and_checks_stay_within_the_history() -> None:
    around = {"preWave": [FREEZE], "postWave": [FREEZE], "healthCheck": {"alarm": "a", "withinMinutes": 30}}
    many = [{"name": f"w{n}", "servers": [f"s-{n:017d}"], "timeoutMinutes": 10, **around} for n in range(100)]
    waves = read_plan({"planId": "erp", "waves": many}).waves
    assert min(wave.poll_seconds for wave in waves) > 15
