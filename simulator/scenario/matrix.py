"""`matrix:`: one file, many runs: every combination of its values, each in a copy of the scenario of its own."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from simulator.json_types import JsonValue
from simulator.scenario.names import did_you_mean
from simulator.scenario.nodes import Finding
from simulator.scenario.overlay import moved
from simulator.scenario.tree import Location, Tree

MAX_CELLS = 1_000
_USE = re.compile(r"\$\{matrix\.([^}]*)\}")
_NAME = re.compile(r"[A-Za-z]\w*")


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of an axis: what it is called in titles, and where it is written."""

    axis: str
    label: str
    value: JsonValue
    location: Location


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination: the document with its values filled in, and their labels by axis."""

    tree: Tree
    labels: Mapping[str, str]


def cells(tree: Tree) -> list[Cell]:
    """The document once for each combination, in the order of the file; once as it is where there is no matrix."""
    matrix = tree.data.get("matrix") if isinstance(tree.data, dict) else None
    if matrix is None:
        return [Cell(tree, {})]
    findings = list(_findings(tree, matrix))
    if findings:
        return [Cell(replace(tree, findings=(*tree.findings, *findings)), {})]
    axes = [_choices(axis, values) for axis, values in _mapping(matrix).items()]
    return [_cell(tree, combination) for combination in product(*axes)]


def _findings(tree: Tree, matrix: JsonValue) -> Iterator[Finding]:
    """What is wrong with the matrix, and with its uses."""
    if not isinstance(matrix, dict) or not matrix:
        yield Finding(tree.position(("matrix",)), "expected a mapping of names to lists of values", "{servers: [1, 20]}")
        return
    count = 1
    for axis, values in matrix.items():
        if not _NAME.fullmatch(axis):
            yield Finding(tree.position(("matrix", axis)), f"`{axis}` cannot be used as ${{matrix.{axis}}}", "use a word")
        if not isinstance(values, list | dict) or not values:
            yield Finding(tree.position(("matrix", axis)), f"expected the values of `{axis}`: a list, or a mapping by names")
            return
        count *= len(values)
    if count > MAX_CELLS:
        yield Finding(tree.position(("matrix",)), f"expected at most {MAX_CELLS} combinations, found {count}")
    used = {name: location for name, location, _ in _uses(tree.data, ())}
    for name, location in used.items():
        if name not in matrix:
            yield Finding(tree.value_position(location), f"the matrix has no `{name}`", did_you_mean(name, list(matrix)))
    for axis in matrix:
        if axis not in used:
            yield Finding(tree.position(("matrix", axis)), f"nothing uses ${{matrix.{axis}}}", "all its runs would be alike")


def _uses(data: JsonValue, location: Location) -> Iterator[tuple[str, Location, bool]]:
    """Each use of a value: its name, where it stands, and whether it is all that stands there."""
    match data:
        case str():
            yield from ((name, location, _USE.fullmatch(data) is not None) for name in _USE.findall(data))
        case dict():
            for key, value in data.items():
                if (*location, key) != ("matrix",):
                    yield from _uses(value, (*location, key))
        case list():
            for index, item in enumerate(data):
                yield from _uses(item, (*location, index))


def _choices(axis: str, values: JsonValue) -> list[Choice]:
    if isinstance(values, dict):
        return [Choice(axis, label, value, ("matrix", axis, label)) for label, value in values.items()]
    listed = values if isinstance(values, list) else []
    return [Choice(axis, _label(at, value), value, ("matrix", axis, at)) for at, value in enumerate(listed)]


def _label(index: int, value: JsonValue) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str() | int() | float():
            return str(value)
        case None:
            return "none"
        case _:
            return f"#{index + 1}"


def _cell(tree: Tree, combination: Sequence[Choice]) -> Cell:
    chosen = {choice.axis: choice for choice in combination}
    filled = tree
    for name, location, is_whole in _uses(tree.data, ()):
        if is_whole:
            filled = moved(tree, chosen[name].location, location, filled)
    data: Any = _filled(tree.data, chosen, is_top=True)
    labels = {axis: choice.label for axis, choice in chosen.items()}
    title = tree.data.get("scenario") if isinstance(tree.data, dict) else None
    if isinstance(title, str) and not _USE.search(title):
        data["scenario"] = f"{title} [{', '.join(f'{axis}={label}' for axis, label in labels.items())}]"
    return Cell(replace(filled, data=data), labels)


def _filled(data: JsonValue, chosen: Mapping[str, Choice], *, is_top: bool = False) -> JsonValue:
    match data:
        case str():
            whole = _USE.fullmatch(data)
            if whole:
                return chosen[whole[1]].value
            return _USE.sub(lambda use: chosen[use[1]].label, data)
        case dict():
            return {key: value if is_top and key == "matrix" else _filled(value, chosen) for key, value in data.items()}
        case list():
            return [_filled(item, chosen) for item in data]
        case _:
            return data


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}
