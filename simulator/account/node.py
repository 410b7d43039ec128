"""Handlers in Node: a process of the machine that speaks Lambda's runtime API, and whose calls reach the simulated account.

The process gets the account as AWS_ENDPOINT_URL, on a port of the loopback interface. It runs while virtual time stands
still: whoever invoked it waits for it and answers what it asks, one request after the other as they come, and time passes
only as these answers take it. The process's own clock stands at the invocation's instant; its timers are the machine's.
"""

import json
import os
import select
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import parse_headers
from pathlib import Path
from typing import Any, NamedTuple

from simulator.account.address import at_aws
from simulator.account.fault_effects import NoAnswer
from simulator.account.invocations import Computes
from simulator.account.wire import HttpRequest, HttpResponse
from simulator.clock import running
from simulator.errors import HandlerError, Problem

SUFFIXES = (".mjs", ".cjs", ".js")
MOST_SECONDS = 60.0
"""How long, on the machine, a process may do nothing that reaches the account, before that counts as its timeout."""
_BOOTSTRAP = Path(__file__).with_name("bootstrap.mjs")
_RUNTIME = "/2018-06-01/runtime/"
_NOT_PASSED_ON = frozenset({"connection", "content-length", "expect", "host", "keep-alive", "transfer-encoding"})
_MAX_LINE = 65_536

Answer = Callable[[HttpRequest], HttpResponse]
_answers: list[Answer] = []
_processes: dict["NodeHandler", None] = {}


class NodeError(Exception):
    """What a handler in Node raised, with the name that it has there. One that `is_fatal` ended the process."""

    def __init__(self, document: Any, *, is_fatal: bool) -> None:
        self.document, self.is_fatal = document, is_fatal
        super().__init__(str(document.get("errorMessage", "")))


@contextmanager
def answering(answer: Answer) -> Iterator[None]:
    """Let `answer` take what processes ask of AWS for as long as the context lasts; they end with it."""
    _answers.append(answer)
    try:
        yield
    finally:
        for handler in list(_processes):
            handler.close()
        _answers.remove(answer)


class _Exchange(NamedTuple):
    """A request of the process, with the connection that waits for the answer."""

    connection: socket.socket
    request: HttpRequest
    path: str


class NodeHandler:
    """A handler's process, from its start to its end; called like a handler in Python, in its sandbox's environment."""

    def __init__(self, path: Path, attribute: str, root: Path, log: Callable[[str], None], seed: Callable[[], int]) -> None:
        node = shutil.which("node")
        if node is None:
            raise HandlerError([Problem(str(path), "the handler is for Node, and there is no `node` on this machine")])
        self._path, self._log, self._seed = path, log, seed
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self._process = subprocess.Popen(
            [node, str(_BOOTSTRAP), str(path), attribute],
            cwd=root,
            env={**os.environ, **self._environment(root)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        _processes[self] = None
        self._open: socket.socket | None = None
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._next = self._initialised()

    def __call__(self, event: Any, context: Any) -> Any:
        """Run one invocation. Raises NodeError for what the handler raises, Computes where it never ends."""
        remaining_ms = context.get_remaining_time_in_millis()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": context.aws_request_id,
            "Lambda-Runtime-Invoked-Function-Arn": context.invoked_function_arn,
            "Lambda-Runtime-Deadline-Ms": str(_now_ms() + remaining_ms),
            "Drsim-Now-Ms": str(_now_ms()),
            "Drsim-Seed": str(self._seed()),
        }
        _reply(self._next.connection, HttpResponse(200, headers, json.dumps(event).encode()))
        patience = min(MOST_SECONDS, max(1.0, remaining_ms / 1000))
        while (exchange := self._exchange(patience)) is not None:
            if exchange.path.startswith(_RUNTIME):
                return self._ended(exchange)
            self._answer(exchange)
        raise SystemExit(1)  # the process has ended

    def close(self) -> None:
        """End the process."""
        _processes.pop(self, None)
        if self._open is not None:
            self._open.close()
        self._process.kill()
        self._process.wait()
        self._listener.close()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _environment(self, root: Path) -> dict[str, str]:
        return {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._port}",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._port}",
            "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs20.x",
            "LAMBDA_TASK_ROOT": str(root),
            "NODE_DISABLE_COLORS": "1",
            "DRSIM_NOW_MS": str(_now_ms()),
            "DRSIM_SEED": str(self._seed()),
        }

    def _initialised(self) -> _Exchange:
        """Wait until the module is loaded; the request for the first invocation. Raises HandlerError."""
        while (exchange := self._exchange(MOST_SECONDS)) is not None:
            if exchange.path == f"{_RUNTIME}invocation/next":
                return exchange
            if exchange.path == f"{_RUNTIME}init/error":
                told = json.loads(exchange.request.body)
                message = f"the handler cannot be imported: {told['errorType']}: {told['errorMessage']}"
                self.close()
                raise HandlerError([Problem(str(self._path), message.splitlines()[0])])
            self._answer(exchange)
        self.close()
        raise HandlerError([Problem(str(self._path), "the handler's process ended before it was ready")])

    def _ended(self, exchange: _Exchange) -> Any:
        """The answer of an invocation, once the process waits for the next."""
        _reply(exchange.connection, HttpResponse(202, {}, b""))
        document = json.loads(exchange.request.body)
        following = self._exchange(MOST_SECONDS)
        if exchange.path.endswith("/error"):
            self._next = following or self._next
            raise NodeError(document, is_fatal=following is None)
        if following is None:
            raise SystemExit(1)
        self._next = following
        return document

    def _answer(self, exchange: _Exchange) -> None:
        """Answer a request to AWS; one that a fault leaves without an answer sees its connection close."""
        try:
            response = _answers[-1](at_aws(exchange.request))
        except NoAnswer:
            exchange.connection.close()
        else:
            _reply(exchange.connection, response)

    def _exchange(self, patience: float) -> _Exchange | None:
        """The next request of the process; None if it has ended. Raises Computes after so many seconds without any."""
        assert self._process.stdout is not None
        output = self._process.stdout.fileno()
        while True:
            listening = self._listener.fileno()
            ready, _, _ = select.select([listening, output], [], [], patience)
            if not ready:
                raise Computes
            if output in ready and not self._take_output(output):
                return None
            if listening in ready:
                self._open, _ = self._listener.accept()
                exchange = _read(self._open, patience)
                if exchange is not None:
                    self._take_output(output)
                    return exchange

    def _take_output(self, output: int) -> bool:
        """Log what the process has written; whether it can write more."""
        with suppress(BlockingIOError):
            while chunk := os.read(output, _MAX_LINE):
                self._log(chunk.decode(errors="replace"))
            return False
        return True


def _now_ms() -> int:
    """The virtual instant, in milliseconds since 1970."""
    process = running()
    assert process is not None
    return round(process.clock.now().timestamp() * 1000)


def _read(connection: socket.socket, patience: float) -> _Exchange | None:
    """The request that comes on a connection; None if none does."""
    connection.settimeout(patience)
    stream = connection.makefile("rwb")
    try:
        method, target, _ = stream.readline(_MAX_LINE).decode("latin-1").split(" ", 2)
        headers = parse_headers(stream)
        if headers.get("Expect", "").lower() == "100-continue":
            stream.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            stream.flush()
        body = _chunks(stream) if "Transfer-Encoding" in headers else stream.read(int(headers.get("Content-Length") or 0))
    except (OSError, ValueError):
        connection.close()
        return None
    passed_on = {name: value for name, value in headers.items() if name.lower() not in _NOT_PASSED_ON}
    url = f"http://{headers.get('Host', 'localhost')}{target}"
    return _Exchange(connection, HttpRequest(method, url, passed_on, body), target)


def _chunks(stream: Any) -> bytes:
    pieces = []
    while size := int(stream.readline(_MAX_LINE).split(b";")[0], 16):
        pieces.append(stream.read(size))
        stream.readline(_MAX_LINE)
    stream.readline(_MAX_LINE)
    return b"".join(pieces)


def _reply(connection: socket.socket, response: HttpResponse) -> None:
    headers = {name: value for name, value in response.headers.items() if name.lower() not in _NOT_PASSED_ON}
    head = [f"HTTP/1.1 {response.status} OK", *(f"{name}: {value}" for name, value in headers.items())]
    head += [f"Content-Length: {len(response.body)}", "Connection: close", "", ""]
    with suppress(OSError), connection:  # a process that has gone reads nothing
        connection.sendall("\r\n".join(head).encode("latin-1", "replace") + response.body)
