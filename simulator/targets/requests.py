"""HTTP requests as API Gateway hands them to a function, and what it makes of the function's answer."""

import json

from simulator.journal import Answered
from simulator.json_types import JsonObject, JsonValue


def proxy_event(method: str, path: str, body: JsonValue, account_id: str, epoch_ms: int) -> JsonObject:
    """The event that API Gateway (REST, proxy integration) hands to a function for a JSON request."""
    headers = {"Accept": "application/json", "Content-Type": "application/json", "Host": "api.simulated"}
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "accountId": account_id,
            "apiId": "simulated",
            "httpMethod": method,
            "identity": {
                "sourceIp": "192.0.2.1",
                "userAgent": "drsim",
                "userArn": f"arn:aws:iam::{account_id}:user/operator",
            },
            "path": f"/simulated{path}",
            "protocol": "HTTP/1.1",
            "requestId": "00000000-0000-4000-8000-000000000001",
            "requestTimeEpoch": epoch_ms,
            "resourcePath": path,
            "stage": "simulated",
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def answered(payload: JsonValue) -> Answered:
    """The HTTP answer that API Gateway makes of a function's; a function that fails is a 502."""
    if not isinstance(payload, dict) or not isinstance(payload.get("statusCode"), int):
        return Answered(502, {"message": "Internal server error"})
    body = payload.get("body")
    try:
        return Answered(payload["statusCode"], json.loads(body) if isinstance(body, str) and body else body)
    except ValueError:
        return Answered(payload["statusCode"], body)
