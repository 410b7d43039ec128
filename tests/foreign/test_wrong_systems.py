"""What somebody's system does wrong is told: in AWS's words where AWS would, by file and line where it cannot run at all."""

from pathlib import Path

import pytest

from simulator.cli.main import exit_code
from simulator.errors import UserError
from simulator.journal import HistoryEvent
from simulator.runner.result import Result, Verdict
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load

SCENARIO = """
scenario: a system with a mistake
system:
  stateMachine: flow.asl.yaml
  handlers: {"${WorkFunctionArn}": {code: "work/index.py:handler", timeout: 20s}}
  tables: {Plans: {key: [PlanId]}}
  environment: {MODE: drill}
  start: {input: {PlanId: one}}
fleet: {waves: [{name: a, servers: 1}]}
run: {horizon: 2h}
expect: {outcome: COMPLETED, invariants: {except: [completed-means-launched]}}
"""
FLOW = """
StartAt: Work
States:
  Work: {Type: Task, Resource: "${WorkFunctionArn}", Next: Pause}
  Pause: {Type: Wait, SecondsPath: $.Seconds, Next: Choose}
  Choose: {Type: Choice, Choices: [{Variable: $.Left, NumericEquals: 0, Next: Done}], Default: Work}
  Done: {Type: Succeed}
"""
HANDLER = """
import json, os, boto3
MODE = os.environ["MODE"]
drs, table, functions = boto3.client("drs"), boto3.resource("dynamodb").Table("Plans"), boto3.client("lambda")
def handler(event, context):
    table.put_item(Item={"PlanId": event["PlanId"]})
    drs.describe_source_servers(filters={})
    return {"PlanId": event["PlanId"], "Seconds": 5, "Left": 0}
"""


def run(folder: Path, file: str = "", old: str = "", new: str = "") -> Result:
    texts = {"scenario.yaml": SCENARIO, "flow.asl.yaml": FLOW, "work/index.py": HANDLER}
    (folder / "work").mkdir()
    for name, text in texts.items():
        assert name != file or text.count(old) == 1
        (folder / name).write_text(text.replace(old, new) if name == file else text)
    return run_scenario(load(folder / "scenario.yaml"))


def test_without_a_mistake_it_passes(tmp_path: Path) -> None:
    assert run(tmp_path).verdict is Verdict.PASSED


PY, ASL = "work/index.py", "flow.asl.yaml"
BODY = "    drs.describe_source_servers(filters={})\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (PY, '{"PlanId": event["PlanId"]})', '{"planId": event["PlanId"]})', "ClientError|ValidationException"),
        (PY, 'Table("Plans")', 'Table("plans")', "ResourceNotFoundException|ResourceNotFoundException"),
        (PY, "describe_source_servers(filters={})", "describe_source_server()", "AttributeError|has no attribute"),
        (PY, "filters={})", "filter={})", "ParamValidationError|Unknown parameter in input"),
        (PY, BODY, "    drs.start_recovery(sourceServers=[dict(sourceServerID='s-0123456789abcdef0')])\n", "Conflict|"),
        (PY, BODY, "    drs.describe_jobs(filters={})['items'][0]\n", "IndexError|range"),
        (PY, BODY, "    functions.invoke(FunctionName='Nothing')\n", "ResourceNotFoundException|Function not found"),
        (PY, BODY, "    return {1}\n", "Runtime.MarshalError|not JSON serializable"),
        (PY, BODY, "    import time; time.sleep(60)\n", "Sandbox.Timedout|Task timed out after 20.00 seconds"),
        (PY, BODY, "    while True: drs.describe_jobs()\n", "Sandbox.Timedout|Task timed out after 20.00 seconds"),
        (PY, BODY, "    raise SystemExit(3)\n", "Runtime.ExitError|exit status 1"),
        (PY, BODY, "    os._exit(3)\n", "Runtime.ExitError|exit status 1"),
        (PY, BODY, "    raise GeneratorExit\n", "Runtime.ExitError|exit status 1"),
        (PY, BODY, "    (lambda f: f(f))(lambda f: f(f))\n", "RecursionError|maximum recursion depth"),
        (PY, BODY, "    raise MemoryError\n", "MemoryError|"),
        (PY, BODY, "    os.chdir('/nowhere')\n", "FileNotFoundError|nowhere"),
        (PY, BODY, "    import socket; socket.create_connection(('192.0.2.1', 80))\n", "OSError|no network"),
        (PY, BODY, "    boto3.client('drs', region_name='us-west-2').describe_jobs()\n", "UninitializedAccountException|"),
        (PY, '"Seconds": 5', '"Seconds": "x" * 300_000', "States.DataLimitExceeded|exceeding the maximum"),
        (PY, '"Seconds": 5', '"Second": 5', "States.Runtime|does not reference an input value: $.Seconds"),
        (ASL, "SecondsPath: $.Seconds", "SecondsPath: $.PlanId", "States.Runtime|"),
        (ASL, "], Default: Work}", "]}", None),
        (ASL, 'Resource: "${WorkFunctionArn}"', "Resource: 'arn:aws:lambda:us-east-1:123456789012:function:No'",
         "Lambda.ResourceNotFoundException|Function not found"),
        (ASL, 'Resource: "${WorkFunctionArn}"',
         "Resource: arn:aws:states:::dynamodb:getItem, Parameters: {TableName: Nothing, Key: {PlanId: {S: one}}}",
         "DynamoDB.ResourceNotFoundException|"),
    ],
)  # fmt: skip
def test_at_run_time_a_check_fails_with_awss_own_error(
    tmp_path: Path, file: str, old: str, new: str, told: str | None
) -> None:
    result = run(tmp_path, file, old, new)
    if told is None:  # the choice that nothing needs is never missed
        assert result.verdict is Verdict.PASSED
        return
    assert (result.verdict, result.error) == (Verdict.FAILED, None)
    error, _, cause = told.partition("|")
    *_, (_, last) = result.journal.of(HistoryEvent)
    assert str(last.details["error"]).startswith(error)
    assert cause in str(last.details["cause"])
    assert error in next(check for check in result.checks if not check.passed).happened


@pytest.mark.parametrize(
    ("file", "old", "new", "place"),
    [
        (PY, "import json,", "import nowhere,", "work/index.py:2: the handler cannot be imported: ModuleNotFoundError"),
        (PY, "def handler(", "def handler((", "work/index.py:5: the handler cannot be imported: SyntaxError"),
        (PY, '["MODE"]', '["MODES"]', "work/index.py:3: the handler cannot be imported: KeyError: 'MODES'"),
        (
            PY,
            '["MODE"]',
            '["MODE"]; import sys; sys.exit(4)',
            "work/index.py:3: the handler cannot be imported: SystemExit: 4",
        ),
        (PY, "def handler", "def main", "work/index.py: there is no function 'handler' in this file"),
        (ASL, "Next: Choose", "Next: Chose", "flow.asl.yaml"),
        (ASL, "Type: Wait", "Type: Wate", "flow.asl.yaml"),
        (ASL, "${WorkFunctionArn}", "${WorkFunction}", "flow.asl.yaml:6: nothing is called ${WorkFunction}"),
        (ASL, "StartAt: Work", "StartAt Work", "flow.asl.yaml:3:7: not YAML"),
        ("scenario.yaml", "work/index.py:handler", "work/main.py:handler", "scenario.yaml:5:"),
    ],
)
def test_what_cannot_run_at_all_is_told_with_its_file(tmp_path: Path, file: str, old: str, new: str, place: str) -> None:
    with pytest.raises(UserError) as refused:
        run(tmp_path, file, old, new)
    assert str(refused.value).replace(f"{tmp_path}/", "").startswith(place)


def test_yaml_of_a_definition_uri_that_is_none_is_told_with_its_own_file(tmp_path: Path) -> None:
    machine = "{Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: flow.asl.yaml}}"
    template = f"Transform: AWS::Serverless-2016-10-31\nResources:\n  Machine: {machine}\n"
    system = "system: {template: template.yaml, resource: Machine}\nfleet: {waves: [{name: a, servers: 1}]}\n"
    (tmp_path / "template.yaml").write_text(template)
    (tmp_path / "flow.asl.yaml").write_text("StartAt: A\nStates:\n  A: {Type: Wait, Seconds: ${Seconds}, End: true}\n")
    (tmp_path / "scenario.yaml").write_text(f"scenario: x\n{system}")
    with pytest.raises(UserError) as refused:
        run_scenario(load(tmp_path / "scenario.yaml"))
    assert str(refused.value).startswith(f"{tmp_path}/flow.asl.yaml:3:29: not YAML: ")


TEMPLATE = """
Parameters: {Days: {Type: Number, MinValue: 1, Default: 7}}
Resources:
  Topic:
    Type: AWS::SNS::Topic
  Queue:
    Type: AWS::SQS::Queue
    Properties: {MessageRetentionPeriod: !Ref Days}
  Work:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Role: arn:aws:iam::123456789012:role/r
      DeadLetterConfig: {TargetArn: !GetAtt Queue.Arn}
      Code: {ZipFile: "def handler(event, context): return 1"}
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: arn:aws:iam::123456789012:role/r
      Definition: {StartAt: A, States: {A: {Type: Task, Resource: !GetAtt Work.Arn, End: true}}}
"""


def deployed(folder: Path, old: str, new: str, parameters: str = "{}") -> str:
    """What is told of a template with a mistake, without the folder's name."""
    assert TEMPLATE.count(old) == 1
    (folder / "template.yaml").write_text(TEMPLATE.replace(old, new))
    system = f"system: {{template: template.yaml, resource: Machine, parameters: {parameters}}}"
    (folder / "scenario.yaml").write_text(f"scenario: x\n{system}\nfleet: {{waves: [{{name: a, servers: 1}}]}}\n")
    with pytest.raises(UserError) as refused:
        run_scenario(load(folder / "scenario.yaml"))
    return str(refused.value).replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Role: arn", "Roles: arn", "template.yaml:9:3: CloudFormation refuses the stack: Work: AWS::Lambda::Function: "),
        ("StartAt: A,", "StartAt: B,", "template.yaml:17:3: CloudFormation refuses the stack: Machine: AWS::Step"),
        ("Topic\n", "Topic\n    Properties: {TopicName: [a]}\n",
         "template.yaml:4:3: CloudFormation refuses the stack: Topic: AWS::SNS::Topic: moto cannot make it (TypeError: "),
        ("Queue.Arn", "Queue.Arm", "scenario.yaml:2:10: CloudFormation refuses the stack: Template error: resource Queue"),
        ('"def handler', '"def main',
         "template.yaml:9:3: the source of Work: there is no function 'handler' in this file"),
        ('"def handler', '"import nowhere; def handler',
         "template.yaml:9:3: the source of Work: line 1: the handler cannot be imported: SyntaxError: invalid syntax"),
    ],
)  # fmt: skip
def test_a_resource_that_cannot_be_made_is_told_at_its_place_in_the_template(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert deployed(tmp_path, old, new).startswith(told)


def test_what_sam_refuses_is_told_at_the_resource(tmp_path: Path) -> None:
    function = "{Type: AWS::Serverless::Function, Properties: {Handlers: index.handler, InlineCode: x}}"
    told = deployed(tmp_path, "Resources:", f"Transform: AWS::Serverless-2016-10-31\nResources:\n  Bad: {function}")
    assert told.startswith(
        "template.yaml:5:3: CloudFormation refuses the stack: Transform AWS::Serverless-2016-10-31 failed"
    )


def test_a_kind_of_resource_that_may_be_misspelled_is_told_beside_what_it_led_to(tmp_path: Path) -> None:
    told = deployed(tmp_path, "AWS::SQS::Queue", "AWS::SQS::Queues")
    assert told.startswith("template.yaml:9:3: CloudFormation refuses the stack: Work: AWS::Lambda::Function: 1 validation")
    assert told.endswith("(nothing here makes AWS::SQS::Queues: are they spelled as AWS does?)")


def test_a_parameter_out_of_its_bounds_is_told_as_cloudformation_does(tmp_path: Path) -> None:
    told = deployed(tmp_path, "MinValue: 1", "MinValue: 5", "{Days: 4}")
    assert told == (
        "scenario.yaml:2:10: CloudFormation refuses the stack: Parameter 'Days' must be a number not less than 5"
    )


TRIPPING = """
StartAt: Ask
States:
  Ask: {Type: Task, Resource: "arn:aws:states:::aws-sdk:sns:deleteTopic", Parameters: {TopicArn: x}, End: true}
"""


def test_a_crash_of_moto_is_told_as_motos_with_the_operation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "flow.asl.yaml").write_text(TRIPPING)
    system = "system: {stateMachine: flow.asl.yaml}\nfleet: {waves: [{name: a, servers: 1}]}\n"
    (tmp_path / "scenario.yaml").write_text(f"scenario: x\n{system}")
    report = tmp_path / "result.json"
    assert exit_code(["run", str(tmp_path / "scenario.yaml"), "--jobs", "1", "--format", f"json={report}"]) == 2
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first.startswith("This is a bug in moto, which answers sns DeleteTopic, not in your files. Please report it")
    assert last.startswith("simulator.errors.MotoCrash: ValueError: not enough values to unpack")
    assert "a bug in moto, which answers sns DeleteTopic: ValueError: not enough" in report.read_text()


def test_what_drsim_does_within_moto_is_no_bug_of_motos(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(_asked: object) -> None:
        raise KeyError("lost")

    monkeypatch.setattr("simulator.account.cloudformation.machines._definition", broken)
    with pytest.raises(KeyError, match="lost"):
        deployed(tmp_path, "Role: arn", "Role: arn")
