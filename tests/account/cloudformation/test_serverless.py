"""Templates of the Serverless Application Model, deployed as clients deploy them."""

import pytest
from botocore.exceptions import ClientError

from tests.account.cloudformation.stacks import BUCKET, Cloud, cloud, zipped

TEMPLATE = f"""
Transform: AWS::Serverless-2016-10-31
Globals: {{Function: {{Runtime: python3.11, Timeout: 9, Layers: [!Ref Shared]}}}}
Parameters: {{Word: {{Type: String, Default: none}}}}
Resources:
  Shared: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: s3://{BUCKET}/layer.zip}}}}
  Plans: {{Type: AWS::Serverless::SimpleTable, Properties: {{PrimaryKey: {{Name: PlanId, Type: String}}}}}}
  Talk:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
      InlineCode: |
        import os, common
        def handler(event, context): return [common.GREETING, os.environ["WORD"], os.environ["TABLE"]]
      Environment: {{Variables: {{WORD: !Ref Word, TABLE: !Ref Plans}}}}
      Policies: [AWSLambdaBasicExecutionRole, {{DynamoDBCrudPolicy: {{TableName: !Ref Plans}}}}]
      AutoPublishAlias: live
      Events: {{Api: {{Type: Api, Properties: {{Path: /talk, Method: get}}}}}}
Outputs: {{Function: {{Value: !Ref Talk}}, Table: {{Value: !Ref Plans}}, Layer: {{Value: !Ref Shared}}}}
"""


def deployed(made: Cloud) -> dict[str, str]:
    made.put("layer.zip", zipped(python__common="GREETING = 'hello'"))
    return made.create(TEMPLATE, Word="world")


def test_functions_get_globals_layers_and_parameters() -> None:
    with cloud() as made:
        outputs = deployed(made)
        assert made.invoke(outputs["Function"]) == ["hello", "world", outputs["Table"]]
        settings = made.client("lambda").get_function_configuration(FunctionName=outputs["Function"])
        assert (settings["Timeout"], [one["Arn"] for one in settings["Layers"]]) == (9, [outputs["Layer"]])


def test_events_policies_and_aliases_become_resources() -> None:
    with cloud() as made:
        deployed(made)
        resources = made.client("cloudformation").describe_stack_resources(StackName="stack")["StackResources"]
        kinds = {one["ResourceType"] for one in resources}
        assert kinds >= {"AWS::ApiGateway::RestApi", "AWS::Lambda::Permission", "AWS::IAM::Role", "AWS::Lambda::Alias"}


FLOW = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Jobs: {Type: AWS::SQS::Queue}
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Handler: index.handler
      InlineCode: "def handler(event, context): return 1"
      AutoPublishAlias: live
      Events: {Queue: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}}
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      AutoPublishAlias: live
      DefinitionSubstitutions: {Work: !Ref Work.Alias}
      Definition: {StartAt: A, States: {A: {Type: Task, Resource: "${Work}", End: true}}}
  Plan: {Type: AWS::ARCRegionSwitch::Plan}
Outputs: {Flow: {Value: !Ref FlowAliaslive}, Plan: {Value: !GetAtt Plan.Arn}}
"""


def test_state_machines_are_published_and_what_nothing_makes_is_a_name() -> None:
    with cloud() as made:
        outputs = made.create(FLOW)
        assert outputs["Flow"].endswith(":live")
        assert outputs["Plan"].endswith(".Arn")
        states = made.client("stepfunctions")
        arn = states.start_execution(stateMachineArn=outputs["Flow"])["executionArn"]
        made.world.clock.run()
        assert states.describe_execution(executionArn=arn)["output"] == "1"
        resources = made.client("cloudformation").describe_stack_resources(StackName="stack")["StackResources"]
        assert {one["ResourceType"] for one in resources} >= {
            "AWS::Lambda::EventSourceMapping",
            "AWS::ARCRegionSwitch::Plan",
        }


def test_another_version_of_a_layer_is_found_by_name() -> None:
    with cloud() as made:
        layer = made.client("lambda")
        for number in (1, 2):
            version = layer.publish_layer_version(LayerName="shared", Content={"ZipFile": zipped(python__x=f"N = {number}")})
            assert version["Version"] == number
        assert [one["Version"] for one in layer.list_layer_versions(LayerName="shared")["LayerVersions"]] == [2, 1]
        layer.delete_layer_version(LayerName="shared", VersionNumber=2)
        with pytest.raises(ClientError, match=r"Layer version .*:layer:shared:2 does not exist"):
            layer.get_layer_version(LayerName="shared", VersionNumber=2)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            "Handler: index.handler",
            "Handle: index.handler",
            r"Resource with id \[Talk\] is invalid\. property Handle not defined",
        ),
        ("Type: Api,", "Type: Apy,", r"Event with id \[Api\] is invalid\. .*Apy"),
        (
            "Layers: [!Ref Shared]",
            "Layers: ['arn:aws:lambda:us-east-1:123456789012:layer:x:7']",
            "Layer version .*x:7 does not",
        ),
    ],
    ids=["property", "event", "layer"],
)
def test_what_the_model_refuses_is_told_in_its_own_words(old: str, new: str, reason: str) -> None:
    with cloud() as made:
        made.put("layer.zip", zipped(python__common="GREETING = 'hello'"))
        assert TEMPLATE.count(old) == 1
        with pytest.raises(ClientError, match=reason):
            made.create(TEMPLATE.replace(old, new))
