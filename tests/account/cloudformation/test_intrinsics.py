"""The functions of templates give what CloudFormation gives."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.account.cloudformation.stacks import cloud


def given(value: str, parameters: str = "{}", conditions: str = "{}", **values: str) -> Any:
    """What a part of a template (in YAML) comes to."""
    template = f"""
Parameters: {parameters}
Conditions: {conditions}
Mappings: {{Sizes: {{small: {{memory: 256}}, "123456789012": {{memory: 512}}}}}}
Resources:
  Topic: {{Type: AWS::SNS::Topic, Properties: {{TopicName: told}}}}
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: arn:aws:iam::123456789012:role/r
      Definition: {{StartAt: A, States: {{A: {{Type: Pass, End: true, Result: {value}}}}}}}
Outputs: {{Arn: {{Value: !Ref Machine}}}}
"""
    with cloud() as aws:
        arn = aws.create(template, **values)["Arn"]
        shown = aws.client("stepfunctions").describe_state_machine(stateMachineArn=arn)["definition"]
    return json.loads(shown)["States"]["A"].get("Result")


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("!Sub ['$$.Execution.Id of ${Who}', {Who: me}]", "$$.Execution.Id of me"),
        ("!Sub ['$Who $.Who {Who} ${Who}', {Who: me}]", "$Who $.Who {Who} me"),
        ("!Sub '$$.Task.Token costs $5 in ${AWS::Region}'", "$$.Task.Token costs $5 in us-east-1"),
        ("""!Sub '{"a": "${AWS::Region}", "b": "${!Literal}"}'""", '{"a": "us-east-1", "b": "${Literal}"}'),
        ("!Sub ['${A} ${B}', {A: '${B}', B: '${AWS::Region}'}]", "${B} ${AWS::Region}"),
        ("!Sub ['${A}', {A: true}]", "true"),
        ("!Sub '${Topic.TopicName} ${Topic}'", "told arn:aws:sns:us-east-1:123456789012:told"),
        ("{'Fn::GetAtt': Topic.TopicName}", "told"),
        ("!Join ['-', [a, !Ref AWS::NoValue, 1, true]]", "a-1-true"),
        ("[a, !If [Never, b, !Ref AWS::NoValue], c]", ["a", "c"]),
        ("!Select [!If [Never, 0, 1], [a, b]]", "b"),
        ("!Select ['1', !Split [',', 'a,b']]", "b"),
        ("!GetAZs ''", ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"]),
        ("!GetAZs {Ref: AWS::Region}", ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d"]),
        ("!FindInMap [!Sub Sizes, !Ref AWS::AccountId, memory]", 512),
        ("!Cidr [10.0.0.0/16, 3, 8]", ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"]),
    ],
)
def test_a_function_gives_what_cloudformation_gives(value: str, result: Any) -> None:
    assert given(value, conditions="{Never: !Equals [a, b]}") == result


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("!Sub '${Zones}'", "variable Zones in Fn::Sub expression does not resolve to a string"),
        ("!FindInMap [Sizes, large, memory]", "Unable to get mapping for Sizes::large::memory"),
        ("!Select [2, [a, b]]", "Fn::Select cannot select nonexistent value at index 2"),
        ("!Sub ['${Who} ${Whom}', {Who: me}]", r"Unresolved resource dependencies \[Whom\] in the Resources block"),
    ],
)
def test_what_a_function_cannot_do_is_refused_in_cloudformations_words(value: str, reason: str) -> None:
    with pytest.raises(ClientError, match=reason):
        given(value, "{Zones: {Type: CommaDelimitedList, Default: 'a,b'}}")


def test_a_list_parameter_is_a_list_be_it_a_default_or_not() -> None:
    declared = "{Zones: {Type: CommaDelimitedList, Default: 'a, b'}, More: {Type: List<Number>, Default: '1,2'}}"
    assert given("[!Ref Zones, !Ref More]", declared) == [["a", "b"], ["1", "2"]]
    assert given("[!Ref Zones, !Ref More]", declared, Zones="c ,d", More="3") == [["c", "d"], ["3"]]


@pytest.mark.parametrize(("count", "result"), [("1", "one"), ("2", "more")])
def test_numbers_are_compared_as_the_texts_that_they_are(count: str, result: str) -> None:
    declared = "{Count: {Type: Number}}"
    conditions = "{IsOne: !Equals [!Ref Count, '1'], Same: {Condition: IsOne}, Other: !Not [!Condition Same]}"
    assert given("!If [Other, more, one]", declared, conditions, Count=count) == result


def test_a_template_that_is_no_yaml_is_refused_with_line_and_column() -> None:
    with cloud() as aws, pytest.raises(ClientError, match="Template format error: template:3:1: not YAML: ") as refused:
        aws.create("Resources:\n  Topic: [\n")
    assert refused.value.response["Error"]["Code"] == "ValidationError"
