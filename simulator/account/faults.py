"""Faults on API calls and on functions: what a scenario wants in place of what would happen, and when.

A fault looks at a call as it arrives. It fires when the call is one of its own, the instant lies in its window, it has
firings left, the call's number and its token bucket allow it, and its draw (keyed by the fault and the index of the matching
call) says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from simulator.account.fault_effects import Effect, Script, Stale, described
from simulator.account.fault_gates import Gate, GateState
from simulator.errors import ServiceError
from simulator.journal import FaultFired, Journal
from simulator.json_types import JsonValue
from simulator.rng import Chance

ANY = "*"
ALWAYS = Gate()
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
    """What becomes of calls of `operations`: `drs:StartRecovery`, `drs:*`, or `*` for whatever functions and machines call.

    `by` is the only caller it concerns (a function's name, `states` for state machines), `region` the only Region, and
    `asking` a member that the request must have.
    """

    id: str
    operations: frozenset[str]
    effect: Effect
    gate: Gate = ALWAYS
    by: str | None = None
    region: str | None = None
    asking: str | None = None

    def concerns(self, call: "Call") -> bool:
        """Whether a call is one of its own."""
        service = call.operation.partition(":")[0]
        is_meant = not self.operations.isdisjoint((call.operation, f"{service}:{ANY}"))
        is_anyone = ANY in self.operations and call.caller != "world"
        is_caller = self.by in (None, call.caller.partition(":")[0])
        is_asked = self.asking is None or bool(call.parameters.get(self.asking))
        return (is_meant or is_anyone) and is_caller and is_asked and self.region in (None, call.region)


@dataclass(frozen=True, slots=True)
class FunctionFault:
    """What becomes of invocations of a function whose payload has the members of `payload`.

    `does` is TIMEOUT, OUT_OF_MEMORY, CRASH, ERROR (of the type `error`, with a `message`), SLOW or COLD_START (both for as
    long as `delay` draws). With `takes_effect` the handler has run to its end first.
    """

    id: str
    function: str
    does: str
    gate: Gate = ALWAYS
    takes_effect: bool = False
    payload: Mapping[str, JsonValue] = field(default_factory=dict)
    error: str = "Error"
    message: str = ""
    delay: tuple[float, float] = (0, 0)

    def concerns(self, function: str, payload: JsonValue) -> bool:
        """Whether an invocation is one of its own."""
        return function == self.function and _holds(payload, self.payload)


class Call(NamedTuple):
    """A call of `service:Operation` as it arrives. `key` is equal for calls that ask for the same thing."""

    operation: str
    caller: str = ""
    region: str = ""
    key: bytes = b""
    parameters: Mapping[str, Any] = {}


class Struck(NamedTuple):
    """A fault that took a call, and what it does to it."""

    fault: str
    effect: Any


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


def _holds(value: JsonValue, wanted: JsonValue) -> bool:
    """Whether a value has all that is wanted of it, at any depth."""
    if isinstance(wanted, Mapping):
        return isinstance(value, Mapping) and all(key in value and _holds(value[key], wanted[key]) for key in wanted)
    return value == wanted


@dataclass(slots=True)
class _Armed:
    fault: ApiFault
    gate: GateState
    answers: dict[bytes, list[tuple[int, Any]]] = field(default_factory=dict)


@dataclass(slots=True)
class FaultBoard:
    """All faults of a run on calls and functions."""

    chance: Chance
    journal: Journal
    armed: list[_Armed] = field(default_factory=list)
    on_functions: list[tuple[FunctionFault, GateState]] = field(default_factory=list)
    _is_held: bool = False

    def arm(self, faults: Sequence[ApiFault]) -> None:
        """Add faults; where several match a call, the first one armed answers."""
        self.armed += [_Armed(fault, GateState(fault.gate, self.chance.stream("fault", fault.id))) for fault in faults]

    def arm_function(self, fault: FunctionFault) -> None:
        """Add a fault on a function; where several match an invocation, the first one armed has it."""
        self.on_functions.append((fault, GateState(fault.gate, self.chance.stream("fault", fault.id))))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nothing is struck meanwhile: drsim itself looks at the account."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False

    def strike(self, call: Call, now_ms: int) -> Struck | None:
        """The fault that takes this call, and its effect."""
        if self._is_held:
            return None
        for armed in self.armed:
            if armed.fault.concerns(call):
                effect = self._effect(armed, call, now_ms)
                if effect is not None:
                    armed.gate.fired += 1
                    self.journal.record(FaultFired(armed.fault.id, call.operation, described(effect)))
                    return Struck(armed.fault.id, effect)
        return None

    def _effect(self, armed: _Armed, call: Call, now_ms: int) -> Any:
        number = armed.gate.fires(now_ms)
        effect = armed.fault.effect
        if number is None:
            return None
        if isinstance(effect, Script):
            return effect.at(number)
        if isinstance(effect, Stale):
            seen = armed.answers.get(call.key, ())
            old = [answer for at_ms, answer in seen if at_ms <= now_ms - effect.age_ms]
            return Stale(effect.age_ms, old[-1]) if old else None
        return effect

    def remember(self, operation: str, now_ms: int, key: bytes, answer: Any) -> None:
        """Keep what was answered, for whoever is to get it again later."""
        for armed in self.armed:
            if isinstance(armed.fault.effect, Stale) and armed.fault.concerns(Call(operation)):
                armed.answers.setdefault(key, []).append((now_ms, answer))

    def strike_function(self, function: str, payload: JsonValue, now_ms: int) -> FunctionFault | None:
        """The fault that takes an invocation."""
        for fault, gate in self.on_functions:
            if fault.concerns(function, payload) and gate.fires(now_ms) is not None:
                gate.fired += 1
                self.journal.record(FaultFired(fault.id, function, fault.does))
                return fault
        return None

    def delay_ms(self, fault: str, delay: tuple[float, float]) -> int:
        """A draw from a latency, given by its median and 95th percentile in milliseconds, for one firing of a fault."""
        median, p95 = delay
        draws = self.chance.stream("fault.delay", f"{fault}#{len(self.journal)}")
        return round(median if p95 <= median else draws.lognormal(median, p95))
