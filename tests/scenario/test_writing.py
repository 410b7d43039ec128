"""Scenarios are written so that people can read them, and so that they are read back as the same data."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.json_types import JsonValue
from simulator.scenario.discovery import discover
from simulator.scenario.loading import load
from simulator.scenario.tree import read_tree
from simulator.scenario.writing import write_scenario

Data = dict[str, JsonValue]
SHIPPED = discover([Path(__file__).parents[2] / "scenarios"])
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20) | st.sampled_from(
    ["1e3", "yes", "on", "1:30", "~", "null", "true", "0x1F", "-", "a: b", "# c", "", " x", "1.", "12e4", "<<", "*a", "é\n"]
)
SCALARS = TEXTS | st.integers(-(10**17), 10**17) | st.booleans() | st.none() | st.sampled_from([0.7, 0.001, 2.5])
VALUES = st.recursive(SCALARS, lambda value: st.lists(value, max_size=3) | st.dictionaries(TEXTS, value, max_size=3))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_shipped_scenario_is_read_back_as_it_was(path: Path) -> None:
    data = load(path).data
    assert isinstance(data, dict)
    text = write_scenario(data)
    assert read_tree(text, path.name).data == data
    breakable = [line for line in text.splitlines() if max(map(len, line.split()), default=0) < 120]
    assert max(map(len, breakable)) < 240


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_any_data_is_read_back_as_it_was(data: Data) -> None:
    tree = read_tree(write_scenario({"scenario": "x"} | data), "x.yaml")
    assert tree.data == {"scenario": "x"} | data
    assert tree.findings == ()


def test_a_scenario_reads_like_one_written_by_hand() -> None:
    data: Data = {
        "expect": {"outcome": "COMPLETED", "order": ["data", "app"]},
        "fleet": {"waves": [{"name": "data", "servers": ["db-1"]}, {"name": "app", "servers": 2, "dependsOn": ["data"]}]},
        "faults": [{"api": "drs:StartRecovery", "error": "ThrottlingException", "during": {"from": "5m", "for": "40s"}}],
        "tags": ["drill"],
        "scenario": "Two waves",
    }
    assert write_scenario(data, ("What happens.",)) == (
        "# What happens.\n"
        "scenario: Two waves\n"
        "tags: [drill]\n"
        "\n"
        "fleet:\n"
        "  waves:\n"
        "    - {name: data, servers: [db-1]}\n"
        "    - {name: app, servers: 2, dependsOn: [data]}\n"
        "\n"
        "faults:\n"
        "  - {api: 'drs:StartRecovery', error: ThrottlingException, during: {from: 5m, for: 40s}}\n"
        "\n"
        "expect:\n"
        "  outcome: COMPLETED\n"
        "  order: [data, app]\n"
    )
