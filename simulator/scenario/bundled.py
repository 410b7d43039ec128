"""The orchestrator that comes with drsim: the system of a scenario that names none."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from simulator.scenario.names import names_in
from simulator.scenario.system import System
from simulator.scenario.tree import read_tree

_PACKAGE = Path(__file__).parents[1]


def bundle_root() -> Path:
    """The folder with the bundled asl/ and orchestration/: in the installed package, else the checkout around it."""
    installed = _PACKAGE / "bundled"
    return installed if installed.is_dir() else _PACKAGE.parent


@cache
def bundled_system() -> System:
    """The bundled orchestrator. Its files are looked for when it runs, not here."""
    file = Path(__file__).with_name("bundled.yaml")
    data = read_tree(file.read_text("utf-8"), file.name).data
    names = replace(names_in({"system": data}, bundle_root()), must_exist=False)
    return System.model_validate(data, context=names)
