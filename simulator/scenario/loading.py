"""A scenario file as a Scenario, or everything that is wrong with it."""

from pathlib import Path

from pydantic import ValidationError

from simulator.errors import ScenarioError
from simulator.scenario.assembly import assembled
from simulator.scenario.matrix import cells
from simulator.scenario.messages import findings_of, show
from simulator.scenario.model import Scenario, read_from
from simulator.scenario.names import duplicates, names_in
from simulator.scenario.nodes import Finding, Position
from simulator.scenario.text import read_text
from simulator.scenario.tree import Tree, located, read_tree


def load(path: Path) -> Scenario:
    """The scenario in a file, of a matrix the first. Raises ScenarioError with every problem, in the order of the file."""
    return load_all(path)[0]


def load_all(path: Path) -> tuple[Scenario, ...]:
    """The scenarios in a file: one, or one for each combination of its matrix. Raises ScenarioError."""
    return parse_all(read_text(path), path)


def parse(text: str, path: Path) -> Scenario:
    """The scenario in `text`, as if it stood in the file `path`, of a matrix the first. Raises ScenarioError."""
    return parse_all(text, path)[0]


def parse_all(text: str, path: Path) -> tuple[Scenario, ...]:
    """The scenarios in `text`, as if it stood in the file `path`. Raises ScenarioError."""
    tree = read_tree(text, str(path))
    if not isinstance(tree.data, dict):
        raise ScenarioError([located(_not_a_mapping(tree), str(path))])
    scenarios, findings = [], set()
    for cell in cells(assembled(tree, path)):
        scenario, found = _validated(cell.tree, path)
        findings.update(found)
        if scenario is not None:
            scenarios.append(read_from(scenario, path, cell.tree, cell.labels))
    if findings:
        ordered = sorted(findings, key=lambda finding: (finding.position.file, finding.position, finding.message))
        raise ScenarioError([located(finding, str(path)) for finding in ordered])
    return tuple(scenarios)


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
