"""What a run is made from, as digests: the scenario, its state machine, its handlers' code, the files that it names."""

import json
import os
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from simulator import __version__
from simulator.account.node import SUFFIXES
from simulator.account.sandbox import Code
from simulator.errors import ScenarioError
from simulator.journal import RunStarted
from simulator.json_types import JsonValue
from simulator.scenario.model import Scenario
from simulator.scenario.templates import read_template
from simulator.targets.local_files import local_files, source_of

_DIGITS = 16  # a journal's first line is read by people too
_SUFFIXES = frozenset({".yaml", ".yml", ".json", ".py"})


def run_started(scenario: Scenario, seed: int) -> RunStarted:
    """The first event of a run's journal."""
    return RunStarted(
        scenario.title,
        seed,
        scenario.run.start.isoformat(),
        shown_path(scenario.path),
        dict(scenario.cell),
        digest(json.dumps(scenario.data, sort_keys=True).encode()),
        __version__,
        artefacts(scenario),
    )


def shown_path(path: Path) -> str:
    """A path as seen from the working folder where it lies below it, so that it means the same in any checkout."""
    absolute, here = path.absolute(), Path.cwd()
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else absolute).as_posix()


def artefacts(scenario: Scenario) -> dict[str, JsonValue]:
    """The digest of each file that a run of the scenario uses, by a name that is the same on any machine. Sorted.

    Files that cannot be read have none: the run will say what is wrong with them.
    """
    digests: dict[str, JsonValue] = {}
    for name, path in _files(scenario):
        if name not in digests and os.path.isfile(path):  # unlike Path.is_file, never raises
            digests[name] = digest(path.read_bytes())
    return dict(sorted(digests.items()))


def digest(content: bytes) -> str:
    """The beginning of the content's SHA-256."""
    return sha256(content).hexdigest()[:_DIGITS]


def _files(scenario: Scenario) -> Iterator[tuple[str, Path]]:
    system = scenario.system
    objects = [path for files in system.buckets.values() for path in files.values()]
    for path in filter(None, (system.state_machine, system.template, *system.documents.values(), *objects)):
        files = source_of(path).files() if path.is_dir() else [(f"{path.parent.name}/{path.name}", path)]
        yield from files
    if system.template is not None:
        yield from _in_template(system.template)
    for folder, code in {code.owned: code for code in _codes(scenario)}.items():
        for path in sorted(modules_of(code)):
            yield path.relative_to(folder.parent).as_posix(), path
    for name in _named(scenario.data):
        yield name, scenario.path.parent / name


def _in_template(path: Path) -> Iterator[tuple[str, Path]]:
    """The files that a template names; none of one that cannot be read."""
    try:
        yield from local_files(read_template(path))
    except ScenarioError:
        return


def _codes(scenario: Scenario) -> Iterator[Code]:
    return (Code(handler.code.file, handler.code.function) for handler in scenario.system.handlers.values())


def modules_of(code: Code) -> Iterator[Path]:
    """The source files that a function's code may be made of: its package, or the modules and packages beside its file."""
    if code.path.suffix in SUFFIXES:
        yield from (path for path in code.owned.rglob("*") if path.suffix in SUFFIXES and "node_modules" not in path.parts)
        return
    if code.root != code.owned:
        yield from code.owned.rglob("*.py")
        return
    yield from code.owned.glob("*.py")
    for package in code.owned.glob("*/__init__.py"):
        yield from package.parent.rglob("*.py")


def _named(data: JsonValue) -> Iterator[str]:
    """Every text in a scenario that may be the name of a file, except those of code."""
    match data:
        case str() if Path(data).suffix in _SUFFIXES and len(data) < 256:
            yield data
        case Mapping():
            for member in data.values():
                yield from _named(member)
        case list():
            for item in data:
                yield from _named(item)
