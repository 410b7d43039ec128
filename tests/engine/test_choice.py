"""Choice rules: operators, types, missing values, patterns, composition."""

from typing import Any

import pytest

from tests.engine.world import World, machine, output


def chosen(rule: dict[str, Any], given: Any) -> str:
    definition = machine(
        Which={"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"},
        Yes={"Type": "Pass", "Result": "yes", "End": True},
        No={"Type": "Pass", "Result": "no"},
    )
    execution = World().run(definition, given)
    return str(output(execution)) if execution.output else str(execution.cause)


@pytest.mark.parametrize(
    ("operator", "operand", "value", "is_match"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "1", 1, False),
        ("StringLessThan", "b", "a", True),
        ("StringGreaterThanEquals", "b", "a", False),
        ("NumericEquals", 1, 1.0, True),
        ("NumericEquals", 1, True, False),
        ("NumericGreaterThan", 1, "2", False),
        ("NumericLessThanEquals", 5, 5, True),
        ("BooleanEquals", True, True, True),
        ("BooleanEquals", True, 1, False),
        ("TimestampEquals", "2026-03-01T00:00:00Z", "2026-03-01T01:00:00+01:00", True),
        ("TimestampLessThan", "2026-03-01T00:00:00Z", "2026-02-28T23:59:59.999Z", True),
        ("TimestampLessThan", "2026-03-01T00:00:00Z", "yesterday", False),
        ("IsTimestamp", True, "2026-03-01T00:00:00Z", True),
        ("IsTimestamp", False, "2026-13-01T00:00:00Z", True),
        ("IsNull", True, None, True),
        ("IsNumeric", False, "1", True),
        ("IsString", True, "", True),
        ("IsBoolean", True, False, True),
        ("StringMatches", "log-*.txt", "log-7.txt", True),
        ("StringMatches", "log-*.txt", "log-7.csv", False),
        ("StringMatches", "a\\*b", "a*b", True),
        ("StringMatches", "a\\*b", "axb", False),
        ("StringMatches", "*", "", True),
    ],
)
def test_an_operator_compares_values_of_its_own_type_only(operator: str, operand: Any, value: Any, is_match: bool) -> None:
    assert chosen({"Variable": "$.v", operator: operand}, {"v": value}) == ("yes" if is_match else "no")


def test_two_paths_can_be_compared() -> None:
    rule = {"Variable": "$.a", "NumericLessThanPath": "$.b"}
    assert [chosen(rule, {"a": 1, "b": b}) for b in (2, 1)] == ["yes", "no"]


def test_presence_is_not_the_same_as_null() -> None:
    rule = {"Variable": "$.a.b", "IsPresent": True}
    inputs: list[Any] = [{"a": {"b": None}}, {"a": {}}, {}]
    assert [chosen(rule, given) for given in inputs] == ["yes", "no", "no"]
    assert chosen({"Variable": "$.a", "IsPresent": False}, {}) == "yes"


def test_a_missing_value_is_an_error_for_every_other_operator() -> None:
    assert chosen({"Variable": "$.a", "NumericEquals": 1}, {}) == (
        "An error occurred while executing the state 'Which' (entered at the event id #2). Invalid path '$.a': The choice"
        " state's condition path references an invalid value."
    )


def test_rules_are_composed_and_decided_from_the_left() -> None:
    present = {"Variable": "$.a", "IsPresent": True}
    big = {"Variable": "$.a", "NumericGreaterThan": 5}
    assert [chosen({"And": [present, big]}, given) for given in ({"a": 6}, {"a": 1}, {})] == ["yes", "no", "no"]
    assert [chosen({"Or": [{"Not": present}, big]}, given) for given in ({"a": 6}, {"a": 1}, {})] == ["yes", "no", "yes"]


def test_nothing_matching_without_a_default_is_a_runtime_error_that_nobody_catches() -> None:
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "End"}]}
    branch = machine(Which=choice, End={"Type": "Succeed"})
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    both = {"Type": "Parallel", "Branches": [branch], "Catch": catch, "Next": "Caught"}
    world = World()
    execution = world.run(machine(Both=both, Caught={"Type": "Pass"}), {"n": 2})
    assert (execution.error, world.types()[-2:]) == ("States.Runtime", ["ChoiceStateEntered", "ExecutionFailed"])
    assert execution.cause == (
        "An error occurred while executing the state 'Which' (entered at the event id #4). Failed to transition out of the"
        " state. The state does not point to a next state."
    )


def test_a_rule_assigns_variables() -> None:
    rule = {"Variable": "$.n", "NumericEquals": 1, "Assign": {"seen.$": "$.n"}, "Next": "Use"}
    definition = machine(
        Which={"Type": "Choice", "Choices": [rule], "Default": "Use"},
        Use={"Type": "Pass", "Parameters": {"seen.$": "$seen"}},
    )
    assert output(World().run(definition, {"n": 1})) == {"seen": 1}
