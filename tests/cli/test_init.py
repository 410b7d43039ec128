"""`drsim init`: a project that runs, and that takes nothing away from what is there."""

import json
from pathlib import Path

import pytest
import yaml

from simulator.cli.main import exit_code
from simulator.scenario.loading import load

FILES = [
    "scenarios/three-tiers.yaml",
    "plans/three-tiers.json",
    ".github/workflows/drsim.yaml",
    ".pre-commit-config.yaml",
    ".drsim/scenario.schema.json",
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_project_passes_its_check_and_its_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["init"]) == 0
    assert [path for path in FILES if not (folder / path).is_file()] == []
    assert capsys.readouterr().out.splitlines()[:2] == [
        "  wrote     scenarios/three-tiers.yaml", "  wrote     plans/three-tiers.json",
    ]  # fmt: skip
    assert exit_code(["check"]) == 0
    assert exit_code(["run"]) == 0
    assert "1 scenario: 1 passed" in capsys.readouterr().out


def test_the_scenario_names_the_schema_that_is_written_beside_it(folder: Path) -> None:
    exit_code(["init"])
    scenario = folder / FILES[0]
    modeline, _, schema = scenario.read_text("utf-8").splitlines()[0].partition("$schema=")
    assert modeline == "# yaml-language-server: "
    assert "scenario" in json.loads((scenario.parent / schema).read_text("utf-8"))["properties"]


def test_the_workflow_and_the_hook_are_yaml_that_calls_drsim(folder: Path) -> None:
    exit_code(["init"])
    workflow = yaml.safe_load((folder / FILES[2]).read_text("utf-8"))
    commands = [step.get("run", "") for step in workflow["jobs"]["drsim"]["steps"]]
    assert any(command.startswith("drsim run scenarios") for command in commands)
    assert yaml.safe_load((folder / FILES[3]).read_text("utf-8"))["repos"][0]["hooks"][0]["entry"] == "drsim check"


def test_what_is_there_is_kept_and_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code(["init"])
    for name in (FILES[0], FILES[3]):
        (folder / name).write_text("mine\n")
    capsys.readouterr()
    assert exit_code(["init", "elsewhere/.."]) == 0
    said = capsys.readouterr().out
    assert [(folder / name).read_text() for name in (FILES[0], FILES[3])] == ["mine\n", "mine\n"]
    assert "kept      elsewhere/../scenarios/three-tiers.yaml (it is there already)" in said
    assert "unchanged elsewhere/../plans/three-tiers.json" in said
    assert "add to .pre-commit-config.yaml:\n\nrepos:\n" in said


def test_force_replaces_and_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "plans").mkdir()
    (folder / "plans/three-tiers.json").write_text("mine\n")
    assert exit_code(["init", "--force"]) == 0
    assert "  replaced  plans/three-tiers.json\n" in capsys.readouterr().out
    assert json.loads((folder / "plans/three-tiers.json").read_text())["name"] == "Three tiers"


def test_another_folder_is_made_and_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["init", "drills"]) == 0
    assert (folder / "drills/scenarios/three-tiers.yaml").is_file()
    assert "  cd drills\n" in capsys.readouterr().out


def test_a_folder_that_cannot_be_made_exits_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "taken").write_text("")
    assert exit_code(["init", "taken/x"]) == 2
    assert "cannot be written" in capsys.readouterr().err


TEMPLATE = """
Parameters: {Stage: {Type: String, AllowedValues: [test, live]}, Size: {Type: Number, Default: 3}}
Resources:
  Plans:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{AttributeName: PlanId, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: PlanId, AttributeType: S}]
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: arn:aws:iam::123456789012:role/x
      Definition:
        StartAt: Look
        States:
          Look: {Type: Pass, Parameters: {a.$: $.PlanId, b.$: $.IsDrill, c.$: $.Reason}, End: true}
"""


def test_a_scenario_from_a_template_runs_its_state_machine(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "stack").mkdir()
    (folder / "stack/template.yaml").write_text(TEMPLATE)
    assert exit_code(["init", "--from", "stack/template.yaml"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "  wrote     scenarios/stack.yaml"
    system = load(Path("scenarios/stack.yaml")).system
    assert system.parameters == {"Stage": "test"}
    assert system.start.input == {"PlanId": "${planId}", "IsDrill": "${isDrill}", "Reason": ""}
    assert "Plans: {items: []}   # each with PlanId" in Path("scenarios/stack.yaml").read_text()
    exit_code(["run", "scenarios/stack.yaml", "--jobs", "1"])
    assert "outcome COMPLETED" in capsys.readouterr().out


FLOW = """
StartAt: Load
States:
  Load: {Type: Task, Resource: "arn:x", ResultPath: $.plan, Next: Hold}
  Hold: {Type: Wait, SecondsPath: $.pause, Next: Each}
  Each:
    Type: Map
    ItemsPath: $.plan.waves
    ItemSelector: {drill.$: $.isDrill, wave.$: $$.Map.Item.Value}
    ItemProcessor: {StartAt: In, States: {In: {Type: Task, Resource: "arn:x", Parameters: {a.$: $.item}, End: true}}}
    Next: Tell
  Tell:
    Type: Task
    Resource: "arn:x"
    Parameters: {b.$: $.later, c.$: "States.Format('{}', $$.Execution.Input.reason)"}
    End: true
"""


def given_input(flow: str) -> object:
    """What `drsim init` gives the state machine of a nested stack."""
    Path("stack/nested").mkdir(parents=True)
    Path("stack/root.yaml").write_text(
        "Resources:\n  App: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: nested/app.yaml}}\n"
    )
    machine = "{Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: flow.asl.yaml}}"
    Path("stack/nested/app.yaml").write_text(
        f"Resources:\n  Machine: {machine}\n  Plans: {{Type: AWS::Serverless::SimpleTable}}\n"
    )
    Path("stack/nested/flow.asl.yaml").write_text(flow)
    assert exit_code(["init", "--from", "stack/root.yaml"]) == 0
    system = load(Path("scenarios/stack.yaml")).system
    assert (system.resource, list(system.tables)) == ("App.Machine", ["App.Plans"])
    return system.start.input


def test_the_input_has_what_is_read_before_it_is_replaced_and_by_the_context_object(folder: Path) -> None:
    assert given_input(FLOW) == {"pause": "", "isDrill": "${isDrill}", "reason": ""}


def test_the_input_has_what_jsonata_reads(folder: Path) -> None:
    task = (
        "{Type: Task, Resource: 'arn:x', Arguments: {a: '{% $states.input.planId & $states.context.Execution.Input.who %}'}"
    )
    last = "{Type: Succeed, Output: '{% $states.input.not %}'}"
    flow = f"QueryLanguage: JSONata\nStartAt: A\nStates:\n  A: {task}, Next: B}}\n  B: {last}\n"
    assert given_input(flow) == {"planId": "${planId}", "who": ""}


def test_a_template_without_a_state_machine_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("t.yaml").write_text("Resources:\n  Q: {Type: AWS::SQS::Queue}\n")
    assert exit_code(["init", "--from", "t.yaml"]) == 2
    assert capsys.readouterr().err.startswith("t.yaml:1:1: the template has no state machine")
