"""`operators:`: people who act while the recovery runs, through the orchestrator's own API."""

import re
from typing import Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import BeforeValidator, Field, JsonValue, ValidationInfo, WithJsonSchema, model_validator

from simulator.scenario.durations import parse_duration_ms
from simulator.scenario.fields import Model, Name, Text, Times, objection, refusal, require_one_of
from simulator.scenario.names import Names
from simulator.scenario.triggers import EXAMPLES, When


class Delay(NamedTuple):
    """How long a person takes: `distribution` is fixed, pert, uniform or lognormal, with its parameters in milliseconds."""

    distribution: str
    parameters_ms: tuple[int, ...]


class Decision(NamedTuple):
    """An operation of the orchestrator's API, on the execution or on one of its waves."""

    operation: str
    wave: str | None

    @property
    def signal(self) -> str | None:
        """What Systems Manager is told for the automation that waits longest; None for an operation of the orchestrator."""
        return self.operation.split()[0].capitalize() if self.operation in _SIGNALS else None

    @property
    def needs_api(self) -> bool:
        """Whether it goes through the orchestrator's own API."""
        return self != ABORT and self.signal is None


_OTHERS = "{pert: [2m, 6m, 20m]}, {uniform: [2m, 20m]} or {lognormal: [5m, 30m]}"
_DISTRIBUTIONS = {
    "pert": "expected pert as [shortest, likeliest, longest], such as {pert: [2m, 6m, 20m]}",
    "uniform": "expected uniform as [shortest, longest], such as {uniform: [2m, 20m]}",
    "lognormal": "expected lognormal as [median, p95], such as {lognormal: [5m, 30m]}",
}


def _delay(value: Any) -> Delay:
    if isinstance(value, dict) and len(value) == 1:
        ((name, parameters),) = value.items()
        if name in _DISTRIBUTIONS and isinstance(parameters, list):
            return _distribution(name, parameters)
    try:
        return Delay("fixed", (parse_duration_ms(value if isinstance(value, str) else ""),))
    except ValueError:
        raise refusal(f"expected a duration such as 4m, {_OTHERS}") from None


def _distribution(name: str, parameters: list[Any]) -> Delay:
    try:
        durations = tuple(parse_duration_ms(one if isinstance(one, str) else "") for one in parameters)
    except ValueError:
        durations = ()
    count = 3 if name == "pert" else 2
    if len(durations) != count or list(durations) != sorted(durations) or durations[0] == durations[-1]:
        raise refusal(_DISTRIBUTIONS[name])
    if name == "lognormal" and durations[0] == 0:
        raise refusal("expected a median longer than nothing")
    return Delay(name, durations)


def _decision(value: Any, info: ValidationInfo) -> Decision:
    words = " ".join(value.split()) if isinstance(value, str) else ""
    if words in _SIGNALS:
        return Decision(words, None)
    match = re.fullmatch(r"(?P<operation>[a-z][a-zA-Z-]*)(?: wave (?P<wave>.+))?", words)
    if match is None:
        raise refusal("expected what the operator does: `pause`, or `approve wave app`")
    names: Names | None = info.context
    if match["wave"] is not None and names:
        require_one_of("wave", names.waves, match["wave"])
    return Decision(match["operation"], match["wave"])


ABORT = Decision("abort", None)
"""Not an operation of the orchestrator: the state machine's execution is stopped, as from the console."""
_SIGNALS = ("approve automation", "reject automation", "resume automation")
_TEXT = WithJsonSchema({"type": "string"})
_DELAY = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object", "maxProperties": 1}]})
AnyDelay = Annotated[Delay, BeforeValidator(_delay), _DELAY]
AnyDecision = Annotated[Decision, BeforeValidator(_decision), _TEXT]


class Operator(Model):
    """A person who decides something, at the first occasion or at several."""

    noun: ClassVar[str] = "an operator"
    when: When = Field(description=f"what the operator waits for: {EXAMPLES}")
    decide: AnyDecision = Field(
        description="the operation: `pause`, or `approve wave app`; `abort` stops the state machine, `approve automation`"
        " (or `reject`, `resume`) answers what waits in Systems Manager"
    )
    delay: AnyDelay = Field(
        Delay("fixed", (0,)),
        description="how long the operator takes: 20m, {pert: [2m, 6m, 20m]}, {uniform: [2m, 20m]}, ...",
    )
    reason: Text | None = Field(None, description="the reason that the operator gives")
    with_: dict[Name, JsonValue] = Field(
        default_factory=dict, description="what else the operation's request says, such as {terminate: true}"
    )
    times: Times = Field(1, description="how often the operator decides, each time that the occasion comes; default 1")


class Rollback(Model):
    """What is done at the end of a run that was aborted, to leave nothing behind."""

    noun: ClassVar[str] = "a rollback"
    decide: AnyDecision | None = Field(None, description="an operation of the orchestrator's API, such as cancel")
    terminate: Text | None = Field(None, description="`recovery instances`: all that were launched are terminated")
    reason: Text | None = Field(None, description="the reason that is given")

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.decide is None) == (self.terminate is None):
            raise objection("a rollback needs either `decide` or `terminate`")
        if self.terminate not in (None, "recovery instances"):
            raise objection("`terminate` can be `recovery instances` only")
        return self
