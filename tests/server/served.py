"""A server in a process of its own, as users run it, and clients for it."""

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

REGION = "us-west-2"
START = "2026-03-01T02:00:00Z"
START_SECONDS = 90  # a machine that runs many tests at once is slow to import moto
STOP_SECONDS = 30
WAIT_SECONDS = 60

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Served:
    """A running server."""

    def __init__(self, process: "subprocess.Popen[bytes]", url: str, errors: Any) -> None:
        self.process, self.url, self._errors = process, url, errors

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def client(self, service: str, region: str = REGION, key: str = "test", **config: Any) -> Any:
        settings = {"retries": {"total_max_attempts": 1}, "inject_host_prefix": False, "proxies": {}, **config}
        return boto3.Session(key, "simulated", region_name=region).client(
            service, endpoint_url=self.url, config=Config(**settings)
        )

    def admin(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer to a GET, or with a body to a POST, that must be granted."""
        status, _, text = self.http(
            "GET" if body is None else "POST", f"/_drsim/{path}", body=json.dumps(body or {}).encode()
        )
        assert status < 300, text
        return json.loads(text)

    def http(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> tuple[int, Mapping[str, str], bytes]:
        request = urllib.request.Request(self.url + path, body or None, dict(headers or {}), method=method)
        try:
            with _OPENER.open(request, timeout=60) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, dict(answer.headers), answer.read()

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait, asking again and again, for what is sure to come."""
        deadline = time.perf_counter() + WAIT_SECONDS
        while not holds():
            assert time.perf_counter() < deadline, f"it never came; the server says:\n{self.log()}"

    def until_waiting(self, requests: int) -> None:
        """Wait until so many requests are under way."""
        self.until(lambda: self.admin("health")["waiting"] == requests)

    def reset(self) -> None:
        self.admin("reset", {})

    def log(self) -> str:
        self._errors.seek(0)
        return str(self._errors.read().decode())

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask the server to stop; its exit code."""
        self.process.send_signal(number)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # so that it tells where it hangs
            self.process.wait(STOP_SECONDS)
            raise AssertionError(f"the server does not stop:\n{self.log()}") from None


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-X", "faulthandler", "-m", "simulator", "serve", *map(str, arguments)]


@contextmanager
def serving(*arguments: str | Path) -> Iterator[Served]:
    """A server on a free port; stopped, and then dead, when the context ends."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command("--port", "0", *arguments), stdout=subprocess.PIPE, stderr=errors)
        try:
            served = Served(process, _address(process, errors), errors)
            yield served
            if process.poll() is None:
                served.stop()
        finally:
            process.kill()
            process.wait(STOP_SECONDS)
            assert process.stdout is not None
            process.stdout.close()


def _address(process: "subprocess.Popen[bytes]", errors: Any) -> str:
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        line = os.read(process.stdout.fileno(), 4096).decode() if selector.select(START_SECONDS) else ""
    errors.seek(0)
    assert line.startswith("drsim serves at http://"), f"{line}\n{errors.read().decode()}"
    return line.split()[3]
