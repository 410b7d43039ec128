"""Which items a Map has and what each iteration is given."""

from collections.abc import Sequence
from dataclasses import replace

from simulator.engine.failures import ExpressionError
from simulator.engine.frame import Frame
from simulator.engine.machine import MapState
from simulator.engine.scope import Scope
from simulator.json_types import JsonObject, JsonValue


def items_of(state: MapState, scope: Scope) -> Sequence[JsonValue]:
    """The items of a Map. Raises `ExpressionError` if ItemsPath leads to something else than an array."""
    items = state.items(scope)
    if isinstance(items, list | tuple):
        return items
    raise ExpressionError(f'Reference path "{state.items_path}" must point to array.')


def select(frame: Frame, state: MapState, scope: Scope, item: JsonObject, given: JsonValue) -> JsonValue:
    """What an iteration is given: ItemSelector with the item in the context object, or else what the item itself gives."""
    if state.selector is None:
        return given
    member: JsonObject = {"Item": item}

    def context() -> JsonObject:
        return {**frame.context(), "Map": member}

    try:
        return state.selector(replace(scope, context=context))
    except ExpressionError as error:
        raise frame.failure(state.name, error) from None
