"""`drsim schema`: what it prints is what editors and programs can use."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from simulator.cli.main import exit_code
from simulator.scenario.discovery import discover

ROOT = Path(__file__).parents[2]
SCENARIOS = discover([ROOT / "scenarios"])
ONE = {"scenario": "x", "fleet": {"waves": [{"name": "data", "servers": 2}]}}


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert exit_code(["schema", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def scenario(capsys: pytest.CaptureFixture[str]) -> Draft7Validator:
    return Draft7Validator(printed(capsys))


def keys(schema: Any, where: str = "") -> dict[str, Any]:
    """Every key that the schema knows, with its schema."""
    found: dict[str, Any] = {}
    if isinstance(schema, dict):
        for name, inner in schema.items():
            if name == "properties":
                found |= {f"{where}.{key}": value for key, value in inner.items()}
                found |= {name: value for key, one in inner.items() for name, value in keys(one, f"{where}.{key}").items()}
            else:
                found |= keys(inner, f"{where}/{name}")
    elif isinstance(schema, list):
        found = {name: value for inner in schema for name, value in keys(inner, where).items()}
    return found


@pytest.mark.parametrize("kind", ["scenario", "report"])
def test_it_is_draft_7_and_describes_every_key(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    schema = printed(capsys, kind)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    Draft7Validator.check_schema(schema)
    found = keys(schema)
    assert len(found) > 40
    assert [name for name, key in found.items() if not key.get("description", "").strip()] == []


def test_nothing_of_later_drafts_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    text = json.dumps(printed(capsys))
    assert [
        word for word in ("$defs", "prefixItems", "discriminator", "unevaluated", "dependentRequired") if word in text
    ] == []

    def beside_references(schema: Any) -> list[Any]:
        inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else []
        own = [schema] if isinstance(schema, dict) and "$ref" in schema and len(schema) > 1 else []
        return own + [found for one in inner for found in beside_references(one)]

    assert beside_references(json.loads(text)) == []


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_every_shipped_scenario_is_valid(file: Path, scenario: Draft7Validator) -> None:
    scenario.validate(yaml.safe_load(file.read_text("utf-8")))


@pytest.mark.parametrize(
    "more",
    [
        {"expect": {"calls": {"drs:StartRecovery": "<= 3"}, "retries": {"state": "A", "attempts": 1}}},
        {"expect": {"retries": [{"state": "A", "attempts": {"min": 1}}]}},
        {"thresholds": {"rto": "p(95) < 90m", "outcome": ["rate(COMPLETED) >= 0.99"]}},
        {"matrix": {"n": [1, 2]}, "fleet": {"waves": [{"name": "a", "servers": "${matrix.n}", "timeout": "${matrix.n}"}]}},
        {"faults": "${matrix.luck}"},
        {"extends": "base.yaml", "fleet": {"region": "eu-west-1"}},
        {"fleet": {"waves": [], "latency": {"launch": "4m", "boot": {"median": "1m", "p95": "2m"}}}},
    ],
)
def test_what_a_file_may_say_in_short_is_valid(more: dict[str, Any], scenario: Draft7Validator) -> None:
    scenario.validate({**ONE, **more})


@pytest.mark.parametrize(
    "more",
    [
        {"expcet": {}},
        {"expect": {"outcome": "DONE"}},
        {"expect": {"rto": 90}},
        {"run": {"horizon": "soon"}},
        {"fleet": {"waves": [{"name": "a"}]}},
        {"faults": [{"api": "drs:StartRecovery", "eror": "X"}]},
        {"expect": {"notifications": "many"}},
    ],
)
def test_mistakes_are_found(more: dict[str, Any], scenario: Draft7Validator) -> None:
    assert not scenario.is_valid({**ONE, **more})


def test_defaults_are_written_as_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    definitions = printed(capsys)["definitions"]
    assert definitions["Run"]["properties"]["horizon"]["default"] == "1d"
    assert definitions["Handler"]["anyOf"][1]["properties"]["timeout"]["default"] == "1m"


def test_it_can_be_written_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "s.json"
    assert exit_code(["schema", "report", "--output", str(path)]) == 0
    assert json.loads(path.read_text("utf-8"))["title"] == "A report of drsim"
