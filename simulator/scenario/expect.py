"""`expect:`: what must hold for the scenario to pass."""

import re
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from simulator.scenario.cost import Budget
from simulator.scenario.expressions import FORMS, AnyStatement
from simulator.scenario.faults import parse_operation
from simulator.scenario.fields import (
    Amount,
    Duration,
    Model,
    Name,
    Natural,
    OneOrMore,
    Percent,
    Span,
    Text,
    WaveName,
    Whole,
    objection,
    refusal,
)
from simulator.scenario.system import CodeFile


class Outcome(StrEnum):
    """How a recovery can end."""

    COMPLETED = "COMPLETED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    TIMED_OUT = "TIMED_OUT"
    REJECTED = "REJECTED"


_COMPARISON = re.compile(r"(<=|>=|<|>|=)?\s*([0-9]{1,9})")


class Count(Model):
    """How often something happens: between `min` and `max` times, both included; `max` None is without bound."""

    noun: ClassVar[str] = "a count"
    short_form: ClassVar[dict[str, Any] | None] = {
        "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^(<=|>=|<|>|=)?\s*[0-9]+$"}]
    }
    min: Natural = Field(0, description="at least this often")
    max: Natural | None = Field(None, description="at most this often")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        match = _COMPARISON.fullmatch(str(data).strip()) if isinstance(data, int | str) else None
        if not match:
            if isinstance(data, dict):
                return data
            raise refusal('expected a count such as 3, "<= 5" or {min: 1, max: 5}')
        sign, number = match[1] or "=", int(match[2])
        if (sign, number) == ("<", 0):
            raise refusal("expected a count that is possible")
        return {
            "=": {"min": number, "max": number},
            "<=": {"max": number},
            "<": {"max": number - 1},
            ">=": {"min": number},
            ">": {"min": number + 1},
        }[sign]

    @model_validator(mode="after")
    def _possible(self) -> "Count":
        if self.max is not None and self.max < self.min:
            raise objection(f"a count cannot be at least {self.min} and at most {self.max}")
        return self

    def holds(self, number: int) -> bool:
        """Whether `number` lies within the count."""
        return self.min <= number and (self.max is None or number <= self.max)

    def __str__(self) -> str:
        if self.max is None:
            return f"at least {self.min}"
        if self.min == self.max:
            return str(self.min)
        return f"at most {self.max}" if self.min == 0 else f"{self.min} to {self.max}"


def _operation(key: str) -> str:
    try:
        return str(parse_operation(key))
    except ValueError as error:
        raise refusal(str(error)) from None


OperationKey = Annotated[str, AfterValidator(_operation)]


class Retries(Model):
    """The retries of a state by its Retry rules, or of an API call by the SDK."""

    noun: ClassVar[str] = "an expectation of retries"
    state: Text | None = Field(None, description="the state whose Retry rules are looked at")
    call: OperationKey | None = Field(None, description="the API call whose retries by the SDK are looked at")
    error: Text | None = Field(None, description="only retries after this error")
    intervals_ms: tuple[Duration, ...] | None = Field(None, description="the waits before each retry, exactly and in order")
    attempts: Count | None = Field(None, description="how many retries there are")

    @model_validator(mode="after")
    def _looks_at_something(self) -> "Retries":
        if (self.state is None) == (self.call is None):
            raise objection("an expectation of retries needs either `state` or `call`")
        if self.intervals_ms is None and self.attempts is None:
            raise objection(
                "an expectation of retries needs `intervals` or `attempts`", "without them it would check nothing"
            )
        return self


class Response(Model):
    """What the request that starts the recovery is answered with."""

    noun: ClassVar[str] = "the expected response"
    status: Annotated[Whole, Field(ge=100, le=599)] | None = Field(None, description="the HTTP status")
    contains: Text | None = Field(None, description="a text that the body contains")


class WaveExpectation(Model):
    """How a wave ends."""

    noun: ClassVar[str] = "the expectation of a wave"
    status: Literal["LAUNCHED", "FAILED", "PENDING", "NOT_STARTED"] | None = Field(None, description="how the wave ends")
    within_ms: Span | None = Field(None, description="the longest time from the wave's start to its end")


class Notification(Model):
    """Notifications that are published, those with a text in their subject or message."""

    noun: ClassVar[str] = "an expectation of notifications"
    short_form: ClassVar[dict[str, Any] | None] = Count.short_form
    subject: Text | None = Field(None, description="only those whose subject contains this text")
    contains: Text | None = Field(None, description="only those whose message contains this text")
    count: Count = Field(Count.model_validate({"min": 1}), description="how many there are; default: at least one")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        return {"count": data} if isinstance(data, int | str) else data


class Metric(Model):
    """A metric that the system reports, in its logs (as Lambda functions do) or by PutMetricData."""

    noun: ClassVar[str] = "an expectation of a metric"
    count: Count = Field(Count.model_validate({"min": 1}), description="how many values are reported; default: at least one")
    at_least: Amount | None = Field(None, description="no value is below this")
    at_most: Amount | None = Field(None, description="no value is above this")


Invariant = Literal[
    "record-agrees-with-execution",
    "completed-means-launched",
    "no-wave-before-its-dependencies",
    "cancel-never-succeeds",
    "polling-is-bounded",
    "no-server-recovered-twice",
    "only-declared-calls",
    "no-token-lost",
    "nothing-after-the-end",
]


class Invariants(Model):
    """What holds in every run unless it is switched off by name."""

    noun: ClassVar[str] = "`invariants`"
    short_form: ClassVar[dict[str, Any] | None] = {"const": "default"}
    off: tuple[Invariant, ...] = Field((), alias="except", description="the invariants that need not hold here")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        return {} if data == "default" else data


class Coverage(Model):
    """How much of the state machines is reached, over all seeds of the scenario."""

    noun: ClassVar[str] = "an expectation of coverage"
    states: Percent | None = Field(None, description="states that are entered, at least: 100%")
    transitions: Percent | None = Field(None, description="transitions from one state to another that are taken")
    choices: Percent | None = Field(None, description="branches of Choice states that are taken, their Defaults included")
    retriers: Percent | None = Field(
        None, description="Retry rules that lead to a retry; those with MaxAttempts 0 never can"
    )
    catchers: Percent | None = Field(None, description="Catch rules that catch something")


Statements = Annotated[tuple[AnyStatement, ...], OneOrMore()]


class Expect(Model):
    """The expectations of a scenario. What is None, or empty, is not checked."""

    noun: ClassVar[str] = "`expect`"
    outcome: Outcome | None = Field(None, description="how the recovery ends")
    order: tuple[WaveName, ...] | None = Field(None, description="the waves that start, in the order in which they start")
    not_started: tuple[WaveName, ...] = Field((), description="waves that never start")
    rto_ms: Span | None = Field(
        None, description="the recovery time objective: the longest time from the request to the end"
    )
    calls: dict[OperationKey, Count] = Field(default_factory=dict, description="how many calls of an operation are accepted")
    retries: Annotated[tuple[Retries, ...], OneOrMore()] = Field((), description="retries, one or a list")
    response: Response | None = Field(None, description="the answer to the request that starts the recovery")
    notifications: Annotated[tuple[Notification, ...], OneOrMore()] = Field(
        (), description="notifications: how many, or {subject, contains, count}; one or a list"
    )
    metrics: dict[Name, Metric] = Field(default_factory=dict, description="metrics that are reported, by their names")
    reason: Text | None = Field(None, description="a text that the recorded reason of the outcome contains")
    waves: dict[WaveName, WaveExpectation] = Field(default_factory=dict, description="how single waves end, by their names")
    rpo_ms: Span | None = Field(
        None, description="the recovery point objective: the oldest that any recovered server's data may be"
    )
    cost: Budget | None = Field(None, description="the most that a run may cost in AWS, such as 0.05 USD")
    always: Statements = Field((), description=f"what must be so: {FORMS}; one or a list")
    never: Statements = Field((), description="what must not be so, as `always`; one or a list")
    sometimes: Statements = Field((), description="what must be so in one run of all seeds at least, as `always`")
    check: Annotated[tuple[CodeFile, ...], OneOrMore()] = Field(
        (), description="a Python function such as checks.py:my_check that judges the run; one or a list"
    )
    coverage: Coverage | None = Field(
        None, description="how much of the state machines is reached over all seeds, such as {states: 100%, catchers: 90%}"
    )
    invariants: Invariants = Field(
        default_factory=lambda: Invariants.model_validate({}),
        description="`default`, or {except: [names]}: the invariants that need not hold here",
    )
