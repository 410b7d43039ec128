"""Handlers with threads and event loops: in virtual time, in one order, and never for ever."""

from collections.abc import Iterator

import pytest

from simulator.account import watchdog
from simulator.account.functions import Function
from simulator.account.invocations import Invocation
from simulator.account.sandbox import Code
from simulator.errors import HandlerError
from simulator.journal import ApiCall, LogLine
from simulator.json_types import JsonValue
from tests.account.conftest import FUNCTIONS, Stage, stage


@pytest.fixture
def threaded() -> Iterator[Stage]:
    with stage() as ready:
        deploy(ready)
        yield ready


def deploy(ready: Stage, name: str = "threaded") -> None:
    ready.world.functions.deploy(Function(name, Code(FUNCTIONS / "threaded/index.py", "handler"), {}, 120_000, 256))


def invoke(ready: Stage, do: str, name: str = "threaded") -> Invocation:
    (invocation,) = ready.run(lambda: ready.world.functions.invoke(name, {"do": do}))
    assert isinstance(invocation, Invocation)
    return invocation


def lines(ready: Stage) -> list[str]:
    return [event.text for _, event in ready.world.journal.of(LogLine) if event.function == "threaded"]


@pytest.mark.parametrize(
    ("do", "answer", "took_ms"),
    [
        # 30, 10 and 20 s in three workers, then 40 s in the first that is free: 10 + 40, and a call
        ("pool", {"order": [1, 2, 3, 4], "took": 50.02}, 50_020),
        ("module pool", ["0", "1", "0", "1"], 2_020),
        ("raises", "KeyError('k')", 0),
        ("gather", {"answers": [2, 2, 2], "took": 4}, 4_080),
        ("upload", 9_000_000, 50),
    ],
)
def test_threads_wait_in_virtual_time(threaded: Stage, do: str, answer: JsonValue, took_ms: int) -> None:
    assert (invoke(threaded, do).payload, threaded.world.clock.now_ms) == (answer, took_ms)
    assert threaded.world.clock.blocked() == []


def test_queues_locks_events_and_locals_are_each_threads_own(threaded: Stage) -> None:
    answer = invoke(threaded, "workers").payload
    assert answer == {
        "jobs": [["a", 1], ["b", 2], ["c", 1], ["d", 1]], "alive": [True, True], "after": [False, False],
    }  # fmt: skip


def test_what_a_thread_raises_is_logged_and_ends_it_alone(threaded: Stage) -> None:
    invoke(threaded, "raises")
    assert lines(threaded) == ["Exception in thread unlucky: StopIteration: "]


def test_a_thread_that_is_left_is_frozen_until_the_next_invocation(threaded: Stage) -> None:
    assert invoke(threaded, "left").payload == "left"
    assert lines(threaded) == ["tick 0"]
    threaded.run(lambda: threaded.world.functions.invoke("threaded", {"do": "wait", "seconds": 30}))
    assert lines(threaded) == ["tick 0", "tick 1", "tick 2"]


@pytest.mark.parametrize("do", ["deadlock", "stubborn"])
def test_a_handler_that_does_not_end_times_out_and_does_nothing_more(threaded: Stage, do: str) -> None:
    assert invoke(threaded, do).error_type == "Sandbox.Timedout"
    assert threaded.world.clock.now_ms == 120_000
    assert [call for _, call in threaded.world.journal.of(ApiCall) if call.caller == "threaded"] == []


@pytest.mark.parametrize("do", ["compute", "compute on"])
def test_a_handler_that_computes_for_ever_times_out(do: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "LIMIT_SECONDS", 0.2)
    with stage() as quick:
        deploy(quick)
        invocation = invoke(quick, do)
        assert (invocation.error_type, quick.world.clock.now_ms) == ("Sandbox.Timedout", 120_000)
        assert lines(quick) == ["drsim: the handler computes for ever, without a call or a wait: that counts as its timeout"]
        assert invoke(quick, "module pool").error_type is None


def test_a_module_that_computes_for_ever_cannot_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "LIMIT_SECONDS", 0.2)
    file = FUNCTIONS / "endless.py"
    with stage() as quick:
        quick.world.functions.deploy(Function("endless", Code(file, "handler")))
        with pytest.raises(HandlerError, match="cannot be imported: it computes for ever"):
            quick.world.functions.load_all()


def test_the_same_threads_leave_the_same_journal() -> None:
    def journal() -> list[str]:
        with stage(7) as ready:
            deploy(ready)
            deploy(ready, "other")
            functions = ready.world.functions
            ready.run(
                lambda: functions.invoke("threaded", {"do": "pool"}),
                lambda: functions.invoke("other", {"do": "pool"}),
                lambda: functions.invoke("threaded", {"do": "gather"}),
            )
            return ready.world.journal.lines(0, 10_000)

    assert journal() == journal()
