"""What a wave of the fleet has besides its servers: runbooks before and after it, checks of its health, a condition."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from simulator.scenario.fields import Model, Name, OneOrMore, Span, WaveName, Whole, matching, objection

OnFailure = Literal["stop", "continue", "pause"]
Parameters = dict[Name, str | tuple[str, ...]]
Url = Annotated[str, AfterValidator(matching(r"https?://\S+", "an address such as https://shop.example.com/health"))]
WaveOutcome = Literal["launched", "partial", "failed", "timed out", "skipped"]
_FAILED = "what follows if it fails: the wave fails (stop), goes on, or an operator decides"


class Runbook(Model):
    """A runbook of Systems Manager that runs before a wave, or after its servers have launched."""

    noun: ClassVar[str] = "a runbook"
    ssm: Name = Field(description="the automation document; one that AWS does not have is made for the scenario")
    parameters: Parameters = Field(
        default_factory=dict, description="its parameters; ${instances}, ${sourceServers} and others stand for the wave's"
    )
    timeout_ms: Span | None = Field(None, description="how long it may take; default: the orchestrator's own")
    on_failure: OnFailure | None = Field(None, description=_FAILED)


class HealthCheck(Model):
    """A check of a wave's health after its servers have launched."""

    noun: ClassVar[str] = "a check of health"
    alarm: Name | None = Field(None, description="a CloudWatch alarm that has to be OK")
    url: Url | None = Field(None, description="an address that has to answer over HTTP")
    ssm: Name | None = Field(None, description="a command document that has to succeed on the wave's recovery instances")
    parameters: Parameters = Field(default_factory=dict, description="the command's parameters")
    status: Whole | None = Field(None, description="the HTTP status that is expected; default: 200")
    contains: str | None = Field(None, description="a text that the address's answer has to contain")
    within_ms: Span | None = Field(
        None, description="how long health may take to become green; default: the orchestrator's own"
    )
    on_failure: OnFailure | None = Field(None, description=_FAILED)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(kind is not None for kind in (self.alarm, self.url, self.ssm)) != 1:
            raise objection("a check of health needs one of `alarm`, `url` or `ssm`")
        if self.url is None and (self.status is not None or self.contains is not None):
            raise objection("`status` and `contains` go with `url`")
        if self.ssm is None and self.parameters:
            raise objection("`parameters` go with `ssm`")
        return self

    @property
    def signal(self) -> str | None:
        """The alarm or address that is red or green; None for a command."""
        return self.alarm or self.url


class RunIf(Model):
    """A condition: the wave is recovered only if another one has ended so."""

    noun: ClassVar[str] = "`runIf`"
    wave: WaveName = Field(description="the other wave")
    outcome: Annotated[tuple[WaveOutcome, ...], OneOrMore()] = Field(
        (), description="how it has to have ended: launched, partial, failed, timed out or skipped; one or a list"
    )
    health: Literal["green", "red"] | None = Field(None, description="how its health has to be")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if bool(self.outcome) == (self.health is not None):
            raise objection("`runIf` needs either `outcome` or `health`")
        return self
