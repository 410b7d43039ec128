"""Handlers in Node run in a process of their own, and their calls reach the simulated account."""

import shutil
from collections.abc import Iterator

import pytest

from simulator.account import node
from simulator.account.functions import Function
from simulator.account.invocations import Invocation
from simulator.account.sandbox import Code
from simulator.errors import HandlerError
from simulator.journal import ApiCall, LogLine
from tests.account.conftest import FUNCTIONS, Stage, stage

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node on this machine")


@pytest.fixture
def noded() -> Iterator[Stage]:
    with stage() as ready:
        deploy(ready)
        yield ready


def deploy(ready: Stage, attribute: str = "handler") -> None:
    code = Code(FUNCTIONS / "node/index.mjs", attribute)
    ready.world.functions.deploy(Function("node", code, {"MODE": "test"}, 60_000, 256))


def invoke(ready: Stage, do: str) -> Invocation:
    (invocation,) = ready.run(lambda: ready.world.functions.invoke("node", {"do": do}))
    assert isinstance(invocation, Invocation)
    return invocation


def test_it_sees_the_worlds_time_its_environment_and_a_context_and_stays_warm(noded: Stage) -> None:
    first, second = invoke(noded, "describe").payload, invoke(noded, "describe").payload
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["invocations"], second["invocations"]) == (1, 2)
    assert (first["loaded"], first["now"], first["today"]) == (1772330400000, 1772330400000, "2026-03-01T02:00:00.000Z")
    assert (first["name"], first["mode"], first["remaining"]) == ("node", "test", 60_000)
    assert first["random"] != second["random"]


def test_its_calls_reach_the_account_in_its_name_and_take_their_time(noded: Stage) -> None:
    assert invoke(noded, "write").payload == [200, 200, 200]
    calls = [call for _, call in noded.world.journal.of(ApiCall) if call.caller == "node"]
    written = sorted(str(call.request["Item"]) for call in calls if isinstance(call.request, dict))
    assert written == ["{'id': {'S': 'a'}}", "{'id': {'S': 'b'}}", "{'id': {'S': 'c'}}"]
    assert noded.world.clock.now_ms == 30
    refused = invoke(noded, "refused").payload
    assert isinstance(refused, dict)
    assert str(refused["__type"]).endswith("ResourceNotFoundException")


def test_what_it_prints_is_in_the_journal(noded: Stage) -> None:
    invoke(noded, "talk")
    lines = [event.text.split("\t") for _, event in noded.world.journal.of(LogLine) if event.function == "node"]
    assert [(instant, level, text) for instant, _, level, text in lines] == [
        ("2026-03-01T02:00:00.000Z", "INFO", "one { two: 2 }"),
        ("2026-03-01T02:00:00.000Z", "ERROR", "three\rfour"),
    ]


@pytest.mark.parametrize(
    ("do", "error", "message"),
    [
        ("fail", "TypeError", "not today"),
        ("forget", "Error", "too late"),
        ("leave", "Runtime.ExitError", "Runtime exited with error: exit status 1"),
        ("compute", "Sandbox.Timedout", "Task timed out after 60.00 seconds"),
    ],
)
def test_what_goes_wrong_in_it_is_lambdas_error(
    noded: Stage, do: str, error: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "MOST_SECONDS", 3.0)
    failed = invoke(noded, do)
    assert failed.error_type == error
    assert str(failed.error_message).endswith(message)
    assert isinstance(invoke(noded, "describe").payload, dict)


def test_a_callback_answers_too() -> None:
    with stage() as ready:
        deploy(ready, "counted")
        assert invoke(ready, "anything").payload == "called back"


@pytest.mark.parametrize(
    ("file", "attribute", "problem"),
    [
        ("broken.cjs", "handler", "the handler cannot be imported: RangeError: at import"),
        ("index.mjs", "other", "the handler cannot be imported: Error: there is no function 'other' in this file"),
    ],
)
def test_one_that_cannot_be_imported_is_told_with_its_file(file: str, attribute: str, problem: str) -> None:
    with stage() as ready:
        ready.world.functions.deploy(Function("node", Code(FUNCTIONS / "node" / file, attribute)))
        with pytest.raises(HandlerError) as refused:
            ready.world.functions.load_all()
    assert [(one.where, one.message) for one in refused.value.problems] == [(str(FUNCTIONS / "node" / file), problem)]


def test_without_node_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with stage() as ready:
        deploy(ready)
        with pytest.raises(HandlerError, match="there is no `node` on this machine"):
            ready.world.functions.load_all()
