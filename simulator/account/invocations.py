"""How invocations of functions end."""

from dataclasses import dataclass

from simulator.json_types import JsonValue


@dataclass(frozen=True, slots=True)
class Invocation:
    """How an invocation ended: `payload` is what it returned or, with `error_type` set, AWS's error document.

    `log` is the end of its log, `version` the version of the function that ran.
    """

    payload: JsonValue
    error_type: str | None = None
    error_message: str | None = None
    log: str = ""
    version: str = "$LATEST"


def failed(error_type: str, message: str, request_id: str, stack: list[str] | None = None) -> Invocation:
    """An invocation that failed, with Lambda's error document."""
    payload: dict[str, JsonValue] = {"errorMessage": message, "errorType": error_type, "requestId": request_id}
    if stack is not None:
        payload["stackTrace"] = stack
    return Invocation(payload, error_type, message)


class Computes(BaseException):
    """Raised in a handler that computes for ever. Not an Exception: handlers must not be able to carry on."""

    def __init__(self) -> None:
        super().__init__("the handler computes for ever")
