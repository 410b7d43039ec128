"""Request rates: a token bucket per kind of operation."""

from collections.abc import Mapping

from simulator.drs.settings import Rate

_TOKEN = 1000  # buckets count thousandths of tokens, which milliseconds fill exactly


class Throttle:
    """The buckets of one account and Region."""

    def __init__(self, rates: Mapping[str, Rate] | None) -> None:
        self._rates = rates or {}
        self._filled = {kind: float(rate.burst * _TOKEN) for kind, rate in self._rates.items()}
        self._filled_ms = dict.fromkeys(self._rates, 0)

    def admits(self, kind: str, now_ms: int) -> bool:
        """Whether a request of this kind may pass now; takes a token if so. A kind without a rate always passes."""
        rate = self._rates.get(kind)
        if rate is None:
            return True
        gained = (now_ms - self._filled_ms[kind]) * rate.per_second
        filled = min(float(rate.burst * _TOKEN), self._filled[kind] + gained)
        admitted = filled >= _TOKEN
        self._filled[kind] = filled - _TOKEN if admitted else filled
        self._filled_ms[kind] = now_ms
        return admitted
