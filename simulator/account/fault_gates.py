"""When a fault fires: in its window, so often, at certain calls, above a rate, with a probability."""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.rng import Stream

Span = tuple[int, int | None]


def throughout() -> Span | None:
    """The window that is always open."""
    return (0, None)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket: each call takes a token, `per_second` come back, at most `size` are kept. Without any, it fires."""

    size: float
    per_second: float


@dataclass(frozen=True, slots=True)
class Gate:
    """When a fault fires.

    `window_ms()` gives the [from, to) span in which it acts, or None while it is not known or not open. `rate` is the
    probability for each call, `times` the most it fires, `calls` the numbers (from 1) of the calls that it may take, counted
    in the window; None: no limit.
    """

    rate: float = 1.0
    times: int | None = None
    window_ms: Callable[[], Span | None] = throughout
    calls: frozenset[int] | None = None
    bucket: Bucket | None = None


@dataclass(slots=True)
class GateState:
    """A gate, the calls that came to it, and its draws."""

    gate: Gate
    draws: Stream
    seen: int = 0
    fired: int = 0
    tokens: float | None = None
    filled_ms: int = 0

    def fires(self, now_ms: int) -> int | None:
        """The number of this call, from 1, if the fault takes it."""
        gate, window = self.gate, self.gate.window_ms()
        if window is None or now_ms < window[0] or (window[1] is not None and now_ms >= window[1]):
            return None
        self.seen += 1
        if gate.times is not None and self.fired >= gate.times:
            return None
        if gate.calls is not None and self.seen not in gate.calls:
            return None
        if gate.bucket is not None and self._has_token(gate.bucket, now_ms):
            return None
        return self.seen if self.draws.happens(gate.rate) else None

    def _has_token(self, bucket: Bucket, now_ms: int) -> bool:
        kept = bucket.size if self.tokens is None else self.tokens
        kept = min(bucket.size, kept + (now_ms - self.filled_ms) / 1000 * bucket.per_second)
        self.filled_ms = now_ms
        self.tokens = kept - 1 if kept >= 1 else kept
        return kept >= 1
