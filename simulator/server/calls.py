"""Calls of the admin API: what they bring, what is read from them, and what their answers are made of."""

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.account.wire import HttpResponse
from simulator.json_types import JsonValue
from simulator.server.following import Follower


class Wrong(Exception):
    """A call that cannot be answered, with its HTTP status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the last value of each query parameter, and the members of the body."""

    query: Mapping[str, str]
    body: Mapping[str, Any]
    raw: bytes = b""
    connection: socket.socket | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """An answer without an end of its own."""

    headers: Mapping[str, str]
    follower: Follower
    status: int = 200


def members(body: bytes) -> Mapping[str, Any]:
    """The members of a body, which may be empty. Raises Wrong for one that is no JSON object."""
    if not body.strip():
        return {}
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise Wrong("expected the body to be a JSON object")
    return document


def number(call: Call, name: str, word: str | None = None) -> float | None:
    """A number in the body; None for `word`. Raises Wrong for anything else."""
    value = call.body.get(name)
    if word is not None and value == word:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Wrong(f"expected `{name}` to be a number" + (f" or {word!r}" if word else ""))
    return float(value)


def whole(call: Call, name: str, default: int) -> int:
    """A whole number in the query. Raises Wrong for anything else."""
    text = call.query.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        raise Wrong(f"expected `{name}` to be a whole number from 0")
    return int(text)


def as_json(members: Mapping[str, JsonValue], status: int = 200) -> HttpResponse:
    """An answer in JSON."""
    return HttpResponse(status, {"Content-Type": "application/json"}, (json.dumps(members) + "\n").encode())
