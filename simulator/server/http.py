"""The HTTP server: werkzeug's, but connections last, it is silent, and AWS-shaped even where a request breaks HTTP."""

import os
import select
import socket
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from threading import Lock, Thread, current_thread
from typing import Any, Protocol, runtime_checkable

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from simulator.errors import Problem, UserError
from simulator.pacing import Failure
from simulator.server.refusals import incomplete, refusal
from simulator.server.requests import DRAINED, HEADERS

BACKLOG = 512
MAX_CONNECTIONS = 1_000
IDLE_SECONDS = 60.0  # how long a client may keep a connection open without sending anything
BODY_SECONDS = 20.0  # how long it may send nothing of a body that it has announced; S3 waits as long
CLOSE_SECONDS = 3.0  # how long the last answers may take to be written

_FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_POLL_SECONDS = 0.05
_LINGER_SECONDS = 0.05  # how long a client may pause in sending what nobody reads
_MOST_LINGERING = 1 << 30  # bytes of it


@runtime_checkable
class Closing(Protocol):
    """An answer of WSGI that is to be closed after use."""

    def close(self) -> None:
        """It will not be asked again."""


class Listener:
    """A port that is bound at once and answered from `start` to `close`. Raises UserError for one that cannot be had."""

    def __init__(self, host: str, port: int, app: Any, on_failure: Failure, body_seconds: float = BODY_SECONDS) -> None:
        bound = _bound(host, port)
        try:
            self._server = _Server(host, bound, app, on_failure, body_seconds)
        finally:
            bound.close()  # werkzeug has made a copy
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._server.port}"
        self._thread = Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,), name="http", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Take no more connections, and let the answers under way be written."""
        if self._thread.ident is not None:
            self._server.shutdown()
            self._thread.join(CLOSE_SECONDS)
        self._server.finish(CLOSE_SECONDS)


def _bound(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        problem = Problem(f"{host}:{port}", f"cannot be listened at: {reason}", "choose another with --port")
        raise UserError([problem]) from None


class _Server(ThreadedWSGIServer):
    daemon_threads = True
    request_queue_size = BACKLOG

    def __init__(
        self, host: str, bound: socket.socket, app: Callable[..., Iterable[bytes]], on_failure: Failure, body_seconds: float
    ) -> None:
        super().__init__(host, bound.getsockname()[1], app, _Handler, fd=bound.fileno())
        self._on_failure, self.body_seconds = on_failure, body_seconds
        self._threads_lock, self._busy = Lock(), dict[Thread, socket.socket]()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in a thread of its own, or refuse it if there are too many."""
        if len(self._busy) >= MAX_CONNECTIONS:
            request.sendall(_FULL)
            self.shutdown_request(request)
            return
        thread = Thread(target=self._answer, args=(request, client_address), daemon=True)
        with self._threads_lock:
            self._busy[thread] = request
        thread.start()

    def _answer(self, request: Any, client_address: Any) -> None:
        try:
            self.process_request_thread(request, client_address)
        finally:
            with self._threads_lock:
                self._busy.pop(current_thread(), None)

    def finish(self, seconds: float) -> None:
        """Wait for the answers that are being written; connections on which nothing goes on are closed."""
        deadline = time.perf_counter() + seconds
        with self._threads_lock:
            busy = dict(self._busy)
        for connection in busy.values():
            with suppress(OSError):  # closed by now
                connection.shutdown(socket.SHUT_RD)
        for thread in busy:
            thread.join(max(0.0, deadline - time.perf_counter()))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """What leaves a connection's thread; the server goes on."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):
            self._on_failure(error)


class _Handler(WSGIRequestHandler):
    timeout = IDLE_SECONDS
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # status, headers and body leave in one piece; in two, the second waits for the first one's receipt
    disable_nagle_algorithm = True

    def make_environ(self) -> dict[str, Any]:
        """WSGI's environment, with the headers as they were sent."""
        return {**super().make_environ(), HEADERS: list(self.headers.items())}

    def run_wsgi(self) -> None:
        """Answer one request. Unlike werkzeug's own, the connection lasts if the request was read to its end.

        Answers of the application have a length and come in one piece, or neither and take the connection for themselves.
        """
        if self.request_version == "HTTP/0.9":  # a line without a version; its answer would have no status
            self.send_error(HTTPStatus.BAD_REQUEST, "the request names no version of HTTP")
            return
        try:
            self.environ = environ = self.make_environ()
        except ValueError as error:
            self.send_error(HTTPStatus.BAD_REQUEST, f"the address cannot be read: {error}")
            return
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _failed: Any = None) -> Callable[[bytes], object]:
            begun[:] = [(status, headers)]
            return self.wfile.write

        assert isinstance(self.server, _Server)
        self.connection.settimeout(self.server.body_seconds)
        pieces = self.server.app(environ, start_response)
        self.connection.settimeout(self.timeout)
        try:
            ((status, headers),) = begun
            self._send(status, headers, pieces, environ.get(DRAINED, False))
        finally:
            if isinstance(pieces, Closing):
                pieces.close()

    def _send(self, status: str, headers: list[tuple[str, str]], pieces: Iterable[bytes], is_drained: bool) -> None:
        """Write an answer: in chunks, as they come, if it has neither a length nor no body at all."""
        code, _, phrase = status.partition(" ")
        is_stream = code not in ("204", "304") and all(name != "Content-Length" for name, _ in headers)
        is_chunked = is_stream and self.request_version != "HTTP/1.0"
        self.send_response_only(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        if is_chunked:
            self.send_header("Transfer-Encoding", "chunked")
        if self.close_connection or not is_drained or is_stream:
            self.send_header("Connection", "close")
        self.end_headers()
        if is_stream:
            self._stream(pieces, is_chunked)
            return
        self.wfile.write(b"".join(pieces))
        self.wfile.flush()
        if not is_drained:
            self._linger()

    def _stream(self, pieces: Iterable[bytes], is_chunked: bool) -> None:
        """Write pieces as they come. A client that takes none of one in time is cut off."""
        try:
            self.wfile.flush()
            for piece in pieces:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
                self.wfile.flush()
            if is_chunked:
                self.wfile.write(b"0\r\n\r\n")
                self.wfile.flush()
        except OSError:
            with suppress(OSError):  # what is still to be written would be tried, and waited for, again
                self.connection.shutdown(socket.SHUT_RDWR)
            raise

    def handle_expect_100(self) -> bool:
        """Tell a client that waits for it to go on, at once."""
        is_to_go_on = super().handle_expect_100()
        self.wfile.flush()
        return is_to_go_on

    def _linger(self) -> None:
        """Let a client send what nobody reads, so that it comes to read the answer and is not cut off."""
        left = _MOST_LINGERING
        while left > 0 and select.select([self.connection], [], [], _LINGER_SECONDS)[0]:
            read = self.connection.recv(1 << 20)
            if not read:
                return
            left -= len(read)

    def send_response(self, code: int, message: str | None = None) -> None:
        """Only the status line: date and server are the answer's own."""
        self.send_response_only(code, message)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """The answer to what is not HTTP, for an SDK to read."""
        answer = refusal("", incomplete(message or HTTPStatus(code).phrase))
        self.request_version = self.protocol_version  # what cannot be read gets a status line all the same
        self.send_response_only(code, message)
        for name, value in {**answer.headers, "Content-Length": str(len(answer.body)), "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()
        self.close_connection = True
        self._linger()

    def log(
        self,
        type: str,  # noqa: A002  werkzeug's name
        message: str,
        *args: Any,
    ) -> None:
        """Say nothing: werkzeug would use `logging`, which may be a function's of the world at this moment."""
