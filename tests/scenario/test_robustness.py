"""Whatever is in a file, reading it gives a scenario or messages with places, never a crash."""

import json
import re
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.errors import ScenarioError
from simulator.scenario.loading import parse
from simulator.scenario.tree import read_tree
from tests.scenario.test_loading import FULL

SYSTEM = """
  stateMachine: x.json
  handlers: {"${A}": {code: "x.py:f", timeout: 3s, memory: 256, environment: {X: "${A}"}}}
  topics: ["${T}"]
  tables: {t: {key: [a, b], items: [{a: "1"}]}}
  environment: {Y: "${T}"}
  start: {handler: "${A}", request: {method: POST, path: /x, body: {a: 1}}}
  record: {table: t, key: a, status: s}
"""
DOCUMENT: Any = read_tree(FULL + "system:" + SYSTEM, "x.yaml").data
PLACE = re.compile(r"x\.yaml:[1-9][0-9]*:[1-9][0-9]*: \S")

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["5m", "data", "db-01", "${A}", "wave data starts", "drs:[X]", "<= 3"]),
)
keys = st.text(max_size=5) | st.sampled_from(["a\nb", "id", "api", "busy", "name", "{x}"])
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3))


def paths_in(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(below for key, member in members for below in paths_in(member, (*path, key)))]


def changed(data: Any, path: tuple[Any, ...], value: Any, is_removed: bool) -> Any:
    if not path:
        return value
    copy = data.copy()
    if len(path) == 1 and is_removed:
        del copy[path[0]]
    else:
        copy[path[0]] = changed(data[path[0]], path[1:], value, is_removed)
    return copy


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(paths_in(DOCUMENT)), values, st.booleans())
def test_any_change_to_a_full_scenario_is_read_or_explained(path: tuple[Any, ...], value: Any, is_removed: bool) -> None:
    text = json.dumps(changed(DOCUMENT, path, value, is_removed), indent=1)
    messages = ["x.yaml:1:1: read"]
    try:
        parse(text, Path("x.yaml"))
    except ScenarioError as error:
        messages = str(error).splitlines()

    assert [message for message in messages if not PLACE.match(message) or "something else" in message] == []
