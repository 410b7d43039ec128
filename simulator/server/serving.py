"""Serving from start to stop: the port, the world, signals and what is told about them."""

import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from simulator.errors import bug_told
from simulator.server.app import App
from simulator.server.host import Host
from simulator.server.http import Listener
from simulator.server.setup import Setup


@dataclass(frozen=True, slots=True)
class Serving:
    """What to serve where."""

    setup: Setup
    host: str
    port: int
    max_request_bytes: int
    is_verbose: bool = False


def serve(serving: Serving, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, from the main thread. `on_ready` hears of the address once requests are answered.

    Raises UserError for a port that cannot be had, and for what cannot be set up.
    """
    log = Log(sys.stderr)
    host = Host(serving.setup, log.failure, lambda: on_ready(listener.url))
    app = App(host, serving.max_request_bytes, log.failure, log.line if serving.is_verbose else _silent)
    listener = Listener(serving.host, serving.port, app, log.failure)
    try:
        with _stopped_by_signals(host.stop):
            listener.start()
            host.run()
    finally:
        listener.close()


class Log:
    """The server's log. It keeps the stream it is given: `sys.stderr` is a function's while one runs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def line(self, text: str) -> None:
        """Write a line, whatever a client has put into it."""
        self._stream.write("".join(character if character.isprintable() else "?" for character in text) + "\n")
        self._stream.flush()

    def failure(self, error: BaseException) -> None:
        """Write down a bug, of ours or of moto's."""
        self.line(bug_told(error))
        self._stream.write("".join(traceback.format_exception(error)))
        self._stream.flush()


def _silent(_text: str) -> None:
    pass


@contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Let the first SIGINT or SIGTERM call `stop`, and a second one end the process as usual."""
    numbers = (signal.SIGINT, signal.SIGTERM)

    def first(_number: int, _frame: object) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
        stop()

    before = [signal.signal(number, first) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
