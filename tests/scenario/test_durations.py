"""Durations: what is read, what is written, what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.scenario.durations import MAX_MS, format_duration, parse_duration_ms


@pytest.mark.parametrize(
    ("text", "duration_ms"),
    [
        ("90s", 90_000),
        ("4m", 240_000),
        ("1h30m", 5_400_000),
        ("250ms", 250),
        ("1d", 86_400_000),
        ("0s", 0),
        ("1m250ms", 60_250),
        ("1d2h3m4s5ms", 93_784_005),
        ("366d", 31_622_400_000),
    ],
)
def test_duration_is_read_exactly(text: str, duration_ms: int) -> None:
    assert parse_duration_ms(text) == duration_ms


@pytest.mark.parametrize("text", ["", "90", "s", "1.5h", "-4m", "1m1h", "1h1h", "4 m", "4M", "4min", " 4m", "٤m", "1:30"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration such as 90s, 4m or 1h30m"):
        parse_duration_ms(text)


def test_more_than_a_year_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a duration of at most 366d"):
        parse_duration_ms("366d1ms")


@pytest.mark.parametrize(("duration_ms", "text"), [(0, "0s"), (5_400_000, "1h30m"), (90_000, "1m30s"), (250, "250ms")])
def test_duration_is_written_short(duration_ms: int, text: str) -> None:
    assert format_duration(duration_ms) == text


@given(st.integers(min_value=0, max_value=MAX_MS))
def test_what_is_written_reads_back_the_same(duration_ms: int) -> None:
    assert parse_duration_ms(format_duration(duration_ms)) == duration_ms
