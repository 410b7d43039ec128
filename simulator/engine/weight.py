"""How large a value would be as text, told before it is written: one that names another many times fits no memory."""

from collections.abc import Mapping

from simulator.engine.failures import ExpressionError
from simulator.json_types import JsonValue

MAX_UNWEIGHED_FIELDS = 64
"""A template or call that names so many values or fewer cannot multiply what it is given beyond measure."""
MAX_WEIGHT = 4_000_000


def weighed(value: JsonValue) -> JsonValue:
    """The value itself. Raises `ExpressionError` (States.DataLimitExceeded) if it is far beyond every limit of size."""
    budget = MAX_WEIGHT
    waiting = [value]
    while waiting:
        item = waiting.pop()
        budget -= len(item) if isinstance(item, str) else 1
        if budget < 0:
            raise too_heavy()
        if isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)
    return value


def too_heavy() -> ExpressionError:
    """The error for a value that is far beyond every limit of size."""
    return ExpressionError("The payload is larger than any service accepts.", "States.DataLimitExceeded")
