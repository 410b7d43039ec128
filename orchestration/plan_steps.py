"""What a plan says of a wave besides its servers: runbooks before and after it, checks of its health, a condition.

A runbook is `{"ssm": "FreezeWrites", "parameters"?: {"name": "text" or ["text"]}, "timeoutMinutes"?: 30, "onFailure"?}`, a
check one of `{"alarm": "web-5xx"}`, `{"url": "https://...", "status"?: 200, "contains"?: "ok"}` and `{"ssm":
"AWS-RunShellScript", "parameters": {"commands": ["..."]}}`, with `"withinMinutes"?: 10` and `"onFailure"?`. A condition is
`{"wave": "web", "outcome": "FAILED" or [...]}` or `{"wave": "web", "health": "GREEN" or "RED"}`. Nothing here talks to AWS.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestration.waves import FAILED, LAUNCHED, PARTIAL, SKIPPED, TIMED_OUT

BEFORE, AFTER, HEALTH = "preWave", "postWave", "healthCheck"
RUNBOOK_MINUTES, HEALTH_MINUTES = 30, 10
OUTCOMES = (LAUNCHED, PARTIAL, FAILED, TIMED_OUT, SKIPPED)
GREEN, RED = "GREEN", "RED"
KINDS = ("alarm", "url", "ssm")


@dataclass(frozen=True, slots=True)
class Step:
    """A runbook, or a check of a wave's health, in one of its phases: BEFORE, AFTER or HEALTH.

    `target` is what its kind says it is: a document, an alarm, an address. `detail` are the other members that the kind has.
    `on_failure` is `stop` (the wave fails), `continue` (it goes on) or `pause` (an operator decides).
    """

    phase: str
    kind: str
    target: str
    timeout_minutes: float
    on_failure: str = "stop"
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Condition:
    """A wave is recovered only if another one has ended so: in one of `outcomes`, or with its health GREEN or RED."""

    wave: str
    outcomes: tuple[str, ...] = ()
    health: str | None = None


def steps_of(wave: Mapping[str, Any]) -> tuple[Step, ...]:
    """The steps of a checked wave, in their order."""
    runbooks = [(phase, one) for phase in (BEFORE, AFTER) for one in wave.get(phase, ())]
    return tuple(_step(phase, one) for phase, one in [*runbooks, *((HEALTH, one) for one in _checks(wave))])


def condition_of(wave: Mapping[str, Any]) -> Condition | None:
    """The condition of a checked wave, if it has one."""
    told = wave.get("runIf")
    if told is None:
        return None
    outcomes = told.get("outcome", ())
    return Condition(told["wave"], (outcomes,) if isinstance(outcomes, str) else tuple(outcomes), told.get("health"))


def waits_for(wave: Mapping[str, Any]) -> list[str]:
    """The waves that come before a wave of a plan or a record: those it depends on, and the one its condition is about."""
    condition = wave.get("runIf")
    return [*wave.get("dependsOn", ()), *([condition["wave"]] if condition else [])]


def minutes_of(wave: Mapping[str, Any]) -> float:
    """How long the steps of a checked wave may take altogether."""
    return sum(step.timeout_minutes for step in steps_of(wave))


def subject(step: Mapping[str, Any]) -> str:
    """What a step is about, in a sentence."""
    if step["phase"] != HEALTH:
        return f"runbook {step['ssm']}"
    return f"health check {next(step[kind] for kind in KINDS if kind in step)}"


def _step(phase: str, one: Mapping[str, Any]) -> Step:
    kind = next(kind for kind in KINDS if kind in one)
    minutes = one.get("withinMinutes", HEALTH_MINUTES) if phase == HEALTH else one.get("timeoutMinutes", RUNBOOK_MINUTES)
    members = {"parameters": "parameters", "status": "httpStatus", "contains": "contains"}  # a step has a status of its own
    detail = {kept: one[name] for name, kept in members.items() if name in one}
    return Step(phase, kind, one[kind], minutes, one.get("onFailure", "stop"), detail)


def _checks(wave: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    told = wave.get(HEALTH, [])
    return [told] if isinstance(told, Mapping) else told
