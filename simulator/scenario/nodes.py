"""YAML text as nodes with positions, read event by event so that nesting has a bound before it costs anything."""

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

MAX_DEPTH = 50

_FAST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file, both numbers counted from 1. `file` is empty for the file that is read itself."""

    line: int
    column: int
    file: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a place in the file."""

    position: Position
    message: str
    hint: str = ""


class NotReadable(Exception):
    """The text cannot be read as a document at all."""

    def __init__(self, position: Position, message: str, hint: str = "") -> None:
        self.finding = Finding(position, message, hint)
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value. `is_plain`: written without quotes and without a tag, so that its text decides its type."""

    position: Position
    text: str
    is_plain: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    position: Position
    items: list["Node"]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with values, in the order written, repeated keys included."""

    position: Position
    members: list[tuple["Node", "Node"]]


@dataclass(frozen=True, slots=True)
class Alias:
    """Another place for a node with an anchor, which may contain this very alias."""

    position: Position
    target: "Node"


Node = Scalar | Sequence | Mapping | Alias


def read_nodes(text: str) -> Node:
    """The document in `text`; an empty one is an empty scalar. Raises NotReadable."""
    try:
        return _Composer(yaml.parse(text, Loader=_FAST_LOADER)).document()
    except yaml.YAMLError as error:
        raise _not_readable(error, text) from None


class _Composer:
    """Nodes from the parser's events."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._anchors: dict[str, Node] = {}

    def document(self) -> Node:
        roots = [self._node(next(self._events), 0) for event in self._events if isinstance(event, yaml.DocumentStartEvent)]
        if len(roots) > 1:
            raise NotReadable(roots[1].position, "a second document begins here", "a scenario file holds one")
        return roots[0] if roots else Scalar(Position(1, 1), "", True)

    def _node(self, event: yaml.Event, depth: int) -> Node:
        position = _start(event)
        if depth > MAX_DEPTH:
            raise NotReadable(position, f"nested more than {MAX_DEPTH} levels deep")
        match event:
            case yaml.AliasEvent():
                return Alias(position, self._anchored(event))
            case yaml.ScalarEvent():
                return self._keep(event, Scalar(position, event.value, bool(event.implicit[0])))
            case yaml.SequenceStartEvent():
                return self._sequence(event, Sequence(position, []), depth)
            case yaml.MappingStartEvent():
                return self._mapping(event, Mapping(position, []), depth)
            case _:
                raise NotReadable(position, "not YAML: expected a value")

    def _sequence(self, event: yaml.CollectionStartEvent, node: Sequence, depth: int) -> Node:
        self._keep(event, node)
        while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
            node.items.append(self._node(item, depth + 1))
        return node

    def _mapping(self, event: yaml.CollectionStartEvent, node: Mapping, depth: int) -> Node:
        self._keep(event, node)
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            key_node = self._node(key, depth + 1)
            node.members.append((key_node, self._node(next(self._events), depth + 1)))
        return node

    def _keep(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, node: Node) -> Node:
        if event.tag not in _TEXT_TAGS:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            raise NotReadable(
                node.position, f"the tag {tag} means nothing here", "put the text in quotes, or leave the tag out"
            )
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _anchored(self, event: yaml.AliasEvent) -> Node:
        if event.anchor not in self._anchors:
            raise NotReadable(
                _start(event), f"*{event.anchor} stands for nothing", f"no value above is marked &{event.anchor}"
            )
        return self._anchors[event.anchor]


def _start(event: yaml.Event) -> Position:
    mark = event.start_mark
    return Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)


def _not_readable(error: yaml.YAMLError, text: str) -> NotReadable:
    # The pure-Python parser words its errors better than libyaml, and the same way on every machine.
    try:
        _Composer(yaml.parse(text, Loader=yaml.SafeLoader)).document()
    except yaml.YAMLError as reworded:
        error = reworded
    except NotReadable as reworded:
        return reworded
    return _reworded(error, text)


def _reworded(error: yaml.YAMLError, text: str) -> NotReadable:
    if isinstance(error, yaml.reader.ReaderError):
        message = f"the character U+{ord(text[error.position]):04X} is not allowed in YAML"
        return NotReadable(position_of(text, error.position), message)
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return NotReadable(Position(1, 1), f"not YAML: {error}")
    mark, said = error.problem_mark, str(error.problem)
    hint = _unclosed(error, text) or next((hint for part, hint in _HINTS.items() if part in said), "")
    return NotReadable(Position(mark.line + 1, mark.column + 1), f"not YAML: {said}", hint)


def _unclosed(error: yaml.MarkedYAMLError, text: str) -> str:
    """The bracket or brace of an earlier line that is still open where YAML gave up; an empty text if there is none."""
    began, mark = error.context_mark, error.problem_mark
    if began is None or mark is None or began.line >= mark.line or not str(error.context).startswith("while parsing a flow"):
        return ""
    opened = text.splitlines()[began.line][began.column]
    return f"the {opened} of line {began.line + 1}, column {began.column + 1} is not closed"


def position_of(text: str, index: int) -> Position:
    """The place of the character at `index`."""
    return Position(text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


_HINTS = {
    "'\\t'": "this is a tab; YAML is indented with spaces",
    "mapping values are not allowed": "the indentation is off, or a text that contains `: ` needs quotes",
    "chomping or indentation": 'a text that begins with > or | needs quotes, as in ">= 2"',
    "cannot start any token": "a text that begins with this character needs quotes",
    "expected ',' or '}', but got ':'": "inside { } a text that contains [ ] { } or , needs quotes",
    "<stream end>": "a bracket or brace is never closed",
    "expected ',' or": "a comma is missing, or a bracket or brace is not closed",
    "end of stream": "a quote is never closed",
    "expected <block end>": "the indentation does not match the lines above",
}
