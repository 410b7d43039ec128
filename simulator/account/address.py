"""Where a request would have gone in AWS.

A request that comes to a server of ours is answered under the address that its service has in AWS: moto tells services, and
S3 buckets, by it, and answers that hold addresses are then the same as in process.
"""

import re
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

from simulator.account import wire
from simulator.account.scope import Scope
from simulator.account.wire import HttpRequest
from simulator.errors import ServiceError

_GLOBAL = frozenset({"budgets"})  # services without Regions that moto knows by no regional address
_S3_CONTROL_PATH = "/v20180820/"
_BUCKET_HOST = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]+?)\.(?:s3[.-].+|s3|localhost)", re.IGNORECASE)


def at_aws(request: HttpRequest) -> HttpRequest:
    """The same request under its address in AWS; as it is where nothing tells that address, and the account refuses it."""
    scope = request.scope
    if scope is None:
        return request
    parts = urlsplit(request.url)
    try:
        host = _s3_host(scope, request) if scope.service == "s3" else _host(scope, request)
    except ServiceError:
        return request
    return replace(request, url=urlunsplit(("https", host, parts.path or "/", parts.query, "")))


def _host(scope: Scope, request: HttpRequest) -> str:
    prefix = wire.endpoint_prefix(scope.service, request)
    return f"{prefix}.amazonaws.com" if scope.service in _GLOBAL else f"{prefix}.{scope.region}.{_domain(scope.region)}"


def _s3_host(scope: Scope, request: HttpRequest) -> str:
    parts, end = urlsplit(request.url), f"{scope.region}.{_domain(scope.region)}"
    if parts.path.startswith(_S3_CONTROL_PATH):
        return f"{request.header('x-amz-account-id')}.s3-control.{end}"
    found = _BUCKET_HOST.fullmatch(parts.hostname or "")
    return f"{found['bucket']}.s3.{end}" if found and not found["bucket"].startswith(("s3.", "s3-")) else f"s3.{end}"


def _domain(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
