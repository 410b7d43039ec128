"""TestState: one state alone."""

import json
from typing import Any

import pytest

from simulator.engine.teststate import Mock, Trial, try_state
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
        "afterResultPath": '{"in":{"a":1},"out":{"id":7}}', "variables": "{}",
    }  # fmt: skip


def test_an_error_is_retriable_until_its_retries_are_used_up_and_then_caught() -> None:
    mock = Mock(error="Busy", cause="later")
    first = try_state(json.dumps(INVOKE), '{"in":{}}', mock=mock, retries_used=1)
    assert (first.status, first.error, first.cause) == ("RETRIABLE", "Busy", "later")
    last = try_state(json.dumps(INVOKE), '{"in":{}}', mock=mock, retries_used=2)
    assert (last.status, last.next_state) == ("CAUGHT_ERROR", "Record")
    assert last.output == '{"in":{},"error":{"Error":"Busy","Cause":"later"}}'


def test_a_choice_says_where_it_leads() -> None:
    rule = {"Variable": "$.n", "NumericGreaterThan": 1, "Next": "Big"}
    choice = json.dumps({"Type": "Choice", "Choices": [rule], "Default": "Small"})
    assert try_state(choice, '{"n":2}') == Trial("SUCCEEDED", '{"n":2}', next_state="Big", inspection={"input": '{"n":2}'})
    assert try_state(choice, '{"n":0}').next_state == "Small"


def test_a_map_is_tested_by_its_result() -> None:
    inner = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    state = json.dumps({"Type": "Map", "ItemProcessor": inner, "End": True, "ResultPath": "$.all"})
    assert try_state(state, '{"x":1}', mock=Mock("[1,2]")).output == '{"x":1,"all":[1,2]}'
    assert try_state(state, "[]").cause == "A Map or Parallel state can only be tested with a mock."


def test_a_state_of_a_machine_is_tested_by_its_name() -> None:
    states = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Fail", "Error": "E", "Cause": "C"}}
    tested = try_state(json.dumps({"StartAt": "A", "States": states}), state_name="B")
    assert (tested.status, tested.error, tested.cause) == ("FAILED", "E", "C")


def test_a_broken_state_is_refused() -> None:
    with pytest.raises(DefinitionError, match="These fields are required: \\[Resource\\]"):
        try_state('{"Type":"Task","End":true}')
