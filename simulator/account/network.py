"""The simulated world has no network: what runs in it reaches this machine at most, whatever library it uses for that."""

import errno
import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_connect, _connect_ex, _getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo


@contextmanager
def closed() -> Iterator[None]:
    """Let every connection of this process that would leave the machine fail, for as long as the context lasts.

    It fails as on a machine without a network, with a message that says why: OSError (ENETUNREACH), or gaierror for a name.
    """
    _set(_guarded(_connect), _guarded(_connect_ex), _resolve)
    try:
        yield
    finally:
        _set(_connect, _connect_ex, _getaddrinfo)


def _set(connect: Any, connect_ex: Any, getaddrinfo: Any) -> None:
    socket.socket.connect, socket.socket.connect_ex = connect, connect_ex  # type: ignore[method-assign]
    socket.getaddrinfo = getaddrinfo


def _guarded(way: Callable[..., Any]) -> Callable[..., Any]:
    def connect(found: socket.socket, address: Any) -> Any:
        if found.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address[0]):
            raise OSError(errno.ENETUNREACH, f"the simulated world has no network: {address[0]}:{address[1]}")
        return way(found, address)

    return connect


def _resolve(host: Any, *more: Any, **options: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if name and not _is_here(name) and not _is_address(name):
        raise socket.gaierror(socket.EAI_NONAME, f"the simulated world has no network: {name}")
    return _getaddrinfo(host, *more, **options)


def _is_here(host: str) -> bool:
    if host in ("", "localhost") or host.endswith(".localhost"):
        return True
    return _is_address(host) and ipaddress.ip_address(host.partition("%")[0]).is_loopback


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
