"""Lambda functions: what handlers see, how they end, and that none sees another."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from simulator.account.fault_gates import Gate
from simulator.account.faults import ApiFault, fault_error
from simulator.account.functions import Function
from simulator.account.sandbox import Code
from simulator.errors import HandlerError, ServiceError
from simulator.journal import ApiCall, FunctionReturned, LogLine
from tests.account.conftest import FUNCTIONS, Stage, stage


def test_a_handler_sleeps_in_virtual_time_and_sees_it_pass(staged: Stage) -> None:
    assert staged.invoke("sleep", seconds=45.5).payload == {"slept": 45.5, "monotonic": True}
    assert staged.world.clock.now_ms == 45_500


def test_a_handler_sees_its_own_environment_context_and_modules(staged: Stage) -> None:
    assert staged.invoke("describe").payload == {
        "who": "one", "invocations": 1, "mode": "test", "region": "us-east-1", "remaining_ms": 60_000, "name": "one",
    }  # fmt: skip


def test_a_warm_sandbox_keeps_its_module_state(staged: Stage) -> None:
    staged.invoke("describe")
    assert staged.invoke("describe").payload["invocations"] == 2  # type: ignore[index,call-overload]


def test_concurrent_invocations_get_sandboxes_of_their_own(staged: Stage) -> None:
    invoke = staged.world.functions.invoke
    _, second = staged.run(lambda: invoke("one", {"do": "sleep", "seconds": 5}), lambda: invoke("one", {"do": "describe"}))
    assert second.payload["invocations"] == 1


def test_changes_to_the_environment_stay_in_the_sandbox(staged: Stage) -> None:
    staged.invoke("set environment")
    assert staged.invoke("describe").payload["mode"] == "changed"  # type: ignore[index,call-overload]
    (other,) = staged.run(lambda: staged.world.functions.invoke("two", {"n": 1}))
    assert other.payload == {"who": "two", "double": 2, "mode": "none"}


def test_functions_with_files_of_the_same_name_do_not_meet(staged: Stage) -> None:
    answer = staged.invoke("call other").payload
    assert answer == {"status": 200, "payload": {"who": "two", "double": 40, "mode": "none"}}


def test_modules_of_the_same_name_outside_are_neither_seen_nor_lost(staged: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = ModuleType("helper")
    monkeypatch.setitem(sys.modules, "helper", outside)
    assert staged.invoke("describe").payload["who"] == "one"  # type: ignore[index,call-overload]
    staged.world.functions.deploy(Function("again", Code(FUNCTIONS / "two/index.py", "handler")))
    (other,) = staged.run(lambda: staged.world.functions.invoke("again", {"n": 1}))
    assert other.payload == {"who": "two", "double": 2, "mode": "none"}
    assert sys.modules["helper"] is outside


def test_what_a_handler_prints_and_logs_is_in_the_journal_in_lambdas_format(staged: Stage) -> None:
    staged.invoke("talk", id="x")
    lines = [event.text for _, event in staged.world.journal.of(LogLine) if event.request_id]
    request_id = next(event.request_id for _, event in staged.world.journal.of(LogLine) if event.request_id)
    assert lines == ["one line", f"half [WARNING]\t2026-03-01T02:00:00.000Z\t{request_id}\tcareful: x", "the end"]


def test_an_exception_becomes_lambdas_error_document(staged: Stage) -> None:
    invocation = staged.invoke("fail", id="k")
    assert invocation.error_type == "KeyError"
    assert isinstance(invocation.payload, dict)
    assert invocation.payload["errorMessage"] == "'k'"
    assert [line.split(", line")[0] for line in invocation.payload["stackTrace"]] == [
        '  File "/var/task/index.py"',
        '  File "/var/task/index.py"',
    ]


def test_a_handler_that_exits_ends_its_sandbox(staged: Stage) -> None:
    assert staged.invoke("leave").error_type == "Runtime.ExitError"
    assert staged.invoke("describe").payload["invocations"] == 1  # type: ignore[index,call-overload]


def test_an_answer_that_is_not_json_is_a_marshal_error(staged: Stage) -> None:
    assert staged.invoke("unmarshallable").error_type == "Runtime.MarshalError"


def test_a_handler_is_ended_at_its_timeout_in_virtual_time(staged: Stage) -> None:
    invocation = staged.invoke("stubborn")
    assert invocation.error_type == "Sandbox.Timedout"
    assert re.fullmatch(
        r"2026-03-01T02:01:00.000Z [0-9a-f-]{36} Task timed out after 60.00 seconds", invocation.error_message or ""
    )
    assert [event.duration_ms for _, event in staged.world.journal.of(FunctionReturned)] == [60_000]
    assert staged.invoke("describe").payload["invocations"] == 1  # type: ignore[index,call-overload]


def test_boto3_retries_on_the_virtual_clock_below_the_handler(staged: Stage) -> None:
    throttled = fault_error("ThrottlingException", None, {})
    staged.world.faults.arm([ApiFault("burst", frozenset({"dynamodb:PutItem"}), throttled, Gate(times=3))])
    assert staged.invoke("write", id="a").error_type is None
    calls = [event for _, event in staged.world.journal.of(ApiCall)]
    assert [(call.attempt, call.error, call.fault) for call in calls] == [
        (1, "ThrottlingException", "burst"),
        (2, "ThrottlingException", "burst"),
        (3, "ThrottlingException", "burst"),
        (4, None, None),
    ]
    assert len({call.call for call in calls}) == 1
    assert calls[0].started_ms < calls[1].started_ms < calls[2].started_ms < calls[3].started_ms


def test_the_same_seed_draws_the_same_and_another_seed_does_not() -> None:
    def draws(seed: int) -> object:
        with stage(seed) as ready:
            return ready.invoke("draw").payload

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)


def test_a_run_leaves_the_same_journal_every_time() -> None:
    def journal() -> str:
        with stage() as ready:
            for do in ("write", "draw", "talk", "fail", "call other"):
                ready.invoke(do, id="x")
            return ready.world.journal.to_jsonl()

    assert journal() == journal()


def test_a_handler_that_fails_at_import_is_named_with_its_line(staged: Stage) -> None:
    staged.world.functions.deploy(Function("broken", Code(FUNCTIONS / "broken.py", "handler")))
    with pytest.raises(HandlerError) as caught:
        staged.world.functions.load_all()
    (problem,) = caught.value.problems
    assert problem.where == f"{FUNCTIONS / 'broken.py'}:4"
    assert problem.message == "the handler cannot be imported: KeyError: 'EXECUTIONS_TABLE'"


def test_code_whose_import_never_ends_is_given_up(staged: Stage, tmp_path: Path) -> None:
    path = tmp_path / "waiting.py"
    path.write_text("import time\nwhile True:\n    time.sleep(1)\n", "utf-8")
    staged.world.functions.deploy(Function("waiting", Code(path, "handler")))
    with pytest.raises(HandlerError) as caught:
        staged.world.functions.load_all()
    message = "the handler cannot be imported: that takes more than Lambda's 10 seconds"
    assert [(problem.where, problem.message) for problem in caught.value.problems] == [(str(path), message)]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (Code(FUNCTIONS / "nowhere.py", "handler"), "there is no such file"),
        (Code(FUNCTIONS / "two/index.py", "main"), "there is no function 'main' in this file"),
    ],
)
def test_code_that_is_not_there_is_named(staged: Stage, code: Code, message: str) -> None:
    staged.world.functions.deploy(Function("missing", code))
    with pytest.raises(HandlerError) as caught:
        staged.world.functions.load_all()
    assert [problem.message for problem in caught.value.problems] == [message]


def test_an_unknown_function_is_lambdas_own_error(staged: Stage) -> None:
    seen = []

    def invoke() -> None:
        try:
            staged.world.functions.invoke("three", {})
        except ServiceError as error:
            seen.append((error.code, error.status))

    staged.run(invoke)
    assert seen == [("ResourceNotFoundException", 404)]


def test_code_in_a_package_is_imported_from_above_the_package(tmp_path: Path) -> None:
    package = tmp_path / "app" / "handlers"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    code = Code(package / "main.py", "run")
    assert (code.root, code.owned, code.module) == (tmp_path, tmp_path / "app", "app.handlers.main")


def test_a_function_goes_on_when_its_caller_gives_up_and_its_sandbox_is_kept(staged: Stage) -> None:
    def give_up() -> None:
        caller = staged.world.clock.spawn(
            "caller", lambda: staged.world.functions.invoke("one", {"do": "sleep", "seconds": 30}), supervised=True
        )
        staged.world.clock.sleep_ms(5_000)
        caller.interrupt(TimeoutError("nobody waits any more"))

    staged.run(give_up)
    assert [(at_ms, event.duration_ms) for at_ms, event in staged.world.journal.of(FunctionReturned)] == [(30_000, 30_000)]
    assert staged.invoke("describe").payload["invocations"] == 2  # type: ignore[index,call-overload]
