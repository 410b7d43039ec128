"""What a run would have cost: what it used, and what that is held to."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from pydantic import ValidationError

from simulator.journal import ApiCall, FunctionInvoked, FunctionReturned, HistoryEvent
from simulator.json_types import JsonObject
from simulator.runner.checks import check_all
from simulator.runner.pricing import PRICES, price
from simulator.runner.usage import Usage, item_bytes, read_usage
from simulator.scenario.cost import Budget
from simulator.scenario.expect import Expect
from tests.runner.story import Story

EXPRESS = "arn:aws:states:us-east-1:123456789012:express:m:e1:x"


def dynamodb(operation: str, request: JsonObject, response: JsonObject | None = None, error: str | None = None) -> Story:
    call = ApiCall("dynamodb", operation, "us-east-1", "f", "c", 1, 0, request, response, 200, error, None, None)
    return Story().record(call)


def read(story: Story) -> Usage:
    return read_usage(story.journal)


def test_states_entered_and_retries_are_transitions() -> None:
    story = Story().history("TaskStateEntered", "Start").history("TaskStateExited", "Start")
    story.retried("Start", 2)
    assert read(story) == Usage(state_transitions=2)


def test_an_express_execution_is_billed_as_one_and_not_by_its_transitions() -> None:
    story = Story()
    for number, kind in enumerate(("ExecutionStarted", "PassStateEntered", "PassStateExited"), 1):
        story.record(HistoryEvent(EXPRESS, number, number - 1, kind, "Pass", {}))
    assert read(story) == Usage(express_executions=1)


def test_an_invocation_is_billed_by_its_time_and_memory() -> None:
    returned = FunctionReturned("f", "r", 4_000, None, None, None, 512)
    story = Story().record(FunctionInvoked("f", "r", True, {"requestContext": {}})).record(returned)
    assert read(story) == Usage(lambda_requests=1, lambda_gb_seconds=2.0, api_requests=1)


def test_the_size_of_an_item_is_that_of_names_and_values() -> None:
    item = {
        "id": {"S": "é"},
        "n": {"N": "1234"},
        "m": {"M": {"a": {"BOOL": True}}},
        "l": {"L": [{"S": "ab"}, {"NULL": True}]},
    }
    assert item_bytes(item) == (2 + 2) + (1 + 3) + (1 + 3 + 1 + 2) + (1 + 3 + 3 + 2)


@pytest.mark.parametrize(
    ("operation", "request_", "units"),
    [
        ("PutItem", {"Item": {"a": {"S": "x" * 1023}}}, 1),
        ("PutItem", {"Item": {"a": {"S": "x" * 1024}}}, 2),
        ("UpdateItem", {"Key": {"a": {"S": "x"}}, "ExpressionAttributeValues": {":b": {"S": "x" * 3000}}}, 3),
        ("DeleteItem", {"Key": {"a": {"S": "x"}}}, 1),
        ("TransactWriteItems", {"TransactItems": [{"Put": {"Item": {"a": {"S": "x"}}}}, {"Delete": {"Key": {}}}]}, 4),
        ("BatchWriteItem", {"RequestItems": {"t": [{"PutRequest": {"Item": {}}}, {"DeleteRequest": {"Key": {}}}]}}, 2),
    ],
)
def test_writes_take_a_unit_for_each_kibibyte_and_twice_that_in_transactions(
    operation: str, request_: JsonObject, units: int
) -> None:
    assert read(dynamodb(operation, request_)) == Usage(dynamodb_write_units=units)


@pytest.mark.parametrize(
    ("operation", "request_", "response", "units"),
    [
        ("GetItem", {}, {"Item": {"a": {"S": "x"}}}, 0.5),
        ("GetItem", {"ConsistentRead": True}, {"Item": {"a": {"S": "x" * 5000}}}, 2),
        ("GetItem", {"ConsistentRead": True}, {}, 1),
        ("Query", {}, {"Items": [{"a": {"S": "x" * 5000}}, {"a": {"S": "x" * 3000}}]}, 1),
        ("BatchGetItem", {"RequestItems": {"t": {}}}, {"Responses": {"t": [{"a": {"S": "x"}}, {"a": {"S": "y"}}]}}, 1),
        ("TransactGetItems", {}, {"Responses": [{"Item": {"a": {"S": "x"}}}]}, 2),
    ],
)
def test_reads_take_half_a_unit_for_four_kibibytes_and_a_whole_one_if_consistent(
    operation: str, request_: JsonObject, response: JsonObject, units: float
) -> None:
    assert read(dynamodb(operation, request_, response)) == Usage(dynamodb_read_units=units)


def test_a_write_whose_condition_fails_is_charged_and_a_throttled_one_is_not() -> None:
    item = {"Item": {"a": {"S": "x"}}}
    assert read(dynamodb("PutItem", item, error="ConditionalCheckFailedException")) == Usage(dynamodb_write_units=1)
    assert read(dynamodb("PutItem", item, error="ProvisionedThroughputExceededException")) == Usage()


@pytest.mark.parametrize(
    ("operation", "wrap", "units"),
    [("UpdateItem", lambda one: one, 5), ("TransactWriteItems", lambda one: {"TransactItems": [{"Update": one}]}, 10)],
)
def test_an_update_is_charged_for_the_whole_item_that_was_read_before(
    operation: str, wrap: Callable[[JsonObject], JsonObject], units: int
) -> None:
    where: JsonObject = {"TableName": "t", "Key": {"id": {"S": "1"}}}
    change: JsonObject = {**where, "UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "x"}}}
    story = dynamodb("GetItem", {**where, "ConsistentRead": True}, {"Item": {"id": {"S": "1"}, "a": {"S": "x" * 5_000}}})
    (call,) = (event for _, event in dynamodb(operation, wrap(change)).journal.of(ApiCall))
    assert read(story.record(call)) == Usage(dynamodb_read_units=2, dynamodb_write_units=units)


def test_a_scenarios_own_preparations_cost_nothing() -> None:
    story = dynamodb("PutItem", {"Item": {"a": {"S": "x"}}})
    (call,) = (event for _, event in story.journal.of(ApiCall))
    assert read(Story().record(replace(call, caller="world"))) == Usage()


def test_a_thousand_transitions_cost_what_the_table_says() -> None:
    assert price(Usage(state_transitions=1_000)).usd == pytest.approx(0.025)
    assert price(Usage(state_transitions=1_000), {"state_transitions": 0.0000279}).usd == pytest.approx(0.0279)
    assert PRICES.lambda_gb_seconds == pytest.approx(0.0000166667)


def test_a_run_that_costs_more_than_its_budget_fails_with_what_was_dear() -> None:
    story = Story()
    for _ in range(4):
        story.history("TaskStateEntered", "Poll")
    facts = story.facts()

    (passed,) = check_all(Expect.model_validate({"cost": "0.0001 USD"}), facts)
    (failed,) = check_all(Expect.model_validate({"cost": "0.00009 USD"}), facts)

    assert (passed.passed, failed.passed) == (True, False)
    assert failed.expected == "a run costs 9e-05 USD at most"
    assert failed.happened == "it would cost 0.000100 USD; most of it: 4 state transitions 0.000100"


def test_prices_of_ones_own_stand_in_place_of_the_tables() -> None:
    story = Story().history("TaskStateEntered", "Poll")
    budget = {"cost": {"atMost": "0.5 USD", "prices": {"stateTransitions": 1}}}
    (check,) = check_all(Expect.model_validate(budget), story.facts())
    assert not check.passed


@pytest.mark.parametrize("wrong", ["5", "0.05 EUR", 0.05, "-1 USD", {"atMost": "1 USD", "prices": {"stateTransitions": -1}}])
def test_an_amount_without_its_currency_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        Budget.model_validate(wrong)
