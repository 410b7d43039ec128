"""The service's front door: requests in, answers out, with its rates, latencies and the check that it is set up."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from simulator.clock import VirtualClock
from simulator.drs import background, refusals, reversal
from simulator.drs.action_runner import ActionRunner
from simulator.drs.happenings import Observer
from simulator.drs.operations.table import OPERATIONS, Entry
from simulator.drs.region import Region
from simulator.drs.settings import Settings
from simulator.drs.state import RegionState
from simulator.drs.throttle import Throttle
from simulator.errors import ServiceError
from simulator.journal import Journal
from simulator.rng import Chance


class DrsService:
    """DRS in every account and Region of a world."""

    def __init__(self, clock: VirtualClock, chance: Chance, journal: Journal, settings: Settings | None = None) -> None:
        self._clock, self._chance, self._journal = clock, chance, journal
        self._settings = settings or Settings()
        self._regions: dict[tuple[str, str], tuple[Region, Throttle]] = {}
        self._observers: list[Observer] = [partial(reversal.follow, self._reach)]
        self._calls: dict[str, int] = {}
        self._runner: ActionRunner | None = None

    @property
    def operations(self) -> tuple[str, ...]:
        """The names of the operations that `call` answers."""
        return tuple(OPERATIONS)

    def region(self, account_id: str, region: str) -> Region:
        """The service in one account and Region, to set the stage and to break things."""
        return self._at(account_id, region)[0]

    @property
    def regions(self) -> tuple[Region, ...]:
        """The service wherever somebody has asked for it so far."""
        return tuple(region for region, _ in self._regions.values())

    def subscribe(self, observer: Observer) -> None:
        """Call `observer` with everything that happens from now on, as it happens; it must not wait."""
        self._observers.append(observer)

    def run_actions_with(self, runner: ActionRunner) -> None:
        """Let launch actions be run by `runner`, an account's Systems Manager, in every account and Region."""
        self._runner = runner
        for region, _ in self._regions.values():
            region.state.action_runner = runner

    def call(self, account_id: str, region: str, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer a request whose shape has been checked; takes virtual time if a process asks.

        Raises ServiceError for every refusal.
        """
        try:
            return self._answer(account_id, region, operation, request)
        except ServiceError as error:
            code = self._settings.error_codes.get(error.code)
            if code is None:
                raise
            raise replace(error, members={"code": code, **error.members}) from None

    def _answer(self, account_id: str, region: str, operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        entry = OPERATIONS.get(operation)
        if entry is None:
            raise refusals.unknown_operation(operation)
        at, throttle = self._at(account_id, region)
        if not throttle.admits(entry.kind, self._clock.now_ms):
            raise refusals.throttled()
        call = self._numbered(f"{account_id}/{region}/{operation}")
        self._take_time(call, entry)
        background.refuse(self._settings, self._chance, call)
        if entry.needs_setup and not at.state.is_initialized:
            raise refusals.uninitialized()
        return entry.answer(at.state, request)

    def _at(self, account_id: str, region: str) -> tuple[Region, Throttle]:
        if (account_id, region) not in self._regions:
            state = RegionState(
                account_id, region, self._clock, self._chance, self._journal, self._settings, self._observers, self._reach
            )
            state.action_runner = self._runner
            self._regions[account_id, region] = (Region(state), Throttle(self._settings.rates))
        return self._regions[account_id, region]

    def _reach(self, account_id: str, region: str) -> RegionState:
        return self._at(account_id, region)[0].state

    def _numbered(self, target: str) -> str:
        """What names a call in draws: the `n`th call of an operation always has the same luck, whoever else calls what."""
        number = self._calls[target] = self._calls.get(target, 0) + 1
        return f"{target}#{number}"

    def _take_time(self, call: str, entry: Entry) -> None:
        """Let the call's latency pass."""
        if self._clock.in_process:
            latency = self._settings.read_latency if entry.kind == "read" else self._settings.write_latency
            luck = self._chance.stream("drs.api", call).normal(0, 1)
            self._clock.sleep_ms(round(latency.at(luck) * 1000))
