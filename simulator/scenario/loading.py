"""A scenario file as a Scenario, or everything that is wrong with it."""

from pathlib import Path

from pydantic import ValidationError

from simulator.errors import ScenarioError
from simulator.scenario.messages import findings_of, show
from simulator.scenario.model import Scenario, read_from
from simulator.scenario.names import duplicates, names_in
from simulator.scenario.nodes import Finding, Position
from simulator.scenario.text import read_text
from simulator.scenario.tree import Tree, located, read_tree


def load(path: Path) -> Scenario:
    """The scenario in a file. Raises ScenarioError with every problem that the file has, in the order of the file."""
    return parse(read_text(path), path)


def parse(text: str, path: Path) -> Scenario:
    """The scenario in `text`, as if it stood in the file `path`. Raises ScenarioError."""
    tree = read_tree(text, str(path))
    if not isinstance(tree.data, dict):
        raise ScenarioError([located(_not_a_mapping(tree), str(path))])
    scenario, findings = _validated(tree, path)
    if scenario is None or findings:
        ordered = sorted(set(findings), key=lambda finding: (finding.position, finding.message))
        raise ScenarioError([located(finding, str(path)) for finding in ordered])
    return read_from(scenario, path, tree)


def _validated(tree: Tree, path: Path) -> tuple[Scenario | None, list[Finding]]:
    findings = [*tree.findings, *duplicates(tree)]
    try:
        return Scenario.model_validate(tree.data, context=names_in(tree.data, path.parent)), findings
    except ValidationError as error:
        reported = {finding.position for finding in findings}
        return None, findings + [finding for finding in findings_of(error, tree) if finding.position not in reported]


def _not_a_mapping(tree: Tree) -> Finding:
    example = "a scenario begins with `scenario: what happens` and has a `fleet:`"
    if tree.data is None:
        return Finding(Position(1, 1), "the file is empty", example)
    return Finding(tree.position(()), f"expected a mapping of keys to values, found {show(tree.data)}", example)
