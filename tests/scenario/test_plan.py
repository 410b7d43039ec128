"""The plan document, and placeholders."""

from pathlib import Path

import pytest

from simulator.json_types import JsonValue
from simulator.scenario.loading import parse
from simulator.scenario.plan import plan_document, substitute

FLEET = """\
scenario: Zwei Wellen
id: "DR 2026/14"
fleet:
  waves:
    - {name: data, servers: [db-01, db-02], timeout: 30m, poll: 15s}
    - {name: app, servers: 1, dependsOn: [data], timeout: 90s, poll: 500ms}
"""
IDS = {"db-01": "s-1", "db-02": "s-2", "app-1": "s-3"}


def test_plan_is_made_from_the_fleet() -> None:
    assert plan_document(parse(FLEET, Path("x.yaml")), IDS) == {
        "planId": "dr-2026-14",
        "name": "Zwei Wellen",
        "waves": [
            {"name": "data", "servers": ["s-1", "s-2"], "dependsOn": [], "timeoutMinutes": 30, "pollSeconds": 15},
            {"name": "app", "servers": ["s-3"], "dependsOn": ["data"], "timeoutMinutes": 1.5, "pollSeconds": 0.5},
        ],
    }


def test_plan_of_one_s_own_keeps_its_shape_and_gets_ids() -> None:
    plan = 'plan: {stages: [{members: [db-01, "app-1"], note: "db-01 first"}], owners: {db-02: ops}, retries: 3}\n'
    assert plan_document(parse(FLEET + plan, Path("x.yaml")), IDS) == {
        "planId": "dr-2026-14",
        "stages": [{"members": ["s-1", "s-3"], "note": "db-01 first"}],
        "owners": {"s-2": "ops"},
        "retries": 3,
    }


def test_plan_of_one_s_own_may_name_itself() -> None:
    assert plan_document(parse(FLEET + "plan: {planId: mine}\n", Path("x.yaml")), IDS) == {"planId": "mine"}


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ("${plan}", {"waves": []}),
        ("${isDrill}", True),
        ("plan ${planId} at ${nowhere}", "plan p-1 at ${nowhere}"),
        ({"a": ["${planId}", 1, None], "b": {"c": "${isDrill}"}}, {"a": ["p-1", 1, None], "b": {"c": True}}),
        ("drill: ${isDrill}, ${plan}", 'drill: true, {"waves":[]}'),
        ("$planId", "$planId"),
        (5, 5),
    ],
)
def test_placeholders_are_filled_in(value: JsonValue, filled: JsonValue) -> None:
    assert substitute(value, {"plan": {"waves": []}, "planId": "p-1", "isDrill": True}) == filled
