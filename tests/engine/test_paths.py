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


def test_input_path_fails_in_the_words_of_the_path_language() -> None:
    execution = World().run(machine(A={"Type": "Pass", "InputPath": "$.a.b"}), {"a": {}})
    assert (execution.cause or "").endswith("Invalid path '$.a.b' : No results for path: $['a']['b']")


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
