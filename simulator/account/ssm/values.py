"""References in documents (`{{ parameter }}`, `{{ step.Output }}`, `{{ global:REGION }}`) and selectors in answers."""

import json
import re
from collections.abc import Mapping
from typing import Any

_REFERENCE = re.compile(r"\{\{\s*([\w.:-]+)\s*\}\}")
_TOKEN = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


class Unresolved(Exception):
    """A reference that leads nowhere."""


def resolve(value: Any, known: Mapping[str, Any]) -> Any:
    """A value with every reference filled in: one that is the whole text becomes the value itself. Raises Unresolved."""
    match value:
        case str():
            whole = _REFERENCE.fullmatch(value.strip())
            if whole:
                return _known(whole[1], known)
            return _REFERENCE.sub(lambda found: _text(_known(found[1], known)), value)
        case Mapping():
            return {key: resolve(item, known) for key, item in value.items()}
        case list():
            return [resolve(item, known) for item in value]
    return value


def select(document: Any, selector: str) -> Any:
    """What a selector such as `$.Reservations[0].State` finds in an answer; None if nothing."""
    for index, name in _TOKEN.findall(selector.removeprefix("$")):
        try:
            document = document[int(index)] if index else document[name]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def _known(name: str, known: Mapping[str, Any]) -> Any:
    if name not in known:
        raise Unresolved(f"{{{{ {name} }}}} refers to nothing")
    return known[name]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
