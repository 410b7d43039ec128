"""What the functions write into their logs, over whole recoveries.

These run in processes of their own: under pytest, Powertools' logger keeps out of the way of pytest's.
"""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@cache
def journal(name: str) -> list[dict[str, Any]]:
    """The journal of a scenario's run."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "simulator", "run", f"scenarios/{name}", "--journal", folder]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        (file,) = Path(folder).glob("*.jsonl")
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def written(name: str) -> list[dict[str, Any]]:
    """What the functions wrote, all of it JSON but for errors that Lambda itself tells."""
    lines = [entry["text"] for entry in journal(name) if entry["kind"] == "log.line"]
    found = [json.loads(line) for line in lines if not line.startswith("[ERROR]")]
    assert len(found) > 10
    return found


def calls(name: str, operation: str) -> list[dict[str, Any]]:
    return [entry for entry in journal(name) if entry["kind"] == "api.call" and entry["operation"] == operation]


def told(name: str, secrets: set[str]) -> list[str]:
    """The lines that tell one of some secrets."""
    assert all(len(secret) > 6 for secret in secrets)
    return [line for line in map(json.dumps, written(name)) if any(secret in line for secret in secrets)]


def test_no_log_tells_an_external_id_or_credentials() -> None:
    name = "places/tags-across-accounts.yaml"
    answers = [str(call["response"]) for call in calls(name, "AssumeRole")]
    given = ("SessionToken", "SecretAccessKey", "AccessKeyId")
    secrets = {answer.partition(f"<{one}>")[2].partition("<")[0] for answer in answers for one in given}
    assert len(secrets) > 6
    assert told(name, secrets | {"erp-4711"}) == []


def task_tokens(name: str) -> set[str]:
    """Those that the state machine gave out, whether or not they were sent back."""
    events = [entry["payload"] for entry in journal(name) if entry["kind"] == "function.invoked"]
    return {event["token"] for event in events if "token" in event}


@pytest.mark.parametrize("name", ["places/tags-across-accounts.yaml", "operators/approval.yaml"])
def test_no_log_tells_a_task_token(name: str) -> None:
    tokens = task_tokens(name)
    assert len(tokens) > 2
    assert told(name, tokens) == []


@pytest.mark.parametrize("name", ["places/tags-across-accounts.yaml", "operators/approval.yaml"])
def test_no_event_notification_or_answer_of_the_api_tells_a_task_token_or_an_external_id(name: str) -> None:
    answers = [
        entry for entry in journal(name) if entry["kind"] == "function.returned" and "multiValueHeaders" in str(entry)
    ]
    outside = [*calls(name, "PutEvents"), *calls(name, "Publish"), *answers]
    assert len(answers) >= 1
    assert len(outside) > 4
    text = json.dumps(outside)
    assert [secret for secret in task_tokens(name) | {"erp-4711"} if secret in text] == []


def test_every_line_has_the_execution_s_id_and_the_numbers_are_metrics() -> None:
    name = "operators/approval.yaml"
    (started,) = calls(name, "StartExecution")
    execution = started["request"]["name"]
    logged = [line for line in written(name) if "_aws" not in line]
    measured = [line for line in written(name) if "_aws" in line]
    assert [line for line in logged if line.get("correlation_id") != execution] == []
    assert {line["service"] for line in logged} == {"recovery"}
    assert {member for line in measured for member in line if member[0].isupper()} == {
        "Executions", "RecoveryTime", "OrchestrationTime", "WaveDuration", "DetectionDelay",
    }  # fmt: skip
    assert {line["executionId"] for line in measured} == {execution}
