"""Invoke: synchronous, asynchronous with its retries, and dry runs."""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from simulator.account.account import CALLER
from simulator.account.functions import Function, Functions
from simulator.account.invocations import Invocation
from simulator.account.lambdas.records import Asked, Operation, Records, named
from simulator.account.qualifiers import refused
from simulator.account.sandbox import Sandbox
from simulator.clock import VirtualClock
from simulator.errors import ServiceError
from simulator.json_types import JsonValue

MAX_RETRIES = 2  # of an asynchronous invocation that fails, unless the function is configured otherwise
MAX_ROUNDS = 16  # so often a function may be invoked in one chain of invocations; Lambda stops recursive loops then
_LOOP = f"Lambda stops a recursive loop: the function was invoked {MAX_ROUNDS} times in one chain of requests"
_FIRST_RETRY_MS = 60_000  # the second one waits twice as long


class Invoking:
    """Invokes the functions of one account and Region."""

    def __init__(self, clock: VirtualClock, records: Records) -> None:
        self._clock, self._records = clock, records
        self._functions: Functions = records.functions
        self.operations: Mapping[str, Operation] = {"Invoke": self._invoke}

    def _invoke(self, asked: Asked) -> Mapping[str, Any]:
        function = self._records.find(asked)
        name, qualifier = named(asked)
        target = f"{name}:{qualifier}" if qualifier else name
        self._check_caller(function, target)
        payload = _payload(asked.get("Payload"))
        chain = _with(function.name, Sandbox.current.chain if Sandbox.current else {})
        is_loop = chain[function.name] > MAX_ROUNDS and self._records.about(function.name).recursive_loop == "Terminate"
        match asked.get("InvocationType", "RequestResponse"):
            case "DryRun":
                return {"StatusCode": 204, "Payload": b""}
            case "Event":
                if is_loop:
                    self._functions.note(function.name, f"drsim: {_LOOP}")
                else:
                    self._clock.spawn(f"{function.name} event", lambda: self._deliver(target, payload, chain))
                return {"StatusCode": 202, "Payload": b""}
            case _ if is_loop:
                raise refused("RecursiveInvocationException", _LOOP)
            case _:
                return _answer(self._functions.invoke(target, payload, chain), asked.get("LogType") == "Tail")

    def _deliver(self, target: str, payload: JsonValue, chain: Mapping[str, int]) -> None:
        """An asynchronous invocation to its end: one that fails is tried again after a minute, and after two more."""
        name, _, qualifier = target.partition(":")
        for attempt in range(1, MAX_RETRIES + 2):
            try:
                if self._functions.invoke(target, payload, chain).error_type is None:
                    return
            except ServiceError:  # throttled, or deleted by now
                pass
            settings = self._records.about(name).event_invokes.get(qualifier or "$LATEST", {})
            if attempt > settings.get("MaximumRetryAttempts", MAX_RETRIES):
                return
            self._clock.sleep_ms(_FIRST_RETRY_MS * attempt)

    def _check_caller(self, function: Function, target: str) -> None:
        """A rule of EventBridge needs a permission from the function itself."""
        caller = re.fullmatch("events:(.+)", CALLER.get())
        if caller is None or not function.is_guarded:
            return
        rule = f"arn:aws:events:{self._functions.region}:{self._functions.account_id}:rule/{caller[1]}"
        if not self._records.policies.let_in(target, "events.amazonaws.com", rule):
            arn = self._functions.arn(target)
            message = f"{rule} is not authorized to perform: lambda:InvokeFunction on resource: {arn}"
            raise ServiceError("AccessDeniedException", message, 403)


def _with(function: str, chain: Mapping[str, int]) -> Mapping[str, int]:
    """The chain with one more invocation."""
    return {**chain, function: chain.get(function, 0) + 1}


def _answer(invocation: Invocation, with_log: bool) -> dict[str, Any]:
    payload = json.dumps(invocation.payload).encode()
    answer: dict[str, Any] = {"StatusCode": 200, "ExecutedVersion": invocation.version, "Payload": payload}
    if with_log:
        answer["LogResult"] = base64.b64encode(invocation.log.encode()).decode()
    return answer | ({"FunctionError": "Unhandled"} if invocation.error_type else {})


def _payload(sent: Any) -> Any:
    if not sent:
        return {}
    try:
        return json.loads(sent if isinstance(sent, bytes) else base64.b64decode(sent))
    except (ValueError, RecursionError) as error:
        message = f"Could not parse request body into json: {error}"
        raise refused("InvalidRequestContentException", message) from error
