"""Seeds: which runs of a scenario there are."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from simulator.scenario.fields import refusal

MAX_SEEDS = 100_000
_RANGE = re.compile(r"([0-9]{1,12})\s*\.\.\s*([0-9]{1,12})")
_EXPECTED = "expected seeds such as 1..500 or [1, 7, 9]"


def _seeds(value: Any) -> Sequence[int]:
    match = _RANGE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match:
        found: Sequence[int] = range(int(match[1]), int(match[2]) + 1)
    elif isinstance(value, list) and all(type(seed) is int and seed >= 0 for seed in value):
        found = tuple(dict.fromkeys(value))
    else:
        raise refusal(_EXPECTED)
    if not 1 <= len(found) <= MAX_SEEDS:
        raise refusal(f"{_EXPECTED}: at least one, at most {MAX_SEEDS}")
    return found


_SCHEMA = {
    "anyOf": [
        {"type": "string", "pattern": r"^[0-9]+\s*\.\.\s*[0-9]+$"},
        {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1},
    ]
}
Seeds = Annotated[Any, BeforeValidator(_seeds), WithJsonSchema(_SCHEMA)]
