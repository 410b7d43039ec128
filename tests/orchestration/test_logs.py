"""What the functions write into their logs, over whole recoveries."""

from functools import cache
from pathlib import Path

import pytest

from simulator.journal import ApiCall, LogLine
from simulator.runner.result import Result
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@cache
def run(name: str) -> Result:
    return run_scenario(load(SCENARIOS / name))


def lines(result: Result) -> list[str]:
    found = [line.text for _, line in result.journal.of(LogLine)]
    assert len(found) > 10
    return found


def test_no_log_tells_an_external_id_or_credentials() -> None:
    result = run("places/tags-across-accounts.yaml")
    secrets = {"erp-4711"}
    for _, call in result.journal.of(ApiCall):
        if call.operation == "AssumeRole":
            assert isinstance(call.response, str)
            secrets.add(call.response.partition("<SessionToken>")[2].partition("<")[0])
            secrets.add(call.response.partition("<SecretAccessKey>")[2].partition("<")[0])
    assert len(secrets) > 4
    assert "" not in secrets
    assert [line for line in lines(result) for secret in secrets if secret in line] == []


@pytest.mark.parametrize("name", ["places/tags-across-accounts.yaml", "operators/approval.yaml"])
def test_no_log_tells_a_task_token(name: str) -> None:
    result = run(name)
    tokens = {
        call.request["taskToken"]
        for _, call in result.journal.of(ApiCall)
        if call.operation == "SendTaskSuccess" and isinstance(call.request, dict)
    }
    assert len(tokens) > 2
    assert [line for line in lines(result) for token in tokens if str(token) in line] == []
