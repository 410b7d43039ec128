"""What an engine's history says, and when: pure readings, without an engine."""

import json
from collections.abc import Mapping
from typing import Any

from simulator.journal import ApiCall, Event, HistoryEvent, Journal, LogLine, RunEnded, RunStarted, StateCaught, StateRetried
from simulator.targets.outside.history import HistoryReader
from simulator.targets.outside.retelling import retold
from simulator.targets.outside.times import Times

DEFINITION = json.dumps(
    {
        "States": {
            "Work": {
                "Retry": [{"ErrorEquals": ["Busy"]}, {"ErrorEquals": ["States.TaskFailed"]}],
                "Catch": [{"ErrorEquals": ["Gone"]}, {"ErrorEquals": ["States.ALL"]}],
            }
        }
    }
)
FAILED = {"taskFailedEventDetails": {"error": "Broken", "resource": "invoke", "resourceType": "lambda"}}


def row(number: int, previous: int, kind: str, seconds: float, **details: Any) -> dict[str, Any]:
    return {"id": number, "previousEventId": previous, "type": kind, "timestamp": 1000 + seconds, **details}


ROWS = [
    row(1, 0, "ExecutionStarted", 0, executionStartedEventDetails={"input": "{}"}),
    row(2, 0, "TaskStateEntered", 1, stateEnteredEventDetails={"name": "Work", "input": "{}"}),
    row(3, 2, "TaskScheduled", 1, taskScheduledEventDetails={"resource": "invoke"}),
    row(4, 3, "TaskFailed", 2, **FAILED),
    row(5, 4, "TaskScheduled", 4, taskScheduledEventDetails={"resource": "invoke"}),
    row(6, 5, "TaskFailed", 5, **FAILED),
    row(7, 6, "TaskStateExited", 5, stateExitedEventDetails={"name": "Work"}),
    row(8, 7, "PassStateEntered", 5, stateEnteredEventDetails={"name": "Mend", "input": "{}"}),
]


def reader() -> HistoryReader:
    return HistoryReader("arn", DEFINITION, lambda wall: round((wall - 1000) * 10_000))


def test_retries_and_catches_are_read_from_what_follows_a_failure() -> None:
    told = [(happened.at_ms, happened.event) for happened in reader().read(ROWS)]
    assert [(at_ms, event) for at_ms, event in told if not isinstance(event, HistoryEvent)] == [
        (20_000, StateRetried("arn", "Work", "Broken", 1, 1, 20_000)),
        (50_000, StateCaught("arn", "Work", "Broken", 1, "Mend")),
    ]


def test_every_event_belongs_to_the_state_that_it_follows_from() -> None:
    events = [happened.event for happened in reader().read(ROWS) if isinstance(happened.event, HistoryEvent)]
    assert [event.state for event in events] == [None, *["Work"] * 6, "Mend"]
    assert (events[3].details["error"], events[3].previous_id) == ("Broken", 3)


def test_an_engine_that_names_no_predecessors_is_read_in_its_order() -> None:
    rows = [{**one, "previousEventId": 0} for one in ROWS]
    told = [happened.event for happened in reader().read(rows)]
    assert [event.state for event in told if isinstance(event, HistoryEvent)] == [None, *["Work"] * 6, "Mend"]
    assert [type(event) for event in told if not isinstance(event, HistoryEvent)] == [StateRetried, StateCaught]


def test_rows_are_read_once() -> None:
    once = reader()
    assert len(list(once.read(ROWS[:3]))) == 3
    assert [happened.event.id for happened in once.read(ROWS[:4]) if isinstance(happened.event, HistoryEvent)] == [4]


def test_wall_time_between_two_looks_is_on_the_line_between_them() -> None:
    times = Times(5_000.0, 60.0)
    times.note(100.0, 0)
    times.note(102.0, 10_000)  # the machine did not keep up
    assert [times.virtual_ms(wall) for wall in (99.0, 101.0, 102.0, 103.0)] == [0, 5_000, 10_000, 70_000]


def test_dates_in_answers_are_the_worlds() -> None:
    times = Times(5_000.0, 60.0)
    times.note(100.0, 0)
    answer: Mapping[str, Any] = {"startDate": 101.0, "events": [{"timestamp": 102.0, "id": 7}], "name": "x"}
    assert times.told(answer) == {"startDate": 5_060.0, "events": [{"timestamp": 5_120.0, "id": 7}], "name": "x"}


def test_a_journal_is_retold_in_the_order_in_which_things_happened() -> None:
    journal = Journal(lambda: 1000 * len(journal))
    entered = HistoryEvent("arn", 1, 0, "ExecutionStarted", None, {})
    happened: list[Event] = [RunStarted("", 1, ""), LogLine("f", "1", "a"), entered, RunEnded("finished")]
    for event in happened:
        journal.record(event)
    told = retold(journal, {2: 500})
    assert [(entry.at_ms, entry.event.kind) for entry in told] == [
        (0, "run.started"), (500, "execution.history"), (1000, "log.line"), (3000, "run.ended"),
    ]  # fmt: skip
    assert not list(told.of(ApiCall))
