"""Every test that has a world with nothing but DRS in it goes both ways through boto3: in process and over HTTP."""

from collections.abc import Iterator

import pytest

from tests.drs import door
from tests.drs.world import World


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen = any(mark.args[0] == "_way" for mark in metafunc.definition.iter_markers("parametrize"))
    chosen = chosen or "aws" in metafunc.fixturenames  # a whole account, which boto3 meets by itself
    if not chosen and any(isinstance(value, type) and issubclass(value, World) for value in vars(metafunc.module).values()):
        metafunc.parametrize("_way", ["in process", "over HTTP"], indirect=True)


@pytest.fixture(autouse=True)
def _way(request: pytest.FixtureRequest) -> Iterator[None]:
    with door.going(getattr(request, "param", "straight")):
        yield
