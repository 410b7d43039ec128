"""What a fault does to a call that it takes: an error, no answer, a late one, an old one, or one that is not whole."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from simulator.account.wire import HttpResponse
from simulator.clock import VirtualClock
from simulator.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Silent:
    """No answer comes; after `wait_ms` the client gives up. With 0 it cannot even connect."""

    wait_ms: int


@dataclass(frozen=True, slots=True)
class Afterwards:
    """The call is carried out, and then its caller sees `effect` all the same."""

    effect: ServiceError | Silent


@dataclass(frozen=True, slots=True)
class Slow:
    """The call takes longer, by a draw from a latency: its median and 95th percentile in milliseconds."""

    delay: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Partly:
    """The answer's members are replaced by these."""

    members: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stale:
    """The answer is what was answered to the same question at least `age_ms` ago."""

    age_ms: int
    answer: Any = None


Single = ServiceError | Silent | Afterwards | Slow | Partly | Stale


@dataclass(frozen=True, slots=True)
class Script:
    """One effect for each call, in order; None leaves a call alone, and so does the script's end."""

    effects: tuple[ServiceError | None, ...]

    def at(self, number: int) -> ServiceError | None:
        """The effect on the call with a number, from 1."""
        return self.effects[number - 1] if number <= len(self.effects) else None


Effect = Single | Script


class NoAnswer(Exception):
    """A call that is never answered. `error` is botocore's name for what its caller sees."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


def described(effect: Single) -> str:
    """An effect in a word or two, for the journal."""
    match effect:
        case ServiceError(code=code):
            return code
        case Silent(wait_ms=0):
            return "no connection"
        case Silent(wait_ms=wait_ms):
            return f"no answer for {wait_ms / 1000:g}s"
        case Afterwards(effect=seen):
            return f"{described(seen)}, after taking effect"
        case Slow():
            return "a late answer"
        case Partly(members=members):
            return f"another {', '.join(members)}"
        case Stale(age_ms=age_ms):
            return f"an answer of {age_ms / 1000:g}s ago"


def carried_out(
    effect: Single,
    answer: Callable[[], HttpResponse],
    refuse: Callable[[ServiceError], HttpResponse],
    clock: VirtualClock,
    draw_ms: Callable[[tuple[float, float]], int],
) -> HttpResponse:
    """What the caller gets: `answer` asks the service, `refuse` encodes an error. Raises NoAnswer."""
    match effect:
        case ServiceError():
            return refuse(effect)
        case Silent(wait_ms=wait_ms):
            _wait(clock, wait_ms)
            raise NoAnswer("ReadTimeoutError" if wait_ms else "EndpointConnectionError")
        case Afterwards(effect=seen):
            answer()
            return carried_out(seen, answer, refuse, clock, draw_ms)
        case Slow(delay=delay):
            _wait(clock, draw_ms(delay))
            return answer()
        case Partly(members=members):
            return _with_members(answer(), members)
        case Stale(answer=old):
            answer()  # what is true now is remembered, for later
            earlier: HttpResponse = old
            return earlier


def _wait(clock: VirtualClock, duration_ms: int) -> None:
    if clock.in_process:
        clock.sleep_ms(duration_ms)


def _with_members(response: HttpResponse, members: Mapping[str, Any]) -> HttpResponse:
    """The answer with some members replaced; an error is left as it is."""
    if response.status >= 300:
        return response
    body = {**json.loads(response.body or b"{}"), **members}
    headers = {name: value for name, value in response.headers.items() if name.lower() != "content-length"}
    return replace(response, headers=headers, body=json.dumps(body).encode())
