"""Which errors Retry and Catch rules match, and how long a retrier waits."""

from collections.abc import Sequence

from simulator.engine.failures import StateFailure
from simulator.engine.machine import Catcher, Retrier
from simulator.rng import Stream

MAX_INTERVAL_SECONDS = 99_999_999.0
NEVER_BY_WILDCARD = frozenset({"States.DataLimitExceeded", "States.Runtime"})


def matches(names: Sequence[str], error: str | None) -> bool:
    """Whether ErrorEquals names an error.

    States.ALL is every error but States.DataLimitExceeded and States.Runtime, States.TaskFailed every one of these but
    States.Timeout. (A task's result over the limit is one that States.ALL takes all the same: it has that name as an alias.)
    """
    if error in names:
        return True
    if error in NEVER_BY_WILDCARD:
        return False
    return "States.ALL" in names or ("States.TaskFailed" in names and error != "States.Timeout")


def find_rule(rules: Sequence[Retrier] | Sequence[Catcher], failure: StateFailure) -> int | None:
    """The index of the first rule for a failure."""
    if failure.is_terminal:
        return None
    matched = (
        index
        for index, names in enumerate([rule.errors for rule in rules])
        if matches(names, failure.error) or failure.alias in names
    )
    return next(matched, None)


def interval_ms(retrier: Retrier, attempt: int, stream: Stream) -> int:
    """How long to wait before the `attempt`th retry (from 1): exponential, bounded, with full jitter if asked for."""
    bound = MAX_INTERVAL_SECONDS if retrier.max_delay_seconds is None else retrier.max_delay_seconds
    try:
        seconds = min(bound, retrier.interval_seconds * retrier.backoff_rate ** (attempt - 1))
    except OverflowError:
        seconds = bound
    if retrier.has_jitter:
        seconds *= stream.uniform()
    return round(seconds * 1000)
