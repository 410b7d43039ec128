"""Every AWS service that is not ours, answered by moto in this process.

moto keeps its state in module globals: one world at a time, emptied before each. Its identifiers come from one seedable
generator, its timestamps from `datetime.now`, which is the world's while it is installed.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from gzip import BadGzipFile
from pathlib import Path
from traceback import walk_tb
from typing import Any

import boto3
import moto
import moto.backends
from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.backend_index import backend_url_patterns
from moto.core.base_backend import BackendDict
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.model_instances import reset_model_data
from moto.moto_api._internal import mock_random

import simulator
from simulator.account import moto_changes
from simulator.account.wire import HttpRequest, HttpResponse
from simulator.errors import ServiceError
from simulator.rng import Chance

moto_changes.make()
Refused = ClientError  # what a client raises for an error that the service answers
_STUBBER = BotocoreStubber()
_MOTO, _OURS = (f"{Path(file).parent}{os.sep}" for file in (moto.__file__, simulator.__file__))
_used: set[str] = set()
_NO_SERVICE: Any = (404, {}, "Not yet implemented")  # what moto answers for a host that it does not know


def reset(chance: Chance) -> None:
    """Forget everything that earlier worlds left, and start moto's identifiers from this world's chance."""
    BackendDict.reset()
    _used.clear()
    reset_model_data()  # moto remembers every object it ever made, for a dashboard
    mock_random.setstate(chance.generator("moto").getstate())


def uses(*services: str) -> bool:
    """Whether this world has sent moto a request of one of these services (by moto's names)."""
    return not _used.isdisjoint(services)


def backend(service: str, account_id: str, region: str) -> Any:
    """Moto's own state of a service (by moto's name) in an account and Region; `aws` for services that have no Regions."""
    return moto.backends.get_backend(service)[account_id][region]


def existing_backend(service: str, account_id: str, region: str) -> Any:
    """Moto's own state of a service in an account and Region if there is any by now, else None."""
    backends = moto.backends.get_backend(service)
    return backends[account_id].get(region) if account_id in backends else None


def existing_backends(service: str, account_id: str) -> Sequence[Any]:
    """Moto's own state of a service in an account, for each Region that has any by now."""
    backends = moto.backends.get_backend(service)
    return tuple(dict.values(backends[account_id])) if account_id in backends else ()


@contextmanager
def drawing(chance: Chance, entity: str) -> Iterator[None]:
    """Let moto draw identifiers from a stream of one entity's own, so that what it makes there shifts no others."""
    state = mock_random.getstate()
    mock_random.setstate(chance.generator("moto", entity).getstate())
    try:
        yield
    finally:
        mock_random.setstate(state)


def answer(request: HttpRequest, account_id: str) -> HttpResponse:
    """Moto's answer to a request of a service it knows, about an account's resources. Raises ServiceError for any other."""
    _used.update(name for name, pattern in backend_url_patterns if pattern.match(request.url))
    headers = HTTPHeaders()
    for name, value in request.headers.items():
        headers[name] = value
    headers["x-moto-account-id"] = account_id
    try:
        answered = _STUBBER.process_request(AWSPreparedRequest(request.method, request.url, headers, request.body, False))
    except (NotImplementedError, ModuleNotFoundError) as error:  # moto's rarer services need further packages
        raise ServiceError("NotImplemented", str(error), 501) from error
    except BadGzipFile as error:
        raise ServiceError("SerializationException", f"the body cannot be unpacked: {error}", 400) from error
    if answered in (None, _NO_SERVICE):
        raise ServiceError("NotImplemented", "no simulated service answers here", 501)
    status, answer_headers, body = answered
    # moto stamps answers with the library's own header types; only names and text go on.
    return HttpResponse(
        status, {str(k): str(v) for k, v in answer_headers.items()}, body if isinstance(body, bytes) else str(body).encode()
    )


def is_motos(crash: BaseException) -> bool:
    """Whether an exception comes from moto itself, or what it calls, rather than from what drsim does within it."""
    files = (frame.f_code.co_filename for frame, _ in walk_tb(crash.__traceback__))
    ours_or_its = [file for file in files if file.startswith((_MOTO, _OURS))]
    return bool(ours_or_its) and ours_or_its[-1].startswith(_MOTO)


def error_in(response: HttpResponse) -> tuple[str | None, str | None]:
    """(error code, message) of an answer in any protocol; (None, None) for a success."""
    if response.status < 300:
        return None, None
    text = response.body.decode(errors="replace")
    header = {name.lower(): value for name, value in response.headers.items()}.get("x-amzn-errortype")
    try:
        body = json.loads(text)
    except ValueError:
        xml_code, xml_message = (
            re.search(r"<Code>(.*?)</Code>", text),
            re.search(r"<Message>(.*?)</Message>", text, re.DOTALL),
        )
        code = xml_code[1] if xml_code else header or str(response.status)
        return code, xml_message[1] if xml_message else text[:200]
    members: dict[str, Any] = body if isinstance(body, dict) else {}
    name = str(header or members.get("__type") or response.status).split(":")[0].split("#")[-1]
    return name, members.get("message") or members.get("Message")


@cache
def client(service: str, region: str, account_id: str) -> Any:
    """A boto3 client for the world itself, by boto3's service name. It does not retry; it serves every later world too."""
    return boto3.Session(f"ASIA{account_id}SIMU", "simulated", "simulated", region).client(
        service, config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)
    )


def table_item(region: str, account_id: str, table: str, key: Mapping[str, Any]) -> dict[str, Any] | None:
    """A DynamoDB item as plain values, or None."""
    found = client("dynamodb", region, account_id).get_item(TableName=table, Key=to_dynamodb(key)["M"], ConsistentRead=True)
    return {name: from_dynamodb(value) for name, value in found["Item"].items()} if "Item" in found else None


def to_dynamodb(value: Any) -> dict[str, Any]:
    """A JSON value as a DynamoDB attribute value."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case Mapping():
            return {"M": {key: to_dynamodb(item) for key, item in value.items()}}
        case _:
            return {"L": [to_dynamodb(item) for item in value]}


def from_dynamodb(value: Mapping[str, Any]) -> Any:
    """A DynamoDB attribute value as a JSON value; sets become sorted lists."""
    ((kind, content),) = value.items()
    match kind:
        case "M":
            return {key: from_dynamodb(item) for key, item in content.items()}
        case "L":
            return [from_dynamodb(item) for item in content]
        case "N":
            return int(content) if re.fullmatch(r"-?\d+", content) else float(content)
        case "NULL":
            return None
        case "SS" | "NS" | "BS":
            return sorted(content)
        case _:
            return content
