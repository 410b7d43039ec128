"""What may be wrong with what a plan says of a wave's runbooks, health and condition. Nothing here talks to AWS."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orchestration.plan_steps import (
    AFTER,
    BEFORE,
    GREEN,
    HEALTH,
    KINDS,
    OUTCOMES,
    RED,
    condition_of,
    steps_of,
)
from orchestration.waves import FAILED, TIMED_OUT

MAX_STEPS = 10  # of a wave, in each of its lists
MAX_PARAMETERS_BYTES = 4_000
MAX_VALUES = 50  # that Systems Manager takes for one parameter of a runbook
ON_FAILURE = ("stop", "continue", "pause")
_RUNBOOK_FIELDS = frozenset({"ssm", "parameters", "timeoutMinutes", "onFailure"})
_CHECK_FIELDS = {
    "alarm": frozenset({"alarm", "withinMinutes", "onFailure"}),
    "url": frozenset({"url", "status", "contains", "withinMinutes", "onFailure"}),
    "ssm": frozenset({"ssm", "parameters", "withinMinutes", "onFailure"}),
}
_DOCUMENT = re.compile(r"[\w.:/-]{3,128}")  # a document's name, or its ARN
_ALARM = re.compile(r"[^\x00-\x1f\x7f]{1,255}")
_URL = re.compile(r"https?://[^\s]{3,1000}")
Finding = tuple[str, str]  # a JSON pointer below the wave, and what is wrong there


def steps_shape(wave: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with a wave's runbooks, checks and condition, each by itself."""
    for phase in (BEFORE, AFTER):
        yield from _list_shape(wave.get(phase, []), phase, _runbook_shape, "a list of runbooks")
    told = wave.get(HEALTH, [])
    if isinstance(told, Mapping):
        yield from _check_shape(told, HEALTH)
    else:
        yield from _list_shape(told, HEALTH, _check_shape, "a check or a list of them")
    if "runIf" in wave:
        yield from _condition_shape(wave["runIf"])


def parameter_flaws(wave: Mapping[str, Any]) -> Iterator[Finding]:
    """What of a well-formed wave's parameters cannot be filled in."""
    for phase in (BEFORE, AFTER):
        for index, one in enumerate(wave.get(phase, ())):
            values = [text for value in one.get("parameters", {}).values() for text in _texts(value)]
            pointer = f"{phase}/{index}/parameters"
            if phase == BEFORE and "${instances}" in values:
                yield pointer, "no instances are known before the wave has launched"
            count = len(wave.get("servers", ()))
            if count > MAX_VALUES and {"${instances}", "${sourceServers}"} & set(values):
                yield pointer, f"a parameter takes at most {MAX_VALUES} values, and the wave has {count} servers"


def condition_flaws(wave: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """What is wrong with a well-formed condition, given the plan's waves by their names."""
    condition = condition_of(wave)
    if condition is None:
        return
    other = others.get(condition.wave)
    if other is None:
        yield "runIf/wave", f"wave {wave['name']!r} runs if {condition.wave!r} ..., which is no wave"
        return
    checks = [step for step in steps_of(other) if step.phase == HEALTH]
    stops = other.get("onFailure", "stop") == "stop"
    if condition.health and not checks:
        yield "runIf/health", f"wave {condition.wave!r} has no healthCheck"
    elif condition.health == RED and stops and all(check.on_failure == "stop" for check in checks):
        yield "runIf/health", f"wave {condition.wave!r} stops the plan if its health is RED; it needs another onFailure"
    elif condition.outcomes and stops and set(condition.outcomes) <= {FAILED, TIMED_OUT}:
        yield "runIf/outcome", f"wave {condition.wave!r} stops the plan if it fails; it needs another onFailure"


def _list_shape(
    value: Any, pointer: str, shape: Callable[[Mapping[str, Any], str], Iterator[Finding]], expected: str
) -> Iterator[Finding]:
    if not isinstance(value, list) or len(value) > MAX_STEPS:
        yield pointer, f"{pointer} must be {expected}, at most {MAX_STEPS}"
        return
    for index, one in enumerate(value):
        if isinstance(one, dict):
            yield from shape(one, f"{pointer}/{index}")
        else:
            yield f"{pointer}/{index}", f"{pointer} has JSON objects"


def _runbook_shape(one: Mapping[str, Any], pointer: str) -> Iterator[Finding]:
    yield from _unknown(one, _RUNBOOK_FIELDS, pointer, "a runbook")
    yield from _document_shape(one, pointer)
    yield from _common_shape(one, pointer, "timeoutMinutes")


def _check_shape(one: Mapping[str, Any], pointer: str) -> Iterator[Finding]:
    kinds = [kind for kind in KINDS if kind in one]
    if len(kinds) != 1:
        yield pointer, f"a check of health has one of {', '.join(KINDS)}"
        return
    yield from _unknown(one, _CHECK_FIELDS[kinds[0]], pointer, f"a check with {kinds[0]}")
    yield from _common_shape(one, pointer, "withinMinutes")
    match kinds[0]:
        case "alarm":
            if not _matches(_ALARM, one["alarm"]):
                yield f"{pointer}/alarm", "alarm must be the name of a CloudWatch alarm"
        case "url":
            if not _matches(_URL, one["url"]):
                yield f"{pointer}/url", "url must be an address that begins with http:// or https://"
            if not isinstance(one.get("status", 200), int) or not 100 <= one.get("status", 200) <= 599:
                yield f"{pointer}/status", "status must be a number from 100 to 599"
            if not isinstance(one.get("contains", ""), str):
                yield f"{pointer}/contains", "contains must be a text"
        case _:
            yield from _document_shape(one, pointer)


def _document_shape(one: Mapping[str, Any], pointer: str) -> Iterator[Finding]:
    if not _matches(_DOCUMENT, one.get("ssm")):
        yield f"{pointer}/ssm", "ssm must be the name or ARN of a Systems Manager document"
    parameters = one.get("parameters", {})
    if not isinstance(parameters, dict) or not all(_is_value(value) for value in parameters.values()):
        yield f"{pointer}/parameters", "parameters must be an object of texts and lists of texts"
    elif len(str(parameters)) > MAX_PARAMETERS_BYTES:
        yield f"{pointer}/parameters", f"parameters may have at most {MAX_PARAMETERS_BYTES} characters"


def _common_shape(one: Mapping[str, Any], pointer: str, minutes: str) -> Iterator[Finding]:
    value = one.get(minutes, 1)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.1 <= value <= 24 * 60:
        yield f"{pointer}/{minutes}", f"{minutes} must be a number from 0.1 to {24 * 60}"
    if one.get("onFailure", "stop") not in ON_FAILURE:
        yield f"{pointer}/onFailure", f"onFailure must be one of {', '.join(ON_FAILURE)}"


def _condition_shape(condition: Any) -> Iterator[Finding]:
    if not isinstance(condition, dict) or set(condition) not in ({"wave", "outcome"}, {"wave", "health"}):
        yield "runIf", "runIf is an object with wave, and either outcome or health"
        return
    outcomes = condition.get("outcome", "LAUNCHED")
    listed = [outcomes] if isinstance(outcomes, str) else outcomes
    if not isinstance(condition["wave"], str):
        yield "runIf/wave", "wave must be the name of a wave"
    if not isinstance(listed, list) or not listed or any(one not in OUTCOMES for one in listed):
        yield "runIf/outcome", f"outcome must be one or a list of {', '.join(OUTCOMES)}"
    if condition.get("health", GREEN) not in (GREEN, RED):
        yield "runIf/health", f"health must be {GREEN} or {RED}"


def _unknown(one: Mapping[str, Any], known: frozenset[str], pointer: str, noun: str) -> Iterator[Finding]:
    for name in one:
        if name not in known:
            yield f"{pointer}/{name}", f"{noun} has no field {name!r}; it has {', '.join(sorted(known))}"


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and bool(pattern.fullmatch(value))


def _texts(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _is_value(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))
