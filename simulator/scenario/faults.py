"""`faults:`: what goes wrong, where and when."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import BeforeValidator, Discriminator, Field, Tag, ValidationInfo, WithJsonSchema, field_validator

from simulator.scenario.fields import (
    Duration,
    Model,
    Name,
    ServerName,
    Share,
    Span,
    Text,
    Times,
    objection,
    refusal,
    require_one_of,
)
from simulator.scenario.names import Names
from simulator.scenario.triggers import EXAMPLES, Trigger, parse_trigger

Phase = Literal["CLEANUP", "SNAPSHOT", "CONVERSION", "LAUNCH"]
PhaseOutcome = Literal["FAILED", "HANG", "SILENT"]


class Operation(NamedTuple):
    """An AWS API operation: the service as boto3 names it, and the operation as AWS does."""

    service: str
    name: str

    def __str__(self) -> str:
        return f"{self.service}:{self.name}"


_SERVICE = r"[a-z][a-z0-9-]*"
_OPERATION = r"[A-Z][A-Za-z0-9]*"
_ONE = re.compile(rf"({_SERVICE}):({_OPERATION})")
_SEVERAL = re.compile(rf"({_SERVICE}):\[\s*({_OPERATION}(?:\s*,\s*{_OPERATION})*)\s*\]")


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
    try:
        return (parse_operation(value if isinstance(value, str) else ""),)
    except ValueError:
        raise refusal("expected operations such as drs:StartRecovery or drs:[StartRecovery, DescribeJobs]") from None


def _trigger(value: Any, info: ValidationInfo) -> Trigger:
    try:
        trigger = parse_trigger(value if isinstance(value, str) else "")
    except ValueError as error:
        raise refusal(str(error)) from None
    names: Names | None = info.context
    if names:
        require_one_of("wave", names.waves, trigger.wave)
    return trigger


Operations = Annotated[tuple[Operation, ...], BeforeValidator(_operations), WithJsonSchema({"type": "string"})]
When = Annotated[Trigger, BeforeValidator(_trigger), WithJsonSchema({"type": "string"})]


class Window(Model):
    """A stretch of virtual time."""

    noun: ClassVar[str] = "a window"
    from_ms: Duration = Field(0, description="how long after the run's start, or after the trigger, the window opens")
    after: When | None = Field(None, description=f"the trigger that the window waits for, the first time: {EXAMPLES}")
    for_ms: Span = Field(description="how long the window stays open")


class Busy(Model):
    """A stretch of virtual time in which another job holds a server."""

    noun: ClassVar[str] = "`busy`"
    from_ms: Duration = Field(0, description="how long after the run's start the other job begins")
    for_ms: Span = Field(description="how long the other job holds the server")


class ApiFault(Model):
    """Calls of an AWS API that are answered with an error."""

    noun: ClassVar[str] = "a fault on an API"
    id: Name = Field("", description="the fault's name in reports; default: fault-1, fault-2, ...")
    api: Operations = Field(description="the operations: drs:StartRecovery, or drs:[StartRecovery, DescribeJobs]")
    error: Name = Field(description="the error's code, such as ThrottlingException")
    message: str | None = Field(None, description="the error's message; default: one that AWS would give")
    rate: Share = Field(1.0, description="the share of calls that it hits, above 0 up to 1")
    times: Times | None = Field(None, description="how many calls it hits at most; default: no limit")
    during: Window | None = Field(None, description="when it hits; default: throughout the run")


class PhaseFault(Model):
    """A phase of a server's recovery that goes wrong."""

    noun: ClassVar[str] = "a fault in a server's phase"
    id: Name = Field("", description="the fault's name in reports; default: fault-1, fault-2, ...")
    server: ServerName = Field(description="the server's name")
    phase: Phase = Field(description="the phase: CLEANUP, SNAPSHOT, CONVERSION or LAUNCH")
    outcome: PhaseOutcome = Field(
        description="FAILED, HANG (nothing more happens) or SILENT (fails without an event in the job's log)"
    )
    raw_error: Text | None = Field(None, description="the reason in the job's log, such as InsufficientInstanceCapacity")
    times: Times | None = Field(None, description="how many of the server's recoveries it hits; default: each")

    @field_validator("raw_error")
    @classmethod
    def _has_an_event(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("outcome") in ("HANG", "SILENT"):
            raise objection(f"outcome {info.data['outcome']} leaves no event that could show a rawError", "remove rawError")
        return value


class BusyFault(Model):
    """A server that another job holds, so that its recovery is refused with ConflictException."""

    noun: ClassVar[str] = "a fault of a busy server"
    id: Name = Field("", description="the fault's name in reports; default: fault-1, fault-2, ...")
    server: ServerName = Field(description="the server's name")
    busy: Busy = Field(description="when another job holds the server")


class KnownFault(Model):
    """Something that is known to go wrong with DRS, by its name."""

    noun: ClassVar[str] = "a known fault"
    id: Name = Field("", description="the fault's name in reports; default: fault-1, fault-2, ...")
    known: Name = Field(description="its name, such as no-capacity or event-lost")
    server: ServerName | None = Field(None, description="the server that it happens to, where it happens to one")
    from_ms: Duration = Field(0, description="how long after the run's start it begins")
    for_ms: Span | None = Field(None, description="how long it lasts; default: for good")
    times: Times | None = Field(None, description="how often it happens at most; default: always")


def _kind(fault: object) -> str | None:
    if isinstance(fault, Model):
        return {ApiFault: "<api>", PhaseFault: "<phase>", BusyFault: "<busy>", KnownFault: "<known>"}[type(fault)]
    if not isinstance(fault, Mapping):
        return None
    return next((f"<{key}>" for key in ("api", "phase", "busy", "known") if key in fault), None)


_NEEDS = "a fault needs `api` and `error`, or `server`, `phase` and `outcome`, or `server` and `busy`, or `known`"
Fault = ApiFault | PhaseFault | BusyFault | KnownFault
AnyFault = Annotated[
    Annotated[ApiFault, Tag("<api>")]
    | Annotated[PhaseFault, Tag("<phase>")]
    | Annotated[BusyFault, Tag("<busy>")]
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
