"""A fresh world over HTTP for each test."""

import pytest

from tests.server.served import Served


@pytest.fixture
def served(virtual_server: Served) -> Served:
    """A server with a fresh world."""
    virtual_server.reset()
    return virtual_server
