"""A served world's journal is kept in a file, and reads as if it were in memory."""

import json
from pathlib import Path

import pytest

from simulator.errors import UserError
from simulator.journal import HistoryEvent, Journal, LogLine, read_jsonl
from simulator.server import spill
from simulator.server.spill import Spill
from tests.server.served import START, serving


def filled(journal: Journal, count: int) -> Journal:
    for number in range(count):
        journal.record(HistoryEvent(f"e{number % 3}", number, 0, "TaskStateEntered", "S", {"input": "ä\u2028"}))
        journal.record(LogLine("f", "r", "half \ud800"))
    return journal


@pytest.mark.parametrize("recent", [1, 7, 1000])
def test_a_journal_in_a_file_is_the_one_in_memory(recent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "RECENT", recent)
    entries = Spill(None)
    spilt, kept = filled(Journal(lambda: 5, entries), 20), filled(Journal(lambda: 5), 20)
    assert (list(spilt), len(spilt), spilt[3], spilt[-1]) == (list(kept), 40, kept[3], kept[-1])
    assert spilt.to_jsonl() == kept.to_jsonl()
    assert [spilt.lines(first, 4) for first in (0, 5, 30, 38, 50)] == [kept.lines(first, 4) for first in (0, 5, 30, 38, 50)]
    assert list(spilt.history("e1")) == list(kept.history("e1"))
    assert len(list(kept.history("e1"))) == 7
    assert list(spilt.of(LogLine)) == list(kept.of(LogLine))
    entries.close()


def test_lines_read_back_whatever_texts_they_hold() -> None:
    journal = filled(Journal(lambda: 5), 2)
    text = journal.to_jsonl().encode().decode()
    assert list(read_jsonl(text)) == list(journal)


def test_the_journal_goes_to_a_file_and_a_history_outlives_what_is_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    machine = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    with serving("--speed", "virtual", "--start", START, "--journal", file) as served:
        sfn = served.client("stepfunctions", "us-east-1")
        role = "arn:aws:iam::123456789012:role/r"
        arn = sfn.create_state_machine(name="m", definition=machine, roleArn=role)["stateMachineArn"]
        execution = sfn.start_execution(stateMachineArn=arn, name="one")["executionArn"]
        asked = served.http("GET", "/_drsim/journal?limit=10000")[2]
        events = sfn.get_execution_history(executionArn=execution)["events"]
    assert [event["type"] for event in events][:2] == ["ExecutionStarted", "PassStateEntered"]
    assert file.read_bytes().startswith(asked)
    assert b"GetExecutionHistory" in file.read_bytes()


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere.*cannot be written"):
        Spill(tmp_path / "nowhere" / "journal.jsonl")
