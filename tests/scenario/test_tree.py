"""YAML as plain data: the types that plain texts get, and where things are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.errors import ScenarioError
from simulator.scenario.nodes import Position
from simulator.scenario.tree import read_tree


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("1e3", 1000.0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("012", "012"),
        ("012345678901", "012345678901"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("2026-03-01", "2026-03-01"),
        ("y", "y"),
        (".inf", ".inf"),
        ("99999999999999999999", "99999999999999999999"),
        ("'12'", "12"),
        ('"yes"', "yes"),
        ("!!str 12", "12"),
        ("drs:[A, B]", "drs:[A, B]"),
        ("[1, [two]]", [1, ["two"]]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
    ],
)
def test_plain_text_gets_the_type_that_editors_show(written: str, value: object) -> None:
    assert read_tree(f"key: {written}\n", "x.yaml").data == {"key": value}


def test_aliases_are_written_out() -> None:
    assert read_tree("a: &a [1, 2]\nb: *a\n", "x.yaml").data == {"a": [1, 2], "b": [1, 2]}


def test_positions_are_those_of_keys_and_values() -> None:
    tree = read_tree("a:\n  - b: 1\n    c: &c two\nd: *c\n", "x.yaml")

    assert tree.position(("a", 0, "c")) == Position(3, 5)
    assert tree.value_position(("a", 0, "c")) == Position(3, 8)
    assert tree.value_position(("d",)) == Position(4, 4)
    assert tree.position(("a", 0)) == Position(2, 5)
    assert tree.position(("a", 7, "z")) == Position(1, 1)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    refusal = "x.yaml:"
    try:
        read_tree(text, "x.yaml")
    except ScenarioError as error:
        refusal = str(error)
    assert refusal.startswith("x.yaml:")
