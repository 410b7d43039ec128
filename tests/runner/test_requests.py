"""Requests in a scenario: when they are sent, with what, and what is made of their answers."""

from pathlib import Path

import pytest

from simulator.errors import ScenarioError
from simulator.journal import Asked
from simulator.runner.result import Check, Result
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load

SMALL = """
scenario: Somebody looks on
fleet: {waves: [{name: data, servers: [db-01]}, {name: app, servers: 1, dependsOn: [data]}]}
requests:
"""


def run(tmp_path: Path, *requests: str) -> Result:
    path = tmp_path / "asks.yaml"
    path.write_text(SMALL + "".join(f"  - {{{request}}}\n" for request in requests), "utf-8")
    return run_scenario(load(path))


def checks(result: Result) -> list[Check]:
    return [check for check in result.checks if check.name.startswith("request")]


def test_a_request_is_sent_at_its_moment_and_its_answer_is_judged(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        "when: wave data is launched, delay: 2s, send: 'GET /executions/${executionName}',"
        " expect: {probe: 'waves[].name', tolerance: [data, app]}",
    )
    ((at_ms, asked),) = result.journal.of(Asked)
    assert (asked.number, asked.sent, asked.status) == (1, f"GET /executions/{execution(result)}", 200)
    assert at_ms >= 2_000 + next(wave.ended_ms or 0 for wave in result.waves if wave.name == "data")
    assert [(check.name, check.passed) for check in checks(result)] == [
        ("request 1, GET /executions/${executionName}: 200", True),
        ("request 1, GET /executions/${executionName}: waves[].name", True),
    ]


def execution(result: Result) -> str:
    return next(str(asked.body["executionId"]) for _, asked in result.journal.of(Asked))  # type: ignore[index,call-overload]


def test_another_answer_fails_the_scenario_and_is_shown(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        "when: wave app starts, send: GET /executions/nobody, expect: {probe: title, tolerance: Found}",
        "when: wave app starts, send: GET /executions/nobody, status: 404, expect: {probe: length(nothing), tolerance: 0}",
    )
    status, title, other, broken = checks(result)
    assert not status.passed
    assert "HTTP 404" in status.happened
    assert "there is no execution nobody" in status.happened
    assert (title.passed, title.happened) == (False, "it was Not found")
    assert (other.passed, broken.passed) == (True, False)
    assert "it cannot be told" in broken.happened
    assert status.before[-1].endswith("request: GET /executions/nobody was answered with 404")


def test_a_moment_that_never_comes_fails_the_scenario(tmp_path: Path) -> None:
    result = run(tmp_path, "when: told the sky falls, send: GET /executions")
    (check,) = checks(result)
    assert (check.passed, check.happened) == (
        False,
        "it was never sent: the moment that it waits for did not come",
    )


def test_query_headers_bodies_and_servers_arrive(tmp_path: Path) -> None:
    plan = "{planId: other, waves: [{name: some, servers: ['${serverId.db-01}', s-00000000000000000]}]}"
    result = run(
        tmp_path,
        "when: wave data starts, send: 'GET /executions?limit=200', status: 400",
        "when: wave data starts, send: POST /executions, status: 400, headers: {Idempotency-Key: " + "k" * 256 + "},"
        " body: {planId: '${planId}'}, expect: {probe: detail, tolerance: an Idempotency-Key has 1 to 255 characters}",
        "when: wave data starts, send: POST /executions, status: 400, text: '{'",
        f"when: wave data starts, send: POST /executions, status: 409, body: {{plan: {plan}}}",
    )
    assert [check.happened for check in checks(result) if not check.passed] == []


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ("when: 1m, send: executions", "expected a method and a path, such as GET /executions"),
        ("when: 1m, send: GET /, body: 1, text: x", "a request has either `body` or `text`"),
        ("when: 1m, send: GET /, expect: {probe: 'a[', tolerance: 1}", "expected a JMESPath expression"),
        ("when: 1m, send: GET /, status: 42", "expected a number of at least 100, found 42"),
        ("when: wave ghost starts, send: GET /", "ghost"),
        ("when: 1m, send: GET /, handler: nobody", "nobody"),
        ("when: 1m, send: POST /, body: ['${serverId.db-1}']", "no server is called db-1"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, request_: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        run(tmp_path, request_)


def test_requests_need_somebody_who_takes_them(tmp_path: Path) -> None:
    path = tmp_path / "deaf.yaml"
    system = "system: {stateMachine: m.json, start: {input: {}}}\n"
    path.write_text(SMALL + "  - {when: 5m, send: GET /}\n" + system, "utf-8")
    (tmp_path / "m.json").write_text("{}", "utf-8")
    with pytest.raises(ScenarioError, match="`requests` need a `handler`"):
        load(path)
