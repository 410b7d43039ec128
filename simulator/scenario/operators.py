"""`operators:`: people who act while the recovery runs, through the orchestrator's own API."""

import re
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema

from simulator.scenario.durations import parse_duration_ms
from simulator.scenario.fields import Duration, Model, Text, refusal, require_one_of
from simulator.scenario.names import Names
from simulator.scenario.triggers import Trigger, parse_trigger

EXAMPLES = "an instant such as 12m, `wave NAME starts`, `wave NAME is launched`, or `told TEXT` (of a notification)"


class At(NamedTuple):
    """An instant of the run, in milliseconds since its start."""

    at_ms: int


class Told(NamedTuple):
    """A notification whose subject or message contains a text."""

    text: str


Occasion = At | Told | Trigger


class Decision(NamedTuple):
    """An operation of the orchestrator's API, on the execution or on one of its waves."""

    operation: str
    wave: str | None


def _occasion(value: Any, info: ValidationInfo) -> Occasion:
    words = " ".join(value.split()) if isinstance(value, str) else ""
    if words.startswith("told "):
        return Told(words.removeprefix("told "))
    try:
        return At(parse_duration_ms(words))
    except ValueError:
        pass
    try:
        trigger = parse_trigger(words)
    except ValueError:
        raise refusal(f"expected {EXAMPLES}") from None
    _require_wave(trigger.wave, info)
    return trigger


def _decision(value: Any, info: ValidationInfo) -> Decision:
    words = " ".join(value.split()) if isinstance(value, str) else ""
    match = re.fullmatch(r"(?P<operation>[a-z][a-zA-Z-]*)(?: wave (?P<wave>.+))?", words)
    if match is None:
        raise refusal("expected what the operator does: `pause`, or `approve wave app`")
    if match["wave"] is not None:
        _require_wave(match["wave"], info)
    return Decision(match["operation"], match["wave"])


def _require_wave(wave: str, info: ValidationInfo) -> None:
    names: Names | None = info.context
    if names:
        require_one_of("wave", names.waves, wave)


ABORT = Decision("abort", None)
"""Not an operation of the orchestrator: the state machine's execution is stopped, as from the console."""


class Operator(Model):
    """A person who decides something once, at the first occasion."""

    noun: ClassVar[str] = "an operator"
    when: Annotated[Occasion, BeforeValidator(_occasion), WithJsonSchema({"type": "string"})] = Field(
        description=f"what the operator waits for: {EXAMPLES}"
    )
    decide: Annotated[Decision, BeforeValidator(_decision), WithJsonSchema({"type": "string"})] = Field(
        description="the operation: `pause`, or `approve wave app`; `abort` stops the state machine"
    )
    delay_ms: Duration = Field(0, description="how long the operator takes to decide")
    reason: Text | None = Field(None, description="the reason that the operator gives")
