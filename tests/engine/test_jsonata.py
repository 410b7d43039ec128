"""The JSONata language: data flow, variables, errors, the two languages side by side."""

from typing import Any

import pytest

import simulator.engine.jsonata as jsonata_library
from tests.engine.world import World, failing, machine, output, task


def jsonata(**states: Any) -> dict[str, Any]:
    return {"QueryLanguage": "JSONata", **machine(**states)}


def test_arguments_output_and_variables_see_input_result_and_context() -> None:
    world = World({"Call": lambda call: {"Payload": {"total": 3}}})
    definition = jsonata(
        Call=task(
            Arguments={
                "FunctionName": "f",
                "Payload": {"n": "{% $states.input.n + 1 %}", "at": "{% $states.context.State.Name %}"},
            },
            Assign={"total": "{% $states.result.Payload.total %}"},
            Output={"was": "{% $states.input.n %}", "is": "{% $states.result.Payload.total %}"},
        ),
        Use={"Type": "Pass", "Output": "{% $total * 10 %}"},
    )
    execution = world.run(definition, {"n": 1})
    assert output(execution) == 30
    assert world.calls[0].parameters == {"FunctionName": "f", "Payload": {"n": 2, "at": "Call"}}
    assert world.details("TaskStateExited")[0]["assignedVariables"] == {"total": "3"}
    assert world.details("TaskStateExited")[0]["output"] == '{"was":1,"is":3}'


def test_variables_are_assigned_together_and_old_values_are_seen() -> None:
    definition = jsonata(
        First={"Type": "Pass", "Assign": {"a": 1, "b": 2}},
        Swap={"Type": "Pass", "Assign": {"a": "{% $b %}", "b": "{% $a %}"}, "Output": "{% $a %}"},
        Last={"Type": "Pass", "Output": "{% [$states.input, $a, $b] %}"},
    )
    assert output(World().run(definition)) == [1, 2, 1]


def test_a_failed_expression_is_told_of_and_can_be_caught() -> None:
    catch = [{"ErrorEquals": ["States.QueryEvaluationError"], "Output": "{% $states.errorOutput.Error %}", "Next": "After"}]
    definition = jsonata(Call=task(Arguments={"x": "{% 1 + 'a' %}"}, Catch=catch, Next="After"), After={"Type": "Pass"})
    world = World()
    assert output(world.run(definition)) == "States.QueryEvaluationError"
    assert world.chain()[2:4] == [(3, 0, "EvaluationFailed"), (4, 3, "TaskStateExited")]
    details = world.details("EvaluationFailed")[0]
    assert (details["location"], details["state"]) == ("Arguments/x", "Call")


def test_a_catcher_assigns_variables_of_the_error() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Assign": {"why": "{% $states.errorOutput.Cause %}"}, "Next": "After"}]
    definition = jsonata(Call=task(Arguments={}, Catch=catch, Next="After"), After={"Type": "Pass", "Output": "{% $why %}"})
    assert output(World({"Call": failing("Down", "no power")}).run(definition)) == "no power"


def test_a_choice_has_conditions_and_outputs_of_its_rules() -> None:
    rules = [
        {"Condition": "{% $states.input.n > 10 %}", "Next": "End", "Output": "big", "Assign": {"size": 2}},
        {"Condition": "{% $states.input.n > 5 %}", "Next": "End"},
    ]
    choice = {"Type": "Choice", "Choices": rules, "Default": "End", "Output": "small"}
    definition = jsonata(Which=choice, End={"Type": "Succeed"})
    assert [output(World().run(definition, {"n": n})) for n in (11, 6, 1)] == ["big", {"n": 6}, "small"]


def test_a_condition_that_is_no_boolean_fails_the_execution() -> None:
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% 'yes' %}", "Next": "End"}], "Default": "End"}
    execution = World().run(jsonata(Which=choice, End={"Type": "Succeed"}))
    assert (execution.cause or "").endswith(
        "The JSONata expression ''yes'' specified for the field 'Choices[0]/Condition' returned an unexpected result type."
        " Expected 'boolean', but was 'string' for value: \"yes\""
    )


def test_a_map_takes_items_and_selects_with_the_item_in_context() -> None:
    each = {
        "Type": "Map", "Items": "{% $states.input.list %}", "MaxConcurrency": "{% 1 %}",
        "ItemSelector": {"v": "{% $states.context.Map.Item.Value %}", "i": "{% $states.context.Map.Item.Index %}"},
        "ItemProcessor": machine(Keep={"Type": "Pass"}), "Output": "{% $count($states.result) %}",
    }  # fmt: skip
    world = World()
    assert output(world.run(jsonata(Each=each), {"list": ["a", "b"]})) == 2
    assert world.details("PassStateEntered")[1]["input"] == '{"v":"b","i":1}'


def test_the_languages_can_be_mixed_by_state() -> None:
    definition = machine(
        Path={"Type": "Pass", "Parameters": {"n.$": "$.n"}, "Assign": {"m.$": "$.n"}},
        Query={"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"sum": "{% $states.input.n + $m %}"}},
        Back={"Type": "Pass", "Parameters": {"all.$": "$", "m.$": "$m"}},
    )
    assert output(World().run(definition, {"n": 4})) == {"all": {"sum": 8}, "m": 4}


def test_step_functions_own_functions_are_there() -> None:
    expressions = {
        "$partition([1, 2, 3], 2)": [[1, 2], [3]], "$range(1, 7, 3)": [1, 4, 7], "$parse('{\"a\":1}')": {"a": 1},
        "$hash('a', 'MD5')": "0cc175b9c0f1b6a831c399e269772661", "$now()": "2026-03-01T02:00:00.000Z",
        "$millis()": 1772330400000, "$length($uuid())": 36, "$random(1) = $random(1)": True,
    }  # fmt: skip
    definition = jsonata(A={"Type": "Pass", "Output": [f"{{% {expression} %}}" for expression in expressions]})
    assert output(World().run(definition)) == list(expressions.values())


def test_waits_end_when_their_expression_says() -> None:
    world = World()
    until = jsonata(
        A={"Type": "Wait", "Timestamp": "{% '2026-03-01T02:00:07.5Z' %}"}, B={"Type": "Wait", "Seconds": "{% 1+1 %}"}
    )
    assert world.run(until).ended_ms == 9_500


def test_the_pure_library_says_the_same_where_the_other_has_no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonata_library, "_engine", lambda: jsonata_library._pure)
    given: Any = {"a": [1, {"b": None}]}
    values = {
        "$states.input.a": [1, {"b": None}], "$states.input.a[1].b": None, "$partition([1, 2, 3], 2)": [[1, 2], [3]],
        "$length($uuid())": 36, "$now()": "2026-03-01T02:00:00.000Z",
    }  # fmt: skip
    definition = jsonata(A={"Type": "Pass", "Output": [f"{{% {expression} %}}" for expression in values]})
    assert output(World().run(definition, given)) == list(values.values())
    failures = {
        "$states.input.z": "returned nothing (undefined).",
        "function($x){$x}": "returned an unsupported result type.",
        "1 + 'a'": 'T2002: The right side of the "+" operator must evaluate to a number',
        "$length(1)": 'T0410: Argument 1 of function "length" does not match function signature',
    }
    for expression, ending in failures.items():
        execution = World().run(jsonata(A={"Type": "Pass", "Output": f"{{% {expression} %}}"}), given)
        assert (execution.cause or "").endswith(ending)
