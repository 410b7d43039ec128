"""`faults:`: what goes wrong, where and when."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    JsonValue,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from simulator.scenario.fields import (
    Duration,
    Flag,
    Model,
    Name,
    Positive,
    Region,
    ServerName,
    Share,
    Span,
    Text,
    Times,
    objection,
    refusal,
)
from simulator.scenario.latency import Latency
from simulator.scenario.triggers import EXAMPLES, When

Phase = Literal["CLEANUP", "SNAPSHOT", "CONVERSION", "LAUNCH"]
PhaseOutcome = Literal["FAILED", "HANG", "SILENT", "NO_SNAPSHOT", "CANCELLED"]
Fate = Literal["TIMEOUT", "OUT_OF_MEMORY", "CRASH", "ERROR", "SLOW", "COLD_START"]


class Operation(NamedTuple):
    """An AWS API operation: the service as boto3 names it, and the operation as AWS does; `*` for whichever."""

    service: str
    name: str

    def __str__(self) -> str:
        return f"{self.service}:{self.name}"


_SERVICE = r"[a-z][a-z0-9-]*"
_OPERATION = r"[A-Z][A-Za-z0-9]*"
_ONE = re.compile(rf"({_SERVICE}):({_OPERATION})")
_SEVERAL = re.compile(rf"({_SERVICE}):\[\s*({_OPERATION}(?:\s*,\s*{_OPERATION})*)\s*\]")
_ALL = re.compile(rf"(?:({_SERVICE}):)?\*")
ANY = "*"


def parse_operation(text: str) -> Operation:
    """The operation in `drs:StartRecovery`. Raises ValueError."""
    match = _ONE.fullmatch(text)
    if not match:
        raise ValueError("expected an operation such as drs:StartRecovery")
    return Operation(match[1], match[2])


def _operations(value: Any) -> tuple[Operation, ...]:
    several = _SEVERAL.fullmatch(value) if isinstance(value, str) else None
    if several:
        return tuple(Operation(several[1], name.strip()) for name in several[2].split(","))
    every = _ALL.fullmatch(value) if isinstance(value, str) else None
    if every:
        return (Operation(every[1] or ANY, ANY),)
    try:
        return (parse_operation(value if isinstance(value, str) else ""),)
    except ValueError:
        raise refusal("expected operations such as drs:StartRecovery or drs:[StartRecovery, DescribeJobs]") from None


Operations = Annotated[tuple[Operation, ...], BeforeValidator(_operations), WithJsonSchema({"type": "string"})]
_ID = "the fault's name in reports; default: fault-1, fault-2, ..."


class Window(Model):
    """A stretch of virtual time."""

    noun: ClassVar[str] = "a window"
    from_ms: Duration = Field(0, description="how long after the run's start, or after the trigger, the window opens")
    after: When | None = Field(None, description=f"the moment that the window waits for: {EXAMPLES}")
    for_ms: Span | None = Field(None, description="how long the window stays open; default: for good")

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if not self.model_fields_set:
            raise objection("a window needs `from`, `after` or `for`")
        return self


class Busy(Model):
    """A stretch of virtual time in which another job holds a server."""

    noun: ClassVar[str] = "`busy`"
    from_ms: Duration = Field(0, description="how long after the run's start the other job begins")
    for_ms: Span = Field(description="how long the other job holds the server")


class BlastRadius(Model):
    """How far a fault may reach, whatever its other keys say."""

    noun: ClassVar[str] = "`blastRadius`"
    calls: Times = Field(description="how many calls it hits at most")


class Burst(Model):
    """A token bucket: so many calls at once go through, and so many a second after that; the fault hits the others."""

    noun: ClassVar[str] = "`burst`"
    size: Positive = Field(description="how many calls go through at once")
    per_second: Positive = Field(description="how many calls a second go through after that")


class Struck(Model):
    """When and how often a fault hits; what faults on calls and on functions share."""

    noun: ClassVar[str] = "a fault"
    id: Name = Field("", description=_ID)
    rate: Share = Field(1.0, description="the share of calls that it hits, above 0 up to 1")
    times: Times | None = Field(None, description="how many calls it hits at most; default: no limit")
    calls: tuple[Times, ...] | None = Field(
        None, description="the numbers of the calls that it hits, counted from 1 in the window; default: any"
    )
    burst: Burst | None = Field(None, description="calls above a rate are hit: a token bucket")
    blast_radius: BlastRadius | None = Field(None, description="how far it may reach at most")
    during: Window | None = Field(None, description="when it hits; default: throughout the run")

    @property
    def at_most(self) -> int | None:
        """How many calls it hits at most; None: no limit."""
        bounds = [self.times, self.blast_radius.calls if self.blast_radius else None]
        return min((bound for bound in bounds if bound is not None), default=None)


class ApiFault(Struck):
    """Calls of an AWS API that are answered with an error, late, not at all, or not as they should be."""

    noun: ClassVar[str] = "a fault on an API"
    api: Operations = Field(
        description="the operations: drs:StartRecovery, drs:[StartRecovery, DescribeJobs], drs:* or * (all that is called)"
    )
    error: Name | None = Field(None, description="the error's code, such as ThrottlingException")
    message: str | None = Field(None, description="the error's message; default: one that AWS would give")
    unmodelled: Flag = Field(False, description="whether an error is meant that the operation's model does not have")
    sequence: tuple[Name, ...] | None = Field(
        None,
        description="what each call in the window answers, in order: error codes, and `ok` for the service's own answer",
    )
    timeout_ms: Span | None = Field(None, description="no answer comes, and the client gives up after so long")
    unreachable: Flag = Field(False, description="whether the service cannot be connected to")
    latency: Latency | None = Field(None, description="how much longer calls take: 5s, or {median: 5s, p95: 30s}")
    answer: dict[str, JsonValue] | None = Field(
        None, description="members of the answer that are replaced, such as {UnprocessedItems: {...}} for a partial success"
    )
    stale_ms: Span | None = Field(None, description="reads answer what was answered so long ago")
    takes_effect: Flag = Field(
        False, description="whether the call is carried out although its caller sees an error or no answer"
    )
    by: Name | None = Field(
        None, description="the only caller that it hits: a function such as OrchestrationFunction, or `states`"
    )
    region: Region | None = Field(None, description="the only Region that it hits; default: any")

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        given = [shape for shape in SHAPES if getattr(self, shape)]
        if len(given) != 1:
            listed = "`error`, `sequence`, `timeout`, `unreachable`, `latency`, `answer` or `stale`"
            raise objection(f"a fault on an API needs one of {listed}" + (": it has several" if given else ""))
        if self.takes_effect and given[0] not in ("error", "timeout_ms"):
            raise objection("`takesEffect` goes with `error` or `timeout`")
        return self


SHAPES = ("error", "sequence", "timeout_ms", "unreachable", "latency", "answer", "stale_ms")


class FunctionFault(Struck):
    """Invocations of a function that do not go as they should."""

    noun: ClassVar[str] = "a fault of a function"
    function: Name = Field(description="the function: OrchestrationFunction, or its placeholder ${OrchestrationFunctionArn}")
    does: Fate = Field(
        description="TIMEOUT, OUT_OF_MEMORY, CRASH, ERROR (raised by the handler), SLOW or COLD_START (both take `latency`)"
    )
    takes_effect: Flag = Field(False, description="whether the handler does all its work first")
    payload: dict[str, JsonValue] = Field(
        default_factory=dict, description="only invocations whose payload has these members, such as {action: start_wave}"
    )
    error: Name = Field("Exception", description="the type of the ERROR")
    message: str = Field("", description="the message of the ERROR")
    latency: Latency | None = Field(None, description="how long SLOW or COLD_START last")

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        is_late = self.does in ("SLOW", "COLD_START")
        if is_late != (self.latency is not None):
            raise objection(f"{self.does} needs `latency`" if is_late else f"{self.does} has no `latency`")
        if is_late and self.takes_effect:
            raise objection(f"{self.does} always takes effect", "remove `takesEffect`")
        return self


class EventFault(Model):
    """Events of AWS services that get lost, or come twice."""

    noun: ClassVar[str] = "a fault of events"
    id: Name = Field("", description=_ID)
    event: Name = Field(description="the events' detail type, such as DRS Source Server Launch Result; * for all")
    does: Literal["LOST", "DUPLICATED"] = Field(description="what becomes of them")
    source: Name | None = Field(None, description="only events of this source, such as aws.drs; default: any AWS service")
    rate: Share = Field(1.0, description="the share of events that it hits, above 0 up to 1")
    times: Times | None = Field(None, description="how many events it hits at most; default: no limit")


class PhaseFault(Model):
    """A phase of a server's recovery that goes wrong."""

    noun: ClassVar[str] = "a fault in a server's phase"
    id: Name = Field("", description=_ID)
    server: ServerName = Field(description="the server's name")
    phase: Phase = Field(description="the phase: CLEANUP, SNAPSHOT, CONVERSION or LAUNCH")
    outcome: PhaseOutcome = Field(
        description="FAILED, HANG (nothing more happens), SILENT (fails without an event in the job's log), NO_SNAPSHOT "
        "(not even an earlier one) or CANCELLED (the service cancels the whole job)"
    )
    raw_error: Text | None = Field(None, description="the reason in the job's log, such as InsufficientInstanceCapacity")
    times: Times | None = Field(None, description="how many of the server's recoveries it hits; default: each")
    after: When | None = Field(None, description="the moment from which on it hits; default: from the start")

    @field_validator("raw_error")
    @classmethod
    def _has_an_event(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("outcome") in ("HANG", "SILENT"):
            raise objection(f"outcome {info.data['outcome']} leaves no event that could show a rawError", "remove rawError")
        return value

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.outcome == "NO_SNAPSHOT" and self.phase != "SNAPSHOT":
            raise objection(f"a {self.phase} cannot end NO_SNAPSHOT", "only a SNAPSHOT can")
        return self


class BusyFault(Model):
    """A server that another job holds, so that its recovery is refused with ConflictException."""

    noun: ClassVar[str] = "a fault of a busy server"
    id: Name = Field("", description=_ID)
    server: ServerName = Field(description="the server's name")
    busy: Busy = Field(description="when another job holds the server")


class RunbookFault(Model):
    """A runbook or a command of Systems Manager that does not end as it should."""

    noun: ClassVar[str] = "a fault of a runbook"
    id: Name = Field("", description=_ID)
    runbook: Name = Field(description="the document's name")
    outcome: Literal["FAILED", "HANG", "MISSING"] = Field(
        description="FAILED, HANG (it never ends) or MISSING (there is no such document)"
    )
    message: Text | None = Field(None, description="the reason that is given")
    times: Times | None = Field(None, description="how many runs it hits at most; default: each")


class HealthFault(Model):
    """Health that is red although the wave has launched."""

    noun: ClassVar[str] = "a fault of health"
    id: Name = Field("", description=_ID)
    health: Name = Field(description="the alarm or address")
    outcome: Literal["RED"] = Field(description="RED")
    during: Window | None = Field(None, description="when it is red; default: throughout the run")


class KnownFault(Model):
    """Something that is known to go wrong with DRS, by its name."""

    noun: ClassVar[str] = "a known fault"
    id: Name = Field("", description=_ID)
    known: Name = Field(description="its name, such as no-capacity or event-lost")
    server: ServerName | None = Field(None, description="the server that it happens to, where it happens to one")
    from_ms: Duration = Field(0, description="how long after the run's start, or after the moment, it begins")
    after: When | None = Field(None, description="the moment that it waits for; default: the run's start")
    for_ms: Span | None = Field(None, description="how long it lasts; default: for good")
    times: Times | None = Field(None, description="how often it happens at most; default: always")


Fault = ApiFault | FunctionFault | EventFault | PhaseFault | BusyFault | RunbookFault | HealthFault | KnownFault
_KEYS: Mapping[type[Model], str] = {
    ApiFault: "api",
    FunctionFault: "function",
    EventFault: "event",
    PhaseFault: "phase",
    BusyFault: "busy",
    RunbookFault: "runbook",
    HealthFault: "health",
    KnownFault: "known",
}


def _kind(fault: object) -> str | None:
    if isinstance(fault, Model):
        return f"<{_KEYS[type(fault)]}>"
    if not isinstance(fault, Mapping):
        return None
    return next((f"<{key}>" for key in _KEYS.values() if key in fault), None)


_NEEDS = (
    "a fault needs `api` and an error or another shape, `server`, `phase` and `outcome`, `server` and `busy`, "
    "`function` and `does`, `event` and `does`, `runbook` or `health` and `outcome`, or `known`"
)
AnyFault = Annotated[
    Annotated[ApiFault, Tag("<api>")]
    | Annotated[FunctionFault, Tag("<function>")]
    | Annotated[EventFault, Tag("<event>")]
    | Annotated[PhaseFault, Tag("<phase>")]
    | Annotated[BusyFault, Tag("<busy>")]
    | Annotated[RunbookFault, Tag("<runbook>")]
    | Annotated[HealthFault, Tag("<health>")]
    | Annotated[KnownFault, Tag("<known>")],
    Discriminator(
        _kind,
        custom_error_type="scenario",
        custom_error_message=_NEEDS,
        custom_error_context={
            "message": _NEEDS,
            "hint": "",
            "shows_value": False,
        },
    ),
]


def with_ids(faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """The faults, those without an id named by their place in the file: `fault-1`, `fault-2`, ..."""
    return tuple(
        fault if fault.id else fault.model_copy(update={"id": f"fault-{number}"}) for number, fault in enumerate(faults, 1)
    )
