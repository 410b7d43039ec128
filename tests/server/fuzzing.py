"""Requests that nobody would send, the same for the same seed: of the services' models, and what HTTP should not be."""

import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import botocore.session
from botocore.serialize import create_serializer

OWN = ("drs", "stepfunctions", "lambda", "ssm")
MOTOS = ("dynamodb", "sns", "sqs", "s3", "ec2", "iam", "sts", "cloudformation", "events", "logs", "kms", "secretsmanager")
ACCOUNT = "arn:aws:{}:us-west-2:123456789012:"
_TEXTS = (
    "", " ", "a", "ä\u2028\u0000", "\U0001f525" * 50, "../../etc/passwd", "a" * 3000, "null", "${x}", "%00%ff", "<a>&",
    "{}", "[", "-1", "s-1234567890abcdef0", "drsjob-1234567890abcdef0", "f", "1", "$LATEST",
    ACCOUNT.format("states") + "x",
    ACCOUNT.format("states") + "stateMachine:m", ACCOUNT.format("states") + "execution:m:e",
    ACCOUNT.format("lambda") + "function:f", ACCOUNT.format("drs") + "source-server/s-1234567890abcdef0",
    '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}', '{"StartAt":"A","States":{"A":{"Type":"Task"}}}',
)  # fmt: skip
_NUMBERS = (0, 1, -1, 5, 100, 2**31, -(2**63), 2**70, 10**30)
_ANYTHING: tuple[Any, ...] = (None, True, 0, -1, 1.5, "", "x", [], {}, [None], {"a": None}, [[[]]], "\ud800")
_MODELS = botocore.session.get_session()


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it goes over the wire: what it should be, and its bytes. `is_cut` ends in the middle."""

    service: str
    operation: str
    data: bytes
    is_cut: bool = False


def requests(seed: int, services: tuple[str, ...], count: int) -> Iterator[Request]:
    """So many requests; one in eight is not HTTP as it should be."""
    draw = random.Random(seed)
    for _ in range(count):
        request = modelled(draw, draw.choice(services))
        yield broken(draw, request) if draw.random() < 0.125 else request


def modelled(draw: random.Random, service: str) -> Request:
    """A request for an operation of a service, with members that its model allows, nearly allows, or does not."""
    model = _MODELS.get_service_model(service)
    operation = model.operation_model(draw.choice(model.operation_names))
    wildness = draw.choice((0.0, 0.05, 0.3))
    members = value(draw, operation.input_shape, wildness) if operation.input_shape else {}
    try:
        serialized = create_serializer(str(model.protocol), include_validation=False).serialize_to_request(
            members, operation
        )
    except Exception:  # the client's own serializer trips over it: it goes out as plain JSON
        serialized = {"method": "POST", "url_path": "/", "headers": {}, "body": json.dumps(members, default=str)}
        serialized["headers"] = {"X-Amz-Target": f"{model.metadata.get('targetPrefix')}.{operation.name}"}
    return Request(service, operation.name, wire(model, serialized))


def value(draw: random.Random, shape: Any, wildness: float, depth: int = 0) -> Any:  # noqa: C901  a kind a case
    """A value for a shape."""
    if draw.random() < wildness:
        return draw.choice(_ANYTHING)
    if depth > 5:
        return None
    match shape.type_name:
        case "structure":
            names = [name for name in shape.members if name in shape.required_members or draw.random() < 0.4]
            return {name: value(draw, shape.members[name], wildness, depth + 1) for name in names}
        case "list":
            return [value(draw, shape.member, wildness, depth + 1) for _ in range(draw.choice((0, 1, 1, 2, 3)))]
        case "map":
            return {
                draw.choice(_TEXTS): value(draw, shape.value, wildness, depth + 1) for _ in range(draw.choice((0, 1, 2)))
            }
        case "integer" | "long":
            return draw.choice(_NUMBERS)
        case "float" | "double":
            return draw.choice((*_NUMBERS, 0.5, 1e308))
        case "boolean":
            return draw.random() < 0.5
        case "timestamp":
            return draw.choice((0, 1_800_000_000, -(10**12), 10**15))
        case "blob":
            return draw.choice((b"", b"{}", b"\x00\xff", b"PK\x03\x04", b"[1"))
        case _:
            return draw.choice(shape.enum) if shape.enum and draw.random() < 0.8 else draw.choice(_TEXTS)


def wire(model: Any, serialized: Any) -> bytes:
    """A serialized request as HTTP. What a header cannot hold is left out of it."""
    body = serialized["body"]
    if isinstance(body, dict):
        body = urlencode(body, errors="replace")
    if not isinstance(body, str | bytes | None):
        body = json.dumps(body, default=str)
    body = body.encode(errors="surrogatepass") if isinstance(body, str) else body or b""
    query = serialized.get("query_string") or {}
    path = quote(str(serialized["url_path"]), safe="/%?=&:", errors="replace") or "/"
    if query:
        path += ("&" if "?" in path else "?") + (
            query if isinstance(query, str) else urlencode(query, True, errors="replace")
        )
    name = model.signing_name or model.endpoint_prefix
    headers = {
        "Host": "localhost",
        "Authorization": f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260301/us-west-2/{name}/aws4_request, Signature=0",
        "Content-Length": str(len(body)),
        **{key: str(text) for key, text in serialized["headers"].items()},
    }
    lines = [f"{key}: {_in_a_header(text)}" for key, text in headers.items() if key.isascii() and " " not in key]
    return f"{serialized['method']} {path} HTTP/1.1\r\n".encode() + "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def _in_a_header(text: str) -> str:
    return "".join(one if one in string.printable and one not in "\r\n\x0b\x0c" else "?" for one in text)


def broken(draw: random.Random, request: Request) -> Request:
    """The request with something about its HTTP, or its body, that should not be."""
    data, is_cut = draw.choice(_BREAKAGES)(draw, request.data)
    return Request(request.service, request.operation, data, is_cut)


def _cut(draw: random.Random, data: bytes) -> tuple[bytes, bool]:
    return data[: draw.randrange(1, len(data))], True


def _noise(draw: random.Random, data: bytes) -> tuple[bytes, bool]:
    place = draw.randrange(len(data))
    return data[:place] + draw.randbytes(draw.choice((1, 4, 40))) + data[place + 1 :], True


def _body(draw: random.Random, data: bytes) -> tuple[bytes, bool]:
    head = b"\r\n".join(line for line in data.partition(b"\r\n\r\n")[0].split(b"\r\n") if b"ontent-" not in line)
    body = draw.choice(
        (b"{", b"[" * 5000, b"\xff\xfe", b'{"a":' * 300, b"null", b"[]", b"<x>", b'{"a":"\\ud800"}', b"0" * 70_000)
    )
    return (
        head + f"\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body,
        False,
    )


def _header(draw: random.Random, data: bytes) -> tuple[bytes, bool]:
    line, _, rest = data.partition(b"\r\n")
    odd = draw.choice((
        b"X-Amz-Target: \xff\xfe", b"X-Amz-Target: ...", b"Content-Type: \x01", b": nothing", b"Transfer-Encoding: chunked",
        b"Content-Length: 99999999999999999999", b"Content-Encoding: gzip",
        b"Authorization: AWS4-HMAC-SHA256 Credential=////",
        b"Expect: 100-continue", b"X: " + b"y" * 70_000, b"Host: [::", b"X-Amz-Date: never",
    ))  # fmt: skip
    return line + b"\r\n" + odd + b"\r\n" + rest, True


def _line(draw: random.Random, data: bytes) -> tuple[bytes, bool]:
    method = draw.choice((b"GET", b"PUT", b"DELETE", b"HEAD", b"PATCH", b"OPTIONS", b"TRACE", b"X" * 100, b"post"))
    path = draw.choice(
        (b"/", b"//", b"/%", b"/%ff%00", b"*", b"/_drsim/", b"/_drsim/clock", b"http://[", b"/" + b"a/" * 3000, b"/?%")
    )
    return method + b" " + path + b" HTTP/1.1\r\n" + data.partition(b"\r\n")[2], True


_BREAKAGES: tuple[Callable[[random.Random, bytes], tuple[bytes, bool]], ...] = (_cut, _noise, _body, _header, _line)
