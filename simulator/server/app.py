"""The server's WSGI application: AWS requests to the simulated account, `/_drsim/...` to the admin API.

It runs in the HTTP server's threads, beside the world's. Such a thread sees the world's time, and while one of the world's
functions runs also that function's environment, output and modules. It therefore reads the request, hands it over, waits and
writes the answer, and leaves everything else (botocore, moto, logging) to the world's thread.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any, TypeVar

from simulator.account import wire
from simulator.account.address import at_aws
from simulator.account.fault_effects import NoAnswer
from simulator.account.functions import SimulatorBug
from simulator.account.wire import HttpRequest, HttpResponse
from simulator.errors import ClockStopped, ClockStuck, ServiceError
from simulator.pacing import Failure
from simulator.server import refusals
from simulator.server.admin import PREFIX, Admin
from simulator.server.calls import Followed
from simulator.server.connections import is_gone
from simulator.server.host import Host, Running
from simulator.server.requests import read_request

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]
T = TypeVar("T")

_LOOK_SECONDS = 2.0  # how often a thread that waits for an answer looks whether its client is still there
_NOT_PASSED_ON = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding"})


class Gone(ConnectionAbortedError):
    """The client has closed its connection; the HTTP server expects that of applications."""


class App:
    """Answers HTTP requests of at most `max_request_bytes`. `log` hears of each, `on_failure` of bugs."""

    def __init__(self, host: Host, max_request_bytes: int, on_failure: Failure, log: Callable[[str], None]) -> None:
        self._host, self._max_bytes = host, max_request_bytes
        self._on_failure, self._log = on_failure, log
        self._admin = Admin(host)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, as WSGI has it."""
        response = self._respond(environ)
        method = str(environ["REQUEST_METHOD"])
        self._log(f"{method} {environ.get('RAW_URI', '')} {response.status}")
        if isinstance(response, Followed):
            start_response(_status(response.status), list(response.headers.items()))
            return response.follower
        start_response(_status(response.status), _headers(response, method))
        return [] if method == "HEAD" else [response.body]

    def _respond(self, environ: Environ) -> HttpResponse | Followed:
        try:
            request = read_request(environ, self._max_bytes)
            if environ["PATH_INFO"].startswith(PREFIX):
                return self._admin.answer(request, environ.get("werkzeug.socket"))
            return self._awaited(environ, self._host.act("request", request, lambda running: self._ask(running, request)))
        except ServiceError as error:
            return refusals.refusal(environ.get("CONTENT_TYPE", ""), error)
        except (ClockStopped, ClockStuck) as error:
            return refusals.refusal(
                environ.get("CONTENT_TYPE", ""), refusals.unavailable(str(error) or "no world is served")
            )
        except Gone:
            raise
        except Exception as error:
            self._on_failure(error)
            return refusals.refusal(environ.get("CONTENT_TYPE", ""), refusals.internal_failure())

    def _ask(self, running: Running, request: HttpRequest) -> HttpResponse:
        """The account's answer; in the world's thread."""
        try:
            response = running.world.account.answer(at_aws(request))
        except NoAnswer as silence:  # a real one would let the client wait; over HTTP it is told by a gateway
            response = wire.refuse(request, ServiceError("GatewayTimeout", f"no answer: {silence.error}", 504))
        except (Exception, SimulatorBug) as error:
            self._on_failure(error.__cause__ if isinstance(error, SimulatorBug) and error.__cause__ else error)
            response = wire.refuse(request, refusals.internal_failure())
        return _dated(response, running.world.clock.now())

    def _awaited(self, environ: Environ, future: Future[T]) -> T:
        while True:
            try:
                return future.result(_LOOK_SECONDS)
            except TimeoutError:
                if future.done():
                    raise
            if is_gone(environ.get("werkzeug.socket")):
                raise Gone


def _dated(response: HttpResponse, now: datetime) -> HttpResponse:
    """With the world's date, by which SDKs correct their clocks."""
    if any(name.lower() == "date" for name in response.headers):
        return response
    headers = {**response.headers, "Date": format_datetime(now, usegmt=True)}
    return HttpResponse(response.status, headers, response.body)


def _status(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return f"{code} Unknown"


def _headers(response: HttpResponse, method: str) -> list[tuple[str, str]]:
    """The headers to send. A HEAD's answer keeps the length that it gives; any other has that of its body."""
    given: Mapping[str, str] = response.headers
    headers = [(name, _sendable(value)) for name, value in given.items() if name.lower() not in _NOT_PASSED_ON]
    lengths = [value for name, value in given.items() if name.lower() == "content-length"]
    length = lengths[0] if method == "HEAD" and lengths else str(len(response.body))
    return headers if response.status in (204, 304) else [*headers, ("Content-Length", length)]


def _sendable(value: str) -> str:
    """A header's value as HTTP can carry it: one line, in bytes that `str` shows as Latin-1."""
    return " ".join(value.splitlines()).encode().decode("latin-1")
