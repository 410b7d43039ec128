"""What state machines and functions do: histories of executions, and invocations."""

from dataclasses import dataclass
from typing import ClassVar

from simulator.json_types import JsonObject, JsonValue


@dataclass(frozen=True, slots=True)
class DefinitionRun:
    """An execution of a state machine (by its ARN) begins.

    `definition` is what it runs, as JSON without white space and comments; empty if that is what the machine's execution
    before ran.
    """

    kind: ClassVar[str] = "execution.definition"
    execution: str
    machine: str
    definition: str


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One event of an execution's history, as Step Functions numbers and names it.

    `type` is AWS's event type (`TaskStateEntered`), `state` the state's name where the event belongs to one,
    `details` the members of the type's `...EventDetails`.
    """

    kind: ClassVar[str] = "execution.history"
    execution: str
    id: int
    previous_id: int
    type: str
    state: str | None
    details: JsonObject


@dataclass(frozen=True, slots=True)
class ChoiceMade:
    """A Choice state leads to `next`, by its rule number `rule` (from 0) or, if that is None, by its Default."""

    kind: ClassVar[str] = "state.chose"
    execution: str
    state: str
    rule: int | None
    next: str


@dataclass(frozen=True, slots=True)
class StateRetried:
    """A Retry rule of a state took effect: the `attempt`th retry (from 1) waits `interval_ms`."""

    kind: ClassVar[str] = "state.retried"
    execution: str
    state: str
    error: str
    retrier: int
    attempt: int
    interval_ms: int


@dataclass(frozen=True, slots=True)
class StateCaught:
    """A Catch rule of a state took effect and leads to `next`."""

    kind: ClassVar[str] = "state.caught"
    execution: str
    state: str
    error: str
    catcher: int
    next: str


@dataclass(frozen=True, slots=True)
class FunctionInvoked:
    """A Lambda invocation began."""

    kind: ClassVar[str] = "function.invoked"
    function: str
    request_id: str
    is_cold: bool
    payload: JsonValue


@dataclass(frozen=True, slots=True)
class FunctionReturned:
    """A Lambda invocation ended: `error_type` is None when it returned `payload`; `memory_mib` is what it was given."""

    kind: ClassVar[str] = "function.returned"
    function: str
    request_id: str
    duration_ms: int
    payload: JsonValue
    error_type: str | None
    error_message: str | None
    memory_mib: int = 128


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a handler printed or logged."""

    kind: ClassVar[str] = "log.line"
    function: str
    request_id: str
    text: str


ExecutionEvent = (
    DefinitionRun | HistoryEvent | ChoiceMade | StateRetried | StateCaught | FunctionInvoked | FunctionReturned | LogLine
)
