"""A state machine as it is run: frozen, every path, template and rule compiled once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from simulator.engine.dataflow import Flow
from simulator.engine.resources import Resource
from simulator.engine.scope import Scope
from simulator.engine.templates import Reader
from simulator.json_types import JsonValue

Number = Callable[[Scope], int]
"""A number of seconds, items or failures, evaluated; raises `ExpressionError` where it is no such number."""


@dataclass(frozen=True, slots=True)
class Retrier:
    """One Retry rule. `max_delay_seconds` None: no bound. `has_jitter`: JitterStrategy FULL."""

    errors: Sequence[str]
    interval_seconds: float
    backoff_rate: float
    max_attempts: int
    max_delay_seconds: float | None
    has_jitter: bool


@dataclass(frozen=True, slots=True)
class Catcher:
    """One Catch rule. `flow` makes the output (and variables) of the state's input and the error output."""

    errors: Sequence[str]
    next: str
    flow: Flow


@dataclass(frozen=True, slots=True)
class PassState:
    """Hands its input (or `result`, if `has_result`) on."""

    name: str
    next: str | None
    flow: Flow
    has_result: bool
    result: JsonValue


@dataclass(frozen=True, slots=True)
class TaskState:
    """Calls something. `timeout` and `heartbeat` in seconds, None if there is none."""

    name: str
    next: str | None
    flow: Flow
    resource: Resource
    timeout: Number | None
    heartbeat: Number | None
    credentials: Reader | None
    retriers: Sequence[Retrier]
    catchers: Sequence[Catcher]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a Choice: where it leads, when, and what it assigns."""

    matches: Callable[[Scope], bool]
    next: str
    flow: Flow


@dataclass(frozen=True, slots=True)
class ChoiceState:
    """Goes to the first rule that matches, else to `default`."""

    name: str
    flow: Flow
    rules: Sequence[Rule]
    default: str | None


@dataclass(frozen=True, slots=True)
class WaitState:
    """Lets time pass until `until(scope, now)`."""

    name: str
    next: str | None
    flow: Flow
    until: Callable[[Scope, datetime], datetime]


@dataclass(frozen=True, slots=True)
class SucceedState:
    """Ends its branch well."""

    name: str
    flow: Flow


@dataclass(frozen=True, slots=True)
class FailState:
    """Ends its branch with an error; either text may be absent."""

    name: str
    error: Reader | None
    cause: Reader | None


@dataclass(frozen=True, slots=True)
class Branch:
    """States inside of a state: a branch of a Parallel, the processor of a Map."""

    start_at: str
    states: Mapping[str, "State"]


@dataclass(frozen=True, slots=True)
class ParallelState:
    """Runs branches at the same time; its result is the list of their outputs."""

    name: str
    next: str | None
    flow: Flow
    branches: Sequence[Branch]
    retriers: Sequence[Retrier]
    catchers: Sequence[Catcher]


@dataclass(frozen=True, slots=True)
class Distribution:
    """What only a Distributed Map has."""

    is_express: bool
    label: str
    reader: "Reading | None"
    batcher: "Batching | None"
    writer: "Writing | None"
    tolerated_count: Number | None
    tolerated_percentage: Callable[[Scope], float] | None


@dataclass(frozen=True, slots=True)
class Reading:
    """ItemReader: where the items come from and how they are written there."""

    resource: Resource
    arguments: Reader
    config: Mapping[str, JsonValue]
    max_items: Number | None


@dataclass(frozen=True, slots=True)
class Batching:
    """ItemBatcher: bounds of a batch and what goes with each."""

    max_items: Number | None
    max_bytes: Number | None
    batch_input: Reader | None


@dataclass(frozen=True, slots=True)
class Writing:
    """ResultWriter: where the results go."""

    resource: Resource | None
    arguments: Reader | None
    config: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class MapState:
    """Runs its processor once for each item; `items` is evaluated on what the state works on, by `items_path`."""

    name: str
    next: str | None
    flow: Flow
    items: Reader
    items_path: str
    selector: Reader | None
    max_concurrency: Number | None
    processor: Branch
    distribution: Distribution | None
    retriers: Sequence[Retrier]
    catchers: Sequence[Catcher]


State = PassState | TaskState | ChoiceState | WaitState | SucceedState | FailState | ParallelState | MapState


@dataclass(frozen=True, slots=True)
class Machine:
    """A whole definition. `text` is it as it was given; `timeout_seconds` its TimeoutSeconds, None if it has none."""

    text: str
    comment: str
    query_language: str
    timeout_seconds: int | None
    start_at: str
    states: Mapping[str, State]
