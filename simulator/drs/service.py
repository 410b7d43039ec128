"""The service's front door: requests in, answers out, with its rates, latencies and the check that it is initialised."""

from collections.abc import Callable, Mapping
from typing import Any

from simulator.clock import VirtualClock
from simulator.drs import recovery_operations as recovery
from simulator.drs import refusals
from simulator.drs import server_operations as servers
from simulator.drs.region import Region
from simulator.drs.settings import Settings
from simulator.drs.throttle import Throttle
from simulator.journal import Journal
from simulator.rng import Chance

Operation = Callable[[Region, Mapping[str, Any]], dict[str, Any]]

# Each operation, and the kind of request that it is: for request rates and latencies.
OPERATIONS: Mapping[str, tuple[str, Operation]] = {
    "DeleteJob": ("write", recovery.delete_job),
    "DescribeJobLogItems": ("read", recovery.describe_job_log_items),
    "DescribeJobs": ("read", recovery.describe_jobs),
    "DescribeRecoveryInstances": ("read", servers.describe_recovery_instances),
    "DescribeSourceServers": ("read", servers.describe_source_servers),
    "GetLaunchConfiguration": ("read", servers.get_launch_configuration),
    "InitializeService": ("write", servers.initialize_service),
    "ListTagsForResource": ("read", servers.list_tags_for_resource),
    "StartRecovery": ("recover", recovery.start_recovery),
    "TagResource": ("write", servers.tag_resource),
    "TerminateRecoveryInstances": ("recover", recovery.terminate_recovery_instances),
    "UntagResource": ("write", servers.untag_resource),
    "UpdateLaunchConfiguration": ("write", servers.update_launch_configuration),
}
# What an account where DRS is not set up may still call.
ALWAYS_ALLOWED = frozenset({"InitializeService", "ListTagsForResource", "TagResource", "UntagResource"})


class DrsService:
    """DRS in every account and Region of a world."""

    def __init__(self, clock: VirtualClock, chance: Chance, journal: Journal, settings: Settings | None = None) -> None:
        self._clock, self._chance, self._journal = clock, chance, journal
        self._settings = settings or Settings()
        self._regions: dict[tuple[str, str], tuple[Region, Throttle]] = {}
        self._calls: dict[str, int] = {}

    def region(self, account_id: str, region: str) -> Region:
        """The service in one account and Region."""
        return self._at(account_id, region)[0]

    def call(self, account_id: str, region: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a request whose shape has been checked; takes virtual time if a process asks.

        Raises ServiceError for every refusal.
        """
        kind, answer = OPERATIONS.get(operation) or _refuse(operation)
        state, throttle = self._at(account_id, region)
        if not throttle.admits(kind, self._clock.now_ms):
            raise refusals.throttled()
        self._take_time(operation, kind)
        if not state.is_initialized and operation not in ALWAYS_ALLOWED:
            raise refusals.uninitialized()
        return answer(state, request)

    def _at(self, account_id: str, region: str) -> tuple[Region, Throttle]:
        if (account_id, region) not in self._regions:
            state = Region(account_id, region, self._clock, self._chance, self._journal, self._settings)
            self._regions[account_id, region] = (state, Throttle(self._settings.rates))
        return self._regions[account_id, region]

    def _take_time(self, operation: str, kind: str) -> None:
        number = self._calls[operation] = self._calls.get(operation, 0) + 1
        if self._clock.in_process:
            latency = self._settings.read_latency if kind == "read" else self._settings.write_latency
            quantile = self._chance.stream("drs.api", f"{operation}#{number}").uniform()
            self._clock.sleep_ms(round(latency.at(quantile) * 1000))


def _refuse(operation: str) -> tuple[str, Operation]:
    raise refusals.unknown_operation(operation)
