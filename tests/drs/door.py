"""The ways by which the tests' calls reach the service: through boto3 in process, through boto3 over HTTP, or straight.

Whatever way a test goes, it sees the answer as a dictionary and a refusal as the service's own error.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from simulator.account import seam
from simulator.account.account import Account, Wording
from simulator.account.faults import FaultBoard
from simulator.account.identity import Identities
from simulator.account.wire import Decoded, HttpRequest, HttpResponse
from simulator.clock import VirtualClock
from simulator.drs.refusals import unreadable, validation_error
from simulator.drs.service import DrsService
from simulator.errors import ServiceError
from simulator.journal import Journal
from simulator.rng import Chance
from simulator.server.app import App
from simulator.server.http import Listener

T = TypeVar("T")
HOME = "123456789012"


@dataclass(frozen=True, slots=True)
class Front:
    """A service, and the account that it answers in."""

    service: DrsService
    account: Account
    clock: VirtualClock


def front(service: DrsService, clock: VirtualClock, journal: Journal) -> Front:
    """An account with nothing but DRS in it."""

    def drs(request: Decoded) -> Mapping[str, Any]:
        return service.call(request.account_id, request.region, request.operation, request.parameters)

    faults, identities = FaultBoard(Chance(1), journal), Identities(HOME)
    own, wordings = {"drs": drs}, {"drs": Wording(validation_error, unreadable)}
    return Front(service, Account(HOME, clock, journal, faults, own, wordings, identities, {}), clock)


Way = Callable[[Front, str, str, str, Mapping[str, Any]], Any]
"""Answers an operation asked for in an account and Region. Raises ServiceError."""


def straight(to: Front, account_id: str, region: str, operation: str, request: Mapping[str, Any]) -> Any:
    return to.service.call(account_id, region, operation, request)


def in_process(to: Front, account_id: str, region: str, operation: str, request: Mapping[str, Any]) -> Any:
    _here[:] = [to]
    return _asked(_client(account_id, region, None), operation, request)


def over_http(to: Front, account_id: str, region: str, operation: str, request: Mapping[str, Any]) -> Any:
    host = _listening()
    host.front = to
    return _asked(_client(account_id, region, host.url), operation, request)


WAYS: Mapping[str, Way] = {"straight": straight, "in process": in_process, "over HTTP": over_http}
_present = "straight"
_here: list[Front] = []
"""Whom the latest call in process was to: it is answered before anybody else can call."""


@contextmanager
def going(way: str) -> Iterator[None]:
    """Let every call go one way for as long as the context lasts."""
    global _present
    before, _present = _present, way
    try:
        with seam.answering(_answer) if way == "in process" else nullcontext():
            yield
    finally:
        _present = before


def _answer(request: HttpRequest) -> HttpResponse:
    return _here[0].account.answer(request)


def ask(to: Front, account_id: str, region: str, operation: str, request: Mapping[str, Any]) -> Any:
    """The answer to a call, by the way that tests go at present. Raises ServiceError."""
    return WAYS[_present](to, account_id, region, operation, request)


def _asked(client: Any, operation: str, request: Mapping[str, Any]) -> Any:
    try:
        answer = client._make_api_call(operation, request)
    except ClientError as error:
        raise _refusal(error.response) from None
    del answer["ResponseMetadata"]
    return _as_sent(answer)


def _as_sent(value: Any) -> Any:
    """An answer with its timestamps as texts, as they travel."""
    match value:
        case dict():
            return {key: _as_sent(item) for key, item in value.items()}
        case list():
            return [_as_sent(item) for item in value]
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value


def _refusal(response: Any) -> ServiceError:
    said, metadata = response["Error"], response["ResponseMetadata"]
    members = {name: value for name, value in response.items() if name not in ("Error", "ResponseMetadata", "message")}
    headers = {"Retry-After": metadata["HTTPHeaders"]["retry-after"]} if "retry-after" in metadata["HTTPHeaders"] else {}
    return ServiceError(said["Code"], said["Message"], metadata["HTTPStatusCode"], members, headers)


@cache
def _client(account_id: str, region: str, url: str | None) -> Any:
    """A client that sends whatever it is given, once."""
    settings = Config(retries={"total_max_attempts": 1}, parameter_validation=False, proxies={})
    session = boto3.Session(account_id, "simulated", region_name=region)
    return session.client("drs", endpoint_url=url, config=settings)


class _Host:
    """Stands for the thread that a served world lives in: here a test waits for each answer, so nobody else is at work."""

    front: Front

    def __init__(self) -> None:
        self.failures: list[BaseException] = []
        app = App(self, 1 << 26, self.failures.append, lambda line: None)  # type: ignore[arg-type]
        self._listener = Listener("127.0.0.1", 0, app, self.failures.append)
        self._listener.start()
        self.url = self._listener.url

    @property
    def world(self) -> Front:
        return self.front

    def act(self, kind: str, sent: object, work: Callable[["_Host"], T]) -> Future[T]:
        done: Future[T] = Future()
        try:
            done.set_result(work(self))
        except BaseException as error:  # whoever waits has it
            done.set_exception(error)
        return done


@cache
def _listening() -> _Host:
    """One server for all tests of a process; it ends with it."""
    return _Host()
