"""A YAML document as plain data that remembers where each part of it is written.

Scalars are read by the YAML 1.2 core rules, as editors read them: only `true` and `false` are booleans, `1:30` and dates are
text. What YAML 1.1 reads as a boolean instead (`on`, `no`, ...) is refused rather than guessed at.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from simulator.errors import Problem, ScenarioError
from simulator.json_types import JsonScalar, JsonValue
from simulator.scenario import nodes
from simulator.scenario.nodes import MAX_DEPTH, Finding, Node, NotReadable, Position

MAX_VALUES = 100_000

Location = tuple[str | int, ...]

_YAML_11_BOOLEAN = re.compile(r"yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"(?=.*[.eE])[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,2})?")
_CONSTANTS: dict[str, JsonScalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True, slots=True)
class Tree:
    """A document: its plain data, where each location's key and value are written, and what is wrong with it as YAML."""

    data: JsonValue
    keys: Mapping[Location, Position] = field(default_factory=dict)
    values: Mapping[Location, Position] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def position(self, location: Location) -> Position:
        """Where `location` is written, or else what is nearest around it: a member's key, a list item's value."""
        while location:
            position = self.keys.get(location) or self.values.get(location)
            if position:
                return position
            location = location[:-1]
        return self.values.get((), Position(1, 1))

    def value_position(self, location: Location) -> Position:
        """Where the value at `location` is written, or that of the nearest location around it."""
        while location not in self.values and location:
            location = location[:-1]
        return self.values.get(location, Position(1, 1))


def read_tree(text: str, name: str) -> Tree:
    """The document in `text`; `name` is the file's name for messages.

    Raises ScenarioError where the text cannot be read at all; lesser things are in `Tree.findings`.
    """
    try:
        return _tree(nodes.read_nodes(text))
    except NotReadable as error:
        raise ScenarioError([located(error.finding, name)]) from None


def located(finding: Finding, name: str) -> Problem:
    """A finding in the file `name`, as the user sees it: one line, whatever the file contains."""
    where = f"{finding.position.file or name}:{finding.position.line}:{finding.position.column}"
    return Problem(where, _printable(finding.message), _printable(finding.hint))


def _tree(root: Node) -> Tree:
    writer = _Writer()
    data = writer.write((), root)
    return Tree(data, writer.keys, writer.values, tuple(writer.findings))


@dataclass(slots=True)
class _Writer:
    """Plain data and positions from nodes, aliases written out."""

    keys: dict[Location, Position] = field(default_factory=dict)
    values: dict[Location, Position] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def write(self, location: Location, node: Node) -> JsonValue:
        self._hold(location, node.position)
        match _target(node):
            case nodes.Scalar() as scalar:
                return self._scalar(scalar)
            case nodes.Sequence(items=items):
                return [self.write((*location, index), item) for index, item in enumerate(items)]
            case nodes.Mapping(members=members):
                return self._mapping(location, members)

    def _hold(self, location: Location, position: Position) -> None:
        self.values[location] = position
        if len(self.values) > MAX_VALUES:
            raise NotReadable(position, f"more than {MAX_VALUES:,} values, once the aliases are written out")
        if len(location) > MAX_DEPTH:
            raise NotReadable(position, f"nested more than {MAX_DEPTH} levels deep", "an alias that contains itself?")

    def _scalar(self, scalar: nodes.Scalar) -> JsonScalar:
        if not scalar.is_plain:
            return scalar.text
        if _YAML_11_BOOLEAN.fullmatch(scalar.text):
            self._ambiguous(scalar, "write true or false, or put it in quotes if it is text")
        return _resolved(scalar.text)

    def _mapping(self, location: Location, members: list[tuple[Node, Node]]) -> JsonValue:
        written: dict[str, JsonValue] = {}
        for key_node, value_node in members:
            key = self._key(_target(key_node))
            if key is None:
                continue
            if key in written:
                hint = f"first on line {self.keys[*location, key].line}"
                self.findings.append(Finding(key_node.position, f"`{key}` stands here twice", hint))
                continue
            self.keys[*location, key] = key_node.position
            written[key] = self.write((*location, key), value_node)
        return written

    def _key(self, node: Node) -> str | None:
        if not isinstance(node, nodes.Scalar):
            self.findings.append(Finding(node.position, "a list or a mapping cannot be a key"))
            return None
        if node.is_plain and _YAML_11_BOOLEAN.fullmatch(node.text):
            self._ambiguous(node, "put the key in quotes")
            return None
        if node.is_plain and node.text == "<<":
            raise NotReadable(node.position, "merged mappings (`<<`) are not supported", "write the keys out")
        return node.text

    def _ambiguous(self, scalar: nodes.Scalar, hint: str) -> None:
        message = f"`{scalar.text}` is a boolean to YAML 1.1 and text to YAML 1.2"
        self.findings.append(Finding(scalar.position, message, hint))


def _target(node: Node) -> nodes.Scalar | nodes.Sequence | nodes.Mapping:
    while isinstance(node, nodes.Alias):
        node = node.target
    return node


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def _resolved(text: str) -> JsonScalar:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text
