"""A simulated AWS account for tests written in Python: servers, functions, boto3 clients, and time that the test moves."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from simulator.account import moto_services
from simulator.account.fault_arms import Occurrence
from simulator.account.functions import Function
from simulator.account.invocations import Invocation
from simulator.account.known_faults import inject
from simulator.account.sandbox import Code
from simulator.account.world import ACCOUNT_ID, World
from simulator.drs.settings import Settings
from simulator.errors import HorizonReached
from simulator.journal import Journal
from simulator.json_types import JsonValue
from simulator.scenario.durations import parse_duration_ms
from simulator.scenario.model import DEFAULT_START

DAY_MS = 86_400_000
T = TypeVar("T")


class DrsWorld:
    """An account with DRS, and the rest of AWS through moto, on a virtual clock. Made by `drs_world`, or the fixture.

    While it is there, every boto3 client of the process talks to it, and `datetime.now` and `time.time` are its own. Calls
    that a test makes itself are answered at once; what runs in `run` or `invoke` takes virtual time, as in AWS.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._home = world.drs.region(ACCOUNT_ID, world.region)
        self._home.initialize()
        self._faults = 0
        world.account.is_recording = True

    @property
    def journal(self) -> Journal:
        """Everything that has happened so far; `journal.of(ApiCall)` gives (at_ms, event) of one kind."""
        return self._world.journal

    @property
    def now(self) -> datetime:
        """The virtual instant, in UTC."""
        return self._world.clock.now()

    @property
    def region(self) -> str:
        """The Region of the account's clients."""
        return self._world.region

    def add_server(
        self, name: str, *, tags: Mapping[str, str] | None = None, profile: str = "linux-direct", state: str = "CONTINUOUS"
    ) -> str:
        """A source server that has been replicating for a week, in a replication `state` of DRS; its sourceServerID.

        Raises ValueError for a name that is taken, or a profile or state that does not exist.
        """
        return self._home.add_source_server(name, profile=profile, tags=tags or {}, replication_state=state).id

    def client(self, service: str) -> Any:
        """A boto3 client of the account, such as `client("drs")`. It does not retry, so that a test sees every answer."""
        return moto_services.client(service, self._world.region, ACCOUNT_ID)

    def inject(
        self,
        known: str,
        server: str | None = None,
        *,
        after: str = "0s",
        lasting: str | None = None,
        times: int | None = None,
    ) -> None:
        """Let something happen that is known to go wrong with DRS: `inject("no-capacity", "db-01", times=1)`.

        The names are those of `known:` in scenarios. It begins `after` a duration from now and lasts for one (None: for
        good), or happens so many times (None: always). Raises ValueError for a name or a server that does not exist, a
        server that is missing where one is needed, or a duration that is none.
        """
        self._faults += 1
        from_ms = self._world.clock.now_ms + parse_duration_ms(after)
        for_ms = None if lasting is None else parse_duration_ms(lasting)
        inject(self._world, known, Occurrence(f"{known}-{self._faults}", server, from_ms, for_ms, times))

    def deploy(
        self,
        name: str,
        code: str | os.PathLike[str],
        *,
        environment: Mapping[str, str] | None = None,
        timeout: str = "60s",
        memory_mib: int = 256,
    ) -> str:
        """A Lambda function whose code is `path/to/file.py:handler`, a path from the working folder; its ARN.

        Raises UserError if the code cannot be imported.
        """
        path, _, attribute = os.fspath(code).rpartition(":")
        handler = Code(Path(path).absolute(), attribute)
        function = Function(name, handler, environment or {}, parse_duration_ms(timeout), memory_mib)
        arn = self._world.functions.deploy(function)
        self._world.functions.load_all()
        return arn

    def invoke(self, function: str, event: JsonValue) -> Invocation:
        """Invoke a deployed function and let time pass until it has ended.

        `Invocation.payload` is what it returned; where it failed, `error_type` and `error_message` say how.
        """
        return self.run(lambda: self._world.functions.invoke(function, event))

    def run(self, work: Callable[[], T]) -> T:
        """Call `work`, and let time pass until it has returned; what it returns. Its `time.sleep` is the world's.

        Raises what `work` raises, and HorizonReached if that takes more than a virtual day.
        """
        clock = self._world.clock
        until_ms = clock.now_ms + DAY_MS
        process = clock.spawn("test", work, supervised=True)
        while not process.ended.is_set:
            due_ms = clock.next_ms
            if due_ms is None or due_ms > until_ms:
                raise HorizonReached("what the test runs had not ended after a virtual day")
            clock.run_until(due_ms)
        if process.error is not None:
            raise process.error
        value: T = process.value
        return value

    def wait(self, duration: str) -> None:
        """Let time pass, `10m` for instance, with all that happens meanwhile. Raises ValueError for other durations."""
        clock = self._world.clock
        clock.run_until(clock.now_ms + parse_duration_ms(duration))


@contextmanager
def drs_world(*, seed: int = 1, region: str = "us-east-1", start: datetime = DEFAULT_START) -> Iterator[DrsWorld]:
    """An empty account for as long as the context lasts. Raises RuntimeError inside of another one."""
    world = World(seed, start, region, Settings())
    with world.installed():
        yield DrsWorld(world)
