"""`fleet:`: the servers to recover, in waves, and how long their recovery takes."""

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, JsonValue, Tag, WithJsonSchema

from simulator.scenario.fields import (
    Flag,
    Model,
    Name,
    Natural,
    OneOrMore,
    Region,
    ServerName,
    Share,
    Span,
    WaveName,
    Whole,
    matching,
    not_empty,
    refusal,
)
from simulator.scenario.latency import Latencies
from simulator.scenario.names import counted_names
from simulator.scenario.profiles import AnyProfile, built_in
from simulator.scenario.steps import HealthCheck, Runbook, RunIf

DEFAULT_ROLE = "RecoveryOrchestrator"
MAX_SERVERS = 4_000  # an account's quota of source servers


def _form(servers: object) -> str:
    return "<names>" if isinstance(servers, list | tuple) else "<count>"


def _count(value: Any) -> Any:
    if not isinstance(value, int) or isinstance(value, bool):
        raise refusal("expected how many servers, or a list of their names")
    return value


AccountId = Annotated[str, AfterValidator(matching("[0-9]{12}", 'an account such as "210987654321", in quotes'))]
_Count = Annotated[Whole, Field(ge=1, le=MAX_SERVERS), BeforeValidator(_count)]
_ServerNames = Annotated[tuple[Name, ...], BeforeValidator(not_empty)]
Servers = Annotated[
    Annotated[_Count, Tag("<count>")] | Annotated[_ServerNames, Tag("<names>")],
    Discriminator(_form),
]


_SIZES_GIB = {"GiB": 1, "TiB": 1024}
_LARGEST_GIB = 64 * 1024  # of an EBS volume


def _size(value: Any) -> Any:
    """A size such as 500GiB as how many GiB it has."""
    found = re.fullmatch(r"([1-9][0-9]{0,5}) ?(GiB|TiB)", value) if isinstance(value, str) else None
    if not found or int(found[1]) * _SIZES_GIB[found[2]] > _LARGEST_GIB:
        raise refusal("expected a whole number and a unit (GiB, TiB) up to 64TiB, such as 500GiB")
    return int(found[1]) * _SIZES_GIB[found[2]]


Size = Annotated[int, BeforeValidator(_size), WithJsonSchema({"type": "string"})]
ReplicationState = Literal[
    "INITIATING", "INITIAL_SYNC", "BACKLOG", "CREATING_SNAPSHOT", "CONTINUOUS", "PAUSED", "RESCAN", "STALLED",
    "DISCONNECTED", "STOPPED",
]  # fmt: skip


class Approval(Model):
    """A wave that a person must approve."""

    noun: ClassVar[str] = "an approval"
    timeout_ms: Span = Field(description="how long the approval is waited for")
    default: Literal["approve", "refuse"] = Field(description="what counts if nobody decides in time")


class Failback(Model):
    """Replication back to where the servers came from, at the end of a recovery that is no drill."""

    noun: ClassVar[str] = "a failback"
    timeout_ms: Span = Field(description="how long it may take until all can be launched there")


class Wave(Model):
    """Servers that are recovered together."""

    noun: ClassVar[str] = "a wave"
    name: Name = Field(description="what the wave is called")
    servers: Servers = Field(
        description="their names, or how many there are: in a wave `data` they are called data-1, data-2, ..."
    )
    tags: dict[Name, str] = Field(
        default_factory=dict, description="tags of the wave's servers; the plan names them by these, not one by one"
    )
    account: AccountId | None = Field(
        None, description="the account that the servers are in; default: the orchestrator's own"
    )
    region: Region | None = Field(None, description="the Region that they are recovered in; default: the fleet's")
    role: Name = Field(DEFAULT_ROLE, description="the role there that the orchestrator assumes, where `account` is given")
    external_id: Name | None = Field(None, description="the external id that the role asks for")
    volumes: Annotated[tuple[Size, ...], BeforeValidator(not_empty), OneOrMore()] = Field(
        (8,), description="the sizes of each server's disks, one or a list; default 8GiB"
    )
    replication: ReplicationState = Field(
        "CONTINUOUS", description="the state that its servers' replication is in when the run begins"
    )
    origin_region: Region | None = Field(
        None, description="the Region of EC2 that its servers come from; default: they run outside AWS"
    )
    staging_account: AccountId | None = Field(
        None, description="another account that replicates its servers, which are extended to the wave's own"
    )
    depends_on: tuple[WaveName, ...] = Field((), description="the waves that must have launched before this one starts")
    timeout_ms: Span | None = Field(None, description="how long the wave may take; default: the orchestrator's own")
    poll_ms: Span | None = Field(None, description="how often the wave's job is looked at; default: the orchestrator's own")

    on_failure: Literal["stop", "continue", "pause"] | None = Field(
        None, description="what follows if the wave fails: nothing new starts, the rest goes on, or an operator decides"
    )
    retries: Natural | None = Field(None, description="how often the servers that failed are tried again")
    optional: tuple[ServerName, ...] = Field((), description="servers of the wave that may fail")
    minimum_healthy_share: Share | None = Field(
        None, description="the share of the servers that are not optional which must launch; default: all"
    )
    approval: Approval | None = Field(None, description="an approval that the wave needs before it starts")

    pause_before: Flag = Field(False, description="whether the execution pauses before the wave until somebody resumes it")
    rto_ms: Span | None = Field(None, description="how long after the request the wave has to be recovered")
    pre_wave: tuple[Runbook, ...] = Field((), description="runbooks that run before its servers are recovered, in order")
    post_wave: tuple[Runbook, ...] = Field((), description="runbooks that run once its servers have launched, in order")
    health_check: Annotated[tuple[HealthCheck, ...], OneOrMore()] = Field(
        (), description="what has to be green before the wave is done; one or a list"
    )
    run_if: RunIf | None = Field(None, description="the wave is recovered only if another wave has ended so")

    launch_configuration: dict[Name, JsonValue] | None = Field(
        None, description="how its servers are to be launched, as the orchestrator's plans say it"
    )

    @property
    def may_fail(self) -> bool:
        """Whether the plan lets others start although not every server of this wave has launched."""
        return self.on_failure in ("continue", "pause") or bool(self.optional) or self.minimum_healthy_share is not None

    @property
    def waits_for(self) -> tuple[str, ...]:
        """The waves that come before this one: those that it depends on, and the one that its condition is about."""
        return (*self.depends_on, *([self.run_if.wave] if self.run_if else []))

    @property
    def server_names(self) -> tuple[str, ...]:
        """The names of the wave's servers, in order."""
        return self.servers if isinstance(self.servers, tuple) else tuple(counted_names(self.name, self.servers))


class Fleet(Model):
    """The source servers and the waves in which they are recovered."""

    noun: ClassVar[str] = "the fleet"
    region: Region = Field("us-east-1", description="the Region that the servers are recovered in")
    profile: AnyProfile = Field(
        default_factory=lambda: built_in("linux-direct"),
        description="the latency profile: what kind of servers these are, or the path of a profile file",
    )
    latency: Latencies = Field(
        default_factory=lambda: Latencies.model_validate({}), description="phases whose latency differs from the profile's"
    )
    drill: Flag = Field(True, description="whether this is a drill, as opposed to a recovery")
    clean_up_drill: Flag = Field(False, description="whether the plan terminates what a drill has launched, at its end")
    failback: Failback | None = Field(None, description="what is recovered is replicated back at the end of a recovery")
    notify: tuple[Literal["start", "wave", "paused"], ...] = Field(
        (), description="what people are to be notified of, besides ends and decisions"
    )
    waves: Annotated[tuple[Wave, ...], BeforeValidator(not_empty)] = Field(description="the waves, in the order of the plan")

    @property
    def server_names(self) -> tuple[str, ...]:
        """The names of all servers, in the order of the file."""
        return tuple(server for wave in self.waves for server in wave.server_names)
