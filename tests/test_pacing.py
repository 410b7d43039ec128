"""The paced clock: how far time goes when, and work from outside. Wall time is a number here that only waiting moves."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime

import pytest

from simulator.clock import Signal, VirtualClock
from simulator.errors import ClockStopped, ClockStuck
from simulator.pacing import Pace, PacedClock
from simulator.wall import Inbox, MachineWall, Outside


class Wall:
    """Wall time that passes only where somebody waits; `at` says what happens outside, and when."""

    def __init__(self) -> None:
        self.now = 0.0
        self.plan: list[tuple[float, Callable[[], object]]] = []

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        self.plan.append((seconds, action))
        self.plan.sort(key=lambda planned: planned[0])

    def seconds(self) -> float:
        return self.now

    def receive(self, inbox: Inbox, seconds: float | None) -> Outside | None:
        until = None if seconds is None else self.now + seconds
        while inbox.empty() and self.plan and (until is None or self.plan[0][0] <= until):
            self.now, action = max(self.now, self.plan[0][0]), self.plan[0][1]
            del self.plan[0]
            action()
        if not inbox.empty():
            return inbox.get_nowait()
        assert until is not None, "nothing will ever happen"
        self.now = until
        return None


class Bench:
    """A paced clock with its wall, and the failures it told of."""

    def __init__(self, speed: float | None) -> None:
        self.clock = VirtualClock(datetime(2026, 3, 1, 2, tzinfo=UTC))
        self.wall = Wall()
        self.failures: list[BaseException] = []
        self.paced = PacedClock(self.clock, speed, self.failures.append, self.wall)

    def ask_at(self, seconds: float, work: Callable[[], object]) -> list[Future[object]]:
        futures: list[Future[object]] = []
        self.wall.at(seconds, lambda: futures.append(self.paced.submit("request", work)))
        return futures

    def run_for(self, seconds: float) -> None:
        self.wall.at(seconds, self.paced.stop)
        self.paced.run()


def answer(futures: list[Future[object]]) -> object:
    (future,) = futures
    return future.result(timeout=0)


def test_an_event_waits_for_its_wall_time() -> None:
    bench, seen = Bench(60), list[float]()
    bench.clock.call_at(90_000, lambda: seen.append(bench.wall.now))
    bench.run_for(10)
    assert seen == [1.5]
    assert bench.clock.now_ms == 600_000


def test_a_request_finds_the_time_that_has_passed_since_the_last_one() -> None:
    bench = Bench(1)
    first = bench.ask_at(2, lambda: bench.clock.now_ms)
    second = bench.ask_at(3_600.25, lambda: bench.clock.now_ms)
    bench.run_for(4_000)
    assert (answer(first), answer(second)) == (2_000, 3_600_250)


def test_a_request_that_needs_time_takes_its_wall_time() -> None:
    bench, ended = Bench(10), list[float]()

    def work() -> int:
        bench.clock.sleep_ms(5_000)
        ended.append(bench.wall.now)
        return bench.clock.now_ms

    asked = bench.ask_at(1, work)
    bench.run_for(5)
    assert answer(asked) == 15_000
    assert ended == [1.5]


def test_without_a_speed_time_passes_only_as_far_as_a_request_needs() -> None:
    bench, seen = Bench(None), list[int]()
    for at_ms in (500, 1_000, 1_001):
        bench.clock.call_at(at_ms, lambda: seen.append(bench.clock.now_ms))
    asked = bench.ask_at(100, lambda: bench.clock.sleep_ms(1_000))
    bench.run_for(200)
    assert answer(asked) is None
    assert (seen, bench.clock.now_ms) == ([500, 1_000], 1_000)


def test_while_paused_nothing_passes_and_requests_wait() -> None:
    bench = Bench(1)
    bench.ask_at(1, bench.paced.pause)
    slow = bench.ask_at(2, lambda: bench.clock.sleep_ms(10))
    quick = bench.ask_at(3, bench.paced.pace)
    bench.wall.at(4, lambda: seen.append(slow[0].done()))
    seen = list[bool]()
    bench.ask_at(5, bench.paced.resume)
    late = bench.ask_at(6, lambda: bench.clock.now_ms)
    bench.run_for(7)
    assert answer(quick) == Pace(now_ms=1_000, next_ms=1_010, speed=1, is_paused=True, waiting=1)
    assert seen == [False]
    assert answer(slow) is None
    assert answer(late) == 2_000


def test_a_step_goes_to_the_next_event_and_stays_there() -> None:
    bench, seen = Bench(1), list[int]()
    for at_ms in (60_000, 90_000):
        bench.clock.call_at(at_ms, lambda: seen.append(bench.clock.now_ms))
    bench.ask_at(1, bench.paced.step)
    bench.run_for(40)
    assert (seen, bench.clock.now_ms) == ([60_000], 60_000)


def test_a_step_with_nothing_ahead_only_pauses() -> None:
    bench = Bench(1)
    bench.ask_at(1, bench.paced.step)
    bench.run_for(40)
    assert bench.clock.now_ms == 1_000


@pytest.mark.parametrize("speed", [1, None])
def test_advancing_takes_no_wall_time_and_leaves_nothing_out(speed: float | None) -> None:
    bench, seen = Bench(speed), list[tuple[int, float]]()
    bench.clock.call_at(5_000, lambda: seen.append((bench.clock.now_ms, bench.wall.now)))
    asked = bench.ask_at(1, lambda: bench.paced.advance_ms(3_600_000))
    bench.run_for(2)
    assert answer(asked) is None
    assert seen == [(5_000, 1)]
    assert bench.clock.now_ms == (3_602_000 if speed else 3_600_000)


def test_time_goes_on_from_where_it_was_when_the_speed_changes() -> None:
    bench = Bench(1)
    bench.ask_at(10, lambda: bench.paced.set_speed(100))
    bench.run_for(20)
    assert bench.clock.now_ms == 10_000 + 1_000_000


@pytest.mark.parametrize("speed", [0, -1, 10_001, float("nan")])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(ValueError, match=r"from 0\.001 to 10000"):
        Bench(speed)


def test_what_the_machine_cannot_keep_up_with_is_lost() -> None:
    bench = Bench(10)

    def heavy() -> None:
        bench.wall.now += 100

    bench.clock.call_at(10_000, heavy)
    bench.clock.call_at(10_001, lambda: None)
    bench.run_for(102)
    assert bench.clock.now_ms < 30_000


def test_an_error_reaches_who_asked_and_nobody_else() -> None:
    bench = Bench(1)

    def fail() -> None:
        raise LookupError("our bug")

    asked, other = bench.ask_at(1, fail), bench.ask_at(2, lambda: "fine")
    bench.run_for(3)
    with pytest.raises(LookupError, match="our bug"):
        answer(asked)
    assert answer(other) == "fine"
    assert bench.failures == []


def test_the_failure_of_a_process_that_nobody_waits_for_is_told_and_the_world_goes_on() -> None:
    bench = Bench(1)

    def fail() -> None:
        bench.clock.sleep_ms(1)
        raise LookupError("our bug")

    bench.clock.spawn("background", fail)
    other = bench.ask_at(2, lambda: "fine")
    bench.run_for(3)
    assert [str(error) for error in bench.failures] == ["our bug"]
    assert answer(other) == "fine"


def test_a_stuck_clock_refuses_work_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.clock.MAX_EVENTS_PER_INSTANT", 1_000)
    bench = Bench(1)

    def spin() -> None:
        while True:
            bench.clock.sleep_ms(0)

    spinning, waiting = bench.ask_at(2, spin), bench.ask_at(1, lambda: Signal(bench.clock).wait())
    later = bench.ask_at(3, lambda: "never")
    bench.run_for(4)
    for asked in (spinning, waiting, later):
        with pytest.raises(ClockStuck, match="without time moving"):
            answer(asked)
    assert isinstance(bench.paced.trouble, ClockStuck)
    bench.clock.close()


def test_stopping_lets_work_finish_within_its_grace() -> None:
    bench = Bench(1)
    quick = bench.ask_at(1, lambda: bench.clock.sleep_ms(5_000))
    slow = bench.ask_at(1, lambda: bench.clock.sleep_ms(50_000))
    bench.wall.at(2, lambda: bench.paced.stop(grace_seconds=10))
    bench.paced.run()
    assert answer(quick) is None
    with pytest.raises(ClockStopped):
        answer(slow)
    assert bench.wall.now == pytest.approx(12)
    bench.clock.close()


def test_stopping_does_not_wait_where_there_is_nothing_to_wait_for() -> None:
    bench = Bench(1)
    bench.wall.at(2, lambda: bench.paced.stop(grace_seconds=10))
    bench.paced.run()
    assert bench.wall.now == 2


def test_work_that_comes_after_the_end_is_refused() -> None:
    bench = Bench(1)
    bench.run_for(1)
    with pytest.raises(ClockStopped):
        bench.paced.submit("late", lambda: None).result(timeout=0)


def test_work_comes_in_from_other_threads() -> None:
    clock = VirtualClock(datetime(2026, 3, 1, 2, tzinfo=UTC))
    paced = PacedClock(clock, None, lambda error: None, MachineWall())
    seen: list[object] = []

    def ask() -> None:
        seen.append(paced.submit("request", lambda: clock.sleep_ms(60_000)).result(timeout=30))
        seen.append(threading.get_ident() == paced.submit("where", threading.get_ident).result(timeout=30))
        paced.stop()

    thread = threading.Thread(target=ask)
    thread.start()
    paced.run()
    thread.join(timeout=30)
    assert seen == [None, False]
    assert clock.now_ms == 60_000
