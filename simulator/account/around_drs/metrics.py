"""The CloudWatch metrics of DRS, namespace AWS/DRS: a point every five minutes for each server and for the account.

Nothing is measured while nobody asks: points follow from how replication went, which is noted, and are put into moto's
CloudWatch for each request that asks for them, as far as it asks.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.account import moto_services
from simulator.account.wire import Decoded
from simulator.clock import VirtualClock
from simulator.drs.happenings import Happening
from simulator.drs.model import REPLICATION_STATES, Snapshots, SourceServer
from simulator.drs.operations.replication import describe_replication
from simulator.drs.service import DrsService
from simulator.drs.state import RegionState
from simulator.journal import LaunchStatusChanged, ReplicationChanged

NAMESPACE = "AWS/DRS"
PERIOD_SECONDS = 300
MAX_AGE = timedelta(days=3)  # how far back points are made; a request would become slow beyond

SERVER_METRICS: Mapping[str, str] = {  # with their units
    "LagDuration": "Seconds",
    "Backlog": "Bytes",
    "DurationSinceLastSuccessfulRecoveryLaunch": "Seconds",
    "ElapsedReplicationDuration": "Seconds",
}
ACCOUNT_METRICS = ("TotalSourceServerCount", "ActiveSourceServerCount", "ProtectedSourceServerCount")
_INACTIVE = ("STOPPED", "DISCONNECTED")
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A metric that a request asks for: of one server, or of the account (None), or of all that there are (`*`)."""

    metric: str | None
    server: str | None


@dataclass(slots=True)
class _History:
    """What happened to a server: (from_ms, state) of its replication, and when it was launched."""

    states: list[tuple[int, str]] = field(default_factory=list)
    launches_ms: list[int] = field(default_factory=list)


class DrsMetrics:
    """Watches DRS, and answers for it in CloudWatch."""

    def __init__(self, clock: VirtualClock, drs: DrsService) -> None:
        self._clock, self._drs = clock, drs
        self._histories: dict[str, _History] = {}
        drs.subscribe(self._observe)

    def catch_up(self, request: Decoded) -> None:
        """Put the points into CloudWatch that a request asks for, before it answers."""
        read = _READERS.get(request.operation)
        asked = read(request.parameters) if read else ()
        if not asked:
            return
        state = self._drs.region(request.account_id, request.region).state
        cloudwatch = moto_services.backend("cloudwatch", request.account_id, request.region)
        cloudwatch.metric_data = [datum for datum in cloudwatch.metric_data if datum.namespace != NAMESPACE]
        moments = self._moments(request.parameters)
        for metric, server in sorted({one for some in asked for one in _expand(some, state)}, key=str):
            cloudwatch.put_metric_data(NAMESPACE, list(self._points(state, metric, server, moments)))

    def _observe(self, happening: Happening) -> None:
        match happening.event:
            case ReplicationChanged(server, state):
                self._history(server).states.append((self._clock.now_ms, state))
            case LaunchStatusChanged(_, server, "LAUNCHED"):
                self._history(server).launches_ms.append(self._clock.now_ms)

    def _history(self, server: str) -> _History:
        return self._histories.setdefault(server, _History())

    def _moments(self, asked: Mapping[str, Any]) -> Sequence[datetime]:
        """The instants of the points from a request's start to its end; without them (ListMetrics) the last."""
        now = self._clock.now()
        last = _floor(now)
        if "StartTime" not in asked:
            return [last]
        end = min(last, _utc(asked["EndTime"]))
        moment = max(_floor(_utc(asked["StartTime"]) + timedelta(seconds=PERIOD_SECONDS - 1)), now - MAX_AGE)
        count = int((end - moment).total_seconds() // PERIOD_SECONDS) + 1
        return [_floor(moment) + timedelta(seconds=PERIOD_SECONDS * place) for place in range(count)]

    def _points(
        self, state: RegionState, metric: str, server_id: str | None, moments: Sequence[datetime]
    ) -> Iterator[dict[str, Any]]:
        for moment in moments:
            at_ms = round((moment - self._clock.start).total_seconds() * 1000)
            server = None if server_id is None else state.servers[server_id]
            value = self._value(state, metric, server, at_ms) if server else self._count(state, metric, at_ms)
            if value is not None:
                yield {
                    "MetricName": metric,
                    "Dimensions": [{"Name": "SourceServerID", "Value": server_id}] if server_id else [],
                    "Timestamp": moment.replace(tzinfo=None),  # moto's instants are naive
                    "Value": value,
                    "Unit": SERVER_METRICS.get(metric, "Count"),
                }

    def _count(self, state: RegionState, metric: str, at_ms: int) -> float:
        states = [self._state_at(server, at_ms)[1] for server in state.servers.values() if server.added_ms <= at_ms]
        match metric:
            case "TotalSourceServerCount":
                return len(states)
            case "ActiveSourceServerCount":
                return sum(one not in _INACTIVE for one in states)
            case _:
                recoverable = (Snapshots.FRESH, Snapshots.KEPT)
                return sum(one not in _INACTIVE and REPLICATION_STATES[one] in recoverable for one in states)

    def _value(self, state: RegionState, metric: str, server: SourceServer, at_ms: int) -> float | None:
        if at_ms < server.added_ms:
            return None
        match metric:
            case "ElapsedReplicationDuration":
                return (at_ms - server.added_ms) / 1000
            case "DurationSinceLastSuccessfulRecoveryLaunch":
                launches = self._histories.get(server.id, _History()).launches_ms
                place = bisect_right(launches, at_ms)
                return (at_ms - launches[place - 1]) / 1000 if place else None
            case _:
                return self._backlog(state, server, at_ms, is_lag=metric == "LagDuration")

    def _backlog(self, state: RegionState, server: SourceServer, at_ms: int, *, is_lag: bool) -> float | None:
        """Lag (seconds) or backlog (bytes).

        In the present state it grows to what DRS itself shows; an earlier state lagged all the time, or not at all.
        """
        since_ms, was, is_present = self._state_at(server, at_ms)
        if was in _INACTIVE:
            return None
        if not is_present:
            behind = (at_ms - since_ms) / 1000 if REPLICATION_STATES[was] is Snapshots.KEPT else 0.0
            return behind if is_lag else 0.0
        shown = describe_replication(state, server)
        backlog = sum(disk["backloggedStorageBytes"] for disk in shown["replicatedDisks"])
        most = _seconds(shown.get("lagDuration")) if is_lag else float(backlog)
        passed_ms = max(1, self._clock.now_ms - since_ms)
        return None if most is None else most * min(1.0, max(0, at_ms - since_ms) / passed_ms)

    def _state_at(self, server: SourceServer, at_ms: int) -> tuple[int, str, bool]:
        """(since, state, whether it still is) of a server's replication at an instant; what was at first is not known."""
        states = self._histories.get(server.id, _History()).states
        place = bisect_right(states, at_ms, key=lambda one: one[0])
        if not states:
            return server.replication.since_ms, server.replication.state, True
        if place == 0:
            return server.added_ms, "CONTINUOUS", False
        since_ms = next(at for at, name in states[:place][::-1] if name == states[place - 1][1])
        return since_ms, states[place - 1][1], place == len(states)


def _expand(asked: _Asked, state: RegionState) -> Iterator[tuple[str, str | None]]:
    """The metrics that there are among those that a request asks for."""
    if asked.server is None or asked.server == "*":
        yield from ((metric, None) for metric in ACCOUNT_METRICS if asked.metric in (None, metric))
    for server in state.servers if asked.server == "*" else [asked.server]:
        if server in state.servers:
            yield from ((metric, server) for metric in SERVER_METRICS if asked.metric in (None, metric))


def _of_queries(asked: Mapping[str, Any]) -> list[_Asked]:
    """What GetMetricData asks for; an expression that searches or selects may mean any metric."""
    found = []
    for query in asked.get("MetricDataQueries", ()):
        metric = query.get("MetricStat", {}).get("Metric", {})
        if metric.get("Namespace") == NAMESPACE:
            found.append(_Asked(metric.get("MetricName"), _server(metric.get("Dimensions"))))
        elif NAMESPACE in str(query.get("Expression", "")):
            found.append(_Asked(None, "*"))
    return found


def _of_statistics(asked: Mapping[str, Any]) -> list[_Asked]:
    if asked.get("Namespace") != NAMESPACE:
        return []
    return [_Asked(asked.get("MetricName"), _server(asked.get("Dimensions")))]


def _of_list(asked: Mapping[str, Any]) -> list[_Asked]:
    if asked.get("Namespace") not in (None, NAMESPACE):
        return []
    return [_Asked(asked.get("MetricName"), _server(asked.get("Dimensions")) or "*")]


_READERS = {"GetMetricData": _of_queries, "GetMetricStatistics": _of_statistics, "ListMetrics": _of_list}


def _server(dimensions: Any) -> str | None:
    return next((one.get("Value") for one in dimensions or () if one.get("Name") == "SourceServerID"), None)


def _seconds(duration: str | None) -> float | None:
    found = _DURATION.fullmatch(duration or "")
    if found is None:
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _floor(moment: datetime) -> datetime:
    epoch = int(moment.timestamp()) // PERIOD_SECONDS * PERIOD_SECONDS
    return datetime.fromtimestamp(epoch, UTC)


def _utc(moment: Any) -> datetime:
    found: datetime = moment
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
