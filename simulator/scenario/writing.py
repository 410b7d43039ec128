"""A scenario's plain data as the text of a file that people read: what `read_tree` reads back as the same data."""

from collections.abc import Mapping
from io import StringIO

import yaml

from simulator.json_types import JsonValue
from simulator.scenario.tree import read_tree

_WIDTH = 120
_SHORT = 90
# The order of the language, for what stands in it; other keys follow as they come.
_ORDER = ("scenario", "id", "tags", "system", "fleet", "drs", "plan", "run", "steadyState", "faults", "operators",
          "requests", "abortIf", "expect", "thresholds")  # fmt: skip


def write_scenario(data: Mapping[str, JsonValue], comments: tuple[str, ...] = ()) -> str:
    """The file's text: comments first, then a paragraph for each key, items in one line where they fit."""
    keys = sorted(data, key=lambda key: _ORDER.index(key) if key in _ORDER else len(_ORDER))
    paragraphs: list[str] = []
    for key in keys:
        text = _written({key: data[key]})
        is_one_line = text.count("\n") == 1
        if paragraphs and is_one_line and paragraphs[-1].count("\n") == 1:
            paragraphs[-1] += text
        else:
            paragraphs.append(text)
    return "".join(f"# {line}\n" for line in comments) + "\n".join(paragraphs)


class _Dumper(yaml.SafeDumper):
    """Writes lists of mappings indented, as people do, and every alias out in full."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, _data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    """A text, in quotes where it would be read as something else by the rules of YAML 1.2."""
    is_plain = text and text == text.strip() and "\n" not in text
    style = None if is_plain and isinstance(read_tree(text, "").data if _is_simple(text) else "", str) else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _is_simple(text: str) -> bool:
    """Whether a text might be read as a number or a constant at all."""
    return all(char.isalnum() or char in "+-.~" for char in text)


_Dumper.add_representer(str, _text)


def _written(data: JsonValue) -> str:
    dumper = _Dumper(StringIO(), sort_keys=False)
    node = dumper.represent_data(data)
    _lay_out(node, 0, 0)
    text: str = yaml.serialize(node, Dumper=_Dumper, width=10_000, allow_unicode=True)
    return text


def _lay_out(node: yaml.Node, depth: int, indent: int) -> None:
    """Choose for each list and mapping whether it stands in one line."""
    if not isinstance(node, yaml.CollectionNode):
        return
    is_flat = all(isinstance(part, yaml.ScalarNode) for part in _parts(node))
    is_table = isinstance(node, yaml.SequenceNode) and not is_flat
    fits = _length(node) + indent <= (_SHORT if depth < 2 else _WIDTH)
    # Sections, and lists of waves, faults or operators, go over several lines, each item in one if it fits.
    node.flow_style = fits and depth > 0 and (is_flat or depth >= 2) and not (is_table and depth < 3)
    for part in _parts(node):
        if node.flow_style:
            _flatten(part)
        else:
            _lay_out(part, depth + 1, indent + 2)


def _parts(node: yaml.CollectionNode) -> list[yaml.Node]:
    return [value for _, value in node.value] if isinstance(node, yaml.MappingNode) else list(node.value)


def _flatten(node: yaml.Node) -> None:
    if isinstance(node, yaml.CollectionNode):
        node.flow_style = True
        for part in _parts(node):
            _flatten(part)


def _length(node: yaml.Node) -> int:
    if isinstance(node, yaml.ScalarNode):
        return len(node.value) + 2
    if isinstance(node, yaml.MappingNode):
        return sum(_length(key) + _length(value) + 4 for key, value in node.value)
    return sum(_length(item) + 2 for item in node.value)
