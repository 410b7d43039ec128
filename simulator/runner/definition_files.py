"""Where the definitions that ran are written: the file of each."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from simulator.runner.coverage import MachineCoverage
from simulator.runner.coverage_lines import elements_in
from simulator.scenario.system import System
from simulator.targets.artefacts import shown_path


def with_files(coverages: Iterable[MachineCoverage], system: System) -> tuple[MachineCoverage, ...]:
    """Coverage with the file that each definition stands in.

    That is the system's own for the first that ran, else one with the same elements among those that its template deploys;
    for the first, if there is none, the template.
    """
    found = []
    for number, coverage in enumerate(coverages):
        path = system.state_machine if number == 0 else None
        path = path or next((file for file in _candidates(system) if elements_in(file) == coverage.elements), None)
        path = path or (system.template if number == 0 else None)
        found.append(replace(coverage, source="" if path is None else shown_path(path)))
    return tuple(found)


def _candidates(system: System) -> Iterator[Path]:
    if system.state_machine is not None:
        yield system.state_machine
    objects = (path for files in system.buckets.values() for path in files.values())
    yield from (path for path in objects if path.suffix == ".json" and path.is_file())
