"""The journal: everything that happened in a run, as an append-only list of typed events.

Verdicts, reports, GetExecutionHistory and statistics are folds over it. If it is not in the journal, it did not happen.
On disk a journal is JSON Lines: one event a line, keys sorted, no wall-clock time, so that the same scenario and seed
give the same bytes on any machine.
"""

import json
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Protocol, TypeVar, overload

from simulator.json_types import JsonObject, JsonValue

FORMAT = 1
_ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The first event: what is run, and all that is needed to run it again.

    `start` is the virtual start instant in ISO 8601. `path` is the scenario's file as seen from the folder drsim was called
    in, `cell` the values that this run of a matrix has, `digest` that of what the file says, `version` drsim's, `artefacts`
    the digests of the other files that the run used: the state machine, the handlers' code, what the scenario names. They
    are empty where no scenario file is run.
    """

    kind: ClassVar[str] = "run.started"
    scenario: str
    seed: int
    start: str
    path: str = ""
    cell: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""
    version: str = ""
    artefacts: JsonObject = field(default_factory=dict)
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class FleetMade:
    """The servers of the scenario exist now: source server ids by server names by wave names."""

    kind: ClassVar[str] = "run.fleet"
    waves: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class StackMade:
    """The system's stack exists now: its resources' ids by logical ids, and the types of those that do nothing here.

    `allowed` are the actions that the roles of its functions allow, by the functions' names, where that is known.
    """

    kind: ClassVar[str] = "run.stack"
    name: str
    resources: Mapping[str, str]
    inert: Mapping[str, str]
    allowed: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The last event. `reason`: `finished`, or the name of the simulation limit that was reached."""

    kind: ClassVar[str] = "run.ended"
    reason: str
    detail: str = ""


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
class ApiCall:
    """One request to the simulated account and its answer, noted when it was answered.

    `caller` says who called (a function's name, `states:<execution>`, `world`). `attempt` counts the SDK's own attempts of
    one call from 1; `call` is equal for all attempts of it. `error` is the error code or None. `fault` is the id of the
    scenario's fault that made the answer, or None. `account` is whose resources the call was about. `took_effect`: the
    service carried it out although its caller saw an error.
    """

    kind: ClassVar[str] = "api.call"
    service: str
    operation: str
    region: str
    caller: str
    call: str
    attempt: int
    started_ms: int
    request: JsonValue
    response: JsonValue
    status: int
    error: str | None
    message: str | None
    fault: str | None
    account: str = ""
    took_effect: bool = False


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


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A DRS job was created or changed its status (PENDING, STARTED, COMPLETED)."""

    kind: ClassVar[str] = "drs.job"
    job: str
    type: str
    initiated_by: str
    status: str
    servers: Sequence[str]


@dataclass(frozen=True, slots=True)
class JobLogged:
    """One item of a DRS job's log (`SNAPSHOT_START`, `LAUNCH_END`, ...). `server` is a source server id or None."""

    kind: ClassVar[str] = "drs.log"
    job: str
    event: str
    server: str | None
    data: JsonObject


@dataclass(frozen=True, slots=True)
class LaunchStatusChanged:
    """A participating server's launchStatus changed (PENDING, IN_PROGRESS, LAUNCHED, FAILED, TERMINATED)."""

    kind: ClassVar[str] = "drs.launch"
    job: str
    server: str
    status: str


@dataclass(frozen=True, slots=True)
class ReplicationChanged:
    """A source server's replication state changed."""

    kind: ClassVar[str] = "drs.replication"
    server: str
    state: str
    error: str | None


@dataclass(frozen=True, slots=True)
class RecoveryPointUsed:
    """A server was launched with its data of the instant `data_ms`, counted from the run's start (often negative)."""

    kind: ClassVar[str] = "drs.recovery_point"
    job: str
    server: str
    data_ms: int


@dataclass(frozen=True, slots=True)
class InstanceChanged:
    """A recovery instance of DRS changed its EC2 state (PENDING, RUNNING, STOPPED, SHUTTING-DOWN, TERMINATED)."""

    kind: ClassVar[str] = "drs.instance"
    instance: str
    server: str
    job: str
    state: str


@dataclass(frozen=True, slots=True)
class FailbackChanged:
    """A recovery instance's failback went into another state (FAILBACK_IN_PROGRESS, ...)."""

    kind: ClassVar[str] = "drs.failback"
    instance: str
    server: str
    state: str


@dataclass(frozen=True, slots=True)
class FailbackReplicationChanged:
    """The replication of a recovery instance to a failback client changed its state."""

    kind: ClassVar[str] = "drs.failback.replication"
    instance: str
    server: str
    state: str
    error: str | None


@dataclass(frozen=True, slots=True)
class InstanceForgotten:
    """The record of a recovery instance was deleted; the instance in EC2 stays as it is."""

    kind: ClassVar[str] = "drs.instance.forgotten"
    instance: str
    server: str


@dataclass(frozen=True, slots=True)
class NetworkChanged:
    """A source network's replication changed its status (STOPPED, IN_PROGRESS, PROTECTED, ERROR)."""

    kind: ClassVar[str] = "drs.network"
    network: str
    status: str
    details: str | None


@dataclass(frozen=True, slots=True)
class NetworkRecovered:
    """A source network's recovery began (IN_PROGRESS) or ended (SUCCESS, FAIL, PARTIAL_SUCCESS, ASSOCIATE_...)."""

    kind: ClassVar[str] = "drs.network.recovery"
    network: str
    job: str
    result: str


@dataclass(frozen=True, slots=True)
class NetworkStackDeployed:
    """A CloudFormation stack with a recovered network was created or updated: `action` is CREATE or UPDATE."""

    kind: ClassVar[str] = "drs.network.stack"
    network: str
    job: str
    action: str
    stack: str
    vpc: str
    template: JsonObject


@dataclass(frozen=True, slots=True)
class NetworkTemplateExported:
    """A source network's CloudFormation template was written to a bucket."""

    kind: ClassVar[str] = "drs.network.export"
    network: str
    bucket: str
    key: str
    template: JsonObject


@dataclass(frozen=True, slots=True)
class FaultFired:
    """A fault of the scenario took effect. `target` is what it hit (`drs:StartRecovery`, a server's name)."""

    kind: ClassVar[str] = "fault.fired"
    fault: str
    target: str
    effect: str


@dataclass(frozen=True, slots=True)
class PlanExecutionChanged:
    """An execution of one of DRS's own recovery plans went on in another status."""

    kind: ClassVar[str] = "drs.plan_execution"
    execution: str
    plan: str
    mode: str
    status: str


@dataclass(frozen=True, slots=True)
class PlanStepChanged:
    """A step of such an execution did; `index` counts from 1."""

    kind: ClassVar[str] = "drs.plan_step"
    execution: str
    index: int
    name: str
    status: str
    attempt: int


@dataclass(frozen=True, slots=True)
class AutomationChanged:
    """An execution of a Systems Manager runbook went on in another status."""

    kind: ClassVar[str] = "ssm.automation"
    execution: str
    document: str
    status: str
    message: str | None


@dataclass(frozen=True, slots=True)
class AutomationStepChanged:
    """A step of a runbook's execution did."""

    kind: ClassVar[str] = "ssm.step"
    execution: str
    step: str
    action: str
    status: str
    message: str | None


@dataclass(frozen=True, slots=True)
class CommandChanged:
    """A command on one instance went on in another status."""

    kind: ClassVar[str] = "ssm.command"
    command: str
    document: str
    instance: str
    status: str


@dataclass(frozen=True, slots=True)
class HealthChanged:
    """A signal of health, an alarm or an address, turned green or red."""

    kind: ClassVar[str] = "health"
    signal: str
    status: str


@dataclass(frozen=True, slots=True)
class Notified:
    """A message was published to a topic."""

    kind: ClassVar[str] = "notification"
    topic: str
    subject: str | None
    message: str


@dataclass(frozen=True, slots=True)
class NotificationSent:
    """A topic's message went to a function, or would have gone to an address outside the simulated account.

    `error` says what is wrong with a function that could not be invoked.
    """

    kind: ClassVar[str] = "notification.sent"
    topic: str
    protocol: str
    endpoint: str
    message: str
    error: str | None


@dataclass(frozen=True, slots=True)
class EventEmitted:
    """A service, or a caller of PutEvents, put an event on an event bus. `account` and `region` are those of the bus."""

    kind: ClassVar[str] = "event.emitted"
    event: str
    source: str
    detail_type: str
    account: str
    region: str
    bus: str
    resources: Sequence[str]
    detail: JsonValue


@dataclass(frozen=True, slots=True)
class EventDelivered:
    """A target (its ARN) of a rule got an event after so many attempts, or, with `error` set, it never did."""

    kind: ClassVar[str] = "event.delivered"
    event: str
    rule: str
    target: str
    attempts: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """What the system answered to the request that starts the recovery: an HTTP status and the decoded body."""

    kind: ClassVar[str] = "run.answered"
    status: int
    body: JsonValue


@dataclass(frozen=True, slots=True)
class OperatorActed:
    """An operator used the orchestrator's API: the HTTP status, and the answer if it was refused."""

    kind: ClassVar[str] = "operator"
    operation: str
    wave: str | None
    status: int
    refused: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of the scenario was answered: its number there, from 1, method and path, HTTP status and decoded body."""

    kind: ClassVar[str] = "request"
    number: int
    sent: str
    status: int
    body: JsonValue


@dataclass(frozen=True, slots=True)
class Probed:
    """A probe of the steady state was read, `before` or `after` the recovery."""

    kind: ClassVar[str] = "probe"
    when: str
    probe: str
    value: JsonValue


@dataclass(frozen=True, slots=True)
class RunAborted:
    """A condition came true under which the run is to be given up."""

    kind: ClassVar[str] = "run.aborted"
    condition: str


@dataclass(frozen=True, slots=True)
class RecordRead:
    """The orchestrator's own record of an execution, as it stood when the run ended."""

    kind: ClassVar[str] = "record"
    table: str
    key: JsonObject
    item: JsonObject | None


Event = (
    RunStarted | RunEnded | FleetMade | StackMade
    | DefinitionRun | HistoryEvent | ChoiceMade | StateRetried | StateCaught | ApiCall | FunctionInvoked | FunctionReturned
    | LogLine | JobChanged | JobLogged | LaunchStatusChanged | ReplicationChanged | InstanceChanged | FaultFired | Notified
    | NotificationSent | Answered | OperatorActed | Asked | RecordRead | RecoveryPointUsed | Probed | RunAborted
    | EventEmitted | EventDelivered
    | FailbackChanged | FailbackReplicationChanged | InstanceForgotten | NetworkChanged | NetworkRecovered
    | NetworkStackDeployed | NetworkTemplateExported
    | PlanExecutionChanged | PlanStepChanged
    | AutomationChanged | AutomationStepChanged | CommandChanged | HealthChanged
)  # fmt: skip
E = TypeVar("E", bound=Event)
KINDS: dict[str, type[Event]] = {kind.kind: kind for kind in Event.__args__}


@dataclass(frozen=True, slots=True)
class Entry:
    """An event and when it happened: its number in the journal (from 0) and milliseconds since the run's start."""

    index: int
    at_ms: int
    event: Event


class Entries(Protocol):
    """Where a journal keeps its entries: in memory, or wherever else there is more room."""

    def append(self, entry: Entry, /) -> None:
        """Keep one more."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Entry]: ...
    @overload
    def __getitem__(self, index: int, /) -> Entry: ...
    @overload
    def __getitem__(self, index: slice, /) -> Sequence[Entry]: ...


class Journal:
    """A run's events in the order in which they happened."""

    def __init__(self, now_ms: Callable[[], int], entries: Entries | None = None) -> None:
        self.now_ms = now_ms
        self._entries: Entries = [] if entries is None else entries
        self._watchers: dict[type, list[Callable[[Any], None]]] = {}
        self._histories: dict[str, array[int]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled, it is the finished journal that other processes read: without clock and watchers."""
        return _finished, (list(self._entries),)

    def record(self, event: Event) -> None:
        """Append an event at the present instant."""
        self._append(Entry(len(self._entries), self.now_ms(), event))
        for watcher in self._watchers.get(type(event), ()):
            watcher(event)

    def _append(self, entry: Entry) -> None:
        self._entries.append(entry)
        if isinstance(entry.event, HistoryEvent):
            self._histories.setdefault(entry.event.execution, array("Q")).append(entry.index)

    def watch(self, kind: type[E], watcher: Callable[[E], None]) -> None:
        """Call `watcher` with every event of one kind from now on, when it has been recorded; it must not wait."""
        self._watchers.setdefault(kind, []).append(watcher)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Entry:
        return self._entries[index]

    def of(self, kind: type[E]) -> Iterator[tuple[int, E]]:
        """(at_ms, event) of every event of one kind, in order."""
        return ((entry.at_ms, entry.event) for entry in self._entries if isinstance(entry.event, kind))

    def numbers(self, execution: str) -> "array[int]":
        """The numbers of the entries that are an execution's history, in order."""
        return self._histories.get(execution, array("Q"))

    def history(self, execution: str) -> Iterator[tuple[int, HistoryEvent]]:
        """(at_ms, event) of every event of an execution's history, in order."""
        for number in self.numbers(execution):
            entry = self._entries[number]
            assert isinstance(entry.event, HistoryEvent)
            yield entry.at_ms, entry.event

    def to_jsonl(self) -> str:
        """The journal's file form."""
        return "".join(self.lines())

    def lines(self, first: int = 0, limit: int | None = None) -> list[str]:
        """The lines of the file form, of at most `limit` events from number `first` on."""
        end = None if limit is None else first + limit
        return [line_of(entry) for entry in self._entries[first:end]]


def _finished(entries: list[Entry]) -> Journal:
    journal = Journal(lambda: entries[-1].at_ms if entries else 0)
    for entry in entries:
        journal._append(entry)
    return journal


def read_jsonl(text: str) -> Journal:
    """The journal that `to_jsonl` wrote. Raises ValueError for anything else."""
    journal = Journal(lambda: 0)
    for line in filter(None, text.split("\n")):  # a text in it may hold other ends of lines
        journal._append(entry_in(line))
    return journal


def entry_in(line: str | bytes) -> Entry:
    """The entry that a line of a journal's file form holds. Raises ValueError for anything else."""
    members: dict[str, Any] = json.loads(line)
    try:
        index, at_ms = members.pop("index"), members.pop("at_ms")
        return Entry(index, at_ms, KINDS[members.pop("kind")](**members))
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"not a journal of format {FORMAT}: {error}") from error


def line_of(entry: Entry) -> str:
    """An entry in the journal's file form, a line."""
    event = entry.event
    members = {part.name: getattr(event, part.name) for part in fields(event)}
    members |= {"index": entry.index, "at_ms": entry.at_ms, "kind": event.kind}
    line = _ENCODE(members)
    return (line if is_text(line) else json.dumps(members, sort_keys=True, separators=(",", ":"))) + "\n"


def is_text(text: str) -> bool:
    """Whether text can be written as UTF-8; JSON can also spell halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
