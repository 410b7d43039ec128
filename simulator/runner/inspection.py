"""Looks at a scenario file, its state machine and its code without running them."""

from dataclasses import replace
from pathlib import Path

from simulator.engine.lint import lint
from simulator.errors import UserError
from simulator.runner.findings import Finding, finding_of, findings_of
from simulator.runner.scenario_lint import lint_scenario
from simulator.scenario.loading import load_all
from simulator.scenario.model import Scenario
from simulator.scenario.templates import read_template
from simulator.targets import embedded
from simulator.targets.artefacts import shown_path


def inspect_file(path: Path) -> list[Finding]:
    """Everything that is wrong or doubtful with the scenarios in a file and what they name, each once."""
    try:
        scenarios = load_all(path)
    except UserError as error:
        return findings_of(error)
    found = [finding for scenario in scenarios for finding in inspect_scenario(scenario)]
    return list(dict.fromkeys(found))


def inspect_scenario(scenario: Scenario) -> list[Finding]:
    """What is wrong or doubtful with one scenario and what it names."""
    inspected = embedded.inspect_system(scenario)
    found = [] if inspected.error is None else findings_of(inspected.error)
    if inspected.definition is None:
        return found
    doubts = [*_doubts(scenario, inspected.definition), *lint_scenario(scenario, inspected.definition)]
    return [*found, *doubts]


def _doubts(scenario: Scenario, definition: str) -> list[Finding]:
    """What the linter says of the state machine. Its lines are not those of a template: there, it stands for itself."""
    source = shown_path(scenario.system.definition_file)
    found = [finding_of(one) for one in lint(definition, source)]
    template, resource = scenario.system.template, scenario.system.resource
    if template is None or resource is None:
        return found
    place = read_template(template).where("Resources", resource.partition(".")[0]).removeprefix(str(template))
    return [replace(one, where=f"{source}{place}") for one in found]
