"""Health in a scenario's world: the alarms and addresses that its plan asks about, red until their waves have come up."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from simulator.account import moto_services
from simulator.account.world import ACCOUNT_ID, World
from simulator.journal import FaultFired, HealthChanged, LaunchStatusChanged
from simulator.scenario.latency import Latency
from simulator.scenario.model import Scenario
from simulator.targets.occurrences import Cast

GREEN_MS = 60_000  # after a wave's last launch, where the scenario says nothing else


class Signal:
    """An alarm or an address: green once the wave that is judged by it is up, and no fault makes it red."""

    def __init__(self, world: World, name: str, place: tuple[str, str]) -> None:
        self._world, self.name, self._place = world, name, place
        self._is_up, self._faults, self._launches = False, 0, 0
        if _is_address(name):
            world.sites.add(name, lambda: (200, "OK") if self.is_green else (503, "Service Unavailable"))
        else:
            self._make_alarm()

    @property
    def is_green(self) -> bool:
        """Whether the wave is up, and no fault says otherwise."""
        return self._is_up and not self._faults

    def launched(self, takes_ms: int) -> None:
        """A server of its wave has launched: so long after the last one it is up."""
        self._launches += 1
        launch = self._launches
        self._world.clock.call_after(takes_ms, lambda: self._come_up(launch))

    def fail(self, fault: str, for_ms: int | None) -> None:
        """Be red from now on, for so long or for good."""
        self._world.journal.record(FaultFired(fault, self.name, "RED"))
        self._change(faults=1)
        if for_ms is not None:
            self._world.clock.call_after(for_ms, lambda: self._change(faults=-1))

    def _come_up(self, launch: int) -> None:
        if launch == self._launches:
            self._change(is_up=True)

    def _change(self, faults: int = 0, *, is_up: bool = False) -> None:
        was = self.is_green
        self._faults, self._is_up = self._faults + faults, self._is_up or is_up
        if self.is_green == was:
            return
        self._world.journal.record(HealthChanged(self.name, "GREEN" if self.is_green else "RED"))
        if not _is_address(self.name):
            state = "OK" if self.is_green else "ALARM"
            cloudwatch = moto_services.backend("cloudwatch", *self._place)
            cloudwatch.set_alarm_state(self.name, "the service changed", "{}", state)

    def _make_alarm(self) -> None:
        cloudwatch = moto_services.client("cloudwatch", self._place[1], self._place[0])
        cloudwatch.put_metric_alarm(
            AlarmName=self.name, Namespace="Service", MetricName=self.name, Statistic="Sum", Period=60, EvaluationPeriods=1,
            Threshold=0, ComparisonOperator="GreaterThanThreshold",
        )  # fmt: skip
        cloudwatch.set_alarm_state(AlarmName=self.name, StateValue="ALARM", StateReason="nothing answers")


def make_signals(world: World, scenario: Scenario, plan: Mapping[str, Any], cast: Cast) -> Mapping[str, Signal]:
    """The alarms and addresses that a plan's waves are judged by, by their names, each in its wave's account and Region.

    One that several waves are judged by is up once one of them is.
    """
    signals: dict[str, Signal] = {}
    for wave, name in _judged(plan):
        place = str(wave.get("account", ACCOUNT_ID)), str(wave.get("region", world.region))
        signal = signals.setdefault(name, Signal(world, name, place))
        servers = cast.wave_ids(wave["name"]) if wave["name"] in cast.waves else frozenset()
        world.journal.watch(LaunchStatusChanged, _launching(world, signal, servers, scenario.health.get(name)))
    return signals


def _launching(
    world: World, signal: Signal, servers: frozenset[str], latency: Latency | None
) -> Callable[[LaunchStatusChanged], None]:
    def launched(event: LaunchStatusChanged) -> None:
        if event.status == "LAUNCHED" and event.server in servers and world.account.is_recording:
            signal.launched(_draw_ms(world, signal.name, latency))

    return launched


def _draw_ms(world: World, name: str, latency: Latency | None) -> int:
    if latency is None:
        return GREEN_MS
    if latency.median_ms == latency.p95_ms:
        return latency.median_ms
    return round(world.chance.stream("health", name).lognormal(latency.median_ms, latency.p95_ms))


def _judged(plan: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Every wave of a plan that is judged by an alarm or an address, with its name."""
    for wave in plan["waves"] if isinstance(plan.get("waves"), list) else ():
        told = wave.get("healthCheck", []) if isinstance(wave, Mapping) else []
        for check in told if isinstance(told, list) else [told]:
            if isinstance(check, Mapping) and (name := check.get("alarm") or check.get("url")):
                yield wave, str(name)


def _is_address(name: str) -> bool:
    return name.startswith(("http://", "https://"))
