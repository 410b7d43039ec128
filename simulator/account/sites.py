"""Web addresses that answer inside the simulated world, to whatever speaks through Python's own http.client there."""

import io
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection, responses
from typing import Any
from urllib.parse import urlsplit

Answer = tuple[int, str]  # the status, and the body
Site = Callable[[], Answer]
_PORTS = {"http": 80, "https": 443}


@dataclass(slots=True)
class Sites:
    """The addresses that there are, each with what it answers when it is asked."""

    by_url: dict[str, Site] = field(default_factory=dict)

    def add(self, url: str, site: Site) -> None:
        """Let an address answer: host, port and path count, whatever the method and the query."""
        self.by_url[_key(url)] = site

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Let connections of this process to hosts of these addresses end here. A path that is no address is a 404."""
        usual = HTTPConnection.connect, HTTPSConnection.connect
        HTTPConnection.connect = self._connecting("http", usual[0])  # type: ignore[method-assign,assignment]
        HTTPSConnection.connect = self._connecting("https", usual[1])  # type: ignore[method-assign,assignment]
        try:
            yield
        finally:
            HTTPConnection.connect, HTTPSConnection.connect = usual  # type: ignore[method-assign]

    def _connecting(self, scheme: str, usual: Callable[[Any], None]) -> Callable[[Any], None]:
        def connect(connection: Any) -> None:
            base = f"{scheme}://{connection.host}:{connection.port}"
            if any(url.startswith(f"{base}/") for url in self.by_url):
                connection.sock = _Line(base, self.by_url)
            else:
                usual(connection)

        return connect


class _Line:
    """As much of a socket as http.client needs: takes one request, and reads as its answer."""

    def __init__(self, base: str, by_url: dict[str, Site]) -> None:
        self._base, self._by_url, self._asked = base, by_url, b""

    def sendall(self, data: bytes) -> None:
        self._asked += data

    def makefile(self, *_: Any) -> io.BytesIO:
        path = self._asked.split(b" ", 2)[1].decode()
        site = self._by_url.get(_key(self._base + path))
        status, text = (404, "") if site is None else site()
        body = text.encode()
        head = f"HTTP/1.1 {status} {responses.get(status, '')}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        return io.BytesIO(head.encode() + body)

    def setsockopt(self, *_: Any) -> None:
        """http.client turns delays off, of which there are none."""

    def settimeout(self, _seconds: float | None) -> None:
        """It answers at once."""

    def shutdown(self, _how: int = socket.SHUT_RDWR) -> None:
        """There is nothing to shut down."""

    def close(self) -> None:
        """There is nothing to close."""


def _key(url: str) -> str:
    """An address with its port and path, without its query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or _PORTS[parts.scheme]}{parts.path or '/'}"
