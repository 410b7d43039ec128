"""Whether a client is still there."""

import select
import socket


def is_gone(connection: socket.socket | None) -> bool:
    """Whether the other side has closed a connection. What was asked is done all the same, as in AWS."""
    if connection is None:
        return False
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    try:
        return bool(poll.poll(0)) and connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True
