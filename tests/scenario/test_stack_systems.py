"""`system: {template: ...}`: what may be said of a system that a template makes."""

from pathlib import Path

import pytest

from simulator.errors import ScenarioError
from simulator.scenario.loading import parse
from simulator.scenario.system import System

FLEET = "scenario: x\nfleet: {waves: [{name: a, servers: 1}]}\n"
STACK = """system:
  template: stack.yaml
  resource: Nested.Machine
  parameters: {Count: 3, Is: true}
  buckets: {artifacts: {code.zip: code, plan.json: plan.json}}
  tables: {Plans: {items: ["${plan}"]}}
  start: {handler: Api, request: {path: /start}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code").mkdir()
    for name in ("stack.yaml", "plan.json", "a.asl.json"):
        (tmp_path / name).write_text("{}")
    return tmp_path


def system(folder: Path, text: str) -> System:
    return parse(FLEET + text, folder / "x.yaml").system


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ScenarioError) as refused:
        system(folder, text)
    return [f"{problem.where.rpartition('x.yaml:')[2]} {problem.message}" for problem in refused.value.problems]


def test_a_template_needs_no_handlers_and_gets_its_parameters_as_texts(folder: Path) -> None:
    read = system(folder, STACK)
    assert (read.template, read.resource, read.stack) == (folder / "stack.yaml", "Nested.Machine", "recovery")
    assert read.parameters == {"Count": "3", "Is": "true"}
    assert read.buckets == {"artifacts": {"code.zip": folder / "code", "plan.json": folder / "plan.json"}}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("  stateMachine: a.asl.json", "3:1 the system needs either `stateMachine` or `template`"),
        ("  topics: ['${TopicArn}']", "3:1 the template says what there is; leave out `topics`"),
        ("  resource: ''", '4:13 expected a logical id such as Machine or Nested.Machine, found ""'),
        ("  template: nothing.yaml", "4:13 there is no file nothing.yaml"),
        ("  buckets: {artifacts: {code.zip: nowhere}}", "7:34 there is no file nowhere"),
    ],
)
def test_what_contradicts_the_template_is_refused(folder: Path, change: str, problem: str) -> None:
    key = change.split(":", maxsplit=1)[0]
    kept = "\n".join(line for line in STACK.splitlines() if line.split(":")[0] != key)
    assert [told.split(" ", 1)[1] for told in problems(folder, f"{kept}\n{change}\n")] == [problem.split(" ", 1)[1]]


def test_a_table_without_a_template_needs_its_key(folder: Path) -> None:
    text = "system:\n  stateMachine: a.asl.json\n  tables: {plans: {}}\n  start: {input: {}}\n"
    assert problems(folder, text) == ["5:12 a table needs `key`"]
