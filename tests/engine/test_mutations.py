"""Whatever stands wherever in a definition: it is refused with problems, or it runs to an end. Nothing else is raised."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.definition import find_problems
from simulator.engine.lint import lint
from tests.engine.world import World, machine, task

READER = {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON", "MaxItems": 3}}
DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **machine(K={"Type": "Pass"})}
RETRY = [{"ErrorEquals": ["X"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 2, "JitterStrategy": "FULL"}]


def catch(target: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"ErrorEquals": ["States.ALL"], "Next": target, **fields}]


JSONPATH = machine(
    A={"Type": "Pass", "Parameters": {"n.$": "$.a", "l": [{"x.$": "States.Format('{}', $.a)"}]}, "Assign": {"v.$": "$.a"}},
    C={
        "Type": "Choice", "Default": "T",
        "Choices": [
            {"And": [{"Variable": "$.a", "IsPresent": True}, {"Not": {"Variable": "$.a", "IsNull": True}}], "Next": "T"},
            {"Variable": "$.a", "NumericLessThanPath": "$.b", "Next": "T", "Assign": {"w": 1}},
        ],
    },
    T=task(Parameters={"P.$": "$"}, ResultSelector={"z.$": "$"}, Retry=RETRY, Catch=catch("M", ResultPath="$.e")),
    M={
        "Type": "Map", "ItemsPath": "$.l", "ItemSelector": {"i.$": "$$.Map.Item.Value"}, "Catch": catch("D"),
        "ItemProcessor": machine(I={"Type": "Wait", "SecondsPath": "$.i"}),
    },
    D={
        "Type": "Map", "ItemReader": {**READER, "Parameters": {"Bucket": "b"}}, "ItemBatcher": {"MaxItemsPerBatch": 2},
        "ResultWriter": {"WriterConfig": {"OutputType": "JSON"}}, "ItemProcessor": DISTRIBUTED, "Catch": catch("P"),
    },
    P={"Type": "Parallel", "Branches": [machine(Q={"Type": "Pass"}), machine(R={"Type": "Succeed"})], "Catch": catch("F")},
    F={"Type": "Fail", "ErrorPath": "$.o", "CausePath": "States.Format('{}', $.o)"},
)  # fmt: skip
JSONATA = {"QueryLanguage": "JSONata"} | machine(
    A={"Type": "Pass", "Output": {"n": "{% $states.input.a %}"}, "Assign": {"v": "{% $states.input.a %}"}},
    C={"Type": "Choice", "Choices": [{"Condition": "{% $v = 1 %}", "Next": "T", "Assign": {"w": 1}}], "Default": "T"},
    T=task(Arguments={"P": "{% 1 %}"}, TimeoutSeconds="{% 5 %}", Catch=catch("M", Output="{% $states.errorOutput %}")),
    M={"Type": "Map", "Items": "{% [1, 2] %}", "ItemProcessor": machine(I={"Type": "Wait", "Seconds": "{% 1 %}"})},
    D={"Type": "Map", "ItemReader": {**READER, "Arguments": {"Key": "{% 'k' %}"}}, "ItemProcessor": DISTRIBUTED},
    W={"Type": "Wait", "Timestamp": "{% $now() %}"},
    F={"Type": "Fail", "Error": "{% 'E' %}", "Cause": "{% $string($states.input) %}"},
)  # fmt: skip
VALUES: list[Any] = [
    None, True, 0, -1, 1.5, 10**30, "", "$", "$.a", "$$.x", "$.a[*]", "$[", "$..", "States.UUID()", "States.Array(", "a.$",
    "{%%}", "{% %}", "{% $ %}", "{% null %}", "{% 1 + %}", "{% $states.input %}", "x" * 90, [], {}, [1], [{}], [None], [[]],
    {"a": 1}, {"a.$": "$.a"}, {"a.$": 5}, {".$": "$"}, {"": 1}, ["States.ALL"], catch("D"), [{"ErrorEquals": ["A"]}],
    {"StartAt": "N", "States": {"N": {"Type": "Pass", "End": True}}}, "arn:aws:states:::lambda:invoke", "JSONata", "A",
    {"Resource": 5}, {"WriterConfig": {}}, {"ReaderConfig": 5}, {"ProcessorConfig": 5}, "2026-01-01T00:00:00Z",
]  # fmt: skip
KEYS = ["Next", "Type", "Assign", "Output", "Catch", "And", "Not", "Items", "Branches", "QueryLanguage", "x.$", "Iterator"]
ANSWERS = [{"a": 1}, None, {"Body": "[1, 2]"}, {"Body": 5}]


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every value inside of a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*at, key)
        yield from places(item, (*at, key))


@st.composite
def mutants(draw: st.DrawFn) -> dict[str, Any]:
    """A sound definition in which one to three things are replaced, taken away or added."""
    definition: dict[str, Any] = copy.deepcopy(draw(st.sampled_from([JSONPATH, JSONATA])))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(list(places(definition))))
        owner: Any = definition
        for step in way:
            owner = owner[step]
        change = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
        if change == "remove":
            del owner[last]
        elif change == "replace" or isinstance(owner, list):
            owner[last] = copy.deepcopy(draw(st.sampled_from(VALUES)))
        else:
            owner[draw(st.sampled_from(KEYS))] = copy.deepcopy(draw(st.sampled_from(VALUES)))
    return definition


@pytest.mark.parametrize("definition", [JSONPATH, JSONATA])
def test_what_is_changed_is_sound(definition: dict[str, Any]) -> None:
    assert find_problems(json.dumps(definition)) == []


@settings(max_examples=300, deadline=None)
@given(mutants(), st.sampled_from([{"a": 1, "b": 2}, {"a": None}, [1, {"a": 2}], "x"]), st.sampled_from(ANSWERS))
def test_any_value_anywhere_is_refused_or_runs_to_an_end(definition: dict[str, Any], value: Any, answer: Any) -> None:
    lint(json.dumps(definition))
    if find_problems(json.dumps(definition)):
        return
    world = World({state: lambda call: answer for state in "TDMP"})
    execution = world.run(definition, value)
    assert execution.status in ("SUCCEEDED", "FAILED")


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"Type": "Pass", "Assign": "{% 1 %}"}, "Expected value of type Object at /States/A/Assign"),
        ({"Type": "Parallel", "Branches": "{% 1 %}"}, "Expected value of type Array at /States/A/Branches"),
        ({**task(), "Catch": "{% 1 %}"}, "Expected value of type Array at /States/A/Catch"),
        (
            {"Type": "Choice", "Default": "Z", "Choices": [{"Condition": "{% true %}", "Next": "Z", "Assign": "{% 1 %}"}]},
            "Expected value of type Object at /States/A/Choices[0]/Assign",
        ),
        (
            {"Type": "Choice", "Default": "Z", "Choices": [{"Condition": "{% true %}", "Next": "Z", "Asign": {}}]},
            "Field 'Asign' is not supported at /States/A/Choices[0]",
        ),
    ],
)
def test_what_has_a_structure_cannot_be_an_expression(state: dict[str, Any], message: str) -> None:
    definition = {"QueryLanguage": "JSONata"} | machine(A=state, Z={"Type": "Succeed"})
    assert find_problems(json.dumps(definition))[0].message == f"SCHEMA_VALIDATION_FAILED: {message}"
