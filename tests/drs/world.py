"""A world with nothing but DRS in it, for the tests of the service."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from simulator.clock import VirtualClock
from simulator.drs.faults import ServerFault
from simulator.drs.model import SourceServer
from simulator.drs.service import DrsService
from simulator.drs.settings import PROFILES, Distribution, Profile, Settings
from simulator.errors import HorizonReached, ServiceError
from simulator.journal import Journal
from simulator.rng import Chance
from tests.drs import door
from tests.drs.shapes import assert_fits

ACCOUNT = "123456789012"
REGION = "us-west-2"
START = datetime(2026, 3, 1, 2, tzinfo=UTC)
NO_LAG = Distribution(0)
HOUR = 3600.0

# Every latency a constant: what a two-server drill of Linux machines was once seen to take.
PINNED = Profile(
    pending=Distribution(0.357),
    cleanup=Distribution(75),
    snapshot=Distribution(0.19),
    queue=Distribution(52),
    conversion=Distribution(197.5),
    launch=Distribution(278),
    boot=Distribution(45),
    finish=Distribution(2.8),
    terminate=Distribution(150),
)


def pinned(**changes: Any) -> Settings:
    """Settings without luck: latencies pinned, nothing unseen, nothing throttled, calls that take no time."""
    given: dict[str, Any] = {
        "profiles": {**PROFILES, "linux-direct": PINNED},
        "log_lag": NO_LAG,
        "instance_lag": NO_LAG,
        "read_latency": NO_LAG,
        "write_latency": NO_LAG,
        "rates": None,
    }
    return Settings(**{**given, **changes})


class World:
    """One account and Region, initialised. `call` answers at once, by the way that tests go, what the model allows."""

    def __init__(self, settings: Settings | None = None, seed: int = 1) -> None:
        self.clock = VirtualClock(START)
        self.journal = Journal(lambda: self.clock.now_ms)
        self.service = DrsService(self.clock, Chance(seed), self.journal, settings or pinned())
        self._front = door.front(self.service, self.clock, self.journal)
        self.region = self.service.region(ACCOUNT, REGION)
        self.region.initialize()

    def add(self, *names: str, **options: Any) -> list[SourceServer]:
        return [self.region.add_source_server(name, **options) for name in names]

    def inject(self, server: str, phase: str, outcome: str, **more: Any) -> None:
        self.region.inject(ServerFault("a-fault", server, phase, outcome, **more))

    def call(self, operation: str, **request: Any) -> Any:
        return self.ask(ACCOUNT, REGION, operation, request)

    def ask(self, account_id: str, region: str, operation: str, request: Mapping[str, Any]) -> Any:
        """The answer to a call in some account and Region. Raises ServiceError."""
        answer = door.ask(self._front, account_id, region, operation, request)
        assert_fits(operation, answer)
        return answer

    def refusal(self, operation: str, **request: Any) -> ServiceError:
        """The error that a call is answered with."""
        try:
            answer = self.call(operation, **request)
        except ServiceError as error:
            return error
        raise AssertionError(f"{operation} was granted: {answer}")

    def start(self, *servers: SourceServer, **more: Any) -> str:
        """Start the recovery of servers; the job's id."""
        asked = [{"sourceServerID": server.id} for server in servers]
        job_id: str = self.call("StartRecovery", sourceServers=asked, **more)["job"]["jobID"]
        return job_id

    def pass_seconds(self, seconds: float) -> None:
        """Let virtual time pass."""
        until_ms = self.clock.now_ms + round(seconds * 1000)
        self.clock.call_at(until_ms, lambda: None)
        with suppress(HorizonReached):
            self.clock.run(until_ms)

    def moments(self, seconds: float) -> Iterator[None]:
        """Let virtual time pass from one thing that happens to the next, to look after each: no state changes in between."""
        until_ms = self.clock.now_ms + round(seconds * 1000)
        while (due_ms := self.clock.next_ms) is not None and due_ms <= until_ms:
            self.clock.run_until(due_ms)
            yield
        self.clock.run_until(until_ms)
        yield

    def recover(self, *servers: SourceServer, **more: Any) -> Any:
        """Start the recovery of servers and let an hour pass; the job then."""
        job_id = self.start(*servers, **more)
        self.pass_seconds(HOUR)
        return self.job(job_id)

    def job(self, job_id: str) -> Any:
        (job,) = self.call("DescribeJobs", filters={"jobIDs": [job_id]})["items"]
        return job

    def statuses(self, job: Mapping[str, Any]) -> dict[str, str]:
        """The launchStatus of each server in a job, by name."""
        return {self.name(one["sourceServerID"]): one["launchStatus"] for one in job["participatingServers"]}

    def name(self, server_id: str) -> str:
        return self.region.state.servers[server_id].name

    def log(self, job_id: str) -> list[Any]:
        items: list[Any] = self.call("DescribeJobLogItems", jobID=job_id, maxResults=10_000)["items"]
        return items

    def trace(self, job_id: str) -> list[str]:
        """A job's log in short: `SNAPSHOT_START db-1`."""
        return [f"{item['event']} {self._who(item)}".strip() for item in self.log(job_id)]

    def offsets(self, job_id: str) -> list[tuple[float, str]]:
        """A job's log in short, with the seconds since the job's creation."""
        created = datetime.fromisoformat(self.job(job_id)["creationDateTime"])
        times = [datetime.fromisoformat(item["logDateTime"]) - created for item in self.log(job_id)]
        return [(time.total_seconds(), text) for time, text in zip(times, self.trace(job_id), strict=True)]

    def events(self, *kinds: str) -> Sequence[Any]:
        """The journal's events of some kinds, in order."""
        return [entry.event for entry in self.journal if entry.event.kind in kinds]

    def instances(self, **filters: Any) -> list[Any]:
        items: list[Any] = self.call("DescribeRecoveryInstances", filters=filters)["items"]
        return items

    def server(self, server: SourceServer) -> Any:
        """A source server as the API shows it."""
        (shown,) = self.call("DescribeSourceServers", filters={"sourceServerIDs": [server.id]})["items"]
        return shown

    def _who(self, item: Mapping[str, Any]) -> str:
        server = item["eventData"].get("sourceServerID")
        return "" if server is None else self.name(server)
