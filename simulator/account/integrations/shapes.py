"""Step Functions' spelling of requests and answers, and the service models' own.

Step Functions writes every member with a capital first letter and takes JSON where an API wants JSON text; keys of maps (a
DynamoDB item's attributes, tags) are data and stay as they are.
"""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.response import StreamingBody

from simulator.json_types import JsonValue


def to_service(value: Any, shape: Any) -> Any:
    """A task's parameters as the service's model spells them."""
    kind = getattr(shape, "type_name", None)
    match kind, value:
        case "structure", Mapping():
            return _structure(value, shape)
        case "list", list():
            return [to_service(item, shape.member) for item in value]
        case "map", Mapping():
            return {key: to_service(item, shape.value) for key, item in value.items()}
        case "blob", str():
            return value.encode()
        case "blob", Mapping() | list():
            return _json(value).encode()
        case "string", Mapping() | list():
            return _json(value)
    return value


def from_service(value: Any, shape: Any, *, is_optimised: bool = False) -> JsonValue:
    """A service's answer as Step Functions spells it.

    Times are ISO 8601 texts, for the optimised integrations milliseconds since 1970.
    """

    def convert(value: Any, shape: Any) -> JsonValue:
        match value:
            case StreamingBody():
                return _text(value.read())
            case Mapping() if getattr(shape, "type_name", None) == "structure":
                return {key[:1].upper() + key[1:]: convert(item, shape.members.get(key)) for key, item in value.items()}
            case Mapping():
                return {str(key): convert(item, getattr(shape, "value", None)) for key, item in value.items()}
            case list() | tuple():
                return [convert(item, getattr(shape, "member", None)) for item in value]
            case bytes() | bytearray():
                return _text(bytes(value))
            case datetime():
                return _milliseconds(value) if is_optimised else _instant(value)
            case str() | int() | float() | None:
                return value
        return str(value)

    return convert(value, shape)


def _structure(value: Mapping[str, Any], shape: Any) -> dict[str, Any]:
    names = {name.lower(): name for name in shape.members}
    spelled = {names.get(key.lower(), key): item for key, item in value.items()}
    return {key: to_service(item, shape.members.get(key)) for key, item in spelled.items()}


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return base64.b64encode(body).decode()


def _instant(at: datetime) -> str:
    at = at.astimezone(UTC)
    digits = f".{at.microsecond // 1000:03d}" if at.microsecond else ""
    return f"{at:%Y-%m-%dT%H:%M:%S}{digits}Z"


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
