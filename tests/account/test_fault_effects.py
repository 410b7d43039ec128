"""What faults do to calls besides refusing them, as a boto3 client sees it, and to functions."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from simulator.account import moto_services
from simulator.account.fault_effects import Afterwards, Effect, Partly, Script, Silent, Slow, Stale
from simulator.account.fault_gates import Bucket, Gate
from simulator.account.faults import ApiFault, FunctionFault, fault_error
from simulator.account.world import ACCOUNT_ID
from simulator.journal import ApiCall, FaultFired, FunctionInvoked, FunctionReturned
from tests.account.conftest import Stage

THROTTLED = fault_error("ThrottlingException", None, {})
BUSY = fault_error("InternalServerError", None, {"InternalServerError": 500})


def arm(staged: Stage, operation: str, effect: Effect, gate: Gate | None = None, **limits: str) -> None:
    staged.world.faults.arm([ApiFault("f", frozenset({operation}), effect, gate or Gate(), **limits)])


def tables(staged: Stage) -> Any:
    return moto_services.client("dynamodb", "us-east-1", ACCOUNT_ID)


def put(staged: Stage, *names: str) -> Callable[[], list[str]]:
    def run() -> list[str]:
        seen = []
        for name in names:
            try:
                tables(staged).put_item(TableName="records", Item={"id": {"S": name}})
                seen.append("ok")
            except ClientError as error:
                seen.append(error.response["Error"]["Code"])
        return seen

    return run


def stored(staged: Stage) -> list[str]:
    return sorted(item["id"]["S"] for item in tables(staged).scan(TableName="records")["Items"])


def effects(staged: Stage) -> list[str]:
    return [event.effect for _, event in staged.world.journal.of(FaultFired)]


def test_a_call_without_an_answer_lets_its_caller_wait_and_leaves_nothing(staged: Stage) -> None:
    arm(staged, "dynamodb:PutItem", Silent(15_000), Gate(times=1))

    def wait() -> int:
        with pytest.raises(ReadTimeoutError):
            put(staged, "a")()
        return staged.world.clock.now_ms

    assert staged.run(wait)[0] == 15_010
    assert stored(staged) == []
    (call,) = [call for _, call in staged.world.journal.of(ApiCall) if call.operation == "PutItem"]
    assert (call.status, call.error, call.fault) == (0, "ReadTimeoutError", "f")


def test_a_service_that_cannot_be_reached_refuses_at_once(staged: Stage) -> None:
    arm(staged, "dynamodb:*", Silent(0), region="us-east-1")

    def reach() -> int:
        with pytest.raises(EndpointConnectionError):
            put(staged, "a")()
        return staged.world.clock.now_ms

    assert staged.run(reach) == [10]
    elsewhere = moto_services.client("dynamodb", "eu-west-1", ACCOUNT_ID)
    assert staged.run(elsewhere.list_tables)[0]["TableNames"] == []


@pytest.mark.parametrize("effect", [BUSY, Silent(5_000)])
def test_an_error_after_the_effect_leaves_the_effect(staged: Stage, effect: Any) -> None:
    arm(staged, "dynamodb:PutItem", Afterwards(effect))

    def write() -> None:
        with pytest.raises((ClientError, ReadTimeoutError)):
            tables(staged).put_item(TableName="records", Item={"id": {"S": "a"}})

    staged.run(write)
    assert stored(staged) == ["a"]


def test_boto3_s_own_retries_carry_a_function_over_an_answer_that_never_came(staged: Stage) -> None:
    arm(staged, "dynamodb:PutItem", Silent(15_000), Gate(times=1), by="one")
    assert staged.invoke("write", id="a").error_type is None
    assert [call.attempt for _, call in staged.world.journal.of(ApiCall) if call.operation == "PutItem"] == [1, 2]


def test_a_late_answer_is_as_late_as_its_latency_says(staged: Stage) -> None:
    arm(staged, "dynamodb:PutItem", Slow((3_000, 3_000)))
    staged.run(put(staged, "a"))
    assert (staged.world.clock.now_ms, stored(staged), effects(staged)) == (3_010, ["a"], ["a late answer"])


def test_a_part_of_an_answer_is_replaced(staged: Stage) -> None:
    arm(staged, "dynamodb:ListTables", Partly({"TableNames": ["other"]}))
    (answer,) = staged.run(lambda: tables(staged).list_tables())
    assert answer["TableNames"] == ["other"]


def test_a_stale_read_answers_what_was_true_so_long_ago(staged: Stage) -> None:
    arm(staged, "dynamodb:GetItem", Stale(10_000))

    def read() -> bool:
        return "Item" in tables(staged).get_item(TableName="records", Key={"id": {"S": "a"}})

    def run() -> list[bool]:
        seen = [read()]
        put(staged, "a")()
        for _ in range(3):
            staged.world.clock.sleep_ms(6_000)
            seen.append(read())
        return seen

    assert staged.run(run) == [[False, True, False, True]]
    assert effects(staged) == ["an answer of 10s ago", "an answer of 10s ago"]


def test_a_script_answers_call_by_call_and_then_leaves_them_alone(staged: Stage) -> None:
    arm(staged, "dynamodb:PutItem", Script((None, BUSY, None, THROTTLED)))
    assert staged.run(put(staged, *"abcde")) == [["ok", "InternalServerError", "ok", "ThrottlingException", "ok"]]


def test_a_gate_takes_calls_by_their_number(staged: Stage) -> None:
    arm(staged, "dynamodb:PutItem", BUSY, Gate(calls=frozenset({2, 3})))
    assert staged.run(put(staged, *"abcd")) == [["ok", "InternalServerError", "InternalServerError", "ok"]]


def test_a_token_bucket_lets_a_burst_through_and_fills_again(staged: Stage) -> None:
    arm(staged, "dynamodb:PutItem", BUSY, Gate(bucket=Bucket(2, 0.1)))

    def run() -> list[str]:
        seen = put(staged, *"abc")()
        staged.world.clock.sleep_ms(10_000)
        return seen + put(staged, *"de")()

    assert [[code[:2] for code in codes] for codes in staged.run(run)] == [["ok", "ok", "In", "ok", "In"]]


def test_a_fault_on_everything_spares_what_no_function_or_machine_calls(staged: Stage) -> None:
    arm(staged, "*", fault_error("ExpiredTokenException", None, {}))
    assert staged.run(put(staged, "a")) == [["ok"]]
    assert staged.invoke("write", id="b").error_type == "ClientError"


def struck(staged: Stage, does: str, **more: Any) -> tuple[str | None, list[str]]:
    """How an invocation that writes ends, and what is written."""
    staged.world.faults.arm_function(FunctionFault("f", "one", does, **more))
    return staged.invoke("write", id="a").error_type, stored(staged)


@pytest.mark.parametrize(
    ("does", "error"),
    [("TIMEOUT", "Sandbox.Timedout"), ("CRASH", "Runtime.ExitError"), ("OUT_OF_MEMORY", "Runtime.ExitError")],
)
def test_a_function_breaks_off_before_or_after_its_work(staged: Stage, does: str, error: str) -> None:
    gate = Gate(times=1)
    assert struck(staged, does, gate=gate) == (error, [])
    assert struck(staged, does, gate=gate, takes_effect=True) == (error, ["a"])
    assert staged.invoke("describe").payload["invocations"] == 1  # type: ignore[index,call-overload]  # a new sandbox


def test_a_function_raises_an_error_of_its_own(staged: Stage) -> None:
    assert struck(staged, "ERROR", error="KeyError", message="'x'") == ("KeyError", [])


def test_a_slow_handler_runs_into_its_timeout_and_a_cold_start_does_not(staged: Stage) -> None:
    assert struck(staged, "COLD_START", gate=Gate(times=1), delay=(70_000, 70_000)) == (None, ["a"])
    assert [event.is_cold for _, event in staged.world.journal.of(FunctionInvoked)] == [True]
    assert struck(staged, "SLOW", delay=(70_000, 70_000))[0] == "Sandbox.Timedout"
    assert [event.duration_ms for _, event in staged.world.journal.of(FunctionReturned)] == [10, 60_000]


def test_only_invocations_with_such_a_payload_are_struck(staged: Stage) -> None:
    staged.world.faults.arm_function(FunctionFault("f", "one", "CRASH", payload={"do": "write"}))
    assert staged.invoke("describe").error_type is None
    assert staged.invoke("write", id="a").error_type == "Runtime.ExitError"


def test_a_call_that_took_effect_unknown_to_its_caller_says_so_in_the_journal(staged: Stage) -> None:
    arm(staged, "dynamodb:PutItem", Afterwards(BUSY), Gate(calls=frozenset({1})))
    arm(staged, "dynamodb:PutItem", BUSY, Gate(times=1))
    staged.run(put(staged, *"abc"))
    calls = [call for _, call in staged.world.journal.of(ApiCall)]
    assert [(call.error, call.took_effect) for call in calls] == [
        ("InternalServerError", True),
        ("InternalServerError", False),
        (None, False),
    ]
