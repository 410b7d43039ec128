"""Stacks in the simulated account: functions and state machines of ours, beside what moto makes."""

import json

import pytest
from botocore.exceptions import ClientError

from simulator.account.gateway import Refusal, rest_route
from simulator.account.world import ACCOUNT_ID
from simulator.journal import EventDelivered, LogLine
from tests.account.cloudformation.stacks import BUCKET, REGION, cloud, zipped

FUNCTION = """
Parameters:
  Key: {Type: String, Default: v1.zip}
  Greeting: {Type: String, Default: hello}
Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      Role: arn:aws:iam::123456789012:role/r
      Timeout: "7"
      MemorySize: 256
      Code: {S3Bucket: artifacts, S3Key: !Ref Key}
      Environment: {Variables: {GREETING: !Ref Greeting, DAYS: 30, IS: true}}
Outputs:
  Name: {Value: !Ref Function}
  Arn: {Value: !GetAtt Function.Arn}
"""
GREETS = "import os\n\ndef handler(event, context):\n    return [os.environ['GREETING'], context.memory_limit_in_mb]\n"
MACHINE = """
Resources:
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: plan
      RoleArn: arn:aws:iam::123456789012:role/r
      DefinitionS3Location: {Bucket: artifacts, Key: plan.json}
      DefinitionSubstitutions: {Answer: !Sub "${AWS::Region}"}
      LoggingConfiguration: {Level: ALL, IncludeExecutionData: false}
Outputs:
  Arn: {Value: !Ref Machine}
"""


def test_a_function_of_a_stack_runs_its_code_from_s3_with_its_settings() -> None:
    with cloud() as aws:
        aws.put("v1.zip", zipped(index=GREETS))
        outputs = aws.create(FUNCTION)
        assert aws.invoke(outputs["Name"]) == ["hello", "256"]
        shown = aws.client("lambda").get_function_configuration(FunctionName=outputs["Arn"])
    assert outputs["Name"].startswith("stack-Function-")
    assert (shown["Runtime"], shown["Handler"], shown["Timeout"]) == ("python3.13", "index.handler", 7)
    assert shown["Environment"]["Variables"] == {"GREETING": "hello", "DAYS": "30", "IS": "true"}


def test_new_code_and_settings_change_the_function_and_keep_its_name() -> None:
    with cloud() as aws:
        aws.put("v1.zip", zipped(index=GREETS))
        aws.put("v2.zip", zipped(index=GREETS.replace("os.environ['GREETING']", "'new ' + os.environ['GREETING']")))
        before = aws.create(FUNCTION)
        changes = aws.change(FUNCTION, "UPDATE", Key="v2.zip", Greeting="there")
        assert changes == [("Modify", "Function")]
        assert aws.outputs() == before
        assert aws.invoke(before["Name"]) == ["new there", "256"]


def test_libraries_in_the_zip_are_the_functions_own() -> None:
    source = "from library import here\n\ndef handler(event, context):\n    return here.VERSION\n"
    with cloud() as aws:
        aws.put("v1.zip", zipped(index=source, library__here="VERSION = 1\n"))
        aws.put("v2.zip", zipped(index=source, library__here="VERSION = 2\n"))
        first, second = (aws.create(FUNCTION, name, Key=key) for name, key in (("one", "v1.zip"), ("two", "v2.zip")))
        assert [aws.invoke(outputs["Name"]) for outputs in (first, second, first)] == [1, 2, 1]


def test_a_source_in_the_template_is_a_module_called_index() -> None:
    inline = FUNCTION.replace(
        "Code: {S3Bucket: artifacts, S3Key: !Ref Key}", 'Code: {ZipFile: "def handler(e, c): return 7"}'
    )
    with cloud() as aws:
        assert aws.invoke(aws.create(inline)["Name"]) == 7


def test_code_that_is_not_in_the_bucket_is_a_refusal_that_says_so() -> None:
    with cloud() as aws, pytest.raises(ClientError) as refused:
        aws.create(FUNCTION, Key="nothing.zip")
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert "AWS::Lambda::Function: " in str(refused.value)
    assert "NoSuchKey" in str(refused.value)


def test_a_state_machine_gets_its_definition_from_s3_with_what_the_template_substitutes() -> None:
    definition = {"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": "${Answer} ${Other}", "End": True}}}
    with cloud() as aws:
        aws.put("plan.json", json.dumps(definition))
        arn = aws.create(MACHINE)["Arn"]
        shown = aws.client("stepfunctions").describe_state_machine(stateMachineArn=arn)
    assert arn == "arn:aws:states:us-east-1:123456789012:stateMachine:plan"
    assert json.loads(shown["definition"])["States"]["Say"]["Result"] == "us-east-1 ${Other}"
    assert shown["loggingConfiguration"]["level"] == "ALL"


def test_a_definition_that_step_functions_refuses_is_told_with_its_reason() -> None:
    with cloud() as aws:
        aws.put("plan.json", '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}')
        with pytest.raises(ClientError, match="MISSING_TRANSITION_TARGET") as refused:
            aws.create(MACHINE)
    assert "AWS::StepFunctions::StateMachine: " in str(refused.value)


NESTED = """
Resources:
  Topic: {Type: "AWS::SNS::Topic", Properties: {DisplayName: "%s"}}
  Queue: {Type: "AWS::SQS::Queue"}
Outputs:
  Topic: {Value: !Ref Topic}
  Queue: {Value: !GetAtt Queue.QueueName}
"""
OUTER = """
Parameters:
  Prefix: {Type: String}
Resources:
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: !Sub "https://artifacts.s3.us-east-1.amazonaws.com/${Prefix}inner.yaml"}
Outputs:
  Topic: {Value: !GetAtt Inner.Outputs.Topic}
  Both: {Value: !Sub "${Inner.Outputs.Queue} of ${AWS::Region}"}
"""


def test_outputs_of_nested_stacks_reach_the_outer_one() -> None:
    with cloud() as aws:
        aws.put("1/inner.yaml", NESTED % "one")
        outputs = aws.create(OUTER, Prefix="1/")
        topics = [topic["TopicArn"] for topic in aws.client("sns").list_topics()["Topics"]]
    assert [outputs["Topic"]] == topics
    assert outputs["Both"].endswith(" of us-east-1")


def test_a_nested_stack_is_changed_in_place_when_its_template_lies_elsewhere() -> None:
    with cloud() as aws:
        aws.put("1/inner.yaml", NESTED % "one")
        aws.put("2/inner.yaml", NESTED.replace("Queue: {Type", "Another: {Type: 'AWS::SQS::Queue'}\n  Queue: {Type") % "one")
        before = aws.create(OUTER, Prefix="1/")
        assert aws.change(OUTER, "UPDATE", Prefix="2/") == [("Modify", "Inner")]
        queues = aws.client("sqs").list_queues()["QueueUrls"]
        assert aws.outputs() == before
    assert len(queues) == 2


def test_a_change_set_makes_a_stack_with_its_outputs_and_events() -> None:
    with cloud() as aws:
        aws.put("1/inner.yaml", NESTED % "one")
        assert aws.change(OUTER, "CREATE", Prefix="1/") == [("Add", "Inner")]
        events = aws.client("cloudformation").describe_stack_events(StackName="stack")["StackEvents"]
        assert set(aws.outputs()) == {"Topic", "Both"}
    assert [event["ResourceStatus"] for event in events][::-1] == [
        "REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE",
    ]  # fmt: skip


GUARDED = """
Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      Role: arn:aws:iam::123456789012:role/r
      Code: {ZipFile: "def handler(e, c): print('called')"}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [me]}
      Targets: [{Id: one, Arn: !GetAtt Function.Arn}]
"""
PERMISSION = """  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !Ref Function
      Principal: events.amazonaws.com
      SourceArn: !GetAtt Rule.Arn
"""


@pytest.mark.parametrize(("more", "lines"), [("", 0), (PERMISSION, 1)], ids=["without", "with"])
def test_a_rule_reaches_a_function_only_with_the_functions_permission(more: str, lines: int) -> None:
    with cloud() as aws:
        aws.create(GUARDED + more)
        aws.client("events").put_events(Entries=[{"Source": "me", "DetailType": "test", "Detail": "{}"}])
        aws.world.clock.run()
        assert len(list(aws.world.journal.of(LogLine))) == lines
        (delivered,) = [event for _, event in aws.world.journal.of(EventDelivered)]
    assert delivered.error == (None if more else "AccessDeniedException")


def test_alarms_subscriptions_and_topic_policies_are_made() -> None:
    template = """
Resources:
  Topic: {Type: "AWS::SNS::Topic"}
  Policy:
    Type: AWS::SNS::TopicPolicy
    Properties: {Topics: [!Ref Topic], PolicyDocument: {Version: "2012-10-17", Statement: []}}
  People: {Type: "AWS::SNS::Subscription", Properties: {TopicArn: !Ref Topic, Protocol: email, Endpoint: a@example.com}}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: errors
      Namespace: AWS/Lambda
      MetricName: Errors
      Statistic: Sum
      Period: 60
      EvaluationPeriods: 1
      Threshold: 0
      ComparisonOperator: GreaterThanThreshold
      AlarmActions: [!Ref Topic]
Outputs:
  Topic: {Value: !Ref Topic}
  Alarm: {Value: !GetAtt Alarm.Arn}
"""
    with cloud() as aws:
        outputs = aws.create(template)
        (alarm,) = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
        (subscription,) = aws.client("sns").list_subscriptions()["Subscriptions"]
        attributes = aws.client("sns").get_topic_attributes(TopicArn=outputs["Topic"])["Attributes"]
    assert (alarm["AlarmArn"], alarm["AlarmActions"]) == (outputs["Alarm"], [outputs["Topic"]])
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "a@example.com")
    assert json.loads(attributes["Policy"]) == {"Version": "2012-10-17", "Statement": []}


def test_a_stack_that_is_deleted_takes_its_resources_with_it() -> None:
    with cloud() as aws:
        aws.put("v1.zip", zipped(index=GREETS))
        aws.create(FUNCTION)
        aws.client("cloudformation").delete_stack(StackName="stack")
        assert aws.client("lambda").list_functions()["Functions"] == []
        assert aws.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 1


PUBLISHED = """
  Version:
    Type: AWS::Lambda::Version
    Properties: {FunctionName: !Ref Function}
  Live:
    Type: AWS::Lambda::Alias
    Properties: {FunctionName: !Ref Function, FunctionVersion: !GetAtt Version.Version, Name: live}
Outputs:
  Live: {Value: !Ref Live}
"""


def test_a_stack_publishes_versions_and_aliases_that_run() -> None:
    with cloud() as aws:
        aws.put("v1.zip", zipped(index=GREETS))
        outputs = aws.create(FUNCTION.replace("\nOutputs:\n", PUBLISHED))
        assert outputs["Live"].endswith(":live")
        assert aws.invoke(outputs["Live"]) == ["hello", "256"]
        aws.client("cloudformation").delete_stack(StackName="stack")
        assert aws.client("lambda").list_functions()["Functions"] == []


def test_an_api_answers_paths_that_it_does_not_have_as_its_document_says_and_else_as_aws_does() -> None:
    def api(**responses: object) -> str:
        body = {
            "openapi": "3.0.3",
            "info": {"title": "t", "version": "1"},
            "x-amazon-apigateway-gateway-responses": responses,
        }
        resources = {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "t", "Body": body}}}
        return json.dumps({"Resources": resources, "Outputs": {"Id": {"Value": {"Ref": "Api"}}}})

    own = {"statusCode": "404", "responseTemplates": {"application/json": '{"why": $context.error.messageString}'}}
    text = {"responseTemplates": {"application/json": "$context.error.responseType: $context.error.message"}}
    with cloud() as aws:
        made = aws.create(api(MISSING_AUTHENTICATION_TOKEN=own))["Id"]
        place = aws.world.at(ACCOUNT_ID, REGION)
        assert rest_route(place, made, "GET", "/x") == Refusal(404, {"why": "Missing Authentication Token"})
        aws.change(api(DEFAULT_4XX=text), "UPDATE")
        said = "MISSING_AUTHENTICATION_TOKEN: Missing Authentication Token"
        assert rest_route(place, made, "GET", "/x") == Refusal(403, said)
        aws.change(api(), "UPDATE")
        assert rest_route(place, made, "GET", "/x") == Refusal(403, {"message": "Missing Authentication Token"})


CONDITIONAL = """
Parameters:
  Kind: {Type: String, Default: one}
  Names: {Type: CommaDelimitedList, Default: ""}
Conditions:
  IsOne: !Equals [!Ref Kind, one]
  IsOther: !Not [!Condition IsOne]
Resources:
  One: {Type: AWS::SQS::Queue, Condition: IsOne, Properties: {QueueName: !Join ["-", [one, !Ref Kind]]}}
  Other: {Type: AWS::SQS::Queue, Condition: IsOther}
  Kept: {Type: AWS::SQS::Queue, DeletionPolicy: RetainExceptOnCreate, Properties: {QueueName: kept}}
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: !If [IsOne, uno, altro], TopicName: topic}}
"""


def test_a_parameter_changes_what_is_there_through_conditions_and_nothing_else() -> None:
    with cloud() as aws:
        aws.create(CONDITIONAL)

        def queues() -> list[str]:
            urls = aws.client("sqs").list_queues().get("QueueUrls", [])
            return sorted(url.rpartition("/")[2].partition("-")[0] for url in urls)

        assert queues() == ["kept", "one"]
        assert aws.change(CONDITIONAL, "UPDATE", Kind="two", Names="") == [
            ("Add", "Other"),
            ("Modify", "Topic"),
            ("Remove", "One"),
        ]
        assert queues() == ["kept", "stack"]
        assert aws.change(CONDITIONAL, "UPDATE", Kind="one", Names="") == [
            ("Add", "One"),
            ("Modify", "Topic"),
            ("Remove", "Other"),
        ]
        aws.client("cloudformation").delete_stack(StackName="stack")
        assert queues() == ["kept"]


def test_an_api_goes_with_its_stack() -> None:
    function = "arn:aws:lambda:us-east-1:123456789012:function:f"
    integration = {
        "type": "aws_proxy",
        "uri": f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations",
    }
    body = {"paths": {"/a/b": {"get": {"x-amazon-apigateway-integration": integration}}}}
    api = {"RestApiId": {"Ref": "Api"}}
    resources = {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "t", "Body": body}},
        "Deployment": {"Type": "AWS::ApiGateway::Deployment", "Properties": api},
        "Stage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {**api, "DeploymentId": {"Ref": "Deployment"}, "StageName": "v1"},
        },
    }
    with cloud() as aws:
        aws.create(json.dumps({"Resources": resources}))
        aws.client("cloudformation").delete_stack(StackName="stack")
        assert aws.client("apigateway").get_rest_apis()["items"] == []
