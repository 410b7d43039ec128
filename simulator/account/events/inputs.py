"""What a target gets: the whole event, a part of it, a constant, or a template filled in."""

import json
import re
from collections.abc import Mapping
from typing import Any

_STEP = re.compile(r"\.([\w\-/]+|\*)|\[(\d+|\*)\]|\['([^']+)'\]")
_PLACEHOLDER = re.compile(r"<([\w.\-]+)>")
_MISSING = object()


def input_of(target: Mapping[str, Any], message: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    """The JSON text that a rule's target gets for an event. `own` are the predefined variables of its templates."""
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath") is not None:
        return _json(find(target["InputPath"], message))
    transformer = target.get("InputTransformer")
    if transformer:
        paths = transformer.get("InputPathsMap") or {}
        values = {name: find(path, message) for name, path in paths.items()}
        return fill(str(transformer["InputTemplate"]), {**values, **own})
    return _json(message)


def find(path: str, message: Any) -> Any:
    """The value at a path in EventBridge's subset of JSONPath (names, indices, wildcards); None if there is none."""
    found = [message]
    place, many = 1, False
    while place < len(path):
        step = _STEP.match(path, place)
        if step is None:
            return None
        name = step[1] or step[2] or step[3]
        many = many or name == "*"
        found = [inner for value in found for inner in _children(value, name)]
        place = step.end()
    return found if many else (found[0] if found else None)


def fill(template: str, values: Mapping[str, Any]) -> str:
    """A template with its `<variables>` filled in, as JSON text.

    Outside of quotes a variable is its JSON value; within, its text: strings as they are, everything else as JSON whose own
    quotes are left out. A template that is no JSON then is one string.
    """
    pieces, place = [], 0
    is_quoted = False
    for found in _PLACEHOLDER.finditer(template):
        before = template[place : found.start()]
        is_quoted = _ends_quoted(before, is_quoted)
        pieces += [before, _within(values.get(found[1])) if is_quoted else _json(values.get(found[1]))]
        place = found.end()
    text = "".join([*pieces, template[place:]])
    try:
        json.loads(text)
    except ValueError:
        plain = _PLACEHOLDER.sub(lambda found: _plain(values.get(found[1])), template)
        return json.dumps(plain, ensure_ascii=False)
    return text


def _children(value: Any, name: str) -> list[Any]:
    if isinstance(value, list):
        if name == "*":
            return value
        return [value[int(name)]] if name.isdigit() and int(name) < len(value) else []
    if isinstance(value, Mapping):
        inner = value.get(name, _MISSING)
        return list(value.values()) if name == "*" else [] if inner is _MISSING else [inner]
    return []


def _ends_quoted(text: str, is_quoted: bool) -> bool:
    """Whether the place after a piece of JSON is within a string, if the piece began (not) within one."""
    return is_quoted != (len(re.findall(r'(?<!\\)"', text)) % 2 == 1)


def _within(value: Any) -> str:
    return json.dumps(_plain(value), ensure_ascii=False)[1:-1]


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _json(value).replace('"', "")


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
