"""The probe function over HTTP, on this machine."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from orchestration.probe import handler, judged
from tests.orchestration.conftest import CONTEXT


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status = int(self.path.strip("/"))
        self.send_response(status)
        self.send_header("Location", "/200")
        self.end_headers()
        self.wfile.write(b"all is well")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Site)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "expected", "is_healthy", "reason"),
    [
        ("/200", {}, True, "it answers 200"),
        ("/200", {"contains": "well"}, True, "it answers 200"),
        ("/200", {"contains": "ill"}, False, "its answer does not contain 'ill'"),
        ("/503", {}, False, "it answers 503, not 200"),
        ("/302", {}, False, "it answers 302, not 200"),
        ("/302", {"status": 302}, True, "it answers 302"),
    ],
)
def test_an_address_is_healthy_if_it_answers_as_expected(
    site: str, path: str, expected: dict[str, Any], is_healthy: bool, reason: str
) -> None:
    assert handler({"url": site + path, **expected}, CONTEXT) == {"isHealthy": is_healthy, "reason": reason}


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://[::bad"])
def test_what_cannot_be_reached_is_not_healthy(url: str) -> None:
    answer = handler({"url": url}, CONTEXT)
    assert (answer["isHealthy"], answer["reason"].split(":")[0]) == (False, "it cannot be reached")


def test_the_status_counts_before_the_text() -> None:
    assert judged(500, "ok", {"contains": "ok"}) == {"isHealthy": False, "reason": "it answers 500, not 200"}
