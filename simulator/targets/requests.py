"""HTTP requests to the system, as API Gateway hands them to its functions, and what it makes of their answers."""

import json
from typing import TYPE_CHECKING

from simulator.account import gateway
from simulator.account.gateway import HttpRequest, Refusal, Route
from simulator.account.world import ACCOUNT_ID
from simulator.journal import Answered
from simulator.json_types import JsonValue

if TYPE_CHECKING:
    from simulator.targets.staging import Stage


def ask(stage: "Stage", handler: str, request: HttpRequest) -> Answered:
    """Send a request to a handler, or to an API of the system's stack; the answer."""
    route = _route(stage, handler, request)
    if isinstance(route, Refusal):
        return Answered(route.status, route.body)
    epoch_ms = int(stage.world.clock.now().timestamp()) * 1000
    event = gateway.event(route, request, ACCOUNT_ID, epoch_ms)
    invocation = stage.world.functions.invoke(route.function, event)
    return answered(invocation.payload if invocation.error_type is None else None)


def json_request(method: str, path: str, body: JsonValue) -> HttpRequest:
    """A request with a JSON body, or with none."""
    return HttpRequest(method, path, body=None if body is None else json.dumps(body))


def _route(stage: "Stage", handler: str, request: HttpRequest) -> Route | Refusal:
    resource = stage.resources.get(handler)
    find = gateway.route_to(resource.type) if resource else None
    if resource is None or find is None:
        return Route(resource.id if resource else stage.fill(handler), request.path)
    return find(stage.world.at(ACCOUNT_ID, stage.world.region), resource.id, request.method, request.path)


def answered(payload: JsonValue) -> Answered:
    """The HTTP answer that API Gateway makes of a function's; a function that fails is a 502."""
    if not isinstance(payload, dict) or not isinstance(payload.get("statusCode"), int):
        return Answered(502, {"message": "Internal server error"})
    body = payload.get("body")
    try:
        return Answered(payload["statusCode"], json.loads(body) if isinstance(body, str) and body else body)
    except ValueError:
        return Answered(payload["statusCode"], body)
