"""API Gateway's part between a request and a function: routes, permissions, events, answers."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from simulator.account import moto_services
from simulator.account.place import Place
from simulator.json_types import JsonObject, JsonValue

_FUNCTION = re.compile(r"arn:aws:lambda:[^/]+:function:[^/]+")
# What REST APIs answer themselves: the response's type, status and message. The first is for paths that they do not have.
_NOT_FOUND = ("MISSING_AUTHENTICATION_TOKEN", 403, "Missing Authentication Token")
_HTTP_BROKEN = (500, {"message": "Internal server error"})
_BROKEN = ("API_CONFIGURATION_ERROR", 500, "Internal server error")


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes. `resource` is the path with its placeholders, `parameters` what stands for them in the request.

    `version` is the payload format of the event: 1.0, or 2.0 for HTTP APIs that ask for it. `caller` is what the event of a
    REST API says of the caller, as its method's authorization has it.
    """

    function: str
    resource: str
    api: str = "simulated"
    stage: str = "simulated"
    parameters: Mapping[str, str] = field(default_factory=dict)
    version: str = "1.0"
    caller: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What API Gateway answers itself."""

    status: int
    body: JsonValue


Finder = Callable[[Place, str, str, str], Route | Refusal]


def rest_route(place: Place, api: str, method: str, path: str) -> Route | Refusal:
    """Where a REST API of the account sends a request, if the function lets it in."""
    gateway = moto_services.client("apigateway", place.region, place.account_id)
    stages = [stage["stageName"] for stage in gateway.get_stages(restApiId=api)["item"]]
    for resource in gateway.get_resources(restApiId=api, limit=500)["items"]:
        given = _matched(resource["path"], path)
        methods = resource.get("resourceMethods", {})
        integrated = methods.get(method) or methods.get("ANY")
        if given is None or integrated is None or not stages:
            continue
        function = _FUNCTION.search(integrated.get("methodIntegration", {}).get("uri", ""))
        if function is None:
            return _own_answer(gateway, api, *_BROKEN)
        route = Route(function[0], resource["path"], api, stages[0], given, caller=_caller(integrated))
        return route if _lets_in(place, route, f"{method}{resource['path']}") else _own_answer(gateway, api, *_BROKEN)
    return _own_answer(gateway, api, *_NOT_FOUND)


def _caller(method: Mapping[str, Any]) -> Mapping[str, JsonValue]:
    """Somebody whom a user pool lets in, with the claims of an identity token; of an access token where scopes are asked."""
    if method.get("authorizationType") != "COGNITO_USER_POOLS":
        return {}
    claims: dict[str, JsonValue] = {"sub": "00000000-0000-4000-8000-000000000002"}
    if scopes := method.get("authorizationScopes"):
        claims |= {"token_use": "access", "username": "operator", "client_id": "simulated", "scope": scopes[0]}
    else:
        claims |= {"token_use": "id", "cognito:username": "operator", "aud": "simulated"}
        claims |= {"email": "operator@example.com", "email_verified": "true"}
    return {"authorizer": {"claims": claims}}


def _own_answer(gateway: Any, api: str, kind: str, status: int, message: str) -> Refusal:
    """The API's gateway response of this type, or the default for its class, or what API Gateway has for it by itself.

    Templates know `$context.error`'s variables only, as in AWS; what does not come out as JSON is the text that it is.
    """
    known = {one["responseType"]: one for one in gateway.get_gateway_responses(restApiId=api)["items"]}
    chosen = known.get(kind) or known.get(f"DEFAULT_{status // 100}XX") or {}
    told = chosen.get("responseTemplates", {}).get("application/json", '{"message":$context.error.messageString}')
    for variable, value in (("messageString", json.dumps(message)), ("message", message), ("responseType", kind)):
        told = told.replace(f"$context.error.{variable}", value)
    try:
        body = json.loads(told)
    except ValueError:
        body = told
    return Refusal(int(chosen.get("statusCode") or status), body)


def http_route(place: Place, api: str, method: str, path: str) -> Route | Refusal:
    """Where an HTTP API of the account sends a request, if the function lets it in."""
    gateway = moto_services.client("apigatewayv2", place.region, place.account_id)
    stages = [stage["StageName"] for stage in gateway.get_stages(ApiId=api)["Items"]]
    for route in sorted(gateway.get_routes(ApiId=api)["Items"], key=lambda one: one["RouteKey"] == "$default"):
        given = _matched_key(route["RouteKey"], method, path)
        if given is None or not stages:
            continue
        integration = gateway.get_integration(ApiId=api, IntegrationId=route["Target"].rpartition("/")[2])
        function = _FUNCTION.search(integration.get("IntegrationUri", ""))
        if function is None:
            return Refusal(*_HTTP_BROKEN)
        version = integration.get("PayloadFormatVersion", "1.0")
        found = Route(function[0], route["RouteKey"], api, stages[0], given, version)
        return found if _lets_in(place, found, route["RouteKey"].replace(" ", "")) else Refusal(*_HTTP_BROKEN)
    return Refusal(404, {"message": "Not Found"})


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request to an API: `query` is the part of its address after the question mark, `body` what it sends."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None

    @property
    def parameters(self) -> dict[str, list[str]]:
        """The query's parameters, each with all its values."""
        return parse_qs(self.query, keep_blank_values=True)


def event(route: Route, request: HttpRequest, account_id: str, epoch_ms: int) -> JsonObject:
    """The event that a function gets for a request."""
    make = _event_2 if route.version == "2.0" else _event_1
    return make(route, request, account_id, epoch_ms)


def _event_1(route: Route, request: HttpRequest, account_id: str, epoch_ms: int) -> JsonObject:
    method, path, body = request.method, request.path, request.body
    headers = {**_headers("Accept", "Content-Type", "Host"), **request.headers}
    several: dict[str, JsonValue] = {name: list[JsonValue](values) for name, values in request.parameters.items()}
    return {
        "resource": route.resource,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in request.parameters.items()} or None,
        "multiValueQueryStringParameters": several or None,
        "pathParameters": dict(route.parameters) or None,
        "stageVariables": None,
        "requestContext": {
            "accountId": account_id,
            "apiId": route.api,
            "httpMethod": method,
            "identity": {
                "sourceIp": "192.0.2.1",
                "userAgent": "drsim",
                "userArn": None if route.caller else f"arn:aws:iam::{account_id}:user/operator",
            },
            "path": f"/{route.stage}{path}",
            "protocol": "HTTP/1.1",
            "requestId": "00000000-0000-4000-8000-000000000001",
            "requestTimeEpoch": epoch_ms,
            "resourcePath": route.resource,
            "stage": route.stage,
            **route.caller,
        },
        "body": body,
        "isBase64Encoded": False,
    }


def _event_2(route: Route, request: HttpRequest, account_id: str, epoch_ms: int) -> JsonObject:
    method, path, body = request.method, request.path, request.body
    told_headers = {name.lower(): value for name, value in request.headers.items()}
    told: dict[str, JsonValue] = {
        "version": "2.0",
        "routeKey": route.resource,
        "rawPath": path if route.stage == "$default" else f"/{route.stage}{path}",
        "rawQueryString": request.query,
        "headers": {**_headers("accept", "content-type", "host"), **told_headers},
        "requestContext": {
            "accountId": account_id,
            "apiId": route.api,
            "authorizer": {"iam": {"userArn": f"arn:aws:iam::{account_id}:user/operator", "accountId": account_id}},
            "domainName": "api.simulated",
            "http": {
                "method": method,
                "path": path if route.stage == "$default" else f"/{route.stage}{path}",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "drsim",
            },
            "requestId": "00000000-0000-4000-8000-000000000001",
            "routeKey": route.resource,
            "stage": route.stage,
            "timeEpoch": epoch_ms,
        },
        "isBase64Encoded": False,
    }
    told |= {"pathParameters": dict(route.parameters)} if route.parameters else {}
    if request.query:
        told["queryStringParameters"] = {name: ",".join(values) for name, values in request.parameters.items()}
    return told | ({"body": body} if body is not None else {})


def _headers(accept: str, content_type: str, host: str) -> dict[str, str]:
    return {accept: "application/json", content_type: "application/json", host: "api.simulated"}


def _lets_in(place: Place, route: Route, resource: str) -> bool:
    function = place.functions.get(route.function)
    source = f"arn:aws:execute-api:{place.region}:{place.account_id}:{route.api}/{route.stage}/{resource}"
    return not function.is_guarded or place.lambda_api.policies.let_in(function.name, "apigateway.amazonaws.com", source)


def _matched_key(key: str, method: str, path: str) -> Mapping[str, str] | None:
    if key == "$default":
        return {}
    wanted, _, template = key.partition(" ")
    return _matched(template, path) if wanted in (method, "ANY") else None


def _matched(template: str, path: str) -> dict[str, str] | None:
    """What stands in a path for the placeholders of a template; None if it is another path."""
    pattern = re.sub(
        r"\\\{(\w+)(\\\+)?\\\}", lambda one: f"(?P<{one[1]}>{'.+' if one[2] else '[^/]+'})", re.escape(template)
    )
    found = re.fullmatch(pattern, path)
    return None if found is None else {name: unquote(value) for name, value in found.groupdict().items()}


_ROUTES: Mapping[str, Finder] = {"AWS::ApiGateway::RestApi": rest_route, "AWS::ApiGatewayV2::Api": http_route}


def route_to(kind: str) -> Finder | None:
    """What finds the route of a request to an API of a CloudFormation type; None for what is no API."""
    return _ROUTES.get(kind)
