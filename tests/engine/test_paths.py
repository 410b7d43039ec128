"""JSONPath as Step Functions reads it, beside what the library thinks."""

import json
from typing import Any

import pytest

from tests.engine.world import World, machine, output

DOCUMENT = {
    "a": {"b-c": 1, "d e": 2, "empty": None},
    "list": [10, 20, 30, 40],
    "books": [{"t": "x", "p": 5}, {"t": "y", "p": 15}, {"t": "z", "p": 25, "sale": True}],
}


def read(path: str, document: Any = DOCUMENT) -> Any:
    execution = World().run(machine(A={"Type": "Pass", "Parameters": {"v.$": path}}), document)
    return output(execution)["v"] if execution.output else execution.cause


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.a.b-c", 1),
        ("$['a']['d e']", 2),
        ('$["a"]["d e"]', 2),
        ("$.a.empty", None),
        ("$.list[0]", 10),
        ("$.list[-1]", 40),
        ("$.list[9]", None),
        ("$.list[1:3]", [20, 30]),
        ("$.list[:2]", [10, 20]),
        ("$.list[-2:]", [30, 40]),
        ("$.list[0,2]", [10, 30]),
        ("$.list[*]", [10, 20, 30, 40]),
        ("$.list[(@.length-1)]", 40),
        ("$.list.length()", 4),
        ("$.list.max()", 40),
        ("$.books[*].t", ["x", "y", "z"]),
        ("$..p", [5, 15, 25]),
        ("$.books[?(@.p > 10)].t", ["y", "z"]),
        ("$.books[?(@.sale)].t", ["z"]),
        ("$.books[?(@.t == 'x' && @.p < 9)].p", [5]),
        ("$.books[?(@.p > 100)]", []),
        ("$.a['b-c','d e']", [1, 2]),
    ],
)
def test_a_path_finds_what_it_names(path: str, value: Any) -> None:
    assert read(path) == value


def test_a_missing_member_is_an_error_that_shows_the_input() -> None:
    assert read("$.a.x", {"a": {}}) == (
        "An error occurred while executing the state 'A' (entered at the event id #2). The JSONPath '$.a.x' specified for"
        " the field 'v.$' could not be found in the input '{\"a\":{}}'"
    )


@pytest.mark.parametrize("path", ["$.missing[*]", "$.missing[0:2]", "$.a.x[?(@.p)]", "$.a[0:2]"])
def test_what_leads_to_a_wildcard_must_be_there(path: str) -> None:
    assert f"The JSONPath '{path}' specified for the field 'v.$' could not be found in the input" in read(path)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("$.a.b", "No results for path: $['a']['b']"),
        ("$.a.b.c", "Missing property in path $['a']['b']"),
        ("$.text.b", "Property ['b'] not found in path $['text']"),
        ("$.list[9]", "No results for path: $['list'][9]"),
        ("$.a[0]", "Filter: [0] can only be applied to arrays. Current context is: {}"),
        ("$.text[0].b", "Filter: [0]['b'] can only be applied to arrays. Current context is: t"),
        ("$.text[0:2]", "Filter: [0:2] can only be applied to arrays. Current context is: t"),
        ("$.none[0]", "The path $['none'] is null"),
        ("$.text.sum()", "Could not determine value of path $.text.sum()"),
    ],
)
def test_input_path_fails_in_the_words_of_the_path_language(path: str, words: str) -> None:
    given: dict[str, Any] = {"a": {}, "text": "t", "list": [1], "none": None}
    execution = World().run(machine(A={"Type": "Pass", "InputPath": path}), given)
    assert (execution.cause or "").endswith(f"Invalid path '{path}' : {words}")


def test_a_path_of_the_context_object_is_looked_for_there_and_told_of_so() -> None:
    execution = World().run(machine(A={"Type": "Pass", "Parameters": {"v.$": "$$.Nope"}}), {"a": 1})
    found = "The JSONPath '$$.Nope' specified for the field 'v.$' could not be found in the input '{\"Execution\":{\"Id\":"
    assert found in (execution.cause or "")
    execution = World().run(machine(A={"Type": "Pass", "Parameters": {"v.$": "States.Format('{}', $$.Nope)"}}), {"a": 1})
    assert (execution.cause or "").endswith(
        "had the following error: The JsonPath argument for the field '$.Nope' could not be found in the input '{\"a\":1}'"
    )


def test_result_path_makes_what_is_missing_and_refuses_what_is_in_the_way() -> None:
    definition = machine(A={"Type": "Pass", "Result": 1, "ResultPath": "$.x.y"})
    assert output(World().run(definition, {"k": 0})) == {"k": 0, "x": {"y": 1}}
    execution = World().run(definition, {"x": "text"})
    assert execution.error == "States.ResultPathMatchFailure"
    assert (execution.cause or "").endswith('Unable to apply ReferencePath $.x.y to input {"x":"text"}')


def test_the_input_of_a_state_is_never_changed_by_the_next() -> None:
    given = {"a": {"b": 1}}
    world = World()
    world.run(machine(A={"Type": "Pass", "Result": 2, "ResultPath": "$.a.b"}, B={"Type": "Pass"}), given)
    assert world.details("PassStateEntered")[0]["input"] == json.dumps(given)
    assert world.details("PassStateEntered")[1]["input"] == '{"a":{"b":2}}'
