"""What tests of several parts need: one server for all that only need some server."""

from collections.abc import Iterator

import pytest

from tests.server.served import REGION, START, Served, serving

collect_ignore_glob = ["*.yaml", "*.yml"]  # what tests read; the scenarios that are tests themselves are in scenarios/


@pytest.fixture(scope="session")
def virtual_server() -> Iterator[Served]:
    """A server in virtual mode, for the whole session; reset it before use."""
    with serving("--speed", "virtual", "--region", REGION, "--start", START) as served:
        yield served
