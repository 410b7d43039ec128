"""What is changed in moto itself: what two worlds of one process would stumble over, and what cost most of a run's time.

Nothing here changes what moto answers; the tests hold every shortcut against moto's own way.
"""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import moto.core.responses
from moto.core.base_backend import AccountSpecificBackend, BackendDict
from moto.core.parse import BaseJSONParser
from moto.core.serialize import BaseJSONSerializer


def make() -> None:
    """Change moto in this process. To do so again changes nothing."""
    _tell_stores_apart_by_identity()
    if not hasattr(BaseJSONParser._parse_structure, "__wrapped__"):
        BaseJSONParser._parse_structure = _parsing_items_at_once(BaseJSONParser._parse_structure)
        way = BaseJSONSerializer._serialize_type_structure
        BaseJSONSerializer._serialize_type_structure = _serializing_items_at_once(way)
        moto.core.responses.method_names_from_class = cache(moto.core.responses.method_names_from_class)


def _tell_stores_apart_by_identity() -> None:
    """Stores of moto have random ids. Those of services that are first used inside a world draw them from its entropy.

    Two worlds of one seed would make equal ones, and only one of two stores that are equal would ever be emptied.
    """
    for store in (BackendDict, AccountSpecificBackend):
        store.__eq__, store.__ne__, store.__hash__ = object.__eq__, object.__ne__, object.__hash__


def _parsing_items_at_once(way: Callable[..., Any]) -> Callable[..., Any]:
    """DynamoDB's attribute values are taken as they came, rather than each of their ten possible members looked for."""

    @wraps(way)
    def parse(parser: Any, shape: Any, value: Any) -> Any:
        return value if shape.name == "AttributeValue" and is_plain(value) else way(parser, shape, value)

    return parse


def _serializing_items_at_once(way: Callable[..., Any]) -> Callable[..., Any]:
    """DynamoDB's attribute values leave as moto keeps them, which is as the wire has them."""

    @wraps(way)
    def serialize(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if key and shape.name == "AttributeValue" and is_plain(value):
            serialized[serializer.get_serialized_name(shape, key)] = value
        else:
            way(serializer, serialized, value, shape, key)

    return serialize


def is_plain(value: Any) -> bool:
    """Whether something is an attribute value of DynamoDB that looks the same on the wire and in moto: no binary data."""
    if type(value) is not dict or len(value) != 1:
        return False
    ((kind, content),) = value.items()
    match kind:
        case "S" | "N":
            return type(content) is str
        case "BOOL" | "NULL":
            return type(content) is bool
        case "M":
            return type(content) is dict and all(map(is_plain, content.values()))
        case "L":
            return type(content) is list and all(map(is_plain, content))
        case "SS" | "NS":
            return type(content) is list and all(type(text) is str for text in content)
    return False
