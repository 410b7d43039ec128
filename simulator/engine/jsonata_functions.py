"""The functions that Step Functions adds to JSONata, and those whose answers must come from the simulation."""

import hashlib
import json
import math
from collections.abc import Callable
from typing import Any

from simulator.engine.intrinsic_functions import seeded_uniform, uuid_from
from simulator.engine.json_text import decode
from simulator.engine.scope import Scope

ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
MAX_ITEMS = 1_000


class JsonataError(ValueError):
    """The evaluation of an expression failed; the message begins with JSONata's code."""


def _partition(scope: Scope, items: Any = None, size: Any = None) -> Any:
    if items is None:
        return None
    items = items if isinstance(items, list) else [items]
    if not is_number(size) or size < 1:
        raise JsonataError("T0410: Argument 2 of function partition must be a positive number")
    step = math.floor(size)
    return [items[start : start + step] for start in range(0, len(items), step)]


def _range(scope: Scope, first: Any = None, last: Any = None, step: Any = None) -> Any:
    if not all(map(is_number, (first, last, step))) or step == 0:
        raise JsonataError("T0410: Arguments of function range must be numbers, the third not 0")
    count = math.floor((last - first) / step) + 1
    if count > MAX_ITEMS:
        raise JsonataError(f"D2014: The size of the sequence allocated by function range must not exceed {MAX_ITEMS}")
    numbers = [first + index * step for index in range(max(0, count))]
    return numbers[0] if len(numbers) == 1 else numbers


def _hash(scope: Scope, text: Any = None, algorithm: Any = "SHA-1") -> Any:
    if text is None:
        return None
    if algorithm not in ALGORITHMS:
        raise JsonataError(f"T0410: Argument 2 of function hash must be one of {', '.join(ALGORITHMS)}")
    text = text if isinstance(text, str) else json.dumps(text, separators=(",", ":"), ensure_ascii=False)
    return hashlib.new(ALGORITHMS[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _random(scope: Scope, seed: Any = None) -> Any:
    return scope.stream().uniform() if seed is None else seeded_uniform(seed)


def _uuid(scope: Scope) -> Any:
    return uuid_from(scope.stream().hex(32))


def _parse(scope: Scope, text: Any = None) -> Any:
    if text is None:
        return None
    try:
        return decode(text)
    except (ValueError, TypeError) as error:
        raise JsonataError("D3030: Unable to parse the argument of function parse as JSON") from error


def _eval(scope: Scope, *arguments: Any) -> Any:
    raise JsonataError("T1006: Attempted to invoke a non-function")


def is_number(value: Any) -> bool:
    """Whether a value is a JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


BOUND_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "partition": _partition,
    "range": _range,
    "hash": _hash,
    "random": _random,
    "uuid": _uuid,
    "parse": _parse,
    "eval": _eval,
    "now": lambda scope, *arguments: scope.now(),
    "millis": lambda scope: scope.now_ms(),
}
"""Step Functions leaves `$eval` out; `$now` and `$millis` tell the virtual time."""
