"""Job logs written down: a line an event, with the seconds since the job's creation."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest

from tests.drs.world import World

# Of what was observed, the default latencies keep a hundredth; the steps between servers are a few hundredths of a second.
CLOSE, STEP_SECONDS = 0.01, 0.06


def read(trace: str) -> list[tuple[float, str]]:
    """`0.357  SNAPSHOT_START db-1` as (0.357, "SNAPSHOT_START db-1"), line by line."""
    lines = [line.split(maxsplit=1) for line in trace.strip().splitlines()]
    return [(float(seconds), text.strip()) for seconds, text in lines]


def assert_trace(world: World, job_id: str, trace: str, close: float = CLOSE) -> None:
    """Hold a job's log against a trace: each event, of each server, in that order, about then."""
    assert_offsets(world.offsets(job_id), trace, close)


def assert_offsets(found: list[tuple[float, str]], trace: str, close: float = CLOSE) -> None:
    expected = read(trace)
    assert [text for _, text in found] == [text for _, text in expected]
    for (at, text), (wanted, _) in zip(found, expected, strict=True):
        assert at == pytest.approx(wanted, rel=close, abs=STEP_SECONDS), text


def offsets(job: Any, items: Sequence[Any], name: Callable[[str], str]) -> list[tuple[float, str]]:
    """A job's log in short, with the seconds since the job's creation; `name` tells a server's by its id."""
    created = datetime.fromisoformat(job["creationDateTime"])
    return [((datetime.fromisoformat(item["logDateTime"]) - created).total_seconds(), _short(item, name)) for item in items]


def _short(item: Any, name: Callable[[str], str]) -> str:
    server = item["eventData"].get("sourceServerID")
    return f"{item['event']} {name(server)}" if server else str(item["event"])


def reasons(world: World, job_id: str) -> dict[str, str]:
    """What the log gives as the reason of each event that has one, by event and server."""
    named = zip(world.trace(job_id), world.log(job_id), strict=True)
    return {text: item["eventData"]["rawError"] for text, item in named if "rawError" in item["eventData"]}


def seconds(job: Any) -> float:
    """How long a job took."""
    ended, created = (datetime.fromisoformat(job[name]) for name in ("endDateTime", "creationDateTime"))
    return (ended - created).total_seconds()
