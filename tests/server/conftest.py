"""One server for the tests that only need some server."""

from collections.abc import Iterator

import pytest

from tests.server.served import REGION, START, Served, serving


@pytest.fixture(scope="session")
def virtual_server() -> Iterator[Served]:
    """A server in virtual mode, for the whole session."""
    with serving("--speed", "virtual", "--region", REGION, "--start", START) as served:
        yield served


@pytest.fixture
def served(virtual_server: Served) -> Served:
    """That server with a fresh world."""
    virtual_server.reset()
    return virtual_server
