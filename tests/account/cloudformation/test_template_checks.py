"""What CloudFormation refuses before it makes anything."""

import json
from typing import Any

import pytest

from simulator.account.cloudformation.template_checks import check, check_parameters
from simulator.errors import ServiceError


def queue(**members: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", **members}


GET_ATT = "every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute"
REF, PROPERTIES = {"Ref": "B"}, {"QueueName": {"Ref": "B"}}


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ({}, "Template format error: At least one Resources member must be defined."),
        ({"Resources": {"A": {}}}, "Template format error: [/Resources/A/Type] 'null' values are not allowed in templates"),
        ({"Resources": {"A": queue(Properties=[])}}, "Template format error: [/Resources/A/Properties] must be an object"),
        (
            {"Resources": {"A": queue(Properties=PROPERTIES)}},
            "Template format error: Unresolved resource dependencies [B] in the Resources block of the template",
        ),
        (
            {"Resources": {"A": queue()}, "Outputs": {"O": {"Value": {"Fn::Sub": "${C.Arn}-${!D}-${AWS::Region}"}}}},
            "Template format error: Unresolved resource dependencies [C] in the Outputs block of the template",
        ),
        (
            {"Resources": {"A": queue(), "B": queue(Properties={"QueueName": {"Fn::GetAtt": ["A"]}})}},
            f"Template error: {GET_ATT}",
        ),
        (
            {"Resources": {"A": queue(Condition="IsLive")}},
            "Template format error: Unresolved condition dependency IsLive in the Resources block of the template",
        ),
        (
            {"Resources": {"A": queue(Properties={"QueueName": {"Fn::If": ["IsLive", "a", "b"]}})}},
            "Template format error: Unresolved condition dependency IsLive in the Resources block of the template",
        ),
        (
            {"Resources": {"A": queue(Properties=PROPERTIES), "B": queue(DependsOn="A")}},
            "Circular dependency between resources: [B, A]",
        ),
    ],
)
def test_a_template_that_is_wrong_is_refused_in_cloudformations_words(template: Any, message: str) -> None:
    with pytest.raises(ServiceError) as refused:
        check(json.loads(json.dumps(template)))
    assert sorted(refused.value.message) == sorted(message)  # of a circle, any member may come first


@pytest.mark.parametrize(
    ("declared", "given", "message"),
    [
        ({"A": {"Type": "String"}}, {}, "Parameters: [A] must have values"),
        ({}, {"A": "x"}, "Parameters: [A] do not exist in the template"),
        ({"A": {"AllowedValues": ["x", 2]}}, {"A": "y"}, "Parameter 'A' must be one of AllowedValues"),
        ({"A": {"AllowedPattern": "[a-z]+", "Default": "A1"}}, {}, "Parameter 'A' must match pattern [a-z]+"),
        ({"A": {"Type": "Number"}}, {"A": "soon"}, "Parameter 'A' must be a number"),
        ({"A": {"Type": "Number", "MinValue": 5}}, {"A": "4"}, "Parameter 'A' must be a number not less than 5"),
        (
            {"A": {"Type": "Number", "MaxValue": "5", "Default": 6}},
            {},
            "Parameter 'A' must be a number not greater than 5",
        ),
        ({"A": {"Type": "String", "MinLength": 3}}, {"A": "ab"}, "Parameter 'A' must contain at least 3 characters"),
        ({"A": {"Type": "String", "MaxLength": 1}}, {"A": "ab"}, "Parameter 'A' must contain at most 1 characters"),
    ],
)
def test_parameters_need_the_values_that_they_may_have(declared: Any, given: dict[str, str], message: str) -> None:
    with pytest.raises(ServiceError) as refused:
        check_parameters({"Parameters": declared}, given)
    assert refused.value.message == message


def test_what_is_right_passes() -> None:
    resources = {"A": queue(Properties=PROPERTIES, Condition="Is"), "B": queue(DependsOn=[])}
    check({"Resources": resources, "Conditions": {"Is": True}, "Outputs": {"O": {"Value": REF}}})
    check_parameters({"Parameters": {"A": {"AllowedValues": [1, 2]}}}, {"A": "2"})
