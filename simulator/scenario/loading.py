"""A scenario file as a Scenario, or everything that is wrong with it."""

from pathlib import Path

from pydantic import ValidationError

from simulator.errors import Problem, ScenarioError
from simulator.scenario.messages import findings_of, show
from simulator.scenario.model import Scenario, read_from
from simulator.scenario.names import duplicates, names_in
from simulator.scenario.nodes import Finding, Position, position_of
from simulator.scenario.tree import Tree, located, read_tree

MAX_BYTES = 256 * 1024


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


def read_text(path: Path) -> str:
    """A scenario file's text. Raises ScenarioError if it cannot be read, is too large or is not UTF-8."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ScenarioError([Problem(str(path), f"cannot be read: {error.strerror}")]) from None
    if len(content) > MAX_BYTES:
        raise ScenarioError([Problem(str(path), f"expected a scenario file of at most {MAX_BYTES // 1024} KiB")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = position_of(content[: error.start].decode("utf-8", "replace"), error.start)
        finding = Finding(at, f"expected UTF-8 text, found the byte 0x{content[error.start]:02x}", "save the file as UTF-8")
        raise ScenarioError([located(finding, str(path))]) from None


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
