"""Request rates: a token bucket per kind of operation."""

from collections.abc import Mapping

from simulator.drs.settings import Rate


class Throttle:
    """The buckets of one account and Region."""

    def __init__(self, rates: Mapping[str, Rate] | None) -> None:
        self._rates = rates or {}
        self._tokens = {kind: float(rate.burst) for kind, rate in self._rates.items()}
        self._filled_ms = dict.fromkeys(self._rates, 0)

    def admits(self, kind: str, now_ms: int) -> bool:
        """Whether a request of this kind may pass now; takes a token if so."""
        rate = self._rates.get(kind)
        if rate is None:
            return True
        gained = (now_ms - self._filled_ms[kind]) / 1000 * rate.per_second
        self._tokens[kind] = min(float(rate.burst), self._tokens[kind] + gained)
        self._filled_ms[kind] = now_ms
        if self._tokens[kind] < 1:
            return False
        self._tokens[kind] -= 1
        return True
