"""Answers to requests that reach no world: AWS-shaped all the same."""

import json
from xml.sax.saxutils import escape

from simulator.account.wire import HttpResponse
from simulator.errors import ServiceError


def refusal(content_type: str, error: ServiceError) -> HttpResponse:
    """An error as the SDK that sent a body of this content type can read it."""
    kind = content_type.lower()
    if "json" in kind or "cbor" in kind or not kind:
        body = json.dumps({"__type": error.code, "message": error.message})
        return HttpResponse(
            error.status, {"Content-Type": "application/json", "x-amzn-ErrorType": error.code}, body.encode()
        )
    fault = "Receiver" if error.status >= 500 else "Sender"
    inner = f"<Type>{fault}</Type><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
    body = f"<ErrorResponse><Error>{inner}</Error><RequestId>simulated</RequestId></ErrorResponse>"
    return HttpResponse(error.status, {"Content-Type": "text/xml"}, body.encode())


def too_large(max_bytes: int) -> ServiceError:
    """A body beyond the server's limit."""
    return ServiceError("RequestEntityTooLarge", f"this server takes requests of at most {max_bytes} bytes", 413)


def incomplete(why: str) -> ServiceError:
    """A request that breaks HTTP, or whose body never came."""
    return ServiceError("InvalidRequest", why, 400)


def stalled() -> ServiceError:
    """A request of which no more came although it was to; S3 names it so."""
    return ServiceError("RequestTimeout", "the body that was announced did not come in time", 400)


def unavailable(why: str) -> ServiceError:
    """The server cannot answer now."""
    return ServiceError("ServiceUnavailable", why, 503)


def internal_failure() -> ServiceError:
    """A bug of ours."""
    return ServiceError("InternalFailure", "the simulator failed; its log says how", 500)
