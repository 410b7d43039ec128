"""The simulated account's front door: every AWS request comes in here and leaves as an answer and a journal entry."""

import json
import uuid
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, NamedTuple

from simulator.account import moto_services, shape_checks, wire
from simulator.account.fault_effects import NoAnswer, carried_out
from simulator.account.faults import Call, FaultBoard, Struck
from simulator.account.identity import Identities
from simulator.account.sandbox import Sandbox
from simulator.account.scope import Scope
from simulator.account.wire import Decoded, HttpRequest, HttpResponse
from simulator.clock import VirtualClock
from simulator.errors import MotoCrash, ServiceError
from simulator.journal import ApiCall, Journal, Notified

OwnService = Callable[[Decoded], Mapping[str, Any]]
Arrival = Callable[[Decoded], None]
Before = Callable[[Decoded], None]

CALL_MS = 10  # what a call of any service but DRS takes: about what DynamoDB takes within a Region
MAX_CALLS = 100_000  # so many later calls are waited for another attempt of one

_REQUEST_IDS = frozenset({"x-amzn-requestid", "x-amz-request-id"})

# Who calls when no function does; each process of the clock has its own value.
CALLER: ContextVar[str] = ContextVar("caller", default="world")


def caller() -> str:
    """Who calls: a function's name, `states:<execution>`, or `world`."""
    return Sandbox.current.name if Sandbox.current else CALLER.get()


def validation_error(faults: list[tuple[str, str]]) -> ServiceError:
    """The error most services answer to a request that breaks their model."""
    details = "; ".join(f"Value at '{member}' failed to satisfy constraint: Member {fault}" for member, fault in faults)
    noun = "error" if len(faults) == 1 else "errors"
    return ServiceError("ValidationException", f"{len(faults)} validation {noun} detected: {details}", 400)


class Wording(NamedTuple):
    """How a service of ours words what it cannot take.

    `shape`: a request that breaks its model, from (member, what is wrong); `unreadable`: one of which it cannot even tell
    what is asked, from how most services say so.
    """

    shape: Callable[[list[tuple[str, str]]], ServiceError]
    unreadable: Callable[[ServiceError], ServiceError]


_USUAL = Wording(validation_error, lambda error: error)


class Account:
    """The simulated AWS, with all its accounts.

    `own` maps a service (its signing name), or one operation of it (`events:PutEvents`), to our implementation; everything
    else is moto's, and `before` says what must be done before moto answers a service. `wordings` are those of our services
    that have words of their own for bad requests. `account_id` is the home account.
    """

    def __init__(
        self,
        account_id: str,
        clock: VirtualClock,
        journal: Journal,
        faults: FaultBoard,
        own: Mapping[str, OwnService],
        wordings: Mapping[str, Wording],
        identities: Identities,
        before: Mapping[str, Before],
    ) -> None:
        self.account_id = account_id
        self.is_recording = False
        self._clock, self._journal, self._faults = clock, journal, faults
        self._own, self._wordings = own, wordings
        self._identities, self._before = identities, before
        self._arrivals: list[Arrival] = []
        self._calls: dict[str, int] = {}
        self._answered = 0
        self._call_count = 0

    def on_arrival(self, watcher: Arrival) -> None:
        """Call `watcher` with every request as it arrives, before it is answered."""
        self._arrivals.append(watcher)

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Answer any AWS request. Raises NoAnswer where a fault keeps the answer back for good."""
        if Sandbox.current is not None:
            Sandbox.current.stay()
        try:
            decoded = self._identified(wire.decode(request))
        except ServiceError as error:
            return self._numbered(wire.refuse(request, self._wording(request.scope).unreadable(error)))
        started_ms = self._clock.now_ms
        for watcher in self._arrivals:
            watcher(decoded)
        self._take_time(decoded)
        operation, asked = f"{decoded.service}:{decoded.operation}", request.url.encode() + request.body
        struck = self._faults.strike(Call(operation, caller(), decoded.region, asked, decoded.parameters), started_ms)
        answers: list[HttpResponse] = []
        try:
            answered = self._struck(decoded, request, struck, answers) if struck else self._answer_now(decoded, request)
            response = self._numbered(answered)
        except NoAnswer as silence:
            self._record(decoded, HttpResponse(0, {}, b""), started_ms, _Fate(struck, silence.error, _is_granted(answers)))
            raise
        self._record(decoded, response, started_ms, _Fate(struck, None, response.status >= 300 and _is_granted(answers)))
        return response

    def _numbered(self, response: HttpResponse) -> HttpResponse:
        """An answer with the id of its request, which SDKs pass on to their callers; moto's have one of their own."""
        if any(name.lower() in _REQUEST_IDS for name in response.headers):
            return response
        self._answered += 1
        identifier = uuid.UUID(int=self._answered)
        return replace(response, headers={**response.headers, "x-amzn-RequestId": str(identifier)})

    def _struck(self, decoded: Decoded, request: HttpRequest, struck: Struck, answers: list[HttpResponse]) -> HttpResponse:
        """The answer to a call that a fault has taken; the service's own is added to `answers`. Raises NoAnswer."""

        def answer() -> HttpResponse:
            answers.append(self._answer_now(decoded, request))
            return answers[-1]

        return carried_out(
            struck.effect,
            answer,
            lambda error: wire.encode_error(decoded.service, decoded.operation, error),
            self._clock,
            lambda delay: self._faults.delay_ms(struck.fault, delay),
        )

    def _answer_now(self, decoded: Decoded, request: HttpRequest) -> HttpResponse:
        """The service's own answer."""
        response = self._answer(decoded, request)
        operation, asked = f"{decoded.service}:{decoded.operation}", request.url.encode() + request.body
        self._faults.remember(operation, self._clock.now_ms, asked, response)
        return response

    def _take_time(self, decoded: Decoded) -> None:
        """Let the call take its time, so that even a handler that calls without end runs into its timeout."""
        if self._clock.in_process and decoded.service != "drs":  # DRS has latencies of its own
            self._clock.sleep_ms(CALL_MS)

    def _identified(self, decoded: Decoded) -> Decoded:
        return replace(decoded, account_id=self._identities.account_of(decoded.access_key))

    def _answer(self, decoded: Decoded, request: HttpRequest) -> HttpResponse:
        own = self._own.get(f"{decoded.service}:{decoded.operation}") or self._own.get(decoded.service)
        try:
            self._identities.check(decoded, self._clock.now_ms)
            if own:
                return self._answer_ourselves(decoded, own)
            if decoded.service in self._before:
                self._before[decoded.service](decoded)
            return self._answer_by_moto(decoded, request)
        except ServiceError as error:
            return wire.encode_error(decoded.service, decoded.operation, error)

    def _answer_by_moto(self, decoded: Decoded, request: HttpRequest) -> HttpResponse:
        """Moto's answer. What it trips over is the request's fault if that breaks its service's model, as AWS would say."""
        try:
            return moto_services.answer(request, decoded.account_id)
        except ServiceError:
            raise
        except Exception as crash:  # moto checks few requests: whatever it raises may be what AWS would have refused
            faults = shape_checks.shape_faults(decoded.service, decoded.operation, decoded.parameters)
            if not faults and moto_services.is_motos(crash):
                raise MotoCrash(f"{decoded.service}:{decoded.operation}", crash) from crash
            if not faults:
                raise
            raise self._wording(decoded).shape(faults) from crash

    def _answer_ourselves(self, decoded: Decoded, own: OwnService) -> HttpResponse:
        try:
            faults = shape_checks.shape_faults(decoded.service, decoded.operation, decoded.parameters)
            if faults:
                raise self._wording(decoded).shape(faults)
            return wire.encode(decoded.service, decoded.operation, own(decoded))
        except ServiceError as error:
            return wire.encode_error(decoded.service, decoded.operation, error)

    def _wording(self, asked: Decoded | Scope | None) -> Wording:
        return _USUAL if asked is None else self._wordings.get(asked.service, _USUAL)

    def _record(self, decoded: Decoded, response: HttpResponse, started_ms: int, fate: "_Fate") -> None:
        if not self.is_recording:
            return
        code, message = (fate.silence, fate.silence) if fate.silence else moto_services.error_in(response)
        self._journal.record(
            ApiCall(
                decoded.service,
                decoded.operation,
                decoded.region,
                caller(),
                self._call(decoded),
                decoded.attempt,
                started_ms,
                wire.plain(decoded.parameters),
                _body(response),
                response.status,
                code,
                message,
                fate.struck.fault if fate.struck else None,
                decoded.account_id,
                fate.took_effect,
            )
        )
        if (decoded.service, decoded.operation, code) == ("sns", "Publish", None):
            asked = decoded.parameters
            topic = asked.get("TopicArn") or asked.get("TargetArn") or asked.get("PhoneNumber") or ""
            self._journal.record(Notified(topic, asked.get("Subject"), asked.get("Message", "")))

    def _call(self, decoded: Decoded) -> str:
        """All attempts of one SDK call carry the same invocation id; the journal numbers them, which reads better."""
        if decoded.call not in self._calls:
            self._call_count += 1
            self._calls[decoded.call] = self._call_count
            if len(self._calls) > MAX_CALLS:
                self._calls.pop(next(iter(self._calls)))
        return f"call-{self._calls[decoded.call]}"


class _Fate(NamedTuple):
    """What a fault made of a call: the fault, what its caller saw in place of an answer, and whether it took effect."""

    struck: Struck | None
    silence: str | None
    took_effect: bool


def _is_granted(answers: list[HttpResponse]) -> bool:
    """Whether the service carried out a call whose answer was kept from its caller."""
    return any(answer.status < 300 for answer in answers)


def _body(response: HttpResponse) -> Any:
    text = response.body.decode(errors="replace")
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text
