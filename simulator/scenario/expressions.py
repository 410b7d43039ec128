"""What must always, never or sometimes be so: moments in an order, within a time, or so often."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from simulator.scenario.durations import EXAMPLES as DURATIONS
from simulator.scenario.durations import parse_duration_ms
from simulator.scenario.fields import refusal
from simulator.scenario.names import Names
from simulator.scenario.triggers import EXAMPLES, Trigger, parse_trigger

FORMS = "`A`, `A before B`, `A after B`, `A within 5m of B`, `A at most 3 times` or `every A is followed by B within 5m`"


@dataclass(frozen=True, slots=True)
class Happens:
    """Something happens: so many times, both bounds included."""

    what: Trigger
    least: int = 1
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """Something happens before something else has happened for the first time."""

    first: Trigger
    second: Trigger


@dataclass(frozen=True, slots=True)
class After:
    """Something happens after something else has happened for the first time."""

    later: Trigger
    earlier: Trigger


@dataclass(frozen=True, slots=True)
class Within:
    """Each time that something happens, something else follows, within a time if one is given."""

    cause: Trigger
    effect: Trigger
    limit_ms: int | None


Form = Happens | Before | After | Within


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence about a run, as it was written and as it is meant."""

    sentence: str
    form: Form


@dataclass(frozen=True, slots=True)
class Elapsed:
    """More virtual time has passed since the request than `limit_ms`."""

    limit_ms: int


@dataclass(frozen=True, slots=True)
class AbortCondition:
    """What ends a run early: something happens for the `count`th time, or too much time has passed."""

    sentence: str
    what: Elapsed | Trigger


_COUNTS = re.compile(
    r"(?P<what>.+) (?P<how>at most|at least|exactly|more than|fewer than) (?P<count>once|[0-9]{1,6} times?)"
)
_WITHIN = re.compile(r"(?P<effect>.+) within (?P<limit>\w+) of (?P<cause>.+)")
_FOLLOWED = re.compile(r"every (?P<cause>.+) is followed by (?P<effect>.+?)(?: within (?P<limit>\w+))?")
_ELAPSED = re.compile(r"elapsed >=? ?(?P<limit>\w+)")


def parse_statement(sentence: str, names: Names | None = None) -> Statement:
    """What a sentence says. Raises ValueError for the person who wrote it."""
    words = " ".join(sentence.split())
    return Statement(words, next(_forms(words, names), None) or Happens(parse_trigger(words, names)))


def _forms(words: str, names: Names | None) -> Iterator[Form]:
    followed, within, counted = _FOLLOWED.fullmatch(words), _WITHIN.fullmatch(words), _COUNTS.fullmatch(words)
    if followed or within:
        found = followed or within
        assert found is not None
        limit = found["limit"]
        cause, effect = parse_trigger(found["cause"], names), parse_trigger(found["effect"], names)
        yield Within(cause, effect, None if limit is None else _duration(limit))
    if counted:
        yield _counted(counted, names)
    for separator in (" before ", " after "):
        for at in (match.start() for match in re.finditer(separator, words)):
            sides = words[:at], words[at + len(separator) :]
            if all(map(_is_moment, sides)):
                one, other = (parse_trigger(side, names) for side in sides)
                yield Before(one, other) if separator == " before " else After(one, other)


def _is_moment(words: str) -> bool:
    try:
        parse_trigger(words)
    except ValueError:
        return False
    return True


def _counted(found: re.Match[str], names: Names | None) -> Happens:
    what = parse_trigger(found["what"], names)
    count = 1 if found["count"] == "once" else int(found["count"].split()[0])
    least, most = {
        "at most": (0, count),
        "at least": (count, None),
        "exactly": (count, count),
        "more than": (count + 1, None),
        "fewer than": (0, max(0, count - 1)),
    }[found["how"]]
    return Happens(what, least, most)


def _duration(text: str) -> int:
    try:
        return parse_duration_ms(text)
    except ValueError:
        raise refusal(f"expected a duration such as {DURATIONS} in it") from None


def _statement(value: Any, info: ValidationInfo) -> Statement:
    try:
        return parse_statement(value if isinstance(value, str) else "", info.context)
    except ValueError as error:
        if type(error) is not ValueError:
            raise
        raise refusal(f"expected {FORMS}, each of them {EXAMPLES.removeprefix('a moment ')}") from None


def _abort_condition(value: Any, info: ValidationInfo) -> AbortCondition:
    words = " ".join(value.split()) if isinstance(value, str) else ""
    elapsed = _ELAPSED.fullmatch(words)
    if elapsed:
        return AbortCondition(words, Elapsed(_duration(elapsed["limit"])))
    try:
        return AbortCondition(words, parse_trigger(words, info.context))
    except ValueError as error:
        if type(error) is not ValueError:
            raise
        raise refusal(f"expected `elapsed > 6h`, or {EXAMPLES}") from None


_TEXT = WithJsonSchema({"type": "string"})
AnyStatement = Annotated[Statement, BeforeValidator(_statement), _TEXT]
AnyAbortCondition = Annotated[AbortCondition, BeforeValidator(_abort_condition), _TEXT]
