"""What a scenario says of its servers is what DRS has."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any, get_args

import pytest

from simulator.account.world import ACCOUNT_ID, World
from simulator.drs.model import SourceServer
from simulator.errors import ScenarioError
from simulator.journal import FaultFired, JobChanged, JobLogged
from simulator.runner.result import Verdict
from simulator.runner.run import run_scenario
from simulator.scenario.fleet import ReplicationState
from simulator.scenario.loading import load
from simulator.scenario.model import DEFAULT_START, Scenario
from simulator.targets.drs_settings import drs_settings
from simulator.targets.fleet import build_fleet

STATES = get_args(ReplicationState)
STAGING = "222222222222"


def scenario(folder: Path, text: str) -> Scenario:
    path = folder / "fleet.yaml"
    path.write_text("scenario: a fleet\n" + dedent(text), "utf-8")
    return load(path)


def servers(of: Scenario) -> Mapping[str, SourceServer]:
    world = World(1, DEFAULT_START, of.fleet.region, drs_settings(of))
    return {name: region.state.server_named(name) for name, region in build_fleet(world, of).items()}


def test_servers_have_the_disks_the_origin_and_the_replication_that_their_wave_says(tmp_path: Path) -> None:
    found = servers(
        scenario(
            tmp_path,
            """\
            fleet:
              waves:
                - {name: data, servers: [db-01], volumes: [100GiB, 2TiB], replication: STALLED, originRegion: us-east-2}
                - {name: app, servers: [app-01], volumes: 500GiB}
                - {name: web, servers: [web-01]}
            """,
        )
    )
    told = {name: (server.disks_gib, server.replication.state, server.origin_region) for name, server in found.items()}
    assert told == {
        "db-01": ((100, 2048), "STALLED", "us-east-2"),
        "app-01": ((500,), "CONTINUOUS", None),
        "web-01": ((8,), "CONTINUOUS", None),
    }


def test_what_cannot_be_is_told_with_its_place(tmp_path: Path) -> None:
    text = """\
        fleet:
          waves:
            - {name: a, servers: 1, volumes: 5GB}
            - {name: b, servers: 1, volumes: 65TiB, replication: BROKEN}
            - {name: c, servers: 1, stagingAccount: "222", volumes: []}
        """
    with pytest.raises(ScenarioError) as refused:
        scenario(tmp_path, text)
    assert [str(problem).removeprefix(f"{tmp_path}/").partition(", such")[0] for problem in refused.value.problems] == [
        "fleet.yaml:4:38: expected a whole number and a unit (GiB, TiB) up to 64TiB",
        "fleet.yaml:5:38: expected a whole number and a unit (GiB, TiB) up to 64TiB",
        f'fleet.yaml:5:58: expected one of {", ".join(STATES[:-1])} or {STATES[-1]}, found "BROKEN"',
        'fleet.yaml:6:45: expected an account such as "210987654321", in quotes, found "222"',
        "fleet.yaml:6:52: expected at least one, found an empty list",
    ]


def test_servers_that_cannot_be_extended_are_a_mistake_of_the_file(tmp_path: Path) -> None:
    text = f"""\
        fleet:
          waves:
            - {{name: a, servers: 1, stagingAccount: "{ACCOUNT_ID}"}}
            - {{name: b, servers: 1, stagingAccount: "{STAGING}", replication: DISCONNECTED}}
        """
    with pytest.raises(ScenarioError) as refused:
        servers(scenario(tmp_path, text))
    assert [str(problem).removeprefix(f"{tmp_path}/").partition(": Val")[0] for problem in refused.value.problems] == [
        "fleet.yaml:4:29: its servers cannot be extended",
        "fleet.yaml:5:29: its servers cannot be extended",
    ]


def test_extended_servers_are_converted_in_their_staging_account_and_fail_as_they_do_there(tmp_path: Path) -> None:
    result = run_scenario(
        scenario(
            tmp_path,
            f"""\
            fleet:
              profile: extended
              waves: [{{name: data, servers: [db-01, db-02, db-03], stagingAccount: "{STAGING}", timeout: 3h}}]
            faults:
              - {{id: broken, known: extension-broken, server: db-01}}
              - {{id: silent, known: agent-not-seen, server: db-02}}
            expect: {{outcome: FAILED}}
            """,
        )
    )
    assert result.verdict is Verdict.PASSED
    jobs: list[Any] = [event for _, event in result.journal.of(JobChanged) if event.status == "PENDING"]
    assert [(job.type, len(job.servers)) for job in jobs] == [("LAUNCH", 3), ("CREATE_CONVERTED_SNAPSHOT", 2)]
    assert {event.fault for _, event in result.journal.of(FaultFired)} == {"broken", "silent"}
    logged = [event for _, event in result.journal.of(JobLogged) if event.job == jobs[0].job]
    assert sum(event.event == "USING_PREVIOUS_SNAPSHOT" for event in logged) == 1
    assert [event.data["rawError"] for event in logged if event.event == "CONVERSION_FAIL"] == [
        "The staging account cannot be accessed"
    ]
