"""The CloudFormation templates as data: short forms of functions read as the long ones."""

from pathlib import Path
from typing import Any

import yaml

CFN = Path(__file__).parents[2] / "cfn"


class _Loader(yaml.SafeLoader):
    """Reads `!Ref X` as `{"Ref": "X"}` and so on."""


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    value: Any
    match node:
        case yaml.ScalarNode():
            value = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    return {name: value.split(".", 1) if suffix == "GetAtt" and isinstance(value, str) else value}


_Loader.add_multi_constructor("!", _function)


def template(name: str) -> dict[str, Any]:
    """A template by its name: `functions`."""
    document: dict[str, Any] = yaml.load((CFN / f"{name}.yaml").read_text("utf-8"), _Loader)
    return document


def of_type(document: dict[str, Any], kind: str) -> dict[str, Any]:
    """The properties of a template's resources of one type, by their names."""
    return {name: one["Properties"] for name, one in document["Resources"].items() if one["Type"] == kind}
