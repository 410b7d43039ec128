"""One document laid over another, with the places of both."""

from dataclasses import dataclass, field

from simulator.json_types import JsonValue
from simulator.scenario.nodes import Position
from simulator.scenario.tree import Location, Tree


def joined(below: Tree, above: Tree, *, appending: bool = False) -> Tree:
    """`above` laid over `below`: mappings are joined, all else of `above` replaces, or, `appending`, follows the lists."""
    writer = _Writer(appending)
    data = writer.join(below, above, ())
    return Tree(data, writer.keys, writer.values, (*below.findings, *above.findings))


def moved(tree: Tree, source: Location, target: Location, into: Tree) -> Tree:
    """`into` with the places of what stands in `tree` below `source`, now below `target`."""
    writer = _Writer(False, dict(into.keys), dict(into.values))
    writer.copy(tree, _at(tree.data, source), source, target)
    return Tree(into.data, writer.keys, writer.values, into.findings)


@dataclass(slots=True)
class _Writer:
    """Joins documents and notes where each part of the result is written."""

    appending: bool
    keys: dict[Location, Position] = field(default_factory=dict)
    values: dict[Location, Position] = field(default_factory=dict)

    def join(self, below: Tree, above: Tree, location: Location) -> JsonValue:
        """What becomes of both at a location."""
        low, high = _at(below.data, location), _at(above.data, location)
        if isinstance(low, dict) and isinstance(high, dict):
            self._note(above, location, location)
            return {key: self._member(below, above, (*location, key)) for key in {**low, **high}}
        if isinstance(low, list) and isinstance(high, list) and self.appending:
            self._note(above, location, location)
            first = [self.copy(below, item, (*location, at), (*location, at)) for at, item in enumerate(low)]
            shift = len(low)
            return first + [self.copy(above, item, (*location, at), (*location, at + shift)) for at, item in enumerate(high)]
        return self.copy(above, high, location, location)

    def _member(self, below: Tree, above: Tree, location: Location) -> JsonValue:
        if not _has(above.data, location):
            return self.copy(below, _at(below.data, location), location, location)
        if not _has(below.data, location):
            return self.copy(above, _at(above.data, location), location, location)
        return self.join(below, above, location)

    def copy(self, tree: Tree, data: JsonValue, source: Location, target: Location) -> JsonValue:
        """`data`, noting where it and all below it is written."""
        self._note(tree, source, target)
        if isinstance(data, dict):
            return {key: self.copy(tree, value, (*source, key), (*target, key)) for key, value in data.items()}
        if isinstance(data, list):
            return [self.copy(tree, item, (*source, at), (*target, at)) for at, item in enumerate(data)]
        return data

    def _note(self, tree: Tree, source: Location, target: Location) -> None:
        if source in tree.keys:
            self.keys[target] = tree.keys[source]
        if source in tree.values:
            self.values[target] = tree.values[source]


def _has(data: JsonValue, location: Location) -> bool:
    *parents, key = location
    parent = _at(data, tuple(parents))
    return isinstance(parent, dict) and key in parent


def _at(data: JsonValue, location: Location) -> JsonValue:
    for part in location:
        if isinstance(data, dict):
            data = data.get(str(part))
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data
