"""Faults on API calls: which answer a scenario wants in place of the service's own, and when.

A fault looks at a call as it arrives. It fires when the call is one of its operations, the instant lies in its window, it
has firings left, and its draw (keyed by the fault and the index of the matching call) says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from simulator.errors import ServiceError
from simulator.journal import FaultFired, Journal
from simulator.rng import Chance, Stream

# What a service answers with 429 or 5xx even where its model does not list it.
_COMMON_ERRORS = {
    "ThrottlingException": (429, "Rate exceeded"),
    "TooManyRequestsException": (429, "Rate exceeded"),
    "InternalServerException": (500, "An internal error has occurred."),
    "InternalFailure": (500, "The request processing has failed because of an unknown error."),
    "ServiceUnavailable": (503, "The service is temporarily unavailable."),
    "AccessDeniedException": (403, "The caller is not authorized to perform this operation."),
    "ExpiredTokenException": (403, "The security token included in the request is expired."),
    "UnrecognizedClientException": (403, "The security token included in the request is invalid."),
    "RequestLimitExceeded": (503, "Request limit exceeded."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ApiFault:
    """Answer `error` to calls of `operations` (`drs:StartRecovery`).

    `window_ms()` gives the [from, to) span in which it acts, or None while it is not known or not open; `rate` is the
    probability per matching call, `times` the most it fires (None: no limit).
    """

    id: str
    operations: frozenset[str]
    error: ServiceError
    rate: float = 1.0
    times: int | None = None
    window_ms: Callable[[], tuple[int, int | None] | None] = lambda: (0, None)


def fault_error(code: str, message: str | None, modelled: dict[str, int]) -> ServiceError:
    """The error a fault answers with: its status from the operation's model, or as services commonly give it.

    Raises KeyError for a code that is neither modelled nor common.
    """
    status, default_message = _COMMON_ERRORS.get(code, (modelled.get(code), code))
    return ServiceError(code, message or default_message, modelled.get(code) or status or _unknown(code))


def known_errors(modelled: dict[str, int]) -> list[str]:
    """Every code that `fault_error` takes for an operation with these modelled errors."""
    return sorted({*modelled, *_COMMON_ERRORS})


def _unknown(code: str) -> int:
    raise KeyError(code)


@dataclass(slots=True)
class _Armed:
    fault: ApiFault
    draws: Stream
    fired: int = 0


@dataclass(slots=True)
class FaultBoard:
    """All API faults of a run."""

    chance: Chance
    journal: Journal
    armed: list[_Armed] = field(default_factory=list)

    def arm(self, faults: Sequence[ApiFault]) -> None:
        """Add faults; where several match a call, the first one armed answers."""
        self.armed += [_Armed(fault, self.chance.stream("fault", fault.id)) for fault in faults]

    def strike(self, operation: str, now_ms: int) -> tuple[str, ServiceError] | None:
        """(fault id, error) if a fault takes this call. `operation` is `service:Operation`."""
        for armed in self.armed:
            if operation in armed.fault.operations and self._fires(armed, now_ms):
                armed.fired += 1
                self.journal.record(FaultFired(armed.fault.id, operation, armed.fault.error.code))
                return armed.fault.id, armed.fault.error
        return None

    @staticmethod
    def _fires(armed: _Armed, now_ms: int) -> bool:
        fault, window = armed.fault, armed.fault.window_ms()
        if window is None or now_ms < window[0] or (window[1] is not None and now_ms >= window[1]):
            return False
        if fault.times is not None and armed.fired >= fault.times:
            return False
        return armed.draws.happens(fault.rate)
