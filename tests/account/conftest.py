"""A world with two functions and a table, for the tests of the account."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from simulator.account import moto_services
from simulator.account.functions import Function
from simulator.account.invocations import Invocation
from simulator.account.sandbox import Code
from simulator.account.world import ACCOUNT_ID, World
from simulator.drs.settings import Settings

FUNCTIONS = Path(__file__).parent / "functions"


@dataclass
class Stage:
    """A world to act in: `invoke` runs one invocation to its end, `run` any process."""

    world: World

    def invoke(self, do: str, **event: Any) -> Invocation:
        (invocation,) = self.run(lambda: self.world.functions.invoke("one", {"do": do, **event}))
        assert isinstance(invocation, Invocation)
        return invocation

    def run(self, *processes: Callable[[], Any]) -> list[Any]:
        started = [self.world.clock.spawn(f"test {index}", process) for index, process in enumerate(processes)]
        self.world.clock.run()
        return [process.value for process in started]


@contextmanager
def stage(seed: int = 1) -> Iterator[Stage]:
    world = World(seed, datetime(2026, 3, 1, 2, tzinfo=UTC), "us-east-1", Settings())
    with world.installed():
        moto_services.client("dynamodb", "us-east-1", ACCOUNT_ID).create_table(
            TableName="records",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        world.functions.deploy(Function("one", Code(FUNCTIONS / "one/index.py", "handler"), {"MODE": "test"}, 60_000, 256))
        world.functions.deploy(Function("two", Code(FUNCTIONS / "two/index.py", "handler")))
        world.functions.load_all()
        world.account.is_recording = True
        yield Stage(world)


@pytest.fixture
def staged() -> Iterator[Stage]:
    with stage() as ready:
        yield ready
