"""Ten executions at once on one account, whose quotas have room for a part of their jobs."""

import json
from collections import Counter
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from simulator.account.world import World
from simulator.journal import ApiCall, HistoryEvent, JobChanged, Journal
from simulator.scenario.loading import parse
from simulator.scenario.model import Scenario
from simulator.targets.drs_settings import drs_settings
from simulator.targets.requests import ask, json_request
from simulator.targets.staging import Stage

PLANS = range(10)
MAX_JOBS, MAX_SERVERS = 8, 18
QUOTAS = f"drs: {{quotas: {{jobsInProgress: {MAX_JOBS}, serversInJobs: {MAX_SERVERS}}}}}"


def scenario() -> Scenario:
    """Ten plans, each with two waves side by side and one after them, of two servers each."""
    waves = [f"    - {{name: {name}-{plan}, servers: 2}}" for plan in PLANS for name in ("data", "queue", "app")]
    text = "\n".join(["scenario: Ten recoveries at once", QUOTAS, "fleet:", "  waves:", *waves])
    return parse(text, Path("ten.yaml"))


def plan(number: int, ids: Any) -> dict[str, Any]:
    def wave(name: str, *depends_on: str) -> dict[str, Any]:
        return {"name": name, "servers": [ids[f"{name}-{number}-{n}"] for n in (1, 2)], "dependsOn": list(depends_on)}

    return {"planId": f"plan-{number}", "waves": [wave("data"), wave("queue"), wave("app", "data", "queue")]}


@pytest.fixture(scope="module")
def journal() -> Journal:
    """The journal of all ten, started within the same instant."""
    asked = scenario()
    world = World(1, asked.run.start, "us-east-1", drs_settings(asked))
    with world.installed():
        stage = Stage(world, asked)
        stage.build()
        world.account.is_recording = True

        def start(number: int) -> None:
            body = {"plan": plan(number, stage.server_ids)}
            request = json_request("POST", "/executions", json.loads(json.dumps(body)))
            world.journal.record(ask(stage, "${ApiFunctionArn}", request))

        for number in PLANS:
            world.clock.spawn(f"request {number}", partial(start, number))
        world.clock.run(12 * 3_600_000)
    return world.journal


def test_all_complete(journal: Journal) -> None:
    ends = Counter(event.type for _, event in journal.of(HistoryEvent) if event.type.startswith("Execution"))
    assert ends == {"ExecutionStarted": 10, "ExecutionSucceeded": 10}


def test_no_server_is_recovered_twice(journal: Journal) -> None:
    asked: Counter[str] = Counter()
    for _, call in journal.of(ApiCall):
        if call.operation == "StartRecovery" and call.error is None and isinstance(call.request, dict):
            asked.update(server["sourceServerID"] for server in call.request["sourceServers"])
    assert set(asked.values()) == {1}
    assert len(asked) == 60


def test_the_quota_was_met_and_no_wave_failed_of_it(journal: Journal) -> None:
    errors = Counter(call.error for _, call in journal.of(ApiCall) if call.operation == "StartRecovery")
    assert errors["ServiceQuotaExceededException"] > 10
    entered = Counter(event.state for _, event in journal.of(HistoryEvent) if event.type == "TaskStateEntered")
    assert entered["RecordWaveFailure"] == 0


def test_as_many_jobs_ran_at_once_as_the_quota_lets(journal: Journal) -> None:
    steps = [{"PENDING": 1, "COMPLETED": -1}.get(job.status, 0) for _, job in journal.of(JobChanged) if job.type == "LAUNCH"]
    assert max(accumulate(steps)) == MAX_JOBS
