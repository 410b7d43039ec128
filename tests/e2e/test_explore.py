"""Exploring finds races that are planted in a copy of the production side, and shrinks them to a few lines."""

from textwrap import indent

import pytest

from simulator.cli.main import exit_code
from tests.e2e.conftest import ROOT, Production

WAVES = """\
scenario: Three waves
fleet:
  waves:
    - {name: data, servers: 1}
    - {name: app, servers: 1, dependsOn: [data]}
    - {name: web, servers: 1, dependsOn: [app]}
"""


def explore(production: Production, *options: str) -> dict[str, str]:
    """Explore three waves under the copy; what was found, by the names of the files."""
    system = (ROOT / "simulator/scenario/bundled.yaml").read_text("utf-8")
    (production.folder / "_defaults.yaml").write_text("system:\n" + indent(system, "  "), "utf-8")
    base = production.folder / "three-waves.yaml"
    base.write_text(WAVES, "utf-8")
    code = exit_code(
        ["explore", str(base), "--jobs", "1", "--shrink-runs", "12", "--output", str(production.folder), *options]
    )
    texts = {path.name: path.read_text("utf-8") for path in sorted(production.folder.glob("*.seed*.yaml"))}
    assert code == (1 if texts else 0)
    return texts


def test_two_operators_who_resume_at_once_are_found(production: Production, capsys: pytest.CaptureFixture[str]) -> None:
    # Holds are counted: every pause adds one and every resume takes one away, and waves start when there are none. Whether
    # there is one to take away is looked up beforehand.
    production.change(
        "orchestration/operators.py",
        'return record if "paused" in record else _noted(record | {"paused": note}, note)',
        'return _noted(record | {"paused": record.get("paused", 0) + 1}, note)',
    )
    production.change(
        "orchestration/operators.py",
        '    if "paused" not in record:\n        return record\n'
        '    return _noted({key: value for key, value in record.items() if key != "paused"}, note)',
        '    return _noted(record | {"paused": record.get("paused", 0) - 1}, note)',
    )
    production.change(
        "orchestration/api.py",
        "    change = {**OPERATIONS",
        "    if operation == 'resume' and not execution.get('paused'):\n"
        "        return _json(200, execution)\n"
        "    change = {**OPERATIONS",
    )
    production.change("orchestration/policy.py", 'or "paused" in record', 'or record.get("paused", 0) != 0')
    found = explore(production, "--only", "hold", "--seeds", "30..30")
    (text,) = found.values()
    assert text.count("decide: resume") == 2 + text.count("last call")
    assert text.count("\n") <= 25, text
    assert "HorizonReached" in capsys.readouterr().out


def test_an_event_that_is_delivered_twice_is_found(production: Production, capsys: pytest.CaptureFixture[str]) -> None:
    # Waves are counted as DRS tells of their ends, and start when as many have ended as come before them in the plan.
    # Whether a wave has been counted is looked up beforehand.
    production.change(
        "orchestration/events.py",
        '    turns.wake(execution["wakeTokens"][wave["name"]], {})\n',
        "    if wave['name'] not in execution.get('counted', []):\n"
        "        count = lambda now: now | {'counted': [*now.get('counted', []), wave['name']]}\n"
        "        store.update(execution['executionId'], count)\n"
        '    turns.wake(execution["wakeTokens"][wave["name"]], {})\n',
    )
    production.change(
        "orchestration/policy.py",
        'if unmet_dependencies(wave, record["waves"]):',
        "if len(record.get('counted', [])) < [one['name'] for one in record['waves']].index(wave['name']):",
    )
    found = explore(production, "--only", "events doubled", "--seeds", "1..1")
    text = next(iter(found.values()))
    assert "does: DUPLICATED" in text
    assert text.count("\n") <= 25, text
    assert "no wave before its dependencies" in capsys.readouterr().out


def test_nothing_is_found_where_nothing_is_planted(production: Production) -> None:
    assert explore(production, "--only", "hold", "--only", "events doubled", "--seeds", "30..30") == {}
