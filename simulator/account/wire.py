"""AWS requests and answers on the wire, in both directions, by botocore's service models.

Decoding, routing and XML answers are moto's; the checks of a request against its shape are ours, because botocore checks
only types, required members and minimum lengths on the client, and services check the rest.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import botocore.loaders
import botocore.session
import moto.core.loaders
import moto.core.utils
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from simulator.errors import ServiceError
from simulator.json_types import JsonValue

# Reading a service's model takes long and gives the same every time: botocore's sessions share one loader, for good, and
# so do moto's look-ups (moto's own kind of loader adds shapes that real clients must not see).
_BOTOCORE_LOADER, _MOTO_LOADER = botocore.loaders.create_loader(), moto.core.loaders.create_loader()
botocore.session.create_loader = lambda path=None: botocore.loaders.create_loader(path) if path else _BOTOCORE_LOADER
moto.core.utils.create_loader = lambda: _MOTO_LOADER

_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_JSON_PROTOCOLS = ("json", "rest-json")

# botocore's names where they differ from the name a request is signed with, which is what we call a service.
_MODEL_NAMES: Mapping[str, str] = {
    "states": "stepfunctions",
    "monitoring": "cloudwatch",
    "email": "ses",
    "tagging": "resourcegroupstaggingapi",
    "elasticloadbalancing": "elbv2",
    "execute-api": "apigatewaymanagementapi",
}


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came: `url` is absolute, header names are as sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer as it goes out."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a request asks: `service` is the signing name (`drs`, `states`), `call`/`attempt` the SDK's retry headers.

    `account_id` is whose resources it is about; it follows from the access key, as the account knows.
    """

    service: str
    region: str
    access_key: str
    operation: str
    parameters: dict[str, Any]
    call: str
    attempt: int
    account_id: str = ""


_SIGNING_NAMES = {model: signing for signing, model in _MODEL_NAMES.items()}


def signing_name(service: str) -> str:
    """Our name of a service that a person may also call as boto3 does: `stepfunctions` is `states`."""
    return _SIGNING_NAMES.get(service, service)


def service_model(service: str) -> Any:
    """Botocore's model of a service named by its signing name. Raises botocore's UnknownServiceError."""
    return get_service_model(_MODEL_NAMES.get(service, service))


def decode(request: HttpRequest) -> Decoded:
    """Read a signed AWS request. Raises ServiceError where it is not one, or names no operation of its service."""
    scope = _CREDENTIAL.search(request.headers.get("Authorization", ""))
    if scope is None:
        raise ServiceError("MissingAuthenticationToken", "Missing Authentication Token", 403)
    service = scope["service"]
    http = Request.from_primitives(request.method, request.url, request.headers, request.body)
    try:
        operation, uri_parameters = get_service_router(_MODEL_NAMES.get(service, service)).match(http)
    except HTTPException:
        raise ServiceError("UnknownOperationException", f"no operation of {service} at {request.url}", 404) from None
    parser = PROTOCOL_PARSERS[determine_request_protocol(operation.service_model, http.content_type)]
    parameters = parser(operation).parse(
        {
            "method": http.method,
            "values": http.values,
            "headers": http.headers,
            "body": http.data,
            "url_path": http.path,
            "url_params": uri_parameters,
        }
    )
    attempt = re.search(r"attempt=(\d+)", request.headers.get("amz-sdk-request", ""))
    return Decoded(
        service,
        scope["region"],
        scope["key"],
        operation.name,
        parameters,
        request.headers.get("amz-sdk-invocation-id", ""),
        int(attempt[1]) if attempt else 1,
    )


def encode(service: str, operation: str, result: Mapping[str, Any]) -> HttpResponse:
    """The answer to an operation that succeeded; `result` has the output shape's member names."""
    model = service_model(service)
    if _is_plain_json(service, operation):
        status = model.operation_model(operation).http.get("responseCode", 200)
        body = json.dumps(result, separators=(",", ":"), default=datetime.timestamp)
        return _http(status, {"Content-Type": "application/json"}, body)
    answer = get_serializer_class(model.service_name, str(model.protocol))(model.operation_model(operation)).serialize(
        result
    )
    return _http(answer["status_code"], answer["headers"], answer["body"])


@cache
def _is_plain_json(service: str, operation: str) -> bool:
    """Whether an operation's answer is its members as JSON: nothing in headers, and every member spelled as it is called."""
    model = service_model(service)
    shape = model.operation_model(operation).output_shape
    return model.protocol in _JSON_PROTOCOLS and (shape is None or _is_plain(shape, set()))


def _is_plain(shape: Any, seen: set[str]) -> bool:
    if shape.name in seen:
        return True
    seen.add(shape.name)
    match shape.type_name:
        case "structure":
            return "payload" not in shape.serialization and all(
                "location" not in member.serialization
                and member.serialization.get("name", name) == name
                and _is_plain(member, seen)
                for name, member in shape.members.items()
            )
        case "list":
            return _is_plain(shape.member, seen)
        case "map":
            return _is_plain(shape.value, seen)
        case kind:
            return str(kind) != "blob"


def encode_error(service: str, operation: str, error: ServiceError) -> HttpResponse:
    """The answer to an operation that failed, in the service's protocol."""
    model = service_model(service)
    if model.protocol in _JSON_PROTOCOLS:
        body = {"__type": error.code, "message": error.message, **error.members}
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": error.code, **error.headers}
        return _http(error.status, headers, json.dumps(body, default=str))
    return _http(error.status, {"Content-Type": "text/xml", **error.headers}, _xml_error(model, operation, error))


def _xml_error(model: Any, operation: str, error: ServiceError) -> str:
    """The error in the service's own XML. Its code may differ from its shape's name (`InternalError`, `NotFound`)."""
    shapes = {shape.name: shape for shape in model.operation_model(operation).error_shapes}
    code = escape(shapes[error.code].error_code if error.code in shapes else error.code)
    inner = f"<Code>{code}</Code><Message>{escape(error.message)}</Message>"
    match str(model.protocol):
        case "query":
            fault = "Receiver" if error.status >= 500 else "Sender"
            return (
                f"<ErrorResponse><Error><Type>{fault}</Type>{inner}</Error><RequestId>simulated</RequestId></ErrorResponse>"
            )
        case "ec2":
            return f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>simulated</RequestID></Response>"
        case _:
            return f"<Error>{inner}<RequestId>simulated</RequestId></Error>"


def _http(status: int, headers: Mapping[str, Any], body: str | bytes) -> HttpResponse:
    return HttpResponse(
        int(status),
        {name: str(value) for name, value in headers.items()},
        body if isinstance(body, bytes) else body.encode(),
    )


@cache
def modelled_errors(service: str, operation: str) -> Mapping[str, int]:
    """The error names that an operation's model lists, with their HTTP status."""
    shapes = service_model(service).operation_model(operation).error_shapes
    return {shape.name: int(shape.metadata.get("error", {}).get("httpStatusCode", 400)) for shape in shapes}


def shape_faults(service: str, operation: str, parameters: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(member path, what is wrong) for everything in `parameters` that the operation's input shape does not allow."""
    shape = service_model(service).operation_model(operation).input_shape
    return list(_faults(shape, parameters, "")) if shape is not None else []


def _faults(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    check = _CHECKS.get(shape.type_name)
    return check(shape, value, path) if check else iter(())


def _structure_faults(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, "must be a structure"
        return
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"{path}.{name}".lstrip("."), "must not be null"
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _faults(member, value[name], f"{path}.{name}".lstrip("."))


def _list_faults(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield path, "must be a list"
        return
    yield from _size_faults(shape, len(value), path, "length")
    for index, item in enumerate(value):
        yield from _faults(shape.member, item, f"{path}[{index}]")


def _map_faults(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield path, "must be a map"
        return
    yield from _size_faults(shape, len(value), path, "size")
    for key, item in value.items():
        yield from _faults(shape.key, key, f"{path}.{key}")
        yield from _faults(shape.value, item, f"{path}.{key}")


def _integer_faults(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield path, "must be an integer"
    else:
        yield from _size_faults(shape, value, path, "value")


def _boolean_faults(_shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, bool):
        yield path, "must be a boolean"


def _string_faults(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, str):
        yield path, "must be a string"
        return
    yield from _size_faults(shape, len(value), path, "length")
    if shape.enum and value not in shape.enum:
        yield path, f"must be one of [{', '.join(shape.enum)}]"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        yield path, f"must match the pattern {pattern}"


def _size_faults(shape: Any, size: int, path: str, noun: str) -> Iterator[tuple[str, str]]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield path, f"must have {noun} greater than or equal to {low}"
    if high is not None and size > high:
        yield path, f"must have {noun} less than or equal to {high}"


_CHECKS: Mapping[str, Callable[[Any, Any, str], Iterator[tuple[str, str]]]] = {
    "structure": _structure_faults,
    "list": _list_faults,
    "map": _map_faults,
    "string": _string_faults,
    "integer": _integer_faults,
    "long": _integer_faults,
    "boolean": _boolean_faults,
}


def plain(value: Any) -> JsonValue:
    """A decoded parameter or answer as plain JSON: bytes as text (base64 if they are not text), times in ISO 8601."""
    match value:
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case bytes() | bytearray():
            try:
                return bytes(value).decode()
            except UnicodeDecodeError:
                return base64.b64encode(value).decode()
        case datetime():
            return value.replace(tzinfo=value.tzinfo or UTC).isoformat()
        case str() | int() | float() | None:
            return value
        case _:
            return str(value)
