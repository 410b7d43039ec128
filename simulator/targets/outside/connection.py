"""Step Functions requests over HTTP, to an engine that is not ours. boto3 cannot be used for it: in a world, that is ours.

Requests carry a credential scope, by which engines tell the account and the Region, and no signature worth the name.
"""

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from simulator.errors import Problem, ServiceError, UserError

TIMEOUT_SECONDS = 60.0
_SCOPE = "AWS4-HMAC-SHA256 Credential={account}/20260301/{region}/states/aws4_request, SignedHeaders=host, Signature=0"


class Connection:
    """The Step Functions API at `url`, as an account in a Region."""

    def __init__(self, url: str, account_id: str, region: str, what: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise UserError([Problem(url, f"expected the address of {what}, such as http://localhost:8083")])
        self.url, self._what = url, what
        self._place = parts.hostname, parts.port or 80
        self._headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": _SCOPE.format(account=account_id, region=region),
        }

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to an operation. Raises ServiceError as the engine refuses it, UserError if nobody answers."""
        headers = {**self._headers, "X-Amz-Target": f"AWSStepFunctions.{operation}"}
        status, text = self.send("POST", "/", json.dumps(parameters).encode(), headers)
        try:
            answer = json.loads(text or b"{}")
        except ValueError:
            answer = {"message": text[:300].decode(errors="replace")}
        if status >= 300:
            code = str(answer.get("__type") or answer.get("code") or status).split("#")[-1]
            raise ServiceError(code, str(answer.get("message") or answer.get("Message") or ""), status)
        return dict(answer)

    def send(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Any request. Raises UserError if nobody answers."""
        connection = http.client.HTTPConnection(*self._place, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise UserError([Problem(self.url, f"{self._what} does not answer here: {error}", "is it up?")]) from error
        finally:
            connection.close()
