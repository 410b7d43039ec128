"""Where boto3 meets the simulated account: botocore's `before-send` hook, below its retry layer.

botocore builds, signs, retries and parses as always; only the socket is missing. The hook is registered for every botocore
session made after this module was imported and passes requests through while no account is installed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from types import FunctionType
from typing import Any

import botocore.compat
import botocore.handlers
import botocore.hooks
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from simulator.account.fault_effects import NoAnswer
from simulator.account.functions import SimulatorBug
from simulator.account.wire import HttpRequest, HttpResponse
from simulator.errors import ServiceError

Answer = Callable[[HttpRequest], HttpResponse]
_answer: Answer | None = None
_UNANSWERED = {"ReadTimeoutError": ReadTimeoutError, "EndpointConnectionError": EndpointConnectionError}


@contextmanager
def answering(answer: Answer) -> Iterator[None]:
    """Let `answer` take every request that any botocore client of this process sends, for as long as the context lasts.

    Raises RuntimeError if another account is installed: they would see each other's handlers.
    """
    global _answer  # noqa: PLW0603  the hook is as global as botocore's list of handlers
    if _answer is not None:
        raise RuntimeError("another simulated account is installed in this process")
    _answer = answer
    try:
        yield
    finally:
        _answer = None


class _Body(BytesIO):
    """An answer's body as urllib3 would give it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        """The whole body at once."""
        yield self.read()


def _before_send(request: AWSPreparedRequest, **_: object) -> Any:
    if _answer is None:
        return None
    body = request.body or b""
    try:
        answer = _answer(
            HttpRequest(
                request.method,
                request.url,
                {name: _text(value) for name, value in request.headers.items()},
                body.encode() if isinstance(body, str) else bytes(body if isinstance(body, bytes) else body.read()),
            )
        )
    except NoAnswer as silence:
        unanswered = _UNANSWERED[silence.error]
        raise unanswered(endpoint_url=request.url, error="no answer") from None
    except ServiceError as error:
        raise SimulatorBug(f"an answer was not encoded: {error}") from error
    except Exception as error:  # a bug of ours must not look like a network error, which botocore would retry
        raise SimulatorBug(str(error)) from error
    return AWSResponse(request.url, answer.status, dict(answer.headers), _Body(answer.body))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


_looked_at = lru_cache(1_024)(botocore.hooks.accepts_kwargs)


def _accepts_kwargs(handler: Any) -> Any:
    """Whether a handler of botocore's takes keyword arguments: looked at once per function, not in each of its sessions.

    Every sandbox makes a session, and every session has some 150 handlers.
    """
    return _looked_at(handler) if type(handler) is FunctionType else botocore.compat.accepts_kwargs(handler)


botocore.hooks.accepts_kwargs = _accepts_kwargs
botocore.handlers.BUILTIN_HANDLERS.append(("before-send", _before_send))
