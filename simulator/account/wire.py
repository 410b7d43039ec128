"""AWS requests and answers on the wire, in both directions, by botocore's service models.

Decoding, routing and XML answers are moto's.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any
from xml.sax.saxutils import escape

import botocore.loaders
import botocore.session
import moto.core.loaders
import moto.core.utils
from botocore.exceptions import UnknownServiceError
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from simulator.account import direct
from simulator.account.models import model_names
from simulator.account.scope import Clues, Scope, scope_of
from simulator.errors import ServiceError
from simulator.json_types import JsonValue

# Reading a service's model takes long and gives the same every time: botocore's sessions share one loader, for good, and
# so do moto's look-ups (moto's own kind of loader adds shapes that real clients must not see).
_BOTOCORE_LOADER, _MOTO_LOADER = botocore.loaders.create_loader(), moto.core.loaders.create_loader()
botocore.session.create_loader = lambda path=None: botocore.loaders.create_loader(path) if path else _BOTOCORE_LOADER
moto.core.utils.create_loader = lambda: _MOTO_LOADER

_MOST_SERVICES = 1_024  # names that are kept, of services or not
_JSON_PROTOCOLS = ("json", "rest-json")
# How services word that they have no such operation, by protocol.
_UNKNOWN_OPERATION = {
    "query": ("InvalidAction", 400),
    "ec2": ("InvalidAction", 400),
    "json": ("UnknownOperationException", 400),
}


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came: `url` is absolute, header names are as sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """A header's value, by its name in any case; empty if there is none."""
        return self.headers.get(name) or next(
            (self.headers[sent] for sent in self.headers if sent.lower() == name.lower()), ""
        )

    @property
    def scope(self) -> Scope | None:
        """What the request is for; None where nothing tells."""
        return scope_of(Clues(self.method, self.url, self.header, self.body))


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


def service_model(service: str) -> Any:
    """Botocore's model of a service named by its signing name. Raises botocore's UnknownServiceError."""
    return get_service_model(model_names(service)[0])


def decode(request: HttpRequest) -> Decoded:
    """Read an AWS request. Raises ServiceError where it is not one, or names no operation of its service."""
    scope = request.scope
    if scope is None:
        raise ServiceError("MissingAuthenticationToken", "Missing Authentication Token", 403)
    operation, parameters = _read(scope, request)
    attempt = re.search(r"attempt=(\d+)", request.header("amz-sdk-request"))
    return Decoded(
        scope.service,
        scope.region,
        scope.access_key,
        operation.name,
        parameters,
        request.header("amz-sdk-invocation-id"),
        int(attempt[1]) if attempt else 1,
    )


def endpoint_prefix(service: str, request: HttpRequest) -> str:
    """The first part of the host that AWS answers a request at (`streams.dynamodb`). Raises ServiceError as `decode`.

    Nearly all services have one, whatever is asked of them; finding an operation takes longer than answering many.
    """
    prefixes = _endpoint_prefixes(service)
    if len(prefixes) == 1:
        return prefixes[0]
    kind = request.header("content-type")
    operation = direct.operation_of(service, request.method, request.url, request.header("x-amz-target"), kind)
    operation = operation or _operation(service, _http_request(request))[0]
    return str(operation.service_model.endpoint_prefix)


@lru_cache(_MOST_SERVICES)
def _endpoint_prefixes(service: str) -> tuple[str, ...]:
    """Those of the models that a service's operations are in; none for a service that does not exist."""
    try:
        return tuple({str(get_service_model(model).endpoint_prefix): None for model in model_names(service)})
    except UnknownServiceError:
        return ()


def _read(scope: Scope, request: HttpRequest) -> tuple[Any, dict[str, Any]]:
    """A request's operation and parameters."""
    kind = request.header("content-type")
    operation = direct.operation_of(scope.service, request.method, request.url, request.header("x-amz-target"), kind)
    if operation is not None:
        parts = {"values": {}, "headers": request.headers, "body": request.body, "url_params": {}}
    else:
        http = _http_request(request)
        kind = http.content_type
        operation, uri_parameters = _operation(scope.service, http)
        parts = {"values": http.values, "headers": http.headers, "body": http.data, "url_params": uri_parameters}
        parts |= {"method": http.method, "url_path": http.path}
    _check_json(operation, request.body)
    try:
        parser = PROTOCOL_PARSERS[determine_request_protocol(operation.service_model, kind)]
        return operation, parser(operation).parse(parts)
    except Exception as error:  # moto's parsers meet what they cannot read with whatever happens to come of it
        raise ServiceError("SerializationException", f"the request cannot be read: {error}", 400) from error


def _check_json(operation: Any, body: bytes) -> None:
    """Refuse a body that should be JSON and is not; moto would take it for an empty one."""
    shape = operation.input_shape
    if not body or operation.service_model.protocol not in _JSON_PROTOCOLS or (shape and "payload" in shape.serialization):
        return
    try:
        is_object = isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        is_object = False
    if not is_object:
        raise ServiceError("SerializationException", "the body is not a JSON object", 400)


def _http_request(request: HttpRequest) -> Any:
    return Request.from_primitives(request.method, request.url, request.headers, request.body)


def _operation(service: str, http: Any) -> tuple[Any, Mapping[str, Any]]:
    """The operation that a request names, with the parameters in its path."""
    for model in model_names(service):
        try:
            operation, uri_parameters = get_service_router(model).match(http)
        except HTTPException:
            continue
        except UnknownServiceError:
            message = f"Credential should be scoped to a valid service, not {service!r}"
            raise ServiceError("InvalidSignatureException", message, 403) from None
        except Exception as error:
            raise ServiceError("SerializationException", f"the request cannot be read: {error}", 400) from error
        return operation, uri_parameters
    code, status = _UNKNOWN_OPERATION.get(str(service_model(service).protocol), ("UnknownOperationException", 404))
    raise ServiceError(code, f"no operation of {service} at {http.method} {http.path}", status)


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
    status = next((result[name] for name in _status_members(service, operation) if name in result), answer["status_code"])
    return _http(status, answer["headers"], answer["body"] or b"")


@cache
def _status_members(service: str, operation: str) -> tuple[str, ...]:
    """The members of an operation's answer that are its HTTP status (Lambda's Invoke has one)."""
    shape = service_model(service).operation_model(operation).output_shape
    members = shape.members.items() if shape else ()
    return tuple(name for name, member in members if member.serialization.get("location") == "statusCode")


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


def refuse(request: HttpRequest, error: ServiceError) -> HttpResponse:
    """The answer to a request of which perhaps only the service is known, in its protocol; in JSON if not even that."""
    scope = request.scope
    try:
        return encode_error(scope.service if scope else "drs", "", error)
    except UnknownServiceError:
        return encode_error("drs", "", error)


def _xml_error(model: Any, operation: str, error: ServiceError) -> str:
    """The error in the service's own XML. Its code may differ from its shape's name (`InternalError`, `NotFound`)."""
    known = model.operation_model(operation).error_shapes if operation in model.operation_names else ()
    shapes = {shape.name: shape for shape in known}
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
    return {shape.name: _status_of(shape) for shape in shapes}


def _status_of(shape: Any) -> int:
    """An error's HTTP status; where the model gives none, the service's own failures are told by their names."""
    usual = 500 if shape.name.startswith(("Internal", "ServiceUnavailable")) else 400
    return int(shape.metadata.get("error", {}).get("httpStatusCode", usual))


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
