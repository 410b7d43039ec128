"""Intrinsic functions: values, nesting, escapes, errors."""

import json
from typing import Any

import pytest

from simulator.engine.definition import find_problems
from tests.engine.world import World, machine, output

GIVEN: dict[str, Any] = {"name": "Ada", "list": [1, 2, 2, 3], "object": {"a": 1}, "text": '{"x":[1]}', "n": 2}


def value(call: str, **changes: Any) -> Any:
    execution = World().run(machine(A={"Type": "Pass", "Parameters": {"v.$": call}}), {**GIVEN, **changes})
    return output(execution)["v"] if execution.output else (execution.error, execution.cause)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("States.Format('Hi {}, {} of {}', $.name, $.n, $.object)", "Hi Ada, 2 of {a=1}"),
        (r"States.Format('\{{}\} it\'s', $.n)", "{2} it's"),
        ("States.StringToJson($.text)", {"x": [1]}),
        ("States.JsonToString($.object)", '{"a":1}'),
        ("States.Array(1, 'two', null, true, $.n)", [1, "two", None, True, 2]),
        ("States.ArrayPartition($.list, 3)", [[1, 2, 2], [3]]),
        ("States.ArrayContains($.list, 3)", True),
        ("States.ArrayRange(1, 9, 3)", [1, 4, 7]),
        ("States.ArrayGetItem($.list, 3)", 3),
        ("States.ArrayLength($.list)", 4),
        ("States.ArrayUnique($.list)", [1, 2, 3]),
        ("States.Base64Decode(States.Base64Encode($.name))", "Ada"),
        ("States.Hash('a', 'SHA-1')", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
        ("States.JsonMerge($.object, States.StringToJson('{\"b\":2}'), false)", {"a": 1, "b": 2}),
        ("States.MathAdd($.n, -5)", -3),
        ("States.StringSplit('a.b,,c', '.,')", ["a", "b", "c"]),
        ("States.Format('{}', $$.State.Name)", "A"),
    ],
)
def test_a_function_gives(call: str, expected: Any) -> None:
    assert value(call) == expected


def test_random_numbers_stay_in_their_range_and_repeat_with_a_seed() -> None:
    assert all(3 <= value("States.MathRandom(3, 6)", n=n) < 6 for n in range(5))
    assert value("States.MathRandom(0, 1000, 7)") == value("States.MathRandom(0, 1000, 7)")


def test_a_uuid_is_one_of_version_four_and_each_is_another() -> None:
    first, second = value("States.Array(States.UUID(), States.UUID())")
    assert first != second
    assert (len(first), first[14]) == (36, "4")


def test_a_function_that_cannot_work_is_an_intrinsic_failure() -> None:
    error, cause = value("States.ArrayGetItem($.list, 9)")
    assert error == "States.IntrinsicFailure"
    assert "The function 'States.ArrayGetItem($.list, 9)' had the following error: " in cause


def test_an_argument_that_is_missing_is_a_runtime_error() -> None:
    error, cause = value("States.Format('{}', $.missing)")
    assert error == "States.Runtime"
    assert "The JsonPath argument for the field '$.missing' could not be found in the input" in cause


@pytest.mark.parametrize(
    ("call", "is_sound"), [(r"States.Format('say \"{}\"', 1)", False), (r"""States.Format('a\\"b')""", True)]
)
def test_a_double_quote_is_not_escaped_in_a_call(call: str, is_sound: bool) -> None:
    definition = json.dumps(machine(A={"Type": "Pass", "Parameters": {"v.$": call}}))
    assert (find_problems(definition) == []) is is_sound
