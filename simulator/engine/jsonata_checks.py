"""What Step Functions refuses in a JSONata expression although it parses: names that have nothing to refer to.

An expression is evaluated without an input document, so a path that begins with a bare name, and `$` or `$$` outside of
what gives them a meaning, can never match. Found in the syntax tree of the pure JSONata parser.
"""

from collections.abc import Iterator
from typing import Any

from simulator.engine.pure_jsonata import library

INNER = ("lhs", "rhs", "expression", "condition", "then", "_else", "body", "procedure")
MANY = ("expressions", "arguments", "rhs_terms", "lhs_object", "rhs_object")


def unsupported_references(text: str) -> list[str]:
    """The messages for all references at the top level of an expression, in its order; empty if it cannot be parsed here."""
    try:
        tree: Any = library().Jsonata(text).ast
    except Exception:
        return []
    names = list(dict.fromkeys(_references(tree)))
    return [f"Reference to '{name}' at the top level is not supported." for name in names]


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
        return
    kind = getattr(node, "type", None)
    if kind == "name":
        yield str(node.value)
    elif kind == "variable":
        if node.value in ("", "$"):
            yield "$" * (len(node.value) + 1)
    elif kind == "path":
        yield from _references(node.steps[0])
    elif kind == "lambda":  # its parameters are names that it defines; `$` is what it is applied to
        yield from (name for name in _references(node.body) if name != "$")
    elif kind is not None:
        for name in (*INNER, *MANY):
            yield from _children(node, kind, name)


def _children(node: Any, kind: str, name: str) -> Iterator[str]:
    child = getattr(node, name, None)
    if child is None or (kind == "bind" and name == "lhs"):
        return
    yield from _references(child)
