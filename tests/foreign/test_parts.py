"""A system in a file of its own, with what it finds when it begins in another."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from simulator.cli.main import exit_code
from simulator.errors import ScenarioError
from simulator.journal import HistoryEvent
from simulator.runner.run import run_scenario
from simulator.scenario.loading import parse
from tests.server.served import serving

FOLDER = Path(__file__).with_name("parts")
SCENARIO = "scenario: x\nfleet: {waves: [{name: a, servers: 1}]}\n"


def output(system: str) -> Any:
    result = run_scenario(parse(f"{SCENARIO}system: {system}\n", FOLDER.parent / "scenario.yaml"))
    *_, (_, last) = result.journal.of(HistoryEvent)
    assert last.type == "ExecutionSucceeded", last.details
    return json.loads(str(last.details["output"]))


def test_tables_buckets_parameters_documents_and_layers_are_there() -> None:
    found = output("parts/system.yaml")
    assert found == {
        "x": 1,
        "First": {
            "Plans": ["two"], "Config": '{"x": 1}', "Mode": "drill", "Document": "Automation", "Shared": "from the layer",
            "Count": 1,
        },
        "Second": found["First"],
    }  # fmt: skip


def test_a_warm_sandbox_keeps_what_it_knows_and_a_file_may_be_overruled() -> None:
    handlers = "{'${LookAroundFunctionArn}': {code: 'parts/look-around/index.py:handler', layers: [parts/layer]}}"
    fixtures = "fixtures: parts/fixtures.yaml, ssmParameters: {/failover/mode: recovery}"
    found = output(f"{{stateMachine: parts/flow.asl.yaml, handlers: {handlers}, {fixtures}}}")
    assert [found[name]["Count"] for name in ("First", "Second")] == [1, 2]
    assert found["First"]["Mode"] == "recovery"


SERVERS = """{
  stateMachine: parts/servers.asl.yaml,
  tables: {Groups: {key: [Group], items: [{Group: one, Servers: ["${serverId.a-1}"]}]}},
  ssmParameters: {/first: "${serverId.a-1} is first"},
  start: {input: {Server: "${serverId.a-1}", PlanId: "${planId}"}}
}"""


def test_servers_stand_by_name_in_items_parameters_and_input() -> None:
    found = output(SERVERS)
    server = found["Server"]
    assert re.fullmatch("s-[0-9a-f]{17}", server)
    assert found == {
        "Server": server,
        "PlanId": "scenario",
        "Item": {"Servers": [{"S": server}]},
        "Parameter": {"First": f"{server} is first"},
    }


@pytest.mark.parametrize("place", ['Servers: ["', '/first: "', '{Server: "'])
def test_a_server_that_the_fleet_does_not_have_is_told_at_its_place(place: str) -> None:
    with pytest.raises(ScenarioError, match=r"scenario.yaml:\d+:\d+: no server is called b-1"):
        output(SERVERS.replace(f"{place}${{serverId.a-1}}", f"{place}${{serverId.b-1}}"))


def test_a_system_without_a_scenario_is_served() -> None:
    with serving("--speed", "virtual", "--start", "2026-03-01T02:00:00Z", "--system", FOLDER / "system.yaml") as served:
        states = served.client("stepfunctions", "us-east-1")
        (machine,) = states.list_state_machines()["stateMachines"]
        arn = states.start_execution(stateMachineArn=machine["stateMachineArn"], input='{"x": 1}')["executionArn"]
        served.admin("clock/advance", {"seconds": 60})
        answer = json.loads(states.describe_execution(executionArn=arn)["output"])
    assert answer == output("parts/system.yaml")


def test_a_file_with_a_system_that_is_not_there_is_told_by_its_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["serve", "--system", "nothing.yaml", "--port", "0"]) == 2
    assert "Invalid value for '--system': File 'nothing.yaml' does not exist." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("tables: {T: {key: [a], types: {b: number}}}", "`b` is in no key"),
        ("tables: {T: {key: [a], indexes: {I: [a, b, c]}}}", "expected one or two attributes, found a list"),
        ("tables: {T: {key: [a], items: [7]}}", "an item must be a mapping"),
        (
            "tables: {T: {key: [a], types: {a: number}, items: [{a: x}]}}",
            "AWS refuses it: One or more parameter values were",
        ),
        ("ssmParameters: {aws/x: y}", "AWS refuses it: "),
        ("documents: {D: parts/nothing.yaml}", "there is no file parts/nothing.yaml"),
        ("buckets: {B: {k: parts/config.json}}", "AWS refuses it: "),
        ("handlers: {'${FArn}': {code: 'parts/x.py:h', layers: [parts/config.json]}}", "parts/config.json is a file"),
        ("fixtures: parts/nothing.yaml", "there is no file parts/nothing.yaml"),
    ],
)
def test_what_is_wrong_with_a_part_is_told_at_its_place(change: str, problem: str) -> None:
    system = {"stateMachine": "parts/pass.asl.yaml"}
    rest = "\n  ".join(f"{key}: {value}" for key, value in system.items())
    with pytest.raises(ScenarioError) as refused:
        run_scenario(parse(f"{SCENARIO}system:\n  {rest}\n  {change}\n", FOLDER.parent / "scenario.yaml"))
    told = [one for one in refused.value.problems if one.message.startswith(problem)]
    assert [one.where.rpartition("scenario.yaml:")[2].split(":")[0] for one in told] == ["5"], refused.value.problems


def test_a_file_in_place_of_the_system_is_told_of_by_its_own_lines(tmp_path: Path) -> None:
    (tmp_path / "system.yaml").write_text("stateMachine: no.asl.json\nsandboxs: fresh\n")
    with pytest.raises(ScenarioError) as refused:
        parse(f"{SCENARIO}system: system.yaml\n", tmp_path / "scenario.yaml")
    assert [(one.where.rpartition("/")[2], one.message) for one in refused.value.problems] == [
        ("system.yaml:1:15", "there is no file no.asl.json"),
        ("system.yaml:2:1", "unknown key `sandboxs` in the system"),
    ]
