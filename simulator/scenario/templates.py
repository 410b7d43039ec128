"""CloudFormation templates as files: YAML with CloudFormation's tags, or JSON, with the place of everything in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from simulator.errors import Problem, ScenarioError
from simulator.json_types import JsonValue

MAX_BYTES = 1_048_576  # CloudFormation's limit for a template in S3
MAX_DEPTH = 100
_BARE = {"!Ref": "Ref", "!Condition": "Condition"}
_PLAIN: Mapping[type[yaml.Node], str] = {
    yaml.ScalarNode: "tag:yaml.org,2002:str",
    yaml.SequenceNode: "tag:yaml.org,2002:seq",
    yaml.MappingNode: "tag:yaml.org,2002:map",
}

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A template in CloudFormation's long form (`{"Ref": ...}`, `{"Fn::Sub": ...}`), and the line of each part."""

    path: Path
    data: Mapping[str, Any]
    lines: Mapping[Location, tuple[int, int]]

    def where(self, *location: str | int) -> str:
        """`file:line:column` of a part, or of the nearest part around it."""
        while location not in self.lines and location:
            location = location[:-1]
        line, column = self.lines.get(location, (1, 1))
        return f"{self.path}:{line}:{column}"

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The resources by logical id; those that are no mappings with a type are left out."""
        found = self.data.get("Resources")
        items = found.items() if isinstance(found, Mapping) else ()
        return {name: one for name, one in items if isinstance(one, Mapping) and isinstance(one.get("Type"), str)}


def read_template(path: Path) -> Template:
    """The template in a file. Raises ScenarioError with line and column for what is no template."""
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError([Problem(str(path), f"the template cannot be read: {error}")]) from None
    if len(content) > MAX_BYTES:
        raise ScenarioError([Problem(str(path), f"CloudFormation takes templates of at most {MAX_BYTES} bytes")])
    reader = _Reader(path)
    data = reader.read(text)
    if not isinstance(data, dict) or not isinstance(data.get("Resources"), dict):
        raise ScenarioError([Problem(f"{path}:1:1", "a template needs `Resources`")])
    return Template(path, data, reader.lines)


def parse_document(text: str, name: str) -> JsonValue:
    """A document in YAML or JSON as plain data, such as a definition or a runbook. Raises ScenarioError."""
    return _Reader(Path(name)).read(text)


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation reads it: dates are texts."""


_DATE = "tag:yaml.org,2002:timestamp"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _DATE]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Reader:
    """Plain data of a document, and where each part of it stands."""

    def __init__(self, path: Path) -> None:
        self.lines: dict[Location, tuple[int, int]] = {}
        self._path = path

    def read(self, text: str) -> JsonValue:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            return None if root is None else self._value(loader, root, ())
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise self._problem(mark, f"not YAML: {error.problem or error.context}") from None
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise ScenarioError([Problem(str(self._path), f"not YAML: {error}")]) from None
        finally:
            loader.dispose()

    def _value(self, loader: _Loader, node: yaml.Node, location: Location) -> Any:
        self.lines.setdefault(location, (node.start_mark.line + 1, node.start_mark.column + 1))
        if len(location) > MAX_DEPTH:
            raise self._problem(node.start_mark, f"nested more than {MAX_DEPTH} levels deep")
        if node.tag.startswith("!") and len(node.tag) > 1:
            return self._tagged(loader, node, location)
        match node:
            case yaml.MappingNode():
                loader.flatten_mapping(node)
                return dict(self._member(loader, key, value, location) for key, value in node.value)
            case yaml.SequenceNode():
                return [self._value(loader, item, (*location, number)) for number, item in enumerate(node.value)]
            case _:
                return loader.construct_object(node)

    def _member(self, loader: _Loader, key: yaml.Node, value: yaml.Node, location: Location) -> tuple[str, Any]:
        if not isinstance(key, yaml.ScalarNode):
            raise self._problem(key.start_mark, "a key must be a text")
        name = key.value
        self.lines.setdefault((*location, name), (key.start_mark.line + 1, key.start_mark.column + 1))
        return name, self._value(loader, value, (*location, name))

    def _tagged(self, loader: _Loader, node: yaml.Node, location: Location) -> dict[str, Any]:
        """`!Sub x` in its long form, `{"Fn::Sub": x}`."""
        tag, node.tag = node.tag, _PLAIN[type(node)]
        value = self._value(loader, node, location)
        if tag == "!GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {_BARE.get(tag, f"Fn::{tag[1:]}"): value}

    def _problem(self, mark: Any, message: str) -> ScenarioError:
        where = f"{self._path}:{mark.line + 1}:{mark.column + 1}" if mark else str(self._path)
        return ScenarioError([Problem(where, message)])
