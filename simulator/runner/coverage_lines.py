"""The lines on which the elements of a definition stand in its file."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from simulator.engine.elements import Element, elements
from simulator.engine.source import locate
from simulator.runner.coverage import MachineCoverage


def with_lines(coverage: MachineCoverage) -> MachineCoverage:
    """Coverage with the line of each element in its file, as far as that can be told."""
    if elements_in(Path(coverage.source)) != coverage.elements:  # the definition stands inside of something else
        return coverage
    return replace(coverage, lines=_lines(Path(coverage.source).read_text("utf-8")))


@lru_cache(maxsize=64)
def _lines(text: str) -> tuple[int | None, ...]:
    places = (locate(text, element.pointer) for element in elements(text))
    return tuple(None if place is None else place[0] for place in places)


def elements_in(file: Path) -> tuple[Element, ...]:
    """The elements of the definition in a file; none if it is not a definition, or cannot be read."""
    try:
        return elements(file.read_text("utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ()
