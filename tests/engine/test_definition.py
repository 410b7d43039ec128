"""What is refused, in Step Functions' words and with line and column; what the linter adds."""

import json
from typing import Any

import pytest

from simulator.engine.definition import find_problems, json_refusal, parse, refusal_message
from simulator.errors import DefinitionError
from tests.engine.world import machine, task


def refused(definition: Any) -> str:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    with pytest.raises(DefinitionError) as caught:
        parse(text)
    return refusal_message(caught.value, text)


def states(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


PASS = {"Type": "Pass", "End": True}
VALUE = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"StartAt": "A"}, "SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /"),
        (
            states(A={"Type": "Pass", "Next": "C"}, B=PASS),
            (
                "MISSING_TRANSITION_TARGET: Missing 'Next' target: C at /States/A/Next, "
                'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B'
            ),
        ),
        (
            {"StartAt": "B", "States": {"A": PASS}},
            (
                "MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /StartAt, "
                'MISSING_TRANSITION_TARGET: State "A" is not reachable. at /States/A'
            ),
        ),
        (
            states(A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "A"}),
            "MISSING_END_STATE: Workflow has no terminal state",
        ),
        (
            states(
                A={"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "Z"}], "Default": "B"}, B=PASS
            ),
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: Z at /States/A/Choices[0]/Next",
        ),
        (states(A={**PASS, "Retry": []}), "SCHEMA_VALIDATION_FAILED: Field 'Retry' is not supported at /States/A"),
        (
            states(A={**PASS, "OutputPath": "out"}),
            "SCHEMA_VALIDATION_FAILED: Value must be a valid JSONPath. at /States/A/OutputPath",
        ),
        (
            states(A={**PASS, "Parameters": {"x": {"y.$": "$.["}}}),
            (
                "SCHEMA_VALIDATION_FAILED: The value for the field 'y.$' must be a valid JSONPath or a valid intrinsic"
                " function call at /States/A/Parameters/x"
            ),
        ),
        (
            states(A={**PASS, "Output": 1}),
            (
                "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported"
                " for the 'JSONata' QueryLanguage at /States/A"
            ),
        ),
        (
            {"QueryLanguage": "JSONata", **states(A={**PASS, "QueryLanguage": "JSONPath"})},
            (
                "SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"
                " at /States/A"
            ),
        ),
        (
            {"QueryLanguage": "JSONata", **states(A={**PASS, "Output": {"v": ["{% phone %}"]}})},
            (
                "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported."
                " at /States/A/Output/v[0]"
            ),
        ),
        (
            {"QueryLanguage": "JSONata", **states(A={**PASS, "Output": "{% $x[1,2) %}"})},
            'INVALID_JSONATA_EXPRESSION: Expected "]", got "," at /States/A/Output',
        ),
        (
            states(A={"Type": "Wait", "Timestamp": "tomorrow", "End": True}),
            "SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/A/Timestamp",
        ),
        (
            states(A={"Type": "Map", "ItemProcessor": {"QueryLanguage": "JSONata", **states(B=PASS)}, "End": True}),
            "SCHEMA_VALIDATION_FAILED: Field 'QueryLanguage' is not supported at /States/A/ItemProcessor",
        ),
    ],
)
def test_definitions_are_refused_in_the_words_of_the_service(definition: Any, message: str) -> None:
    assert refused(definition) == f"Invalid State Machine Definition: '{message}'"


def test_a_problem_says_line_and_column() -> None:
    text = '{\n  "StartAt": "A",\n  "States": {\n    "A": {"Type": "Pass", "Next": "B"}\n  }\n}'
    assert [str(problem) for problem in find_problems(text, "plan.asl.json")] == [
        "plan.asl.json:4:35: MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next",
        "plan.asl.json:1:1: MISSING_END_STATE: Workflow has no terminal state",
    ]


def test_a_misspelt_name_is_met_with_the_one_that_was_meant() -> None:
    text = json.dumps(states(Start={"Type": "Pass", "ResultPaht": "$", "Next": "Finsh"}, Finish={"Type": "Succeed"}))
    hints = [problem.hint for problem in find_problems(text)]
    assert hints[:2] == ["did you mean 'ResultPath'?", "did you mean 'Finish'?"]


@pytest.mark.parametrize(
    ("state", "where", "hint"),
    [
        ({"Type": "Pass", "Parameters": {"x.$": "States.Formt('{}', 1)"}, "End": True}, "d:1:73", "did you mean 'Format'?"),
        ({"Type": "Choice", "Choices": [{"NumericEqals": 1, "Next": "A"}]}, "d:1:82", "did you mean 'NumericEquals'?"),
        ({"Type": "Pas", "End": True}, "d:1:43", "did you mean 'Pass'?"),
    ],
)
def test_a_problem_points_at_the_very_word_with_the_one_that_was_meant(state: dict[str, Any], where: str, hint: str) -> None:
    problem = find_problems(json.dumps(states(A=state)), "d")[0]
    assert (problem.where, problem.hint) == (where, hint)


def test_what_is_no_json_is_one_problem_with_its_place() -> None:
    problems = find_problems('{\n  "StartAt": "A",\n}', "plan.asl.json")
    assert [problem.where for problem in problems] == ["plan.asl.json:3:1"]


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("plan", f"Unrecognized token 'plan': was expecting {VALUE}", 5),
        ('{"a" 1}', "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value", 7),
        ('{"a":[1 2]}', "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries", 10),
        ('{"a":"]" 2', "Unexpected character ('2' (code 50)): was expecting comma to separate Object entries", 11),
        ('{"a":1,}', "Unexpected character ('}' (code 125)): was expecting double-quote to start field name", 9),
        ('{"a":}', f"Unexpected character ('}}' (code 125)): expected a valid value {VALUE}", 7),
        ('{"a":[1', "Unexpected end-of-input: expected close marker for Array", 8),
        ('{"a":"b', "Unexpected end-of-input: was expecting closing quote for a string value", 8),
    ],
)
def test_what_is_no_json_is_told_in_the_words_of_the_parser(text: str, message: str, column: int) -> None:
    place = f'[Source: (String)"{text}"; line: 1, column: {column}]'
    assert json_refusal(text) == (f"{message}\n at {place}", place)
    assert f"'INVALID_JSON_DESCRIPTION: {message}\n at {place} at {place}'" in refused(text)


def test_an_empty_definition_is_no_object() -> None:
    for text in ("", "[]"):
        assert "'SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object'" in refused(text)
    assert "These fields are required: [States, StartAt] at /'" in refused("{}")


def test_deep_nesting_is_refused_not_crashed_on() -> None:
    nested: dict[str, Any] = PASS
    for depth in range(60):
        nested = {"Type": "Parallel", "Branches": [states(**{f"s{depth}": nested})], "End": True}
    assert "nested more than 40 deep" in refused(states(Top=nested))
    assert "INVALID_JSON_DESCRIPTION" in refused('{"StartAt": ' + "[" * 100_000)


def test_the_language_of_a_map_is_not_that_of_its_states() -> None:
    each = {"Type": "Map", "QueryLanguage": "JSONata", "ItemProcessor": states(B={**PASS, "Output": 1}), "End": True}
    assert "/States/A/ItemProcessor/States/B" in refused(states(A=each))


def test_an_express_workflow_cannot_wait_for_a_token() -> None:
    definition = json.dumps(machine(A=task(Resource="arn:aws:states:::lambda:invoke.waitForTaskToken")))
    parse(definition)
    with pytest.raises(
        DefinitionError, match=r"not support '\.waitForTaskToken' service integration  at /States/A/Resource"
    ):
        parse(definition, is_express=True)
