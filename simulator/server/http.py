"""The HTTP server: werkzeug's, with a thread a connection, silent, and AWS-shaped even where a request breaks HTTP."""

import os
import socket
import sys
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from threading import Lock, Thread, current_thread
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from simulator.errors import Problem, UserError
from simulator.pacing import Failure
from simulator.server.refusals import incomplete, refusal
from simulator.server.requests import HEADERS

BACKLOG = 512
MAX_CONNECTIONS = 1_000
IDLE_SECONDS = 60.0  # how long a client may keep a connection open without sending what it has begun to send
CLOSE_SECONDS = 3.0  # how long the last answers may take to be written

_FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_POLL_SECONDS = 0.05


class Listener:
    """A port that is bound at once and answered from `start` to `close`. Raises UserError for one that cannot be had."""

    def __init__(self, host: str, port: int, app: Any, on_failure: Failure) -> None:
        bound = _bound(host, port)
        try:
            self._server = _Server(host, bound, app, on_failure)
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

    def __init__(self, host: str, bound: socket.socket, app: Callable[..., Iterable[bytes]], on_failure: Failure) -> None:
        super().__init__(host, bound.getsockname()[1], app, _Handler, fd=bound.fileno())
        self._on_failure = on_failure
        self._threads_lock, self._busy = Lock(), set[Thread]()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in a thread of its own, or refuse it if there are too many."""
        if len(self._busy) >= MAX_CONNECTIONS:
            request.sendall(_FULL)
            self.shutdown_request(request)
            return
        thread = Thread(target=self._answer, args=(request, client_address), daemon=True)
        with self._threads_lock:
            self._busy.add(thread)
        thread.start()

    def _answer(self, request: Any, client_address: Any) -> None:
        try:
            self.process_request_thread(request, client_address)
        finally:
            with self._threads_lock:
                self._busy.discard(current_thread())

    def finish(self, seconds: float) -> None:
        """Wait for the connections that are still being answered."""
        deadline = time.perf_counter() + seconds
        for thread in list(self._busy):
            thread.join(max(0.0, deadline - time.perf_counter()))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """What leaves a connection's thread; the server goes on."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):
            self._on_failure(error)


class _Handler(WSGIRequestHandler):
    timeout = IDLE_SECONDS
    protocol_version = "HTTP/1.1"

    def make_environ(self) -> dict[str, Any]:
        """WSGI's environment, with the headers as they were sent."""
        return {**super().make_environ(), HEADERS: list(self.headers.items())}

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
        self.close_connection = True

    def log(
        self,
        type: str,  # noqa: A002  werkzeug's name
        message: str,
        *args: Any,
    ) -> None:
        """Say nothing: werkzeug would use `logging`, which may be a function's of the world at this moment."""
