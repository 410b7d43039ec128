"""What a server answered to a request that may be no request, and whether it may answer so."""

import re
import socket
from dataclasses import dataclass
from functools import cache

import botocore.session

from simulator.account.ssm.api import OPERATIONS as OWN_OF_SSM
from tests.server.fuzzing import OWN, Request

TRACE = re.compile(rb"Traceback|File \"/|\.py\"?, line \d")
PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, 0 for a connection that was closed without one, and the error's code if it has one."""

    status: int
    code: str
    body: bytes


def ask(port: int, request: Request) -> Answer:
    """Send a request on a connection of its own. Raises TimeoutError if there is neither an answer nor an end."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        try:
            connection.sendall(request.data)
            if request.is_cut:
                connection.shutdown(socket.SHUT_WR)
            return _read(connection, request.data.startswith(b"HEAD"))
        except (ConnectionResetError, BrokenPipeError):  # it has had enough of what was sent
            return Answer(0, "", b"")


def _read(connection: socket.socket, is_head: bool) -> Answer:
    data = b""
    while not _is_whole(data, is_head) and (piece := connection.recv(1 << 16)):
        data += piece
    data = data.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    head, _, body = data.partition(b"\r\n\r\n")
    if not head:
        return Answer(0, "", b"")
    if not head.startswith(b"HTTP/1.1 "):
        return Answer(-1, "", data)
    named = re.search(rb"(?i)x-amzn-errortype: ([^\r:]+)", head) or re.search(rb"<Code>(.*?)</Code>", body)
    typed = named or re.search(rb'"__type": ?"(?:[^"#]*#)?([^"]+)"', body)
    return Answer(int(head.split()[1]), typed[1].decode() if typed else "", body)


def _is_whole(data: bytes, is_head: bool) -> bool:
    head, end, body = data.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    return bool(end) and (is_head or length is None or len(body) >= int(length[1]))


def wrong(request: Request, answer: Answer) -> str | None:
    """What is wrong with an answer; None if it may be.

    5xx may be what the operation's model has, 501 for what is said not to be simulated, 503 and 505 of HTTP itself. A crash
    of moto's is InternalFailure, which any AWS service may answer; a crash of our own services is wrong.
    """
    if TRACE.search(answer.body):
        return "a traceback"
    if answer.status < 0:
        return "no HTTP"
    if answer.status < 500 or answer.status in (501, 505):
        return None
    if answer.code in _failures(request.service, request.operation):
        return None
    if answer.code == "InternalFailure" and not is_own(request):
        return None
    return f"{answer.status} {answer.code}"


def is_own(request: Request) -> bool:
    """Whether drsim answers it, and not moto: of Systems Manager's operations it is some."""
    return request.service in OWN and (request.service != "ssm" or request.operation in OWN_OF_SSM)


@cache
def _failures(service: str, operation: str) -> frozenset[str]:
    model = botocore.session.get_session().get_service_model(service)
    return frozenset(shape.name for shape in model.operation_model(operation).error_shapes)
