"""The clock: order, waiting, interruption, bounds."""

from datetime import UTC, datetime

import pytest

from simulator.clock import Priority, Signal, VirtualClock
from simulator.errors import ClockStuck, HorizonReached


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 3, 1, 2, tzinfo=UTC))


def test_processes_interleave_in_time_order(clock: VirtualClock) -> None:
    seen: list[tuple[int, str]] = []

    def walker(name: str, step_ms: int) -> None:
        for _ in range(3):
            clock.sleep_ms(step_ms)
            seen.append((clock.now_ms, name))

    clock.spawn("slow", lambda: walker("slow", 600_000))
    clock.spawn("fast", lambda: walker("fast", 5_000))
    clock.run()
    assert seen == [
        (5_000, "fast"), (10_000, "fast"), (15_000, "fast"), (600_000, "slow"), (1_200_000, "slow"), (1_800_000, "slow"),
    ]  # fmt: skip


def test_now_is_exact_to_the_millisecond(clock: VirtualClock) -> None:
    clock.spawn("one", lambda: clock.sleep_ms(86_400_001))
    clock.run()
    assert clock.now() == datetime(2026, 3, 2, 2, 0, 0, 1000, tzinfo=UTC)


def test_what_ends_at_its_deadline_is_in_time(clock: VirtualClock) -> None:
    done = Signal(clock)
    seen: list[bool] = []
    clock.spawn("waiter", lambda: seen.append(done.wait(timeout_ms=1_000)))
    clock.call_at(1_000, done.set, Priority.PROCESS)
    clock.run()
    assert seen == [True]


def test_a_wait_that_times_out_says_so_and_lets_go(clock: VirtualClock) -> None:
    done = Signal(clock)
    seen: list[tuple[bool, int]] = []
    clock.spawn("waiter", lambda: seen.append((done.wait(timeout_ms=999), clock.now_ms)))
    clock.call_at(5_000, lambda: done.set("late"))
    clock.run()
    assert seen == [(False, 999)]
    assert done.value == "late"


def test_an_interrupted_process_sees_the_error_where_it_waits(clock: VirtualClock) -> None:
    seen: list[int] = []

    def sleeper() -> None:
        try:
            clock.sleep_ms(10_000)
        except TimeoutError:
            seen.append(clock.now_ms)

    process = clock.spawn("sleeper", sleeper)
    clock.call_at(3_000, lambda: process.interrupt(TimeoutError()))
    clock.run()
    assert seen == [3_000]
    assert clock.now_ms == 3_000


def test_a_process_interrupted_before_it_began_never_runs(clock: VirtualClock) -> None:
    seen: list[str] = []
    process = clock.spawn("stillborn", lambda: seen.append("ran"), supervised=True)
    process.interrupt(TimeoutError())
    clock.run()
    assert seen == []
    assert process.ended.is_set
    assert isinstance(process.error, TimeoutError)


def test_priority_orders_an_instant(clock: VirtualClock) -> None:
    seen: list[str] = []
    clock.call_at(1, lambda: seen.append("deadline"), Priority.DEADLINE)
    clock.call_at(1, lambda: seen.append("process"), Priority.PROCESS)
    clock.call_at(1, lambda: seen.append("service"), Priority.SERVICE)
    clock.run()
    assert seen == ["service", "process", "deadline"]


def test_an_unsupervised_failure_ends_the_run(clock: VirtualClock) -> None:
    def fail() -> None:
        clock.sleep_ms(1)
        raise LookupError("our bug")

    clock.spawn("failing", fail)
    with pytest.raises(LookupError, match="our bug"):
        clock.run()


def test_a_supervised_failure_is_kept_for_the_waiter(clock: VirtualClock) -> None:
    def fail() -> None:
        raise LookupError("theirs")

    process = clock.spawn("failing", fail, supervised=True)
    clock.run()
    assert isinstance(process.error, LookupError)


def test_the_horizon_is_an_error_that_stops_time_there(clock: VirtualClock) -> None:
    clock.spawn("long", lambda: clock.sleep_ms(10_000))
    with pytest.raises(HorizonReached):
        clock.run(until_ms=4_000)
    assert clock.now_ms == 4_000


def test_close_unwinds_what_still_waits(clock: VirtualClock) -> None:
    seen: list[str] = []

    def waiter() -> None:
        try:
            Signal(clock).wait()
        finally:
            seen.append("unwound")

    clock.spawn("waiter", waiter)
    clock.run()
    assert clock.blocked() == ["waiter"]
    clock.close()
    assert seen == ["unwound"]
    assert clock.blocked() == []


def test_a_loop_that_sleeps_no_time_is_given_up(clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.clock.MAX_EVENTS_PER_INSTANT", 1_000)

    def spin() -> None:
        while True:
            clock.sleep_ms(0)

    clock.spawn("spinner", spin)
    with pytest.raises(ClockStuck, match="without time moving"):
        clock.run()


def test_a_run_does_not_go_on_for_companions_alone() -> None:
    clock = VirtualClock(datetime(2026, 3, 1, tzinfo=UTC))
    seen: list[int] = []

    def tick() -> None:
        seen.append(clock.now_ms)
        clock.accompany(100, tick)

    clock.accompany(100, tick)
    clock.spawn("sleeper", lambda: clock.sleep_ms(250))
    clock.run(10_000)
    assert (seen, clock.now_ms) == ([100, 200], 250)


def test_time_that_is_let_pass_is_accompanied() -> None:
    clock = VirtualClock(datetime(2026, 3, 1, tzinfo=UTC))
    seen: list[int] = []
    clock.accompany(100, lambda: seen.append(clock.now_ms))
    clock.run_until(150)
    assert (seen, clock.now_ms) == ([100], 150)
