"""A request as WSGI brings it, as the account takes it."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from simulator.account.wire import HttpRequest
from simulator.server.refusals import incomplete, stalled, too_large

HEADERS = "drsim.headers"  # where the HTTP server leaves the headers as they were sent; WSGI loses their spelling
DRAINED = "drsim.drained"  # whether a request was read to its end, so that another may follow

_PIECE_BYTES = 64 * 1024

# What belongs to the connection and not to the request; botocore's requests have none of it when they leave it.
_OF_THE_CONNECTION = frozenset({"connection", "expect", "host", "keep-alive", "te", "transfer-encoding", "upgrade"})


def read_request(environ: dict[str, Any], max_bytes: int) -> HttpRequest:
    """The request, with its body. Raises ServiceError for one that is too large, breaks off or does not come."""
    body = _read_body(environ, max_bytes)
    environ[DRAINED] = not environ.get("wsgi.input_terminated")  # trailers may follow the chunks
    headers = _headers(environ)
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    uri = str(environ.get("RAW_URI") or environ["PATH_INFO"])
    url = uri if uri.startswith(("http://", "https://")) else f"http://{host}/{uri.removeprefix('/')}"
    try:
        if not (urlsplit(url).hostname or "").isascii():
            raise incomplete("the host is not a name")
    except ValueError as error:
        raise incomplete(f"the address cannot be read: {error}") from None
    return HttpRequest(environ["REQUEST_METHOD"], url, headers, body)


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in _sent(environ):
        if name.lower() not in _OF_THE_CONNECTION:
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _sent(environ: dict[str, Any]) -> Iterable[tuple[str, str]]:
    if HEADERS in environ:
        yield from environ[HEADERS]
        return
    for key, value in environ.items():
        if key.startswith("HTTP_") or key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            yield key.removeprefix("HTTP_").replace("_", "-").title(), value


def _read_body(environ: dict[str, Any], max_bytes: int) -> bytes:
    is_chunked = bool(environ.get("wsgi.input_terminated"))
    length = max_bytes + 1 if is_chunked else _length(environ.get("CONTENT_LENGTH"))
    if not is_chunked and length > max_bytes:
        raise too_large(max_bytes)
    try:
        body = b"".join(_pieces(environ["wsgi.input"], length))
    except TimeoutError:
        raise stalled() from None
    except OSError as error:
        raise incomplete(f"the body did not come: {error}") from None
    if len(body) > max_bytes:
        raise too_large(max_bytes)
    if not is_chunked and len(body) < length:
        raise incomplete(f"the body ended after {len(body)} of {length} bytes")
    return body


def _pieces(source: Any, length: int) -> Iterator[bytes]:
    """At most `length` bytes, a piece at a time: who announces much may send little."""
    while length > 0 and (piece := source.read(min(length, _PIECE_BYTES))):
        length -= len(piece)
        yield piece


def _length(text: str | None) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise incomplete("Content-Length is no length")
    return int(text)
