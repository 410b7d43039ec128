"""Checking scenario files without running them."""

from collections.abc import Sequence
from pathlib import Path

import click

from simulator.cli.errors import COULD_NOT, PASSED, print_bug, print_problems
from simulator.errors import UserError
from simulator.scenario.discovery import discover
from simulator.scenario.loading import load_all
from simulator.scenario.model import Scenario


def inspect_scenarios(paths: Sequence[Path]) -> int:
    """Print the problems of every scenario under `paths`; the exit code. Raises UserError for the paths themselves."""
    files = discover(paths)
    broken = [path for path in files if not _is_sound(path)]
    noun = "scenario" if len(files) == 1 else "scenarios"
    click.echo(f"{len(files)} {noun} checked: " + (f"{len(broken)} with problems" if broken else "no problems"))
    return COULD_NOT if broken else PASSED


def check_system(scenario: Scenario) -> None:
    """Look at the state machine and the handlers that a scenario names. Raises UserError with all that is wrong."""
    from simulator.targets import embedded  # noqa: PLC0415

    embedded.check_system(scenario)


def _is_sound(path: Path) -> bool:
    try:
        for scenario in load_all(path):
            check_system(scenario)
    except UserError as error:
        print_problems(error)
    except Exception as error:
        print_bug(error)
    else:
        return True
    return False
