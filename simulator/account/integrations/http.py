"""HTTP tasks: real requests, to this machine only, with what an EventBridge connection adds to them.

A simulation never calls the outside world: an endpoint must be on the loopback interface. The request takes no virtual time.
"""

import base64
import ipaddress
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import urllib3

from simulator.engine.failures import TaskFailure
from simulator.json_types import JsonValue

TIMEOUT_SECONDS = 60.0  # Step Functions' own
MAX_ANSWER_BYTES = 262_144
Connection = Callable[[str], Mapping[str, Any]]
_POOL = urllib3.PoolManager(retries=False)


def invoke(parameters: Mapping[str, Any], region: str, connection: Connection) -> JsonValue:
    """Make the request of an `http:invoke` task.

    `connection` gives the secret of an EventBridge connection by its ARN. Raises TaskFailure: `States.Http.StatusCode.NNN`
    for an answer that is no success, `States.Http.Socket` where none comes.
    """
    address = str(parameters.get("ApiEndpoint", ""))
    _require_loopback(address)
    asked = parameters.get("Authentication") or parameters.get("InvocationConfig") or {}
    secret = connection(str(asked.get("ConnectionArn", "")))
    added = secret.get("invocation_http_parameters", {})
    headers = {
        "User-Agent": f"Amazon|StepFunctions|HttpInvoke|{region}",
        "Range": f"bytes=0-{MAX_ANSWER_BYTES}",
        **_flat(parameters.get("Headers", {})),
        **_pairs(added.get("header_parameters", ()), "key"),
        **_authorization(secret),
    }
    query = [
        *_query(parameters.get("QueryParameters", {})),
        *_pairs(added.get("query_string_parameters", ()), "key").items(),
    ]
    body = _body(parameters, _pairs(added.get("body_parameters", ()), "key"), headers)
    if query:
        address += ("&" if urlsplit(address).query else "?") + urlencode(query)
    return _answer(_send(str(parameters.get("Method", "GET")), address, headers, body))


def _send(method: str, address: str, headers: Mapping[str, str], body: bytes | None) -> urllib3.BaseHTTPResponse:
    try:
        return _POOL.request(
            method, address, body=body, headers=headers, timeout=TIMEOUT_SECONDS, redirect=False, preload_content=True
        )
    except urllib3.exceptions.HTTPError as error:
        raise TaskFailure("States.Http.Socket", f"No answer from {address}: {error}") from error


def _answer(response: urllib3.BaseHTTPResponse) -> JsonValue:
    kind = response.headers.get("Content-Type", "")
    text = response.data.decode(errors="replace")
    content: JsonValue = text
    if "json" in kind:
        try:
            content = json.loads(text)
        except ValueError as error:
            raise TaskFailure("States.Runtime", "The answer says that it is JSON, and is not") from error
    given: dict[str, JsonValue] = {
        "Headers": {name.lower(): list(response.headers.getlist(name)) for name in response.headers},
        "ResponseBody": content,
        "StatusCode": response.status,
        "StatusText": response.reason or "",
    }
    if not 200 <= response.status < 300:
        raise TaskFailure(f"States.Http.StatusCode.{response.status}", json.dumps(given, separators=(",", ":")))
    return given


def _require_loopback(address: str) -> None:
    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        is_here = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_here = False
    if parts.scheme not in ("http", "https") or not is_here:
        message = f"{address} is not on this machine, and a simulation calls nothing else"
        raise TaskFailure("States.Http.Socket", message)


def _authorization(secret: Mapping[str, Any]) -> dict[str, str]:
    match secret:
        case {"username": name, "password": password}:
            return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}
        case {"api_key_name": name, "api_key_value": value}:
            return {name: value}
        case {"authorization_endpoint": endpoint, "http_method": method, "client_parameters": client}:
            return {"Authorization": f"Bearer {_token(endpoint, method, client)}"}
    return {}


def _token(endpoint: str, method: str, client: Mapping[str, str]) -> str:
    """An OAuth access token, for a client's own credentials."""
    _require_loopback(endpoint)
    form = {"grant_type": "client_credentials", "client_id": client["client_id"], "client_secret": client["client_secret"]}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = _send(method, endpoint, headers, urlencode(form).encode())
    try:
        return str(json.loads(response.data)["access_token"])
    except (ValueError, KeyError, TypeError) as error:
        raise TaskFailure("States.Http.Socket", f"{endpoint} gave no access token (status {response.status})") from error


def _body(parameters: Mapping[str, Any], added: Mapping[str, Any], headers: dict[str, str]) -> bytes | None:
    content = parameters.get("RequestBody")
    if added:
        content = {**(content if isinstance(content, Mapping) else {}), **added}
    if content is None:
        return None
    transform = parameters.get("Transform", {})
    if transform.get("RequestBodyEncoding") == "URL_ENCODED":
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        style = transform.get("RequestEncodingOptions", {}).get("ArrayFormat", "INDICES")
        return urlencode(_form(content, style)).encode()
    headers.setdefault("Content-Type", "application/json;charset=UTF-8")
    return (content if isinstance(content, str) else json.dumps(content, separators=(",", ":"))).encode()


def _form(content: Any, style: str) -> list[tuple[str, Any]]:
    """A flat form; a list is written in one of Step Functions' five ways."""
    pairs: list[tuple[str, Any]] = []
    for name, value in content.items():
        items = [_plain(item) for item in value] if isinstance(value, list) else None
        match style:
            case _ if items is None:
                pairs.append((name, _plain(value)))
            case "COMMAS":
                pairs.append((name, ",".join(items)))
            case "REPEAT":
                pairs += [(name, item) for item in items]
            case "BRACKETS":
                pairs += [(f"{name}[]", item) for item in items]
            case _:
                pairs += [(f"{name}[{index}]", item) for index, item in enumerate(items)]
    return pairs


def _query(query: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, _plain(item)) for name, value in query.items() for item in (value if isinstance(value, list) else [value])
    ]


def _flat(headers: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: ",".join(map(_plain, value)) if isinstance(value, list) else _plain(value) for name, value in headers.items()
    }


def _pairs(listed: Any, key: str) -> dict[str, str]:
    return {str(item[key]): _plain(item.get("value", "")) for item in listed}


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
