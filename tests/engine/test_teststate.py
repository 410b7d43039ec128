"""TestState: one state alone."""

import json
from typing import Any

import pytest

from simulator.engine.teststate import Trial, try_state
from simulator.engine.trial_checks import Mock, Situation, Untestable
from simulator.errors import DefinitionError

INVOKE: dict[str, Any] = {
    "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "InputPath": "$.in", "Parameters": {"Payload.$": "$"},
    "ResultSelector": {"id.$": "$.Payload.id"}, "ResultPath": "$.out", "Next": "After",
    "Retry": [{"ErrorEquals": ["Busy"], "MaxAttempts": 2}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Record"}],
}  # fmt: skip


def test_every_step_of_the_data_flow_is_shown() -> None:
    tested = try_state(json.dumps(INVOKE), '{"in":{"a":1}}', mock=Mock('{"Payload":{"id":7},"StatusCode":200}'))
    assert (tested.status, tested.next_state) == ("SUCCEEDED", "After")
    assert tested.output == '{"in":{"a":1},"out":{"id":7}}'
    assert tested.inspection == {
        "input": '{"in":{"a":1}}', "afterInputPath": '{"a":1}', "afterParameters": '{"Payload":{"a":1}}',
        "result": '{"Payload":{"id":7},"StatusCode":200}', "afterResultSelector": '{"id":7}',
        "afterResultPath": '{"in":{"a":1},"out":{"id":7}}',
    }  # fmt: skip


def test_an_error_is_retriable_until_its_retries_are_used_up_and_then_caught() -> None:
    mock = Mock(error="Busy", cause="later")
    first = try_state(json.dumps(INVOKE), '{"in":{}}', mock=mock, situation=Situation(retries_used=1))
    assert (first.status, first.error, first.cause) == ("RETRIABLE", "Busy", "later")
    assert first.error_details == {"retryIndex": 0, "retryBackoffIntervalSeconds": 2}
    last = try_state(json.dumps(INVOKE), '{"in":{}}', mock=mock, situation=Situation(retries_used=2))
    assert (last.status, last.next_state) == ("CAUGHT_ERROR", "Record")
    assert last.error_details == {"catchIndex": 0}
    assert last.output == '{"in":{},"error":{"Error":"Busy","Cause":"later"}}'


def test_a_choice_says_where_it_leads() -> None:
    rule = {"Variable": "$.n", "NumericGreaterThan": 1, "Next": "Big"}
    choice = json.dumps({"Type": "Choice", "Choices": [rule], "Default": "Small"})
    seen = {"input": '{"n":2}', "afterInputPath": '{"n":2}'}
    assert try_state(choice, '{"n":2}') == Trial("SUCCEEDED", '{"n":2}', next_state="Big", inspection=seen)
    assert try_state(choice, '{"n":0}').next_state == "Small"


def test_a_map_is_tested_by_its_result() -> None:
    inner = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    state = json.dumps({"Type": "Map", "ItemProcessor": inner, "End": True, "ItemsPath": "$.x", "ResultPath": "$.all"})
    assert try_state(state, '{"x":[1]}', mock=Mock("[2]")).output == '{"x":[1],"all":[2]}'


MANY: dict[str, Any] = {
    "Type": "Map", "Label": "Many", "End": True, "MaxConcurrency": 7, "ToleratedFailurePercentage": 50,
    "ItemReader": {
        "Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"},
        "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/rows"},
    },
    "ItemSelector": {"row.$": "$$.Map.Item.Value"}, "ItemBatcher": {"MaxItemsPerBatch": 2},
    "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}},
    },
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Sorry"}],
}  # fmt: skip


def test_a_distributed_map_shows_its_items_on_their_way_to_the_iterations() -> None:
    tested = try_state(json.dumps(MANY), mock=Mock("[]"), situation=Situation(source='{"rows":[1,2,3]}'))
    assert {name: value for name, value in tested.inspection.items() if not name.startswith(("after", "input"))} == {
        "maxConcurrency": 7, "toleratedFailurePercentage": 50,
    }  # fmt: skip
    assert tested.inspection["afterItemsPointer"] == "[1,2,3]"
    assert tested.inspection["afterItemSelector"] == '[{"row":1},{"row":2},{"row":3}]'
    assert json.loads(str(tested.inspection["afterItemBatcher"]))[1] == {"Items": [{"row": 3}]}


@pytest.mark.parametrize(("failed", "status"), [(1, "SUCCEEDED"), (2, "CAUGHT_ERROR")])
def test_a_map_whose_iterations_fail_too_often_fails(failed: int, status: str) -> None:
    situation = Situation(failed_iterations=failed, source='{"rows":[1,2,3]}')
    tested = try_state(json.dumps(MANY), mock=Mock("[]"), situation=situation)
    assert (tested.status, tested.error) == (
        status, None if status == "SUCCEEDED" else "States.ExceedToleratedFailureThreshold"
    )  # fmt: skip


ONE: dict[str, Any] = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
WRITER: dict[str, Any] = {"ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}}
BOTH: dict[str, Any] = {
    "Type": "Parallel",
    "Branches": [ONE, {"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}],
    "End": True,
}
PASS = '{"Type":"Pass","End":true}'


@pytest.mark.parametrize(
    ("definition", "more", "complaint"),
    [
        (json.dumps(MANY), {}, "TestState API does not support Map or Parallel states"),
        (json.dumps(INVOKE | {"Resource": f"{INVOKE['Resource']}.waitForTaskToken"}), {}, "only be tested with a mock"),
        (PASS, {"mock": Mock("1")}, "State type 'Pass' is not supported when a mock is specified"),
        (PASS, {"context": {}}, "can only be given with a mock"),
        (json.dumps(INVOKE), {"mock": Mock()}, "only one of the following fields: \\[result, errorOutput\\]"),
        (json.dumps(INVOKE), {"mock": Mock("1", error="E")}, "only one of the following fields: \\[result, errorOutput\\]"),
        (json.dumps(MANY), {"mock": Mock("[]"), "situation": Situation(caused_by="B")}, "no state 'B' inside"),
        (PASS, {"state_name": "A"}, "definition of a whole state machine"),
        ('{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}', {"state_name": "B"}, "State not found in definition"),
        (json.dumps(MANY), {"mock": Mock("{}")}, "Mocked result must be an array"),
        (json.dumps(MANY | WRITER), {"mock": Mock("[]")}, "Mocked result must be a JSON object"),
        (json.dumps(BOTH), {"mock": Mock("[1]")}, "same number of items as number of Parallel branches"),
    ],
)  # fmt: skip
def test_what_cannot_be_tested_so_is_refused(definition: str, more: dict[str, Any], complaint: str) -> None:
    with pytest.raises(Untestable, match=complaint):
        try_state(definition, **more)


def test_an_error_may_come_from_a_state_inside() -> None:
    situation = Situation(caused_by="A", source='{"rows":[]}')
    tested = try_state(json.dumps(MANY), mock=Mock(error="Down"), situation=situation)
    assert (tested.status, tested.next_state, tested.error) == ("CAUGHT_ERROR", "Sorry", "Down")


def test_a_state_of_a_machine_is_tested_by_its_name() -> None:
    states = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Fail", "Error": "E", "Cause": "C"}}
    tested = try_state(json.dumps({"StartAt": "A", "States": states}), state_name="B")
    assert (tested.status, tested.error, tested.cause) == ("FAILED", "E", "C")


def test_a_broken_state_is_refused() -> None:
    with pytest.raises(DefinitionError, match="These fields are required: \\[Resource\\]"):
        try_state('{"Type":"Task","End":true}')


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        (
            {"Type": "Pass", "InputPath": "$.a", "Parameters": {"n.$": "$.n"}, "ResultPath": "$.p", "OutputPath": "$.p"},
            {
                "afterInputPath": '{"n":1}', "afterParameters": '{"n":1}', "afterResultSelector": '{"n":1}',
                "afterResultPath": '{"a":{"n":1},"p":{"n":1}}',
            },
        ),
        (
            {"Type": "Pass", "Result": 2, "ResultPath": "$.p"},
            {"result": "2", "afterResultSelector": "2", "afterResultPath": '{"a":{"n":1},"p":2}'},
        ),
        ({"Type": "Succeed", "InputPath": "$.a"}, {"afterInputPath": '{"n":1}'}),
        ({"Type": "Fail", "Error": "E"}, {"afterInputPath": '{"a":{"n":1}}'}),
        ({"Type": "Wait", "Seconds": 1}, {"afterInputPath": '{"a":{"n":1}}'}),
        ({"Type": "Pass", "QueryLanguage": "JSONata", "Assign": {"x": 1}}, {"variables": '{"x":1}'}),
    ],
)  # fmt: skip
def test_states_without_work_show_what_they_do_with_their_input(fields: dict[str, Any], seen: dict[str, str]) -> None:
    state = fields if fields["Type"] in ("Fail", "Succeed") else {**fields, "End": True}
    assert try_state(json.dumps(state), '{"a":{"n":1}}').inspection == {"input": '{"a":{"n":1}}', **seen}


def test_draws_are_the_same_at_every_step() -> None:
    state = {**INVOKE, "ResultSelector": {"id.$": "States.UUID()"}, "ResultPath": "$", "InputPath": "$"}
    tested = try_state(json.dumps(state), mock=Mock("{}"))
    assert tested.inspection["afterResultSelector"] == tested.inspection["afterResultPath"] == tested.output


def test_a_map_that_tolerates_nothing_in_particular_takes_every_failure() -> None:
    state = {"Type": "Map", "QueryLanguage": "JSONata", "Items": "{% $states.input %}", "ItemProcessor": ONE, "End": True}
    tested = try_state(json.dumps(state), "[1,2]", mock=Mock("[1,2]"), situation=Situation(failed_iterations=2))
    assert (tested.status, tested.inspection) == ("SUCCEEDED", {"input": "[1,2]", "maxConcurrency": 0})


def test_used_up_retries_are_named_where_nothing_catches() -> None:
    state = {key: value for key, value in INVOKE.items() if key != "Catch"}
    tested = try_state(json.dumps(state), '{"in":1}', mock=Mock(error="Busy"), situation=Situation(retries_used=2))
    assert (tested.status, tested.error_details) == ("FAILED", {"retryIndex": 0})


@pytest.mark.parametrize(
    ("context", "complaint"),
    [
        ({"Map": {}}, "'Map' field is not supported when mocking a Context object"),
        ({"Weather": {}}, "Field 'Weather' is not allowed"),
        ({"Execution": {"Weather": 1}}, "Field 'Weather' is not allowed"),
        ({"Execution": {"Id": 1}}, "Execution.Id must be a string"),
        ({"Task": {"Token": "t"}}, "Context object contains 'Task' when state is not a Task state with a"),
    ],
)
def test_a_made_up_context_has_the_members_of_a_real_one(context: dict[str, Any], complaint: str) -> None:
    with pytest.raises(Untestable, match=f"Invalid Context object provided: {complaint}"):
        try_state(json.dumps(INVOKE), '{"in":1}', mock=Mock("{}"), context=context)


def test_a_callback_is_given_a_token_or_the_one_that_is_made_up() -> None:
    resource = "arn:aws:states:::lambda:invoke.waitForTaskToken"
    state = json.dumps({"Type": "Task", "Resource": resource, "Parameters": {"t.$": "$$.Task.Token"}, "End": True})
    assert len(str(try_state(state, mock=Mock("{}")).inspection["afterParameters"])) > 80
    tested = try_state(state, mock=Mock("{}"), context={"Task": {"Token": "mine"}})
    assert tested.inspection["afterParameters"] == '{"t":"mine"}'
