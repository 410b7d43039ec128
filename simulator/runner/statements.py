"""`always`, `never` and `sometimes`: sentences about a run against what happened in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.runner.facts import Facts
from simulator.runner.result import Check
from simulator.runner.wording import clock_time, last_before
from simulator.scenario.durations import format_duration
from simulator.scenario.expressions import After, Before, Form, Happens, Statement, Within
from simulator.scenario.triggers import Trigger
from simulator.targets.occurrences import Instant, occurrences

MAX_SHOWN = 4


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a run says to a sentence.

    `is_seen`: it came true at least once; `is_broken`: it was untrue at least once; `at_ms` is the first instant of either
    that matters. `missing` names the moment that would have had to come for the sentence to say anything; None: it came.
    """

    is_seen: bool
    is_broken: bool
    happened: str
    seen_ms: int | None = None
    broken_ms: int | None = None
    missing: str | None = None


def always(statement: Statement, facts: Facts) -> Check:
    """It must be so, each time that there is an occasion."""
    read = _read(statement.form, facts)
    return _check("always", statement, facts, not read.is_broken, read, read.broken_ms)


def never(statement: Statement, facts: Facts) -> Check:
    """It must not be so a single time."""
    read = _read(statement.form, facts)
    return _check("never", statement, facts, not read.is_seen, read, read.seen_ms)


def sometimes(statement: Statement, facts: Facts) -> Check:
    """It must be so at least once; over several seeds, with one of them."""
    read = _read(statement.form, facts)
    return _check("sometimes", statement, facts, read.is_seen, read, None)


def _check(mode: str, statement: Statement, facts: Facts, passed: bool, read: _Reading, at_ms: int | None) -> Check:
    name, expected = f"{mode}: {statement.sentence}", f"{mode} {statement.sentence}"
    is_empty = read.missing is not None and passed and mode != "sometimes"
    idle = f"{read.missing} never came, so that nothing was checked" if is_empty else None
    if passed:
        return Check(name, True, expected, read.happened, idle=idle)
    before = last_before(facts.journal, facts.journal[-1].at_ms if at_ms is None else at_ms)
    return Check(name, False, expected, read.happened, at_ms, None, before)


def _read(form: Form, facts: Facts) -> _Reading:
    match form:
        case Happens():
            return _happens(form, facts)
        case Before(first=first, second=second):
            return _before(first, second, facts)
        case After(later=later, earlier=earlier):
            return _after(later, earlier, facts)
        case Within():
            return _within(form, facts)


def _happens(form: Happens, facts: Facts) -> _Reading:
    came = _when(form.what, facts)
    is_so = len(came) >= form.least and (form.most is None or len(came) <= form.most)
    seen_ms = came[min(form.least, len(came)) - 1][0] if came else None
    beyond_ms = came[form.most][0] if form.most is not None and len(came) > form.most else None
    return _Reading(is_so, not is_so, _shown(form.what, came), seen_ms, beyond_ms)


def _before(first: Trigger, second: Trigger, facts: Facts) -> _Reading:
    """Seen: `first` comes while `second` has not. Broken: `second` comes while `first` has not."""
    one, other = _when(first, facts), _when(second, facts)
    is_seen = bool(one) and (not other or one[0] < other[0])
    is_broken = bool(other) and not (one and one[0] < other[0])
    missing = None if one and other else f"`{(second if one else first).sentence}`"
    seen_ms, broken_ms = (one[0][0] if one else None), (other[0][0] if other else None)
    return _Reading(is_seen, is_broken, _both(first, one, second, other), seen_ms, broken_ms, missing)


def _after(later: Trigger, earlier: Trigger, facts: Facts) -> _Reading:
    """Seen: `later` comes when `earlier` has. Broken: it comes when that has not."""
    one, other = _when(later, facts), _when(earlier, facts)
    since = [instant for instant in one if other and instant > other[0]]
    too_early = [instant for instant in one if not other or instant < other[0]]
    missing = None if one and other else f"`{(earlier if not other else later).sentence}`"
    return _Reading(
        bool(since), bool(too_early), _both(later, since or one, earlier, other), _first(since), _first(too_early), missing
    )


def _within(form: Within, facts: Facts) -> _Reading:
    """Seen: `effect` follows a `cause` in time. Broken: for one of them it does not."""
    causes, effects = _when(form.cause, facts), _when(form.effect, facts)
    followed = {cause: _follower(cause, effects, form.limit_ms) for cause in causes}
    missed = [cause for cause, effect in followed.items() if effect is None]
    hits = [effect for effect in followed.values() if effect is not None]
    limit = "" if form.limit_ms is None else f" within {format_duration(form.limit_ms)}"
    happened = _both(form.cause, causes, form.effect, effects)
    if missed:
        happened += f"; after {clock_time(missed[0][0])} it did not follow{limit}"
    missing = None if causes else f"`{form.cause.sentence}`"
    return _Reading(bool(hits), bool(missed), happened, _first(hits), _first(missed), missing)


def _follower(cause: Instant, effects: Sequence[Instant], limit_ms: int | None) -> Instant | None:
    later = (effect for effect in effects if effect > cause)
    return next((effect for effect in later if limit_ms is None or effect[0] - cause[0] <= limit_ms), None)


def _when(trigger: Trigger, facts: Facts) -> list[Instant]:
    return occurrences(trigger, facts.journal, facts.cast)


def _first(instants: Sequence[Instant]) -> int | None:
    return instants[0][0] if instants else None


def _both(one: Trigger, came: Sequence[Instant], other: Trigger, came_too: Sequence[Instant]) -> str:
    return f"{_shown(one, came)}; {_shown(other, came_too)}"


def _shown(trigger: Trigger, came: Sequence[Instant]) -> str:
    if not came:
        return f"`{trigger.sentence}` never came"
    instants = ", ".join(clock_time(at_ms) for at_ms, _ in came[:MAX_SHOWN]) + (", ..." if len(came) > MAX_SHOWN else "")
    times = f"{len(came)} times, at" if len(came) > 1 else "at"
    return f"`{trigger.sentence}` came {times} {instants}"
