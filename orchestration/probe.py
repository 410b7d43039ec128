"""The probe function: asks an address over HTTP, from a network that it can be reached from.

An event is `{"url", "status"?: 200, "contains"?: "text"}`, the answer `{"isHealthy", "reason"}`.
"""

from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from orchestration.logs import about, logger

TIMEOUT_SECONDS = 10
MAX_BODY_BYTES = 1_000_000
Answer = dict[str, Any]


class _AsItIs(HTTPRedirectHandler):
    """Follows no redirect: a login page elsewhere is not what was asked for."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """No request follows."""


def judged(status: int, body: str, expected: Mapping[str, Any]) -> Answer:
    """Whether an answer is what is expected. Pure."""
    wanted, text = expected.get("status", 200), expected.get("contains", "")
    if status != wanted:
        return {"isHealthy": False, "reason": f"it answers {status}, not {wanted}"}
    if text not in body:
        return {"isHealthy": False, "reason": f"its answer does not contain {text!r}"}
    return {"isHealthy": True, "reason": f"it answers {status}"}


def handler(event: Mapping[str, Any], context: Any) -> Answer:
    """Lambda's entry point. What cannot be reached is not healthy; nothing is raised for that."""
    about(None)
    try:
        answer = judged(*_asked(event["url"]), event)
    except (OSError, HTTPException, ValueError) as error:
        answer = {"isHealthy": False, "reason": f"it cannot be reached: {error}"}
    logger.info("probed", result=answer)
    return answer


def _asked(url: str) -> tuple[int, str]:
    try:
        with build_opener(_AsItIs).open(
            Request(url, headers={"User-Agent": "recovery-probe"}), timeout=TIMEOUT_SECONDS
        ) as answer:
            return answer.status, answer.read(MAX_BODY_BYTES).decode(errors="replace")
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read(MAX_BODY_BYTES).decode(errors="replace")
