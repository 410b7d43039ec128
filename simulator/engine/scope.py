"""What the expressions of a state can see: its input, the variables, the context object."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from simulator.clock import VirtualClock
from simulator.engine.timestamps import format_timestamp
from simulator.json_types import JsonObject, JsonValue
from simulator.rng import Stream


@dataclass(slots=True)
class Scope:
    """The surroundings in which expressions are evaluated.

    `input` is what `$` stands for, `context()` what `$$` stands for, `stream` gives the draws of `States.MathRandom` and
    `States.UUID`, `clock` the time of `$now`, `states` the further members of JSONata's `$states` (`result`, `errorOutput`).
    """

    input: JsonValue
    variables: Mapping[str, JsonValue]
    context: Callable[[], JsonObject]
    stream: Callable[[], Stream]
    clock: VirtualClock
    states: Mapping[str, JsonValue] = field(default_factory=dict)

    def with_input(self, value: JsonValue) -> "Scope":
        """The same surroundings with another `$`."""
        return Scope(value, self.variables, self.context, self.stream, self.clock, self.states)

    def with_states(self, **members: JsonValue) -> "Scope":
        """The same surroundings with further members of `$states`."""
        return Scope(self.input, self.variables, self.context, self.stream, self.clock, {**self.states, **members})

    def now(self) -> str:
        """The virtual instant in ISO 8601."""
        return format_timestamp(self.clock.now())

    def now_ms(self) -> int:
        """The virtual instant in milliseconds since the epoch."""
        return round(self.clock.start.timestamp() * 1000) + self.clock.now_ms
