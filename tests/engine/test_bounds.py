"""Hostile definitions and inputs end in an error with a name: never a hang, never a crash."""

import json
from typing import Any

import pytest

from simulator.engine.definition import find_problems
from simulator.errors import ClockStuck
from tests.engine.world import World, machine, task

LOOP = machine(
    A={"Type": "Choice", "Choices": [{"Variable": "$", "IsNull": True, "Next": "End"}], "Default": "A"},
    End={"Type": "Succeed"},
)


def jsonata(expression: str) -> dict[str, Any]:
    return {"QueryLanguage": "JSONata", **machine(A={"Type": "Pass", "Output": "{% " + expression + " %}"})}


def test_an_endless_express_loop_is_a_limit_of_the_simulation() -> None:
    with pytest.raises(ClockStuck):
        World().run(LOOP, is_express=True)


def test_a_map_over_very_many_items_ends_at_the_history_limit() -> None:
    world = World({"Items": lambda call: [0] * 100_000})
    each = {"Type": "Map", "ItemProcessor": machine(Inner={"Type": "Pass"})}
    execution = world.run(machine(Items=task(), Each=each))
    assert execution.cause == "The execution reached the maximum number of history events (25000)."
    assert len(world.events()) == 25_000


def test_values_nested_too_deeply_are_a_runtime_error() -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    execution = World({"Work": lambda call: value}).run(machine(Work=task()))
    assert execution.error == "States.Runtime"


def test_templates_nested_too_deeply_are_refused_or_fail_by_name() -> None:
    template: Any = {"v.$": "$"}
    for _ in range(450):
        template = {"t": template}
    definition = json.dumps(machine(A={"Type": "Pass", "Parameters": template}))
    assert [problem.message for problem in find_problems(definition)] == ["INVALID_JSON_DESCRIPTION: nested too deeply"]


def test_an_input_nested_deeply_never_breaks_the_interpreter() -> None:
    value: Any = 1
    for _ in range(900):
        value = [value]
    expressions = ("States.Format('{}', $)", "$..x", "States.JsonToString($)", "States.ArrayUnique($)")
    for expression in expressions:
        execution = World().run(machine(A={"Type": "Pass", "Parameters": {"v.$": expression}}), value)
        assert execution.status in ("SUCCEEDED", "FAILED")


def test_a_template_that_multiplies_its_input_is_stopped_before_it_is_written() -> None:
    template = {f"f{number}.$": "$" for number in range(20_000)}
    execution = World().run(machine(A={"Type": "Pass", "Parameters": template}), "x" * 200_000)
    assert execution.error == "States.DataLimitExceeded"


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("($f := function($n){1 + $f($n + 1)}; $f(0))", "D1011"),
        ("[1..100000000]", "D2014"),
        ("$eval('1')", "T1006"),
        ("1 + 'a'", 'T2002: The right side of the "+" operator must evaluate to a number'),
        ("$length(1)", 'T0410: Argument 1 of function "length" does not match function signature'),
    ],
)
def test_expressions_that_fail_say_so_with_their_code(expression: str, code: str) -> None:
    execution = World().run(jsonata(expression))
    assert execution.error == "States.QueryEvaluationError"
    assert f"specified for the field 'Output' threw an error during evaluation. {code}" in (execution.cause or "")


def test_an_expression_that_gives_nothing_or_a_function_is_an_error() -> None:
    nothing = World().run(jsonata("$states.input.missing"))
    assert (nothing.cause or "").endswith("specified for the field 'Output' returned nothing (undefined).")
    function = World().run(jsonata("function($x){$x}"))
    assert (function.cause or "").endswith("specified for the field 'Output' returned an unsupported result type.")


def test_null_is_not_undefined() -> None:
    assert World().run(jsonata("$states.input.missing"), {"missing": None}).output == "null"


def test_a_regular_expression_that_may_explode_is_refused() -> None:
    definition = machine(A={"Type": "Pass", "Parameters": {"x.$": "$.a[?(@.b =~ /(a+)+$/)]"}})
    assert "must be a valid JSONPath" in find_problems(json.dumps(definition))[0].message


def test_a_long_pattern_of_stars_is_matched_in_no_time() -> None:
    rule = {"Variable": "$", "StringMatches": "*a" * 60 + "*b", "Next": "End"}
    definition = machine(A={"Type": "Choice", "Choices": [rule], "Default": "End"}, End={"Type": "Succeed"})
    assert World().run(definition, "a" * 50_000).status == "SUCCEEDED"
