"""Makes the interpreter that moto and LocalStack share wait shorter, and call a world instead of its own account.

It runs inside the engine's process, with nothing of drsim beside it: LocalStack executes this very file as an init script.
Its settings are environment variables: DRSIM_WORLD is the world's address, DRSIM_SPEED how many times shorter every wait is.
"""

import os
import sys
import threading
import time
from importlib import import_module
from typing import Any

MOTO, LOCALSTACK = "moto.stepfunctions.parser.asl", "localstack.services.stepfunctions.asl"
RESET = "/_localstack/drsim/reset"
_WAIT_FUNCTION = {
    MOTO: "component.state.wait.wait_function.wait_function",
    LOCALSTACK: "component.state.state_wait.wait_function.wait_function",
}


def shorten(interpreter: str, speed: float) -> None:
    """Divide whatever the interpreter waits by the speed: Wait states, retries, timeouts, heartbeats, polls of `.sync`.

    As all of them are divided, what is due first in real time is still due first.
    """
    wait_function = import_module(f"{interpreter}.{_WAIT_FUNCTION[interpreter]}").WaitFunction
    wait, sleep = threading.Event.wait, time.sleep  # noqa: TID251  the engine's, not ours

    def is_meant() -> bool:
        return str(sys._getframe(2).f_globals.get("__name__", "")).startswith(interpreter)

    def shorter_wait(event: threading.Event, timeout: float | None = None) -> bool:
        return wait(event, timeout / speed if timeout is not None and is_meant() else timeout)

    def shorter_sleep(seconds: float) -> None:
        sleep(seconds / speed if is_meant() else seconds)

    def wait_interval(_function: Any, env: Any, wait_seconds: float) -> None:
        # The interpreter's own looks at the wall clock afterwards, and would begin the wait again.
        if wait_seconds > 0:
            wait(env.program_state_event, wait_seconds / speed)

    threading.Event.wait = shorter_wait  # type: ignore[assignment, method-assign]
    time.sleep = shorter_sleep  # type: ignore[assignment]  # noqa: TID251
    wait_function._wait_interval = wait_interval


def call_world(world: str) -> None:
    """Let the integrations of LocalStack's interpreter call a world's services. moto's need only a port in MOTO_PORT."""
    boto_client = import_module(f"{LOCALSTACK}.utils.boto_client")
    boto_client.connect_to = _Connect(world)  # type: ignore[attr-defined]


class _Connect:
    """LocalStack's way to its own services, leading out of it."""

    def __init__(self, world: str) -> None:
        self._world = world

    def with_assumed_role(self, *, region_name: str, config: Any, **_: Any) -> "_Clients":
        return _Clients(self._world, region_name, config)


class _Clients:
    def __init__(self, world: str, region: str, config: Any) -> None:
        self._world, self._region, self._config = world, region, config

    def get_client(self, service: str) -> Any:
        boto3: Any = import_module("boto3")
        keys = {"aws_access_key_id": "engine", "aws_secret_access_key": "engine"}
        return boto3.client(service, self._region, endpoint_url=self._world, config=self._config, **keys)


def let_forget() -> None:
    """Let a POST to RESET make LocalStack forget its state machines and executions; it has nothing of its own for that."""
    stores = import_module("localstack.services.stepfunctions.backend.store").sfn_stores
    apis = import_module("localstack.services.internal").get_internal_apis()
    apis.add(RESET, lambda _request: stores.reset(), methods=["POST"])


def _as_init_script() -> None:
    """What LocalStack executes: whatever the environment asks for."""
    shorten(LOCALSTACK, float(os.environ.get("DRSIM_SPEED", "1")))
    call_world(os.environ["DRSIM_WORLD"])
    let_forget()


if __name__ == "builtins":  # LocalStack executes init scripts without a name of their own
    _as_init_script()
