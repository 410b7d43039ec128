"""API faults: when they fire, how often, and with what."""

from datetime import UTC, datetime

import pytest

from simulator.account.fault_gates import Gate
from simulator.account.faults import ApiFault, Call, FaultBoard, fault_error, known_errors
from simulator.clock import VirtualClock
from simulator.errors import ServiceError
from simulator.journal import FaultFired, Journal
from simulator.rng import Chance

THROTTLED = ServiceError("ThrottlingException", "Rate exceeded", 429)
CALL = "drs:StartRecovery"


def board(*faults: ApiFault) -> FaultBoard:
    clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
    made = FaultBoard(Chance(7), Journal(lambda: clock.now_ms))
    made.arm(faults)
    return made


def fired(faults: FaultBoard, *instants_ms: int) -> list[bool]:
    return [faults.strike(Call(CALL), at_ms) is not None for at_ms in instants_ms]


def test_a_fault_hits_only_its_operations() -> None:
    faults = board(ApiFault("f", frozenset({CALL}), THROTTLED))
    assert faults.strike(Call("drs:DescribeJobs"), 0) is None
    assert faults.strike(Call(CALL), 0) == ("f", THROTTLED)


def test_a_window_includes_its_start_and_excludes_its_end() -> None:
    faults = board(ApiFault("f", frozenset({CALL}), THROTTLED, Gate(window_ms=lambda: (1_000, 2_000))))
    assert fired(faults, 999, 1_000, 1_999, 2_000) == [False, True, True, False]


def test_a_window_that_has_not_opened_does_nothing() -> None:
    assert fired(board(ApiFault("f", frozenset({CALL}), THROTTLED, Gate(window_ms=lambda: None))), 0, 10**9) == [
        False,
        False,
    ]


def test_times_bounds_the_firings() -> None:
    assert fired(board(ApiFault("f", frozenset({CALL}), THROTTLED, Gate(times=2))), 0, 0, 0) == [True, True, False]


def test_a_rate_fires_about_that_often_and_the_same_every_time() -> None:
    first, second = (
        fired(board(ApiFault("f", frozenset({CALL}), THROTTLED, Gate(rate=0.3))), *range(2_000)) for _ in range(2)
    )
    assert first == second
    assert 0.26 < sum(first) / len(first) < 0.34


def test_another_fault_shifts_no_draw() -> None:
    alone = fired(board(ApiFault("f", frozenset({CALL}), THROTTLED, Gate(rate=0.5))), *range(50))
    other = ApiFault("g", frozenset({"sns:Publish"}), THROTTLED, Gate(rate=0.5))
    both = board(other, ApiFault("f", frozenset({CALL}), THROTTLED, Gate(rate=0.5)))
    mixed = []
    for at_ms in range(50):
        both.strike(Call("sns:Publish"), at_ms)
        mixed.append(both.strike(Call(CALL), at_ms) is not None)
    assert mixed == alone


def test_the_first_fault_that_matches_answers_and_is_journalled() -> None:
    faults = board(ApiFault("a", frozenset({CALL}), THROTTLED, Gate(times=1)), ApiFault("b", frozenset({CALL}), THROTTLED))
    assert [faults.strike(Call(CALL), 0)[0] for _ in range(2)] == ["a", "b"]  # type: ignore[index]
    assert [event for _, event in faults.journal.of(FaultFired)] == [
        FaultFired("a", CALL, "ThrottlingException"),
        FaultFired("b", CALL, "ThrottlingException"),
    ]


def test_an_error_has_its_modelled_status_or_the_common_one() -> None:
    assert fault_error("ConflictException", "busy", {"ConflictException": 409}) == ServiceError(
        "ConflictException", "busy", 409
    )
    assert fault_error("ThrottlingException", None, {}) == ServiceError("ThrottlingException", "Rate exceeded", 429)
    with pytest.raises(KeyError):
        fault_error("NoSuchException", None, {"ConflictException": 409})
    assert "ConflictException" in known_errors({"ConflictException": 409})
