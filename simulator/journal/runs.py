"""What a run itself tells: how it began and ended, what there was, and what was asked of the system."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from simulator.json_types import JsonObject, JsonValue

FORMAT = 1


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
class FaultFired:
    """A fault of the scenario took effect. `target` is what it hit (`drs:StartRecovery`, a server's name)."""

    kind: ClassVar[str] = "fault.fired"
    fault: str
    target: str
    effect: str


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


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The last event. `reason`: `finished`, or the name of the simulation limit that was reached."""

    kind: ClassVar[str] = "run.ended"
    reason: str
    detail: str = ""


RunEvent = (
    RunStarted
    | FleetMade
    | StackMade
    | Answered
    | OperatorActed
    | Asked
    | FaultFired
    | Probed
    | RunAborted
    | RecordRead
    | RunEnded
)
