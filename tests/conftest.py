"""What tests of several parts need: one server for all that only need some server, one run of each shipped scenario."""

import gc
from collections.abc import Iterator

import pytest

from simulator.pytest_plugin import ScenarioTest
from tests.server.served import REGION, START, Served, serving
from tests.shared_runs import SHIPPED, SharedRuns, folder_of

collect_ignore_glob = ["*.yaml", "*.yml"]  # what tests read; the scenarios that are tests themselves are in scenarios/


@pytest.fixture(scope="session")
def virtual_server() -> Iterator[Served]:
    """A server in virtual mode, for the whole session; reset it before use."""
    with serving("--speed", "virtual", "--region", REGION, "--start", START) as served:
        yield served


@pytest.fixture(scope="session")
def shared_runs(pytestconfig: pytest.Config) -> SharedRuns:
    """What the shipped scenarios came to, each run once in this session."""
    return SharedRuns(folder_of(pytestconfig))


def pytest_configure() -> None:
    gc.set_threshold(100_000, 20, 50)  # as `drsim` does: hardly anything is garbage, and looking for it takes an eighth


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the shipped scenarios' own tests share their runs with the tests that look over all of them."""
    runs = SharedRuns(folder_of(config))
    for item in items:
        if isinstance(item, ScenarioTest) and item.path.is_relative_to(SHIPPED):
            item.run_seed = runs.run
